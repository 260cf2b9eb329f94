"""The paper's tables: what is known of them, running them, stopping and going on, noise, and a cluster with a death."""

import argparse
import csv
import dataclasses
import functools
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.commands import table as table_command
from gca_scratch.data import neutral, protocols
from gca_scratch.data.noise import noisy
from gca_scratch.experiments import paper, tables, tasks
from gca_scratch.runs import fold
from gca_scratch.settings import PRESETS
from gca_scratch.support import writing
from gca_scratch.support.errors import InputError
from gca_scratch.support.exit_code import exit_code
from gca_scratch.training.stepwise import training_steps
from tests.helpers.tiny import skeletons

TINY = [
    "--preset=paper", "--frames=4", "--hidden=4", "--initial=average", "--dropout=0.3", "--batch-size=5", "--epochs=3",
    "--patience=3", "--validation=1", "--learning-rate=0.3", "--clip=5",
]  # fmt: skip
RUN = ("V", "--data", "data.npz", "--protocol", "loso", "--rows", "Global (2)", "GCA", *TINY)
TASKS = 3 * 4  # rows, folds
ROOT = Path(__file__).parents[2]
CHILD = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import tests.experiments.test_tables as t; "


def table(*arguments):
    """Run the command on these arguments; its exit code."""
    parser = argparse.ArgumentParser(prog="table", exit_on_error=False)
    table_command.add_options(parser)
    return exit_code(lambda: table_command.command(parser.parse_args([str(argument) for argument in arguments])))


def stopped_table(count, number, *arguments):
    """The same in a process of its own, which gets a signal when it has kept so many results: exit code and errors."""
    script = CHILD + f"t.stop_after({count}, {int(number)}); sys.exit(t.table(*sys.argv[1:]))"
    ended = subprocess.run([sys.executable, "-c", script, *arguments], stderr=subprocess.PIPE, start_new_session=True)
    return ended.returncode, ended.stderr.decode()


def stop_after(count, number):
    """When so many results are kept, this process and its workers get the signal, as all do that Ctrl-C ends."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also behind a &
    write, kept = writing.write_json, itertools.count(1)

    def write_and_stop(*content):
        write(*content)
        if next(kept) == count:
            os.killpg(0, number)

    writing.write_json = write_and_stop


def dying(out, data, number, *rest):
    """In the place of tasks._numbered: the first process that gets the third task ends when `out` holds two results."""
    died = Path(f"{out}-died")
    if number == 2 and not died.exists():
        while len(list(Path(out).rglob("fold-??.json"))) < 2:
            time.sleep(0.01)
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return tasks._numbered(data, number, *rest)


def let_a_worker_die(monkeypatch, out):
    """A worker of the table that is written into `out` dies while it runs."""
    monkeypatch.setattr(tasks, "_numbered", functools.partial(dying, os.path.abspath(out)))


def results(out):
    """All that the tasks in `out` gave with seed 0, by file, but for the seconds."""
    writing = Path(out).rglob("seed-0/fold-??.json")
    found = {str(file.relative_to(out)): json.loads(file.read_text("utf-8")) for file in writing}
    for plain in found.values():
        del plain["result"]["seconds"], plain["result"]["data"]
    return found


def numbers(out, name="table-V"):
    """The lines of the CSV file by method."""
    lines = csv.DictReader((Path(out) / f"{name}.csv").read_text("utf-8").splitlines())
    return {line["method"]: line for line in lines}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with data.npz in it."""
    folder = tmp_path_factory.mktemp("tables")
    neutral.save(folder / "data.npz", skeletons())
    return folder


@pytest.fixture(autouse=True)
def there(place, monkeypatch):
    monkeypatch.chdir(place)


@pytest.fixture(scope="module")
def reference(place):
    """The folder of a table that was run without disturbance."""
    before = os.getcwd()
    os.chdir(place)
    assert table(*RUN, "--out", "reference", "--seeds", "2") == 0
    os.chdir(before)
    return place / "reference"


# --- the paper --------------------------------------------------------------------------------------------------------


def test_every_row_of_the_paper_is_there():
    rows = {"I": 16, "II": 4, "III": 7, "IV": 4, "V": 10, "VI": 9, "VII": 2, "VIII": 12, "IX": 10, "X": 7, "XI": 3}
    assert {name: len(made().rows) for name, made in paper.TABLES.items() if name.isupper()} == rows
    for name, made in paper.TABLES.items():
        found = made()
        assert len({row.method for row in found.rows}) == len(found.rows)
        for row in found.rows:
            assert len(row.paper) == len(found.columns)
            assert all(number is None or 38 < number <= 100 for number in row.paper)
            assert row.changes or None not in row.paper, f"Table {name}: {row.method} has neither number nor settings"
    assert {column.protocol for made in paper.TABLES.values() for column in made().columns} <= set(protocols.PROTOCOLS)


