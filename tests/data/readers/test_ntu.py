"""Tests of the NTU RGB+D reader: on files written here to its format, and on the real ones where they are."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.data.readers import ntu, ntu_file, ntu_names
from gca_scratch.data.readers.recording import read_all
from gca_scratch.support.errors import InputError

NAME = "S003C002P007R002A051.skeleton"
FIRST, SECOND, THIRD = 72057594037931101, 72057594037931102, 72057594037931103  # alike as floating-point numbers


def body(seed=0, frames=20, motion=0.05, at=(0.0, 0.0, 3.0)):
    """Poses (frames, 25, 3) of somebody upright who sways by about `motion` metres."""
    rng = np.random.default_rng(seed)
    pose = rng.uniform((-0.2, -0.8, -0.1), (0.2, 0.8, 0.1), (25, 3)) + at
    return (pose + motion * rng.standard_normal((frames, 25, 3))).round(6)


def text_of(frames, end="\n"):
    """A file: each frame a dict of bodyID and pose (25, 3)."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for name, pose in bodies.items():
            lines += [f"{name} 0 1 1 1 1 0 0.02764709 -9.1E-05 2", "25"]
            lines += [
                f"{x:.7g} {y:.7g} {z:.7g} 277.419 191.8218 1036.233 519.1677 0 -0.05 1e-3 0 2" for x, y, z in pose
            ]
    return (end.join(lines) + end).encode()


def frames_of(*bodies, length=20):
    """Frames of bodies, each a tuple of bodyID, first frame and poses."""
    return [
        {name: poses[frame - first] for name, first, poses in bodies if first <= frame < first + len(poses)}
        for frame in range(length)
    ]


@pytest.fixture
def path(tmp_path):
    return tmp_path / NAME


def read(path, *bodies, length=20):
    path.write_bytes(text_of(frames_of(*bodies, length=length)))
    return ntu.read_item(str(path)).joints


def refused(path, *words):
    with pytest.raises(InputError) as caught:
        ntu.read_item(str(path))
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    assert all(word in message for word in words), message


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_reads_the_format(path, end):
    poses = body()
    path.write_bytes(text_of(frames_of((FIRST, 0, poses)), end))
    found = ntu.read_item(str(path))
    assert found.joints.shape == (20, 2, 25, 3) and found.joints.dtype == np.float32
    assert np.array_equal(found.joints[:, 0], poses.astype(np.float32)) and not found.joints[:, 1].any()
    assert found[1:] == (50, 7, NAME.removesuffix(".skeleton"), 2, 3, 2, None)
    assert ntu.CLASS_NAMES[found.label] == "kicking other person"


def test_blanks_and_blank_lines_at_the_end_do_not_matter(path):
    poses = body()
    text = text_of(frames_of((FIRST, 0, poses)))
    path.write_bytes(text.replace(b" ", b" \t ").replace(b"\n", b" \n") + b"\n \r\n")
    assert np.array_equal(ntu.read_item(path).joints[:, 0], poses.astype(np.float32))


def test_columns_that_are_not_used_may_be_infinite(path):
    text = text_of(frames_of((FIRST, 0, body())))
    path.write_bytes(text.replace(b"277.419 191.8218", b"NaN -Infinity").replace(b"0.02764709", b".5"))
    assert np.array_equal(ntu.read_item(path).joints[:, 0], body().astype(np.float32))


def test_the_body_that_moves_most_is_first_whatever_its_number(path):
    still, lively = body(1, motion=0.01), body(2, motion=0.1, at=(1, 0, 3))
    for numbers in ((FIRST, SECOND), (SECOND, FIRST)):
        joints = read(path, (numbers[0], 0, still), (numbers[1], 0, lively))
        assert np.array_equal(joints, np.stack([lively, still], axis=1).astype(np.float32))


