"""What pages tell, number by number: the class at a glance, a student's points, answers beside their marks."""

import re
from types import SimpleNamespace

import pytest

from course.manifest import Question, Task
from course.results import feedback, html, marking, overview, sentences, similar_page, similarity, table
from course.results.handin import Handin


def part(kind, id, points):
    return kind(id, f"title {id}", points, (), (), "") if kind is Task else kind(id, f"title {id}", points, "Q?", "R.")


MANIFEST = SimpleNamespace(
    id="T", title="Trees", points=100, tasks=(part(Task, "T.1", 40), part(Task, "T.2", 35)),
    questions=(part(Question, "T.Q1", 15), part(Question, "T.Q2", 10)),
)  # fmt: skip


def entry(task, score, most, output, visible=False, name="f"):
    return {
        "name": f"{task} title {task}: {name} ({'visible' if visible else 'hidden'} tests)", "number": task,
        "score": score, "max_score": most, "status": "passed" if output == "All right." else "failed",
        "visibility": "visible" if visible else "after_published", "output": output,
    }  # fmt: skip


NAMED = "With B = 3:\nh is off.\nh, c: it looks as if the gate is missing (Eq. 2)."
RESULTS = {
    "tests": [
        entry("T.1", 0, 0, NAMED, visible=True), entry("T.1", 12.5, 40, NAMED),
        entry("T.2", 0, 0, "All right.", visible=True), entry("T.2", 35, 35, "All right."),
    ],
    "extra_data": {"notes": []},
}  # fmt: skip


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<style>.*</style>|<[^>]+>", " ", page, flags=re.S)).replace("&#10007;", "no")


# --- histograms -------------------------------------------------------------------------------------------------------


def bars(figure):
    """The label under each bar, the number above it, its height."""
    found = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', figure)
    labels = re.findall(r'y="116" text-anchor="middle">([^<]+)<', figure)
    counts = re.findall(r'y="(?!116)[\d.]+" text-anchor="middle">(\d+)<', figure)
    return [tuple(map(float, bar)) for bar in found], labels, list(map(int, counts))


def test_a_histogram_counts_each_part_of_the_points_and_full_points_apart():
    figure = html.histogram("T.1 & more", [0, 3.9, 4, 20, 39.99, 40, 40, 40], 40)
    drawn, labels, counts = bars(figure)
    assert labels == ["0", "4", "8", "12", "16", "20", "24", "28", "32", "36", "40"]
    assert counts == [2, 1, 1, 1, 3]  # of the bars that are not empty: 0, 4, 20, 36 and 40
    heights = [height for *_, height in drawn]
    assert heights == pytest.approx([57.3, 28.7, 0, 0, 0, 28.7, 0, 0, 0, 28.7, 86], abs=0.06)
    assert [y + height for _, y, _, height in drawn] == pytest.approx([102] * 11, abs=0.11)
    assert [x for x, *_ in drawn] == pytest.approx([n * 420 / 11 + 1 for n in range(11)], abs=0.06)
    assert "8 results, mean 23.5, median 40.0 of 40" in figure
    assert "T.1 &amp; more: histogram of 8 results" in figure
    assert "0 results, mean 0.0, median 0.0 of 40" in html.histogram("nobody", [], 40)


def test_a_histogram_of_more_than_there_is_and_of_less_than_nothing():
    assert bars(html.histogram("x", [-3, 50, 10], 10, bins=2))[1:] == (["0", "5", "10"], [1, 2])
    assert "3 results, mean 19.0, median 10.0 of 10" in html.histogram("x", [-3, 50, 10], 10)


def test_tables_escape_all_but_what_was_made_here():
    made = html.table(("a<", "b"), [("<i>", 2), (html.Raw("<b>x</b>"), "&")], numbers=(1,))
    assert made == (
        "<div class=wide><table><thead><tr><th>a&lt;</th><th class=n>b</th></tr></thead><tbody>"
        "<tr><td>&lt;i&gt;</td><td class=n>2</td></tr><tr><td><b>x</b></td><td class=n>&amp;</td></tr></tbody></table>"
        "</div>"
    )
    assert "<thead>" not in html.table((), [("a",)])
    assert html.escaped("a\x00\x1b\x7f\ud800é\n\t\"'") == "a����é\n\t&quot;&#x27;"


# --- the class --------------------------------------------------------------------------------------------------------


def row(student, results=RESULTS, marks=None, **more):
    return table.row(MANIFEST, student, results, marks, **more)