def test_some_numbers_everybody_knows():
    def of(name, method):
        return next(row.paper for row in paper.TABLES[name]().rows if row.method == method)

    assert of("I", "GCA-LSTM (stepwise training)") == (76.1, 84.0) and of("I", "ST-LSTM [29]") == (69.2, 77.7)
    assert of("II", "Two-stream GCA-LSTM with stepwise training") == (77.1, 85.1)
    assert of("V", "GCA-LSTM (stepwise training)") == (99.0,) and of("III", "ST-LSTM + Global (2)") == (76.6,)
    assert of("VI", "noise of 12 cm") == (92.7,) and of("XI", "Averaging") == (73.8, 83.1)
    assert of("VIII", "(d) shared within iterations only, N = 2") == (76.1,)
    # what several tables tell agrees: direct and stepwise training, and the iterations
    assert of("II", "GCA-LSTM (fine-grained only)") == of("I", "GCA-LSTM (direct training)")
    assert of("IV", "GCA-LSTM (fine-grained only)") == of("III", "GCA-LSTM (direct training)")
    assert of("XI", "Feed-forward network") == of("I", "GCA-LSTM (direct training)")
    last = [of(name, "GCA-LSTM (stepwise training)") for name in ("I", "V", "III", "X")]
    assert of("VII", "2 attention iterations") == sum(last, ())


@pytest.mark.parametrize("preset", PRESETS)
def test_rows_are_settings_and_their_names_tell_them_apart(preset):
    base, named = PRESETS[preset], {}
    for made in paper.TABLES.values():
        for row in made().rows:
            if row.changes:
                settings = tables.settings_of(row, base)
                assert all(getattr(settings, name) == value for name, value in row.changes.items())
                assert named.setdefault(tables.name_of(row, base), settings) == settings
    assert len(set(named.values())) == len(named)


def test_the_rows_of_a_table_get_the_same_epochs():
    for made in (paper.table_I, paper.table_II, paper.table_V, paper.table_IX, paper.table_XI):
        totals = set()
        for row in made().rows:
            if row.changes:
                settings = tables.settings_of(row, PRESETS["small"])
                totals.add(settings.epochs * len(training_steps(settings)))
                assert settings.patience >= settings.epochs  # nobody is stopped early by the longer training
        assert totals == {240}
    plain, equal, *_ = paper.iterations().rows
    assert [tables.settings_of(row, PRESETS["small"]).epochs for row in (plain, equal)] == [80, 240]
    assert tables.settings_of(plain, PRESETS["paper"]).patience == 5


# --- running ----------------------------------------------------------------------------------------------------------


def test_the_table_is_written(reference, capsys):
    assert table(*RUN, "--out", "reference", "--seeds", "2") == 0
    printed = capsys.readouterr().out
    text = (reference / "table-V.md").read_text("utf-8")
    assert printed.startswith(text) and text.startswith("# Table V: ")
    assert "data.npz: 24 sequences; protocol loso (4 folds); seeds 0 to 1; preset paper, frames = 4" in text
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert cells[0] == ["method", "training", "paper", "ours", "sequences tested", "seconds per training"]
    assert len(cells) == 12 and len({line.index("|", 2) for line in text.splitlines() if line.startswith("|")}) == 1
    lines = {line[0]: line[1:] for line in cells[2:]}
    assert lines["Grassmann Manifold [81]"] == ["–", "88.5", "–", "–", "–"]
    assert lines["ST-LSTM [29]"][2] == "–"  # its row was not chosen
    assert len(results(reference)) == TASKS
    for method, folder in (("GCA-LSTM (direct training)", "gca-direct-2"), ("ST-LSTM + Global (2)", "global-2")):
        seeds = []
        for seed in (0, 1):
            writing = [reference / folder / "loso" / f"seed-{seed}" / f"fold-{fold:02}.json" for fold in range(1, 5)]
            seeds.append(100 * np.mean([json.loads(file.read_text())["result"]["accuracy"] for file in writing]))
        assert lines[method][2:4] == [f"{np.mean(seeds):.1f} ± {np.std(seeds, ddof=1):.1f}", "24"]
        line = numbers(reference)[method]
        assert (float(line["ours"]), line["seeds"], line["tested"]) == (pytest.approx(np.mean(seeds)), "2", "24")
        assert [float(value) for value in line["each seed"].split()] == pytest.approx(seeds)
    assert not list(reference.rglob("checkpoint.npz"))  # no longer needed


