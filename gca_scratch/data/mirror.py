"""Whether mirror images help: not where they turn one class into another, nor where everybody uses the same hand."""

import re
from collections.abc import Iterable

import numpy as np

from ..support.errors import InputError, shown
from .absent import unseen
from .joint_names import body_parts, spaced
from .neutral import Skeletons

ONE_HANDED = 0.9  # `one_handed` above which mirror images show what nobody does
_CLEARLY, _ENOUGH = 1.5, 0.25  # how much more a hand moves, and in which share of the sequences, before it counts
_MOST_SEQUENCES = 500  # that are looked at
_LEFT = "left l links linke linken linker gauche izquierda izquierdo sinistra sinistro esquerda esquerdo"
_RIGHT = "right r rechts rechte rechten rechter droite droit derecha derecho destra destro direita direito"
_SIDES = dict.fromkeys(_LEFT.split(), "left") | dict.fromkeys(_RIGHT.split(), "right")
_TURNS = {"clockwise": "right", "cw": "right", "counterclockwise": "left", "ccw": "left"}  # how circles are drawn
_WITHIN_WORDS = {"左": " left ", "右": " right ", "왼": " left ", "오른": " right "}  # in scripts that set no blanks


def mirror_conflict(class_names: Iterable[str]) -> str | None:
    """Why mirror images may not be shown of these classes, "it would make ..."; None where they may.

    They may not where two names differ in nothing but left and right, one or several of these words: "wave left" and
    "wave right", "right arm swipe to the left" and "... to the right". "left over" alone is no reason. L and R set off
    by a separator are sides, too, but for names that are a letter and nothing else; so are words of other languages.
    Nor may they where names differ in "clockwise" and "counterclockwise".
    """
    seen: dict[tuple[str, ...], tuple[tuple[str, ...], str]] = {}
    for name in class_names:
        text = re.sub("|".join(_WITHIN_WORDS), lambda found: _WITHIN_WORDS[found[0]], name)
        text = re.sub(r"(?:counter|anti)[\W_]*clock", "counterclock", spaced(text))
        words = re.findall(r"left|right|[^\W_]+?(?=left|right|[\W_]|$)", text)
        if words in (["l"], ["r"]):
            continue
        sides = tuple(_SIDES.get(word) or _TURNS[word] for word in words if word in _SIDES or word in _TURNS)
        rest = tuple("" if word in _SIDES else "turn" if word in _TURNS else word for word in words)
        other_sides, other = seen.setdefault(rest, (sides, name))
        if other_sides != sides:
            return f"it would make another class of {shown(other)}: {shown(name)}"
    return None


def one_handed(data: Skeletons, sequences: np.ndarray) -> float:
    """How alike people are in the hand that they use: the share of sequences with the commoner hand, 0.5 to 1.

    Of the first person in each of the given sequences; only those count in which an arm moves at least half as much
    again as the other. Where they are fewer than a quarter of all, or no names of joints tell the arms, it is 0.5.
    Of many sequences 500 are looked at, always the same.
    """
    try:
        parts = np.array(body_parts(data.joint_names))
    except InputError:
        return 0.5
    left, right = np.flatnonzero(parts == 1), np.flatnonzero(parts == 2)
    if not len(left) or not len(right) or not len(sequences):
        return 0.5
    chosen = sequences
    if len(sequences) > _MOST_SEQUENCES:  # at random: files are often sorted so that every 60th shows the same action
        chosen = np.sort(np.random.default_rng(0).choice(sequences, _MOST_SEQUENCES, replace=False))
    moved = np.array([_movement(data, n, (left, right)) for n in chosen])  # (n, 2)
    clear = moved.max(axis=1) > _CLEARLY * moved.min(axis=1)
    if clear.sum() < _ENOUGH * len(chosen):
        return 0.5
    share = (moved[clear, 1] > moved[clear, 0]).mean()
    return float(max(share, 1 - share))


def _movement(data: Skeletons, n: int, arms: tuple[np.ndarray, np.ndarray]) -> list[float]:
    """How far the joint of each arm that moves most strays from its mean place, beside the middle of the body."""
    lost = unseen(data.sequence(n)[:, :1], data.meaning.zeros_absent)[:, 0]  # (frames, J)
    person = np.where(lost[..., None], 0, data.sequence(n)[:, 0].astype(np.float64))
    there = ~lost[..., None]
    person -= person.sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1, keepdims=True), 1)
    frames = np.maximum(there.sum(axis=0), 1)  # (J, 1)
    mean = (person * there).sum(axis=0) / frames
    variance = (((person - mean) ** 2) * there).sum(axis=0) / frames  # (J, 3)
    strayed = np.sqrt(variance.sum(axis=-1))
    return [float(strayed[arm].max()) for arm in arms]
