"""Hostile files: whatever bytes a reader is given, it reads them or says one sentence, and runs nothing of theirs.

Every reader of tests/helpers/hostile_readers.py gets valid files changed at random, and all that fuzzing
(stress/fuzz.py) and thought have found: tests/hostile/READER/WHAT, each of which once ended in another error, or in
none.
"""

import io
import os
import pickle
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from course.bugs.mutants import PACKAGE
from course.drivers import DRIVERS, visible
from course.grading import fence, grade_all, splice
from course.results import of_class
from gca_scratch import runs
from gca_scratch.commands.main import main
from gca_scratch.data import neutral, skeleton
from gca_scratch.data.readers import mhad, ntu, nwucla, sbu, sysu, utdmhad, utkinect
from gca_scratch.runs import checkpoint
from gca_scratch.support import reading
from gca_scratch.support.errors import InputError
from tests.course.test_fence import SLOPES
from tests.helpers.hostile_readers import PART, READERS, WHOLE, outcome, put, together, well_said

CORPUS = Path(__file__).parents[1] / "hostile"
FOUND = sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.glob("*/*"))
pytestmark = pytest.mark.filterwarnings("ignore")  # of SciPy, zipfile and the compiler, where they doubt what they read


def read(name, content, folder):
    """What the reader says: a sentence or None; it fails if that is not one, or if the reader raises something else."""
    _, sentence = outcome(name, content, folder)
    assert well_said(sentence), sentence
    return sentence


# --- what has been found, and changes at random -----------------------------------------------------------------------


@pytest.mark.parametrize("name", READERS)
def test_valid_files_are_read(name, tmp_path):
    for content in WHOLE[name]():
        assert outcome(name, content, tmp_path)[0] is not None


@pytest.mark.parametrize("found", FOUND)
def test_what_was_found_is_mended(found, tmp_path):
    read(found.split("/")[0], (CORPUS / found).read_bytes(), tmp_path)


def test_findings_are_small_and_have_a_reader():
    assert FOUND and {found.split("/")[0] for found in FOUND} <= READERS.keys()
    assert all((CORPUS / found).stat().st_size < 100_000 for found in FOUND)


TOKENS = st.sampled_from([
    b"", b"\0", b"\n", b" ", b",", b"-1", b"0", b"999999999", b"9" * 5000, b"0x" + b"f" * 5000, b"1e999", b"nan",
    b"inf", b"-Infinity", b"NaN", b"1_0", b"\xff\xfe", b"\xed\xa0\x80", b"[" * 2000, b"{" * 2000, b"(" * 300, b"'",
    b"-" * 3000, b'"', b"\\", b"}", b"|O", b"<U999999999", b"(1000000000000,)", b"PK\x05\x06", b"\r", b"\x0c", PART,
    b"../../x", b"END x {",
])  # fmt: skip


@st.composite
def changed(draw, contents):
    """One of the contents with one to three changes: cut off, bytes flipped, parts repeated, removed, counts wrong."""
    content = draw(st.sampled_from(contents))
    for _ in range(draw(st.integers(1, 3))):
        a, b = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        b = min(b, a + draw(st.sampled_from([1, 4, 40, 100_000])))
        change = draw(st.sampled_from(["cut", "flip", "repeat", "remove", "move", "insert", "count"]))
        if change == "cut":
            content = content[:a]
        elif change == "flip":
            content = content[:a] + draw(st.binary(min_size=1, max_size=4)) + content[a + 1 :]
        elif change == "repeat":
            content = content[:b] + content[a:b] * draw(st.integers(1, 5)) + content[b:]
        elif change == "remove":
            content = content[:a] + content[b:]
        elif change == "move":
            content = content[:a] + content[b:] + content[a:b]
        elif change == "insert":
            content = content[:a] + draw(TOKENS) + content[a:]
        elif numbers := list(re.finditer(rb"\d+", content)):
            number = draw(st.sampled_from(numbers))
            content = content[: number.start()] + draw(TOKENS) + content[number.end() :]
    return content


