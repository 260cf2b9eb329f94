"""A class of 200 as Moodle, Canvas and Gradescope hand it over, twenty of them hostile; graded, and given back.

Solutions, independent versions, planted bugs; code that attacks the grader, archives that do. Import files are read
back by the rules of the LMSes: columns, encoding, maximum, nobody without a grade, nothing else changed.
"""

import csv
import gzip
import io
import json
import subprocess
import sys
import tarfile
import time
import zipfile

import pytest

from course.bugs import mutants
from course.manifest import ROOT, load
from course.results import table
from stress.test_class import ENVIRONMENT
from tests.course.test_fence import HOSTILE
from tests.helpers.versions_of_a1 import CELLS, OPS

COUNT, ABSENT, MOST_SECONDS = 200, 10, 15 * 60
A1 = load("A1")
ANSWERS = "## A1.Q1 How long\n\n**Answer:**\n\n44 frames.\n\n## A1.Q2 What\n\n**Answer:**\n\n"
CELL, OTHER = "gca_scratch/network/cell.py", "gca_scratch/network/ops.py"
NAMES = ("Ada", "Bob", "Çiğdem", "Đorđe", "Élodie", "Fatima", "Günter", "Hana", "Ισμήνη", "Jürgen")
FAMILIES = (
    "Lovelace",
    "O'Brien",
    "van der Berg",
    "Şahin",
    "Nowak-Müller",
    "Li",
    "García López",
    "de Souza",
    "Ng",
    "Ray",
)


def texts():
    """What is handed in, COUNT - 20 times {file: text}."""
    plain = {file: (ROOT / file).read_text("utf-8") for file in A1.files}
    bugs = [bug for bug in mutants.load() if bug.qualified in A1.functions and bug.equation != "Eq. 7"]
    kinds = [plain, *({CELL: CELLS[n], OTHER: f"import numpy as np\n{OPS[n]}"} for n in range(3))]
    kinds += [plain | {f"gca_scratch/{bug.file}": bug.apply(plain[f"gca_scratch/{bug.file}"])} for bug in bugs]
    return [kinds[n % len(kinds)] for n in range(COUNT - 20)]


def zipped(files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"A1/{name}", text)
        archive.writestr(
            "A1/answers.md", "## A1.Q1 How long\n\n**Answer:**\n\n44 frames.\n\n## A1.Q2 What\n\n**Answer:**\n\n"
        )
    return made.getvalue()


def hostile(outside):
    """Twenty files that mean harm, (what they are called, content): fourteen whose code does, six archives that do."""
    found = []
    for body, _ in list(HOSTILE.values())[:14]:
        for mark in ("{outside}", "{folder}", "{solution}"):
            body = body.replace(mark, str(outside))
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        found.append(("A1.zip", zipped({CELL: CELLS[0], OTHER: f"def sigmoid_backward(dy, y):\n{lines}"})))
    found += [("bomb.tar.gz", gzip.compress(b"\0" * (400 << 20))), ("torn.zip", zipped({})[:40]), ("work.rar", b"Rar!")]
    link = io.BytesIO()
    with tarfile.open(fileobj=link, mode="w:gz") as archive:
        member = tarfile.TarInfo("cell.py")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    many = zipped({f"{n}.py": "" for n in range(12_000)})
    inner = {"deep.zip": zipped({CELL: CELLS[0]})}
    for _ in range(5):
        inner = {"deep.zip": zipped(inner)}
    return [*found, ("link.tgz", link.getvalue()), ("many.zip", many), ("deep.zip", inner["deep.zip"])]


def people():
    """Everybody in the course: (number, first name, family name, e-mail)."""
    found = []
    for n in range(COUNT + ABSENT):
        first, family = NAMES[n % 10], FAMILIES[n // 10 % 10]
        found.append((1000 + 7 * n, first, f"{family} {'I' * (n // 100 + 1)}", f"s{n}@example.org"))
    return found


def moodle(folder, everybody, hand_ins):
    for (number, first, family, _), (name, content) in zip(everybody, hand_ins, strict=False):
        place = folder / f"{first} {family}_{number}_assignsubmission_file" / name
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
    header = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed",
              "Last modified (submission)", "Last modified (grade)", "Feedback comments"]  # fmt: skip
    rows = []
    for n, (number, first, family, mail) in enumerate(everybody):
        said = ("Submitted for grading", f"Monday, {1 + n % 20} March 2027, 2:14 PM") if n < COUNT else ("None", "-")
        rows.append(
            [f"Participant {number}", f"{first} {family}", mail, said[0], "", "100.00", "Yes", said[1], "-", ""]
        )
    return [header, *rows]