def test_what_is_finished_is_not_run_again(reference, monkeypatch):
    before = {file: file.stat().st_mtime_ns for file in reference.rglob("fold-*.json")}
    monkeypatch.setattr(tasks, "workers", None)
    assert table(*RUN, "--out", "reference", "--seeds", "2") == 0
    assert {file: file.stat().st_mtime_ns for file in reference.rglob("fold-*.json")} == before


def test_one_job_gives_the_same_and_one_seed_no_spread(reference):
    assert table(*RUN, "--out", "one", "--jobs", "1", "--keep") == 0
    assert results("one") == results(reference)
    assert len(list(Path("one").rglob("checkpoint.npz"))) == TASKS
    assert "±" not in Path("one/table-V.md").read_text("utf-8").partition("Accuracy")[0]


def test_stopped_twice_it_goes_on_to_the_same_results(reference):
    for count, number, code in ((1, signal.SIGINT, 130), (2, signal.SIGKILL, -signal.SIGKILL)):
        before = len(results("stopped"))
        assert stopped_table(count, number, *RUN, "--out", "stopped")[0] == code
        assert before + count <= len(results("stopped")) < TASKS
    assert table(*RUN, "--out", "stopped") == 0
    assert results("stopped") == results(reference)


def test_a_killed_process_is_one_sentence(capsys, monkeypatch):
    let_a_worker_die(monkeypatch, "killed")
    assert table(*RUN, "--out", "killed", "--jobs", 2) == 2
    assert "give the same command again, with fewer --jobs" in capsys.readouterr().err
    assert 2 <= len(results("killed")) < TASKS


def test_damaged_results_are_measured_again(reference):
    damages = [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"accuracy": 0', '"accuracy": 7'),
        lambda text: text.replace('"seconds"', '"second"'),
        lambda text: "\0",
        lambda text: "[" * 100_000,
    ]
    expected = results(reference)
    hurt, whole = sorted(reference.rglob("seed-0/fold-??.json")), sorted(reference.rglob("seed-1/fold-??.json"))
    whole += hurt[len(damages) :]
    before = {file: file.stat().st_mtime_ns for file in whole}
    for file, damage in zip(hurt, damages, strict=False):
        text = file.read_text("utf-8")
        file.write_text(damage(text), "utf-8")
        assert file.read_text("utf-8") != text
    assert table(*RUN, "--out", "reference") == 0
    assert results(reference) == expected and {file: file.stat().st_mtime_ns for file in whole} == before


def test_other_settings_or_data_need_another_folder(reference, capsys):
    assert table(*RUN, "--out", "reference", "--hidden", "5") == 2
    assert "another value of hidden; choose another --out folder" in capsys.readouterr().err
    neutral.save("other.npz", skeletons(seed=1))
    assert table(*RUN, "--out", "reference", "--data", "other.npz") == 2
    assert "another value of data;" in capsys.readouterr().err


def test_the_data_itself_counts_not_where_it_lies():
    data = skeletons()
    mark = tasks.fingerprint(data)
    assert tasks.fingerprint(neutral.load("data.npz")) == mark
    assert tasks.fingerprint(dataclasses.replace(data, name=data.name[::-1])) == mark
    changes = {"joints": data.joints + 1, "label": data.label[::-1], "view": data.label, "class_names": tuple("abc")}
    assert len({mark, *(tasks.fingerprint(dataclasses.replace(data, **{k: v})) for k, v in changes.items())}) == 5


def test_tables_share_their_trainings(reference):
    before = {file: file.stat().st_mtime_ns for file in reference.rglob("fold-*.json")}
    options = ["--data", "data.npz", "--protocol", "loso", *TINY, "--out", "reference"]
    assert table("II", *options, "--rows", "fine") == 0 and table(*RUN, "--out", "reference") == 0
    assert {file: file.stat().st_mtime_ns for file in before} == before
    ours = numbers(reference, "table-II")["GCA-LSTM (fine-grained only)"]["ours"]
    assert ours and ours == numbers(reference)["GCA-LSTM (direct training)"]["ours"]
    assert "ours, loso" in (reference / "table-II.md").read_text("utf-8")


