"""Which attempt at a task counts: the best, and of two that are as good the first."""

from types import SimpleNamespace

import pytest

from course.grading import attempt, fence
from course.manifest import ROOT, load

A1 = load("A1")
OPS, CELL = A1.files
TEXTS = {OPS: "x = 1\n", CELL: "y = 2\n", "my_helpers.py": "z = 3\n"}


class Tried:
    """What an attempt gave: which part is right, and of what sources it was made."""

    def __init__(self, right, answers=None, missing=()):
        self.right, self.answers = right, answers or [fence.Answer({})]
        self.missing = dict.fromkeys(missing, "why")


@pytest.fixture
def tried(monkeypatch):
    """`attempt.best` on attempts that are given; what each was made of."""

    def best(*attempts, task="A1.3", texts=TEXTS):
        made, waiting = [], list(attempts)

        def spliced(manifest, texts, names, blanks):
            made.append(("spliced", tuple(name.rpartition(".")[2] for name in names), blanks))
            return {}, {}

        def whole(manifest, texts):
            made.append("whole")
            return {}, {}

        def run(prepared, helpers, task, tests, limits):
            assert helpers == {"my_helpers.py": "z = 3\n"} and (tests, limits) == ("tests", "limits")
            return waiting.pop(0)

        monkeypatch.setattr(attempt, "_spliced", spliced)
        monkeypatch.setattr(attempt, "_whole", whole)
        monkeypatch.setattr(attempt, "_run", run)
        monkeypatch.setattr(attempt, "_tests", lambda task, seed: "tests" if seed == 7 else None)
        found = attempt.best(A1, A1.task(task), texts, 7, "limits")
        return attempts.index(found), made

    return best


ALONE = ("spliced", ("step_backward",), ["A1.3"])
OF_THE_FILE = ("spliced", ("step_forward", "step_backward"), ["A1.3"])
APART = ("spliced", ("step_backward", "sigmoid_backward", "tanh_backward", "step_forward"), None)


def test_who_has_all_right_is_tried_once(tried):
    assert tried(Tried(1)) == (0, [ALONE])


def test_then_with_the_students_own_functions_of_the_file_then_as_it_was_handed_in(tried):
    assert tried(Tried(0.5), Tried(1)) == (1, [ALONE, OF_THE_FILE])
    assert tried(Tried(0.5), Tried(0.6), Tried(0.7)) == (2, [ALONE, OF_THE_FILE, "whole"])


def test_an_attempt_that_is_as_good_changes_nothing(tried):
    assert tried(Tried(0.5), Tried(0.5), Tried(0.5))[0] == 0
    assert tried(Tried(0.5), Tried(0.6), Tried(0.6))[0] == 1
    assert tried(Tried(0.5), Tried(0.4), Tried(0.45))[0] == 0


def test_files_that_cannot_be_imported_are_taken_apart(tried):
    stops = [fence.Answer(None, "ImportError"), fence.Answer(None, "ImportError")]
    found = tried(Tried(0.5), Tried(0.5), Tried(0, stops), Tried(0.75))
    assert found == (3, [ALONE, OF_THE_FILE, "whole", APART])


def test_a_blank_and_what_has_ended_are_not_tried_again(tried):
    assert tried(Tried(0.5, [fence.Answer(None, "step_backward is still blank")])) == (0, [ALONE])
    assert tried(Tried(0, [fence.Answer({}), fence.Answer(None, "it never ends", ended=True)])) == (0, [ALONE])
    blank = [fence.Answer(None, "step_backward is still blank")]
    assert tried(Tried(0, blank, ["step_backward"]), Tried(0), Tried(1)) == (2, [ALONE, OF_THE_FILE, "whole"])


def test_a_task_that_is_alone_in_its_file_is_not_tried_with_others(tried):
    functions = ("sigmoid_backward", "tanh_backward")
    assert tried(Tried(0.5), Tried(0.4), task="A1.1")[1] == [("spliced", functions, ["A1.1"]), "whole"]


def test_where_nothing_parses_there_is_no_whole(monkeypatch):
    assert attempt._whole(A1, {OPS: "def f(:\n", CELL: "x = 1\n"}) is None
    sources, missing = attempt._whole(A1, {OPS: "x = 1\n", CELL: "y = 2\n", "other.py": "z"})
    assert (sources[OPS], sources[CELL], missing) == ("x = 1\n", "y = 2\n", {}) and "other.py" not in sources


