"""The compiled sweep: vectors that are whole or not, threads, exp and tanh, and bugs planted in its source."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gca_scratch.network.arrays import Workspace
from gca_scratch.network.compiled import build
from gca_scratch.network.sweep import raster, wavefront_cpu
from tests.network.compiled.planting import planted
from tests.network.test_grid import arguments, gradients_of

compiled_only = pytest.mark.skipif(
    build.library(np.dtype(np.float32)) is None, reason=f"nothing is compiled here: {build.describe()}"
)


def workspace_of(threads):
    workspace = Workspace()
    workspace.threads = threads
    return workspace


def compare(J, T, B, H, D, dtype, tolerance, gated=True, threads=1):
    """The compiled sweep against the definition, every result."""
    arrays = arguments(J, T, B, H, D, gated, seed=H, dtype=dtype)
    arrays["W"] /= np.sqrt(H, dtype=dtype)
    dh = np.random.default_rng(1).standard_normal((J * T, B, H)).astype(dtype)
    onto = np.random.default_rng(2).standard_normal((J * T, B, 5 * H)).astype(dtype) if gated else None
    h, expected = gradients_of(raster, arrays, J, T, dh, onto=onto)
    found_h, found = gradients_of(wavefront_cpu, arrays, J, T, dh, workspace_of(threads), onto)
    for name, array in {"h": h, **expected}.items():
        mine = found_h if name == "h" else found[name]
        np.testing.assert_allclose(mine, array, rtol=0, atol=tolerance * np.abs(array).max(), err_msg=name)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 3e-5)])
@pytest.mark.parametrize("H", [1, 2, 4, 5, 8, 15, 16, 17, 31, 32, 48, 65])
def test_any_width_whole_vectors_or_not(H, dtype, tolerance):
    compare(4, 3, 3, H, 2, dtype, tolerance)
    compare(3, 4, 2, H, 3, dtype, tolerance, gated=False, threads=3)


@pytest.mark.parametrize("B", [1, 2, 3, 4, 5, 6, 7, 11, 50])  # tiles have five rows or two, blocks 128
def test_any_number_of_rows(B):
    compare(5, 3, B, 16, 3, np.float64, 1e-12)


@compiled_only
def test_the_number_of_threads_changes_no_bit():
    arrays, dh = arguments(6, 5, 4, 80, 3, dtype=np.float32), np.ones((30, 4, 80), np.float32)
    h, gradients = gradients_of(wavefront_cpu, arrays, 6, 5, dh)
    for threads in (2, 3, 7):
        found_h, found = gradients_of(wavefront_cpu, arrays, 6, 5, dh, workspace_of(threads))
        assert (found_h == h).all() and all((found[name] == gradients[name]).all() for name in found)


def test_threads_of_python_may_sweep_side_by_side_with_threads_of_their_own():
    arrays, dh = arguments(6, 5, 4, 40, 3), np.ones((30, 4, 40))
    h, gradients = gradients_of(wavefront_cpu, arrays, 6, 5, dh)

    def sweep(_):
        return gradients_of(wavefront_cpu, arrays, 6, 5, dh, workspace_of(2))

    with ThreadPoolExecutor(4) as pool:
        for found_h, found in pool.map(sweep, range(40)):
            assert (found_h == h).all() and all((found[name] == gradients[name]).all() for name in found)


FORK = """
import os, sys
import numpy as np
from gca_scratch.network.arrays import Workspace
from gca_scratch.network.sweep import wavefront_cpu
workspace = Workspace()
workspace.threads = 2
x, W, b = np.ones((6, 2, 3)), np.full((83, 200), 0.01), np.zeros(200)
h = wavefront_cpu.forward(x, W, b, 3, 2, workspace=workspace)[0].copy()
child = os.fork()
if not child:
    os._exit(int(not (wavefront_cpu.forward(x, W, b, 3, 2, workspace=workspace)[0] == h).all()))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_process_sweeps_with_threads_of_its_own():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def gates_of(z):
    """sigmoid and tanh of z (n,) as the compiled sweep computes them."""
    H = len(z)
    a = np.tile(z, 5).reshape(1, 1, 5 * H)
    empty = np.zeros((1, 1, 0), z.dtype)
    _, cache = wavefront_cpu.forward(empty, np.zeros((2 * H, 5 * H), z.dtype), np.zeros(5 * H, z.dtype), 1, 1, a=a)
    return cache.gates[0, 0, 0, :H], cache.gates[0, 0, 4, :H]


