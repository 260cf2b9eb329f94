"""The sweeps over the grid: they agree, every gradient is right, and the diagonals are what they say."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.network import cell, grid
from gca_scratch.network.arrays import FRESH, Workspace
from gca_scratch.network.sweep import raster, wavefront, wavefront_cpu
from tests.helpers.derivatives import check_gradients

SWEEPS = {"raster": raster, "NumPy": wavefront, "compiled": wavefront_cpu}
FAST = {name: sweep for name, sweep in SWEEPS.items() if name != "raster"}
SIZES = [(1, 1), (1, 4), (4, 1), (2, 5), (5, 2), (4, 4)]


def arguments(J, T, B=2, H=3, D=2, gated=True, seed=0, dtype=np.float64):
    """Inputs, weights and, for a layer that is gated, its input's share a and scores r; as in layers 1 and 2."""
    rng = np.random.default_rng(seed)
    sizes = {"x": (J * T, B, D), "W": (D + 2 * H, 5 * H), "b": (5 * H,)}
    if gated:
        sizes |= {"a": (J * T, B, 5 * H)}
    arrays = {name: rng.standard_normal(size).astype(dtype) for name, size in sizes.items()}
    return arrays | ({"g": rng.uniform(0.05, 0.6, (J * T, B)).astype(dtype)} if gated else {})


def gradients_of(sweep, arrays, J, T, dh, workspace=FRESH, onto=None):
    """h, and the gradients of every argument by name; onto: what its da is added to, of which a copy is taken."""
    h, cache = sweep.forward(**arrays, J=J, T=T, workspace=workspace)
    onto = None if onto is None else onto.copy()
    da, dW, db, dg = sweep.backward(dh, cache, workspace.at("back"), onto)
    assert onto is None or da is onto
    D = arrays["x"].shape[2]
    gradients = {"x": da @ arrays["W"][:D].T, "W": dW, "b": db, "a": da, "g": dg}
    assert (dg is None) == ("g" not in arrays)
    return h, {name: gradients[name] for name in arrays}


@pytest.mark.parametrize("gated", [False, True], ids=["plain", "gated"])
@pytest.mark.parametrize(("J", "T"), SIZES)
@pytest.mark.parametrize("name", FAST)
def test_the_fast_sweeps_agree_with_the_definition(name, J, T, gated):
    arrays = arguments(J, T, gated=gated)
    dh = np.random.default_rng(9).standard_normal((J * T, 2, 3))
    (h, ours), (h_, theirs) = (gradients_of(sweep, arrays, J, T, dh) for sweep in (raster, FAST[name]))
    np.testing.assert_allclose(h, h_, rtol=0, atol=1e-12 * np.abs(h).max())
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-12 * np.abs(ours[name]).max())


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", SWEEPS)
def test_da_is_added_to_that_of_other_sweeps(name, threads):
    J, T, B, H = 6, 7, 11, 33  # 462 rows: several blocks of 128
    sweep, arrays, rng = SWEEPS[name], arguments(J, T, B, H), np.random.default_rng(9)
    dh, onto = rng.standard_normal((J * T, B, H)), rng.standard_normal((J * T, B, 5 * H))
    workspace = Workspace()
    workspace.threads = threads
    _, alone = gradients_of(sweep, arrays, J, T, dh)
    _, added = gradients_of(sweep, arrays, J, T, dh, workspace, onto)
    np.testing.assert_allclose(added.pop("a"), alone.pop("a") + onto, rtol=0, atol=1e-12)
    for other in ("W", "b", "g"):
        np.testing.assert_array_equal(added[other], alone[other])


@pytest.mark.parametrize("gated", [False, True], ids=["plain", "gated"])
@pytest.mark.parametrize("name", SWEEPS)
def test_every_gradient(name, gated):
    J, T = 2, 3
    sweep, arrays = SWEEPS[name], arguments(J, T, gated=gated)
    dh = np.random.default_rng(9).standard_normal((J * T, 2, 3))
    _, gradients = gradients_of(sweep, arrays, J, T, dh)
    check_gradients(lambda **a: sweep.forward(**a, J=J, T=T)[:1], arrays, gradients, [dh])


