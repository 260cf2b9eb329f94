"""What studies do once each: bars that say what is counted, networks that are trained, pairs that are compared."""

import ast
import contextlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.commands import table as table_command
from gca_scratch.experiments import choices, demo, gate_readings, loseqo, lost_joints, none_of_these, tables, tasks
from gca_scratch.support.exit_code import Parser
from tests.helpers.tiny import TINY, skeletons


@pytest.fixture
def called(monkeypatch):
    """Nothing is run; the calls of `workers.results`."""
    seen = SimpleNamespace(calls=[])

    def results(function, calls, jobs, **more):
        seen.calls = list(calls)
        return iter([{"wrong": n, "n": 10 * n, "loss": n / 4} for n, _ in enumerate(seen.calls)])

    monkeypatch.setattr(choices.workers, "results", results)
    return seen


def test_bars_say_what_they_count(called, monkeypatch):
    seen, data = [], skeletons()

    def bar(items=None, **told):
        seen.append(told)
        return items

    for study in (choices, gate_readings):
        monkeypatch.setattr(study, "progress", bar)
    monkeypatch.setattr(choices, "STEPS", choices.STEPS[:2])
    choices.measure(data, runs.Source("npz", "x.npz", "loso"), "small", "there")
    gate_readings.measure(data, runs.Source("npz", "x.npz"), TINY, "there", ["N = 0", "odds"], 3)
    assert seen == [{"total": 8, "what": "runs", "unit": "run"}, {"total": 6, "what": "trainings", "unit": "training"}]


def test_the_bar_of_a_table_begins_with_what_is_done(monkeypatch, tmp_path):
    """Of three tasks two are asked for, and one of these lies there."""
    source, data, seen = runs.Source("npz", "x.npz"), skeletons(), []
    each = [tasks.Task(name, source, TINY) for name in "abc"]
    there = {"accuracy": 0.5, "n_test": 3, "seconds": 1.0}
    tasks.writing.write_json(
        each[0].file(tmp_path), {"task": each[0].identity(tasks.fingerprint(data)), "result": there}
    )

    def bar(**told):
        seen.append(told)
        return contextlib.nullcontext(SimpleNamespace(update=lambda: seen.append("done")))

    def results(function, calls, jobs, **more):
        yield from ((number, {"of": task.name}) for number, task, *_ in calls)

    monkeypatch.setattr(tasks, "progress", bar)
    monkeypatch.setattr(tasks.workers, "results", results)
    found = tasks.run_all(data, each, tmp_path, each[:2], show=False)
    assert found == [there, {"of": "b"}, None]
    assert seen == [{"total": 2, "what": "folds", "unit": "fold", "done": 1, "show": False}, "done"]


def test_what_ails_any_training_is_said_before_the_first_is_run(monkeypatch, tmp_path):
    """Of every training once, whatever its folds."""
    source, asked = runs.Source("npz", "x.npz", "loso"), []
    split = SimpleNamespace(network=lambda settings: asked.append(settings.hidden))
    monkeypatch.setattr(tasks.runs, "make_split", lambda data, source, settings: split)
    settings = {"a": replace(TINY, hidden=3), "b": replace(TINY, hidden=5)}
    each = [tasks.Task(name, replace(source, fold=fold), settings[name]) for name in "ab" for fold in (1, 2)]
    tasks._check(skeletons(), each)
    assert asked == [3, 5]


def test_the_network_that_is_tested_is_the_one_that_was_trained(monkeypatch, tmp_path):
    data, trained, tested = skeletons(), [], []
    train, test = training.train, runs.test
    monkeypatch.setattr(choices, "STEPS", choices.STEPS[:1])
    monkeypatch.setattr(choices, "PLAIN", choices.PLAIN | {"hidden": 4, "epochs": 1, "patience": 1})
    monkeypatch.setattr(
        choices.training, "train", lambda network, state, *more: trained.append(state) or train(network, state, *more)
    )
    monkeypatch.setattr(
        choices.runs,
        "test",
        lambda split, network, state, *more: tested.append(state) or test(split, network, state, *more),
    )
    choices.measure(data, runs.Source("npz", "x.npz", "loso"), "small", tmp_path, jobs=1)
    assert len(trained) == 4 and all(one is other for one, other in zip(trained, tested, strict=True))
    assert all(len(state.history) == 1 and state.finished for state in trained)