def test_the_class_at_a_glance(monkeypatch):
    rows = [
        row("ada", marks={"T.Q1": 15, "T.Q2": 10}, name="Ada", submitted="noon", late=0),
        row("bob", marks={"T.Q1": 5}, submitted="night", late=2),
        row("cyd", late="late"),
        row("dan", None) | {"remark": "handed in nothing"},
    ]
    drawn = []
    monkeypatch.setattr(html, "histogram", lambda title, values, most: drawn.append((title, values, most)) or "")
    results = {"ada": RESULTS, "bob": RESULTS, "cyd": {"tests": RESULTS["tests"][2:]}}
    change = {"student": "ada", "task": "T.1", "before": 3.5, "after": 12.5, "why": "a reason", "when": "then"}
    page = overview.page(MANIFEST, rows, results, ["a note"], [change, change | {"after": 3.5}])
    assert drawn == [
        ("T.1 title T.1", [12.5] * 3, 40), ("T.2 title T.2", [35] * 3, 35), ("T.Q1 title T.Q1", [15, 5], 15),
        ("T.Q2 title T.Q2", [10], 10), ("All together", [72.5], 100),
    ]  # fmt: skip
    text = text_of(page)
    assert "T Trees: the class 3 have handed in, 1 have not, 2 were late." in text
    assert "T.1 the gate is missing 2" in text and "What did not fit a note" in text and "Handed in nothing dan" in text
    assert "Late bob 2 days night cyd late days" in text
    assert "ada T.1 3.5 → 12.5 a reason then ada T.1 3.5, other sentences a reason then" in text


def test_mistakes_are_counted_once_for_each_student_the_most_frequent_first():
    twice = {"tests": [entry("T.1", 0, 9, NAMED), entry("T.1", 0, 9, NAMED, visible=True)]}
    other = {"tests": [entry("T.2", 0, 9, "x: it looks as if a sign is wrong.\ny: it looks as if a sum is a mean.")]}
    assert overview.mistakes({"a": twice, "b": twice, "c": other, "d": {"tests": []}}) == [
        ("T.1", "the gate is missing", 2), ("T.2", "a sign is wrong", 1), ("T.2", "a sum is a mean", 1),
    ]  # fmt: skip


def test_long_lists_are_cut_and_changes_are_not():
    assert overview.MOST == 30
    rows = [row(f"s{n:02}", None) | {"remark": "handed in nothing"} for n in range(32)]
    change = {"student": "ada", "task": "T.1", "before": 1, "after": 2, "why": "w", "when": "t"}
    page = overview.page(MANIFEST, rows, {}, [], [change] * 32)
    assert "s29" in page and "s30" not in page and page.count("and 2 more") == 1 and page.count("1 → 2") == 32
    page = overview.page(MANIFEST, rows[:30], {}, [], [])
    assert "s29" in page and "more</p>" not in page


# --- a student --------------------------------------------------------------------------------------------------------


def test_a_students_page_tells_points_and_what_is_wrong_first():
    cells = row("ada", marks={"T.Q1": 15, "T.Q2": None, "adjustment": -2.5, "comment": "Well done & so on"},
                name="Ada", submitted="2027-03-01 12:00+00:00", late=2)  # fmt: skip
    page = feedback.page(MANIFEST, cells, RESULTS)
    text = text_of(page)
    assert "T Trees Ada 47.5 points for the code; the written part is not marked yet" in text
    assert "Handed in 2027-03-01 12:00+00:00, 2 days late." in text and "Comment Well done &amp; so on" in text
    assert "T.1 title T.1 12.5 40 T.2 title T.2 35 35 T.Q1 title T.Q1 15 15 T.Q2 title T.Q2 &ndash; 10" in text
    assert "adjustment -2.5" in text and "f (hidden tests): no not right , 12.5 of 40 points" in text
    assert "<p><b>h, c: it looks as if the gate is missing (Eq. 2).</b></p>" in page
    assert page.count("<details>") == 1 and page.index("f (visible tests)") < page.index("<details>")  # hidden ones
    assert "f (hidden tests): <span class=good>&#10003; passed</span>, 35 of 35 points</h3>" in page
    done = row("ada", marks={"T.Q1": 15, "T.Q2": 10}, submitted="now", late=0)
    assert "72.5 of 100 points" in feedback.page(MANIFEST, done, RESULTS)
    assert "Handed in now." in feedback.page(MANIFEST, done, RESULTS)
    assert "Handed in late." in feedback.page(MANIFEST, row("ada", late="late"), RESULTS)
    assert "Nothing was handed in." in feedback.page(MANIFEST, row("ada", None), None)


def test_what_is_wrong_in_hidden_tests_alone_is_not_folded():
    results = {"tests": [entry("T.1", 0, 0, "All right.", visible=True), entry("T.1", 0, 40, "it is off.")],
               "extra_data": {"notes": []}}  # fmt: skip
    page = feedback.page(MANIFEST, row("ada", results), results)
    assert "<details>" not in page and "<div class=said>it is off.</div>" in page


def test_one_line_for_the_platform():
    cells = row("ada", marks={"T.Q1": 15, "adjustment": -2, "comment": "Good."})
    assert feedback.summary(MANIFEST, cells) == "T: T.1 12.5 of 40, T.2 35 of 35, T.Q1 15 of 15, adjustment -2. Good."
    assert feedback.summary(MANIFEST, row("ada")) == "T: T.1 12.5 of 40, T.2 35 of 35."