@compiled_only
@pytest.mark.parametrize(("dtype", "reach", "ulps"), [(np.float32, 80, 3), (np.float64, 600, 4)])
def test_sigmoid_and_tanh_are_right_to_a_few_units_in_the_last_place(dtype, reach, ulps):
    rng = np.random.default_rng(0)
    for scale in (1e-6, 1e-3, 0.1, 1, 10, reach):
        z = rng.uniform(-scale, scale, 400).astype(dtype)
        exact = z.astype(np.longdouble)
        for found, right in zip(gates_of(z), (1 / (1 + np.exp(-exact)), np.tanh(exact)), strict=True):
            error = np.abs(found - right) / np.spacing(np.abs(right).astype(dtype))
            assert error.max() < ulps, f"{error.max():.1f} units at a scale of {scale}"


@compiled_only
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh_near_one_is_right_on_the_average(dtype):
    """The slope 1 - tanh^2 lives on what is missing there; an error of one sign would add up over the grid."""
    z = np.random.default_rng(0).uniform(0.5, 8, 500).astype(dtype)
    exact = np.tanh(z.astype(np.longdouble))
    error = (gates_of(z)[1] - exact) / np.spacing(exact.astype(dtype))
    assert np.abs(error).max() < 2 and abs(error.mean()) < 0.05


@compiled_only
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ends_of_the_range(dtype):
    sigmoid, tanh = gates_of(np.array([-np.inf, -1e30, -1000, 0, 1000, 1e30, np.inf, np.nan], dtype))
    np.testing.assert_allclose(sigmoid, [0, 0, 0, 0.5, 1, 1, 1, np.nan], atol=1e-37)
    np.testing.assert_array_equal(tanh, np.array([-1, -1, -1, 0, 1, 1, 1, np.nan], dtype))


FORWARD, BACKWARD = "unit_forward.h", "unit_backward.h"
BUGS = {
    "a forget gate reads what the other one is given": ("unit_gates.h", "f_T = sigmoid(z_T)", "f_T = sigmoid(z_S)"),
    "gates are kept in the place of others": (
        "sweep.h",
        "= {gate_i, f_S, f_T, o, u};\n        for",
        "= {gate_i, f_T, f_S, o, u};\n        for",
    ),
    "the cell states are exchanged": (FORWARD, "f_S * c_S + f_T * c_T", "f_S * c_T + f_T * c_S"),
    "the gate weighs the past": (FORWARD, "past + g *", "past + (1 - g) *"),
    "the gate is missing from the gradient of the new input": (BACKWARD, "dnew = g * dc;", ""),
    "the gate's gradient forgets one of the pasts": (BACKWARD, " - f_T * c_T);", ");"),
    "the slope of a gate is missing": (BACKWARD, "f_T * (1 - f_T)", "f_T"),
    "the tanh of the cell has no slope": (BACKWARD, " * (1 - tanh_c * tanh_c)", ""),
    "the wrong forget gate carries dc": (BACKWARD, "dc_S = dpast * f_S", "dc_S = dpast * f_T"),
    "the next frame's dc is forgotten": ("sweep.h", "dc += *(T *)(back_c + from);", ""),
    "h goes to the next joint, not to the next frame": ("sweep.h", "s->D + H + unit, h", "s->D + unit, h"),
    "the halves of dh are mixed up": ("sweep.h", "part / 2 * H", "(1 - part / 2) * H"),
    "a block of rows is left out of the weights": ("sweep.h", "pending, first, last)", "pending - BLOCK, first, last)"),
    "the bias is packed with the wrong gate": ("sweep.h", ": s->b) + gate * s->H", ": s->b) + (4 - gate) * s->H"),
    "a row of a tile is forgotten": ("sweep.h", "least(ROWS, s->width - m)", "least(ROWS - 1, s->width - m)"),
    "threads do not wait for each other": ("team.h", "if (of == 1) return;", "return;"),
    "the da of other sweeps is lost": ("sweep.h", "load(da + gate * H, left) + all[gate]", "all[gate]"),
    "a gate's gradient lacks some of its units": ("sweep.h", "k < step; k++) all +=", "k < step - 1; k++) all +="),
    "exp takes too few terms": ("vectors.h", "SINGLE ? 7 : 13", "SINGLE ? 4 : 7"),
}


@compiled_only
@pytest.mark.parametrize("meaning", BUGS)
def test_a_planted_bug_is_caught(tmp_path, monkeypatch, meaning):
    with planted(tmp_path, monkeypatch, *BUGS[meaning]), pytest.raises(AssertionError):
        for _ in range(50):
            compare(5, 4, 7, 40, 2, np.float64, 1e-12, threads=2)
