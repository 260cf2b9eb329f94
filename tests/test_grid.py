"""Both schedules over the grid: they agree, every gradient is right, and the diagonals are what they say."""

import numpy as np
import pytest
from derivatives import check_gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch import grid

SIZES = [(1, 1), (1, 4), (4, 1), (2, 5), (5, 2), (4, 4)]


def arguments(J, T, B=2, H=3, gated=True, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((J * T, B, 5 * H)).astype(dtype)
    U = rng.standard_normal((2 * H, 5 * H)).astype(dtype)
    r = rng.uniform(0.05, 0.6, (J * T, B)).astype(dtype)
    return {"a": a, "U": U} | ({"r": r} if gated else {})


@pytest.mark.parametrize("gated", [False, True], ids=["plain", "gated"])
@pytest.mark.parametrize(("J", "T"), SIZES)
def test_raster_and_wavefront_agree(J, T, gated):
    sizes = arguments(J, T, gated=gated)
    dh = np.random.default_rng(9).standard_normal((J * T, 2, 3))
    outcomes = []
    for forward, backward in grid.SCHEDULES.values():
        h, cache = forward(**sizes, J=J, T=T)
        outcomes.append([h, *backward(dh, cache)])
    for ours, theirs in zip(*outcomes, strict=True):
        if ours is None:
            assert theirs is None and not gated
        else:
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * np.abs(ours).max())


@pytest.mark.parametrize("gated", [False, True], ids=["plain", "gated"])
@pytest.mark.parametrize("schedule", grid.SCHEDULES)
def test_every_gradient(schedule, gated):
    J, T = 3, 4
    forward, backward = grid.SCHEDULES[schedule]
    sizes = arguments(J, T, gated=gated)
    dh = np.random.default_rng(9).standard_normal((J * T, 2, 3))
    _, cache = forward(**sizes, J=J, T=T)
    gradients = dict(zip(("a", "U", "r"), backward(dh, cache), strict=True))
    if not gated:
        assert gradients.pop("r") is None
    check_gradients(lambda **a: forward(**a, J=J, T=T)[:1], sizes, gradients, [dh])


@pytest.mark.parametrize("schedule", grid.SCHEDULES)
def test_only_the_last_cell_is_asked(schedule):
    """Attention reads the last cell alone; its gradient must reach the first input over every path."""
    J, T = 3, 3
    forward, backward = grid.SCHEDULES[schedule]
    sizes = arguments(J, T)
    dh = np.zeros((J * T, 2, 3))
    dh[-1] = 1
    _, cache = forward(**sizes, J=J, T=T)
    da, dU, dr = backward(dh, cache)
    assert np.abs(da).reshape(J * T, -1).max(axis=1).min() > 0
    check_gradients(lambda **a: (forward(**a, J=J, T=T)[0][-1],), sizes, {"a": da, "U": dU, "r": dr}, [np.ones((2, 3))])


@pytest.mark.parametrize("schedule", grid.SCHEDULES)
def test_arguments_are_left_alone(schedule):
    forward, backward = grid.SCHEDULES[schedule]
    sizes = arguments(3, 2)
    dh = np.ones((6, 2, 3))
    copies = {name: value.copy() for name, value in sizes.items()}
    _, cache = forward(**sizes, J=3, T=2)
    backward(dh, cache)
    backward(dh, cache)
    assert all((sizes[name] == copies[name]).all() for name in sizes) and (dh == 1).all()


def test_single_precision_stays_single():
    h, cache = grid.wavefront_forward(**arguments(3, 4, dtype=np.float32), J=3, T=4)
    assert {array.dtype for array in (h, *grid.wavefront_backward(h, cache))} == {np.dtype(np.float32)}


@given(J=st.integers(1, 9), T=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_diagonals(J, T):
    joint, frame = grid.cell_order(J, T)
    assert sorted(zip(joint, frame, strict=True)) == [(j, t) for j in range(J) for t in range(T)]
    assert (np.diff(joint + frame) >= 0).all() and joint[-1] == J - 1 and frame[-1] == T - 1
    # lay the cells out in a padded array and read the predecessors back
    padded = np.full(J * T + J + T, -1)
    for d in grid.diagonals(J, T):
        padded[d.own] = np.arange(d.cells.start, d.cells.stop)
    assert sorted(padded[padded >= 0]) == list(range(J * T))
    place = {pair: k for k, pair in enumerate(zip(joint.tolist(), frame.tolist(), strict=True))}
    for d in grid.diagonals(J, T):
        for k, S, T_ in zip(range(d.cells.start, d.cells.stop), padded[d.S], padded[d.T], strict=True):
            assert place.get((joint[k] - 1, frame[k]), -1) == S
            assert place.get((joint[k], frame[k] - 1), -1) == T_


@given(J=st.integers(1, 6), T=st.integers(1, 6), B=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_packing_is_undone_by_unpacking(J, T, B):
    x = np.arange(B * T * J * 3).reshape(B, T, J, 3)
    cells = grid.pack(x)
    joint, frame = grid.cell_order(J, T)
    assert (cells[-1] == x[:, frame[-1], joint[-1]]).all()
    np.testing.assert_array_equal(grid.unpack(cells, J, T), x)


def test_joints_and_frames_are_not_exchanged():
    """Turning the grid on its side must exchange the two halves of U and nothing else."""
    J, T, H = 3, 3, 3
    sizes = arguments(J, T, H=H)
    joint, frame = grid.cell_order(J, T)
    mirror = np.array([np.flatnonzero((joint == t) & (frame == j))[0] for j, t in zip(joint, frame, strict=True)])
    order = [0, 2, 1, 3, 4]  # f_S and f_T change places
    a = sizes["a"].reshape(J * T, 2, 5, H)[mirror][:, :, order].reshape(J * T, 2, 5 * H)
    U = sizes["U"].reshape(2, H, 5, H)[::-1, :, order].reshape(2 * H, 5 * H)
    h, _ = grid.wavefront_forward(**sizes, J=J, T=T)
    turned, _ = grid.wavefront_forward(a, U, J, T, sizes["r"][mirror])
    np.testing.assert_allclose(turned, h[mirror], rtol=1e-12)
