"""The array of the strict stand-in for CuPy: a NumPy array that plays device memory and refuses what CuPy refuses.

It follows CuPy 14.2 (cupy/_core: core.pyx, _kernel.pyx, _scalar.pyx, _routines_indexing.pyx) and is stricter in places:
a comment says where, and what CuPy does instead. docs/gpu.md has the list.
"""

import numpy as np

from tests.strict_cupy.counts import Memory, crossing, launch
from tests.strict_cupy.views import Views, checked_dtype

IMPLICIT = (
    "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array explicitly."
)
BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": np.power, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
}  # fmt: skip
COMPARISONS = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip


replaced = {}  # ufuncs of NumPy that CuPy computes in another way: powers.py, divisions.py


def expect(array, argument="a"):
    """`array`, if it is on the device; the error is the one of CuPy's compiled routines."""
    if not isinstance(array, ndarray):
        raise TypeError(f"Argument '{argument}' has incorrect type (expected cupy.ndarray, got {type(array)})")
    return array


def operand(value):
    """What NumPy is to compute with: the memory of a device array, or a number as it is."""
    if isinstance(value, ndarray):
        return value._host
    if type(value) in (bool, int, float, complex) or (isinstance(value, np.generic) and value.dtype.kind in "biufc"):
        return value
    raise TypeError(f"Unsupported type {type(value)}")


def fresh(host):
    """A device array that owns `host`, an array that nobody else holds."""
    return _make(host, None, Memory(host.nbytes))


def allocate(shape, dtype=float, order="C"):
    """Uninitialised device memory. It is full of NaN, or of an unlikely integer, so that nobody relies on it."""
    host = np.empty(shape, checked_dtype(dtype), order=order)
    host.fill({"b": True, "i": 77, "u": 77}.get(host.dtype.kind, np.nan))
    return fresh(host)


def result(value, name, out=None):
    """A freshly computed value as a device array (scalars become 0-d arrays), or copied into `out`; one launch."""
    value = np.asarray(value)
    if value.size:
        launch(name)
    if out is None:
        return fresh(value if value.base is None and value.flags.writeable else value.copy())
    if expect(out, "out").shape != value.shape:
        raise ValueError("Out shape is mismatched")
    _refuse_repeated(out)
    np.copyto(out._host, value, casting="same_kind")  # stricter: CuPy's reductions cast in any way
    return out


def elementwise(function, *args, out=None, dtype=None, casting="same_kind"):
    """A ufunc of NumPy on device arrays and numbers, under CuPy's rules."""
    if isinstance(out, tuple):
        (out,) = out
    keywords = {"order": "C", "casting": casting}  # CuPy's results are always in C order
    keywords |= {} if dtype is None else {"dtype": checked_dtype(dtype)}
    inputs = [operand(value) for value in args]
    if out is not None:
        keywords["out"] = operand(out)
        _refuse_repeated(expect(out, "out"))
        args = [_apart(value, out) for value in args]  # held until all is done
        inputs = [operand(value) for value in args]
    with np.errstate(all="ignore"):  # a GPU never warns
        value = replaced.get(function, function)(*inputs, **keywords)
    if out is None:
        return result(value, function.__name__)
    launch(function.__name__, bool(out.size))
    return out


def copied(source, out, casting="unsafe"):
    """`out`, filled from an array that need not have its shape: one launch, two where they share memory."""
    _refuse_repeated(out, source)
    if not np.can_cast(source.dtype, out.dtype, casting):
        raise TypeError(f"Cannot cast {source.dtype} to {out.dtype} in {casting} casting mode")
    with np.errstate(all="ignore"):
        np.copyto(out._host, _apart(source, out)._host, casting=casting)
    launch("copy", bool(out.size))
    return out


def shares_bounds(a, b):
    """Do the bytes from the first to the last element of both meet? CuPy never asks for more."""
    return bool(a.size and b.size) and np.may_share_memory(a._host, b._host)


