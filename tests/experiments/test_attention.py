"""The study of attention: equal epochs, what is kept, and the interval of what attention gains."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.commands.main import main
from gca_scratch.experiments import attention
from gca_scratch.experiments.attention import Found, choose, finished, gain, measure, report, settings_of
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import TINY, skeletons

SOURCE = runs.Source("synthetic", protocol="loso")
FEW = replace(TINY, epochs=2, patience=2, validation=0, average=2, restart_every=2)


def of(right, person):
    """A Found of these answers, without a loss."""
    right = np.array(right, bool)
    return Found(right, np.array(person), np.zeros(len(right)))


# --- what is trained --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("iterations", "epochs", "every"), [(0, 90, 30), (1, 45, 45), (2, 30, 30)])
def test_every_number_of_iterations_has_as_many_epochs_in_all(iterations, epochs, every):
    base = replace(TINY, iterations=2, epochs=30, patience=30)
    settings = settings_of(base, iterations)
    assert settings == replace(base, iterations=iterations, epochs=epochs, patience=epochs)
    assert len(training.training_steps(settings)) * settings.epochs == 90
    assert settings_of(replace(base, restart_every=99), iterations).restart_every == every
    assert settings_of(replace(base, patience=4), iterations).patience == 4


def test_what_is_measured_is_kept_and_not_measured_again(tmp_path, monkeypatch):
    data = skeletons(subjects=3)
    found = measure(data, SOURCE, FEW, tmp_path, [0, 2], seeds=2, jobs=1)
    assert list(found) == [0, 2]
    for each in found.values():
        assert each.right.shape == (2, len(data)) and each.loss.shape == (2,) and (each.loss > 0).all()
        assert sorted(each.person) == sorted(data.subject)
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json"))
    assert files == [f"N-{n}/seed-{s}/fold-0{k}.json" for n in (0, 2) for s in (0, 1) for k in (1, 2, 3)]
    kept = json.loads((tmp_path / "N-0" / "seed-1" / "fold-02.json").read_text())
    assert kept["settings"]["epochs"] == 6 and kept["settings"]["seed"] == 1 and kept["source"]["fold"] == 2
    lost = tmp_path / "N-2" / "seed-1" / "fold-03.json"
    before = lost.read_text()
    lost.unlink()
    again = measure(data, SOURCE, FEW, tmp_path, [0, 2], seeds=2, jobs=1)
    assert lost.read_text() == before  # only what is not there is trained, to the same bits
    monkeypatch.setattr(attention.training, "train", None)
    for each in (again, measure(data, SOURCE, FEW, tmp_path, [0, 2], seeds=2, jobs=1)):
        assert all((each[n].right == found[n].right).all() for n in found)
        assert all((each[n].loss == found[n].loss).all() for n in found)
    with pytest.raises(InputError, match="belongs to other data or settings; choose another --out folder"):
        measure(data, SOURCE, replace(FEW, hidden=5), tmp_path, [0], jobs=1)


@pytest.mark.parametrize(
    "change",
    [{"right": []}, {"right": [1, 0, 2]}, {"right": [1, 0]}, {"right": [True, 0, 1]}, {"right": None},
     {"person": [1, 2, "3"]}, {"person": [1, 2, 2**40]}, {"loss": None}, {"loss": -1}],
)  # fmt: skip
def test_a_damaged_file_is_measured_anew(change, tmp_path):
    whole = {"right": [1, 0, 1], "person": [1, 1, 2], "loss": 0.5}
    file = tmp_path / "x.json"
    file.write_text(json.dumps(whole))
    assert finished(file, {}) == whole
    file.write_text(json.dumps(whole | change))
    assert finished(file, {}) is None


# --- what attention gains ---------------------------------------------------------------------------------------------


def test_what_is_the_same_for_everybody_has_no_spread():
    person = np.repeat([4, 7, 9], 4)
    first = of([[0, 0, 0, 1] * 3] * 2, person)
    second = of([[0, 0, 1, 1] * 3] * 2, person)
    assert gain(first, second) == (0.25, (0.25, 0.25), (0.25, 0.25))
    assert gain(second, first) == (-0.25, (-0.25, -0.25), (-0.25, -0.25))


def test_people_are_drawn_with_all_their_sequences():
    """Of three people all 27 draws are counted; the quantiles are those of the bootstrap."""
    rng = np.random.default_rng(0)
    person = np.array([5, 1, 5, 3, 3, 3, 1, 5, 5, 5])
    first, second = (of(rng.random((4, 10)) < p, person) for p in (0.4, 0.7))
    differences = second.right.mean(axis=0) - first.right.mean(axis=0)
    every = []
    for people in itertools.product((1, 3, 5), repeat=3):
        drawn = np.concatenate([differences[person == one] for one in people])
        every.append(drawn.mean())
    found = gain(first, second, draws=40_000)
    assert found.difference == pytest.approx(differences.mean())
    low, high = np.percentile(every, (2.5, 97.5), method="inverted_cdf")
    assert found.people == pytest.approx((low, high), abs=1e-12)


def test_with_seeds_drawn_the_interval_is_that_of_both():
    """Seeds that differ in everything, people in nothing: the spread is that of the means of drawn seeds."""
    rng = np.random.default_rng(1)
    person = np.repeat(np.arange(5), 20)
    levels = rng.integers(4, 16, (2, 30))
    first, second = (of([np.tile(np.arange(20) < level, 5) for level in row], person) for row in levels)
    found = gain(first, second)
    assert found.people == pytest.approx((found.difference, found.difference))
    wide = 1.96 * np.sqrt(sum((row / 20).var() / 30 for row in levels))
    ends = found.difference - wide, found.difference + wide
    assert found.people_and_seeds == pytest.approx(ends, abs=0.1 * wide)


def test_it_covers_the_truth_as_often_as_it_says():
    """Forty people, each easy or hard: in some 95 of 100 studies the interval holds the true gain."""
    rng, inside = np.random.default_rng(2), 0
    person = np.repeat(np.arange(40), 6)
    for _ in range(200):
        chance = np.repeat(rng.uniform(0.4, 0.8, 40), 6)
        first, second = (of(rng.random((3, 240)) < chance + more, person) for more in (0.0, 0.1))
        low, high = gain(first, second, draws=500).people
        inside += low <= 0.1 <= high
    assert 180 <= inside <= 197


def test_one_person_has_no_interval():
    found = {0: of([[0, 1], [1, 1]], [3, 3]), 1: of([[1, 1], [1, 1]], [3, 3])}
    assert np.isnan(gain(found[0], found[1]).people).all()
    text = report(found, replace(FEW, iterations=1))
    assert "| 1 | 4 | 100.0 ± 0.0 | 100.0 100.0 | 0.000 | +25.0 | – | – |" in text and "excluded" not in text


def test_the_table_says_what_is_excluded():
    person = [1, 1, 2, 2]
    found = {0: of([[1, 0, 0, 0]], person), 2: of([[1, 1, 1, 0]], person)}
    text = report(found, FEW)
    assert "| 0 | 6 | 25.0 | 25.0 | 0.000 | – | – | – |" in text
    assert "| 2 | 6 | 75.0 | 75.0 | 0.000 | +50.0 | +50.0 to +50.0 | +50.0 to +50.0 |" in text
    assert "4 tests of 2 people" in text
    assert "N = 2: effects above +50.0 and below +50.0 points are excluded." in text


# --- the command ------------------------------------------------------------------------------------------------------


def test_rows_are_numbers_of_iterations():
    assert choose(None, 2) == [0, 1, 2] and choose(["2"], 2) == [0, 2] and choose(["1", "0", "1"], 3) == [0, 1]
    for text in ("3", "-1", "one", "1" * 5000):
        with pytest.raises(InputError, match="its rows are N = 0 to 2"):
            choose([text], 2)


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(runs.DATASETS, "synthetic", lambda root: skeletons())
    options = ["--hidden", "4", "--frames", "4", "--epochs", "1", "--patience", "1", "--validation", "0"]
    wanted = ["table", "attention", "--dataset", "synthetic", "--jobs", "1", "--seeds", "2", *options]
    assert main([*wanted, "--iterations", "1", "--out", str(tmp_path / "t")]) == 0
    text = (tmp_path / "t" / "table.md").read_text()
    assert "| 0 | 2 |" in text and "| 1 | 2 |" in text and "12 tests of 2 people" in text
    assert capsys.readouterr().out.strip().endswith(text.strip())
    for wrong in (["--mode", "direct"], ["--network", "st-lstm"], ["--iterations", "0"]):
        assert main([*wanted, *wrong, "--out", str(tmp_path / "u")]) == 2
        assert "needs --mode stepwise, a --network with attention" in capsys.readouterr().err
    assert main([*wanted, "--keep", "--out", str(tmp_path / "v")]) == 2
    assert "attention runs on this processor and keeps nothing" in capsys.readouterr().err
    assert not (tmp_path / "u").exists() and not (tmp_path / "v").exists()