def test_each_seed_is_compared_with_itself(monkeypatch, tmp_path):
    """Whole with lost in the test, and whole with lost in both, by what the files of that seed say."""
    said, retested = [], []
    monkeypatch.setattr(lost_joints, "generate", lambda **more: "data")
    monkeypatch.setattr(lost_joints, "with_lost_joints", lambda data, share, seed: (data, share, seed))
    monkeypatch.setattr(lost_joints.workers, "results", lambda function, calls, jobs: iter(()))
    monkeypatch.setattr(lost_joints.runs, "retest", lambda *given, **more: retested.append((given, more)))
    monkeypatch.setattr(lost_joints, "difference", lambda a, b: (a[0], b[0]))

    def read(path):
        said.append(path.relative_to(tmp_path).as_posix())
        name = path.parent.name if path.name == "predictions.csv" else path.stem
        return SimpleNamespace(probabilities=SimpleNamespace(argmax=lambda axis: Named(name)), truth=None)

    class Named(str):
        def __eq__(self, other):
            return [str(self)]

        __hash__ = str.__hash__

    monkeypatch.setattr(lost_joints, "read", read)
    rows = lost_joints.measure(str(tmp_path), range(3, 5), 0.25, 1, 0)
    assert rows == [
        (seed, (f"whole-{seed}", f"never-met-{seed}"), (f"whole-{seed}", f"lost-{seed}")) for seed in (3, 4)
    ]
    assert [given for given, _ in retested] == [(tmp_path / f"whole-{seed}", ("data", 0.25, seed)) for seed in (3, 4)]


def test_noise_is_on_test_sequences_or_on_both():
    parser = Parser()
    table_command.add_options(parser)
    assert tables.NOISE == ("test", "both")
    assert next(tuple(action.choices) for action in parser._actions if action.dest == "noise") == ("test", "both")


def test_every_seed_and_subject_has_a_folder_and_every_sequence_that_of_its_subject(monkeypatch, tmp_path):
    data, seen = skeletons(subjects=2, repetitions=1), {}

    def results(function, calls, jobs, **more):
        seen[function] = list(calls)
        return iter([[0.0] * 3 if function is loseqo._finish else 0.0 for _ in calls])

    monkeypatch.setattr(loseqo.workers, "results", results)
    loseqo.measure(data, runs.Source("npz", "x.npz"), replace(TINY, seed=5), tmp_path, seeds=2)
    trainings, endings = seen[loseqo._train], seen[loseqo._finish]
    names = [f"seed-{seed}/subject-0{subject}" for seed in (5, 6) for subject in (1, 2)]
    assert [folder.relative_to(tmp_path).as_posix() for *_, folder in trainings] == names
    assert [(source.protocol, source.fold, settings.seed) for source, settings, _ in trainings] == [
        ("loso", 1, 5), ("loso", 2, 5), ("loso", 1, 6), ("loso", 2, 6),
    ]  # fmt: skip
    assert [folder.relative_to(tmp_path).as_posix() for *_, folder in endings] == [
        f"seed-{seed}/subject-0{subject}" for seed in (5, 6) for subject in data.subject
    ]
    assert [(source.protocol, source.fold) for _, source, _ in endings] == 2 * [("loseqo", n) for n in range(1, 7)]


