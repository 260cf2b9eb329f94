"""Files as the LMSes write them, and what comes back: only grades and feedback are filled in, nothing is cleared."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import datetime

import pytest

from course.results import canvas, imports, lateness, moodle, of_class, roster, sheets, table
from course.results.handin import Handin
from gca_scratch.support.errors import InputError
from tests.course.results.test_class import SMALL, fill_in
from tests.course.test_grading import BUGS, CELL, PATIENT, submission

# Canvas: a mark of order, posting policies, read-only totals, a test student; logins and numbers that must stay texts
CANVAS = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Student Number,T1: The cell (4711),T2 (4712),"
    "Assignments Current Points,Final Score\r\n"
    ",,,,,,Manual Posting,,,\r\n"
    "    Points Possible,,,,,,100.00,10.00,(read only),(read only)\r\n"
    '"Lovelace, Ada",1234,00042,2026.123.45,"S1 and S2",77,,9.00,9.00,90.0\r\n'
    '"Ray, Bob",1235,43,bob,S1,78,12.50,,0.00,12.5\r\n'
    '"Şahin, Çiğdem",1236,44,cigdem@example.org,S1,79,EX,,,\r\n'
    '"Null, Zoe",1237,45,zoe,S1,80,55.00,,,\r\n'
    '"Student, Test",9999,,a0b1c2,S1,,,,,\r\n'
)
# Moodle 4 in English, with groups, a marker and workflow; Moodle in German, with decimal commas; blind marking
MOODLE = (
    "\ufeffIdentifier,Full name,ID number,Email address,Status,Group,Marker,Grade,Maximum grade,"
    "Marking workflow state,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments\r\n"
    "Participant 123,Ada Lovelace,0042,ada@example.org,Submitted for grading -  -  - ,Group A,,,100.00,,Yes,"
    '"Wednesday, 3 March 2027, 1:05 AM",-,\r\n'
    "Participant 7,Bob Ray,43,bob@example.org,Submitted for grading - 2 days late -  - ,Group B,,12.50,100.00,,Yes,"
    '"Friday, 5 March 2027, 11:59 PM","Monday, 8 March 2027, 9:00 AM","<p>By hand, ""kept""</p>"\r\n'
    "Participant 8,Zoe Null,44,zoe@example.org,No submission -  -  - ,Group B,,,100.00,,Yes,-,-,\r\n"
)
GERMAN = (
    '\ufeffID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden",'
    '"Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"\n'
    'Teilnehmer/in123,"Ada Lovelace",ada@example.org,"Zur Bewertung abgegeben",,"100,00",Ja,'
    '"Mittwoch, 3. März 2027, 01:05",-,\n'
    'Teilnehmer/in7,"Bob Ray",bob@example.org,"Zur Bewertung abgegeben",,"100,00",Ja,'
    '"Freitag, 5. März 2027, 23:59",-,"T1: alt"\n'
)
FINNISH = (  # of a language that nobody here knows, and without names
    "Tunniste,Tila,Arvosana,Suurin arvosana,Arvosanaa voi muuttaa,Muokattu (palautus),Muokattu (arvosana),Palaute\n"
    'Osallistuja 123,Palautettu,,100,Kyllä,"keskiviikko, 3. maaliskuu 2027, 01:05",-,\n'
    "Osallistuja 7,Palautettu,,100,Kyllä,-,-,\n"
)
GRADESCOPE = "First Name,Last Name,SID,Email,Sections,T1,T1 - Max Points\nAda,Lovelace,42,ada@example.org,,,\n"


@pytest.fixture
def place(tmp_path):
    """Write a roster as the bytes that a platform sends."""

    def written(text, encoding="utf-8"):
        path = tmp_path / "roster.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return written


def rows_of(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def handin(student, **more):
    return Handin(student, known_as=(student.lower(),), **more)


def a_class(folder, names):
    """The right solution of the first, a mistake of the others; in the files that an LMS names so."""
    for n, name in enumerate(names):
        made = submission(folder.parent / "made" / str(n), cell=BUGS["carry-dropped"].apply if n else lambda text: text)
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(place, "w") as archive:
            for file in CELL.files:
                archive.write(made / file, file)
    return folder


def test_canvas_takes_back_its_gradebook_with_one_column(place, tmp_path):
    folder = a_class(tmp_path / "class", ["lovelaceada_1234_88_T1.zip", "rayb_LATE_1235_89_T1-1.zip",
                                          "sahincigdem_1236_90_a.zip", "gone_555_91_a.zip"])  # fmt: skip
    path, out = place(CANVAS), tmp_path / "grades.csv"
    wanted = of_class.Wanted(str(path), due=lateness.deadline("2027-03-01"))
    of_class.write(folder, SMALL, out, limits=PATIENT, wanted=wanted)
    fill_in(out, {"lovelaceada_1234": {"T1.Q1": "15", "T1.Q2": "5"}, "rayb_1235": {"T1.Q1": "1", "T1.Q2": "0,5"}})
    report = of_class.write(folder, SMALL, out, limits=PATIENT, wanted=wanted)
    rows = {row["student"]: row for row in report.rows}
    assert rows["rayb_1235"]["days_late"] == "late" and rows["lovelaceada_1234"]["score"] == 100
    assert [row["name"] for row in report.rows if row["remark"] == "handed in nothing"] == ["Zoe Null"]
    assert "gone_555 is not in roster.csv, or not alone under that name" in report.notes
    assert any("1 have no score yet" in note for note in report.notes)  # Çiğdem, who is excused there, stays excused
    assert any("when 4 of 4 were handed in is not known" in note for note in report.notes)

    given = tmp_path / "grades" / "import-canvas.csv"
    assert given.read_bytes().startswith(b"\xef\xbb\xbfStudent,ID,") and b"\r\n" in given.read_bytes()
    assert rows_of(given) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "T1: The cell (4711)"],
        ["    Points Possible", "", "", "", "", "100.00"],
        ["Lovelace, Ada", "1234", "00042", "2026.123.45", "S1 and S2", "100"],
        ["Ray, Bob", "1235", "43", "bob", "S1", sheets.plain(rows["rayb_1235"]["score"])],
    ]
    with zipfile.ZipFile(tmp_path / "grades" / "feedback.zip") as archive:
        assert {"lovelaceada_1234_88_T1.zip", "rayb_LATE_1235_89_T1-1.zip"} <= set(archive.namelist())
        with zipfile.ZipFile(io.BytesIO(archive.read("lovelaceada_1234_88_T1.zip"))) as inner:
            assert b"100 of 100" in inner.read("T1-feedback.html")


def test_columns_of_canvas_are_found_or_asked_for(place):
    sheet = sheets.read(place(CANVAS))
    assert sheet.header[canvas.column(sheet, "T1")] == "T1: The cell (4711)"
    assert sheet.header[canvas.column(sheet, "T9", "T2")] == "T2 (4712)"
    with pytest.raises(InputError, match=r"0 columns with T9 in its title; name one with --column; .*T2 \(4712\)"):
        canvas.column(sheet, "T9")
    with pytest.raises(InputError, match="has 2 columns of which the title has 'T'"):
        canvas.column(sheet, "T9", "T")
    twice = sheets.read(place(CANVAS.replace("T2 (4712)", "T1 resubmission (4712)")))
    with pytest.raises(InputError, match="2 columns with T1"):
        canvas.column(twice, "T1")
    semicolons = sheets.read(place(CANVAS.replace(",", ";").replace("Lovelace; ", "Lovelace, ")))
    assert semicolons.delimiter == ";" and canvas.maximum(semicolons, canvas.column(semicolons, "T1")) == 100


def test_maxima_that_do_not_agree_are_refused_or_scaled(place, tmp_path):
    people = roster.load(place(CANVAS.replace("100.00,10.00", "20.00,10.00")))
    wanted = of_class.Wanted(points="all")
    with pytest.raises(InputError, match="has 20 points there, and 100 here; change it there, or give --scale"):
        imports.column(people, SMALL, wanted)
    with pytest.raises(InputError, match="100 points there, and 80 here"):
        imports.column(roster.load(place(MOODLE)), SMALL, replace(wanted, points="code"))
    scaled = replace(wanted, scale=True)
    (row,) = [person.row for person in people.people if person.id == "1234"]
    cells = table.row(SMALL, "ada") | {"score": 75.5}
    people = roster.load(place(CANVAS.replace("100.00,10.00", "20.00,10.00")))
    path, _ = imports.write(people, imports.column(people, SMALL, scaled), SMALL, {row: cells}, tmp_path, scaled)
    assert rows_of(path)[2][-1] == "15.1"


def test_moodle_takes_back_its_worksheet_row_by_row(place, tmp_path):
    folder = a_class(tmp_path / "class", ["Ada Lovelace_123_assignsubmission_file/T1.zip",
                                          "Bob Ray_7_assignsubmission_file/x.ZIP"])  # fmt: skip
    path, out = place(MOODLE), tmp_path / "grades.csv"
    wanted = of_class.Wanted(str(path), due=lateness.deadline("2027-03-03T12:00+00:00"), points="code", scale=True)
    report = of_class.write(folder, SMALL, out, limits=PATIENT, wanted=wanted)
    rows = {row["student"]: row for row in report.rows}
    assert rows["Ada Lovelace_123"]["days_late"] == 0 and rows["Bob Ray_7"]["days_late"] == 3
    assert rows["zoe@example.org"]["remark"] == "handed in nothing" and rows["zoe@example.org"]["name"] == "Zoe Null"
    assert report.notes == ["1 have a comment in Moodle that is not from here; it stays as it is"]

    theirs, ours = rows_of(path), rows_of(tmp_path / "grades" / "import-moodle.csv")
    header = theirs[0]
    changed = {header.index("Grade"), header.index("Feedback comments")}
    assert ours[0] == header and [row[0] for row in ours[1:]] == ["Participant 123", "Participant 7"]
    for mine, other in zip(ours[1:], theirs[1:3], strict=True):
        assert [c for n, c in enumerate(mine) if n not in changed] == [
            c for n, c in enumerate(other) if n not in changed
        ]
    assert ours[1][7] == "100.00" and ours[1][-1] == "T1: T1.1 30 of 30, T1.3 50 of 50."
    assert float(ours[2][7]) < 100 and ours[2][-1] == '<p>By hand, "kept"</p>'
    content = (tmp_path / "grades" / "import-moodle.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfIdentifier,") and content.count(b"\r\n") == 3
    with zipfile.ZipFile(tmp_path / "grades" / "feedback.zip") as archive:
        assert archive.namelist() == [
            f"{name}_assignsubmission_file/T1-feedback.html" for name in ("Ada Lovelace_123", "Bob Ray_7")
        ]


def test_moodle_in_german_has_decimal_commas_and_its_own_names(place):
    people = roster.load(place(GERMAN))
    ada = people.people[0]
    assert people.lms == "moodle" and (ada.id, ada.name, ada.when) == (
        "123",
        "Ada Lovelace",
        datetime(2027, 3, 3, 1, 5),
    )
    assert "ada@example.org" in ada.known_as and moodle.maximum(people.sheet) == 100
    filled, left = moodle.filled(people.sheet, {0: (72.5, 'T1: a \\"b\\"'), 1: (100, "T1: new")}, "T1: ")
    assert left == 0 and [row[4] for row in filled.rows] == ["72,50", "100,00"]
    assert filled.rows[1][-1] == "T1: new" and '\\"' not in filled.rows[0][-1]  # ours of before is replaced


def test_a_worksheet_of_an_unknown_language_is_read_by_what_it_holds(place):
    people = roster.load(place(FINNISH))
    assert moodle.columns(people.sheet) == {"grade": 2, "maximum": 3, "submitted": 5, "feedback": 7}
    assert [person.id for person in people.people] == ["123", "7"]
    assert people.people[0].name == "Osallistuja 123"  # marking is blind


def test_hand_ins_are_matched_by_number_or_by_a_name_that_one_alone_has(place):
    people = roster.load(place(MOODLE.replace("Zoe Null", "Bob Ray")))
    hers = handin("x", lms="moodle", id="123")
    stranger, by_mail, by_local = handin("y", lms="moodle", id="99"), handin("Bob@Example.org"), handin("zoe")
    matches, notes = roster.match(people, [hers, stranger, by_mail, by_local, handin("Bob Ray"), handin("bob")])
    assert matches == {0: hers, 1: by_mail, 2: by_local}
    assert "y is not in roster.csv" in notes[0] and "Bob Ray is not in roster.csv, or not alone" in notes[1]
    assert "Bob Ray has two hand-ins, Bob@Example.org and bob" in notes[2]
    both = Handin("a b", known_as=("ada@example.org", "zoe@example.org"))
    assert set(roster.match(people, [both])[0]) == {0, 2}


def test_any_list_of_people_tells_who_has_handed_in_nothing(place):
    people = roster.load(place(GRADESCOPE))
    assert people.lms == "" and people.people[0].name == "Ada Lovelace"
    assert roster.match(people, [handin("ada@example.org")])[0] and roster.match(people, [handin("42")])[0]
    assert [person.name for person in roster.missing(people, {})] == ["Ada Lovelace"]
    german = roster.load(place("Nachname;E-Mail\r\nMüller;m@example.org\r\n", "cp1252"))
    assert german.people[0].known_as >= {"müller", "m@example.org"}
    with pytest.raises(InputError, match="names nobody"):
        roster.load(place("a,b\n1,2\n"))


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Wednesday, 10 June 2026, 2:14 PM", (2026, 6, 10, 14, 14)),
        ("Wednesday, September 23, 2020, 12:00 AM", (2020, 9, 23, 0, 0)),
        ("Mittwoch, 4. März 2026, 12:00", (2026, 3, 4, 12, 0)),
        ("mardi 3 février 2026, 13:05", (2026, 2, 3, 13, 5)),
        ("martes, 10 de junio de 2026, 14:14", (2026, 6, 10, 14, 14)),
        ("-", None),
        ("Wednesday, 45 June 2026, 2:14 PM", None),
    ],
)
def test_times_are_read_in_the_languages_of_platforms(text, when):
    assert lateness.from_text(text) == (when and datetime(*when))


def test_days_late_count_each_day_that_has_begun():
    due = lateness.deadline("2027-03-01T23:59+01:00")
    for when, days in (("2027-03-01T22:59+00:00", 0), ("2027-03-01T23:00+00:00", 1), ("2027-03-03T12:00+01:00", 2)):
        assert lateness.days(handin("a", when=datetime.fromisoformat(when)), due) == days
    assert lateness.days(handin("a", late=True), due) == "late" and lateness.days(handin("a"), due) == ""
    assert (lateness.deadline("2027-03-01") - lateness.deadline("2027-03-01T00:00")).days == 1
    with pytest.raises(InputError, match="--deadline 'tomorrow' is no time"):
        lateness.deadline("tomorrow")


def test_what_looks_like_a_formula_is_none():
    for text in ("=1+1", "+x", "-x", "@x", "\tx"):
        assert sheets.harmless(text) == f"'{text}" and sheets.meant(sheets.harmless(text)) == text
    assert sheets.harmless("ada") == "ada" and sheets.meant("'twas") == "'twas"


def test_no_cell_of_an_import_is_empty_that_would_clear_something(place, tmp_path):
    """Whoever has no grade is in no row: neither those who are excused, nor those with a grade of before."""
    people = roster.load(place(CANVAS))
    path, notes = imports.write(people, 6, SMALL, {}, tmp_path, of_class.Wanted())
    assert [row[0] for row in rows_of(path)] == ["Student", "    Points Possible"] and not notes
