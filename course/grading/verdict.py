"""What is wrong with a student's numbers, in a sentence: how an output departs from the right one, and where first.

The grader and the student's own `make test` judge by this one file. It names outputs, gates, cells and steps, never a
line, and holds no answer: what is right comes from outside.
"""

import numpy as np

TOLERANCE = 1e-9  # relative to the largest number of an output: rounding stays far below, any approximation above
GATES = ("i", "f_S", "f_T", "o", "u")


def compare(driver, inputs, got, right, cells=None, numbers=False):
    """What is wrong with each output, by name: a sentence, or "" where it is right.

    cells: joint and frame of every cell, (K,) each, where there is a grid.  numbers: tell the first that differ.
    """
    verdicts = {name: _verdict(driver, inputs, name, got.get(name), value, cells) for name, value in right.items()}
    for name, verdict in verdicts.items():
        if verdict and name in driver.flags and _array(got.get(name)) is not None:
            verdicts[name] = driver.flags[name]
        elif verdict:
            verdicts[name] = _exchanged(driver, name, got, right) or verdict
            if numbers:
                verdicts[name] += _numbers(driver, name, got.get(name), right[name])
    _shortened(driver, got, right, verdicts)
    if driver.law and any(verdicts.values()):
        for name, sentence in _broken_laws(driver, got, right).items():
            verdicts[name] += f"; {sentence}" if verdicts[name] else ""
    return verdicts


def _shortened(driver, got, right, verdicts):
    """One sentence on several outputs that all have the same shape in the place of the same other one."""
    shapes = {}
    for name, value in right.items():
        mine = _array(got.get(name))
        if mine is not None and mine.shape != np.shape(value):
            shapes.setdefault((mine.shape, np.shape(value)), []).append(name)
    for (mine, theirs), names in shapes.items():
        if len(names) > 2:
            verdicts[names[0]] = f"{', '.join(names)} have the shape {mine} where {theirs} belongs"
            verdicts.update(dict.fromkeys(names[1:], verdicts[names[0]]))


def same(got, right):
    """Are two arrays equal to rounding?"""
    got, right = np.asarray(got), np.asarray(right)
    if got.shape != right.shape or not np.isfinite(got).all():
        return False
    return bool(np.abs(got - right).max(initial=0) <= TOLERANCE * _size(right))


def share(driver, right):
    """Which part of a test is right, of {output: is it right?}: each output as heavy as the driver says.

    A flag counts as far as the rest is right: whoever returns anything keeps many rules.
    """
    weights = {name: driver.weights.get(name, 1) for name in right}
    rest = sum(weight for name, weight in weights.items() if name not in driver.flags)
    part = sum(weight for name, weight in weights.items() if right[name] and name not in driver.flags) / rest
    flags = sum(weight for name, weight in weights.items() if right[name] and name in driver.flags)
    return part * (rest + flags) / sum(weights.values())


def fewest(explains, wrong):
    """Greedily the mistakes that explain most of what is wrong; among equals those that predict nothing else.

    explains: by mistake, what it explains of the wrong outputs, and all that it would make wrong, two sets.
    Returns pairs (mistake, sorted list of what it is taken for).
    """
    found, left = [], set(wrong)
    while left:
        best = max(explains, key=lambda m: (len(explains[m][0] & left), -len(explains[m][1] - wrong)), default=None)
        if best is None or not explains[best][0] & left:
            break
        found.append((best, sorted(explains[best][0] & left)))
        left -= explains[best][0]
    return found


def _size(right):
    return np.abs(right).max(initial=0) or 1.0


def _title(driver, name):
    what = driver.what[name]
    return what if what.startswith(f"{name} ") else f"{name} ({what})"


def _array(value):
    """A result as an array of numbers, or None."""
    try:
        array = np.asarray(value)
    except Exception:  # a list of arrays of different shapes, an object of one's own
        return None
    return array if array.dtype.kind in "biufc" else None


def _verdict(driver, inputs, name, value, right, cells):
    title, got, right = _title(driver, name), _array(value), np.asarray(right)
    if value is None:
        return f"{title} is missing"
    if got is None:
        return f"{title} is no array of numbers but of type {type(value).__name__}"
    if got.shape != right.shape:
        return f"{title} has the shape {got.shape} where {right.shape} belongs"
    if got.dtype.kind == "c":
        return f"{title} holds complex numbers where real ones belong"
    if same(got, right):
        return ""
    if not np.isfinite(got).all():
        where = _where(driver, inputs, name, ~np.isfinite(got), cells)
        return f"{title} holds {'nan' if np.isnan(got).any() else 'infinity'}{where}"
    if not right.ndim:
        return f"{title}: it is {got:.6g} where {right:.6g} belongs"
    error, size = np.abs(got - right), _size(right)
    part = error.max() / size
    if part < 1e-4 and (error <= 1e-6 * size + 1e-4 * np.abs(right)).all():  # every entry alike, small ones, too
        return f"{title} is right to {part:.0e} only, not to rounding: is it computed in float32, or approximated?"
    factor = (got * right).sum() / (right * right).sum() if right.any() else 0
    if not got.any():
        relation = "it is 0 everywhere"
    elif np.ptp(got) < 1e-12 * size and np.ptp(right) > 0.01 * size:
        relation = "it is the same number everywhere"
    elif right.size > 1 and np.abs(got - factor * right).max() < TOLERANCE * size * max(1, abs(factor)):
        relation = f"it is {factor:.4g} times the right one"
    else:
        relation = _off(part)
    return f"{title}: {relation}{_where(driver, inputs, name, error > TOLERANCE * size, cells)}"


