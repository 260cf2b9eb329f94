"""Tests of the reader of CTR-GCN's .npz files, written here to its format."""

import numpy as np
import pytest

from gca_scratch.data.readers import convert, ctrgcn, ctrgcn_names
from gca_scratch.data.readers.ntu_names import NTU_60, NTU_120
from gca_scratch.data.readers.ntu_sample import sample_of
from gca_scratch.data.readers.recording import NOTHING_SAID, Options, read_all
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2
from gca_scratch.support import stored as stored_arrays
from gca_scratch.support.errors import InputError
from tests.helpers import packings

RNG = np.random.default_rng(0)
FRAMES = 12


def rows(count, width=150, lengths=None, seed=0):
    """Rows of so many numbers, each with another number of frames, its second person absent in every other row."""
    rng = np.random.default_rng(seed)
    found = np.zeros((count, FRAMES, width), np.float32)
    for n in range(count):
        length = lengths[n] if lengths else 3 + n % 8
        found[n, :length] = rng.uniform(-1, 1, (length, width))
        found[n, 0, 3:6] = 0  # the origin
        if n % 2 and width == 150:
            found[n, :, 75:] = 0
    return found


def put(folder, save=np.savez, **arrays):
    path = folder / "NTU60_CS.npz"
    save(path, **arrays)
    return path


def usual(folder, labels=(0, 59, 3, 4), tested=(1, 2), classes=60, **more):
    return put(
        folder,
        x_train=rows(len(labels)),
        y_train=packings.one_hot(list(labels), classes),
        x_test=rows(len(tested), seed=1),
        y_test=packings.one_hot(list(tested), classes),
        **more,
    )


def refused(path, *words, options=NOTHING_SAID):
    with pytest.raises(InputError) as caught:
        ctrgcn.open_collection(path, options)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and all(word in message for word in words), message


def test_reads_the_format(tmp_path):
    path = usual(tmp_path)
    found = ctrgcn.open_collection(path)
    assert ctrgcn.recognises(path) and ctrgcn.recognises(tmp_path)
    assert found.class_names == NTU_60 and found.layout is KINECT_V2
    assert found.meaning.up.value == "+y" and found.meaning.unit.value == "m" and not found.meaning.zeros_absent
    assert "the rows have no names" in found.notes[0]
    data = read_all(ctrgcn, path)
    assert data.name.tolist() == ["train 0", "train 1", "train 2", "train 3", "test 0", "test 1"]
    assert data.label.tolist() == [0, 59, 3, 4, 1, 2] and data.test.tolist() == 4 * [False] + 2 * [True]
    assert data.subject.tolist() == 6 * [0] and data.view is None
    assert data.lengths.tolist() == [3, 4, 5, 6, 3, 4]
    wanted = rows(4)[2, :5].reshape(5, 2, 25, 3)
    assert np.array_equal(data.sequence(2), wanted) and not data.sequence(1)[:, 1].any()
    assert not data.sequence(0)[0, 0, 1].any()


def test_a_person_who_leaves_is_zeros_and_the_end_is_that_of_both(tmp_path):
    x = rows(1, lengths=[9])
    x[0, 4:, :75] = 0
    x[0, 2, :] = 0
    joints = read_all(ctrgcn, put(tmp_path, x_train=x, y_train=[0])).joints
    assert len(joints) == 9 and not joints[4:, 0].any() and joints[4:, 1].any() and not joints[2].any()


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8", ">f4"])
def test_numbers_of_other_types_and_orders(tmp_path, order, kind):
    x = np.asarray(rows(3), dtype=kind, order=order)
    path = put(tmp_path, x_train=x, y_train=np.arange(3))
    read = [ctrgcn.read_item(item) for item in ctrgcn.open_collection(path).items]
    assert all(np.array_equal(one.joints.reshape(len(one.joints), 150), x[n, : 3 + n]) for n, one in enumerate(read))
    assert [one.test for one in read] == [None] * 3  # one part alone is no split
    assert all(one.joints.dtype == np.float32 and one.joints.flags.writeable for one in read)


