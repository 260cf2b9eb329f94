"""Common mistakes by name, where your instructor allows it: mistakes.json knows the numbers that each of them gives.

It holds no sentence that can be read without having made the mistake: the numbers are the key.
"""

import base64
import hashlib
import itertools
import json
import zlib
from pathlib import Path

import numpy as np

from .verdict import fewest

PLACE = Path(__file__).resolve().parent / "mistakes.json"
STEPS = 1e8  # into which a number of an output's size is cut


def written(mistakes):
    """What mistakes.json holds: a list of (sentence, {driver: {output: its arrays, one a case}})."""
    return [
        {
            driver: {name: _locked(sentence, name, arrays) for name, arrays in outputs.items()}
            for driver, outputs in drivers.items()
        }
        for sentence, drivers in mistakes
    ]


def looks_like(driver, wrong):
    """Sentences on the mistakes that these wrong outputs of a driver look like; wrong: {output: arrays, one a case}."""
    if not PLACE.is_file():
        return []
    explains, said = {}, {}
    for number, drivers in enumerate(json.loads(PLACE.read_text("utf-8"))):
        known = drivers.get(driver, {})
        for name in known.keys() & wrong.keys():
            sentence = _unlocked(known[name], name, wrong[name])
            if sentence:
                explains.setdefault(number, (set(), set(known)))[0].add(name)
                said[number] = sentence
    return [f"{', '.join(names)}: it looks as if {said[n]}" for n, names in fewest(explains, set(wrong))]


def _locked(sentence, name, arrays):
    marks = [_mark(array, n) for n, array in enumerate(arrays)]
    return [[_hash(name, mark) for mark in marks], _crossed(sentence.encode(), _key(name, marks))]


def _unlocked(entry, name, arrays):
    """The sentence of an entry if these are the numbers that it stands for, or None."""
    hashes, locked = entry
    marks = []
    for n, (array, known) in enumerate(itertools.zip_longest(arrays, hashes)):
        mark = None if array is None or known is None else _mark(array, n)
        near = [] if mark is None else [(mark[0], mark[1] + step) for step in (0, -1, 1)]  # rounding, at a border
        found = next((mark for mark in near if _hash(name, mark) == known), None)
        if found is None:
            return None
        marks.append(found)
    return _crossed(base64.b64decode(locked), _key(name, marks), back=True)


def _mark(array, n):
    """Shape and one number of an array, a sum with random weights, cut into steps; None for what is no numbers."""
    try:
        array = np.asarray(array, float)
    except (TypeError, ValueError):
        return None
    holes = "".join(map(str, np.ravel(np.where(np.isnan(array), 3, np.isposinf(array) + 2 * np.isneginf(array)))))
    numbers = np.where(np.isfinite(array), array, 0.0).ravel()
    weights = np.random.default_rng([n, array.size]).uniform(-1, 1, array.size)
    size = np.abs(weights * numbers).sum()
    share = (weights * numbers).sum() / size if size else 0.0
    return f"{array.shape} {size:.0e} {holes.strip('0')}", round(share * STEPS)


def _hash(name, mark):
    return hashlib.sha256(f"{name} {mark}".encode()).hexdigest()[:16]


def _key(name, marks):
    return hashlib.sha256(f"key {name} {marks}".encode()).digest()


def _crossed(content, key, back=False):
    """The content under a stream of bytes that the key begins: base64 text, or `back` to a text."""
    content = content if back else zlib.compress(content)
    stream = b"".join(hashlib.sha256(key + bytes([n])).digest() for n in range(len(content) // 32 + 1))
    crossed = bytes(a ^ b for a, b in zip(content, stream, strict=False))
    return zlib.decompress(crossed).decode() if back else base64.b64encode(crossed).decode()
