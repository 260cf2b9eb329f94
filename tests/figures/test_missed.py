"""What is missed: which sequences, in which order, under which headings, and bodies that have one scale."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data import neutral
from gca_scratch.figures import canvas, missed, of_run
from gca_scratch.figures.missed import Miss
from gca_scratch.runs import trained
from gca_scratch.runs.folds import run_all_folds
from gca_scratch.support.errors import InputError
from tests.helpers.reading import laid_out, saved, texts
from tests.helpers.tiny import CLASSES, TINY, skeletons, two_persons

SETTINGS = dataclasses.replace(TINY, epochs=1, patience=1, iterations=0, validation=0)
BONES = [(0, 1), (1, 2), (1, 3)]
BODY = np.array([[0, 0, 0], [0, 0.5, 0], [-0.3, 0.3, 0], [0.3, 0.3, 0]])


def run_on(data, folder, name="run", **settings):
    neutral.save(folder / f"{name}.npz", data)
    source = runs.Source("npz", str(folder / f"{name}.npz"))
    runs.run(data, source, dataclasses.replace(SETTINGS, **settings), folder / name, show=False)
    return folder / name


def of_all_folds(data, folder):
    neutral.save(folder / "data.npz", data)
    run_all_folds(runs.Source("npz", str(folder / "data.npz"), "loso"), SETTINGS, folder / "run", jobs=1)
    return folder / "run"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two runs on the same data."""
    folder = tmp_path_factory.mktemp("runs")
    run_on(skeletons(), folder, "first")
    run_on(skeletons(), folder, "second", seed=1)
    return folder


def missed_of(folder, second=None):
    return of_run.FIGURES["missed"](of_run.Request(folder, second))


def headings(figure):
    return [text.get_text() for text in figure.axes[0].texts if not text.get_text().isdecimal()]


def answering(monkeypatch, chances):
    """Runs answer so from now on: chances(run, n) for each sequence."""
    monkeypatch.setattr(missed, "probabilities_of", lambda run, test: np.array([chances(run, n) for n in test]))


def known(label, *chances):
    """What was answered, chances being {sequence: probabilities}, to sequences with these labels; a Tested for each."""
    lengths = np.arange(1, len(label) + 1)
    data = SimpleNamespace(
        label=np.array(label), class_names=CLASSES, lengths=lengths, name=np.array([f"s{n}" for n in range(len(label))])
    )
    run = SimpleNamespace(split=SimpleNamespace(data=data))
    return [missed.Tested(run, {n: np.array(p) for n, p in each.items()}) for each in chances]


def test_what_a_run_misses_the_surest_first(made):
    figure, run = missed_of(made / "first"), trained.load(made / "first")
    data, test = run.split.data, run.split.test
    chances = trained.classify(run, test)[0]
    wrong = [
        (p.max(), f"{data.name[n]} ({CLASSES[data.label[n]]}), {data.lengths[n]} frames: "
                  f"taken for {CLASSES[p.argmax()]}, {p.max():.2f}")
        for n, p in zip(test, chances, strict=True) if p.argmax() != data.label[n]
    ]  # fmt: skip
    assert 0 < len(wrong) < len(test)
    assert headings(figure) == [text for _, text in sorted(wrong, key=lambda each: -each[0])][:12]
    assert f"missed: {len(wrong)} of {len(test)} test sequences" in texts(figure)


def test_two_runs_miss_what_both_test_and_both_answer_wrongly():
    one, other = known(
        [0, 1, 2, 0, 1],
        {0: [0.1, 0.2, 0.7], 1: [0.9, 0.1, 0], 2: [0.5, 0.3, 0.2], 3: [0.2, 0.8, 0], 4: [1, 0, 0]},
        {0: [0.1, 0.3, 0.6], 1: [0.2, 0.7, 0.1], 2: [0.0, 1.0, 0.0], 3: [0.1, 0.9, 0]},
    )
    assert [miss.n for miss in missed.misses([one])] == [4, 1, 3, 0, 2]
    assert missed.tested_by_all([one, other]) == [0, 1, 2, 3]
    assert missed.misses([one, other]) == [
        Miss(3, [("raise right", 0.8), ("raise right", 0.9)]),
        Miss(2, [("raise left", 0.5), ("raise right", 1.0)]),
        Miss(0, [("bow", 0.7), ("bow", 0.6)]),
    ]


def test_each_run_is_asked_about_its_own_labels():
    """One of the files may have a label mended."""
    (one,), (mended,) = (known([label], {0: [0.2, 0.8, 0]}) for label in (0, 1))
    assert missed.misses([one]) and not missed.misses([one, mended])