@pytest.mark.parametrize(
    "y",
    [
        np.eye(60)[[5, 7]],
        np.eye(60, dtype=np.float32)[[5, 7]],
        np.eye(60, dtype=np.uint8)[[5, 7]],
        np.eye(60, dtype=bool)[[5, 7]],
        np.array([5, 7]),
        np.array([5.0, 7.0], np.float32),
        np.array([[5], [7]], np.uint8),
    ],
    ids=lambda y: f"{y.dtype} {y.shape}",
)
def test_labels_of_any_kind(tmp_path, y):
    found = ctrgcn.open_collection(put(tmp_path, x_train=rows(2), y_train=y))
    assert [item.label for item in found.items] == [5, 7]
    assert found.class_names == (NTU_60 if y.ndim == 2 and y.shape[1] > 1 else tuple(map(str, range(8))))


def test_other_shapes(tmp_path):
    for width, persons, layout in ((150, 2, KINECT_V2), (75, 1, KINECT_V2), (120, 2, KINECT_V1), (60, 1, KINECT_V1)):
        path = put(tmp_path, x_train=rows(2, width), y_train=[0, 1])
        found = ctrgcn.open_collection(path)
        assert found.layout is layout and read_all(ctrgcn, path).joints.shape[1:] == (persons, width // persons // 3, 3)
        assert found.meaning.up.value == ("+y" if layout is KINECT_V2 else "") and not found.meaning.zeros_absent
    data = read_all(ctrgcn, put(tmp_path, x_train=rows(2)[:, :5], y_train=[0, 1], x_test=rows(1), y_test=[1]))
    assert data.lengths.tolist() == [3, 4, 3]


def test_what_a_user_says(tmp_path):
    data = read_all(ctrgcn, usual(tmp_path), Options(unit="cm", up="z"))
    assert np.allclose(100 * data.sequence(2), rows(4)[2, :5].reshape(5, 2, 25, 3))
    assert data.meaning.up.value == "+z" and data.meaning.unit.value == "m"


def test_a_copy_of_the_first_person_is_nobody(tmp_path):
    x = rows(3)
    x[1, :, 75:] = x[1, :, :75]
    x[2, :, 75:] = x[2, :, :75]
    x[2, 1, 149] += 0.5
    path = put(tmp_path, x_train=x, y_train=np.eye(120)[[0, 1, 2]])
    data = read_all(ctrgcn, path)
    assert data.class_names == NTU_120
    assert data.sequence(0)[:, 1].any() and not data.sequence(1)[:, 1].any() and data.sequence(2)[:, 1].any()


def test_labels_that_are_missing(tmp_path):
    path = put(tmp_path, x_test=rows(2))
    refused(path, "x_test without y_test")
    found = ctrgcn.open_collection(path, Options(labelled=False))
    assert [item.label for item in found.items] == [None, None] and found.class_names == ()


@pytest.mark.parametrize(
    "arrays, words",
    [
        ({"y_train": np.arange(2)}, ["holds neither x_train nor x_test"]),
        ({"x_train": rows(0)}, ["no sequences"]),
        ({"x_train": rows(2, 51), "y_train": [0, 1]}, ["x_train is (2, 12, 51)", "150 or 75"]),
        ({"x_train": rows(2), "y_train": [0, 1], "x_test": rows(2, 75), "y_test": [0, 1]}, ["x_test is (2, 12, 75)"]),
        ({"x_train": rows(2)[0], "y_train": [0, 1]}, ["x_train is (12, 150)"]),
        ({"x_train": rows(2).astype(int), "y_train": [0, 1]}, ["of int64"]),
        ({"x_train": rows(2), "y_train": [0, 1, 2]}, ["y_train", "2 rows"]),
        ({"x_train": rows(2), "y_train": np.zeros((2, 60))}, ["y_train: row 0", "not a single one"]),
        ({"x_train": rows(2), "y_train": np.ones((2, 60))}, ["y_train: row 0"]),
        ({"x_train": rows(2), "y_train": [0, -1]}, ["y_train: row 1 (from 0) is -1"]),
        ({"x_train": rows(2), "y_train": [0, 0.5]}, ["is 0.5"]),
        ({"x_train": rows(2), "y_train": [0, np.nan]}, ["is nan"]),
        ({"x_train": rows(2), "y_train": ["a", "b"]}, ["of <U1"]),
        ({"x_train": rows(2), "y_train": [0, 700]}, ["label 700"]),
        ({"x_train": np.array([None]), "y_train": [0]}, ["Python objects"]),
    ],
)
def test_what_is_refused(tmp_path, arrays, words):
    refused(put(tmp_path, **arrays), *words)


def test_rows_that_are_damaged(tmp_path):
    x = rows(3)
    x[0] = 0
    x[1, 2, 5] = np.inf
    items = ctrgcn.open_collection(put(tmp_path, x_train=x, y_train=[0, 1, 2])).items
    for item, words in ((items[0], r"row 0 \(from 0\) of x_train is all zeros"), (items[1], "number 5 of frame 2")):
        with pytest.raises(InputError, match=words):
            ctrgcn.read_item(item)
    done = convert.convert("ctrgcn", tmp_path, tmp_path / "out.npz", 1, False)
    assert done.sequences == 1 and len(done.damaged) == 2


def test_compressed_arrays(tmp_path, monkeypatch):
    path = put(tmp_path, np.savez_compressed, x_train=rows(3), y_train=[0, 1, 2])
    assert np.array_equal(
        ctrgcn.read_item(ctrgcn.open_collection(path).items[2]).joints.reshape(5, 150), rows(3)[2, :5]
    )
    monkeypatch.setattr(stored_arrays, "MAPPED", 1000)
    refused(path, "x_train is compressed", "np.savez instead of np.savez_compressed")


def test_files_that_are_damaged(tmp_path):
    path = usual(tmp_path)
    whole = path.read_bytes()
    for content in (b"", b"words", whole[: len(whole) // 2], whole[:-30], whole.replace(b"NUMPY", b"numpy")):
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_all(ctrgcn, path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    path.write_bytes(whole)
    items = ctrgcn.open_collection(path).items
    path.write_bytes(whole[:10_000])
    with pytest.raises(InputError, match="can no longer be read"):
        ctrgcn.read_item(items[3])


def test_several_files_in_a_folder(tmp_path):
    usual(tmp_path).rename(tmp_path / "NTU60_CV.npz")
    usual(tmp_path)
    refused(tmp_path, "holds 2 files of CTR-GCN (NTU60_CS.npz, NTU60_CV.npz)")
    np.savez(tmp_path / "other.npz", a=1)
    assert not ctrgcn.recognises(tmp_path / "other.npz") and not ctrgcn.recognises(tmp_path / "none.npz")


# --- names ------------------------------------------------------------------------------------------------------------

ALL = sorted(
    f"S{setup:03}C{view:03}P{person:03}R{repetition:03}A{action:03}"
    for setup in (1, 2)
    for view in (1, 2, 3)
    for person in (1, 2, 3, 8)
    for repetition in (1, 2)
    for action in (5, 50)
)


def ordered(of, numbers):
    return [name for number in numbers for name in ALL if of(sample_of(name)) == number]


def with_list(folder, train, test, place="statistics", listed=ALL):
    folder.mkdir(exist_ok=True)
    (folder / place).mkdir(exist_ok=True)
    (folder / place / ctrgcn_names.LIST).write_text("\n".join(listed) + "\n")
    labels = [[int(name[-3:]) - 1 for name in names] for names in (train, test)]
    return usual(folder, *labels)


@pytest.mark.parametrize(
    "what, of, train, test",
    [
        ("cross-subject", lambda sample: sample.subject, (1, 2, 8), (3,)),
        ("cross-view", lambda sample: sample.view, (2, 3), (1,)),
        ("cross-setup", lambda sample: sample.setup, (2,), (1,)),
    ],
)
def test_rows_have_their_names_back(tmp_path, what, of, train, test):
    train, test = ordered(of, train), ordered(of, test)
    path = with_list(tmp_path, train, test)
    found = ctrgcn.open_collection(path)
    assert [item.name for item in found.items] == train + test and f"divided by {what}." in found.notes[0]
    assert found.class_names == NTU_60
    data = read_all(ctrgcn, path)
    samples = [sample_of(name) for name in train + test]
    assert data.subject.tolist() == [sample.subject for sample in samples]
    assert data.view.tolist() == [sample.view for sample in samples]
    assert data.setup.tolist() == [sample.setup for sample in samples]
    assert data.repetition.tolist() == [sample.repetition for sample in samples]
    assert data.test.tolist() == len(train) * [False] + len(test) * [True]


@pytest.mark.parametrize(
    "line", ["{}.skeleton", "C:\\my data\\nturgb+d_skeletons\\{}.skeleton", "/data/ntu raw/{}.skeleton", "{}  "]
)
def test_a_list_of_paths_of_windows_with_a_byte_order_mark(tmp_path, line):
    train, test = ordered(lambda sample: sample.view, (2, 3)), ordered(lambda sample: sample.view, (1,))
    path = with_list(tmp_path, train, test)
    text = "\r\n".join(map(line.format, ALL)) + "\r\n\r\n"
    listed = path.parent / "statistics" / ctrgcn_names.LIST
    listed.write_bytes(text.encode("utf-8-sig"))
    assert ctrgcn_names.is_list(str(listed))
    plain = ctrgcn.open_collection(path).items
    listed.write_text("\n".join(ALL))
    assert [item.name for item in plain] == [item.name for item in ctrgcn.open_collection(path).items]


def test_a_list_that_is_given_or_lies_beside(tmp_path):
    train, test = ordered(lambda sample: sample.view, (2, 3)), ordered(lambda sample: sample.view, (1,))
    path = with_list(tmp_path / "a", train, test, "elsewhere")
    assert ctrgcn.open_collection(path).items[0].name == "train 0"
    for given in ("elsewhere", f"elsewhere/{ctrgcn_names.LIST}"):
        found = ctrgcn.open_collection(path, Options(names=str(tmp_path / "a" / given)))
        assert [item.name for item in found.items] == train + test
    assert ctrgcn.open_collection(with_list(tmp_path / "b", train, test, ".")).items[0].name == train[0]
    with pytest.raises(InputError, match=rf"--names .* holds no {ctrgcn_names.LIST}"):
        ctrgcn.open_collection(path, Options(names=str(tmp_path)))
    (tmp_path / "classes.txt").write_text("\n".join(f"class {n}" for n in range(60)))
    found = ctrgcn.open_collection(path, Options(names=str(tmp_path / "classes.txt")))
    assert found.class_names[59] == "class 59" and found.items[0].name == "train 0"


def test_a_list_of_other_rows_is_not_believed(tmp_path):
    train, test = ordered(lambda sample: sample.view, (2, 3)), ordered(lambda sample: sample.view, (1,))
    for number, names in enumerate((train[1:], [*train[1:], train[0]])):
        found = ctrgcn.open_collection(with_list(tmp_path / str(number), names, test))
        assert found.items[0].name == "train 0" and "are not those of the rows" in found.notes[0]
    path = with_list(tmp_path / "bad", train, test, listed=["S001C001P001R001A001", "words"])
    with pytest.raises(InputError, match=r"skes_available_name\.txt: 'words' is no sample"):
        ctrgcn.open_collection(path)


def test_a_sequence_begins_with_its_first_frame_though_nobody_is_in_it(tmp_path):
    x = rows(1, lengths=[9])
    x[0, :3] = 0
    joints = read_all(ctrgcn, put(tmp_path, x_train=x, y_train=[0])).joints
    assert len(joints) == 9 and not joints[:3].any() and joints[3].any()


def test_the_nan_of_another_program_is_absent(tmp_path):
    x = rows(2).astype(float)
    x.view(np.uint64)[0, 1, 6:9] = 0x7FF00000000007A2  # R's NA, which makes a processor complain
    path = put(tmp_path, x_train=x, y_train=[0, 1], x_test=rows(1), y_test=[2])
    joints = ctrgcn.read_item(ctrgcn.open_collection(path).items[0]).joints
    assert np.isnan(joints[1, 0, 2]).all() and np.isnan(joints).sum() == 3
