"""Options of the studies are handed on, each to its place; what the studies rest on is written down once more here."""

from types import SimpleNamespace

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data.synthetic.actions import ACTIONS
from gca_scratch.experiments import choices, demo, gate_readings, loseqo, lost_joints, none_of_these, paper, tables
from gca_scratch.settings import PRESETS
from gca_scratch.variants.readings import Reading
from gca_scratch.variants.sight import sighted
from tests.helpers.tiny import TINY, skeletons


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# --- what they rest on ------------------------------------------------------------------------------------------------


def test_choices_begin_with_a_plain_network_and_add_one_thing_after_the_other():
    plain = {"face_camera": True, "torso_scale": True, "pair": False, "mirror": False, "exchange": False, "turn": 0,
             "stretch": 0, "jitter": 0, "crop": 0, "samplings": 1, "hidden": 64, "iterations": 0, "dropout": 0,
             "epochs": 60, "patience": 60, "decay": 0.975}  # fmt: skip
    assert choices.PLAIN | plain == choices.PLAIN
    assert [changes for _, changes in choices.STEPS] == [
        {}, {"turn": 45, "stretch": 0.2}, {"pair": True}, {"mirror": True}, {"exchange": True}, {"samplings": 5},
        {"crop": 0.1}, {"jitter": 0.02}, {"iterations": 1, "epochs": 40, "patience": 40}, {"iterations": 2},
        {"dropout": 0.2}, {"hidden": 32},
    ]  # fmt: skip
    words = ["camera", "turns and sizes", "pair", "mirror", "exchanged", "five looks", "cropping", "jitter",
             "one attention iteration", "two attention iterations", "dropout 0.2", "hidden 32"]  # fmt: skip
    assert all(word in label for word, (label, _) in zip(words, choices.STEPS, strict=True))


def test_networks_of_subjects_are_finished_in_twelve_epochs_at_a_small_rate():
    wanted = {"mode": "direct", "epochs": 12, "patience": 12, "validation": 0, "learning_rate": 0.02, "decay": 0.85,
              "decay_every": 1}  # fmt: skip
    assert loseqo.FINISH | wanted == loseqo.FINISH


def test_ten_of_fourteen_actions_are_known_and_windows_take_two_seconds():
    assert none_of_these.UNKNOWN == ("punch left", "kick right", "bow", "clap")
    known = [name for name in ACTIONS if name not in none_of_these.UNKNOWN]
    assert len(known) == 10 and list(none_of_these.KNOWN) == known
    assert (none_of_these.PAUSE, none_of_these.WINDOW, none_of_these.STRIDE) == (30, 60, 15)  # frames, 30 a second
    assert none_of_these.MOSTLY == 2 / 3 and none_of_these.TESTED == 20
    assert none_of_these.KEPT == (0.99, 0.95, 0.9, 0.8) and lost_joints.SUBJECTS == 80


def test_the_demonstration_has_five_seeds_and_shows_two_actions():
    assert demo.SEEDS == 5 and demo.SHOWN == ("wave left hand", "kick right")
    assert demo.spread([0.5, 1.0, 0.75]) == {"mean": 0.75, "deviation": 0.25, "seeds": [0.5, 1.0, 0.75]}
    assert demo.spread([0.5]) == {"mean": 0.5, "deviation": 0.0, "seeds": [0.5]}


def test_readings_of_the_gate():
    wanted = {
        "N = 0": ({"iterations": 0}, None), "as written": ({}, None), "K draws": ({}, Reading("draws", "h")),
        "odds": ({}, Reading("odds", "h")), "minimum to maximum": ({}, Reading("range", "h")),
        "share of the largest": ({}, Reading("largest", "h")),
        "odds, the score sees news": ({}, Reading("odds", "news")), "soft attention": ({"attention": "soft"}, None),
        "soft attention, the score sees movement": ({}, sighted),
        "tree traversal, odds": ({"traversal": "tree"}, Reading("odds", "h")),
    }  # fmt: skip
    rows = {name: (changes, getattr(made, "__self__", made)) for name, (changes, made) in gate_readings.ROWS.items()}
    assert rows == wanted
    assert gate_readings.choose(["1", "k DRAWS"]) == ["N = 0", "K draws"]
    assert gate_readings.choose(["news", "2"]) == ["as written", "odds, the score sees news"]
    with pytest.raises(gate_readings.InputError, match="--rows '99' is not in this table"):
        gate_readings.choose(["99"])


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def measured(monkeypatch):
    """Studies measure nothing; what they were asked to."""
    seen = SimpleNamespace(arguments=None)

    def for_study(study, result):
        def measure(*arguments):
            seen.arguments = arguments
            return result

        monkeypatch.setattr(study, "measure", measure)
        return seen

    return for_study


