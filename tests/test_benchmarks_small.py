"""The benchmarks at small sizes: workers answer for any revision, targets are judged, folds are read."""

import json
import subprocess
import sys

import pytest

from benchmarks import __main__, engines, folds, gauge, small, targets, timing, worker, workers
from benchmarks.cases import Case
from gca_scratch.network.gca_lstm import loss_and_gradients
from gca_scratch.support.errors import InputError

TINY = Case(3, 4, 5, hidden=8, classes=6, initial="average")
OURS, REV = targets.OURS, "1ad56ad"


@pytest.fixture
def problem(tmp_path):
    """The file of a tiny problem, its parameters and its batch."""
    params, batch = TINY.problem()
    file = tmp_path / "problem.npz"
    workers.save(file, params, batch)
    return str(file), params, batch


def test_a_case_has_its_own_width_classes_and_memory():
    assert workers.sizes(TINY) == [3, 4, 3, 6, 8, 2, "average"]
    params, (_, y, masks) = TINY.problem()
    assert params["classifier.W"].shape == (8, 6) and "memory.0.W" not in params and y.max() < 6
    assert masks["layer1"].shape == (12, 5, 8)


def test_a_worker_computes_times_and_weighs_what_the_package_computes(problem, tmp_path):
    file, params, batch = problem
    network = workers.sizes(TINY)
    with workers.Worker() as asked:
        assert asked.ask("where") == str(workers.ROOT)
        said = asked.ask(
            "open",
            engines={OURS: "engines.Wavefront", "absent": "peer_of_nobody.Peer"},
            sizes=network,
            problem=file,
            outcomes=str(tmp_path),
        )
        assert said == {OURS: None, "absent": "it is not installed (no module benchmarks.peer_of_nobody)"}
        logits, trained = workers.outcome(tmp_path / f"{OURS}.npz")
        engines.check(OURS, trained, loss_and_gradients(TINY.network(), params, *batch))
        engines.check_answers(OURS, logits, TINY.network().forward(params, batch[0])[0])
        assert asked.ask("floor", sizes=network, problem=file) > 0
        for name, task in ((OURS, "step"), (OURS, "forward"), ("products", "replay")):
            assert asked.ask("time", name=name, task=task, least=0, again=True) > 0
        with pytest.raises(workers.WorkerFailed, match="KeyError"):
            asked.ask("time", name="nobody", task="step", least=0, again=False)
        assert asked.ask("where")  # it goes on
    with workers.Worker() as asked:
        found = asked.ask("memory", sizes=network, problem=file, steps=1)
        assert 10 < found["before"] <= found["peak"]


def test_a_worker_that_dies_says_why(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "numpy.py").write_text("raise SystemExit('this is no revision')\n")
    with workers.Worker(tmp_path) as asked, pytest.raises(workers.WorkerFailed, match="this is no revision"):
        asked.ask("where")


def git(*arguments, cwd):
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b", *arguments], cwd=cwd, check=True)


def test_a_revision_is_unpacked_into_a_folder_of_its_own(tmp_path, monkeypatch):
    project = tmp_path / "project"
    for folder in ("gca_scratch", "benchmarks", "docs"):
        (project / folder).mkdir(parents=True)
        (project / folder / "text.py").write_text("old\n")
    git("init", "-q", ".", cwd=project)
    git("add", ".", cwd=project)
    git("commit", "-q", "-m", "old", cwd=project)
    (project / "gca_scratch" / "text.py").write_text("new\n")
    monkeypatch.setattr(workers, "ROOT", project)
    found = workers.unpack("HEAD", tmp_path / "there")
    assert (found / "gca_scratch" / "text.py").read_text() == "old\n" and not (found / "docs").exists()
    for wrong in ("no-such-revision", "--help", "HEAD:docs"):
        with pytest.raises(InputError, match=r"git cannot read that revision"):
            workers.unpack(wrong, tmp_path / "nowhere")


def test_a_turn_is_the_median_of_the_calls_that_fit():
    now = iter([0, 0, 1, 1, 1, 4, 4, 4, 6, 6])  # the end is set at 0; calls take 1, 3 and 2
    calls = []
    assert worker.turn(lambda: calls.append(1), least=5, clock=lambda: next(now)) == 2
    assert len(calls) == 4