@pytest.mark.parametrize("name", SWEEPS)
def test_only_the_last_cell_is_asked(name):
    """Attention reads the last cell alone; its gradient must reach the first input over every path."""
    J, T = 2, 3
    sweep, arrays = SWEEPS[name], arguments(J, T)
    dh = np.zeros((J * T, 2, 3))
    dh[-1] = 1
    _, gradients = gradients_of(sweep, arrays, J, T, dh)
    assert np.abs(gradients["a"]).reshape(J * T, -1).max(axis=1).min() > 0
    check_gradients(lambda **a: (sweep.forward(**a, J=J, T=T)[0][-1],), arrays, gradients, [np.ones((2, 3))])


@pytest.mark.parametrize("name", SWEEPS)
def test_arguments_are_left_alone(name):
    sweep, arrays = SWEEPS[name], arguments(3, 2)
    dh = np.ones((6, 2, 3))
    copies = {name: value.copy() for name, value in arrays.items()}
    _, cache = sweep.forward(**arrays, J=3, T=2)
    first, second = sweep.backward(dh, cache), sweep.backward(dh, cache)
    assert all((one == two).all() for one, two in zip(first, second, strict=True))
    assert all((arrays[name] == copies[name]).all() for name in arrays) and (dh == 1).all()


def test_a_caller_may_write_into_the_outputs_though_a_unit_keeps_views(monkeypatch):
    """Dropout is written into h; a unit whose cache holds its predecessors themselves must not see it."""
    kept, step = [], cell.step_forward
    monkeypatch.setattr(cell, "step_forward", lambda *states: kept.append(states[1:5]) or step(*states))
    h, _ = raster.forward(**arguments(3, 3), J=3, T=3)
    assert not any(np.shares_memory(h, state) for states in kept for state in states)


@pytest.mark.parametrize("name", SWEEPS)
def test_single_precision_stays_single(name):
    h, cache = SWEEPS[name].forward(**arguments(3, 4, dtype=np.float32), J=3, T=4)
    assert {array.dtype for array in (h, *SWEEPS[name].backward(h, cache))} == {np.dtype(np.float32)}


@pytest.mark.parametrize("by_tanh", [False, True], ids=["exp", "tanh"])
def test_both_forms_of_the_sigmoid_agree_with_the_definition(monkeypatch, by_tanh):
    monkeypatch.setattr(wavefront, "tanh_is_cheap", lambda xp: by_tanh)
    test_the_fast_sweeps_agree_with_the_definition("NumPy", 5, 4, True)
    test_every_gradient("NumPy", True)


@pytest.mark.parametrize("name", FAST)
def test_kept_memory_changes_nothing(name):
    """Grids and batches of several sizes, one after the other, in memory that still holds the ones before."""
    workspace = Workspace()
    for J, T, B, gated in [(5, 4, 3, True), (2, 6, 2, False), (5, 4, 3, False), (3, 3, 1, True), (5, 4, 3, True)]:
        arrays = arguments(J, T, B, gated=gated, seed=J * B)
        dh = np.random.default_rng(1).standard_normal((J * T, B, 3))
        h, fresh = gradients_of(FAST[name], arrays, J, T, dh)
        kept_h, kept = gradients_of(FAST[name], arrays, J, T, dh, workspace)
        assert (h == kept_h).all() and all((fresh[name] == kept[name]).all() for name in fresh)


@pytest.mark.parametrize("name", FAST)
def test_a_pass_that_is_not_remembered_gives_the_same_outputs(name):
    arrays = arguments(5, 4)
    h, _ = FAST[name].forward(**arrays, J=5, T=4)
    assert (FAST[name].forward(**arrays, J=5, T=4, remember=False)[0] == h).all()


@pytest.mark.parametrize("name", FAST)
def test_large_activations_give_no_warnings_and_saturate(name):
    arrays = arguments(2, 3)
    arrays["a"] *= 1e4
    h, cache = FAST[name].forward(**arrays, J=2, T=3)
    assert np.isfinite(h).all() and all(np.isfinite(g).all() for g in FAST[name].backward(h, cache))


