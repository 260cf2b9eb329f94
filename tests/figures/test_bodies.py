"""Bodies are drawn as they stand, with the scores given: strip, map of mean scores, animation."""

import os

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image

from gca_scratch.data.skeleton import KINECT_V2
from gca_scratch.figures import bodies, canvas, charts
from gca_scratch.support.errors import InputError
from tests.helpers.reading import laid_out, saved, texts

RNG = np.random.default_rng(0)
BONES = [(0, 1), (1, 2), (1, 3)]
BODY = np.array([[0, 0, 0], [0, 0.5, 0], [-0.3, 0.3, 0], [0.3, 0.3, 0]])  # hip, neck, left hand, right hand
LONG = "use a fan (with hand or paper)/feeling warm (S001C001P001R001A049), taken for put on a hat/cap"


def scores(iterations, T=5, J=4):
    values = RNG.random((iterations, T, J)) ** 3
    return values / values.sum(axis=(1, 2), keepdims=True)


def moving_bodies(T, persons=0):
    """Positions (T, 4, 3), or (T, 4, persons, 3) of persons a metre apart."""
    one = BODY + 0.01 * RNG.standard_normal((T, 4, 3))
    return np.stack([one + (k, 0, 0) for k in range(persons)], axis=2) if persons else one


def dots(ax):
    return [collection for collection in ax.collections if len(collection.get_offsets())]


@pytest.mark.parametrize(("iterations", "T", "shown"), [(1, 5, 5), (3, 20, 8), (1, 1, 1)])
def test_skeleton_strip(tmp_path, iterations, T, shown):
    positions, r = moving_bodies(T), scores(iterations, T)
    figure = bodies.skeleton_strip("Kicks", positions, BONES, r)
    assert len(figure.axes) == iterations + 1  # and the colour bar
    chosen = np.linspace(0, T - 1, shown).round().astype(int)
    said = texts(figure)
    assert {"Kicks", "score / uniform guess (logarithmic)", f"\n\nsampled frames, of {T}; below each, its share of all "
            "scores"} <= said  # fmt: skip
    assert {f"iteration {k}" for k in range(1, iterations + 1)} | {f"frame {t + 1}" for t in chosen} <= said
    for k, ax in enumerate(figure.axes[:-1]):
        (spots,) = dots(ax)
        np.testing.assert_allclose(spots.get_array().reshape(shown, 4), r[k, chosen] * 4 * T)
        assert (np.diff(spots.get_sizes()[np.argsort(spots.get_array())]) >= 0).all()
        places = spots.get_offsets().reshape(shown, 4, 2)
        assert (places[:, 3, 0] < places[:, 2, 0]).all()  # who faces the camera has the right hand on the left
        assert (places[:, 1, 1] > places[:, 0, 1]).all()
        assert (places[1:, :, 0].min(axis=1) > places[:-1, :, 0].max(axis=1)).all()  # side by side
        steps = places - places[:, :1]
        np.testing.assert_allclose(steps, (positions[chosen] - positions[chosen, :1])[..., :2] * (-1, 1), atol=1e-12)
        (line,) = ax.get_lines()
        ends = line.get_xydata().reshape(shown, len(BONES), 3, 2)
        np.testing.assert_allclose(ends[:, :, :2], places[:, BONES])
        assert np.isnan(ends[:, :, 2]).all()  # bones are not joined
        shares = [text.get_text() for text in ax.texts if text.get_text().endswith("%")]
        assert shares == [f"{r[k, t].sum():.0%}" for t in chosen]
    saved(figure, tmp_path / "strip.png")


def test_two_persons_stand_together():
    positions = moving_bodies(6, persons=2)
    positions[:2, :, 1] = 0  # the second one comes later
    positions[5] = 0  # and in the end nobody is there
    figure = bodies.skeleton_strip(LONG, positions, BONES, scores(2, 6))
    for ax in figure.axes[:2]:
        first, second = (spots.get_offsets().reshape(6, 4, 2) for spots in dots(ax))
        assert np.ma.getmaskarray(second)[[0, 1, 5]].all() and not np.ma.getmaskarray(second)[2:5].any()
        np.testing.assert_allclose(first[2:5, :, 0] - second[2:5, :, 0], 1)  # x grows to the left
        right_edge = second[3, :, 0].min()
        assert first[2, :, 0].min() > right_edge or first[3].max() > first[2].max()
        assert len({line.get_color() for line in ax.get_lines()[:2]}) == 2
    assert {"bones of person 1", "bones of person 2"} <= texts(figure)
    laid_out(figure)


def test_scores_without_any_preference_are_drawn(tmp_path, coarse):
    even = np.full((2, 5, 4), 1 / 20)
    canvas.save(charts.score_maps(["still"], None, even[:, None], list("abcd")), tmp_path / "maps.png")
    canvas.save(bodies.skeleton_strip("still", RNG.random((5, 4, 3)), BONES, even), tmp_path / "strip.png")
    canvas.save(bodies.body_map("still", BODY, BONES, even.sum(axis=1), list("abcd")), tmp_path / "body.png")


