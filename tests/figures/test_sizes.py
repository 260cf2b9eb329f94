"""How large figures and letters are where there is much to show, and what stands where nothing decides."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from gca_scratch.data import alignment
from gca_scratch.figures import bodies, canvas, charts, dial, fonts, labels, look, recording
from gca_scratch.runs import Source, trained
from tests.helpers.tiny import skeletons

LONG = "the left hand of the second person"


def even(*shape):
    return np.full(shape, 1 / np.prod(shape[1:]))


def size(figure):
    return pytest.approx(tuple(figure.get_size_inches()), abs=1e-6)


@pytest.mark.parametrize(("joints", "height"), [(4, 1.9), (19, 1.9), (30, 3.0)])
def test_maps_of_gates_grow_with_the_joints(joints, height):
    names, gates = [str(k) for k in range(joints)], [("layer 1", np.ones((4, 2, joints)))] * 3
    assert size(charts.gate_maps("x", gates, None, names)) == (2.45 * 4 + 1.2, 3 * height + 1.2)
    assert size(charts.gate_maps("x", gates, even(2, 2, joints), names)) == (2.45 * 5 + 1.2, 3 * height + 1.2)
    beyond = canvas.inches([LONG], 6) - 0.8
    assert beyond > 0.2
    wide = charts.gate_maps("x", gates, None, [LONG, *names[1:]])
    assert size(wide) == (2.45 * 4 + 1.2 + beyond, 3 * height + 1.2)


@pytest.mark.parametrize(("joints", "height"), [(4, 3.6), (30, 3.6), (50, 5.5)])
def test_maps_of_scores_grow_with_the_joints_and_sequences(joints, height):
    names, r = [str(k) for k in range(joints)], np.full((2, 3, 2, joints), 1 / (2 * joints))
    assert size(charts.score_maps(["a", "b", "c"], None, r, names)) == (3.1 * 2 + 1.6, 0.6 + 3 * height)
    truth = np.zeros((3, 2, joints), bool)
    beyond = canvas.inches([LONG], 6) - 0.8
    wide = charts.score_maps(["a", "b", "c"], truth, r, [LONG, *names[1:]])
    assert size(wide) == (3.1 * 3 + 1.6 + beyond, 0.6 + 3 * height)


@pytest.mark.parametrize(
    ("classes", "side", "names", "counts"), [(3, 0.55, 9, 9), (12, 0.55, 9, 9), (20, 0.35, 9, 9), (40, 0.23, 7.82, 6.9)]
)
def test_letters_of_a_confusion_shrink_with_its_cells(classes, side, names, counts):
    figure = charts.confusion_matrix(100 * np.eye(classes, dtype=int), ["x"] * classes)
    ax = figure.axes[0]
    assert ax.get_xticklabels()[0].get_fontsize() == pytest.approx(names)
    assert ax.get_yticklabels()[0].get_fontsize() == pytest.approx(names)
    assert ax.texts[0].get_fontsize() == pytest.approx(counts)
    margin = 1.1 * canvas.inches(["x (100)"], names)
    assert size(figure) == (max(classes * side + margin + 1.4, 4), max(classes * side + margin + 0.6, 3))
    many = charts.confusion_matrix(123456 * np.eye(classes, dtype=int), ["x"] * classes, percent=False).axes[0]
    assert many.texts[0].get_fontsize() == pytest.approx(min(9, 30 * side, 100 * side / 6))


@pytest.mark.parametrize(("classes", "part"), [(4, 1), (20, 3 / 7), (60, 3 / 13.8)])
def test_the_bar_beside_a_confusion_is_three_inches_at_most(classes, part):
    figure = charts.confusion_matrix(np.eye(classes, dtype=int), ["x"] * classes)
    figure.draw_without_rendering()
    matrix, bar = (ax.get_position().height for ax in figure.axes)
    assert bar / matrix == pytest.approx(part, rel=0.15)


@pytest.mark.parametrize(
    ("low", "high", "ticks", "labels"),
    [
        (0.01, 300, [0.03125, 0.125, 0.5, 1, 2, 8, 32, 128], ["1/32", "1/8", "0.5", "1", "2", "8", "32", "128"]),
        (0.2, 4, [0.25, 0.5, 1, 2, 4], ["1/4", "0.5", "1", "2", "4"]),
        (0.06, 1.1, [0.0625, 0.125, 0.25, 0.5, 1], ["1/16", "1/8", "1/4", "0.5", "1"]),
        (0.6, 8, [1, 2, 4, 8], ["1", "2", "4", "8"]),
        (0.5, 1.6, [0.5, 0.7, 1, 1.5], ["0.5", "0.7", "1", "1.5"]),
        (0.9, 3, [1, 1.5, 2, 3], ["1", "1.5", "2", "3"]),
        (0.6, 1.5, [0.6, 0.8, 1, 1.2, 1.5], ["0.6", "0.8", "1", "1.2", "1.5"]),
        (0.8, 1.2, [0.8, 0.9, 1, 1.1, 1.2], ["0.8", "0.9", "1", "1.1", "1.2"]),
        (0.9, 1.1, [0.9, 0.95, 1, 1.05, 1.1], ["0.9", "0.95", "1", "1.05", "1.1"]),
    ],
)
def test_a_bar_of_scores_has_ticks_enough_whatever_its_range(low, high, ticks, labels):
    figure, axes = canvas.grid_of_axes(3, 3)
    image = axes[0, 0].imshow([[low, high]], norm=charts.log_scale(np.array([low, high])))
    charts.score_bar(figure, image, axes.ravel().tolist())
    bar = figure.axes[-1]
    assert bar.get_yticks().tolist() == ticks
    assert [label.get_text() for label in bar.get_yticklabels()] == labels


def test_a_title_of_a_recording_keeps_within_the_figure():
    lines = recording._heading("of joints and of people " * 8, 0, 1, "+y", False).splitlines()
    assert len(lines) > 2 and lines[-1] == "+y points up"
    assert all(canvas.inches([line], 10) <= 5.7 for line in lines)


def test_a_body_map_is_wider_where_its_names_are_long():
    pose = np.array([[0, 0, 0], [0, 1.0, 0], [0.3, 0.5, 0], [-0.3, 0.5, 0]])
    mean = np.array([[0.1, 0.2, 0.3, 0.4]] * 2)
    assert size(bodies.body_map("x", pose, [(0, 1)], mean, list("abcd"))) == (2 * 3.7 + 1.1, 4.6)
    wide = 3.7 + 2 * (canvas.inches([LONG], 8) - 1.1)
    assert wide > 4.5 and size(bodies.body_map("x", pose, [(0, 1)], mean, [LONG, *"bcd"])) == (2 * wide + 1.1, 4.6)


@pytest.mark.parametrize(("wide", "width"), [(0.1, 0.7), (1.2, 1.2), (9.0, 1.6)])
def test_an_animation_is_as_wide_as_what_moves_within_bounds(wide, width):
    poses = np.array([[[0, 0, 0], [wide, 1.0, 0]]] * 2)
    moving = bodies.animation("x", poses, [(0, 1)], even(3, 2, 2))
    moving._draw_was_started = True  # it need not be played
    assert size(moving._fig) == (3.4 * width * 3 + 1.2, 4.4)


def test_bodies_that_are_a_point_or_lie_flat_are_drawn():
    """Somebody always stands somewhere: no width is 0, and no place is none."""
    for pose in (np.full((2, 3, 3), 2.0), np.array([[[0, 1, 0], [0.5, 1, 0], [1, 1.0, 0]]] * 2)):
        places, width, height = bodies._side_by_side(bodies._seen(pose, 1))
        assert height == 1e-6 and (width > 0).all() and np.isfinite(places).all() and np.diff(width).max() == 0
        strip = bodies.skeleton_strip("x", pose, [(0, 1), (1, 2)], even(1, 2, 3))
        assert np.isfinite(strip.get_size_inches()).all() and strip.get_figwidth() >= 5.5


def test_bodies_stand_side_by_side_in_places_of_their_own_width():
    """A place is as wide as the body, at least three tenths of the height, and a fifth of the height more."""
    places = np.zeros((3, 2, 1, 2))
    places[:, 1, 0] = [[0.1, 1.0], [2.0, 0.5], [-1.0, 0.5]]
    moved, width, height = bodies._side_by_side(places)
    assert height == 1.0
    np.testing.assert_allclose(width, [0.5, 2.2, 1.2])
    np.testing.assert_allclose(moved[:, :, 0, 0], [[0.2, 0.3], [0.6, 2.6], [3.8, 2.8]])
    np.testing.assert_allclose(moved[..., 1], places[..., 1])


def test_labels_keep_apart_and_within():
    assert bodies._apart([5.0, 4.9, 1.0], 0.5, 0, 10).tolist() == pytest.approx([5.1333, 4.6333, 1.1333], abs=1e-4)
    assert bodies._apart([9.9, 9.8], 1, 0, 10).tolist() == [9.5, 8.5] and bodies._apart([], 1, 0, 10).tolist() == []
    assert bodies._apart([0.2, 0.1], 1, 0, 10).tolist() == [1.5, 0.5]
    assert bodies._apart([3.0], 1, 0, 10).tolist() == [3.0]


def test_of_many_joints_that_score_alike_the_first_are_named():
    J = 40
    pose = np.random.default_rng(0).random((J, 3))
    figure = bodies.body_map(
        "x", pose, [(k, k + 1) for k in range(J - 1)], even(1, J), [f"joint {k}" for k in range(J)]
    )
    assert {text.get_text().partition("\n")[0] for text in figure.axes[0].texts} == {f"joint {k}" for k in range(6)}
    some = np.ones((1, 25))
    some[0, [0, 4, 7, 10, 13, 19, 22]], some[0, [5, 9, 12, 16]] = 2, 3  # of seven alike the first two
    figure = bodies.body_map(
        "x", pose[:25], [(k, k + 1) for k in range(24)], some / some.sum(), [f"joint {k}" for k in range(25)]
    )
    named = {text.get_text().partition("\n")[0] for text in figure.axes[0].texts}
    assert named == {f"joint {k}" for k in (0, 4, 5, 9, 12, 16)}


# --- numbers beside points --------------------------------------------------------------------------------------------


def test_a_number_stands_beside_its_point_as_near_as_it_can():
    assert labels.RADII == (0.095, 0.125, 0.165, 0.21, 0.27, 0.34, 0.42, 0.52, 0.64, 0.8)
    np.testing.assert_allclose(np.degrees(labels.ANGLES), 22.5 * np.arange(16))
    low, high = np.array([-2.0, -2]), np.array([2.0, 2])
    [alone] = labels.placed(np.zeros((1, 2)), 7, low, high)
    np.testing.assert_allclose(alone, [0.095, 0], atol=1e-12)
    places = labels.placed(np.array([[-1.0, 0], [1.0, 0]]), 7, low, high)
    np.testing.assert_allclose(places, [[-1.095, 0], [1.095, 0]], atol=1e-12)  # away from the middle of all
    [cornered] = labels.placed(np.array([[1.99, 0.0]]), 7, low, high)
    assert cornered[0] < 1.99  # its box would leave the picture elsewhere


def test_a_number_covers_no_other_and_no_point():
    row = np.stack([np.linspace(0, 0.6, 7), np.zeros(7)], axis=1)
    places = labels.placed(row, 7, np.array([-1.0, -1]), np.array([2.0, 1]))
    half = np.array([0.31 * 7, 0.4 * 7]) / 72
    for n, one in enumerate(places):
        assert not any((np.abs(one - other) < half + (0.045, 0.045)).all() for other in row)
        assert not any((np.abs(one - other) < 2 * half + 0.0149).all() for other in places[:n])
        assert np.linalg.norm(one - row[n]) < 0.3


def test_the_crowded_choose_first_and_of_the_same_the_first():
    low, high = np.array([-5.0, -5]), np.array([5.0, 5])
    same = labels.placed(np.zeros((20, 2)), 7, low, high)
    far = np.linalg.norm(same, axis=1)
    assert far[0] == pytest.approx(0.095) and (np.diff(far) >= -1e-9).all()
    crowd = np.array([[4.0, 4.0], [0, 0], [0.05, 0], [0, 0.05], [0.05, 0.05], [0.1, 0.0]])
    assert np.linalg.norm(labels.placed(crowd, 7, low, high)[0] - crowd[0]) == pytest.approx(0.095)


def test_who_has_five_neighbours_near_chooses_before_who_is_near_the_middle(monkeypatch):
    """A crowd in a corner, a pair in another, one in the middle of all: the order in which they look for a place."""
    crowd = [[4.0, 4.0], [4.1, 4.0], [4.0, 4.2], [4.1, 4.2], [4.05, 4.1]]
    points = np.array([[0.5, 0.5], [-4.0, -4.0], *crowd, [-4.0, 3.0], [-3.9, 3.0], [4.0, -4.0]])
    asked, covers = [], labels._covers

    def watched(at, half, others, half_of_others):
        if len(others) == len(asked):  # the numbers that have a place
            asked.append(at.mean(axis=0))
        return covers(at, half, others, half_of_others)

    monkeypatch.setattr(labels, "_covers", watched)
    labels.placed(points, 7, np.array([-6.0, -6]), np.array([6.0, 6]))
    order = [int(np.linalg.norm(points - spot, axis=1).argmin()) for spot in asked[: len(points)]]
    distances = [sorted(float(np.hypot(*(one - other))) for other in points)[:5] for one in points]
    assert order == sorted(range(len(points)), key=lambda k: sum(distances[k]))
    assert order[0] == 6 and set(order[:5]) == {2, 3, 4, 5, 6}


# --- poses ------------------------------------------------------------------------------------------------------------


def a_run(data):
    aligned = alignment.align(data)
    split = SimpleNamespace(data=data, aligned=aligned)
    return trained.Run(None, {}, None, 0, split, Source("npz"), trained.body(data, aligned), np)


def place(run, name):
    return [run.split.data.joint_names[run.split.aligned.order[k]] for k in run.body.places].index(name)


def test_who_goes_down_is_not_turned_upside_down():
    data = skeletons(subjects=2, repetitions=1)
    for n in range(len(data)):
        data.sequence(n)[..., 1] -= np.linspace(0, 9, len(data.sequence(n)))[:, None, None]
    run = a_run(data)
    poses = look.poses(run, 0)
    assert (poses[:, place(run, "neck"), 0, 1] > poses[:, place(run, "pelvis"), 0, 1]).all()
    assert poses[-1, 0, 0, 1] < -8


def test_one_who_is_away_now_and_then_faces_the_camera_where_first_seen():
    data = skeletons(subjects=2, repetitions=1, persons=2)
    turn = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], np.float32)  # a quarter about the vertical
    data = dataclasses.replace(data, joints=data.joints @ turn)
    data.sequence(0)[:2, 0] = 0  # another one is there before
    run = a_run(data)
    poses = look.poses(run, 0, persons=1)[:, :, 0]
    assert (poses[:2] == 0).all() and (poses[2:] != 0).any(axis=(1, 2)).all()
    across = poses[2, place(run, "right hip")] - poses[2, place(run, "left hip")]
    assert across[0] > 0.1 and abs(across[2]) < 1e-6


# --- letters ----------------------------------------------------------------------------------------------------------


def test_a_text_of_a_sketch_is_as_the_pages_and_in_its_middle():
    sketch = dial.Sketch(10, 10, "x")
    sketch.text(1, 2, "a")
    sketch.line(0, 0, 1, 1)
    sketch.lines([(0, 0, 1, 1)])
    sketch.dot(1, 1, 2)
    sketch.box(0, 0, 1, 1, "red")
    assert sketch.parts == [
        '<text x="1.0" y="2.0" fill="currentColor" font-size="12" text-anchor="middle" '
        'font-family="sans-serif">a</text>',
        '<line x1="0.0" y1="0.0" x2="1.0" y2="1.0" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/>',
        '<path d="M0 0L1 1" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" fill="none"/>',
        '<circle cx="1.0" cy="1.0" r="2.0" fill="currentColor"/>',
        '<rect x="0.0" y="0.0" width="1.0" height="1.0" rx="0" stroke="red" fill="none"/>',
    ]


def test_a_family_that_is_not_installed_has_no_letters():
    assert fonts._letters_of("No Such Font") == set() and "é" in fonts._letters_of("DejaVu Sans")


def test_missing_letters_are_told_in_order_and_at_most_six(monkeypatch, capsys):
    monkeypatch.setattr(fonts, "_told", set())
    fonts._tell({*"走歩跳投蹴押引打"})
    assert f"{''.join(sorted('走歩跳投蹴押引打')[:6])} (install Noto Sans CJK)" in capsys.readouterr().err
    assert fonts.MOST_SHOWN == 6


def test_a_name_with_signs_of_formulas_is_as_wide_as_its_letters():
    for name in ("a$b$c", "$x$", r"\frac"):
        assert canvas.inches([name], 9) == pytest.approx(sum(canvas.inches([c], 9) for c in name), rel=0.2)
    assert canvas.inches([], 9) == 0


def test_a_name_that_begins_with_a_line_has_its_place_in_the_legend():
    history = [{"step": 1, "train_loss": 1.0, "validation_loss": 2.0}] * 2
    figure = charts.convergence_of_methods(history, history, names=("_a", "b_"))
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == [" _a: training", " _a: validation", "b_: training", "b_: validation"]