@pytest.fixture
def measured():
    """Results in which every target holds; every peer takes 3 times as long as we do, the revision twice."""
    names = {OURS: 1.0, REV: 2.0, targets.WHOLE: 3.0, "OpenVINO": 3.0}
    step = {name: [value] * 4 for name, value in names.items() if name != "OpenVINO"} | {targets.FLOOR: [0.9] * 4}
    forward = {name: [value] * 4 for name, value in names.items()}
    sizes = {
        size: {"step": {"seconds": dict(step), "gflops": [100.0] * 4}}
        | ({"forward": {"seconds": dict(forward), "gflops": [100.0] * 4}} if size != small.LARGE else {})
        for size in targets.STEPS
    }
    runs = {
        OURS: {"seconds": [10, 10, 10], "accuracies": [93.0, 94, 95], "gflops": [1] * 3},
        REV: {"seconds": [20, 20, 20], "accuracies": [94.0, 95, 94], "gflops": [1] * 3},
    }
    peak = {OURS: {"peak": 400}, REV: {"peak": 401}}
    return {"against": REV, "small": sizes, "peak": peak, "folds": {"epochs": None, "runs": runs}}


def judged(results):
    results["targets"] = targets.judge(results)
    return [target["holds"] for target in results["targets"]]


def test_the_sizes_are_those_of_the_targets():
    assert [*small.SMALL, small.LARGE] == list(targets.STEPS)
    assert {*targets.FORWARD, targets.ONE} <= set(small.SMALL)
    assert targets.WHOLE in small.TORCH


def test_targets_that_hold_end_with_0(measured, capsys):
    assert all(judged(measured)) and len(measured["targets"]) == 14
    assert targets.conclude(measured) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2] == "14 of 14 targets that were measured hold."
    assert lines[-1] == measured["line"]
    for part in ("ours / products replayed 1.11 (1.11 to 1.11)", "1ad56ad 2.00", "OpenVINO 3.00", "memory: 1.00"):
        assert part in lines[-1]
    assert "cross-validation: 1ad56ad 2.00" in lines[-1]


@pytest.mark.parametrize(
    ("size", "method", "name", "seconds", "words"),
    [
        (
            "20 x 10 x 8, hidden 64",
            "step",
            targets.FLOOR,
            0.7,
            "products of 1ad56ad replayed: 1.43, wanted at most 1.4",
        ),
        ("20 x 10 x 8, hidden 64", "step", "JAX nested scans", 2.5, "best peer: 2.50, wanted at least 2.6"),
        ("25 x 10 x 16, hidden 64", "forward", "ONNX Runtime", 0.99, "best peer: 0.99, wanted at least 1"),
        ("25 x 20 x 1, hidden 128", "forward", REV, 1.5, "faster than 1ad56ad: 1.50, wanted at least 1.6"),
        (small.LARGE, "step", targets.FLOOR, 0.8, "replayed: 1.25, wanted at most 1.15"),
    ],
)
def test_a_target_that_is_missed_is_named(measured, capsys, size, method, name, seconds, words):
    measured["small"][size][method]["seconds"][name] = [seconds] * 4
    assert judged(measured).count(False) == 1
    assert targets.conclude(measured) == 1
    missed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Missed: ")]
    assert len(missed) == 1 and words in missed[0] and size in missed[0]


def test_folds_and_memory_have_targets_too(measured, capsys):
    measured["folds"]["runs"][REV] |= {"seconds": [15, 15, 15], "accuracies": [90.0, 91, 90]}
    measured["peak"][OURS]["peak"] = 420
    judged(measured)
    assert targets.conclude(measured) == 1
    text = capsys.readouterr().out
    assert "cross-validation, x faster than 1ad56ad: 1.50, wanted at least 1.6" in text
    assert "points: 3.67, wanted at most one deviation, 1.00" in text and "times that of 1ad56ad: 1.05" in text


def test_what_was_not_measured_is_said_and_misses_nothing(measured, capsys):
    for found in measured["small"].values():
        for method in found.values():
            method["seconds"] = {name: s for name, s in method["seconds"].items() if name in (OURS, REV, targets.FLOOR)}
    measured["folds"]["epochs"] = 1  # a trial
    assert judged(measured).count(None) == 8
    assert targets.conclude(measured) == 0
    assert capsys.readouterr().out.count("Not measured: ") == 8
    nothing = {"against": REV, "small": {}}
    assert judged(nothing) == [None] * 14 and targets.conclude(nothing) == 0