def test_functions_come_from_the_files_that_were_handed_in_and_no_other_file_changes():
    theirs = {file: (ROOT / file).read_text("utf-8") for file in (OPS, CELL)}
    theirs = {file: f"from __future__ import annotations\n{text}\nMINE = 7\n" for file, text in theirs.items()}
    clean = dict(attempt._clean(A1, ["A1.3"]))
    step = "gca_scratch.network.cell.step_backward"
    sources, missing = attempt._spliced(A1, theirs, (step,), ["A1.3"])
    assert missing == {} and sources[OPS] == clean[OPS] and sources[CELL] != clean[CELL]
    sources, missing = attempt._spliced(A1, {CELL: theirs[CELL]}, tuple(A1.functions), None)  # OPS was not handed in
    assert missing == {} and sources[OPS] == attempt._clean(A1, None)[OPS] and "step_backward" in sources[CELL]


# --- tests and answers ------------------------------------------------------------------------------------------------


def test_a_task_has_two_visible_and_two_hidden_tests_of_each_driver():
    for task in (A1.task("A1.1"), A1.task("A1.3")):
        tests = attempt._tests(task, 3)
        assert [(driver.name, kind) for driver, kind, _, _ in tests] == [
            (name, kind) for name in task.drivers for kind in ("visible", "visible", "hidden", "hidden")
        ]
        for driver, kind, inputs, right in tests:
            given = attempt.visible(driver) if kind == "visible" else attempt.hidden(driver, 3)
            assert any(all((inputs[name] == one[name]).all() if hasattr(one[name], "all") else inputs[name] == one[name]
                           for name in one) for one in given if one["B"] == inputs["B"])  # fmt: skip
            assert right.keys() == driver.what.keys()


def an_attempt(*answers):
    driver = SimpleNamespace(name="d", flags={}, weights={"a": 3}, what={"a": "a", "b": "b"}, axes={}, law=None,
                             backward=False)  # fmt: skip
    right = {"a": 1.0, "b": 2.0}
    kinds = ("visible", "visible", "hidden", "hidden")
    tests = [(driver, kind, {"B": n}, right) for n, kind in enumerate(kinds)]
    return attempt.Attempt(tests, list(answers), "", {})


def test_an_attempt_is_as_right_as_its_tests_on_average():
    whole, half, none = (
        fence.Answer({"a": 1.0, "b": 2.0}),
        fence.Answer({"a": 1.0, "b": 9.0}),
        fence.Answer(None, "why"),
    )
    tried = an_attempt(whole, half, none, whole)
    assert [tried.share(n) for n in range(4)] == [1, 0.75, 0, 1] and tried.right == pytest.approx(2.75 / 4)
    assert tried.verdicts(2) == {"a": "why", "b": "why"} and tried.verdicts(0) == {"a": "", "b": ""}
    assert tried.of("visible") == {"d": [{"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 9.0}]}
    assert tried.of("hidden") == {"d": ["why", {"a": 1.0, "b": 2.0}]}


def test_where_a_child_dies_other_drivers_go_to_another(monkeypatch):
    asked = []

    def run(build, tests, limits):
        asked.append(list(tests))
        dead = next((n for n, (name, _) in enumerate(tests) if name == "kills"), None)
        answers = [fence.Answer({"of": test}) for test in tests]
        if dead is not None:
            answers[dead:] = [fence.Answer(None, "it ended", ended=True)] * (len(tests) - dead)
        return answers, f"said {len(asked)}"

    monkeypatch.setattr(fence, "run", run)
    tests = [("a", 1), ("kills", 2), ("kills", 3), ("b", 4), ("c", 5)]
    answers, said = attempt._answers("build", tests, "limits")
    assert asked == [tests, [("b", 4), ("c", 5)]] and said == "said 1"
    assert [answer.outputs for answer in answers] == [{"of": ("a", 1)}, None, None, {"of": ("b", 4)}, {"of": ("c", 5)}]
    asked.clear()
    assert len(attempt._answers("build", tests[:1], "limits")[0]) == 1 and len(asked) == 1