def test_the_protocols_of_the_paper_are_found_by_the_classes():
    def splits(name, classes, asked=None):
        data = argparse.Namespace(class_names=tuple(map(str, range(classes))))
        return tables.protocols_of(paper.TABLES[name](), data, asked)

    assert splits("I", 60) == ["cross-subject", "cross-view"] == splits("VII", 60)
    assert [splits("VII", classes) for classes in (10, 12, 11)] == [["loseqo"], ["sysu"], ["mhad"]]
    assert splits("V", 3, "loso") == ["loso"] and splits("iterations", 3) == ["half"] and splits("IX", 8) == ["sbu"]


def test_iterations_beside_each_other(capsys):
    assert table("iterations", "--data", "data.npz", *TINY, "--out", "iterations", "--epochs", "1") == 0
    found = numbers("iterations", "table-iterations")
    ways = [f"N = {n}, {way}" for n in (1, 2) for way in ("stepwise", "direct")]
    assert list(found) == ["N = 0", "N = 0, with the epochs of N = 2", *ways]
    epochs = {name: plain["result"]["epochs"] for name, plain in results("iterations").items()}
    assert sorted(epochs.values()) == [1, 2, 2, 3, 3, 3]
    assert all(float(line["ours"]) >= 0 for line in found.values())


# --- noise ------------------------------------------------------------------------------------------------------------


def test_noise_has_its_deviation_and_leaves_the_absent_alone():
    data = skeletons(persons=2)
    data.joints[:, 1] = 0
    data.joints[5] = 0
    once, twice, other = noisy(data, 0.1), noisy(data, 0.2), noisy(data, 0.1, seed=1)
    change = once.joints - data.joints
    assert not change[:, 1].any() and not change[5].any()
    assert np.delete(change[:, 0], 5, axis=0).std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_allclose(twice.joints - data.joints, 2 * change, atol=1e-5)
    assert (once.joints == noisy(data, 0.1).joints).all() and (once.joints != other.joints).any()
    assert noisy(data, 0) is data and once.joints.dtype == np.float32 and once.label is data.label


def test_noise_wants_metres():
    for size in (100, 1000, 0.01, 0):
        data = skeletons()
        with pytest.raises(InputError, match="convert the coordinates to metres"):
            noisy(dataclasses.replace(data, joints=data.joints * np.float32(size)), 0.1)


def test_table_VI_in_both_readings():
    options = ["VI", "--data", "data.npz", "--protocol", "half", *TINY, "--out", "noise"]
    assert table(*options) == 0
    [plain] = results("noise").values()
    found = plain["result"]["noise"]
    assert list(found) == ["0", "0.001", "0.01", "0.02", "0.04", "0.08", "0.12", "0.16", "0.32"]
    assert found["0"] == plain["result"]["accuracy"]
    clean, *noise = numbers("noise", "table-VI").values()
    assert float(clean["ours"]) == pytest.approx(100 * found["0"]) and clean["paper Berkeley MHAD"] == ""
    assert [float(line["ours"]) for line in noise] == pytest.approx([100 * value for value in list(found.values())[1:]])
    assert table(*options, "--noise", "both", "--rows", "1", "32 cm") == 0
    both = numbers("noise", "table-VI-noise-both")
    assert [bool(line["ours"]) for line in both.values()] == [True] + 7 * [False] + [True]
    assert both["without noise (not in the paper's table)"]["ours"] == clean["ours"]
    folders = {name.partition("/")[0] for name in results("noise")}
    assert folders == {"gca-stepwise-2", "gca-stepwise-2-tested-with-noise", "gca-stepwise-2-noise-32cm"}


def test_the_test_sequences_are_the_noisy_ones():
    data = skeletons()
    source = runs.Source("npz", "data.npz")
    settings = dataclasses.replace(PRESETS["paper"], frames=4, hidden=4, iterations=1, epochs=2, batch_size=5)
    clean = tasks.run(data, tasks.Task("a", source, settings))
    tested = tasks.run(data, tasks.Task("a", source, settings, tests=(0.0, 0.5)))
    trained = tasks.run(data, tasks.Task("a", source, settings, noise=0.5))
    assert tested["loss"] == clean["loss"] != trained["loss"]  # trained and tested on the clean sequences, and again


