"""Streams, events, memory pool and random numbers of the strict stand-in for CuPy."""

import time
from types import ModuleType, SimpleNamespace

import numpy as np

from tests.strict_cupy.array import copied, elementwise, expect, result
from tests.strict_cupy.counts import counts, crossing
from tests.strict_cupy.kernels import CompileException


class Generator:
    """Random numbers. The numbers are NumPy's; CuPy's generator gives others for the same seed."""

    def __init__(self, seed=None):
        self._rng = np.random.default_rng(seed)

    def random(self, size=None, dtype=np.float64, out=None):
        """Uniform in [0, 1). With `out` and no `size` CuPy draws a single number, and fills `out` with it."""
        self._check(size, dtype, out)
        kind = np.float64 if np.dtype(dtype) == np.float64 else np.float32  # any other type is made of this one
        drawn = result(self._rng.random(size, kind), "random")
        return drawn.astype(dtype, copy=False) if out is None else copied(drawn, out)

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        """Gaussian of mean 0 and deviation 1."""
        self._check(size, dtype, out)
        if np.dtype(dtype).char not in "fd":
            raise TypeError(f"Unsupported dtype {np.dtype(dtype).name} for standard_normal")
        shape = size if size is not None or out is None else out.shape
        return result(self._rng.standard_normal(shape, dtype), "standard_normal", out)

    def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):
        """Whole numbers from `low` to below `high`, or below `low`, on the device even where it is one."""
        drawn = np.asarray(self._rng.integers(low, high, size, dtype, endpoint))
        return elementwise(np.add, 0, result(drawn, "integers"), dtype=dtype)

    def _check(self, size, dtype, out):
        if out is not None and expect(out, "out").dtype != dtype:
            raise TypeError("Supplied output array has the wrong type.")
        if out is not None and not (out.flags.c_contiguous or out.flags.f_contiguous):
            raise ValueError("Supplied output array is not contiguous, writable or aligned.")
        if out is not None and size is not None and out.shape != ((size,) if np.isscalar(size) else tuple(size)):
            raise ValueError("size must match out.shape when used together")


_clock = SimpleNamespace(synchronised=0)  # how often the host has waited


def _wait(*_):
    crossing(synchronisations=1, why="synchronize")
    _clock.synchronised += 1


class Event:
    """A mark in a stream: everything before it is done once the host has waited for it."""

    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self._time = self._recorded = None

    def record(self, stream=None):
        """Set the mark."""
        self._time, self._recorded = time.perf_counter(), _clock.synchronised

    @property
    def done(self):
        """Whether the host knows the device to be past the mark."""
        return self._recorded is None or _clock.synchronised > self._recorded

    synchronize = _wait


class Stream:
    """A queue of work."""

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        self.non_blocking = non_blocking

    synchronize = _wait

    def record(self, event=None):
        """Set an event's mark."""
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event):
        """Let the queue wait for the event; the host does not."""

    def use(self):
        """Make this the current stream."""
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Device:
    """The one device."""

    id = 0
    synchronize = _wait

    def __init__(self, device=0):
        if device:
            raise RuntimeError("cudaErrorInvalidDevice: invalid device ordinal")

    use, __enter__, __exit__ = Stream.use, Stream.__enter__, Stream.__exit__


def get_elapsed_time(start, end):
    """Milliseconds between two events that are done."""
    if start._time is None or end._time is None:
        raise RuntimeError("cudaErrorInvalidResourceHandle: an event that was not recorded")
    if not (start.done and end.done):
        raise RuntimeError("cudaErrorNotReady: device not ready")
    return 1000 * (end._time - start._time)


class MemoryPool:
    """What arrays hold now, and what the pool keeps for later ones."""

    def used_bytes(self):
        """Bytes that arrays hold."""
        return counts.used

    def total_bytes(self):
        """Bytes that the pool has taken from the device: the most that was held since the last free_all_blocks."""
        return counts.peak

    def free_all_blocks(self, stream=None):
        """Give back what no array holds."""
        counts.peak = counts.used


Stream.null = Stream(null=True)

cuda = ModuleType("cupy.cuda", "Streams, events and the device of the strict stand-in.")
vars(cuda).update({value.__name__: value for value in (Stream, Event, Device, MemoryPool, get_elapsed_time)})
cuda.get_current_stream = lambda: Stream.null
cuda.alloc_pinned_memory = bytearray  # what NumPy reads and writes with np.frombuffer
cuda.runtime = SimpleNamespace(getDeviceCount=lambda: 1, deviceSynchronize=_wait)
cuda.compiler = SimpleNamespace(CompileException=CompileException)

random = ModuleType("cupy.random", "Random numbers of the strict stand-in.")
random.default_rng, random.Generator = Generator, Generator
