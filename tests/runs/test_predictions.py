"""Tables of predictions: what they say, that they read back equal, and what is refused; the threshold of validation."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.runs import checkpoint, predict
from gca_scratch.runs.predictions import Predictions, check_name, joined, read, threshold_from, write
from gca_scratch.support.errors import InputError
from tests.helpers.people import people, rows
from tests.helpers.tiny import TINY

NAMES = ["sit, down", 'say "hi"', "Grüße (leise)", "走る", "p(x)", " padded ", "=1+1", "none of these"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def some(count=5, names=NAMES):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(len(names)), count).astype(np.float32)
    return Predictions(
        [f'a "{n}", b' for n in range(count)], rng.integers(0, len(names), count), p, list(names)
    )  # fmt: skip


# --- the threshold ----------------------------------------------------------------------------------------------------


def test_the_threshold_is_what_99_of_100_right_answers_reach():
    sure = np.array([0.51, 0.52, 0.60, *np.linspace(0.7, 0.99, 197)])  # of 200, 1 % are 2
    p = np.column_stack([sure, 1 - sure])
    truth = np.zeros(200, int)
    order = np.random.default_rng(0).permutation(200)
    assert threshold_from(p[order], truth) == 0.60
    wrong = np.column_stack([np.full(30, 0.45), np.full(30, 0.55)])  # say nothing
    assert threshold_from(np.concatenate([wrong, p]), np.zeros(230, int)) == 0.60
    assert threshold_from(p[:99], truth[:99]) == 0.51 and threshold_from(p[:100], truth[:100]) == 0.52
    assert threshold_from(p, truth, kept=0.9) == sure[20] and threshold_from(p, truth, kept=0.5) == sure[100]
    assert threshold_from(p[5:6], truth[:1]) == sure[5] and threshold_from(wrong, np.zeros(30, int)) == 0


@pytest.mark.parametrize("count", range(1, 130, 7))
def test_at_least_99_of_100_right_answers_are_kept_and_no_more_than_needed(count):
    sure = np.sort(np.random.default_rng(count).uniform(0.5, 1, count))
    threshold = threshold_from(np.column_stack([1 - sure, sure]), np.ones(count, int))
    kept = (sure >= threshold).sum()
    assert 100 * kept >= 99 * count and 100 * (kept - 1) < 99 * count


def test_training_sets_the_threshold_on_people_who_are_held_out():
    data = people()
    neutral.save("data.npz", data)
    runs.run(data, runs.Source("npz", "data.npz"), TINY, "run", show=False)
    known = checkpoint.load("run")[3]["known"]
    [person] = known["validation_subjects"]
    right = [
        float(answer.probabilities.max())
        for answer in predict.predict(predict.load("run"), "data.npz").answers
        if data.subject[answer.sequence] == person and answer.probabilities.argmax() == data.label[answer.sequence]
    ]
    wanted = max((t for t in right if 20 * sum(p >= t for p in right) >= 19 * len(right)), default=0)
    assert right and known["threshold"] == pytest.approx(wanted, abs=1e-6)


# --- tables -----------------------------------------------------------------------------------------------------------


def test_a_table_says_name_truth_answer_and_probabilities():
    found = Predictions(["one", "two"], np.array([1, 0]), np.array([[0.25, 0.75], [0.125, 0.875]]), ["sit", "walk"])
    write("t.csv", found)
    assert Path("t.csv").read_text() == (
        "name,truth,class,probability,p(sit),p(walk)\none,walk,walk,0.75,0.25,0.75\ntwo,sit,walk,0.875,0.125,0.875\n"
    )
    write("t.json", found)
    assert json.loads(Path("t.json").read_text())[1] == {
        "name": "two", "truth": "sit", "class": "walk", "probability": 0.875, "p(sit)": 0.125, "p(walk)": 0.875,
    }  # fmt: skip


def test_csv_and_json_read_back_equal_whatever_the_names():
    wanted = some()
    write("t.csv", wanted)
    write("T.JSON", wanted)
    found = read("t.csv")
    assert (found.name, found.class_names) == (wanted.name, NAMES)
    np.testing.assert_array_equal(found.truth, wanted.truth)
    np.testing.assert_array_equal(found.probabilities.astype(np.float32), wanted.probabilities)
    by_json = json.loads(Path("T.JSON").read_text("utf-8"))
    for row, other in zip(rows("t.csv"), by_json, strict=True):
        assert list(row) == list(other) and [row[key] for key in row] == [str(value) for value in other.values()]


def test_a_table_that_a_spreadsheet_has_saved_is_read():
    write("t.csv", some())
    text = Path("t.csv").read_text("utf-8")
    Path("t.csv").write_text("\ufeff" + text.replace("\n", "\r\n"), "utf-8", newline="")
    assert read("t.csv").class_names == NAMES


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda t: "", "line 1: columns are not"),
        (lambda t: t.replace("truth", "true"), "line 1: columns are not"),
        (lambda t: t.split("\n")[0] + "\n", "holds no prediction"),
        (lambda t: t.replace("0.125,0.875\n", "0.125,much\n"), "line 3"),
        (lambda t: t.replace("0.125,0.875\n", "0.125\n"), "line 3"),
        (lambda t: t.replace("0.125,0.875\n", "0.125,1.5\n"), "line 3"),
        (lambda t: t.replace("0.125,0.875\n", "0.125,nan\n"), "line 3"),
        (lambda t: t.replace("two,sit", "two,fly"), "line 3"),
        (lambda t: t.replace("p(walk)", "p(sit)"), "'sit' twice"),
        (lambda t: t.replace("one,", "o\x1b[2Jne,"), "control character"),
        (lambda t: t + "\0", "t.csv"),
        (lambda t: '"' + t, "t.csv"),
        (lambda t: t + "x" * 200_000, "line 4"),
    ],
)
def test_tables_that_are_none_are_refused_and_the_line_named(edit, words):
    write(
        "t.csv",
        Predictions(["one", "two"], np.array([1, 0]), np.array([[0.25, 0.75], [0.125, 0.875]]), ["sit", "walk"]),
    )
    Path("t.csv").write_text(edit(Path("t.csv").read_text()))
    with pytest.raises(InputError) as caught:
        read("t.csv")
    message = str(caught.value)
    assert "t.csv" in message and words in message and "\n" not in message and "\x1b" not in message, message


def test_what_cannot_be_read_is_refused():
    Path("latin.csv").write_bytes("name,truth,p(Grüße)\n".encode("latin-1"))
    for file in ("latin.csv", "nowhere.csv", "."):
        with pytest.raises(InputError, match="cannot be read"):
            read(file)


@pytest.mark.parametrize("name", ["t.txt", "t", ".csv", "t.csv.gz", "t.xlsx"])
def test_the_name_says_how_a_table_is_written(name):
    with pytest.raises(InputError, match=r"--out '.*' must end in \.csv or \.json"):
        check_name(name, "--out")
    for good in ("t.csv", "T.JSON", "a.b/t.Csv"):
        check_name(good, "--out")


def test_tables_of_folds_are_joined():
    a, b = some(3), some(2)
    both = joined([a, b])
    assert both.name == a.name + b.name and both.truth.tolist() == [*a.truth, *b.truth] and len(both.probabilities) == 5
    with pytest.raises(InputError, match="do not know the same classes"):
        joined([a, b._replace(class_names=NAMES[::-1])])


# --- train and evaluate -----------------------------------------------------------------------------------------------

FEW = ["--frames", "4", "--hidden", "4", "--epochs", "1", "--initial", "average", "--no-mirror", "--preset", "paper"]


def check(table, data, tested):
    """The table is of those sequences, says their truth, and its answers are those of largest probability."""
    found = rows(table)
    assert sorted(row["name"] for row in found) == sorted(data.name[tested].tolist())
    truth = {str(data.name[n]): data.class_names[data.label[n]] for n in tested}
    for row in found:
        p = {name: float(row[f"p({name})"]) for name in data.class_names}
        assert row["truth"] == truth[row["name"]] and sum(p.values()) == pytest.approx(1, abs=1e-5)
        assert row["class"] == max(p, key=p.get) and float(row["probability"]) == max(p.values())
    return found


def test_train_writes_the_answers_on_its_test_set_and_evaluate_the_same(capsys):
    data = dataclasses.replace(people(), class_names=("sit, down", 'say "hi"', "grüßen"))
    neutral.save("data.npz", data)
    common = ["train", "--data", "data.npz", "--protocol", "half", *FEW]
    assert main([*common, "--out", "run", "--predictions", "run.csv"]) == 0
    tested = np.flatnonzero(data.subject % 2 == 0)
    found = check("run.csv", data, tested)
    result = json.loads(Path("run/result.json").read_text())
    assert result["accuracy"] == pytest.approx(np.mean([row["truth"] == row["class"] for row in found]))
    assert main(["evaluate", "run", "--predictions", "again.csv"]) == 0
    assert Path("again.csv").read_bytes() == Path("run.csv").read_bytes()
    for name in ("again.xlsx", "again"):
        assert main(["evaluate", "run", "--predictions", name]) == 2
        assert main([*common, "--out", "no", "--predictions", name]) == 2
    assert not Path("no").exists() and capsys.readouterr().err.count("must end in .csv or .json") == 4


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_all_folds_write_one_table(ending):
    data = people()
    neutral.save("data.npz", data)
    command = [
        "train",
        "--data",
        "data.npz",
        "--protocol",
        "loso",
        "--fold",
        "all",
        "--jobs",
        "1",
        "--out",
        "run",
        *FEW,
    ]
    assert main([*command, "--predictions", f"all.{ending}"]) == 0
    if ending == "json":
        found = json.loads(Path("all.json").read_text())
        with open("all.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
    found = check("all.csv", data, np.arange(24))
    folds = json.loads(Path("run/result.json").read_text())["folds"]
    right = [row["truth"] == row["class"] for row in found]
    assert np.mean([fold["accuracy"] for fold in folds]) == pytest.approx(np.mean(right))
    for n, fold in enumerate(folds):  # of six sequences each, in their order
        assert fold["accuracy"] == pytest.approx(np.mean(right[6 * n : 6 * n + 6]))
    Path(f"all.{ending}").unlink()
    assert main(["train", "--resume", "--out", "run", "--fold", "all", "--predictions", f"all.{ending}"]) == 0
    assert Path(f"all.{ending}").exists()