def test_of_three_bodies_the_one_that_moves_least_is_left_out(path):
    bodies = [body(seed, motion=motion) for seed, motion in enumerate((0.03, 0.01, 0.02))]
    joints = read(path, *zip((FIRST, SECOND, THIRD), (0, 0, 0), bodies, strict=True))
    assert np.array_equal(joints, np.stack([bodies[0], bodies[2]], axis=1).astype(np.float32))


def test_a_body_that_vanishes_and_comes_back_is_zeros_meanwhile(path):
    lively, still = body(1, motion=0.1, frames=30), body(2, frames=30)
    frames = frames_of((FIRST, 0, lively), (SECOND, 0, still), length=30)
    for frame in (3, 4, 15):
        del frames[frame][FIRST]
    path.write_bytes(text_of(frames))
    joints = ntu.read_item(path).joints
    gone = np.isin(np.arange(30), (3, 4, 15))
    assert np.array_equal(joints[:, 0], np.where(gone[:, None, None], 0, lively).astype(np.float32))
    assert np.array_equal(joints[:, 1], still.astype(np.float32))


def test_frames_without_anybody_are_left_out(path):
    poses = body(frames=20)
    frames = [
        {},
        {},
        *frames_of((FIRST, 0, poses[:10]), length=10),
        {},
        *frames_of((FIRST, 0, poses[10:]), length=10),
        {},
    ]
    path.write_bytes(text_of(frames))
    assert np.array_equal(ntu.read_item(path).joints[:, 0], poses.astype(np.float32))
    joints = read(path, (FIRST, 2, poses), (SECOND, 0, body(frames=1)), length=22)  # noise counts for nothing
    assert np.array_equal(joints[:, 0], poses.astype(np.float32))


def test_a_body_that_comes_back_under_another_number_goes_on_as_the_same_person(path):
    before, after, other = body(1, 12, 0.1), body(2, 14, 0.05), body(3, 30, 0.01)
    joints = read(path, (FIRST, 0, before), (SECOND, 0, other), (THIRD, 16, after), length=30)
    assert np.array_equal(joints[:12, 0], before.astype(np.float32)) and not joints[12:16, 0].any()
    assert np.array_equal(joints[16:, 0], after.astype(np.float32))
    assert np.array_equal(joints[:, 1], other.astype(np.float32))


def test_short_and_wide_bodies_are_noise(path):
    person = body(1)
    wide = body(2, motion=0.2)[..., [1, 0, 2]]
    short = body(3, frames=11, motion=0.5)
    for noise in ((SECOND, 0, wide), (SECOND, 4, short)):
        joints = read(path, (FIRST, 0, person), noise)
        assert np.array_equal(joints[:, 0], person.astype(np.float32)) and not joints[:, 1].any()


def test_noise_stays_where_there_is_nothing_else(path):
    wide = body(2, frames=5, motion=0.2)[..., [1, 0, 2]]
    assert np.array_equal(read(path, (FIRST, 0, wide), length=5)[:, 0], wide.astype(np.float32))
    longer = body(4, frames=9)
    joints = read(path, (FIRST, 0, wide), (SECOND, 0, longer), length=9)
    assert np.array_equal(joints[:, 0], longer.astype(np.float32)) and not joints[:, 1].any()


def edited(text, line, edit):
    """The text with one line (from 1) changed."""
    lines = text.decode().split("\n")
    lines[line - 1] = edit(lines[line - 1])
    return "\n".join(lines).encode("latin-1")


