"""Two runs compared: exact numbers of small examples, an interval that others have published, and what is refused."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.runs.compare import Difference, compare, described, difference, predictions_from
from gca_scratch.runs.folds import run_all_folds
from gca_scratch.runs.predictions import Predictions, write
from gca_scratch.support.errors import InputError
from tests.helpers.people import FACING, people, with_opinions

DATA = people()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def outcomes(both, only_a, only_b, neither):
    a = np.repeat([True, True, False, False], [both, only_a, only_b, neither])
    b = np.repeat([True, False, True, False], [both, only_a, only_b, neither])
    order = np.random.default_rng(0).permutation(len(a))
    return a[order], b[order]


def test_the_interval_of_a_known_example():
    """Airways of 21 children before and after a transplantation (Bentur et al., 2009), in a table of 1, 1, 7 and 12.

    It is the example of Fagerland, Lydersen and Laake (2014). By hand: 2 / 23 less 8 / 23 is -0.26087; the root of
    (0.43478 - 0.06805) / 23 is 0.12627, and 1.96 times that 0.24749.
    """
    found = difference(*outcomes(1, 7, 1, 12))
    assert (found.n, found.only_a, found.only_b) == (21, 7, 1)
    assert found.difference == pytest.approx(-6 / 21)
    assert (round(found.low, 3), round(found.high, 3)) == (-0.508, -0.013)


def test_the_numbers_of_a_small_example():
    found = difference(*outcomes(5, 1, 3, 1))
    p, q = 4 / 12, 2 / 12  # of ten sequences and two more, three and one and one more
    half = 1.959964 * math.sqrt((p + q - (p - q) ** 2) / 12)
    assert found[:4] == (10, 0.6, 0.8, pytest.approx(0.2)) and found[6:] == (1, 3)
    assert (found.low, found.high) == (pytest.approx(1 / 6 - half), pytest.approx(1 / 6 + half))


def test_the_interval_holds_the_difference_and_lies_between_minus_1_and_1():
    for n in (1, 2, 3, 10, 40):
        for only_a in range(n + 1):
            for only_b in range(n + 1 - only_a):
                found = difference(*outcomes(n - only_a - only_b, only_a, only_b, 0))
                assert -1 <= found.low <= found.difference <= found.high <= 1
                other = difference(*outcomes(0, only_b, only_a, n - only_a - only_b))  # the two exchanged
                assert (other.low, other.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


# --- tables -----------------------------------------------------------------------------------------------------------


def table(path, answers, truth="wwwwsss", names=("sit", "walk"), called=None):
    """A table of sequences n0, n1 ... : truth and answers by first letters."""
    place = {name[0]: k for k, name in enumerate(names)}
    p = np.full((len(answers), len(names)), 0.1)
    p[np.arange(len(answers)), [place[letter] for letter in answers]] = 0.9
    called = called or [f"n{n}" for n in range(len(answers))]
    write(path, Predictions(called, np.array([place[letter] for letter in truth]), p, list(names)))
    return path


def test_tables_class_by_class():
    table("a.csv", "wwwssss")  # 3 of 4, 3 of 3
    table("b.csv", "wwwwwws")  # 4 of 4, 1 of 3
    found = compare("a.csv", "b.csv")
    assert found.overall[:4] == (7, pytest.approx(6 / 7), pytest.approx(5 / 7), pytest.approx(-1 / 7))
    assert found.overall[6:] == (2, 1)
    assert set(found.per_class) == {"sit", "walk"}
    assert found.per_class["walk"][:4] == (4, 0.75, 1.0, 0.25) and found.per_class["walk"][6:] == (0, 1)
    assert found.per_class["sit"][:4] == (3, 1.0, pytest.approx(1 / 3), pytest.approx(-2 / 3))
    assert found.per_class["sit"][6:] == (2, 0)


def test_sequences_and_classes_in_another_order_are_paired_by_name():
    table("a.csv", "wwwssss")
    table("b.csv", "swwwwww", truth="ssswwww", called=["n4", "n5", "n6", "n0", "n1", "n2", "n3"])
    found = compare("a.csv", "b.csv")
    table("c.csv", "wwwwsww", names=("walk", "sit"))
    assert compare("a.csv", "c.csv") == found
    assert found.per_class["sit"].only_a == 2 and found.per_class["walk"].only_b == 1


def test_a_class_of_which_one_gets_nothing_right_stays():
    table("a.csv", "sssssss")
    table("b.csv", "wwwwwww")
    for one, other, sign in (("a.csv", "b.csv", 1), ("b.csv", "a.csv", -1)):
        found = compare(one, other).per_class
        assert [found[name].difference for name in ("sit", "walk")] == [-sign, sign]
        assert [found[name].n for name in ("sit", "walk")] == [3, 4]


def test_a_class_that_is_not_tested_is_left_out():
    table("a.csv", "www", truth="www")
    table("b.csv", "sww", truth="www")
    assert set(compare("a.csv", "b.csv").per_class) == {"walk"}


def refused(a, b, *words):
    with pytest.raises(InputError) as caught:
        compare(a, b)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_what_was_not_tested_alike_is_refused():
    table("a.csv", "wwwssss")
    table("fewer.csv", "wwws", truth="wwww")
    refused("a.csv", "fewer.csv", "not tested on the same sequences (7 and 4; n4 is only in the first)", "compare runs")
    refused("fewer.csv", "a.csv", "not tested on the same sequences (4 and 7)")
    table("other.csv", "wwwssss", called=[f"m{n}" for n in range(7)])
    refused("a.csv", "other.csv", "n0 is only in the first")
    table("truth.csv", "wwwssss", truth="wwwssss")
    refused("a.csv", "truth.csv", "do not agree on the class of n3")
    table("twice.csv", "wwwssss", called=["n0", "n0", "n2", "n3", "n4", "n5", "n6"])
    refused("a.csv", "twice.csv", "two test sequences of one name")
    refused("twice.csv", "a.csv", "two test sequences of one name")
    table("names.csv", "rrrssss", truth="rrrrsss", names=("sit", "run"))
    refused("a.csv", "names.csv", "names.csv does not know the class 'walk' of a.csv")


def test_what_is_no_run_is_refused():
    table("a.csv", "wwwssss")
    refused("a.csv", "nowhere", "there is no run nowhere")
    refused("nowhere.csv", "a.csv", "there is no run nowhere.csv")
    Path("empty").mkdir()
    refused("empty", "a.csv", "there is no checkpoint")
    table("a.json", "wwwssss")
    refused("a.json", "a.csv", "a.json", ".csv")
    Path("notes.txt").write_text("hello")
    refused("notes.txt", "a.csv", "notes.txt")


def test_the_comparison_in_words():
    same = Difference(10, 0.5, 0.5, 0.0, -0.2, 0.2, 1, 1)
    text = described(compare(table("a.csv", "wwwssss"), table("b.csv", "wwwwwws")), "a.csv", "b.csv")
    lines = text.split("\n")
    assert lines[:2] == ["a: a.csv", "b: b.csv"] and "95 %" in lines[3]
    assert lines[5].split()[:5] == ["walk", "4", "75.0%", "100.0%", "+25.0"]
    assert lines[4].split()[:5] == ["sit", "3", "100.0%", "33.3%", "-66.7"] and lines[4].split()[-2:] == ["2", "0"]
    assert lines[6].split()[0] == "all" and lines[-1] == "These 7 sequences do not tell the two apart."
    for only_a, only_b, words in ((20, 0, "a is better"), (0, 20, "b is better"), (3, 3, "do not tell the two apart")):
        found = compare(table("a.csv", "w" * 50, "w" * 50), "a.csv")
        overall = difference(*outcomes(30, only_a, only_b, 0))
        assert words in described(found._replace(overall=overall), "a", "b").split("\n")[-1]
    assert same.low < 0 < same.high


# --- runs -------------------------------------------------------------------------------------------------------------


def test_runs_of_other_weights_and_their_tables_agree(tmp_path):
    for name, seed in (("one", 1), ("two", 3)):
        (tmp_path / name).mkdir()
        with_opinions(tmp_path / name, DATA, seed=seed)
        runs.retest(f"{name}/run", predictions=f"{name}.csv")
    found = compare("one/run", "two/run")
    assert found == compare("one.csv", "two.csv") == compare("one/run/checkpoint.npz", "two.csv")
    assert found.overall.n == 12 and found.overall.a != found.overall.b
    assert found.overall.a == pytest.approx(runs.retest("one/run")["accuracy"])
    assert found.overall.b == pytest.approx(runs.retest("two/run")["accuracy"])
    own = compare("one/run", "one/run").overall
    assert own.difference == 0 and own.low == -own.high


def test_folders_of_all_folds_are_compared_over_all_their_sequences():
    neutral.save("data.npz", DATA)
    source = runs.Source("npz", "data.npz", "loso")
    for name, seed in (("one", 0), ("two", 1)):
        run_all_folds(source, dataclasses.replace(FACING, epochs=1, seed=seed), name, jobs=1, data=DATA)
    found = compare("one", "two").overall
    assert found.n == 24 and predictions_from("one").name == DATA.name.tolist()
    assert found.a == pytest.approx(runs.read_result("one")["accuracy"])
    runs.run(DATA, dataclasses.replace(source, protocol="half"), FACING, "half", show=False)
    refused("one", "half", "not tested on the same sequences (24 and 12")
    assert main(["compare", "one", "two"]) == 0
