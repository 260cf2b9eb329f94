"""Copies are told from independent work; the same hand-ins give the same page; nothing is claimed."""

import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from course.grading import grade
from course.manifest import ROOT, load
from course.results import of_class, similar_page, similarity
from tests.course.test_grading import BUGS, PATIENT
from tests.helpers.versions_of_a1 import CELLS, OPS

pytest.importorskip("copydetect")
A1 = load("A1")
FILES = ("gca_scratch/network/ops.py", "gca_scratch/network/cell.py")


def version(folder, n, change=lambda text: text):
    """One of the independent versions, changed."""
    for file, text in zip(FILES, (OPS[n], CELLS[n]), strict=True):
        place = folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(change("import numpy as np\n" + text if file == FILES[0] else text))
    return folder


def disguised(text):
    """A copy as people make them: other names, other comments, other order of functions, other spacing."""
    for old, new in (("gates", "doors"), ("total", "summe"), ("squashed", "tc"), ("neighbours", "nb"), ("slope", "s"),
                     ("candidate", "cand"), ("incoming", "grads")):  # fmt: skip
        text = re.sub(rf"\b{old}\b", new, text)
    head, *functions = re.split(r"\n(?=def )", text)
    functions = [function.replace(":\n", ':\n    """I wrote this."""\n', 1) for function in functions]
    return "\n\n\n".join([head, *functions[::-1]]).replace(" = ", "  =  ").replace("return", "# so:\n    return")


@pytest.fixture
def hand_ins(tmp_path):
    """Three who worked alone, one who copied, one who handed in the public solution, one who handed in nothing new."""
    folder = tmp_path / "class"
    for n, name in enumerate(("ada", "bob", "cyd")):
        version(folder / name, n)
    version(folder / "dan", 1, disguised)
    for file in FILES:
        place = folder / "eve" / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text((ROOT / file).read_text())
    version(folder / "fay", 0, lambda text: text.partition("def ")[0])
    return folder


def test_the_independent_versions_are_right(tmp_path):
    for n in range(3):
        results = grade.grade(version(tmp_path / str(n), n), A1, "ada", PATIENT)
        assert sum(test["score"] for test in results["tests"]) == 80, grade.summary(A1, results)


def test_copies_are_found_and_independent_work_is_not(hand_ins, tmp_path):
    found = similar_page.write(hand_ins, A1, tmp_path / "similar.html", least=0.01)
    scores = {frozenset((pair.first.student, pair.second.student)): pair.score for pair in found}
    copies = [{"bob", "dan"}, {"eve", similarity.SOLUTION}]
    assert all(scores.pop(frozenset(pair)) > 0.9 for pair in copies)
    assert scores and max(scores.values()) < 0.65, scores
    page = (tmp_path / "similar.html").read_text("utf-8")
    assert "never a verdict" in page and "too little to compare: fay" in page and "<mark>" in page


def test_what_was_handed_out_is_not_compared(hand_ins):
    texts = {file: (hand_ins / "eve" / file).read_text() for file in FILES}
    text = similarity.written(texts, A1)
    asked = {name.rpartition(".")[2] for name in A1.functions}
    assert set(re.findall(r"^# (\w+)$", text, re.M)) == asked and "def " not in text and '"""' not in text
    blank = {
        file: re.sub(r"^    return .*$", "    raise NotImplementedError('x')", OPS[0], flags=re.M) for file in FILES[:1]
    }
    assert similarity.written(blank, A1) == ""
    assert "slice(k * width" in similarity.written({FILES[1]: CELLS[2]}, A1)  # a helper is the student's own


@pytest.mark.parametrize(
    "text",
    [
        f"def sigmoid_backward(dy, y): return {'+'.join(500 * 'y')}\n",
        f"def sigmoid_backward(dy, y):\n    raise {'+'.join(500 * 'y')}\n",
        "def sigmoid_backward(dy, y): 'é'; return 1\n\x00",
        f"def sigmoid_backward(dy, y):\n    return {90 * '('}y{90 * ')'}\n" + "x(" * 3000,
        "class sigmoid_backward: pass\nsigmoid_backward = 1\n",
    ],
)
def test_any_text_can_be_compared(text, hand_ins):
    (hand_ins / "gil").mkdir()
    (hand_ins / "gil" / "ops.py").write_text(text)
    authors = [similarity.Written("gil", "", similarity.written({FILES[0]: text}, A1)), similarity.solution(A1)]
    assert similarity.pairs(authors, 0.01) == [] or "y+y" in authors[0].text