def test_ratios_are_of_fast_rounds_where_there_are_enough():
    found = {"seconds": {"a": [1, 1, 1, 1, 1], "b": [2, 2, 2, 9, 9]}, "gflops": [100, 99, 98, 60, 70]}
    ratios = targets.Ratios(found, 100)
    assert ratios.of("b", "a") == (2, 2, 2) and not ratios.all_rounds
    ratios = targets.Ratios(found, 120)  # a best rate that another size had: then all of these rounds were slow
    assert ratios.all_rounds and ratios.of("b", "a")[2] == 9


def test_a_cross_validation_alternates_and_reads_the_table(tmp_path, monkeypatch, capsys):
    data = tmp_path / "skeletons.npz"
    data.touch()
    order, here, there = [], tmp_path / "here", tmp_path / "there"
    for root, settings in ((here, "restart_every: int = 0"), (there, "")):
        (root / "gca_scratch").mkdir(parents=True)
        (root / "gca_scratch" / "settings.py").write_text(settings)

    def run(command, cwd, env, **options):
        assert env["PYTHONPATH"] == str(cwd)
        order.append((cwd, command[command.index("--seed") + 1]))
        assert ("--average" in command) == ("--restart-every" in command) == (cwd == here)  # the same work in both
        table = f"method,ours,each seed\nanother's,,\nstepwise,9,{90 + len(order)}.5\n"
        folder = command[command.index("--out") + 1]
        with open(f"{folder}/table-V.csv", "w") as file:
            file.write(table)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(folds.subprocess, "run", run)
    monkeypatch.setattr(folds, "turn", lambda product: 0.01)
    found = folds.measure({OURS: here, REV: there}, data, seeds=2, epochs=1)
    assert order == [(here, "0"), (there, "0"), (there, "1"), (here, "1")]
    assert found["runs"][OURS]["accuracies"] == [91.5, 94.5] and found["runs"][REV]["accuracies"] == [92.5, 93.5]
    assert found["runs"][OURS]["gflops"] == [gauge.FLOP / 1e9 / 0.01] * 2
    assert "93.0 +- 2.1" in folds.describe(found) and "1 epochs a step" in folds.describe(found)
    with pytest.raises(InputError, match="no such file"):
        folds.found(tmp_path / "absent.npz")


def test_the_command_of_a_cross_validation_is_one_that_the_package_knows(tmp_path):
    assert folds.command("d.npz", 2, "out", 3)[-2:] == ["--epochs", "3"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", *folds.command(tmp_path / "absent.npz", 2, tmp_path / "out")),
            *folds.without_average(workers.ROOT),
        ],
        capture_output=True,
        text=True,
        cwd=workers.ROOT,
    )
    assert done.returncode == 2 and "absent.npz" in done.stderr  # refused for its data, not for its options


def test_the_whole_runs_without_peers(tmp_path, monkeypatch, capsys):
    few = timing.interleave

    def interleave(tasks, rounds, **options):
        return few(tasks, rounds, least=0, pause=0, **options)

    names = iter(targets.STEPS)
    monkeypatch.setattr(small, "interleave", interleave)
    monkeypatch.setattr(gauge, "SIDE", 8)
    monkeypatch.setattr(small, "SMALL", {next(names): TINY})
    monkeypatch.setattr(small, "HEADLINE", Case(3, 4, 5, hidden=8))
    monkeypatch.setattr(small, "unpack", lambda revision, folder: workers.ROOT)
    for library in (small.TORCH, small.JAX, *small.ANSWERING):
        for name in library:
            monkeypatch.setitem(library, name, "peer_of_nobody.Peer")
    file = tmp_path / "small.json"
    code = __main__.main(["--small", "--rounds", "2", "--json", str(file)])
    found = json.loads(file.read_text())
    assert code == int(any(target["holds"] is False for target in found["targets"]))
    assert [len(found["small"][size]) for size in (next(iter(targets.STEPS)), small.LARGE)] == [2, 1]
    assert found["peak"].keys() == {OURS, REV}
    text = capsys.readouterr().out
    for words in ("OpenVINO is left out", "cross-validation is left out: --data", "products replayed", "GFLOP/s"):
        assert words in text
    assert text.splitlines()[-1] == found["line"]


@pytest.mark.parametrize(
    "wrong", [["--rounds", "-1"], ["--seeds", "0"], ["--against", "no-such-revision"], ["--data", "none"]]
)
def test_wrong_options_are_refused_in_a_sentence(wrong, capsys):
    assert __main__.main(["--small", *wrong]) == 2
    assert wrong[0] in capsys.readouterr().err
