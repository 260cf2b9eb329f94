"""Shapes, views and copies of the strict stand-in's arrays, copies to the host included."""

from typing import NamedTuple

import numpy as np

from tests.strict_cupy.counts import crossing, launch


def checked_dtype(dtype):
    """`dtype` as a NumPy dtype, if a GPU can hold it."""
    dtype = np.dtype(dtype)
    if dtype.char not in "?bhilqBHILQefdFD":
        raise ValueError(f"Unsupported dtype {dtype}")
    return dtype


class Flags(NamedTuple):
    """All that CuPy has of them (flags.pyx): no `writeable`."""

    c_contiguous: bool
    f_contiguous: bool
    owndata: bool

    fnc = property(lambda self: self.f_contiguous and not self.c_contiguous)
    forc = property(lambda self: self.f_contiguous or self.c_contiguous)

    def __getitem__(self, name):
        if name not in ("C_CONTIGUOUS", "F_CONTIGUOUS", "OWNDATA"):
            raise KeyError(f"{name} is not defined for cupy.ndarray.flags")
        return getattr(self, name.lower())


class Views:
    """What `strict_array.ndarray` knows of its shape, and how it makes views.

    The array has its memory in `_host`; `_derived(host, name)` makes a view or a copy of it, `_computed(host, name)` a
    new array.
    """

    __slots__ = ()

    dtype = property(lambda self: self._host.dtype)
    shape = property(lambda self: self._host.shape)  # CuPy lets it be set; here `reshape` says the same
    strides = property(lambda self: self._host.strides)
    size = property(lambda self: self._host.size)
    ndim = property(lambda self: self._host.ndim)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)

    @property
    def flags(self):
        """How the array lies in memory."""
        known = self._host.flags
        return Flags(known.c_contiguous, known.f_contiguous, self.base is None)

    def __len__(self):
        return len(self._host)

    T = property(lambda self: self.transpose())

    def reshape(self, *shape, order="C"):
        """A view where the strides allow one, else a copy."""
        shape = shape[0] if len(shape) == 1 else shape
        return self._derived(self._host.reshape(shape, order=order), "copy")

    def ravel(self, order="C"):
        """All elements in one row: a view where possible."""
        return self._derived(self._host.ravel(order), "copy")

    def flatten(self, order="C"):
        """All elements in one row, copied."""
        return self._computed(self._host.flatten(order), "copy")

    def transpose(self, *axes):
        """A view with the axes in another order."""
        return self._derived(self._host.transpose(*axes), "copy")

    def swapaxes(self, axis1, axis2):
        """A view with two axes exchanged."""
        return self._derived(self._host.swapaxes(axis1, axis2), "copy")

    def squeeze(self, axis=None):
        """A view without the axes of length one."""
        return self._derived(self._host.squeeze(axis), "copy")

    def view(self, dtype=None):
        """The same memory once more, its bytes read as `dtype` if one is given."""
        return self._derived(self._host.view(checked_dtype(dtype or self.dtype)), "copy")

    def copy(self, order="C"):
        """The same values in new memory."""
        return self._computed(self._host.copy(order), "copy")

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        """The values as another type; with copy=False the array itself, if its type and order are those already."""
        if casting is not None or subok is not None:
            raise TypeError("casting and subok are not supported yet")
        return self._astype(dtype, order or "K", True if copy else None)

    def _astype(self, dtype, order, copy):
        """copy: True, None for "if needed", or False, which raises ValueError where it is needed."""
        dtype, flags = checked_dtype(dtype), self.flags
        ordered = {"K": True, "A": flags.forc, "C": flags.c_contiguous, "F": flags.f_contiguous}[order.upper()]
        if not copy and self.dtype == dtype and ordered:
            return self
        if copy is False:
            raise ValueError("Unable to avoid copy while creating an array as requested.")
        return self._computed(self._host.astype(dtype, order=order), "copy")

    @property
    def real(self):
        """The array itself where it is real, else a view."""
        return self._derived(self._host.real, "copy") if self.dtype.kind == "c" else self

    @property
    def imag(self):
        """A view where the array is complex, else new zeros."""
        return (
            self._derived(self._host.imag, "copy")
            if self.dtype.kind == "c"
            else self._computed(self._host.imag, "fill")
        )

    # To the host

    def get(self, stream=None, order="C", out=None, blocking=True):
        """A copy as a NumPy array: a transfer, for which the host waits."""
        if self.size:
            crossing(to_host=1, synchronisations=bool(blocking), why="get")
            launch("copy", not self.flags.c_contiguous)
        if out is None:
            return self._host.copy(order=order)
        if out.shape != self.shape or out.dtype != self.dtype:
            raise ValueError("the array to copy into has another shape or dtype")
        out[...] = self._host
        return out

    def item(self):
        """The one element as a Python number."""
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def tolist(self):
        """Nested lists of Python numbers."""
        return self.get().tolist()

    def __bool__(self):
        if self.size > 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"
            )
        return bool(self.get())

    # There is no `__index__`, not even for 0-d arrays of integers: CuPy has none either.
    def __int__(self):
        return int(self.get())

    def __float__(self):
        return float(self.get())

    def __complex__(self):
        return complex(self.get())

    def __repr__(self):
        return repr(self.get())

    def __str__(self):
        return str(self.get())

    def __format__(self, spec):
        return format(self.get(), spec)
