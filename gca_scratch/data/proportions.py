"""Are these the coordinates of a person? Bones of one length, a person's proportions, left like right, no frozen end.

Finite numbers of a body that was scaled twice, or converted by half, look like any other numbers; its bones tell.
"""

import numpy as np

from .absent import unseen
from .joint_names import pair_of
from .joint_words import Reading, readings
from .meaning import METRES
from .neutral import Skeletons

VARYING = 0.25  # of its length: a bone that varies more (a quarter to three quarters of the frames) is no bone
UNEQUAL = 1.5  # times: left and right limbs differ by less
FROZEN = 10  # equal frames at the end of a sequence, and a tenth of it, are worth a word
SAMPLES = 200  # sequences that are looked at
# By the length from pelvis to neck: of people the legs are 1.3 to 2.1, the arms 0.9 to 1.3 times as long.
LIMBS = (
    ("legs", "hip", ("ankle", "foot"), (0.8, 2.7)),
    ("arms", "shoulder", ("wrist", "hand"), (0.5, 2.0)),
)
SHOULDERS = (0.2, 2.0)  # from one straight to the other, by the same length; of people 0.5 to 1
LOW_NECK = 1.2  # times as long may limbs be where the neck has several joints, and begins low: CMU's legs are 3
TORSO = (0.22, 0.8)  # metres: from pelvis to neck, of a small child and of a giant
OTHER_UNIT = 3.0  # times as large as most: no adult is to any child, and units are ten times each other or more
FLAT = 0.02  # of its height: a body that is thinner is none


def complaints(data: Skeletons, where: str) -> list[str]:
    """Sentences on what is not as a person's bones are, over at most 200 sequences; none where all is well."""
    chosen = np.unique(np.linspace(0, len(data) - 1, SAMPLES).astype(int))
    found = []
    frozen = [n for n in chosen if _frozen(data.sequence(n))]
    if frozen:
        count = len(frozen)
        found.append(
            f"{where}: {count} of {len(chosen)} sequences end in equal frames ({data.name[frozen[0]]}, for one); "
            "cut them off, if the tool that wrote them filled them up"
        )
    empty = [n for n in chosen if _ends_empty(data.sequence(n))]
    if empty:
        found.append(
            f"{where}: {len(empty)} of {len(chosen)} sequences end in frames that show nobody ({data.name[empty[0]]}, "
            "for one); cut them off, for they are filled in with the last frame that shows somebody"
        )
    edges, across = np.asarray(data.edges, int).reshape(-1, 2), pair_of(readings(data.joint_names), "shoulder")
    lengths, spread, sizes = _bones(data, chosen, np.concatenate([edges, [across or (0, 0)]]))
    lengths, spread, width = lengths[:-1], spread[:-1], lengths[-1]
    found += _of_other_sizes(sizes, data, where) + _flat(data, chosen, where)
    names, seen = data.joint_names, np.isfinite(lengths) & (lengths > 0)
    if not seen.any():
        return found
    varying = [bone for bone in np.flatnonzero(seen) if spread[bone] > VARYING * lengths[bone]]
    if len(varying) > 0.25 * seen.sum():
        a, b = data.edges[varying[0]]
        found.append(
            f"{where}: bones change their length from frame to frame ({names[a]} to {names[b]}, for one), which those "
            "of a person do not; joints may be mixed up, or coordinates only half converted"
        )
    found += _unequal(lengths, data, where) + _unlike_a_person(lengths, width, data, where)
    return found


def _frozen(sequence):
    """Does it end in many frames that are all equal, of a person who is there?"""
    last = sequence[-1]
    if not (np.nan_to_num(last) != 0).any():
        return False
    same = ((sequence == last) | (np.isnan(sequence) & np.isnan(last))).all(axis=(1, 2, 3))[::-1]
    count = len(same) if same.all() else int(same.argmin())
    return count < len(sequence) and count >= max(FROZEN, len(sequence) / 10)


