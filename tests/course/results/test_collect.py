"""Who handed in what: folders as Moodle, Canvas, Gradescope and Blackboard leave them, and plain ones."""

import gzip
import io
import tarfile
import zipfile
from datetime import UTC, datetime

import pytest

from course.grading import reading
from course.results import collect
from course.results.handin import file_name
from gca_scratch.support.errors import InputError

FILE = "gca_scratch/network/cell.py"
METADATA = """---
submission_1001:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0042'
    :email: ada@example.org
  :created_at: 2027-03-01 22:10:30.149203000 Z
  :score: 12.5
  :status: processed
  :results:
    tests: []
  :history: []
submission_1002:
  :submitters:
  - :name: Bob
    :sid:
    :email: bob@example.org
  - :name: "Çiğdem: Şahin"
    :sid: '43'
    :email: cigdem@example.org
  :created_at: 2027-03-03 01:00:00.000000000 Z
  :score:
  :status: processed
submission_1003:
  :submitters: []
"""


def a_zip(path=None, files=((FILE, "x = 1\n"),)):
    """A .zip file, written or as bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.getvalue())
    return file.getvalue()


def a_tar(path, files=((FILE, b"x = 1\n"),), mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def read(handin):
    return reading.read(handin.paths, (FILE,), handin.names)[:2]


def test_a_download_from_moodle(tmp_path):
    a_zip(tmp_path / "Ada Lovelace_123_assignsubmission_file" / "A1-submission.ZIP")
    a_zip(tmp_path / "Toni___Marie Noël_657693_assignsubmission_file_" / "work.zip")  # before Moodle 4.1
    a_zip(tmp_path / "Group A-Bob Ray_7_assignsubmission_file_my_work_2.zip")  # not in folders
    (tmp_path / "Ada Lovelace_123_assignsubmission_onlinetext").mkdir()
    (tmp_path / "Ada Lovelace_123_assignsubmission_onlinetext" / "onlinetext.html").write_text("<p>hello")
    found, notes = collect.collect(tmp_path)
    assert [(h.student, h.lms, h.id, h.name) for h in found] == [
        ("Ada Lovelace_123", "moodle", "123", "Ada Lovelace"),
        ("Group A-Bob Ray_7", "moodle", "7", "Group A-Bob Ray"),
        ("Toni___Marie Noël_657693", "moodle", "657693", "Toni   Marie Noël"),
    ]
    assert len(found[0].paths) == 2 and not notes
    for handin in found:
        assert read(handin) == ({FILE: "x = 1\n"}, {}), handin


def test_a_download_from_canvas(tmp_path):
    a_zip(tmp_path / "lovelaceada_1234_5678_A1-submission.zip")
    a_zip(tmp_path / "rayb_2_LATE_1235_5679_A1-ada-submission-1.zip")
    (tmp_path / "rayb_2_LATE_1235_5680_answers.pdf").write_bytes(b"%PDF")
    (tmp_path / "šahin_1236_text.html").write_text("<p>I forgot")
    a_zip(tmp_path / "anon_Ab3De_99_x.zip")
    found, notes = collect.collect(tmp_path)
    assert [(h.student, h.id, h.late, len(h.paths)) for h in found] == [
        ("anon_Ab3De", "anon_Ab3De", False, 1),
        ("lovelaceada_1234", "1234", False, 1),
        ("rayb_2_1235", "1235", True, 2),
        ("šahin_1236", "1236", False, 1),
    ]
    (tmp_path / "solo_1237_9_cell-2.py").write_text("x = 1\n")
    (solo,) = [h for h in collect.collect(tmp_path)[0] if h.id == "1237"]
    assert read(solo) == ({FILE: "x = 1\n"}, {})
    assert not notes and {h.lms for h in found} == {"canvas"}
    assert read(found[1])[0] and read(found[2])[0]
    assert "text.html cannot be read; hand in a .zip" in read(found[3])[1][FILE]


def test_names_that_merely_look_like_those_of_canvas_are_taken_as_they_are(tmp_path):
    for name in ("hw_1_2027_ada.zip", "hw_1_2027_bob.zip"):
        a_zip(tmp_path / name)
    found, notes = collect.collect(tmp_path)
    assert [h.student for h in found] == ["hw_1_2027_ada", "hw_1_2027_bob"] and not notes
    (tmp_path / "hw_1_2027_bob.zip").rename(tmp_path / "hw_1_2028_bob.zip")
    found, notes = collect.collect(tmp_path)
    assert len(found) == 1 and "hw_1 has handed in 2 archives, which are read as one: hw_1_2027_ada.zip" in notes[0]


@pytest.mark.parametrize("place", ["", "assignment_77_export"])
def test_a_download_from_gradescope(tmp_path, place):
    yaml = pytest.importorskip("yaml")
    assert yaml
    folder = tmp_path / place
    for n in (1001, 1002):
        a = folder / f"submission_{n}" / FILE
        a.parent.mkdir(parents=True)
        a.write_text("x = 1\n")
    (folder / "submission_metadata.yml").write_text(METADATA, "utf-8")
    (folder / "submission_55.pdf").touch()
    (folder / "readme").touch()
    found, notes = collect.collect(tmp_path)
    by_student = {h.student: h for h in found}
    assert set(by_student) == {"ada@example.org", "bob@example.org cigdem@example.org", "submission_55"}
    ada = by_student["ada@example.org"]
    assert ada.when == datetime(2027, 3, 1, 22, 10, 30, 149203, UTC) and ada.name == "Ada Lovelace"
    assert ada.known_as == ("ada@example.org", "0042", "ada lovelace") and read(ada) == ({FILE: "x = 1\n"}, {})
    assert by_student["bob@example.org cigdem@example.org"].name == "Bob and Çiğdem: Şahin"
    assert any("submission_1003" in note for note in notes) and any("readme is no submission" in n for n in notes)


def test_a_damaged_metadata_is_refused(tmp_path):
    pytest.importorskip("yaml")
    for text in ("a: [", "- 1\n", "!!python/object/apply:os.system ['true']\n"):
        (tmp_path / "submission_metadata.yml").write_text(text)
        with pytest.raises(InputError, match=r"submission_metadata\.yml"):
            collect.collect(tmp_path)


def test_a_download_from_blackboard_has_its_times(tmp_path):
    a_zip(tmp_path / "A1_ada7_attempt_2027-03-01-23-59-30_A1-submission.zip")
    (tmp_path / "A1_ada7_attempt_2027-03-01-23-59-30.txt").write_text("Name: Ada (ada7)")
    (handin,), _ = collect.collect(tmp_path)
    a_zip(tmp_path / "ada7.zip")
    with pytest.raises(InputError, match="two submissions of 'ada7'"):
        collect.collect(tmp_path)
    assert handin.student == "ada7" and handin.when == datetime(2027, 3, 1, 23, 59, 30) and read(handin)[0]


def test_a_plain_folder_in_capitals_and_in_other_archives(tmp_path):
    a_zip(tmp_path / "ada.ZIP")
    a_tar(tmp_path / "bob.tar.gz")
    a_tar(tmp_path / "cyd.TGZ")
    a_tar(tmp_path / "dan.tar.xz", mode="w:xz")
    (tmp_path / "eve.PY").write_text("x = 1\n")
    (tmp_path / "fay").mkdir()
    a_zip(tmp_path / "fay" / "inner.zip")
    a_zip(tmp_path / "gil.zip", [("deep/inner.zip", a_zip(files=[("x/cell.py", "x = 1\n")]))])
    for name in ("hal.rar", "ivy.pdf", "jon.ipynb", "notes.csv", ".DS_Store"):
        (tmp_path / name).write_bytes(b"?")
    a_zip(tmp_path / "A1-kay@example.org-submission (1).zip")
    a_zip(tmp_path / "A1-submission.zip")
    found, notes = collect.collect(tmp_path)
    by_student = {h.student: h for h in found}
    fine = {"ada", "bob", "cyd", "dan", "fay", "gil", "kay@example.org"}
    assert set(by_student) == {*fine, "eve", "hal", "ivy", "jon", "A1-submission"}
    for student in fine:
        assert read(by_student[student])[0], student
    assert "hal.rar cannot be read" in read(by_student["hal"])[1][FILE]
    assert any("notes.csv" in note for note in notes) and any(".DS_Store" in note for note in notes)


def test_two_submissions_of_one_student_are_refused(tmp_path):
    (tmp_path / "ada").mkdir()
    a_zip(tmp_path / "A1-ada-submission-1.zip")
    with pytest.raises(InputError, match="two submissions of 'ada'"):
        collect.collect(tmp_path)


def test_a_report_beside_a_submission_is_told(tmp_path):
    for first, second in (("ada.zip", "ada.pdf"), ("bob.docx", "bob.zip")):
        (tmp_path / first).touch()
        (tmp_path / second).touch()
    found, notes = collect.collect(tmp_path)
    assert [h.paths[0].name for h in found] == ["ada.zip", "bob.zip"]
    assert notes == [f"{name} lies beside {name[:3]}.zip, and is not graded" for name in ("ada.pdf", "bob.docx")]


def test_what_is_hostile_costs_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_TAR", 1 << 20)
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(b"\0" * (4 << 20)))
    (tmp_path / "broken.tar.gz").write_bytes(b"\x1f\x8bnothing")
    (tmp_path / "torn.zip").write_bytes(b"PK\3\4nothing")
    a_tar(tmp_path / "outside.tar.gz", [("../../cell.py", b"x = 1\n"), ("/etc/cell.py", b"y = 1\n")])
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        link = tarfile.TarInfo("cell.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    inner = a_zip(files=[("cell.py", "x = 1\n")])
    for _ in range(6):
        inner = a_zip(files=[("inner.zip", inner)])
    (tmp_path / "deep.zip").write_bytes(inner)
    a_zip(tmp_path / "many.zip", [("a.zip", a_zip(files=[(f"{n}.py", "") for n in range(3000)])), ("cell.py", "x=1\n")])
    found = {h.student: read(h) for h in collect.collect(tmp_path)[0]}
    assert "unpacks to more than" in found["bomb"][1][FILE]
    assert "broken.tar.gz is no archive that can be read" in found["broken"][1][FILE] and found["torn"][1]
    assert (
        "archives lie more than 3 deep" in found["deep"][1][FILE] and "more than 2000 files" in found["many"][1][FILE]
    )
    assert found["outside"][0] and not (tmp_path.parent / "cell.py").exists()
    assert found["link"][1] == {FILE: f"{FILE} is not in the submission"}


def test_what_lies_in_a_folder_of_an_lms_and_cannot_be_read_is_named(tmp_path):
    for n, (name, content) in enumerate((("torn.zip", b"PK\3\4nothing"), ("work.rar", b"Rar!"))):
        place = tmp_path / f"Ada_{n}_assignsubmission_file" / name
        place.parent.mkdir()
        place.write_bytes(content)
    torn, rar = (read(handin)[1][FILE] for handin in collect.collect(tmp_path)[0])
    assert torn == "torn.zip is no archive that can be read" and rar.startswith("work.rar cannot be read; hand in")
    a_zip(place.parent / "work.zip")
    assert read(collect.collect(tmp_path)[0][1]) == ({FILE: "x = 1\n"}, {})


def test_of_two_copies_it_is_said_which_one_is_graded(tmp_path):
    solved, blank = ("my work/gca_scratch/network/cell.py", "x = 1\n"), ("A1/gca_scratch/network/cell.py", "x = 0\n")
    a_zip(tmp_path / "ada.zip", [solved, blank])
    texts, _, (note,) = reading.read(tmp_path / "ada.zip", (FILE,))
    assert texts[FILE] == "x = 0\n" and "2 times" in note and f"{blank[0]} is graded, {solved[0]} is not" in note
    for name, text in (solved, blank):
        (tmp_path / "bob" / name).parent.mkdir(parents=True)
        (tmp_path / "bob" / name).write_text(text)
    assert reading.read(tmp_path / "bob", (FILE,))[2] == [note]
    a_zip(tmp_path / "cyd.zip", [solved, (blank[0], solved[1])])  # twice the same
    assert reading.read(tmp_path / "cyd.zip", (FILE,))[1:] == ({}, [])


@pytest.mark.parametrize(
    "name",
    ["Cell.py", "CELL.PY", "cell (1).py", "cell(2).py", "cell - Copy.py", "cell - Copy (2).py", "cell.py.txt",
     "gca_scratch/network/cell (1).py"],
)  # fmt: skip
def test_names_that_systems_browsers_and_mail_programs_give_a_file(tmp_path, name):
    a_zip(
        tmp_path / "ada.zip",
        [(name, "x = 1\n"), ("my_cell.py", "x = 0\n"), ("cell.pyc", "?"), ("cell_2.py", "x = 2\n")],
    )
    assert reading.read(tmp_path / "ada.zip", (FILE,)) == ({FILE: "x = 1\n"}, {}, [])
    (tmp_path / "bob" / name).parent.mkdir(parents=True)
    (tmp_path / "bob" / name).write_text("x = 1\n")
    assert reading.read(tmp_path / "bob", (FILE,)) == ({FILE: "x = 1\n"}, {}, [])
    a_zip(tmp_path / "cyd.zip", [(name, "x = 1\n"), ("cell.py", "x = 3\n")])  # its own name comes first
    texts, _, notes = reading.read(tmp_path / "cyd.zip", (FILE,))
    assert texts == {FILE: "x = 3\n"} and notes == [
        f"{FILE} is there 2 times, and not the same: cell.py is graded, {name} is not"
    ]


def test_a_file_with_a_password_is_told(tmp_path):
    content = bytearray(a_zip())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "ada.zip").write_bytes(content)
    said = f"{FILE} cannot be read: it has a password; hand in an ordinary .zip file"
    assert reading.read(tmp_path / "ada.zip", (FILE,)) == ({}, {FILE: said}, [])


def test_what_is_large_is_called_large_and_an_environment_hides_nothing(tmp_path, monkeypatch):
    installed = [(f"env/lib/python3.12/site-packages/m{n}.py", "") for n in range(12_000)]
    a_zip(tmp_path / "ada.zip", [*installed, ("work/cell.py", "x = 1\n")])
    assert reading.read(tmp_path / "ada.zip", (FILE,))[0] == {FILE: "x = 1\n"}
    monkeypatch.setattr(reading, "LARGEST_ARCHIVE", 1000)
    assert "is larger than 0 MB" in reading.read(tmp_path / "ada.zip", (FILE,))[1][FILE]


def test_a_submission_that_is_not_there_is_said_to_be_none(tmp_path):
    with pytest.raises(InputError, match=r"there is no .*nobody\.zip"):
        reading.read(tmp_path / "nobody.zip", (FILE,))


def test_files_are_never_called_too_long():
    assert file_name("ada") == "ada"
    assert len(file_name("ü" * 200).encode()) < 120 and file_name("ü" * 200) != file_name("ü" * 201)
