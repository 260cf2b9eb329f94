"""One skeleton of a recording: upright, its joints numbered along the chain, absent ones hollow, nothing cut off."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.layouts import LAYOUTS
from gca_scratch.data.skeleton import KINECT_V2, chain
from gca_scratch.figures import canvas, labels, recording
from gca_scratch.support.errors import InputError
from tests.helpers.reading import laid_out, saved, texts
from tests.helpers.tiny import skeletons

RNG = np.random.default_rng(0)
NAMES = ("pelvis", "neck", "left hip", "right hip", "left hand", "right hand")
EDGES = [(0, 1), (0, 2), (0, 3), (1, 4), (1, 5)]
ROLES = find_roles(NAMES, EDGES)
ORDER = chain(6, EDGES, ROLES.hip)
# who faces the camera, with y up and x to the left of the body: the left hand is raised and stretched out in front
BODY = np.array([[0, 1, 0], [0, 1.6, 0], [0.1, 1, 0], [-0.1, 1, 0], [0.6, 1.9, 0.4], [-0.4, 1, 0]])
TURNED = {  # the same body in axes of which another one points up, all right-handed
    "+y": np.eye(3),
    "-y": np.diag([-1, -1, 1]),
    "+z": np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "-z": np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "+x": np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    "-x": np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
}


def drawn(joints=BODY, up="+y", **more):
    return recording.skeleton(joints, NAMES, EDGES, ORDER, ROLES, up, "walk 1", **more)


def spots(ax):
    """Places (J, 2) of the joints, and whether each is hollow."""
    places = np.concatenate([dot.get_offsets() for dot in ax.collections])
    return places, [to_hex(dot.get_facecolor()[0]) == "#ffffff" for dot in ax.collections]


def numbers(ax):
    """Where each number points to, and where it stands, by the number."""
    return {int(text.get_text()): (text.xy, text.xyann) for text in ax.texts if text.get_text().isdigit()}


@pytest.mark.parametrize("up", TURNED)
@pytest.mark.parametrize("degrees", [0, 130])
def test_a_body_stands_upright_and_faces_the_reader_whatever_its_axes(up, degrees):
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    figure = drawn(BODY @ turn @ TURNED[up], up, unit="m")
    front, side = figure.axes
    np.testing.assert_allclose(spots(front)[0], BODY[:, :2], atol=1e-12)  # left is on the right of the picture
    np.testing.assert_allclose(spots(side)[0], BODY[:, [2, 1]], atol=1e-12)  # and it looks to the right
    assert f"{up} up" in texts(figure) and f"walk 1\n{up} points up" in texts(figure)
    assert front.get_xlabel() == "to the left of the body (m)" and front.get_ylabel() == f"height, along {up} (m)"
    wide = [ax.get_position().width * figure.get_figwidth() / np.ptp(ax.get_xlim()) for ax in figure.axes]
    tall = [ax.get_position().height * figure.get_figheight() / np.ptp(ax.get_ylim()) for ax in figure.axes]
    np.testing.assert_allclose(wide + tall, wide[0])  # a metre has one length
    laid_out(figure)


def test_an_unknown_vertical_and_unit_are_said(tmp_path):
    figure = drawn(up="")
    said = texts(figure)
    assert {"walk 1\nvertical unknown, drawn as if +y pointed up", "up: y?"} <= said
    assert figure.axes[1].get_xlabel() == "depth (unit unknown)"
    np.testing.assert_allclose(spots(figure.axes[0])[0], BODY[:, :2], atol=1e-12)
    assert "walk 1\n-z points up (a guess)" in texts(drawn(up="-z", guessed=True))
    saved(figure, tmp_path / "one.png")


def test_joints_are_numbered_along_the_chain_and_named_beside():
    figure = drawn()
    for ax in figure.axes:
        places, _ = spots(ax)
        assert numbers(ax).keys() == set(range(1, 7))
        for number, (joint, _) in numbers(ax).items():
            np.testing.assert_allclose(joint, places[ORDER[number - 1]])
    listed = [text.get_text() for text in figure.texts if "  " in text.get_text()]
    taken = {"pelvis": " (hip)", "neck": " (taken as top)", "left hip": " (taken as left)"}
    taken["right hip"] = " (taken as right)"
    assert listed == [f"\u2007{n}  {NAMES[j]}{taken.get(NAMES[j], '')}" for n, j in enumerate(ORDER, 1)]
    jumps = [text for text in figure.axes[1].texts if not text.get_text()]  # the first has the arrow of the vertical
    bones = {frozenset(edge) for edge in EDGES}
    assert len(jumps) == sum(frozenset(pair) not in bones for pair in pairwise(ORDER))
    colours = [to_hex(dot.get_facecolor()[0]).upper() for dot in figure.axes[0].collections]
    assert colours == [canvas.GREY, canvas.GREY, canvas.BLUE, canvas.ORANGE, canvas.BLUE, canvas.ORANGE]
    assert {"left side", "right side", "middle", "hip, where the chain begins", "the chain jumps"} <= texts(figure)
    assert "absent, filled in" not in texts(figure)


def test_names_that_tell_no_side_have_no_front():
    roles = find_roles(("hip", "b", "c", "d", "e", "f"), EDGES)
    figure = recording.skeleton(BODY, ("hip", *"bcdef"), EDGES, ORDER, roles, "+y")
    assert [ax.get_xlabel() for ax in figure.axes] == ["x (unit unknown)", "z (unit unknown)"]
    assert not {"left side", "right side"} & texts(figure)
    laid_out(figure)


@pytest.mark.parametrize("missing", [0.0, np.nan])
def test_absent_joints_are_hollow_where_they_are_filled_in(missing):
    sequence = np.stack([BODY, BODY + 0.1, BODY + 0.2])
    sequence[:, 5] = missing  # never seen: the parent's place, the neck's
    sequence[1, 4] = missing  # between the frames around
    sequence[[0, 2], 2] = sequence[[0, 2], 3] = missing
    figure = drawn(sequence)  # the second frame has the most joints
    places, hollow = spots(figure.axes[0])
    assert hollow == [False] * 4 + [True] * 2
    np.testing.assert_allclose(places[4], [0.6, 2.0], atol=1e-12)
    np.testing.assert_allclose(places[5], places[1], atol=1e-12)
    assert {"walk 1\nframe 2 of 3, +y points up", "absent, filled in"} <= texts(figure)
    assert any(text.endswith("left hand (absent)") for text in texts(figure))
    first = drawn(sequence, frame=0)
    assert spots(first.axes[0])[1] == [False, False, True, True, False, True]
    laid_out(figure)


def test_zeros_may_be_positions_and_the_person_who_is_there_is_drawn():
    body = BODY - BODY[0]
    assert not any(spots(drawn(body, zeros_absent=False).axes[0])[1]) and spots(drawn(body).axes[0])[1][0]
    two = np.stack([np.zeros_like(BODY), BODY])[None]
    np.testing.assert_allclose(spots(drawn(two).axes[0])[0], BODY[:, :2], atol=1e-12)
    with pytest.raises(InputError, match="the recording shows nobody"):
        drawn(np.full((3, 2, 6, 3), np.nan))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("span", [(0.5, 1.7, 0.3), pytest.param((3, 0.2, 3), marks=pytest.mark.long)])
def test_every_layout_fits_and_no_number_is_covered(layout, span):
    joints = np.random.default_rng(1).random((len(layout.joint_names), 3)) * span
    roles = find_roles(layout.joint_names, layout.edges, layout.joint_names[0])
    order = chain(len(joints), layout.edges, roles.hip)
    figure = recording.skeleton(joints, layout.joint_names, layout.edges, order, roles, "+y", "x" * 150)
    laid_out(figure)
    figure.draw_without_rendering()
    if len(joints) <= 33 and span[1] > 1:
        for ax in figure.axes:
            boxes = [text.get_window_extent().shrunk(0.85, 0.8) for text in ax.texts if text.get_text().isdigit()]
            assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_eighty_joints_of_long_names_fit():
    names = ["hips", *(f"LeftHand{'Inside' * (k % 4)}Finger{k}" for k in range(79))]
    edges = [((k - 1) // 3, k) for k in range(1, 80)]
    joints = np.concatenate([RNG.random((40, 3)), 0.8 + 0.05 * RNG.random((40, 3))])
    figure = recording.skeleton(joints, names, edges, chain(80, edges, 0), find_roles(names, edges), "+z", unit="cm")
    laid_out(figure)
    assert figure.get_figwidth() <= 6 and figure.get_figheight() < 16  # inches: as wide as a phone shows


def test_numbers_avoid_each_other_and_the_points():
    points = RNG.random((20, 2)) * (2, 4)
    low, high = np.array([-0.3, -0.3]), np.array([2.3, 4.3])
    places = labels.placed(points, 7, low, high)
    assert ((places > low) & (places < high)).all()
    apart = np.abs(places[:, None] - places)[np.triu_indices(20, 1)]
    assert ((apart[:, 0] > 0.06) | (apart[:, 1] > 0.07)).all()
    assert np.linalg.norm(places - points, axis=1).max() < 0.5
    same = labels.placed(np.zeros((5, 2)), 7, low, high)
    assert len(np.unique(same.round(6), axis=0)) == 5


def test_one_of_a_data_set(tmp_path):
    data = skeletons()
    path = recording.draw_one(data, tmp_path / "one.png")
    assert path == tmp_path / "one.png" and imread(path).shape[1] == 900
    with pytest.raises(InputError, match=r"one.gif is no name for this figure; end it with .png"):
        recording.draw_one(data, tmp_path / "one.gif")
    layout = KINECT_V2
    roles = find_roles(layout.joint_names, layout.edges)
    order = chain(25, layout.edges, roles.hip, revisit=True)  # the walk that comes back: first places count
    recording.draw_skeleton(
        RNG.random((25, 3)), layout.joint_names, layout.edges, order, roles, "+y", "kinect", tmp_path / "two.png"
    )
    assert (tmp_path / "two.png").exists()


def test_what_the_marks_mean_begins_at_its_place():
    legend = drawn().legends[0]
    assert (legend.borderaxespad, legend.handlelength) == (0, 1.6)
    jump = legend.get_lines()[-1]
    assert jump.get_linewidth() == 0.9 and jump.get_color() == recording.JUMP["color"]
    assert [text.get_text() for text in legend.get_texts()][-1] == "the chain jumps"


def test_joints_have_a_thin_edge():
    for ax in drawn().axes:
        assert {float(width) for spots in ax.collections for width in spots.get_linewidths()} == {1.0}


def test_a_title_leaves_three_tenths_of_an_inch_free():
    title = " ".join(f"word{n}" for n in range(24))
    heading = recording._heading(title, 0, 1, "+y", False)
    assert heading == f"{canvas.wrapped(title, 5.7)}\n+y points up"
    assert canvas.wrapped(title, 5.7) != canvas.wrapped(title, 6.3)