@pytest.mark.parametrize(
    ("chances", "text"),
    [
        ([[0.02, 0.98, 0]], "s1 (raise left), 2 frames: taken for raise right, 0.98"),
        ([[0.02, 0.98, 0], [0, 0.09, 0.91]], "s1 (raise left), 2 frames: taken for raise right, 0.98, and bow, 0.91"),
        ([[0, 0.996, 0], [0.4, 0.6, 0]], "s1 (raise left), 2 frames: taken for raise right, 1.00 and 0.60"),
    ],
)
def test_a_heading_says_what_was_taken_for_what(chances, text, monkeypatch):
    tests = known([0, 0], *({1: p} for p in chances))
    tests[0].run.body, tests[0].run.split.aligned = SimpleNamespace(bones=BONES), SimpleNamespace(up=1)
    monkeypatch.setattr(missed, "poses", lambda run, n: np.tile(BODY[:, None], (2, 1, 1, 1)))
    figure = missed.draw_missed(tests, missed.misses(tests))
    assert headings(figure) == [text]
    by = " by both runs" * (len(tests) > 1)
    assert f"missed{by}: 1 of 1 test sequence" in texts(figure)


def test_a_recording_of_one_frame(monkeypatch):
    tests = known([0], {0: [0.02, 0.98, 0]})
    tests[0].run.body, tests[0].run.split.aligned = SimpleNamespace(bones=BONES), SimpleNamespace(up=1)
    monkeypatch.setattr(missed, "poses", lambda run, n: BODY[None, :, None])
    assert headings(missed.draw_missed(tests, missed.misses(tests)))[0].startswith("s0 (raise left), 1 frame: taken")


def test_two_runs_of_the_command(made, monkeypatch):
    answering(monkeypatch, lambda run, n: np.roll([0.4, 0.5, 0.1], run.split.data.label[n] + run.settings.seed))
    test = trained.load(made / "first").split.test
    figure = missed_of(made / "first")
    assert f"missed: {len(test)} of {len(test)} test sequences" in texts(figure)
    with pytest.raises(of_run.NotInRun, match=rf"of {len(test)} sequences that .*first and .*second test, both miss"):
        seeds = {0: [0.4, 0.5, 0.1], 1: [0.5, 0.4, 0.1]}
        answering(monkeypatch, lambda run, n: np.roll(seeds[run.settings.seed], run.split.data.label[n]))
        missed_of(made / "first", made / "second")
    answering(monkeypatch, lambda run, n: np.roll([0.1, 0.5 + n / 100, 0.4], run.split.data.label[n]))
    figure = missed_of(made / "first", made / "second")
    assert f"missed by both runs: {len(test)} of {len(test)} test sequences" in texts(figure)
    assert headings(figure)[0].endswith(f", {0.5 + test[-1] / 100:.2f} and {0.5 + test[-1] / 100:.2f}")


def test_nothing_missed(made, monkeypatch):
    answering(monkeypatch, lambda run, n: np.eye(3)[run.split.data.label[n]])
    with pytest.raises(of_run.NotInRun, match=r"first misses none of its 12 test sequences$"):
        missed_of(made / "first")


def test_all_folds_together(tmp_path, monkeypatch):
    folder, read = of_all_folds(skeletons(subjects=3, repetitions=1), tmp_path), []
    monkeypatch.setattr(of_run, "load", lambda path, data, device: read.append(data) or trained.load(path, data))
    answering(monkeypatch, lambda run, n: np.roll([0.1, 0.5 + n / 100, 0.4], run.split.data.label[n]))
    figure = missed_of(folder)
    assert "missed: 9 of 9 test sequences" in texts(figure)
    assert [each is None for each in read] == [True, False, False]  # the data are read once
    name = trained.load(folder / "fold-01").split.data.name
    assert [text.partition(" (")[0] for text in headings(figure)] == name[::-1].tolist()
    figure = missed_of(folder, folder / "fold-02")
    assert "missed by both runs: 3 of 3 test sequences" in texts(figure)
    with pytest.raises(of_run.NotInRun, match=r"no sequence is tested by both .*fold-01 and .*fold-02; give two runs"):
        missed_of(folder / "fold-01", folder / "fold-02")


def test_other_data_are_refused(made, tmp_path):
    other = run_on(skeletons(subjects=6), tmp_path)
    with pytest.raises(InputError, match=r"run has other sequences than .*first; leave it out"):
        missed_of(made / "first", other)


def test_two_persons(tmp_path, monkeypatch):
    folder = run_on(two_persons(), tmp_path)
    answering(monkeypatch, lambda run, n: np.roll([0.1, 0.5, 0.4], run.split.data.label[n]))
    figure = missed_of(folder)
    assert {"bones of person 1", "bones of person 2"} <= texts(figure)
    lines = figure.axes[0].get_lines()
    assert [line.get_color() for line in lines[:4]] == ["#444444", canvas.ORANGE] * 2
    assert len(figure.axes[0].collections) == len(headings(figure)) == len(lines) / 2
    laid_out(figure)


