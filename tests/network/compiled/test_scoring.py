"""The compiled scores: those of attention.py to rounding, whatever the sizes and the threads, and planted bugs."""

import numpy as np
import pytest

from gca_scratch.network import attention, scoring
from gca_scratch.network.arrays import Workspace
from tests.helpers.derivatives import check_gradients
from tests.network.compiled.planting import planted
from tests.network.compiled.test_sweep import compiled_only

NAMES = ("r", "dh", "dIF", "dWe1", "dWe2")


def arguments(K, B, H, M, A, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"h": (K, B, H), "IF": (B, M), "We1": (A,), "We2": (H + M, A)}
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def results(module, arrays, threads=1):
    """r and all gradients, by name."""
    workspace = Workspace()
    workspace.threads = threads
    r, cache = module.informativeness_forward(**arrays, workspace=workspace)
    dr = np.random.default_rng(9).standard_normal(r.shape).astype(r.dtype)
    return dict(zip(NAMES, (r, *module.informativeness_backward(dr, cache)), strict=True))


def compare(K, B, H, M, A, dtype, tolerance, threads=1):
    arrays = arguments(K, B, H, M, A, dtype)
    exact = results(attention, {name: x.astype(np.float64) for name, x in arrays.items()})
    for name, found in results(scoring, arrays, threads).items():
        assert found.dtype == dtype
        bound = tolerance * np.abs(exact[name]).max()
        np.testing.assert_allclose(found, exact[name], rtol=0, atol=bound, err_msg=name)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("A", [1, 2, 5, 8, 16, 17, 33, 64])
def test_any_width_whole_vectors_or_not(A, dtype, tolerance):
    compare(7, 3, 4, 5, A, dtype, tolerance)
    compare(200, 2, 6, 3, A, dtype, tolerance, threads=3)


def test_every_gradient():
    arrays = arguments(6, 2, 3, 4, 17)
    r, cache = scoring.informativeness_forward(**arrays)
    dr = np.random.default_rng(1).standard_normal(r.shape)
    gradients = dict(zip(arrays, scoring.informativeness_backward(dr, cache), strict=True))
    check_gradients(lambda **a: scoring.informativeness_forward(**a)[:1], arrays, gradients, [dr])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, complex])
def test_the_gradient_of_h_is_added_to_that_of_other_uses(dtype):
    r, cache = scoring.informativeness_forward(**arguments(40, 8, 24, 16, 64, dtype), workspace=Workspace())
    dr = np.random.default_rng(1).standard_normal(r.shape).astype(dtype)
    dh, *others = (x.copy() for x in scoring.informativeness_backward(dr, cache))
    onto = np.ones_like(dh)
    found, *same = scoring.informativeness_backward(dr, cache, onto)
    assert found is onto and all((x == y).all() for x, y in zip(others, same, strict=True))
    np.testing.assert_allclose(onto, 1 + dh, rtol=1e-5 if dtype is np.float32 else 1e-13)


@compiled_only
def test_the_number_of_threads_changes_no_bit():
    arrays = arguments(50, 4, 16, 16, 80, np.float32)
    expected = results(scoring, arrays)
    for threads in (2, 3, 7):
        found = results(scoring, arrays, threads)
        assert all((found[name] == expected[name]).all() for name in expected)


@pytest.mark.parametrize("change", ["complex", "mixed", "turned"])
def test_what_is_not_compiled_is_left_to_attention(change):
    arrays = arguments(5, 2, 3, 4, 8)
    if change == "complex":
        arrays["We2"] = arrays["We2"] + 1e-30j
    elif change == "mixed":
        arrays["h"] = arrays["h"].astype(np.float32)
    else:
        arrays["We2"] = np.asfortranarray(arrays["We2"])
    found = results(scoring, arrays)
    for name, expected in results(attention, arrays).items():
        np.testing.assert_array_equal(found[name], expected)


BUGS = {
    "the memory is not heard": ("load(at, left) + load(f->share + row % f->B * A + unit, left)", "load(at, left)"),
    "the memory of another sequence is heard": ("row % f->B * A", "row / f->B % f->B * A"),
    "the tanh is missing": ("= tanh(load(at, left) + ", "= (load(at, left) + "),
    "of the scores the last units alone count": ("e += s * load", "e = s * load"),
    "the slope of the tanh is missing": (" * (1 - s * s)", ""),
    "the factor W_e1 is missing": ("da = de * We1 *", "da = de *"),
    "the memory is taught by the last cell alone": (
        "store(da_IF, load(da_IF, left) + da, left)",
        "store(da_IF, da, left)",
    ),
    "W_e1 is taught by the last cell alone": ("dWe1 += of_cell", "dWe1 = of_cell"),
    "W_e1 is taught by one sequence of each cell": ("of_cell += de * s", "of_cell = de * s"),
}


@compiled_only
@pytest.mark.parametrize("meaning", BUGS)
def test_a_planted_bug_is_caught(tmp_path, monkeypatch, meaning):
    with planted(tmp_path, monkeypatch, "scoring.h", *BUGS[meaning]), pytest.raises(AssertionError):
        compare(7, 3, 4, 5, 40, np.float64, 1e-12, threads=2)