def test_the_same_hand_ins_give_the_same_page_whatever_python_hashes(hand_ins, tmp_path):
    pages = []
    for seed in ("1", "2"):
        out = tmp_path / f"{seed}.html"
        line = [
            sys.executable,
            "-m",
            "course",
            "similar",
            hand_ins,
            "--assignment",
            "A1",
            "--out",
            out,
            "--least",
            "0.3",
        ]
        subprocess.run(line, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True)
        pages.append(out.read_bytes())
    assert pages[0] == pages[1]


def test_other_years_are_compared_with_the_class_alone(hand_ins, tmp_path):
    for name in ("old", "older"):
        version(tmp_path / "2026" / name, 0)
    found = similar_page.write(hand_ins, A1, tmp_path / "similar.html", [tmp_path / "2026"])
    pairs = {frozenset((pair.first.student, pair.second.student)) for pair in found}
    assert {frozenset(("ada", "old")), frozenset(("ada", "older"))} < pairs
    assert frozenset(("old", "older")) not in pairs


def test_a_mistake_that_two_have_made_stands_beside_the_pair(tmp_path):
    folder = tmp_path / "class"
    for name in ("ada", "bob"):
        for file in FILES:
            text = (ROOT / file).read_text()
            place = folder / name / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(BUGS["carry-dropped"].apply(text) if file == FILES[1] else text)
    of_class.write(folder, A1, tmp_path / "grades.csv", limits=PATIENT)
    similar_page.write(folder, A1, tmp_path / "similar.html", grades=tmp_path / "grades.csv")
    page = (tmp_path / "similar.html").read_text("utf-8")
    assert f"<b>A1.3: {BUGS['carry-dropped'].sentence}".replace("'", "&#x27;") in page


def test_somebody_of_the_same_name_in_another_year_is_somebody_else(tmp_path, monkeypatch):
    """What the grader has found is of this class, whatever people were called before."""
    for place in ("class", "2026"):
        version(tmp_path / place / "ada", 0)
        version(tmp_path / place / "bob", 0)
    found = {"A1.3": (7.5, ["a carry is forgotten"])}
    monkeypatch.setattr(similar_page.grade_all, "stored", lambda path: {"tests": [
        {"number": "A1.3", "score": 7.5, "output": "c: it looks as if a carry is forgotten (Eq. 2)."},
    ]})  # fmt: skip
    pages, written = [], similar_page.page
    monkeypatch.setattr(similar_page, "page", lambda *given: pages.append(given) or written(*given))
    pairs = similar_page.write(tmp_path / "class", A1, tmp_path / "s.html", [tmp_path / "2026"], tmp_path / "g.csv")
    _, _, diagnoses, *_ = pages[0]
    assert diagnoses["", "ada"] == diagnoses["", "bob"] == found and diagnoses[str(tmp_path / "2026"), "ada"] == {}
    alike = [(pair.first.group, pair.second.group) for pair in pairs]
    assert ("", "") in alike and ("", str(tmp_path / "2026")) in alike
    text = (tmp_path / "s.html").read_text("utf-8")
    assert text.count("<b>A1.3: a carry is forgotten</b>") == alike.count(("", ""))  # a mistake of both


@pytest.mark.parametrize(
    ("scores", "found"), [((0.9, 0.5), []), ((0.5, 0.9), []), ((0.81234, 0.95), [0.8123]), ((0.75, 0.75), [0.75])]
)
def test_of_two_scores_the_lower_one_counts(scores, found, monkeypatch):
    """Of a long text that holds a short one nearly all of the short one is alike, and little of the long one."""
    monkeypatch.setattr(similarity, "fingerprint", lambda author: SimpleNamespace(filtered_code="x" * similarity.LEAST))
    library = SimpleNamespace(compare_files=lambda one, other: (0, scores, ([[1], [2]], [])))
    monkeypatch.setattr(similarity, "_library", lambda: library)
    authors = [similarity.Written(name, "", "") for name in ("ada", "bob")]
    pairs = similarity.pairs(authors, 0.75)
    assert [pair.score for pair in pairs] == found and all(pair.places == ([(1, 2)], []) for pair in pairs)