@given(J=st.integers(1, 9), T=st.integers(1, 9))
@settings(max_examples=60)
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
        # successors: which of its cells have one, and where it is
        own = range(d.cells.start, d.cells.stop)
        for has_next, following, step in ((d.has_next_S, d.next_S, (1, 0)), (d.has_next_T, d.next_T, (0, 1))):
            expected = {k: place.get((joint[k] + step[0], frame[k] + step[1])) for k in own}
            found = dict(zip(own[has_next], range(following.start, following.stop), strict=True))
            assert found == {k: next_k for k, next_k in expected.items() if next_k is not None}
    for d, after in itertools.zip_longest(grid.diagonals(J, T), grid.diagonals(J, T)[1:]):
        slots = np.full(min(J, T) + 2, -1)
        if after:
            slots[1 : 1 + after.cells.stop - after.cells.start] = range(after.cells.start, after.cells.stop)
        for k, S, T_ in zip(range(d.cells.start, d.cells.stop), slots[d.from_S], slots[d.from_T], strict=True):
            assert place.get((joint[k] + 1, frame[k]), -1) == S
            assert place.get((joint[k], frame[k] + 1), -1) == T_


@given(J=st.integers(1, 6), T=st.integers(1, 6), B=st.integers(1, 3))
@settings(max_examples=30)
def test_packing_is_undone_by_unpacking(J, T, B):
    x = np.arange(B * T * J * 3).reshape(B, T, J, 3)
    cells = grid.pack(x)
    joint, frame = grid.cell_order(J, T)
    assert (cells[-1] == x[:, frame[-1], joint[-1]]).all()
    sequences = grid.unpack(cells, J, T)
    np.testing.assert_array_equal(sequences, x)
    assert cells.dtype == sequences.dtype == x.dtype
    assert type(cells) is type(sequences) is type(joint) is np.ndarray and joint.dtype.kind == frame.dtype.kind == "i"


def test_joints_and_frames_are_not_exchanged():
    """Turning the grid on its side must exchange the two halves of the recurrent weights and nothing else."""
    J, T, H, D = 3, 3, 3, 2
    arrays = arguments(J, T, H=H, D=D)
    joint, frame = grid.cell_order(J, T)
    mirror = np.array([np.flatnonzero((joint == t) & (frame == j))[0] for j, t in zip(joint, frame, strict=True)])
    order = [0, 2, 1, 3, 4]  # f_S and f_T change places
    turned = {name: arrays[name][mirror] for name in ("x", "a", "g")} | {"W": arrays["W"].copy(), "b": arrays["b"]}
    turned["a"] = turned["a"].reshape(J * T, 2, 5, H)[:, :, order].reshape(J * T, 2, 5 * H)
    turned["W"][D:] = arrays["W"][D:].reshape(2, H, 5 * H)[::-1].reshape(2 * H, 5 * H)
    turned["W"] = turned["W"].reshape(-1, 5, H)[:, order].reshape(-1, 5 * H)
    turned["b"] = turned["b"].reshape(5, H)[order].reshape(-1)
    for sweep in SWEEPS.values():
        h, _ = sweep.forward(**arrays, J=J, T=T)
        np.testing.assert_allclose(sweep.forward(**turned, J=J, T=T)[0], h[mirror], rtol=1e-12)


@pytest.mark.parametrize("sizes", [((3, 5, 2, 3), (5, 3, 2, 3)), ((3, 4, 4, 3), (3, 4, 2, 4))], ids=["grid", "widths"])
@pytest.mark.parametrize("name", FAST)
def test_one_workspace_serves_grids_whose_arrays_have_the_same_shapes(name, sizes):
    """J x T and T x J, and D + 2H from other D and H: what was zero at the border of one is not in the other."""
    rng, workspace = np.random.default_rng(3), Workspace()
    for J, T, D, H in sizes:
        x, W = rng.standard_normal((J * T, 2, D)), rng.standard_normal((D + 2 * H, 5 * H))
        b, dh = rng.standard_normal(5 * H), rng.standard_normal((J * T, 2, H))
        h, cache = FAST[name].forward(x, W, b, J, T, workspace=workspace)
        expected, expected_cache = raster.forward(x, W, b, J, T)
        np.testing.assert_allclose(h, expected, rtol=1e-10, atol=1e-12)
        found = FAST[name].backward(dh, cache, workspace.at("back"))[:3]
        for mine, theirs in zip(found, raster.backward(dh, expected_cache)[:3], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-11)