def test_a_z_up_body_stands_upright():
    body = np.array([[0, 0, 0], [0, 0, 0.5], [0, -0.3, 0.3], [0, 0.3, 0.3]])
    figure = bodies.skeleton_strip("z", np.tile(body, (2, 1, 1)), BONES, scores(1, 2), up=2)
    places = dots(figure.axes[0])[0].get_offsets()[:4]
    np.testing.assert_allclose(places - places[0], body[:, [1, 2]] * (-1, 1))


@pytest.mark.parametrize(("iterations", "shape"), [(1, (0.3, 0.8, 0.2)), (2, (3, 0.5, 1)), (2, (0.1, 1, 0))])
def test_body_map(iterations, shape):
    J = 25
    order = np.argsort(RNG.random(J))
    pose = RNG.standard_normal((J, 3)) * shape
    mean = scores(iterations, 1, J)[:, 0]
    names = [KINECT_V2.joint_names[k] for k in order]
    place = {joint: k for k, joint in enumerate(order)}
    bones = [(place[a], place[b]) for a, b in KINECT_V2.edges]
    figure = bodies.body_map("Mean scores", pose, bones, mean, names)
    for k, ax in enumerate(figure.axes[:-1]):
        (spots,) = dots(ax)
        np.testing.assert_allclose(spots.get_array(), mean[k] * J)  # 1 is a uniform guess
        sizes = spots.get_sizes()
        assert sizes.argmax() == mean[k].argmax() and sizes.argmin() == mean[k].argmin()
        highest = np.argsort(-mean[k])[:6]
        labels = [text for text in ax.texts if text.get_text()]
        assert {text.get_text() for text in labels} == {f"{names[j]}\n{mean[k, j] * J:.2f}" for j in highest}
        assert ax.get_title() == f"iteration {k + 1}"
    assert "mean score of the joint / uniform guess" in texts(figure)
    laid_out(figure)
    labels = [text for ax in figure.axes[:-1] for text in ax.texts]
    boxes = [matplotlib.text.Text.get_window_extent(text) for text in labels]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_short_bones_are_drawn_longer():
    places = np.array([[0, 0], [0, 1], [0, 2], [0, 2.1], [0, 2.1]])
    bones = [(1, 0), (1, 2), (2, 3), (3, 4)]
    spread = bodies._spread(places, bones, least=1)
    np.testing.assert_allclose(spread, [[0, 0], [0, 1], [0, 2], [0, 2.55], [0, 2]])  # the last has no direction: down
    np.testing.assert_array_equal(bodies._spread(places, bones[:2], least=1), places)


@pytest.mark.parametrize("persons", [pytest.param(0, marks=pytest.mark.long), 2])
def test_animation(tmp_path, persons, coarse):
    F, T = 7, 3
    positions, r = moving_bodies(F, persons), scores(2, T)
    if persons:
        positions[:3, :, 1] = 0
    moving = bodies.animation(LONG, positions, BONES, r, interval=50)
    figure = moving._fig
    for frame in (0, 4, 6):
        moving._func(frame)
        assert any(text.endswith(f"\nframe {frame + 1} of {F}") for text in texts(figure))
        for k, ax in enumerate(figure.axes[:2]):
            for person, spots in enumerate(dots(ax)):
                np.testing.assert_allclose(spots.get_array(), r[k, frame * T // F] * 4 * T)
                x = positions[frame, :, person] if persons else positions[frame]
                if (x != 0).any():
                    np.testing.assert_allclose(spots.get_offsets(), x[:, :2] * (-1, 1))
                    ends = ax.get_lines()[person].get_xydata().reshape(len(BONES), 3, 2)
                    np.testing.assert_allclose(ends[:, :2], (x[:, :2] * (-1, 1))[BONES])
                else:
                    assert np.isnan(spots.get_offsets()).all()
    path = tmp_path / "moving.gif"
    bodies.save_animation(moving, path)
    assert os.listdir(tmp_path) == ["moving.gif"]
    with Image.open(path) as image:
        assert (image.n_frames, image.info["duration"]) == (F, 50)
        assert image.size == tuple((figure.get_size_inches() * coarse).astype(int))
    laid_out(figure)


def test_an_animation_of_some_frames(tmp_path, coarse):
    moving = bodies.animation("some", moving_bodies(30), BONES, scores(1), frames=4)
    bodies.save_animation(moving, tmp_path / "some.gif")
    with Image.open(tmp_path / "some.gif") as image:
        assert image.n_frames == 4
    html = bodies.player(moving)
    html = getattr(html, "data", html)
    assert html.count("data:image/png;base64") == 4 and "frame" in html


def test_an_animation_is_written_whatever_its_name_unless_it_cannot_be(tmp_path, coarse):
    (tmp_path / "file").touch()
    moving = bodies.animation("走る $\\frac$ 🏃", moving_bodies(2), BONES, scores(1))  # letters that the font lacks
    with pytest.raises(InputError, match=r"file/moving\.gif cannot be written"):
        bodies.save_animation(moving, tmp_path / "file" / "moving.gif")
    bodies.save_animation(moving, tmp_path / "moving.gif")
    assert imread(tmp_path / "moving.gif").ndim == 3
