"""The command compare: two runs class by class, and what the difference is worth."""

import pytest

from gca_scratch import runs
from gca_scratch.commands.main import main
from tests.helpers.people import people, with_opinions


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_two_runs_and_their_tables(tmp_path, capsys):
    for name, seed in (("one", 1), ("two", 3)):
        (tmp_path / name).mkdir()
        with_opinions(tmp_path / name, people(), seed=seed)
        runs.retest(f"{name}/run", predictions=f"{name}.csv")
    assert main(["compare", "one/run", "two/run"]) == 0
    out = capsys.readouterr().out
    lines = out.rstrip("\n").split("\n")
    assert lines[:2] == ["a: one/run", "b: two/run"]
    assert [line.split("  ")[0] for line in lines[4:8]] == ["raise left", "raise right", "bow", "all"]
    accuracies = [runs.retest(f"{name}/run")["accuracy"] for name in ("one", "two")]
    assert [word for word in lines[7].split() if word.endswith("%")] == [f"{each:.1%}" for each in accuracies]
    assert f"{100 * (accuracies[1] - accuracies[0]):+.1f}" in lines[7]
    assert lines[-1].endswith(("than chance; another seed may say otherwise.", "do not tell the two apart."))
    assert main(["compare", "one.csv", "two.csv"]) == 0
    assert capsys.readouterr().out.split("\n")[2:] == out.split("\n")[2:]


def test_what_cannot_be_compared(capsys):
    assert main(["compare", "one", "two"]) == 2
    assert "there is no run one" in capsys.readouterr().err
    assert main(["compare", "one"]) == 2