def test_the_demonstration_says_what_it_trains_and_gives_every_seed_a_folder(monkeypatch, capsys, tmp_path):
    class Enough(Exception):
        """All is said that is said before the training."""

    def results(function, calls, **more):
        raise Enough([
            (settings.seed, settings.iterations, settings.epochs, folder.relative_to(tmp_path).as_posix(), show)
            for _, settings, folder, _, _, show in calls
        ])  # fmt: skip

    data = skeletons(subjects=5, repetitions=1)
    monkeypatch.setattr(demo.runs, "load_data", lambda source: data)
    monkeypatch.setattr(demo.workers, "results", results)
    with pytest.raises(Enough) as asked:
        demo.demo(tmp_path, seed=4, seeds=3)
    epochs = [one[2] for one in asked.value.args[0]]
    folders = ("", "seed-5/", "seed-6/")
    assert asked.value.args[0] == [
        *((4 + k, 2, epochs[0], f"{folder}gca-lstm", k == 0) for k, folder in enumerate(folders)),
        *((4 + k, 0, 3 * epochs[0], f"{folder}without-attention", False) for k, folder in enumerate(folders)),
    ]
    said = capsys.readouterr().out
    assert "15 synthetic sequences, 3 actions, 6 joints;\n" in said
    assert "half of the people train the network, the other 2 are never seen before the test.\n" in said
    assert "GCA-LSTM with 2 attention iterations" in said and "each from 3 seeds, on two cores.\n" in said


def test_a_training_that_was_stopped_stops_the_study(monkeypatch, tmp_path):
    monkeypatch.setattr(loseqo.runs, "run", lambda *given, **more: {"stopped_early": True})
    with pytest.raises(KeyboardInterrupt):
        loseqo._train(skeletons(), runs.Source("npz"), TINY, tmp_path)
    monkeypatch.setattr(tasks.runs, "run", lambda *given, **more: {"stopped_early": True})
    with pytest.raises(KeyboardInterrupt):
        tasks.run(skeletons(), tasks.Task("a", runs.Source("npz"), TINY), tmp_path)


def test_a_rule_of_probability_looks_at_the_best_class(monkeypatch):
    """Above the threshold that keeps its share it is the class, below it none."""
    p = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.1, 0.1, 0.8], [0.05, 0.9, 0.05]])
    known = SimpleNamespace(validation_subjects=[1], threshold=0.0)
    trained = SimpleNamespace(known=known, _replace=lambda **more: "without a threshold")
    data, answered = skeletons(subjects=2, repetitions=1), [0, None, 2, 1]
    for name, stub in {
        "predict": SimpleNamespace(aligned_for=lambda *_: None, probabilities=lambda *_: p, named=lambda *_: answered),
        "threshold_from": lambda p, truth, kept: {0.99: 0.35, 0.95: 0.7, 0.9: 0.75, 0.8: 0.95}[kept],
        "recordings": lambda seed: (SimpleNamespace(offsets=None), None),
        "windows": lambda *_: (None, None),
        "truth_of_windows": lambda *_: "truth",
        "replace": lambda known, **more: known,
    }.items():
        monkeypatch.setattr(none_of_these, name, stub)
    truth, labels = none_of_these._answers(trained, data, 0)
    assert truth == "truth" and labels["no rule"].tolist() == [0, -1, 2, 1]
    found = {rule.partition(" kept")[0]: answers.tolist() for rule, answers in labels.items() if "alone," in rule}
    assert found == {
        "probability alone, 99%": [0, 0, 2, 1], "probability alone, 95%": [0, -1, 2, 1],
        "probability alone, 90%": [-1, -1, 2, 1], "probability alone, 80%": [-1, -1, -1, -1],
    }  # fmt: skip


# --- where nobody says ------------------------------------------------------------------------------------------------

USUAL = {"jobs": 2, "seeds": 1, "device": "cpu", "fold": 1}  # where nobody says
PACKAGE = Path(runs.__file__).parent.parent


def test_functions_take_what_the_commands_do_where_nobody_says():
    found = []
    for path in sorted(
        (*PACKAGE.glob("runs/*.py"), *PACKAGE.glob("experiments/*.py"), *PACKAGE.glob("data/readers/convert.py"))
    ):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                given = node.args.args[len(node.args.args) - len(node.args.defaults) :]
                told = zip([*given, *node.args.kwonlyargs], [*node.args.defaults, *node.args.kw_defaults], strict=True)
                found += [(path.name, node.name, argument.arg, ast.literal_eval(value)) for argument, value in told
                          if argument.arg in USUAL and isinstance(value, ast.Constant)]  # fmt: skip
    assert len(found) > 15
    for file, function, name, value in found:
        assert value == USUAL[name], (file, function, name)