def test_options_of_choices(measured, monkeypatch, capsys):
    data = skeletons()
    monkeypatch.setattr(runs, "load_data", lambda source: data)
    rows = len(choices.STEPS)
    seen = measured(choices, (np.ones((rows, 2)), np.full((rows, 2), 4), np.ones((rows, 2))))
    options = ["--data", "x.npz", "--dataset", "npz", "--protocol", "loso", "--preset", "demo", "--jobs", "7"]
    assert choices.main([*options, "--out", "there"]) == 0
    assert seen.arguments == (data, runs.Source("npz", "x.npz", "loso"), "demo", "there", 7)
    text = choices.Path("there/table.md").read_text("utf-8")
    assert text.count("75.0%") == rows and text in capsys.readouterr().out
    assert choices.main(["--data", "x.npz", "--dataset", "npz"]) == 0
    assert seen.arguments == (data, runs.Source("npz", "x.npz", "sbu"), "small", "choices", 2)
    assert choices.main(["--data", "x.npz"]) == 0  # what it holds is found out
    assert seen.arguments == (data, runs.Source("npz", "x.npz", "sbu"), "small", "choices", 2)
    assert choices.main(["--data", "x.npz", "--dataset", "npz", "--jobs", "0"]) == 2


def test_options_of_finishing(measured, monkeypatch, capsys):
    data = skeletons(subjects=2, repetitions=1)
    monkeypatch.setattr(runs, "load_data", lambda source: data)
    p = np.eye(3)[data.label][None]
    seen = measured(loseqo, (p, p))
    options = [
        "--data",
        "x.npz",
        "--dataset",
        "npz",
        "--preset",
        "demo",
        "--jobs",
        "7",
        "--seeds",
        "3",
        "--out",
        "there",
    ]
    assert loseqo.main(options) == 0
    assert seen.arguments == (data, runs.Source("npz", "x.npz", "half"), PRESETS["demo"], "there", 3, 7)
    assert loseqo.main(["--data", "x.npz", "--dataset", "npz"]) == 0
    assert seen.arguments[2:] == (PRESETS["small"], "loseqo", 1, 2)
    assert "| seed 0 | 100.0% (6 of 6) | 100.0% (6 of 6) |" in capsys.readouterr().out
    monkeypatch.setattr(runs, "load_data", lambda source: skeletons(subjects=1))
    assert loseqo.main(["--data", "x.npz", "--dataset", "npz"]) == 2
    assert "all sequences are of one subject" in capsys.readouterr().err


def test_options_of_lost_joints(measured, monkeypatch):
    seen, tables_made = measured(lost_joints, "rows"), []
    monkeypatch.setattr(lost_joints, "table", lambda *arguments: tables_made.append(arguments) or "text")
    monkeypatch.setattr(lost_joints.neutral, "load", lambda path: f"data of {path}")
    monkeypatch.setattr(lost_joints, "displaced", lambda data: data)
    options = ["--seeds", "2", "--first", "5", "--share", "0.1", "--epochs", "3", "--jobs", "7", "--out", "there"]
    assert lost_joints.main([*options, "--hips", "a/one.npz", "two.npz"]) == 0
    assert seen.arguments == ("there", range(5, 7), 0.1, 7, 3)
    hips = [("one", "data of a/one.npz"), ("two", "data of two.npz")]
    assert tables_made == [("rows", hips, 0.1)] and lost_joints.Path("there/table.md").read_text() == "text"
    assert lost_joints.main([]) == 0
    assert seen.arguments == ("lost-joints", range(0, 3), 0.05, 2, 0) and tables_made[1] == ("rows", [], 0.05)