def _off(part):
    """How far an output departs, in words; part: the largest error beside its largest number."""
    if part < 0.01:
        return "it is a little off"
    if part < 100:
        return f"it is off by up to {100 * part:.0f} % of its largest number"
    return f"it is off by up to {part:.0e} times its largest number"


def _exchanged(driver, name, got, right):
    """The sentence for a result that stands in the place of another one, which is wrong, too; or nothing."""
    mine = _array(got.get(name))
    for other, value in right.items():
        theirs, value = _array(got.get(other)), np.asarray(value)
        if other == name or mine is None or theirs is None or value.size < 2 or not value.any():
            continue
        if same(mine, value) and not same(theirs, value):
            return f"{_title(driver, name)}: yours is the right {other}; are two results exchanged?"
    return ""


def _numbers(driver, name, value, right):
    """The first numbers that differ, in the order in which they are computed; nothing where shapes differ."""
    got, right = _array(value), np.asarray(right)
    if got is None or got.shape != right.shape or not got.shape or got.dtype.kind == "c":
        return ""
    places = np.argwhere(~(np.abs(got - right) <= TOLERANCE * _size(right)))  # nan is off, too
    if driver.backward and driver.axes.get(name, "").startswith("cell"):
        places = places[places[:, 0] == places[:, 0].max()]
    first = tuple(map(int, places[0]))
    return f" (at {list(first)} yours {got[first]:.6g}, right {right[first]:.6g})"


def _broken_laws(driver, got, right):
    """Sentences of the driver's law on outputs that have the right shape."""
    arrays = {name: _array(got.get(name)) for name in right}
    if any(array is None or array.shape != np.shape(right[name]) for name, array in arrays.items()):
        return {}
    return driver.law(arrays)


def _where(driver, inputs, name, wrong, cells):
    """Which part of an output is wrong: gates, rows, cells, the first in the order in which they are computed."""
    found = []
    for axis, kind in enumerate(driver.axes.get(name, "").split()):
        others = tuple(other for other in range(wrong.ndim) if other != axis)
        bad = wrong.any(axis=others) if others else wrong
        if kind == "cell" and cells is not None:
            found.append(_cells(driver, bad, *cells))
        elif kind in ("gate", "neighbour", "source", "h_and_IF"):
            found.append(_blocks(kind, inputs, bad))
        elif kind == "epoch":
            found.append(f"first in epoch {int(np.argmax(bad))} of {len(bad)}, counted from 0" if len(bad) > 1 else "")
        elif not bad.all() and kind in ("sequence", "unit", "class", "joint", "frame"):
            found.append(f"in {kind} {', '.join(map(str, np.flatnonzero(bad)[:6]))} of {len(bad)} alone")
    return "".join(f"; {text}" for text in found if text)


def _cells(driver, bad, joint, frame):
    """The first cell that departs: in the order of computing, which a backward pass reverses."""
    if len(joint) != len(bad):
        return ""
    places = np.flatnonzero(bad)
    first = places[-1] if driver.backward else places[0]
    last_cell = (joint[first], frame[first]) == (joint[-1], frame[-1])
    where = f"joint {joint[first]}, frame {frame[first]}"
    if bad.all():
        way = "from the very last cell on, coming from the end" if driver.backward else "from the very first cell on"
        return f"in every cell, {way} ({where})"
    coming = "coming from the last cell, it first departs" if driver.backward and not last_cell else "it first departs"
    return f"{coming} at {where} ({len(places)} of {len(bad)} cells are wrong)"


def _blocks(kind, inputs, bad):
    """Which gates, or which rows of a weight matrix, are wrong, and which are right; nothing if all are wrong."""
    sizes = {
        "gate": [(gate, len(bad) // 5) for gate in GATES],
        "neighbour": [("h_S", len(bad) // 2), ("h_T", len(bad) // 2)],
        "source": [("x", inputs.get("C")), ("h_S", inputs.get("H")), ("h_T", inputs.get("H"))],
        "h_and_IF": [("h" if "A" in inputs else "F", inputs.get("H")), ("IF", inputs.get("M"))],
    }[kind]
    if any(length is None for _, length in sizes) or sum(length for _, length in sizes) != len(bad):
        return ""
    ends = np.cumsum([length for _, length in sizes])
    hit = [name for (name, length), end in zip(sizes, ends, strict=True) if bad[end - length : end].any()]
    if len(hit) == len(sizes):
        return ""
    fine = ", ".join(name for name, _ in sizes if name not in hit)
    if kind == "gate":
        return f"wrong in gate{'s' if len(hit) > 1 else ''} {', '.join(hit)}, right in {fine}"
    return f"wrong in the rows of {' and '.join(hit)}, right in those of {fine}"