@pytest.mark.hypothesis
@pytest.mark.parametrize("name", READERS)
def test_changed_files_are_read_or_refused_in_one_sentence(name, tmp_path):
    @given(changed(WHOLE[name]()))
    @settings(suppress_health_check=list(HealthCheck))  # the profile says how many, tests/conftest.py
    @example(b"")
    @example(b"\0" * 1000)
    def one(content):
        read(name, content, tmp_path)

    one()


@pytest.mark.parametrize("name", ["ntu", "sysu", "utkinect", "sbu", "mhad", "nwucla", "utdmhad", "npz", "checkpoint"])
def test_a_file_that_is_cut_off_is_refused(name, tmp_path):
    for whole in WHOLE[name]():
        for length in range(0, len(whole.rstrip()) - 1, max(1, len(whole) // 25)):
            assert read(name, whole[:length], tmp_path) is not None, length


# --- nothing is run ---------------------------------------------------------------------------------------------------


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def test_nothing_is_unpickled_or_executed(tmp_path):
    """Pickles in the place of every file, within every archive, and Python where it might be run."""
    mark, folder = tmp_path / "sprung", tmp_path / "box"
    trap = pickle.dumps(Trap(mark))
    code = f"import os\nos.mkdir({str(mark)!r})\n\n\ndef decayed(x=os.mkdir({str(mark)!r})):\n    return x\n".encode()
    objects = io.BytesIO()
    np.save(objects, np.array([Trap(mark)] * 3, object))
    for name in READERS:
        for content in (trap, code, objects.getvalue()):
            read(name, content, folder)
        if name.endswith("inside"):
            for whole in WHOLE[name]():
                parts = whole.split(PART)
                for n, part in enumerate(parts):
                    key = part.partition(b"\n")[0]
                    for content in (trap, code, objects.getvalue()):
                        read(name, PART.join([*parts[:n], key + b"\n" + content, *parts[n + 1 :]]), folder)
    submission = put(folder, "ada/gca_scratch/training/optim.py", code).parents[1]
    texts, wrong = splice.read_submission(submission, ["gca_scratch/training/optim.py"])
    assert not wrong
    splice.splice("def decayed():\n    return 1\n", texts["gca_scratch/training/optim.py"], ["decayed"], "optim.py")
    assert not mark.exists()
    assert pickle.loads(trap) is None and mark.is_dir()  # the trap is one


def test_nothing_is_imported_from_the_folder_that_the_command_is_given_in(tmp_path):
    """Where data lie that somebody sent, with what this program, or Python itself, would import beside them."""
    put(tmp_path, "data.npz", WHOLE["npz"]()[0])
    for name in ("tqdm", "numpy", "sitecustomize"):
        put(tmp_path, f"{name}.py", f"import os\nos.mkdir({str(tmp_path / f'sprung by {name}')!r})\n".encode())
    info = subprocess.run(
        [sys.executable, "-m", "gca_scratch", "info", "--data", "data.npz"], cwd=tmp_path, capture_output=True
    )
    assert info.returncode == 0, info.stderr
    assert sorted(os.listdir(tmp_path)) == ["data.npz", "numpy.py", "sitecustomize.py", "tqdm.py"]


# --- places -----------------------------------------------------------------------------------------------------------

FILES = {  # what reads a path
    "npz": neutral.load,
    "checkpoint": checkpoint.load,
    "config": runs.read_config,
    "ntu": lambda path: ntu.read_item(path),
    "sysu": lambda path: sysu.read_item(sysu.Item(path, 1, 1)),
    "utkinect": lambda path: utkinect.read_item(utkinect.Item(path, "walk", 1, 2, 1)),
    "sbu": sbu.read_item,
    "mhad": mhad.read_item,
    "nwucla": nwucla.read_item,
    "utdmhad": utdmhad.read_item,
    "ntu folder": ntu.items,
    "sysu folder": sysu.items,
    "utkinect folder": utkinect.items,
    "sbu folder": sbu.items,
    "mhad folder": mhad.items,
    "nwucla folder": nwucla.items,
    "utdmhad folder": utdmhad.items,
}
NAMES = {
    "ntu": "S001C001P001R001A001.skeleton",
    "utkinect": "joints_s01_e01.txt",
    "mhad": "skl_s01_a01_r01.bvh",
    "nwucla": "a01_s01_e00_v01.json",
    "utdmhad": "a1_s1_t1_skeleton.mat",
}


@pytest.mark.parametrize("what", FILES)
def test_pipes_devices_folders_and_endless_paths_are_no_files(what, tmp_path):
    """A pipe would be waited for, and /dev/zero read, for ever."""
    path = tmp_path / "s01s02/03/001" / NAMES.get(what, "file")
    path.parent.mkdir(parents=True)

    def refused(path):
        with pytest.raises(InputError) as caught:
            FILES[what](path)
        assert "\n" not in str(caught.value)

    os.mkfifo(path)
    refused(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    refused(path)
    path.unlink()
    path.symlink_to(path)
    refused(path)
    path.unlink()
    path.mkdir()
    refused(path)
    refused(path / "missing" / path.name)
    refused(Path("x" * 5000, *path.parts[-4:]))


def test_a_folder_may_be_however_deep(tmp_path, monkeypatch):
    """Deeper than Python recurses, and than a path may be long."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "optim.py", WHOLE["program"]()[0])
    try:
        for _ in range(1200):
            os.mkdir("deep")
            os.chdir("deep")
        for reader in (ntu, mhad):
            with pytest.raises(InputError, match="cannot be looked into") as raised:
                reader.items(tmp_path)
            assert well_said(str(raised.value))
        assert splice.read_submission(tmp_path, ["gca_scratch/training/optim.py"])[0]
    finally:
        os.chdir(tmp_path)
        fence._remove(tmp_path / "deep")
    assert not (tmp_path / "deep").exists()


def test_a_child_of_the_grader_may_dig_as_deep_as_it_likes(tmp_path, monkeypatch):
    digs = (
        "import os\n    for _ in range(1200):\n        os.mkdir('deep')\n        os.chdir('deep')\n    os.chmod('.', 0)"
    )

    def build(folder):
        shutil.copytree(PACKAGE, folder / "gca_scratch")
        with open(folder / "gca_scratch/network/ops.py", "a") as file:
            file.write(f"\n\ndef sigmoid_backward(dy, y):\n    {digs}\n    return dy\n")

    monkeypatch.setattr(fence.tempfile, "tempdir", str(tmp_path))
    tests = [("sigmoid_backward", visible(DRIVERS["sigmoid_backward"])[0])]
    answers, _ = fence.run(build, tests, fence.Limits(hook=False))
    assert answers[0].outputs is not None, answers[0].error
    assert not any(tmp_path.iterdir())


def test_links_and_paths_that_climb_out_are_no_part_of_a_submission(tmp_path):
    secret = put(tmp_path, "secret/optim.py", b"secret = 1\n")
    for climbing in ("../secret/optim.py", str(secret), "..\\secret\\optim.py", "x/../../secret/optim.py"):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as file:
            file.writestr(climbing, "x = 1")
        texts, _ = splice.read_submission(put(tmp_path, "ada.zip", made.getvalue()), ["gca_scratch/training/optim.py"])
        assert not texts, climbing
    link = zipfile.ZipInfo("optim.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as file:
        file.writestr(link, str(secret))
    assert not splice.read_submission(tmp_path / "ada.zip", ["gca_scratch/training/optim.py"])[0]
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada/gca_scratch").symlink_to(tmp_path / "secret")
    (tmp_path / "ada/optim.py").symlink_to(secret)
    assert not splice.read_submission(tmp_path / "ada", ["gca_scratch/training/optim.py"])[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ada", "ada.zip", "secret"]


def test_a_zip_within_a_zip_is_not_opened(tmp_path):
    inner = WHOLE["submission"]()[0]
    for _ in range(5):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as file:
            file.writestr("inner.zip", inner)
        inner = made.getvalue()
    texts, wrong = splice.read_submission(put(tmp_path, "ada.zip", inner), ["gca_scratch/training/optim.py"])
    assert not texts and "is not in the submission" in wrong["gca_scratch/training/optim.py"]


# --- what the findings were -------------------------------------------------------------------------------------------


def test_functions_are_found_where_they_stand_whatever_lines_a_text_seems_to_have(tmp_path):
    """A form feed, or a line separator in a text, begins no line for Python."""
    text = 'A = "\u2028\x0c\x85"\n\x0c\ndef other():\n    return 1\n\n\ndef decayed():\n    return "a\u2028b"\n'
    source, wrong = splice.splice("def decayed():\n    return 1\n", text, ["decayed"], "optim.py")
    assert not wrong
    found = {}
    exec(source, found)
    assert found["decayed"]() == "a\u2028b" and "other" not in found


def test_a_student_may_be_called_by_any_bytes(tmp_path, monkeypatch):
    folder = tmp_path / "class"
    folder.mkdir()
    with open(os.fsencode(folder) + b"/\xff.py", "wb") as file:
        file.write(b"x = 1\n")

    monkeypatch.setattr(grade_all, "_work", lambda waiting, *rest: [grade_all.grade_one(*call) for call in waiting])
    monkeypatch.setattr(grade_all.grade, "_task", lambda manifest, task, texts, unread, seed, limits: [{
        "name": "T1.1", "number": "T1.1", "score": 0, "max_score": 1, "status": "failed", "visibility": "visible",
        "output": f"none ({seed})",
    }])  # fmt: skip
    rows = of_class.write(folder, SLOPES, tmp_path / "grades.csv").rows
    assert rows[0]["student"] == "\udcff" and "none (" in rows[0]["remark"]
    assert (tmp_path / "grades.csv").read_text("utf-8-sig").count("\n") == 3


def test_names_that_patterns_would_search_for_ever_are_refused(tmp_path):
    """The beginning that all joints' names share is looked for by a pattern whose time grows with its square."""
    shared = 300_000 * "a" + "_"
    arrays = dict(np.load(io.BytesIO(WHOLE["npz"]()[0])))
    arrays["joint_names"] = np.array([f"{shared}{n}" for n in range(len(arrays["joint_names"]))])
    made = io.BytesIO()
    np.savez(made, **arrays)
    assert "is longer than 1000 characters" in read("npz", made.getvalue(), tmp_path)


@pytest.mark.parametrize("parent", [lambda joint: 0, lambda joint: joint - 1, lambda joint: joint // 2])
def test_the_largest_skeletons_are_walked_at_once(parent):
    """As many joints as the neutral format can tell apart; in time that grows with their square nobody would wait."""
    count = 1 << 15
    edges = [(joint, parent(joint)) for joint in range(count - 1, 0, -1)]
    assert sorted(skeleton.chain(count, edges, count - 1)) == list(range(count))
    with pytest.raises(InputError, match="closes a loop"):
        skeleton.chain(count, [*edges, (5, 900)], 0)
    with pytest.raises(InputError, match=r"joint 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and others; add"):
        skeleton.chain(count, [], 0)


def test_small_files_are_small(tmp_path):
    path = put(tmp_path, "config.toml", b"#" * (reading.LARGEST_TOML + 1))
    with pytest.raises(InputError, match=r"config.toml cannot be read \(Larger than 64 KiB\)"):
        runs.read_config(path)


def test_the_command_line_says_it_in_one_line(tmp_path, capsys):
    for name, command in (("npz", ["info", "--data"]), ("checkpoint", ["evaluate"]), ("config", ["train", "--config"])):
        for found in CORPUS.glob(f"{name}*/*"):
            content = found.read_bytes()
            path = put(tmp_path, "file.npz", together(content) if found.parent.name.endswith("inside") else content)
            assert main([*command, str(path)]) == 2
            assert capsys.readouterr().err.count("\n") == 1