def _apart(value, out):
    """An input of what is written into `out`: copied, with a launch and memory, where CuPy takes the two to overlap."""
    return value.copy() if isinstance(value, ndarray) and value is not out and shares_bounds(value, out) else value


def _refuse_repeated(out, value=None):
    """Stricter: one element in many places, as in a broadcast output, is a race, unless all of them get one number."""
    repeated = any(length > 1 and not step for length, step in zip(out.shape, out.strides, strict=True))
    if repeated and (value is None or value.size > 1):
        raise ValueError("an output that is broadcast: a race on a GPU")


def _make(host, base, memory):
    array = object.__new__(ndarray)
    array._host, array.base, array._memory = host, base, memory
    return array


def _is_array(index):
    return isinstance(index, (ndarray, np.ndarray))


class ndarray(Views):
    """An array in device memory. Views share the memory of the array they come from, as in CuPy."""

    __slots__ = ("_host", "_memory", "base")
    __array_priority__ = 100

    def __new__(cls, shape, dtype=float, order="C"):
        return allocate(shape, dtype, order)

    def _derived(self, host, name):
        """`host`, made from this array: a view where it shares memory, else a new array that cost a launch."""
        if host.size == 0 or np.may_share_memory(host, self._host):
            return _make(host, self if self.base is None else self.base, self._memory)
        return result(host, name)

    def _computed(self, host, name):
        return result(host, name)

    # What NumPy may not do

    def __array__(self, dtype=None, copy=None):
        raise TypeError(IMPLICIT)

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        if ufunc in COMPARISONS.values():  # in np.float32(2) < x NumPy makes an array of the number
            inputs = [value[()] if isinstance(value, np.ndarray) else value for value in inputs]
        for value in (*inputs, *keywords.get("out", ())):
            operand(value)  # refuses NumPy arrays
        if method == "__call__" and any(isinstance(value, np.generic) for value in inputs):
            return elementwise(ufunc, *inputs, **keywords)  # np.float32(2) * x arrives here
        # Stricter: CuPy answers np.tanh(x) with cupy.tanh(x). Whoever writes np means the CPU.
        raise TypeError(f"numpy.{ufunc.__name__} on a device array: take the function from the array's own module")

    def __array_function__(self, function, types, args, keywords):
        raise TypeError(f"numpy.{function.__name__} on a device array: take the function from the array's own module")

    # From the host

    def set(self, array, stream=None):
        """Fill from a NumPy array of the same shape and dtype: a transfer."""
        if not isinstance(array, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if array.shape != self.shape or array.dtype != self.dtype:
            raise ValueError("Shape or dtype mismatch")
        crossing(to_device=1, why="set")
        self._host[...] = array

    def fill(self, value):
        """Every element becomes `value`, a number: that travels with the launch, so it is no transfer."""
        if isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value):
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        self._host.fill(operand(value.item() if isinstance(value, np.ndarray) else value))
        launch("fill", bool(self.size))

    # Indexing

    def _index(self, index):
        """`index` for NumPy, ending in an Ellipsis so that it gives a view, and whether it holds arrays."""
        parts, cost = [], 0
        for part in index if isinstance(index, tuple) else (index,):
            if isinstance(part, (list, np.ndarray, bool, np.bool_)):  # CuPy sends these to the device
                crossing(to_device=1, why="an index from the host")
                part = np.asarray(part) if np.size(part) else np.zeros(0, np.int32)
            elif isinstance(part, (float, np.floating)):  # stricter: CuPy cuts 1.9 down to 1
                raise IndexError("an index must be an integer")
            if _is_array(part):
                if part.dtype.kind not in "biu":
                    raise IndexError(f"arrays used as indices must be of integer or boolean type, not {part.dtype}")
                if part.dtype.kind == "b":  # how many elements it picks is known on the device only
                    crossing(to_host=1, synchronisations=1, why="a boolean mask as an index")
                part, cost = (part._host if isinstance(part, ndarray) else part), cost + 1
            parts.append(part)
        if not any(part is Ellipsis for part in parts):
            parts.append(Ellipsis)
        return tuple(parts), cost

    def __getitem__(self, index):
        index, arrays = self._index(index)
        picked = self._host[index]  # stricter: CuPy wraps indices in arrays that are out of bounds around
        if not arrays:
            return self._derived(picked, "copy")
        launch("index", arrays if arrays > 1 else 0)
        return result(np.asarray(picked, order="C"), "take")

    def __setitem__(self, index, value):
        index, arrays = self._index(index)
        if not arrays:
            place = self._derived(self._host[index], "copy")
            if not isinstance(value, ndarray):
                place.fill(value)
            elif not _same_place(place._host, value._host):  # the second half of x[i] += y is nothing to do
                _refuse_shifted(place, value)
                copied(value, place)
            return
        if not isinstance(value, ndarray) and np.ndim(value):
            crossing(to_device=1, why="values from the host")
        _refuse_duplicates(self.shape, index, value)
        self._host[index] = value._host if isinstance(value, ndarray) else value
        launch("scatter", arrays if arrays > 1 else 1)

    def take(self, indices, axis=None, out=None):
        """Elements at the given places of an axis, or of all in one row; places beyond the end wrap around in CuPy."""
        if not isinstance(indices, ndarray) and np.ndim(indices):
            crossing(to_device=1, why="indices from the host")
        indices = operand(indices) if isinstance(indices, ndarray) or not np.ndim(indices) else np.asarray(indices, int)
        return result(np.asarray(self._host.take(indices, axis), order="C"), "take", out)

    def __iter__(self):
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[k] for k in range(len(self)))

    # Arithmetic; operators are added below, the rest in powers.py, divisions.py, reductions.py, linalg.py

    def __neg__(self):
        return elementwise(np.negative, self)

    def __abs__(self):
        return elementwise(np.absolute, self)

    def __invert__(self):
        return elementwise(np.invert, self)

    def conj(self):
        """The complex conjugate; a real array gives itself."""
        return elementwise(np.conjugate, self) if self.dtype.kind == "c" else self


