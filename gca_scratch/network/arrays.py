"""Arrays: which module owns one, to the device, to the host; and memory that is kept from step to step.

The mathematics never names NumPy or CuPy. It asks `array_module` which of them its arguments belong to, and so runs
wherever its arrays live.
"""

import importlib
import math
import sys
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from ..support.errors import InputError, shown

Array: TypeAlias = Any  # of NumPy or of CuPy
ArrayModule: TypeAlias = Any  # numpy or cupy

INSTALL_CUPY = "install the wheel that fits your driver: pip install 'cupy-cuda13x[ctk]' (or 'cupy-cuda12x[ctk]')"


def array_module(array: Array) -> ArrayModule:
    """The module that made `array`: `numpy`, or `cupy` for an array on a GPU. A plain number belongs to `numpy`.

    Raises InputError for what no such module made, as a list.
    """
    if type(array) is np.ndarray or isinstance(array, complex | float | int):  # NumPy's own scalars among them
        return np
    name = type(array).__module__.partition(".")[0]
    if name == "builtins":
        raise InputError(f"{shown(array)} is no array; give numpy.asarray of it, with numbers in it")
    return sys.modules[name]


def on_gpu(array: Array) -> bool:
    """Does `array` live on a GPU?"""
    return not isinstance(array, np.ndarray)


def on_host(rng: Any) -> bool:
    """Does a random generator live on the host, where NumPy made it?"""
    return type(rng).__module__.partition(".")[0] == "numpy"


def module_for(device: str) -> ArrayModule:
    """The array module of a device: `"cpu"` gives numpy, `"cuda"` gives cupy once a small product has run on the GPU.

    Raises InputError, saying what to install, when the GPU cannot be used: no CuPy, no driver, no device.
    """
    if device == "cpu":
        return np
    if device != "cuda":
        raise InputError(f"unknown device {shown(device)}: choose cpu or cuda")
    try:
        cupy = importlib.import_module("cupy")
    except ImportError as error:
        raise InputError(f"--device cuda needs CuPy, which cannot be imported ({error}); {INSTALL_CUPY}") from None
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # CUDARuntimeError has no importable home when the driver is missing
        raise InputError(
            f"--device cuda needs an NVIDIA driver that works ({error}); install or update it, or use --device cpu"
        ) from None
    if count == 0:
        raise InputError("--device cuda found no GPU on this machine; use --device cpu")
    try:
        probe = cupy.ones((2, 2), dtype=cupy.float32)
        float((probe @ probe).sum())  # waits for the result
    except Exception as error:
        raise InputError(f"--device cuda found a GPU but CuPy cannot compute on it ({error}); {INSTALL_CUPY}") from None
    return cupy


@cache
def tanh_is_cheap(xp: ArrayModule) -> bool:
    """Is this module's tanh cheaper than its exp? NumPy's takes half the time with AVX-512, and twice with AVX2."""
    if xp is not np:
        return False
    try:
        found = np.lib.introspect.opt_func_info("^tanh$", "float32")["tanh"]
    except (AttributeError, KeyError):  # NumPy 1
        return False
    return any(name in kind["current"] for kind in found.values() for name in ("AVX512", "X86_V4"))


def to_device(array: Array, xp: ArrayModule) -> Array:
    """`array` as an array of the module `xp`; nothing is copied when it is one already."""
    return array if array_module(array) is xp else xp.asarray(array)


def to_host(array: Array) -> np.ndarray:
    """`array` as a NumPy array; nothing is copied when it is one already."""
    return array if isinstance(array, np.ndarray) else array.get()


LINE = 64  # bytes

# Fresh memory is dear: the system clears every page at its first use, and a step touches hundreds of megabytes.


class Workspace:
    """Arrays by name, kept from step to step.

    The same name gives the same memory each time, so what a pass wrote there lasts until the next pass asks for it: one
    workspace serves one pass at a time. `at(name)` is a workspace within this one, for a part that uses the same names.
    `threads`: how many may work on such a pass, where there is something to be shared out.
    """

    threads = 1

    def __init__(self):
        self._memory, self._use, self._inner = {}, {}, {}

    def at(self, name: str) -> "Workspace":
        """The workspace called `name` inside this one."""
        inner = self._inner.setdefault(name, Workspace())
        inner.threads = self.threads
        return inner

    def empty(self, xp: ArrayModule, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array of module `xp` with arbitrary contents."""
        size = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None or memory.size < size or memory.dtype != dtype:
            memory = self._memory[name] = _aligned(xp, size, dtype)
        self._use[name] = None
        return memory[:size].reshape(shape)

    def zeros(self, xp: ArrayModule, name: str, shape: tuple[int, ...], dtype: Any, layout: Any = None) -> Array:
        """An array that is zero where its user has not written since it was first asked for in this shape and layout.

        layout: what decides, beside the shape, which entries its user writes. The arrays of a J x T and a T x J grid
        have the same shape, but not the same border: a user who writes around a border names the grid.
        """
        use = (shape, layout)
        clean = self._use.get(name) == use and self._memory[name].dtype == dtype
        array = self.empty(xp, name, shape, dtype)
        if not clean:
            array[...] = 0
        self._use[name] = use
        return array


def _aligned(xp, size, dtype):
    """An array (size,) that begins where a line of the processor's cache does: no vector lies on two of them."""
    dtype = np.dtype(dtype)
    memory = xp.empty(size + LINE // dtype.itemsize, dtype=dtype)
    start = 0 if on_gpu(memory) else -memory.ctypes.data % LINE // dtype.itemsize
    return memory[start : start + size]


class _Fresh(Workspace):
    """A workspace that keeps nothing: every array is new, and results never change behind anybody's back."""

    def at(self, name: str) -> "Workspace":
        return self

    def empty(self, xp: ArrayModule, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        return xp.empty(shape, dtype=dtype)

    def zeros(self, xp: ArrayModule, name: str, shape: tuple[int, ...], dtype: Any, layout: Any = None) -> Array:
        return xp.zeros(shape, dtype=dtype)


FRESH = _Fresh()
