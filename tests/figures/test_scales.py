"""One colour and one size for one score in all pictures under a colour bar; curves that are those of their names."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

from gca_scratch.figures import bodies, canvas, charts

RNG = np.random.default_rng(3)
BONES = [(0, 1), (1, 2), (1, 3)]
BODY = np.array([[0.1, 0, 0], [0, 0.5, 0], [-0.3, 0.3, 0], [0.3, 0.3, 0]])


def unlike(iterations, T):
    """Scores (iterations, T, 4) whose iterations differ in how far apart they are."""
    r = RNG.random((iterations, T, 4)) ** np.array([4, 0.2, 1])[:iterations, None, None]
    return r / r.sum(axis=(1, 2), keepdims=True)


def dots(ax):
    return [collection for collection in ax.collections if isinstance(collection, PathCollection)]


def on_one_scale(figure, low, high, largest):
    """Whether all dots have this scale, and the sizes that go with it."""
    found = [spots for ax in figure.axes for spots in dots(ax)]
    for spots in found:
        assert spots.get_clim() == pytest.approx((low, high))
        level = np.clip(spots.norm(np.asarray(spots.get_array())), 0, 1)
        np.testing.assert_allclose(spots.get_sizes(), largest * (0.1 + 0.9 * level), rtol=1e-6)
    assert figure.axes[-1].get_ylim() == pytest.approx((low, high))  # the bar
    return found


@pytest.mark.parametrize("persons", [1, 2])
def test_a_strip_has_one_scale_for_all_rows(persons):
    r = unlike(3, 5)
    positions = np.stack([np.tile(BODY, (5, 1, 1)) + (k, 0, 0) for k in range(persons)], axis=2)
    figure = bodies.skeleton_strip("any", positions, BONES, r)
    size = {id(spots): spots.get_sizes().max() for ax in figure.axes for spots in dots(ax)}
    largest = max(size.values())
    found = on_one_scale(figure, max((20 * r).min(), 1 / 32), (20 * r).max(), largest)
    assert len(found) == 3 * persons


def test_a_body_map_has_one_scale_for_all_bodies():
    mean = unlike(3, 1)[:, 0]
    found = on_one_scale(
        bodies.body_map("any", BODY, BONES, mean, list("abcd")), (4 * mean).min(), (4 * mean).max(), 420
    )
    assert len(found) == 3
    even = np.full((2, 4), 0.25)
    on_one_scale(bodies.body_map("any", BODY, BONES, even, list("abcd")), 0.9, 1.1, 420)  # a guess lies within


def test_an_animation_has_one_scale_for_all_frames_and_iterations():
    r = unlike(2, 3)
    moving = bodies.animation("any", np.tile(BODY, (6, 1, 1)), BONES, r)
    moving._draw_was_started = True  # it need not be played
    for frame in (0, 3, 5):
        moving._func(frame)
        on_one_scale(moving._fig, max((12 * r).min(), 1 / 32), (12 * r).max(), 90)


@pytest.mark.parametrize("percent", [True, False])
def test_a_confusion_matrix_has_the_scale_of_its_numbers(percent):
    counts = np.array([[3, 1], [0, 8]])
    image = charts.confusion_matrix(counts, ["a", "b"], percent).axes[0].get_images()[0]
    assert image.get_clim() == (0, 100 if percent else 8)
    np.testing.assert_allclose(image.get_array(), [[75, 25], [0, 100]] if percent else counts)


# --- curves -----------------------------------------------------------------------------------------------------------


def history(epochs_of_steps):
    rows, rng = [], np.random.default_rng(0)
    for step, epochs in enumerate(epochs_of_steps):
        for epoch in range(1, epochs + 1):
            loss, error, validation, mistakes = rng.random(4)
            row = {"step": step, "epoch": epoch, "train_loss": loss, "train_error": error, "seconds": 1.0}
            rows.append(row | {"validation_loss": validation, "validation_error": mistakes})
    return rows


def curves(ax, colour, dashed):
    """The values of the curves of that colour and style, one after the other."""
    style = "--" if dashed else "-"
    lines = [x for x in ax.get_lines() if to_hex(x.get_color()).upper() == colour and x.get_linestyle() == style]
    return np.concatenate([line.get_xydata() for line in lines])


def column(rows, name):
    return np.array([[n, row[name]] for n, row in enumerate(rows, 1)])


def test_the_curves_of_a_run_are_its_losses_and_errors():
    rows = history((3, 2))
    loss, error = charts.convergence(rows).axes
    for ax, measure in ((loss, "loss"), (error, "error")):
        np.testing.assert_array_equal(curves(ax, canvas.BLUE, False), column(rows, f"train_{measure}"))
        np.testing.assert_array_equal(curves(ax, canvas.ORANGE, True), column(rows, f"validation_{measure}"))
        marks = [line.get_xdata()[0] for line in ax.get_lines() if line.get_linestyle() == ":"]
        assert marks == [0.5, 3.5]  # where training steps begin
    handles, labels = loss.get_legend_handles_labels()
    assert [to_hex(handle.get_color()).upper() for handle in handles] == [canvas.BLUE, canvas.ORANGE]
    assert labels == ["training", "validation"]


def test_the_curves_of_two_methods_are_those_of_their_names():
    stepwise, direct = history((2, 3)), history((4,))
    figure = charts.convergence_of_methods(stepwise, direct, ("one", "other"))
    ax = figure.axes[0]
    for rows, colour in ((stepwise, canvas.ORANGE), (direct, canvas.BLUE)):
        np.testing.assert_array_equal(curves(ax, colour, False), column(rows, "train_loss"))
        np.testing.assert_array_equal(curves(ax, colour, True), column(rows, "validation_loss"))
    handles, labels = ax.get_legend_handles_labels()
    assert labels == ["one: training", "one: validation", "other: training", "other: validation"]
    assert [to_hex(handle.get_color()).upper() for handle in handles] == [canvas.ORANGE] * 2 + [canvas.BLUE] * 2
    assert [handle.get_linestyle() for handle in handles] == ["-", "--"] * 2


# --- maps -------------------------------------------------------------------------------------------------------------


def test_each_gate_has_one_scale_for_all_passes_and_its_own_values():
    """Passes above each other differ in how far apart their values are; so do gates."""
    gates = [(f"pass {n}", RNG.random((4, 3, 5)) * (n + 1) + np.arange(4)[:, None, None]) for n in range(3)]
    figure = charts.gate_maps("any", gates, None, list("abcde"))
    maps = np.reshape([ax for ax in figure.axes if ax.images][:12], (3, 4))
    for gate in range(4):
        every = np.stack([values[gate] for _, values in gates])
        for ax, values in zip(maps[:, gate], every, strict=True):
            np.testing.assert_array_equal(ax.images[0].get_array(), values.T)
            assert ax.images[0].get_clim() == (every.min(), every.max())


@pytest.mark.parametrize(
    ("scores", "low", "high"),
    [
        ([0.5, 0.6], 0.5, 1.1), ([1.5, 3.0], 0.9, 3.0), ([0.95, 1.05], 0.9, 1.1), ([0.001, 40.0], 1 / 32, 40.0),
        ([0.0, 1.0], 1 / 32, 1.1),
    ],
)  # fmt: skip
def test_a_uniform_guess_lies_within_every_scale_of_scores(scores, low, high):
    scale = charts.log_scale(np.array(scores))
    assert (scale.vmin, scale.vmax) == (low, high) and 0 < scale(1) < 1


def test_the_truth_beside_scores_is_that_of_the_same_sequence_in_black_and_white():
    truth, r = RNG.random((2, 3, 5)) < 0.5, np.moveaxis([unlike(2, 3), unlike(2, 3)], 1, 0)
    r = np.concatenate([r, r[..., :1] / 4], axis=3)
    figure = charts.score_maps(["a", "b"], truth, r, list("abcde"))
    maps = np.reshape([ax for ax in figure.axes if ax.images][:6], (2, 3))
    for row in range(2):
        image = maps[row, 0].images[0]
        np.testing.assert_array_equal(image.get_array(), truth[row].T)
        assert image.get_clim() == (0, 1) and image.get_cmap().name == "Greys"
        for k in range(2):
            np.testing.assert_allclose(maps[row, 1 + k].images[0].get_array(), 15 * r[k, row].T)


@pytest.mark.parametrize(("lowest", "extend"), [(0.001, "min"), (1 / 32, "min"), (0.04, "neither"), (0.5, "neither")])
def test_a_bar_that_does_not_begin_with_the_lowest_score_says_so(lowest, extend):
    r = np.full((1, 1, 2, 4), 1 / 8)
    r[0, 0, 0, 0] = lowest / 8
    figure = charts.score_maps(["a"], None, r, list("abcd"))
    [bar] = [ax._colorbar for ax in figure.axes if hasattr(ax, "_colorbar")]
    assert bar.extend == extend


def test_all_frames_of_an_animation_have_room():
    walk = np.tile(BODY, (9, 1, 1)) + np.linspace(0, 4, 9)[:, None, None] * (0, 0, 1) + np.arange(9)[:, None, None] % 2
    moving = bodies.animation("any", walk, BONES, np.full((1, 3, 4), 1 / 12))
    moving._draw_was_started = True  # it need not be played
    [ax] = [ax for ax in moving._fig.axes if dots(ax)]
    seen = bodies._seen(walk, 1).reshape(-1, 2)
    for axis, (low, high) in enumerate((ax.get_xlim(), ax.get_ylim())):
        assert low < seen[:, axis].min() and seen[:, axis].max() < high


def test_a_person_is_absent_only_where_somebody_is_there():
    """Of nothing but zeros all are drawn at the origin, for a picture without points has no limits."""
    assert (bodies._seen(np.zeros((2, 3, 2, 3)), 1) == 0).all()
    one = np.stack([np.tile(BODY, (2, 1, 1)), np.zeros((2, 4, 3))], axis=2)
    assert np.isnan(bodies._seen(one, 1)[:, :, 1]).all() and not np.isnan(bodies._seen(one, 1)[:, :, 0]).any()