def _same_place(a, b):
    return (a.shape, a.strides, a.ctypes.data) == (b.shape, b.strides, b.ctypes.data)  # of whatever type


def _refuse_shifted(place, value):
    """CuPy copies between contiguous arrays of one shape as plain memory, which CUDA forbids where they overlap."""
    alike = place.shape == value.shape and place.strides == value.strides and place.dtype == value.dtype
    if alike and place.flags.c_contiguous and np.may_share_memory(place._host, value._host):
        raise ValueError("a copy within one array, shifted: undefined on a GPU")


def _refuse_duplicates(shape, index, value):
    """Many values for one element: which of them a GPU keeps is not defined, so it is refused (stricter)."""
    if isinstance(value, ndarray) and value.size > 1:
        hits = np.zeros(shape, np.int32)
        np.add.at(hits, index, 1)
        if hits.max(initial=0) > 1:
            raise ValueError("an index names an element twice: what a GPU stores there is undefined")


def _binary(function, swapped=False, in_place=False):
    def method(self, other):
        operands = (other, self) if swapped else (self, other)
        return elementwise(function, *operands, out=self if in_place else None)

    return method


for _name, _function in (BINARY | COMPARISONS).items():
    setattr(ndarray, f"__{_name}__", _binary(_function))
for _name, _function in BINARY.items():  # CuPy has no `__imatmul__`, so `x @= y` makes a new array
    setattr(ndarray, f"__r{_name}__", _binary(_function, swapped=True))
    setattr(ndarray, f"__i{_name}__", _binary(_function, in_place=True))
ndarray.__hash__ = None
ndarray.__module__ = "cupy"  # what `array_module` asks for