def _ends_empty(sequence):
    """Does it end in many frames that show nobody, after some that show somebody?"""
    there = np.flatnonzero((np.nan_to_num(sequence) != 0).any(axis=(1, 2, 3)))
    return len(there) > 0 and len(sequence) - 1 - there[-1] >= max(FROZEN, len(sequence) / 10)


def _bones(data, chosen, edges):
    """Of the person seen most, the median length of each of the edges (E, 2), and half the range of its middle half.

    Two float64 (E,); NaN where a bone is never seen. And how large that person is by all bones, 1 in the median, for
    each of the chosen sequences that show somebody.
    """
    found, sizes = [np.full((2, len(edges)), np.nan)], {}
    for n in chosen:
        persons = np.asarray(data.sequence(n))[:: max(1, len(data.sequence(n)) // 20)].astype(np.float64)
        lost = unseen(persons, data.meaning.zeros_absent)
        person = int((~lost).sum(axis=(0, 2)).argmax())
        joints, lost = persons[:, person], lost[:, person]
        length = np.linalg.norm(joints[:, edges[:, 0]] - joints[:, edges[:, 1]], axis=-1)  # (frames, bones)
        length[lost[:, edges[:, 0]] | lost[:, edges[:, 1]]] = np.nan
        seen = ~np.isnan(length).all(axis=0)
        if seen.any():
            row = np.full((2, len(edges)), np.nan)
            low, middle, high = np.nanpercentile(length[:, seen], (25, 50, 75), axis=0)
            row[0, seen], row[1, seen] = middle, (high - low) / 2
            sizes[int(n)] = len(found)
            found.append(row)
    found = np.array(found)  # (sequences, 2, bones)
    seen = ~np.isnan(found[:, 0]).all(axis=0)
    lengths, spread = np.full((2, len(edges)), np.nan)
    if seen.any():
        lengths[seen], spread[seen] = np.nanmedian(found[:, :, seen], axis=0)
    there = lengths > 0
    if not there.any():
        return lengths, spread, {}
    return lengths, spread, {n: float(np.nanmedian(found[row, 0, there] / lengths[there])) for n, row in sizes.items()}


def _of_other_sizes(sizes, data, where):
    """People who are many times as large as most are: their files have another unit."""
    usual = np.median(list(sizes.values())) if sizes else 0.0
    others = [n for n, size in sizes.items() if size > 0 and not 1 / OTHER_UNIT < size / usual < OTHER_UNIT]
    if not others:
        return []
    first = others[0]
    return [
        f"{where}: {len(others)} of {len(sizes)} sequences show people of another size ({data.name[first]}, for one, "
        f"{sizes[first] / usual:.3g} times that of most), so their files have another unit; convert each unit by itself"
    ]


def _flat(data, chosen, where):
    """Bodies without depth: places in a picture to which zeros or scores were added."""
    thin = []
    for n in chosen:
        persons = np.asarray(data.sequence(n))[:: max(1, len(data.sequence(n)) // 20)].astype(np.float64)
        lost = unseen(persons, data.meaning.zeros_absent)
        person = int((~lost).sum(axis=(0, 2)).argmax())
        frames = (~lost[:, person]).sum(axis=1) > 2
        if frames.any():
            body = np.where(lost[frames, person, :, None], np.nan, persons[frames, person])
            thin.append(np.median(np.nanmax(body, axis=1) - np.nanmin(body, axis=1), axis=0))
    size = np.median(thin, axis=0) if thin else np.ones(3)
    if not size.max() > 0 or size.min() >= FLAT * size.max():
        return []
    return [
        f"{where}: bodies are flat, for all joints of one have nearly the same {'xyz'[int(size.argmin())]}; they are "
        "places in a picture with zeros or scores beside them, where joints in 3-D belong, or axes have different units"
    ]


def _unequal(lengths, data, where):
    """Bones of one side that are much longer than the same ones of the other."""
    read = readings(data.joint_names)
    bones = {}
    for bone, (a, b) in enumerate(np.asarray(data.edges, int).reshape(-1, 2)):
        side = read[b].side or read[a].side
        if side:
            bones.setdefault((read[a].part, read[b].part, read[b].rest), {})[side] = bone
    wrong = []
    for pair in bones.values():
        if len(pair) == 2:
            short, long = np.sort(lengths[[pair["left"], pair["right"]]])
            if short > 0 and long > UNEQUAL * short:
                wrong.append((pair["left"], long / short))
    if len(wrong) < max(2, 0.25 * len(bones)):
        return []
    bone, ratio = max(wrong, key=lambda each: each[1])
    a, b = data.edges[bone]
    return [
        f"{where}: the limbs of one side are longer than those of the other ({data.joint_names[a]} to "
        f"{data.joint_names[b]} {ratio:.1f} times); joints may be mixed up, or one side scaled twice"
    ]


def _unlike_a_person(lengths, width, data, where):
    """Legs, arms or shoulders that no person has, measured by the torso."""
    paths = Paths(readings(data.joint_names), data, lengths)
    torso, necks = np.nan, ("neck base", "neck")
    for starts, sides in ((("pelvis", "root"), [""]), (("hip",), ["left", "right"]), (("torso",), [""])):
        if not torso > 0:  # without a pelvis from the hips, for a joint called torso lies halfway up
            torso = np.mean([paths.length(starts, necks, side, "") for side in sides])
    found = []
    metres = torso * METRES.get(data.meaning.unit.value, np.nan)
    if metres > 0 and not TORSO[0] <= metres <= TORSO[1]:
        found.append(
            f"{where}: the torso would be {metres:.3g} m long, were these {data.meaning.unit.value}; "
            "say what they are with --unit"
        )
    measured = [("shoulders", [width], SHOULDERS)]
    for limbs, start, ends, usual in LIMBS:
        measured.append((limbs, [paths.length((start,), ends, side, side) for side in ("left", "right")], usual))
    low_neck = LOW_NECK if sum(read.part == "neck" for read in paths.readings) > 1 else 1.0
    for limbs, both, (low, high) in measured:
        high *= low_neck
        ratio = np.nanmean(both) / torso if np.isfinite(both).any() and torso > 0 else np.nan
        if ratio > 0 and not low <= ratio <= high:
            found.append(
                f"{where}: the {limbs} are {ratio:.2g} times as long as the torso, and those of a person {low} "
                f"to {high:.2g}; some coordinates may have been scaled twice, or only half converted"
            )
    return found


class Paths:
    """Lengths along the bones of a tree, from one joint down to another."""

    def __init__(self, readings: tuple[Reading, ...], data: Skeletons, lengths: np.ndarray) -> None:
        self.readings = readings
        self.ways: dict[int, list[tuple[int, float]]] = {}
        for (a, b), length in zip(np.asarray(data.edges, int).reshape(-1, 2).tolist(), lengths, strict=True):
            self.ways.setdefault(a, []).append((b, length))
            self.ways.setdefault(b, []).append((a, length))

    def length(self, froms: tuple[str, ...], tos: tuple[str, ...], from_side: str, to_side: str) -> float:
        """From the first joint that is one of the parts `froms` to that of `tos`, of those sides; NaN without one.

        Of several joints that are the same part, such as two of the neck, the farthest counts.
        """
        starts, ends = self._joints(froms, from_side), self._joints(tos, to_side)
        if not starts or not ends:
            return np.nan
        reached, waiting = {starts[0]: 0.0}, starts[:1]
        while waiting:
            joint = waiting.pop()
            for other, length in self.ways.get(joint, []):
                if other not in reached:
                    reached[other] = reached[joint] + length
                    waiting.append(other)
        return max((reached[end] for end in ends if end in reached), default=np.nan)

    def _joints(self, parts, side):
        """The joints of the first of the parts that there is."""
        found = [
            [j for j, read in enumerate(self.readings) if read.part == part and read.side == side] for part in parts
        ]
        return next(filter(None, found), [])
