"""Reductions of the strict stand-in for CuPy: the layouts and hidden steps of CuPy's _reduction.pyx and cub.pyx.

Contiguous arrays are reduced by CUB where it knows the type. Where all elements become one, an array in Fortran order
is copied first. Where the last axes of an array in C order go, or the first ones of one in Fortran order, the result
has the order of the array. All else gives C order. So nobody may rely on the layout of a reduction.
"""

import numpy as np

from tests.strict_cupy.array import elementwise, expect, ndarray, result
from tests.strict_cupy.counts import launch

SUMS, OTHERS = "lqLQefdFD", "bBhHiIlqLQefdFD"  # types that CUB reduces without a dtype: sums of small integers grow
ORDERS = {  # the arguments in CuPy's order
    "sum": ("axis", "dtype", "out", "keepdims"), "mean": ("axis", "dtype", "out", "keepdims"),
    "prod": ("axis", "dtype", "out", "keepdims"), "var": ("axis", "dtype", "out", "ddof", "keepdims"),
    "std": ("axis", "dtype", "out", "ddof", "keepdims"), "max": ("axis", "out", "keepdims"),
    "min": ("axis", "out", "keepdims"), "any": ("axis", "out", "keepdims"), "all": ("axis", "out", "keepdims"),
    "argmax": ("axis", "out", "keepdims"), "argmin": ("axis", "out", "keepdims"),
}  # fmt: skip


MEANS = dict.fromkeys("?bhilqBHILQ", np.dtype(float)) | {"e": np.dtype("f")}  # what a mean is computed in


def _axes(a, axis):
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    return sorted(np.lib.array_utils.normalize_axis_tuple(axes, a.ndim))


def by_cub(a, name, axis, dtype):
    """How CUB reduces: "all", "C" or "F" for one order or the other; None where it does not."""
    if name in ("any", "all") or not (a.flags.c_contiguous or a.flags.f_contiguous):
        return None
    if (dtype is not None and dtype != a.dtype) or (dtype is not None and name.startswith("arg")):
        return None
    if a.dtype.char not in (SUMS if dtype is None and name in ("sum", "mean", "prod") else OTHERS):
        return None
    axes = _axes(a, axis)
    if len(axes) == a.ndim:
        return "all"
    if name.startswith("arg") or not axes or axes != list(range(axes[0], axes[-1] + 1)) or not a.size:
        return None
    if a.flags.c_contiguous:
        return "C" if axes[-1] == a.ndim - 1 else None
    return "F" if axes[0] == 0 else None


def reduce(a, name, axis=None, dtype=None, out=None, **keywords):
    """One reduction, with all that it takes."""
    kind = dtype if dtype is not None or name != "mean" else MEANS.get(a.dtype.char)
    how = by_cub(a, name, axis, kind)
    if name == "min" and out is not None and how:
        raise TypeError("CuPy takes the `out` of min for a dtype here (_routines_statistics.pyx)")
    launch("copy", how == "all" and not a.flags.c_contiguous)
    launch("pointers", how == "all" and name.startswith("arg"))  # the place is cut out of a pair
    with np.errstate(all="ignore"):
        value = getattr(a._host, name)(axis=axis, **({} if dtype is None else {"dtype": dtype}), **keywords)
    value = np.asarray(value, order="F" if how == "F" else "C")
    is_mean = name == "mean"
    if is_mean and how:
        launch("true_divide")
        name = "sum"
    if out is None:
        reduced = result(value, name)
        return reduced.astype(value.dtype) if is_mean and kind is not None else reduced
    if how:
        result(value, name)  # CUB reduces into memory of its own
    return result(value, "copy" if how else name, out)


def _variance(a, name, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    a.mean(axis=axis, keepdims=True)
    with np.errstate(all="ignore"):
        value = np.asarray(a._host.var(axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims), order="C")
    if name == "var":
        return result(value, name, out)
    return elementwise(np.sqrt, result(value, "var"), out=out)


def _method(name):
    order = ORDERS[name]

    def method(self, *args, **keywords):
        keywords = dict(zip(order, args, strict=False)) | keywords
        if len(args) > len(order) or not keywords.keys() <= set(order):
            raise TypeError(f"{name} takes {', '.join(order)}")
        if keywords.get("out") is not None:
            expect(keywords["out"], "out")
        return (_variance if name in ("var", "std") else reduce)(self, name, **keywords)

    return method


for _name in ORDERS:
    setattr(ndarray, _name, _method(_name))
