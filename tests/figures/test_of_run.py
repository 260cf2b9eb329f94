"""The command `plot` on runs with tiny networks: what it draws is what they compute, and what it refuses."""

import argparse
import dataclasses
import json
import shutil

import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image

from gca_scratch import runs, training
from gca_scratch.commands import plot as plotting
from gca_scratch.data import alignment, neutral, protocols
from gca_scratch.figures import bodies, canvas, look, of_run
from gca_scratch.runs import trained, where
from gca_scratch.runs.folds import run_all_folds
from gca_scratch.support.errors import InputError
from gca_scratch.training import stepwise
from tests import strict_cupy
from tests.helpers.reading import laid_out, texts
from tests.helpers.tiny import CLASSES, TINY, skeletons

pytestmark = pytest.mark.usefixtures("coarse")
DIRECT = dataclasses.replace(TINY, mode="direct", validation=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two runs, stepwise and direct, on data of two persons of whom the second is absent at first."""
    folder = tmp_path_factory.mktemp("runs")
    data = skeletons(persons=2)
    data.joints[:, 1, :, 2] += 1.5  # behind the first one
    data.joints[data.offsets[:-1], 1] = 0
    neutral.save(folder / "data.npz", data)
    source = runs.Source("npz", str(folder / "data.npz"))
    for name, settings in (("stepwise", TINY), ("direct", DIRECT)):
        runs.run(data, source, settings, folder / name, show=False)
    return folder


def trained_run(folder, **settings):
    """A run on the synthetic people of tiny, in its folder, with some settings changed."""
    return run_on(skeletons(), folder, **settings)


def run_on(data, folder, name="run", **settings):
    neutral.save(folder / "data.npz", data)
    source = runs.Source("npz", str(folder / "data.npz"))
    changed = dataclasses.replace(TINY, epochs=1, patience=1, validation=0, **settings)
    runs.run(data, source, changed, folder / name, show=False)
    return folder / name


def plot(*arguments):
    parser = argparse.ArgumentParser()
    plotting.add_options(parser)
    plotting.command(parser.parse_args([str(argument) for argument in arguments]))


def catch(monkeypatch):
    """What is drawn from now on, by the name of its file."""
    caught = {}
    for module, name in ((canvas, "save"), (bodies, "save_animation")):
        write = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda drawn, path, write=write: (caught.__setitem__(path.name, drawn), write(drawn, path))
        )
    return caught


def test_all_figures_of_a_run(made, tmp_path, capsys, monkeypatch):
    drawn = catch(monkeypatch)
    plot("all", made / "stepwise", made / "direct", "--out", tmp_path)
    assert capsys.readouterr().out.splitlines() == [f"written to {tmp_path / file}" for file in plotting.FILES.values()]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(plotting.FILES.values())
    assert set(plotting.FILES) == set(of_run.FIGURES)

    run = trained.load(made / "stepwise")
    data, test = run.split.data, run.split.test
    seen = look.look(run)
    chances, scores, names = trained.classify(run, test)
    recognised = chances.argmax(axis=1) == data.label[test]
    first = recognised.argmax() if recognised.any() else 0
    assert seen.n == test[first] and names == ["iteration 1", "iteration 2"]
    np.testing.assert_allclose(seen.scores, scores[:, first], rtol=1e-5)
    for file in ("strip.png", "scores.png", "animation.gif"):
        figure = drawn[file]._fig if file.endswith("gif") else drawn[file]
        assert any(text.startswith(seen.title) for text in texts(figure)), file
    assert f"Gates: {seen.title}" in texts(drawn["gates.png"])

    result = json.loads((made / "stepwise" / "result.json").read_text())
    counts = np.array(result["confusion"])
    values = drawn["confusion.png"].axes[0].get_images()[0].get_array()
    np.testing.assert_allclose(values, 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    assert [label.get_text() for label in drawn["confusion.png"].axes[0].get_xticklabels()] == list(CLASSES)

    mean = scores.mean(axis=1).sum(axis=1)  # over sequences, over frames
    for k, ax in enumerate(drawn["body.png"].axes[:2]):
        np.testing.assert_allclose(ax.collections[0].get_array(), 6 * mean[k], rtol=1e-5)
        highest = data.joint_names[run.split.aligned.order[mean[k].argmax()]]
        assert f"{highest}\n{6 * mean[k].max():.2f}" in texts(drawn["body.png"])

    x = run.split.aligned.batch([seen.n], run.network.frames)[0]
    gates = run.network.gates(run.weights, x, run.iterations)
    images = [ax.get_images()[0] for ax in drawn["gates.png"].axes if ax.get_images()]
    assert len(images) == 4 * 3 + 2
    np.testing.assert_allclose(images[0].get_array(), gates[0][1][0, 0].T)
    np.testing.assert_allclose(images[8].get_array(), seen.scores[0].T * 6 * 4)

    with Image.open(tmp_path / "animation.gif") as image:
        assert image.n_frames == data.lengths[seen.n]


def test_convergence_of_one_run_and_of_two(made, tmp_path, monkeypatch):
    drawn = catch(monkeypatch)
    plot("convergence", made / "direct" / "checkpoint.npz")
    assert imread(made / "direct" / "convergence.png").shape[1] == 9 * canvas.DPI
    plot("convergence", made / "direct", made / "stepwise", "--out", tmp_path / "both.PNG")
    lines = drawn["both.PNG"].axes[0].get_lines()
    history = runs.read_history(made / "stepwise")
    assert history == [
        {k: v for k, v in row.items() if v is not None} for row in runs.checkpoint.load(made / "stepwise")[0].history
    ]
    stepwise = [line for line in lines if line.get_color() == canvas.ORANGE and line.get_linestyle() == "-"]
    assert np.concatenate([line.get_ydata() for line in stepwise]).tolist() == [row["train_loss"] for row in history]
    assert "direct: training" in texts(drawn["both.PNG"])
    plot("convergence", made / "direct", made / "direct", "--out", tmp_path / "same.png")
    assert "direct (direct): training" in texts(drawn["same.png"])


def test_on_the_stand_in_for_a_gpu(made):
    """It makes the same of a sequence, the gates included, and gives it back on the host."""
    with strict_cupy.installed():
        asked = of_run.Request(made / "stepwise", device="cuda", sequence=3)
        there, gates = asked.look, of_run.FIGURES["gates"](asked)
    asked = of_run.Request(made / "stepwise", sequence=3)
    here = asked.look
    assert there.title == here.title
    np.testing.assert_allclose(there.of_joints, here.of_joints, rtol=1e-4)
    for a, b in zip(gates.axes, of_run.FIGURES["gates"](asked).axes, strict=True):
        for x, y in zip(a.get_images(), b.get_images(), strict=True):
            np.testing.assert_allclose(x.get_array(), y.get_array(), rtol=1e-4)


def test_a_sequence_by_number_and_name(made):
    run = trained.load(made / "stepwise")
    name = str(run.split.data.name[5])
    by_number, by_name = look.look(run, 5), look.look(run, name)
    assert by_number.n == by_name.n == 5 and by_number.title == by_name.title
    assert f"({name})" in by_number.title and by_number.title.startswith(CLASSES[run.split.data.label[5]])


def test_poses_are_seen_from_the_front_or_from_the_side(made):
    run = trained.load(made / "stepwise")
    aligned, places = run.split.aligned, run.body.places
    for n in (0, 7):
        both, one = look.poses(run, n), look.poses(run, n, persons=1)
        F = run.split.data.lengths[n]
        assert both.shape == (F, 6, 2, 3) and one.shape == (F, 6, 1, 3)
        assert (both[0, :, 1] == 0).all()  # absent as before
        line = (both[1:, 0, 0] - both[1:, 0, 1]).mean(axis=0)
        assert line[0] > 1.4 and abs(line[2]) < 1e-6  # across = (up + 2) % 3 = 0: the first one stands on the left
        right, left = (run.split.data.joint_names.index(f"{side} hip") for side in ("right", "left"))
        order = list(aligned.order)
        across = one[0, order.index(right), 0] - one[0, order.index(left), 0]
        assert across[0] > 0 and abs(across[2]) < 1e-6
        original = aligned.x[aligned.offsets[n] : aligned.offsets[n + 1], :, 0][:, places]
        np.testing.assert_allclose(
            np.linalg.norm(one[:, :, 0] - one[:, :1, 0], axis=-1),
            np.linalg.norm(original - original[:, :1], axis=-1),
            atol=1e-6,
        )


def test_an_axis_that_points_down_is_turned_up(tmp_path):
    data = skeletons(subjects=2, repetitions=1)
    data.joints[..., 1] *= -1
    aligned = alignment.align(data)
    split = argparse.Namespace(data=data, aligned=aligned)
    run = trained.Run(None, {}, None, 0, split, runs.Source("npz"), trained.body(data, aligned), np)
    positions = look.poses(run, 0)
    neck = [data.joint_names[aligned.order[k]] for k in run.body.places].index("neck")
    assert (positions[:, neck, 0, 1] > positions[:, 0, 0, 1]).all()


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        ({"network": "coarse", "iterations": 1}, ["iteration 1"]),
        ({"network": "two-stream", "iterations": 1}, ["fine, iteration 1", "coarse, iteration 1"]),
        ({"traversal": "tree", "iterations": 1}, ["iteration 1"]),
        ({"attention": "soft", "iterations": 1}, ["iteration 1"]),
    ],
)
def test_other_networks_with_attention(tmp_path, settings, rows):
    folder = trained_run(tmp_path, **settings)
    run = trained.load(folder)
    seen = look.look(run)
    assert seen.names == rows
    cells = len(run.split.aligned.order)
    assert seen.scores.shape == (len(rows), 4, cells) and seen.of_joints.shape == (len(rows), 4, 6)
    network, x = run.network, run.split.aligned.batch([seen.n], 4)[0]
    _, cache = network.forward(run.weights, x)
    for row, name in enumerate(rows):
        r = network.scores(cache, row)[0, 0]
        guesses = 4 * len(set(network.parts)) if settings.get("network") == "coarse" or "coarse" in name else 4 * cells
        np.testing.assert_allclose(seen.scores[row] * 4 * cells, r * guesses, rtol=1e-5)
        for k, place in enumerate(run.body.places):
            visits = np.array(run.split.aligned.order) == run.split.aligned.order[place]
            np.testing.assert_allclose(seen.of_joints[row, :, k] * 24, (r * guesses)[:, visits].mean(axis=1), rtol=1e-5)
    asked = of_run.Request(folder)
    drawn = {figure: of_run.FIGURES[figure](asked) for figure in ("strip", "body", "gates", "scores")}
    assert set(rows) <= texts(drawn["strip"]) & texts(drawn["body"])
    assert {f"score r, {name}" for name in rows} <= texts(drawn["scores"])
    assert ("score $r$" in texts(drawn["gates"])) == ("attention" not in settings)


def test_a_network_without_attention(tmp_path, capsys):
    folder = trained_run(tmp_path, network="st-lstm", iterations=0)
    plot("all", folder)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "written",
        "no",
        "no",
        "written",
        "written",
        "no",
        "no",
        "written",
        "written",
    ]
    with pytest.raises(InputError, match=r"run has no attention; train one with --network gca --iterations 2"):
        plot("strip", folder)


def test_a_network_not_yet_trained_with_attention(tmp_path, monkeypatch):
    monkeypatch.setattr(stepwise, "training_steps", lambda settings: [0])
    monkeypatch.setattr(runs.checkpoint, "training_steps", lambda settings: [0])
    folder = trained_run(tmp_path)
    with pytest.raises(InputError, match=r"run was not trained with attention yet; go on with it by --resume"):
        plot("scores", folder)
    assert "layer 1" in texts(of_run.FIGURES["gates"](of_run.Request(folder)))


def test_a_run_that_was_stopped_has_all_figures_but_one(made, tmp_path, capsys):
    folder = tmp_path / "stopped"
    shutil.copytree(made / "stepwise", folder)
    (folder / "result.json").unlink()
    plot("all", folder)
    lines = capsys.readouterr().out.splitlines()
    drawn = {name: file for name, file in plotting.FILES.items() if name != "confusion"}
    written = [f"written to {folder / 'figures' / file}" for file in drawn.values()]
    assert [line for line in lines if not line.startswith("no ")] == written
    (line,) = (line for line in lines if line.startswith("no "))
    assert line.startswith(f"no confusion: it needs a finished run, and {folder} has no result.json yet; go on with it")
    assert sorted(path.name for path in (folder / "figures").iterdir()) == sorted(drawn.values())
    with pytest.raises(InputError, match=r"it needs a finished run, .*; go on with it by train --resume --out "):
        plot("confusion", folder)


def test_one_figure_that_cannot_be_drawn_leaves_the_others(made, tmp_path, capsys):
    folder = tmp_path / "damaged"
    shutil.copytree(made / "stepwise", folder)
    (folder / "history.csv").write_text("step")
    (folder / "result.json").write_text("{")
    with pytest.raises(InputError, match=r"no convergence: .*holds no epoch; .*; no confusion: .*result.json"):
        plot("all", folder)
    drawn = {file for name, file in plotting.FILES.items() if name not in ("convergence", "confusion")}
    assert {path.name for path in (folder / "figures").iterdir()} == drawn
    with pytest.raises(
        InputError, match=r"^no convergence: .*; no strip, body, gates, scores, animation, where, missed: there"
    ):
        plot("all", made.parent / made.name, "--out", tmp_path / "none")


def test_folds_of_which_one_was_stopped(tmp_path, capsys):
    neutral.save(tmp_path / "data.npz", skeletons(subjects=3, repetitions=1))
    source = runs.Source("npz", str(tmp_path / "data.npz"), "loso")
    settings = dataclasses.replace(TINY, epochs=1, patience=1, iterations=1, validation=0)
    run_all_folds(source, settings, tmp_path / "run", jobs=1)
    (tmp_path / "run" / "result.json").unlink()
    (tmp_path / "run" / "fold-02" / "result.json").unlink()
    capsys.readouterr()
    plot("all", tmp_path / "run")
    said = capsys.readouterr().out
    assert f"no confusion: it needs a finished run, and {tmp_path / 'run'} has no result.json yet" in said
    assert f"written to {tmp_path / 'run' / 'figures' / 'body.png'}" in said


def test_all_folds(tmp_path, monkeypatch, capsys):
    drawn = catch(monkeypatch)
    data = skeletons(subjects=3, repetitions=1)
    neutral.save(tmp_path / "data.npz", data)
    source = runs.Source("npz", str(tmp_path / "data.npz"), "loso")
    settings = dataclasses.replace(TINY, epochs=1, patience=1, iterations=1, validation=0)
    result = run_all_folds(source, settings, tmp_path / "run", jobs=1)
    capsys.readouterr()
    plot("all", tmp_path / "run")
    said = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("written to") for line in said) == 3
    assert "no strip: " in said[1] and said[1].endswith("strip shows one run; give one, such as "
                                                       f"{tmp_path / 'run' / 'fold-01'}")  # fmt: skip
    shown = drawn["confusion.png"].axes[0].get_images()[0].get_array()
    np.testing.assert_allclose(shown, 100 * np.array(result["confusion"]) / 3)
    assert any("all folds" in text for text in texts(drawn["confusion.png"]))
    assert "Mean score of every joint over 9 test sequences" in texts(drawn["body.png"])
    mean = 0
    for fold in range(1, protocols.folds(data, "loso") + 1):
        run = trained.load(tmp_path / "run" / f"fold-{fold:02}")
        mean = mean + trained.classify(run, run.split.test)[1].sum(axis=(1, 2)) / 9
    np.testing.assert_allclose(drawn["body.png"].axes[0].collections[0].get_array(), 6 * mean[0], rtol=1e-5)


def test_a_class_that_was_not_tested_keeps_its_place(tmp_path):
    result = {"confusion": [[2, 1, 0], [0, 0, 0], [0, 0, 4]], "per_class": {"wave": 0.7, "kick": 1.0}, "fold": 1}
    result |= {"dataset": "npz", "protocol": "half", "accuracy": 0.857}
    (tmp_path / "result.json").write_text(json.dumps(result))
    figure = of_run.FIGURES["confusion"](of_run.Request(tmp_path))
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["wave (3)", "class 2, not tested (0)", "kick (4)"]
    assert "npz, protocol half, fold 1: 85.7% recognised" in texts(figure)


STRANGE = [
    r"$\frac$",
    r"a$_$b \$1\ 2$",
    "\u202eright to left\u2069 and no\xa0break",
    "long " * 199 + "name",
    "W" * 1000,
    "走る יושב می\u200cرود दौड़ 🏃",
]


@pytest.mark.parametrize(("first", "sequence"), [pytest.param(0, 0, marks=pytest.mark.long), (3, 4)])
def test_names_are_drawn_as_they_are(tmp_path, first, sequence):
    """They are no formulas, may be anything that the data may hold, and push nothing out of the figure."""
    data = skeletons(subjects=2, repetitions=1)
    data = dataclasses.replace(
        data,
        class_names=tuple(STRANGE[first : first + 3]),
        joint_names=("pelvis", *STRANGE[:first], *STRANGE[first + 1 :]),
        name=np.array([f"{STRANGE[n % 6][:990]} {n}" for n in range(len(data))]),
    )
    folder, other = run_on(data, tmp_path, r"_$\frac$"), run_on(data, tmp_path, "x" * 200 + "$_$")
    asked, figure = of_run.Request(folder, other, sequence=sequence), {}
    for name, draw in of_run.FIGURES.items():
        drawn = draw(asked)
        figure[name] = getattr(drawn, "_fig", drawn)
        with canvas.missing_letters():
            laid_out(figure[name])
    title = canvas.plain(asked.look.title, canvas.LONGEST_TITLE)
    for name in ("strip", "scores", "animation"):
        assert any("".join(title.split()) in "".join(text.split()) for text in texts(figure[name])), name
    classes, joints = ({canvas.plain(name) for name in names} for names in (data.class_names, data.joint_names))
    assert classes | {f"{name} (1)" for name in classes} <= texts(figure["confusion"])
    assert joints <= texts(figure["gates"]) & texts(figure["scores"])
    assert joints == {text.rpartition("\n")[0] for text in texts(figure["body"]) if "\n" in text}
    assert [text.get_text().strip() for text in figure["convergence"].legends[0].get_texts()] == [
        r"_$\frac$ (stepwise): training",
        f"{'x' * 26}…_$ (stepwise): training",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["portrait", "stepwise"], "unknown figure 'portrait': choose one of convergence, strip, body, .*, all"),
        (["strip", "nowhere"], "there is no run nowhere; give the folder that train has written"),
        (["strip", "stepwise", "direct"], "strip shows one run; leave direct out, or draw convergence, where, missed"),
        (["strip", "."], "there is no checkpoint checkpoint.npz; give the folder or file of a run"),
        (["convergence", "."], "history.csv cannot be read .*; give the folder of a run"),
        (["confusion", "."], "result.json cannot be read .*; give the folder of a run that has ended"),
        (
            ["strip", "stepwise", "--sequence", "24"],
            "--sequence '24' is none of the 24 sequences; give a number from 0 to",
        ),
        (["gates", "stepwise", "--sequence=-1"], "--sequence '-1' is none of the 24 sequences"),
        (["scores", "stepwise", "--data", "gone.npz"], "gone.npz cannot be read"),
        (["strip", "stepwise", "--out", "strip.gif"], "--out strip.gif is no name for this figure; end it with .png"),
        (["animation", "stepwise", "--out", "x"], "--out x is no name for this figure; end it with .gif"),
        (["confusion", "stepwise", "--out", "data.npz/x.png"], "data.npz/x.png cannot be written"),
    ],
)
def test_what_cannot_be_drawn(made, arguments, message, monkeypatch):
    monkeypatch.chdir(made)
    before = sorted(path for path in made.rglob("*"))
    with pytest.raises(InputError, match=message) as caught:
        plot(*arguments)
    assert "\n" not in str(caught.value) and sorted(path for path in made.rglob("*")) == before


def result_of(**parts):
    """The text of a result.json, whole but for some parts."""
    whole = {"confusion": [[1, 0], [0, 1]], "per_class": {"wave": 1.0, "kick": 1.0}, "fold": 1}
    return json.dumps(whole | {"dataset": "npz", "protocol": "half", "accuracy": 1.0} | parts)


def history_of(*epochs):
    """The text of a history.csv with these steps and training errors."""
    rows = (
        dict.fromkeys(training.HISTORY_COLUMNS, 0.5) | {"step": step, "train_error": error} for step, error in epochs
    )
    return "\n".join(",".join(map(str, row)) for row in (training.HISTORY_COLUMNS, *(row.values() for row in rows)))


def test_folds_of_other_classes(tmp_path):
    for folder, text in (
        (tmp_path, result_of(fold=0)),
        (tmp_path / "fold-01", result_of(confusion=[[1]], per_class={"a": 1})),
    ):
        folder.mkdir(exist_ok=True)
        (folder / "result.json").write_text(text)
        (folder / "checkpoint.npz").touch()
    with pytest.raises(InputError, match=r"fold-01/result.json has other classes than .*result.json; train again"):
        plot("confusion", tmp_path)


def test_a_result_may_hold_any_text(tmp_path):
    strange = [*STRANGE, "a\nb\r\t\x07\x1b[1m\u2028c", "\ud800"]
    result = result_of(
        confusion=np.eye(8, dtype=int).tolist(),
        per_class=dict.fromkeys(strange, 1),
        dataset="x$_$\n" * 99,
        protocol="W" * 999,
    )
    (tmp_path / "result.json").write_text(result)
    figure = of_run.FIGURES["confusion"](of_run.Request(tmp_path))
    assert {"a b  ��[1m c (1)", "� (1)"} <= texts(figure)
    with canvas.missing_letters():
        laid_out(figure)
    canvas.save(figure, tmp_path / "confusion.png")


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("history.csv", "step,epoch\n0,1\n", "history.csv is no history of training"),
        ("history.csv", "step,train_loss\n0,much\n", "history.csv is no history of training"),
        ("history.csv", "step,train_loss\n", "history.csv holds no epoch; go on with the run by --resume"),
        ("result.json", "{}", "result.json is no result of a run"),
        ("result.json", "[1]", "result.json is no result of a run"),
        ("result.json", '{"confusion": [[1, 2]]}', "result.json is no result of a run"),
        ("result.json", "", "result.json is no result of a run"),
        ("result.json", "{}", "it lacks 'confusion'"),
        ("result.json", result_of(confusion=[["a" * 200], ["", ""]]), r"confusion\[0\] is no list of 2 counts"),
        ("result.json", result_of(confusion=[[1, 2], [0, "1"]]), r"confusion\[1\]\[1\] is no count of sequences"),
        ("result.json", result_of(confusion=[[1, True], [0, 1]]), r"confusion\[0\]\[1\] is no count of sequences"),
        ("result.json", result_of(confusion=[[1, -1], [0, 1]]), r"confusion\[0\]\[1\] is no count of sequences"),
        ("result.json", result_of(confusion=[[1, 2**31], [0, 1]]), r"confusion\[0\]\[1\] is no count of sequences"),
        ("result.json", result_of(confusion=[[]] * 1001), "confusion is no list of 1 to 500 rows"),
        ("result.json", result_of(confusion=[]), "confusion is no list of 1 to 500 rows"),
        ("result.json", result_of(per_class={"wave": 1.0}), "per_class does not name the classes that were tested"),
        ("result.json", result_of(dataset=3), "dataset or protocol is no name"),
        ("result.json", result_of(fold=2**31), "fold is no number of a fold"),
        ("result.json", result_of(accuracy=1.1), "accuracy is no share of the sequences"),
        ("history.csv", history_of((1, 0.5), (0, 0.5)), "its steps go back"),
        ("history.csv", history_of((0, 1.5)), "an error is no share of the sequences"),
    ],
)
def test_damaged_files(tmp_path, file, text, message):
    (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=message):
        plot("convergence" if file == "history.csv" else "confusion", tmp_path)


def test_where_it_looks_shows_all_answers_under_the_truth(made, tmp_path, monkeypatch):
    drawn = catch(monkeypatch)
    plot("where", made / "stepwise", made / "direct", "--sequence", 3, "--out", tmp_path / "where.png")
    run, other = (trained.load(made / name) for name in ("stepwise", "direct"))
    maps = of_run.where_it_looks(run, 3)
    expected = where.answers(run.network, run.weights, run.split.aligned, [3], run.iterations)
    assert list(maps) == ["truth", *expected]
    for name, found in expected.items():
        np.testing.assert_allclose(maps[name], found[0], rtol=1e-5)  # each joint has one place in the chain
    scores = look.look(other, 3).of_joints
    figure = drawn["where.png"]
    for name in (*maps, "run 2, iteration 1", "run 2, iteration 2"):
        assert name in texts(figure)
    rows = [ax.collections[-1].get_array() for ax in figure.axes if ax.collections and ax.get_ylabel() == ""]
    assert len(rows) >= len(maps) + len(scores)


def test_where_it_looks_needs_no_attention_and_no_truth(tmp_path, monkeypatch):
    drawn = catch(monkeypatch)
    folder = run_on(skeletons(truth=False), tmp_path, iterations=0)
    plot("where", folder)
    assert "gradient" in texts(drawn["where.png"]) and "truth" not in texts(drawn["where.png"])


def test_where_it_looks_of_other_sequences_cannot_be_shown_beside(made, tmp_path):
    other = run_on(skeletons(subjects=6), tmp_path)
    with pytest.raises(InputError, match="has other sequences or frames than"):
        plot("where", made / "stepwise", other)
