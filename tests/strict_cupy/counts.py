"""What the strict stand-in for CuPy counts: transfers, synchronisations, launches, memory."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, fields


class TransferError(RuntimeError):
    """Data crossed between host and device, or the host waited for the device, where a test forbade it."""


@dataclass
class Counts:
    """Totals since the last `reset`."""

    to_device: int = 0  # transfers from the host
    to_host: int = 0  # transfers to the host
    synchronisations: int = 0  # moments when the host waited for the device
    allocations: int = 0  # arrays that own their memory
    largest: int = 0  # bytes of the largest of them
    used: int = 0  # bytes held by arrays now
    peak: int = 0  # the most bytes that arrays have held at a time
    kernels: Counter = field(default_factory=Counter)  # launches by name

    @property
    def launches(self):
        """Operations queued on the device: at least one for every ufunc, reduction, product, copy or kernel."""
        return self.kernels.total()

    def reset(self):
        """All to zero, but for the memory in use."""
        used = self.used
        for entry in fields(self):
            setattr(self, entry.name, Counter() if entry.name == "kernels" else 0)
        self.used = self.peak = used


counts = Counts()
_forbidden = 0  # how many `no_transfers` regions we are in


@contextmanager
def no_transfers():
    """A region in which every transfer and every synchronisation raises TransferError."""
    global _forbidden
    _forbidden += 1
    try:
        yield
    finally:
        _forbidden -= 1


def crossing(to_device=0, to_host=0, synchronisations=0, why=""):
    """Count transfers or synchronisations, or refuse them."""
    if _forbidden and (to_device or to_host or synchronisations):
        raise TransferError(f"{why}: a transfer or synchronisation inside no_transfers()")
    counts.to_device += to_device
    counts.to_host += to_host
    counts.synchronisations += synchronisations


def launch(name, times=1):
    """Count `times` launches under a name."""
    if times:
        counts.kernels[name] += times


class Memory:
    """A piece of device memory: in use until the last array that lies in it is gone."""

    def __init__(self, nbytes):
        self.nbytes = -(-nbytes // 512) * 512  # CuPy's pool hands out multiples of 512 bytes
        counts.allocations += 1
        counts.largest = max(counts.largest, nbytes)
        counts.used += self.nbytes
        counts.peak = max(counts.peak, counts.used)

    def __del__(self, counts=counts):
        counts.used -= self.nbytes
