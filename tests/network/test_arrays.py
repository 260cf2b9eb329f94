"""The array-module switch, on machines with and without a GPU."""

import sys
import types

import numpy as np
import pytest

from gca_scratch.network import arrays
from gca_scratch.network.compiled.address import address
from gca_scratch.support.errors import InputError


def test_numpy_arrays_belong_to_numpy():
    assert arrays.array_module(np.ones(3)) is np and arrays.array_module(np.float32(1)) is np
    x = np.ones(3)
    assert arrays.to_device(x, np) is x and arrays.to_host(x) is x
    assert arrays.module_for("cpu") is np


@pytest.mark.parametrize("value", [[0.5], (1, 2), "1", None])
def test_what_is_no_array_is_told_so(value):
    with pytest.raises(InputError, match=r"is no array; give numpy\.asarray of it"):
        arrays.array_module(value)


def cupy_like(devices, compute=True):
    """A module that answers as CuPy does on a machine with so many devices (an exception: no driver)."""
    cupy = types.ModuleType("cupy")

    def count():
        if isinstance(devices, Exception):
            raise devices
        return devices

    def ones(*_, **__):
        if not compute:
            raise RuntimeError("CUDA_ERROR_NO_BINARY_FOR_GPU")
        return np.ones((2, 2))

    cupy.cuda = types.SimpleNamespace(runtime=types.SimpleNamespace(getDeviceCount=count))
    cupy.ones, cupy.float32 = ones, np.float32
    return cupy


@pytest.mark.parametrize(
    ("module", "sentence"),
    [(None, r"pip install 'cupy-cuda13x"), (cupy_like(RuntimeError("cudaErrorInsufficientDriver")), "driver"),
     (cupy_like(0), "no GPU"), (cupy_like(1, compute=False), "cannot compute")],
    ids=["no package", "no driver", "no device", "wrong wheel"],
)  # fmt: skip
def test_a_gpu_that_cannot_be_used_is_one_sentence(monkeypatch, module, sentence):
    monkeypatch.setitem(sys.modules, "cupy", module)
    with pytest.raises(InputError, match=sentence) as caught:
        arrays.module_for("cuda")
    assert "\n" not in str(caught.value)


def test_a_gpu_that_works_gives_cupy(monkeypatch):
    cupy = cupy_like(1)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    assert arrays.module_for("cuda") is cupy


def test_the_mathematics_never_names_numpy_or_cupy_where_it_computes():
    """They take their module from their arrays; grid and networks use NumPy for index tables and weights."""
    from pathlib import Path

    for name in ("ops", "cell", "sweep/wavefront", "attention", "memory", "../training/optim"):
        text = (Path(arrays.__file__).parent / f"{name}.py").read_text()
        assert "import numpy" not in text and "cupy" not in text.lower().replace("numpy and cupy", ""), name


def test_addresses_for_compiled_functions():
    whole = np.arange(12.0).reshape(3, 4)
    fixed = whole.copy()
    fixed.flags.writeable = False
    for array in (whole, whole.T, whole[1:, 2:], fixed, whole[:0]):
        assert address(array) == array.ctypes.data
    assert address(None) is None