def test_each_level_of_noise_is_tested_on_its_own_sequences(monkeypatch):
    data, seen = skeletons(), []
    settings = dataclasses.replace(PRESETS["paper"], frames=4, hidden=4, iterations=0, epochs=1, batch_size=5)
    test = runs.test
    for place in (runs, fold):
        monkeypatch.setattr(place, "test", lambda split, *rest: seen.append(split.data.joints) or test(split, *rest))
    tasks.run(data, tasks.Task("a", runs.Source("npz", "data.npz"), settings, tests=(0.0, 0.2, 0.4)))
    clean, *levels = seen
    assert clean is data.joints
    assert [np.std(joints - data.joints) for joints in levels] == pytest.approx([0, 0.2, 0.4], rel=0.1)


# --- a cluster --------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # of Dask
def test_a_cluster_gives_the_same_though_workers_die(reference, capsys, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="a cluster: install gca_scratch[cluster]")
    from gca_scratch.experiments.cluster import connected

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        for nanny in cluster.workers.values():
            nanny.auto_restart = False  # the other worker does the rest
        let_a_worker_die(monkeypatch, "cluster")
        assert table(*RUN, "--out", "cluster", "--cluster", cluster.scheduler_address) == 0
        assert os.path.exists("cluster-died")
        assert results("cluster") == results(reference)
        assert not [path for path in Path("cluster").rglob("fold-*") if path.suffix != ".json"]  # nothing kept

        data = neutral.load("data.npz")
        cluster.scheduler.allowed_failures = 0  # nobody waits for a worker in the place of the first that dies
        with (
            pytest.raises(InputError, match="a task ended every worker that tried it"),
            connected(cluster.scheduler_address, data) as backend,
            joblib.parallel_config(backend),
        ):
            list(joblib.Parallel(return_as="generator")([joblib.delayed(os._exit)(1)]))


def test_a_cluster_that_cannot_be_used(capsys, monkeypatch):
    pytest.importorskip("distributed", reason="a cluster: install gca_scratch[cluster]")
    assert table(*RUN, "--out", "no", "--cluster", "nowhere") == 2
    assert "'nowhere' is no address of a Dask scheduler; give it as tcp://HOST:PORT" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "gca_scratch.experiments.cluster", raising=False)
    assert table(*RUN, "--out", "no", "--cluster", "tcp://127.0.0.1:1") == 2
    assert "pip install 'gca_scratch[cluster]'" in capsys.readouterr().err


# --- what cannot be run -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, sentence", [
    (["V"], "say which skeletons to use"),
    (["V", "--data", "data.npz", "--dataset", "synthetic"], "synthetic data lies nowhere; leave --data data.npz out"),
    (["V", "--data", "none.npz"], "none.npz cannot be read"),
    (["V", "--data", "data.npz"], "the data has 3 classes, and the table is of UT-Kinect (10 classes)"),
    (["V", "--data", "data.npz", "--protocol", "third"], "there is no protocol 'third'"),
    (["V", "--data", "data.npz", "--preset", "huge"], "unknown preset 'huge'"),
    (["V", "--data", "data.npz", "--rows", "11"], "--rows '11' is not in this table; its own rows are: ST-LSTM"),
    (["V", "--data", "data.npz", "--rows", "1"], "is Grassmann Manifold [81], which this program does not have"),
    (["V", "--data", "data.npz", "--mode", "direct"], "--mode cannot be given for this table"),
    (["XI", "--data", "data.npz", "--initial", "average"], "--initial cannot be given for this table"),
    (["V", "--data", "data.npz", "--seeds", "0"], "--seeds 0 cannot be used"),
    (["V", "--data", "data.npz", "--jobs", "0"], "--jobs 0 cannot be used"),
    (["V", "--data", "data.npz", "--epochs", "0"], "epochs = 0 cannot be used"),
    (["V", "--data", "data.npz", "--noise", "both"], "--noise is for Table VI alone"),
    (["V", "--data", "data.npz", "--cluster", "tcp://a:1", "--jobs", "2"], "leave --jobs and --keep out"),
    (["V", "--data", "data.npz", "--protocol", "half", "--preset", "small"], "mirror cannot be, for it would make"),
    (["V", "--data", "data.npz", "--protocol", "half", *TINY, "--learning-rate", "1e38"], "half, seed 0, fold 1: "),
])  # fmt: skip
def test_bad_input_is_one_sentence(arguments, sentence, capsys):
    assert table(*arguments, "--out", "bad") == 2
    error = capsys.readouterr().err
    assert sentence in error and "Traceback" not in error