# In a file of two frames with two bodies each: bodies begin on lines 3, 30, 58 and 85, frames on lines 2 and 57.
@pytest.mark.parametrize(
    "line, edit, words",
    [
        (1, lambda text: "3", ["line 112", "the number of bodies in frame 3 of 3", "cut off"]),
        (1, lambda text: "999999999", ["line 112", "cut off"]),
        (1, lambda text: "9" * 5000, ["line 1:", "the number of frames"]),
        (1, lambda text: "1", ["line 57", "goes on after the last of its 1 frames"]),
        (1, lambda text: "0", ["line 2", "goes on"]),
        (1, lambda text: "-2", ["line 1", "'-2'"]),
        (1, lambda text: "2 2", ["line 1", "'2 2'"]),
        (1, lambda text: "", ["line 1", "the number of frames"]),
        (2, lambda text: "1", ["line 30", "bodies in frame 2 of 2"]),
        (2, lambda text: "3", ["line 57", "1 columns where 10 belong"]),
        (57, lambda text: "900000000", ["line 111", "cut off here, in frame 2 of 2"]),
        (4, lambda text: "24", ["line 4", "'24' joints where a body has 25"]),
        (4, lambda text: "25 25", ["line 4", "2 columns where 1 belong"]),
        (3, lambda text: text + " 2", ["line 3", "11 columns where 10 belong"]),
        (58, lambda text: text.replace(str(FIRST), str(SECOND)), ["line 85", str(SECOND), "twice in one frame"]),
        (10, lambda text: text.rsplit(" ", 1)[0], ["line 10", "11 columns where 12 belong"]),
        (10, lambda text: "", ["line 10", "0 columns"]),
        (
            5,
            lambda text: "nan" + text[text.index(" ") :],
            ["line 5", "column 1", "x of the joint 'spine base'", "'nan'"],
        ),
        (6, lambda text: "1e999" + text[text.index(" ") :], ["line 6", "spine mid", "'1e999'"]),
        (111, lambda text: "7182818.0" + text[text.index(" ") :], ["line 111", "'right thumb'", "metres"]),
        (7, lambda text: text.replace("277.419", "277,419"), ["line 7", "column 4", "'277,419' is not a number"]),
        (7, lambda text: text.replace("277.419", "277.4.19"), ["line 7", "'277.4.19'"]),
        (7, lambda text: text.replace("277.419", "-"), ["line 7", "'-'"]),
        (7, lambda text: text.replace("277.419", "2-77"), ["line 7", "'2-77'"]),
        (7, lambda text: text.replace("277.419", "27_7"), ["line 7", "'27_7'"]),
        (7, lambda text: text.replace("277.419", "1e5.5"), ["line 7", "'1e5.5'"]),
        (7, lambda text: text.replace("277.419", "1e5e5"), ["line 7", "'1e5e5'"]),
        (7, lambda text: text.replace("277.419", "2e"), ["line 7", "'2e'"]),
        (7, lambda text: text.replace("277.419", "."), ["line 7", "'.'"]),
        (7, lambda text: text.replace("277.419", "\xff\0"), ["line 7", "column 4"]),
        (3, lambda text: text.replace(str(FIRST), "somebody"), ["line 3", "'somebody'"]),
    ],
)
def test_damage_is_named_with_its_line(path, line, edit, words):
    text = text_of(frames_of((FIRST, 0, body(1, 2)), (SECOND, 0, body(2, 2)), length=2))
    assert text.count(b"\n") == 111
    path.write_bytes(edited(text, line, edit))
    refused(path, *words)


@pytest.mark.parametrize(
    "text, words",
    [
        (b"", ["line 1", "empty"]),
        (b"\n\n", ["line 1", "empty"]),
        (b"0\n", ["no body"]),
        (b"3\n0\n0\n0\n", ["no body in any frame"]),
        (bytes(300), ["line 1", "not a number"]),
        (b"\x89PNG\r\n\x1a\n", ["line 1", "not a number"]),
    ],
)
def test_files_without_bodies(path, text, words):
    path.write_bytes(text)
    refused(path, *words)


def test_a_body_of_zeros_is_nobody(path):
    path.write_bytes(text_of(frames_of((FIRST, 0, np.zeros((3, 25, 3))), length=3)))
    refused(path, "no body")


def test_a_file_that_is_not_there(path):
    refused(path, "cannot be read (No such file")