def test_options_of_none_of_these(measured, monkeypatch):
    seen = measured(none_of_these, "found")
    monkeypatch.setattr(none_of_these, "table", lambda found: found)
    options = ["--seeds", "2", "--first", "5", "--epochs", "3", "--jobs", "7", "--out", "there"]
    assert none_of_these.main(options) == 0 and seen.arguments == ("there", range(5, 7), 7, 3)
    assert none_of_these.main([]) == 0 and seen.arguments == ("none-of-these", range(0, 3), 2, 0)
    assert none_of_these.Path("there/table.md").read_text() == "found"


def test_options_of_readings(measured, monkeypatch):
    data, base = skeletons(), TINY
    seen = measured(gate_readings, {})
    monkeypatch.setattr(gate_readings, "table", lambda found: "text")
    gate_readings.study(data, runs.Source("npz"), base, "there", ["odds"], 3, 7)
    rows = [name for name in gate_readings.ROWS if "odds" in name]
    assert seen.arguments == (data, runs.Source("npz"), base, "there", rows, 3, 7)
    for changes in ({"validation": 0}, {"network": "coarse"}, {"attention": "soft"}):
        with pytest.raises(gate_readings.InputError, match="this table needs --validation 1 or more, --network gca"):
            gate_readings.study(data, runs.Source("npz"), lost_joints.replace(base, **changes), "there")


# --- what is run with what --------------------------------------------------------------------------------------------


@pytest.fixture
def called(monkeypatch):
    """Nothing is run; the calls of `workers.results`."""
    seen = SimpleNamespace(calls=[], jobs=None, more=None)

    def results(function, calls, jobs, **more):
        seen.function, seen.calls, seen.jobs, seen.more = function, list(calls), jobs, more
        return iter([{"wrong": n, "n": 10 * n, "loss": n / 4} for n, _ in enumerate(seen.calls)])

    monkeypatch.setattr(choices.workers, "results", results)
    return seen


def test_every_row_has_the_changes_of_those_above_it_and_every_fold(called, monkeypatch):
    monkeypatch.setattr(choices, "STEPS", (("a", {"turn": 1.0}), ("b", {"crop": 0.25}), ("c", {"turn": 2.0})))
    data, source = skeletons(), runs.Source("npz", "x.npz", "loso")
    wrong, n, loss = choices.measure(data, source, "small", "there", 7)
    assert called.jobs == 7 and len(called.calls) == 12
    for k, (mark, one, settings, file) in enumerate(called.calls):
        row, fold = divmod(k, 4)
        assert one == runs.Source("npz", "x.npz", "loso", fold + 1) and mark == choices.fingerprint(data)
        assert (settings.turn, settings.crop) == [(1.0, 0.0), (1.0, 0.25), (2.0, 0.25)][row]
        assert (settings.hidden, settings.frames, settings.learning_rate) == (64, 10, 0.1)  # of PLAIN, and the preset
        assert file == choices.Path("there") / f"0{row}-fold-{fold + 1}.json"
    np.testing.assert_array_equal(wrong, np.arange(12).reshape(3, 4))
    np.testing.assert_array_equal(n, 10 * wrong)
    np.testing.assert_array_equal(loss, wrong / 4)


def test_networks_without_attention_get_the_epochs_of_all_steps(called):
    data, source = skeletons(), runs.Source("npz", "x.npz")
    gate_readings.measure(data, source, TINY, "there", ["N = 0", "as written", "tree traversal, odds"], 2, 5)
    settings = [call[2] for call in called.calls]
    assert [(s.iterations, s.epochs, s.patience, s.seed) for s in settings] == [
        (0, 9, 9, 0), (0, 9, 9, 1), (2, 3, 3, 0), (2, 3, 3, 1), (2, 3, 3, 0), (2, 3, 3, 1),
    ]  # fmt: skip
    assert [s.traversal for s in settings] == ["chain"] * 4 + ["tree"] * 2 and called.jobs == 5
    assert [call[4].name for call in called.calls] == [
        "N-=-0-0.json", "N-=-0-1.json", "as-written-0.json", "as-written-1.json", "tree-traversal,-odds-0.json",
        "tree-traversal,-odds-1.json",
    ]  # fmt: skip