def canvas(folder, everybody, hand_ins):
    folder.mkdir()
    for n, ((number, first, family, _), (name, content)) in enumerate(zip(everybody, hand_ins, strict=False)):
        who = "".join(letter for letter in f"{family}{first}".lower() if letter.isalnum())
        (folder / f"{who}_{'LATE_' * (n % 9 == 0)}{number}_{5000 + n}_{name}").write_bytes(content)
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A0 (1)", "A1: The ST-LSTM cell (2)", "Final"]
    rows = [header, ["    Points Possible", "", "", "", "", "10.00", "100.00", "(read only)"]]
    rows += [[f"{family}, {first}", str(number), f"00{number}", mail.replace("@", "."), "S1", "9.00", "55.00", "90.0"]
             for number, first, family, mail in everybody]  # fmt: skip
    return [*rows, ["Student, Test", "9999", "", "a0b1", "S1", "", "", ""]]


def gradescope(folder, everybody, hand_ins):
    """Gradescope unpacks what is a .zip itself."""
    said = ["---"]
    for n, ((number, first, family, mail), (name, content)) in enumerate(zip(everybody, hand_ins, strict=False)):
        place = folder / f"submission_{9000 + n}"
        place.mkdir(parents=True)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(place)
        except zipfile.BadZipFile:
            (place / name).write_bytes(content)
        said += [
            f"submission_{9000 + n}:", "  :submitters:", f"  - :name: {json.dumps(f'{first} {family}')}",
            f"    :sid: '{number}'", f"    :email: {mail}",
            f"  :created_at: 2027-03-{1 + n % 20:02} 10:00:00.000000000 Z", "  :status: processed",
        ]  # fmt: skip
    (folder / "submission_metadata.yml").write_text("\n".join(said) + "\n", "utf-8")
    header = ["First Name", "Last Name", "SID", "Email"]
    return [header, *([first, family, str(number), mail] for number, first, family, mail in everybody)]


def read_back(path):
    """The rows of a table in UTF-8 with its mark, as texts."""
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("lms", [moodle, canvas, gradescope], ids=lambda lms: lms.__name__)
def test_a_class_of_200_from_a_download(lms, tmp_path, tell):
    if lms is gradescope:
        pytest.importorskip("yaml")
    harmless = [("A1-submission.zip", zipped(files)) for files in texts()]
    hand_ins = [*harmless, *hostile(tmp_path / "owned")]
    everybody, folder, out = people(), tmp_path / "class", tmp_path / "grades.csv"
    assert len(hand_ins) == COUNT
    given = lms(folder, everybody, hand_ins)
    with open(tmp_path / "roster.csv", "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(given)
    line = [sys.executable, "-m", "course", "grade-all", folder, "--assignment", "A1", "--out", out, "--jobs", "2",
            "--roster", tmp_path / "roster.csv", "--deadline", "2027-03-10T00:00+00:00"]  # fmt: skip
    began = time.perf_counter()
    subprocess.run(line, cwd=ROOT, env=ENVIRONMENT, check=True)
    seconds = time.perf_counter() - began
    header, maximum, *rows = read_back(out)
    assert maximum[0] == table.MAXIMUM and len(rows) == COUNT + ABSENT
    by_name = {row[header.index("student")]: dict(zip(header, row, strict=True)) for row in rows}
    code = [float(row["code"]) for row in by_name.values() if row["code"]]
    assert len(code) == COUNT and sum(points == 80 for points in code) >= 8 and not (tmp_path / "owned").exists()
    assert sum(row["remark"] == "handed in nothing" for row in by_name.values()) == ABSENT
    if lms is not canvas:
        assert {row["days_late"] for row in by_name.values() if row["code"]} == {str(n) for n in range(12)}
    else:
        assert sum(row["days_late"] == "late" for row in by_name.values()) == len(range(0, COUNT, 9))
    pages = list((tmp_path / "grades" / "feedback").glob("*.html"))
    assert len(pages) == COUNT + ABSENT and all(b"<script" not in page.read_bytes() for page in pages)

    marked = [[*row] for row in (header, maximum, *rows)]
    for n, row in enumerate(marked[2:]):
        if row[header.index("code")] and n % 2:
            row[header.index("A1.Q1")], row[header.index("A1.Q2")] = "7,5", "10"
    with open(out, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(marked)
    again = time.perf_counter()
    subprocess.run(line, cwd=ROOT, env=ENVIRONMENT, check=True)
    again = time.perf_counter() - again
    if lms is not gradescope:
        theirs = {row[lms is canvas]: row for row in given}
        ours, at = read_back(tmp_path / "grades" / f"import-{lms.__name__}.csv"), 4 if lms is moodle else 5
        assert ours[0] == (given[0] if lms is moodle else [*given[0][:5], given[0][6]])
        graded = ours[1 + (lms is canvas) :]
        assert len(graded) == sum(bool(row[header.index("A1.Q1")]) for row in marked[2:])
        for row in graded:
            assert 17.5 <= float(row[at]) <= 97.5 and row[:at] == theirs[row[lms is canvas]][:at]
            assert lms is canvas or (row[5:-1] == theirs[row[0]][5:-1] and row[-1].startswith("A1: A1.1 "))
    tell(f"{lms.__name__}: {COUNT} hand-ins, 20 of them hostile, in {seconds:.0f} s, again in {again:.0f} s")
    assert seconds < MOST_SECONDS