@pytest.mark.parametrize(
    "name",
    [
        "S003C002P007R002A121",
        "S033C001P001R001A001",
        "S018C001P107R001A061",
        "S001C004P001R001A001",
        "S001C001P000R001A001",
        "walk",
    ],
)
def test_names_of_other_data_are_refused(tmp_path, name):
    path = tmp_path / f"{name}.skeleton"
    path.write_bytes(text_of(frames_of((FIRST, 0, body()))))
    refused(path, "not called like a sample of NTU RGB+D")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file and its text, of three frames, the last of them with two bodies."""
    path = tmp_path_factory.mktemp("ntu") / NAME
    text = text_of(frames_of((FIRST, 0, body(1, 3)), (SECOND, 2, body(2, 1)), length=3), "\r\n")
    path.write_bytes(text)
    return path, text, ntu.read_item(path)


@given(data=st.data())
@settings(max_examples=300)
def test_a_file_cut_at_any_byte_is_refused_unless_only_blanks_are_lost(whole, data):
    path, text, recording = whole
    length = data.draw(st.integers(0, len(text) - 1))
    path.write_bytes(text[:length])
    if text[length:].strip():
        refused(path)
    else:
        assert np.array_equal(ntu.read_item(path).joints, recording.joints)


@given(places=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=3))
@settings(max_examples=150)
def test_changed_bytes_are_refused_or_harmless(whole, places):
    path, text, _ = whole
    changed = bytearray(text)
    for place, value in places:
        changed[place % len(text)] = value
    path.write_bytes(changed)
    try:
        joints = ntu.read_item(path).joints
    except InputError:
        return
    assert joints.shape[1:] == (2, 25, 3) and 1 <= len(joints) <= 3 and np.isfinite(joints).all()


@given(st.lists(st.sampled_from([b"1", b"25", b".", b"-", b"+", b"e", b"E", b"n", b" ", b"\n"]), max_size=8))
@settings(max_examples=300)
def test_what_looks_plain_consists_of_numbers(parts):
    text = b"".join(parts)
    if ntu_file.is_plain(text):
        assert all(re.fullmatch(rb"[-+]?\d+\.?\d*([eE][-+]?\d+)?", token) for token in text.split())


def test_items_are_found_below_the_folder_without_the_missing_ones(tmp_path):
    missing = sorted(ntu.MISSING)[0]
    names = ["b/S002C001P001R001A001", "a/S010C001P001R001A001", f"a/{missing}", "c/d/S001C001P001R001A002"]
    for name in names:
        path = tmp_path / f"{name}.skeleton"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text_of(frames_of((FIRST, 0, body()))))
    (tmp_path / "a/readme.txt").write_text("more")
    assert ntu.items(tmp_path) == [str(tmp_path / f"{names[n]}.skeleton") for n in (3, 0, 1)]
    data = read_all(ntu, tmp_path)
    assert data.name.tolist() == ["S001C001P001R001A002", "S002C001P001R001A001", "S010C001P001R001A001"]
    assert data.setup.tolist() == [1, 2, 10] and data.label.tolist() == [1, 0, 0]
    (tmp_path / "b/S010C001P001R001A001.skeleton").touch()
    with pytest.raises(InputError, match=r"a/S010C001P001R001A001.skeleton and .*b/S010.* are the same sample"):
        ntu.items(tmp_path)


def test_folders_without_samples(tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        ntu.items(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no file of NTU RGB"):
        ntu.items(tmp_path)


def test_there_are_60_and_120_classes_302_and_535_missing_samples():
    assert len(set(ntu.CLASS_NAMES)) == 60 and len(ntu.MISSING) == 302
    assert len(set(ntu_names.NTU_120)) == 120 and ntu_names.NTU_120[:60] == ntu.CLASS_NAMES
    assert len(ntu.MISSING_120) == 535 and ntu.MISSING < ntu.MISSING_120
    assert all(re.fullmatch(r"S\d{3}C00[123]P\d{3}R00[12]A\d{3}", name) for name in ntu.MISSING_120)
    assert all("S018" <= name[:4] <= "S032" and name[16:] > "A060" for name in ntu.MISSING_120 - ntu.MISSING)


def put(folder, *names):
    for name in names:
        path = folder / f"{name}.skeleton"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text_of(frames_of((FIRST, 0, body()))))


def test_a_folder_with_an_action_of_ntu_120_has_its_classes(tmp_path):
    put(tmp_path, "S001C001P001R001A060")
    found = ntu.open_collection(tmp_path)
    assert len(found.class_names) == 60 and ntu.protocol(found) == ntu.PROTOCOL == "cross-subject"
    missing = sorted(ntu.MISSING_120 - ntu.MISSING)[0]
    put(tmp_path, "120/S018C003P106R002A120", "S032C001P041R001A061", f"120/{missing}")
    found = ntu.open_collection(tmp_path)
    assert found.class_names == ntu_names.NTU_120 and ntu.protocol(found) == "cross-subject-120"
    assert len(found.items) == 3 and found.layout is ntu.LAYOUT
    data = read_all(ntu, tmp_path)
    assert data.label.tolist() == [59, 119, 60] and data.setup.tolist() == [1, 18, 32]
    assert data.class_names[119].startswith("finger-guessing game")
    assert data.meaning.up.value == "+y" and data.meaning.unit.value == "m" and data.meaning.rate.value == "30"


def test_files_that_systems_put_beside_the_data_are_passed_over(tmp_path):
    put(tmp_path, "S001C001P001R001A001", "._S001C001P001R001A001", "__MACOSX/S001C001P001R001A001", ".x/S001C001P001R")
    for folder in ("@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found", ".Trash-1000"):
        put(tmp_path, f"{folder}/S001C001P001R001A001", f"{folder}/below/S001C001P001R001A002")
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    assert ntu.items(tmp_path) == [str(tmp_path / "S001C001P001R001A001.skeleton")]
    assert ntu.recognises(tmp_path) and not ntu.recognises(tmp_path / "__MACOSX/nothing")


def test_one_file_may_have_a_name_of_its_own(tmp_path):
    put(tmp_path, "S001C001P001R001A007", "me waving")
    found = ntu.open_collection(tmp_path / "S001C001P001R001A007.skeleton")
    assert [ntu.read_item(item).label for item in found.items] == [6]
    own = tmp_path / "me waving.skeleton"
    assert ntu.recognises(own) and not ntu.recognises(tmp_path / "you.skeleton")
    (item,) = ntu.open_collection(own).items
    recording = ntu.read_item(item)
    assert recording.label is None and recording.name == "me waving" and recording.joints.shape == (20, 2, 25, 3)
    with pytest.raises(InputError, match="nothing tells which action 'me waving' shows"):
        read_all(ntu, own)
    with pytest.raises(InputError, match="there is no folder or file"):
        ntu.open_collection(tmp_path / "you.skeleton")


def test_the_ending_of_a_name_is_in_any_case(tmp_path):
    put(tmp_path, "S001C001P001R001A007")
    (tmp_path / "S001C001P001R001A007.skeleton").rename(tmp_path / "S001C001P001R001A007.SKELETON")
    assert ntu.recognises(tmp_path) and [r.label for r in map(ntu.read_item, ntu.items(tmp_path))] == [6]


def test_a_byte_order_mark_is_no_part_of_the_text(path):
    text = text_of(frames_of((FIRST, 0, body())))
    path.write_bytes(b"\xef\xbb\xbf" + text)
    assert np.array_equal(ntu.read_item(path).joints[:, 0], body().astype(np.float32))
    path.write_bytes(text.decode().encode("utf-16"))
    refused(path, "UTF-16", "save it as UTF-8")


def test_somebody_whose_number_changes_again_and_again_stays_the_same_person(path):
    """However short each part is, and whoever else is there, unless another place or a long time lie between."""
    person, other = body(1, 60, 0.02), body(2, 60, 0.01, at=(1, 0, 3))
    parts = [(FIRST + n, 10 * n, person[10 * n : 10 * n + 10]) for n in range(6)]
    assert np.array_equal(read(path, *parts, length=60)[:, 0], person.astype(np.float32))
    joints = read(path, (7, 0, other), *parts, length=60)
    assert np.array_equal(joints, np.stack([person, other], axis=1).astype(np.float32))
    parts = [(FIRST + n, 3 * n, person[3 * n : 3 * n + 2]) for n in range(20)]  # a frame is lost each time
    assert np.array_equal(read(path, *parts, length=60)[:, 0], person[np.arange(60) % 3 < 2].astype(np.float32))
    both = [(n, 20 * n, poses[20 * n : 20 * n + 20]) for n in range(3) for poses in (person,)]
    both += [(9 + n, 15 * n, other[15 * n : 15 * n + 15]) for n in range(4)]
    assert np.array_equal(read(path, *both, length=60), np.stack([person, other], axis=1).astype(np.float32))


def test_what_comes_elsewhere_or_later_is_somebody_else(path):
    """Here noise: a flash of a body, another place, another posture, more than a second later."""
    person, away = body(1, 20, 0.02), body(1, 8, 0.02, at=(0.4, 0, 3))
    for frame, poses in ((22, person[:1]), (20, away), (29, person[:8]), (20, body(5, 8, 0.02))):
        path.write_bytes(text_of(frames_of((FIRST, 0, person), (SECOND, frame, poses), length=40)))
        found, said = ntu.read_and_report(path)
        assert np.array_equal(found.joints[:, 0], person.astype(np.float32))
        assert said == f"left out of the bodies: {SECOND} ({len(poses)} frames, too short)"


def test_who_was_left_out_is_said(path):
    bodies = [body(seed, motion=motion) for seed, motion in enumerate((0.03, 0.01, 0.02))]
    frames = frames_of(*zip((FIRST, SECOND, THIRD), (0, 0, 0), bodies, strict=True), (4, 0, body(9)[..., [1, 0, 2]]))
    path.write_bytes(text_of(frames))
    said = ntu.read_and_report(path)[1]
    assert f"4 (20 frames, too wide), {SECOND} (20 frames, moves less than two others)" in said
    path.write_bytes(text_of(frames_of((FIRST, 0, bodies[0]))))
    assert ntu.read_and_report(path)[1] == ""


@pytest.fixture
def real(real_data):
    if not (real_data / "ntu").is_dir():
        pytest.skip("NTU RGB+D: set GCA_SCRATCH_DATA to the folder that holds ntu/")
    return real_data / "ntu"


def test_the_missing_samples_are_those_of_the_data_set(real):
    listed = (real / "missing_skeletons.txt").read_text().split("\n")
    assert {line for line in listed if line.startswith("S0")} == ntu.MISSING


def test_real_files_give_the_numbers_that_stand_in_them(real):
    lengths = dict(np.load(real / "ntu_lengths.npz"))
    for item in ntu.items(real):
        found = ntu.read_item(item)
        which = np.all(
            [lengths[key] == getattr(found, key) for key in ("setup", "view", "subject", "repetition", "label")], 0
        )
        assert which.sum() == 1 and len(found.joints) == lengths["length"][which][0]
        with open(item) as file:
            joints = [[float(text) for text in line.split()[:3]] for line in file if len(line.split()) == 12]
        bodies = np.array(joints, np.float32).reshape(len(found.joints), -1, 25, 3)
        assert sorted(found.joints[:, : bodies.shape[1]].ravel()) == sorted(bodies.ravel())


def test_real_bodies_are_bodies(real):
    """Heads above hips above feet; the one who punches or slaps moves more than the other."""
    for item in ntu.items(real):
        joints = ntu.read_item(item).joints
        median = np.median(joints[:, 0], axis=0)
        assert median[3, 1] > median[0, 1] > median[15, 1] and 1.5 < median[0, 2] < 5
        moved = joints.astype(float).var(axis=0).sum(axis=(1, 2))
        assert moved[0] > moved[1] and joints[:, 1].any() == item.endswith("A050.skeleton")