def test_whole_and_lost_are_trained_alike(called, monkeypatch):
    asked = []
    monkeypatch.setattr(lost_joints, "generate", lambda **more: asked.append(more) or skeletons())
    monkeypatch.setattr(lost_joints, "with_lost_joints", lambda data, share, seed: (share, seed))
    with pytest.raises(gate_readings.InputError, match=r"predictions\.csv cannot be read"):
        lost_joints.measure("there", range(3, 5), 0.25, 7, 2)  # nothing was trained
    assert asked == [{"subjects": 80, "repetitions": 1}]
    found, sources, settings, places, resume, device, show, _, written = zip(*called.calls, strict=True)
    assert found[1::2] == ((0.25, 3), (0.25, 4)) and called.jobs == 7
    assert [str(place) for place in places] == [f"there/{name}-{seed}" for seed in (3, 4) for name in ("whole", "lost")]
    assert [s.seed for s in settings] == [3, 3, 4, 4] and {(s.epochs, s.patience) for s in settings} == {(2, 2)}
    assert set(resume) == {True} and set(device) == {"cpu"} and set(show) == {False}
    assert [str(table) for table in written] == [f"{place}/predictions.csv" for place in places]
    assert set(sources) == {runs.Source("synthetic")}
    assert settings[0] == lost_joints.settings_from("demo", seed=3, epochs=2, patience=2)


# --- rows of tables ---------------------------------------------------------------------------------------------------

ROW = paper.Row("ours", (None, 51.25), {"network": "gca", "mode": "direct", "iterations": 2, "jitter": 0.5})
TABLE = paper.Table("t", (paper.Column("A", 3, "half"), paper.Column("B", 9, "loso")),
                    (paper.Row("another's", (50.0, None)), ROW))  # fmt: skip
MEASURED = {("ours", "half"): {"accuracy": [0.5, 0.75], "tested": 24, "seconds": 1.25},
            ("ours", "loso"): {"accuracy": [0.5], "tested": 7, "seconds": 10.06}}  # fmt: skip


def test_a_table_as_it_is_read():
    text = tables.markdown(TABLE, ["half", "loso"], MEASURED, {"ours": "9 epochs, 0.1"})
    assert text.split("\n") == [
        "| method    | training      | paper, A | paper, B | ours, half  | sequences tested | seconds per training "
        "| ours, loso | sequences tested | seconds per training |",
        "| --------- | ------------- | -------- | -------- | ----------- | ---------------- | -------------------- "
        "| ---------- | ---------------- | -------------------- |",
        "| another's | –             | 50.0     | –        | –           | –                | –                    "
        "| –          | –                | –                    |",
        "| ours      | 9 epochs, 0.1 | –        | 51.2     | 62.5 ± 17.7 | 24               | 1.2                  "
        "| 50.0       | 7                | 10.1                 |",
    ]


def test_a_table_as_it_is_computed_with():
    tables.write_csv("t.csv", TABLE, ["half", "loso"], MEASURED, {"ours": "9 epochs, 0.1"})
    assert tables_text("t.csv") == [
        "method,training,paper A,paper B,protocol,ours,spread,seeds,tested,seconds,each seed",
        "another's,,50.0,,,,,,,,",
        f'ours,"9 epochs, 0.1",,51.25,half,62.5,{np.std([50, 75], ddof=1)},2,24,1.25,50.0 75.0',
        'ours,"9 epochs, 0.1",,51.25,loso,50.0,,1,7,10.06,50.0',
    ]