def test_what_went_wrong_first_in_one_line():
    assert sentences.LONGEST == 200
    assert sentences.remark(RESULTS) == "T.1: it looks as if the gate is missing"
    assert sentences.remark({"tests": RESULTS["tests"][2:]}) == ""
    plain = {"tests": [RESULTS["tests"][2], entry("T.2", 0, 1, "With B = 3:\n  it   is off.")]}
    assert sentences.remark(plain) == "T.2: With B = 3: it is off."
    assert sentences.remark({"tests": [entry("T.1", 0, 1, "x" * 300)]}) == f"T.1: {'x' * 195}"
    assert sentences.mistakes(NAMED) == ["the gate is missing"]
    assert sentences.split(NAMED) == (
        ["h, c: it looks as if the gate is missing (Eq. 2)."], ["With B = 3:", "h is off."],
    )  # fmt: skip
    assert sentences.of_results(RESULTS) == {("T.1", "the gate is missing")}


# --- answers ----------------------------------------------------------------------------------------------------------


def test_answers_stand_beside_the_rubric_the_code_and_the_mark(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "answers.md").write_text("## T.Q1 x\n\n**Answer:**\n\nFirst.\n\n## T.Q2 y\n\n**Answer:**\n")
    (tmp_path / "bob.pdf").write_bytes(b"%PDF")
    handins = [
        Handin("ada", (tmp_path / "ada",), names=("ada",)),
        Handin("bob", (tmp_path / "bob.pdf",), names=("bob.pdf",)),
    ]
    rows = {"ada": row("ada", marks={"T.Q1": 7.5}, name="Ada"), "bob": row("bob")}
    page = marking.page(MANIFEST, handins, rows, {})
    text = text_of(page)
    assert "T.Q1 title T.Q1 (15 points)" in text and "T.Q2 title T.Q2 (10 points)" in text
    assert page.count("<div class=said>R.</div>") == 2 and page.count("<div class=said>Q?</div>") == 2
    first, second = text.split("T.Q2 title T.Q2 (10 points)")
    assert "Ada: 7.5 of 15 T.1 12.5 of 40, T.2 35 of 35. T.1: it looks as if the gate is missing First." in first
    assert "Ada: not marked yet" in second and "(no answer)" in second and "First." not in second
    assert "bob: not marked yet" in first and "bob.pdf cannot be read" in first
    assert f'href="{(tmp_path / "bob.pdf").resolve().as_uri()}">bob.pdf</a>' in page


# --- what resembles what ----------------------------------------------------------------------------------------------


def test_a_pair_stands_side_by_side_with_what_both_have_done():
    ada, bob = similarity.Written("ada", "", "abc<def>ghi"), similarity.Written("bob", "2026", "xx abc")
    sol = similarity.Written(similarity.SOLUTION, similarity.SOLUTION, "abc")
    pairs = [similarity.Pair(ada, bob, 0.876, ([(0, 3), (2, 5), (8, 99)], [(3, 6)])),
             similarity.Pair(ada, sol, 0.7654, ([], []))]  # fmt: skip
    both = {"T.1": (12.5, ["one", "two"])}
    diagnoses = {("", "ada"): both, ("2026", "bob"): {"T.1": (3, ["two", "two"]), "T.2": (4, [])}}
    page = similar_page.page(MANIFEST, pairs, diagnoses, ["too little"], 0.7, 9)
    assert "9 texts, the public solution among them" in page and "these 2 pairs reach 0.7." in page
    assert "<pre><mark>abc</mark><mark>&lt;d</mark>ef&gt;<mark>ghi</mark></pre>" in page
    assert "<pre>xx <mark>abc</mark></pre>" in page and "<h3>bob (2026)</h3>" in page
    assert "T.1: 12.5 points; one; <b>two</b>" in page and "T.1: 3 points; <b>two</b><br>T.2: 4 points" in page
    assert "<td>ada</td><td>bob (2026)</td><td><b>T.1: two</b></td>" in page
    assert f"<td>{similarity.SOLUTION}</td><td></td>" in page and "<a href='#pair-0'>0.88</a>" in page
    assert "<h2 id=pair-1>ada and (the public solution): 0.77</h2>" in page
    assert similar_page.SIDE_BY_SIDE == 60 and similar_page.LISTED == 500


def test_of_very_many_pairs_some_are_listed_and_fewer_side_by_side(monkeypatch):
    one = similarity.Written("ada", "", "abc")
    pairs = [similarity.Pair(one, similarity.Written(f"b{n}", "", "abc"), 1 - n / 100, ([], [])) for n in range(5)]
    monkeypatch.setattr(similar_page, "LISTED", 4)
    monkeypatch.setattr(similar_page, "SIDE_BY_SIDE", 2)
    page = similar_page.page(MANIFEST, pairs, {}, [], 0.5, 6)
    assert page.count("<h2 id=pair-") == 2 == page.count("href='#pair-") and "<td>b3</td>" in page
    assert "<td>b4</td>" not in page and "and 1 more, with lower scores" in page
