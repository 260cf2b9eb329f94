"""Labels of any type: the classes among them, their numbers, and how classes are kept in a file and come back."""

from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from ..support.errors import InputError, shown

_TYPES = {kind.__name__: kind for kind in (bool, int, float, str)}  # what a file keeps, and of NumPy's:
_DTYPES = {"bool", "float16", "float32", "float64", "str"}
_DTYPES |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


def labels_from(y: Any, count: int, name: str = "y") -> np.ndarray:
    """The labels as an array (count,): of numbers, booleans or text where that changes none of them, else of objects.

    y: a list or an array of one axis.  name: what to call it in messages.

    Raises InputError unless there is one label that equals itself (NaN does not) for each of so many sequences.
    """
    if isinstance(y, Mapping | Set):
        raise InputError(
            f"{name} is a {type(y).__name__}, which has no order; give a list with a label for each sequence"
        )
    if np.ma.is_masked(y):
        raise InputError(f"{name} is masked in places; leave those sequences out")
    found = np.asarray(y) if hasattr(y, "dtype") or hasattr(y, "ndim") else None
    if found is not None and found.ndim != 1:
        raise InputError(f"{name} has the shape {found.shape}; give one label for each sequence")
    try:
        values = list(y) if found is None else found.tolist()
    except TypeError:
        raise InputError(f"{name} is {shown(y)}, where a list with a label for each sequence belongs") from None
    if len(values) != count:
        raise InputError(f"X holds {count} sequences, but {name} {len(values)} labels; give one for each sequence")
    for n, value in enumerate(values):
        try:
            hash(value)
        except TypeError:
            raise InputError(f"{name}[{n}] is {shown(value)}; give one label for each sequence, no list") from None
        if _missing(value):
            raise InputError(f"{name}[{n}] is {shown(value)}; give the label of the sequence, or leave it out")
    if found is not None and found.dtype.kind in "mM" and np.isnat(found).any():
        n = int(np.isnat(found).argmax())
        raise InputError(f"{name}[{n}] is no time (NaT); give the label of the sequence, or leave it out")
    if found is not None and found.dtype != object:
        return found
    try:
        plain = np.array(values)
    except ValueError:  # tuples of several lengths
        plain = None
    if plain is not None and plain.dtype.kind in "biufU" and plain.tolist() == values:
        return plain
    return np.fromiter(values, object, len(values))


def _missing(value):
    """Is it one of the values that stand for no value? Such a one does not equal itself, or does not know."""
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return True


def weights_from(weights: Any, count: int) -> np.ndarray | None:
    """Weights of sequences as float64 (count,), or None where there are none; InputError for what cannot weigh them."""
    if weights is None:
        return None
    try:
        found = np.asarray(weights, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (count,) or not (np.isfinite(found).all() and (found >= 0).all() and found.sum() > 0):
        raise InputError(f"sample_weight must be {count} numbers, 0 or more, one for each sequence, and not all 0")
    return found


def classes_of(labels: np.ndarray) -> np.ndarray:
    """The different labels among labels (N,), sorted; by type first where they cannot be compared."""
    if labels.dtype != object:
        return np.unique(labels)
    different = list(dict.fromkeys(labels.tolist()))
    try:
        different.sort()
    except TypeError:
        different.sort(key=lambda value: (type(value).__name__, repr(value)))
    return np.fromiter(different, object, len(different))


def codes_of(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The place of each label among the classes, int64 (N,); -1 for a label that is none of them."""
    place = {value: k for k, value in enumerate(classes.tolist())}
    return np.array([place.get(value, -1) for value in labels.tolist()], np.int64)


def to_plain(classes: np.ndarray) -> dict[str, Any]:
    """The classes as values that JSON keeps; InputError for a type of label that it does not."""
    if classes.dtype == object:
        return {"dtype": "object", "values": [_plain(value) for value in classes]}
    if _named(classes.dtype) not in _DTYPES:
        raise _unkept(classes[0])
    return {"dtype": _named(classes.dtype), "values": classes.tolist()}


def _plain(value: Any) -> list[Any]:
    """[type, value] of one label."""
    kind = type(value)
    if _TYPES.get(kind.__name__) is kind:
        return [kind.__name__, value]
    if isinstance(value, np.generic) and _named(value.dtype) in _DTYPES:
        return [f"numpy {_named(value.dtype)}", value.item()]
    raise _unkept(value)


def _named(dtype: np.dtype) -> str:
    return "str" if dtype.kind == "U" else dtype.name


def _unkept(value: Any) -> InputError:
    return InputError(
        f"the label {shown(value)} of type {type(value).__name__} cannot be saved; "
        "fit with numbers, text or booleans as labels"
    )


def from_plain(plain: Any) -> np.ndarray:
    """The classes that `to_plain` has made plain; InputError if they are none."""
    try:
        dtype, values = plain["dtype"], plain["values"]
        if dtype == "object":
            labels = [_typed(name, value) for name, value in values]
            classes = np.fromiter(labels, object, len(labels))
        else:
            classes = _array(dtype, values)
        if len(set(classes.tolist())) == len(values):
            return classes
    except (TypeError, ValueError, KeyError, OverflowError):
        pass
    raise InputError(f"{shown(plain)} holds no classes")


def _array(dtype: Any, values: Any) -> np.ndarray:
    """Plain values as an array of that type; ValueError if they are not of it."""
    if dtype not in _DTYPES or type(values) is not list:
        raise ValueError
    if "int" in dtype:
        limits = np.iinfo(dtype)
        if not all(type(value) is int and limits.min <= value <= limits.max for value in values):
            raise ValueError
    found = np.array(values) if dtype == "str" else np.array(values, np.dtype(dtype))
    if found.ndim != 1 or (dtype == "str") != (found.dtype.kind == "U") or found.tolist() != values:
        raise ValueError
    return found


def _typed(name: Any, value: Any) -> Any:
    """One label of an object array."""
    if name in _TYPES:
        if type(value) is not _TYPES[name]:
            raise ValueError
        return value
    return _array(name.removeprefix("numpy "), [value])[0]