def tables_text(path):
    return choices.Path(path).read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("changes", "more", "preset", "trained"),
    [
        ({"network": "gca", "mode": "stepwise", "iterations": 2}, {}, {}, (30, 30, "90 epochs, 0.1")),
        ({"network": "gca", "mode": "direct", "iterations": 2}, {}, {}, (90, 90, "90 epochs, 0.1")),
        ({"network": "st-lstm", "mode": "direct", "iterations": 0}, {}, {}, (30, 30, "30 epochs, 0.1")),
        ({"network": "st-lstm", "mode": "direct", "iterations": 0}, {"budget": 3}, {}, (90, 90, "90 epochs, 0.1")),
        ({"network": "gca", "mode": "stepwise", "iterations": 0}, {"budget": 3}, {}, (90, 90, "90 epochs, 0.1")),
        ({"mode": "direct"}, {"fastest": 0.02}, {}, (90, 90, "90 epochs, 0.02")),
        ({"mode": "direct"}, {"fastest": 0.2}, {}, (90, 90, "90 epochs, 0.1")),
        ({"mode": "direct"}, {}, {"patience": 29}, (90, 29, "90 epochs, 0.1")),  # one that ends a step stays as it is
        ({"mode": "direct"}, {}, {"patience": 31}, (90, 90, "90 epochs, 0.1")),
    ],
)
def test_how_long_a_row_is_trained(changes, more, preset, trained):
    base = lost_joints.replace(PRESETS["paper"], epochs=30, patience=30, learning_rate=0.1, iterations=2)
    base, row = lost_joints.replace(base, **preset), paper.Row("r", (), changes, **more)
    settings = tables.settings_of(row, base)
    assert (settings.epochs, settings.patience, tables.training_of(row, base)) == trained


@pytest.mark.parametrize(
    ("changes", "budget", "name"),
    [
        ({"network": "gca", "mode": "stepwise", "iterations": 2}, None, "gca-stepwise-2"),
        ({"network": "gca", "mode": "stepwise", "iterations": 2}, 3, "gca-stepwise-2"),
        ({"network": "gca", "mode": "stepwise", "iterations": 0}, None, "gca-stepwise-0"),
        ({"network": "gca", "mode": "stepwise", "iterations": 0}, 3, "gca-stepwise-0-epochs-90"),
        ({"network": "st-lstm", "mode": "direct", "iterations": 0}, 3, "st-lstm"),
        ({"network": "st-lstm", "mode": "direct", "iterations": 0, "traversal": "tree", "trust_gate": True}, 3,
         "st-lstm-traversal-tree-trust_gate-True"),
        ({"network": "gca", "mode": "direct", "iterations": 2, "sharing": "d"}, None, "gca-direct-2"),
        ({"network": "gca", "mode": "direct", "iterations": 2, "sharing": "b"}, None, "gca-direct-2-sharing-b"),
    ],
)  # fmt: skip
def test_what_the_folder_of_a_row_is_called(changes, budget, name):
    base = lost_joints.replace(PRESETS["paper"], epochs=30, iterations=2)
    assert tables.name_of(paper.Row("r", (), changes, budget=budget), base) == name


def test_what_a_row_gave():
    seeds = [["a", "b"], ["c", "d"]]
    results = {name: {"accuracy": accuracy, "n_test": n, "seconds": n / 2}
               for name, accuracy, n in (("a", 0.5, 2), ("b", 1.0, 6), ("c", 0.25, 2), ("d", 0.5, 6))}  # fmt: skip
    assert tables.summary(ROW, seeds, results) == {"accuracy": [0.75, 0.375], "tested": 8, "seconds": 2.0}
    noisy = {name: result | {"noise": {"0.08": 0.125, "0": 1.0}} for name, result in results.items()}
    row = paper.Row("noise of 8 cm", (95.6,), {}, noise=0.08)
    assert tables.summary(row, seeds, noisy)["accuracy"] == [0.125, 0.125]
    assert tables.summary(ROW, seeds, results | {"d": None}) is None


def test_rows_are_chosen_by_number_or_name():
    table = paper.TABLES["V"]()
    ours = ["ST-LSTM [29]", "ST-LSTM + Global (1)", "ST-LSTM + Global (2)", "GCA-LSTM (direct training)",
            "GCA-LSTM (stepwise training)"]  # fmt: skip
    assert tables.choose(table) == ours == tables.choose(table, [])
    assert tables.choose(table, ["10", "6"]) == [ours[0], ours[4]] and tables.choose(table, ["gca-lstm"]) == ours[3:]
    assert tables.choose(table, ["stepwise", "Global"]) == [*ours[1:3], ours[4]]
    with pytest.raises(tables.InputError, match="is Action-Snippets and Activated Simplices"):
        tables.choose(table, ["5"])