def test_bodies_are_those_of_evenly_spread_frames_and_all_have_one_scale(tmp_path):
    small, large = BODY + np.zeros((20, 1, 1)), 2 * BODY + np.zeros((3, 1, 1))
    large = large + 5 * np.arange(3)[:, None, None] * (1, 0, 0)  # who walks stays in the row
    small[13, 1] += (0, 0.25, 0)
    figure = missed.bodies_in_rows("Two", ["small", "large"], [small[:, :, None], large[:, :, None]], BONES)
    ax = figure.axes[0]
    shown = [np.reshape(line.get_xydata(), (-1, len(BONES), 3, 2))[:, :, :2] for line in ax.get_lines()]
    assert [len(each) for each in shown] == [8, 3]
    numbers = [text.get_text() for text in ax.texts if text.get_text().isdecimal()]
    assert numbers == ["1", "4", "6", "9", "12", "15", "17", "20", "1", "2", "3"]
    bones = [np.linalg.norm(each[:, 0, 1] - each[:, 0, 0], axis=-1) for each in shown]
    np.testing.assert_allclose(bones[0], bones[1][0] / 2)
    np.testing.assert_allclose(bones[1], bones[1][0])
    positions = ax.get_position()
    inches = figure.get_size_inches() * (positions.width, positions.height)
    np.testing.assert_allclose(inches, [ax.get_xlim()[1], ax.get_ylim()[1]])  # and a unit is as wide as it is high
    saved(figure, tmp_path / "missed.png")


def test_bodies_do_not_touch_the_headings_and_numbers():
    tall = BODY[None, :, None] * (1, 3, 1)
    figure = missed.bodies_in_rows(
        "Three", ["a", "b " * 90, "c"], [BODY[None, :, None], tall, BODY[None, :, None]], BONES
    )
    ax = figure.axes[0]
    figure.draw_without_rendering()
    boxes = [each.get_window_extent() for each in (*ax.texts, *ax.get_lines(), *figure.texts)]
    assert len(boxes) == 10
    assert not any(one.overlaps(other) for n, one in enumerate(boxes) for other in boxes[:n])


def test_somebody_who_comes_between_the_frames_that_are_shown():
    positions = np.zeros((30, 4, 1, 3))
    positions[2, :, 0] = BODY + 1
    laid_out(missed.bodies_in_rows("Empty", ["a", "b"], [positions, BODY[None, :, None]], BONES))


def test_a_joint_that_flies_away_leaves_a_figure_of_bounded_size():
    far = np.tile(BODY[:, None], (5, 1, 1, 1))
    for away in ((0, 1e6, 0), (1e6, 0, 0)):
        far[2, 2, 0] = away
        figure = missed.bodies_in_rows("Far", ["a", "b", "c"], [far, BODY[None, :, None], BODY[None, :, None]], BONES)
        assert (figure.get_size_inches() <= (9.4, 6)).all()


def test_twelve_rows_at_most(made, monkeypatch):
    answering(monkeypatch, lambda run, n: np.roll([0.1, 0.5, 0.4], run.split.data.label[n]))
    run = trained.load(made / "first")
    whole = missed.tested([run._replace(split=dataclasses.replace(run.split, test=np.arange(24)))])
    figure = missed.draw_missed([whole], missed.misses([whole]))
    assert len(headings(figure)) == 12
    assert "missed: 24 of 24 test sequences, the 12 surest" in texts(figure)
    laid_out(figure)


NAMES = [r"$\frac$", "_$_ \\$", "\u202eright to left\u2069", "long " * 100 + "name", "W" * 1000, "走る יושב दौड़ 🏃"]


@pytest.mark.parametrize("first", [0, 3])
def test_names_are_drawn_as_they_are_and_none_is_cut_off(tmp_path, monkeypatch, first):
    data = skeletons(subjects=2, repetitions=1)
    names = np.array([f"{NAMES[n]} {n}"[-999:] for n in range(len(data))])
    folder = run_on(dataclasses.replace(data, class_names=tuple(NAMES[first : first + 3]), name=names), tmp_path)
    answering(monkeypatch, lambda run, n: np.roll([0.1, 0.5, 0.4], run.split.data.label[n]))
    figure = missed_of(folder, folder)
    with canvas.missing_letters():
        laid_out(figure)
    found = trained.load(folder).split
    for n, heading in zip(found.test, headings(figure), strict=True):
        label = found.data.label[n]
        true, taken_for = (canvas.plain(found.data.class_names[k % 3], missed.NAME) for k in (label, label + 1))
        name, length = canvas.plain(str(found.data.name[n]), missed.NAME), found.data.lengths[n]
        whole = f"{name} ({true}), {length} frames: taken for {taken_for}"
        assert "".join(heading.split()) == "".join(f"{whole}, 0.50 and 0.50".split())


def test_the_longest_heading_is_whole(monkeypatch):
    tests = known([0], {0: [0, 1.0, 0]}, {0: [0, 0, 1.0]})
    data = tests[0].run.split.data
    data.class_names, data.name, data.lengths = [letter * 99 for letter in "abc"], ["n" * 99], [12345]
    heading = missed._heading(data, missed.misses(tests)[0])
    assert heading == canvas.plain(heading, canvas.LONGEST_TITLE) and heading.count("…") == 4
    assert heading.endswith("c, 1.00") and ", 12345 frames: taken for bb" in heading
