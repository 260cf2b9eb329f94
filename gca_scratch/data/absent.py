"""Joints that a tracker has not found: which they are, and how they are filled in from what is there.

A joint is absent where a coordinate of it is NaN, and where all three are exactly zero unless zeros are positions
(`meaning.Meaning.zeros`). A person who is absent with all joints while another is there has left the picture, and stays
away: all zeros. Everything else that is absent is filled in.
"""

from collections.abc import Sequence

import numpy as np

from .skeleton import Edges, chain


def unseen(joints: np.ndarray, zeros_absent: bool = True) -> np.ndarray:
    """Which joints nobody has seen: bool (..., P, J) of joints (..., P, J, 3); those of persons who are away, too.

    Where zeros are positions, a person with nothing but zeros is unseen all the same.
    """
    lost = np.isnan(joints).any(axis=-1)
    zero = (joints == 0).all(axis=-1)
    if not zeros_absent:
        zero &= (zero | lost).all(axis=-1, keepdims=True)
    return lost | zero


def absent(joints: np.ndarray, zeros_absent: bool = True) -> np.ndarray:
    """The joints that are to be filled in, bool (frames, P, J), of a sequence (frames, P, J, 3).

    Those of a person who is away, never there or gone while another is there, are not among them.
    """
    lost = unseen(joints, zeros_absent)
    gone = lost.all(axis=2)  # (frames, P)
    nobody = gone.all(axis=1, keepdims=True)  # (frames, 1): not that this person has left, but that none was found
    ever = ~gone.all(axis=0)  # (P,)
    return lost & (~gone | (nobody & ever & _between(~gone)))[:, :, None]


def _between(there: np.ndarray) -> np.ndarray:
    """Where each person's next sight, before and after, is in frames of theirs, or the ends: bool (frames, P).

    A person who is alone is sought at the ends, too; of several each is sought only between frames that show them.
    """
    if there.any(axis=0).sum() <= 1:
        return np.ones_like(there)
    return np.maximum.accumulate(there, axis=0) & np.maximum.accumulate(there[::-1], axis=0)[::-1]


def filled(joints: np.ndarray, edges: Edges, root: int, zeros_absent: bool = True) -> np.ndarray:
    """The sequence (frames, P, J, 3) without absent joints, in its dtype; the very array where none is absent.

    A joint that is absent in some frames is filled in linearly in time between those that show it. At the ends it is
    where the nearest of them shows it, moved as far as its neighbours in the tree have moved since. One that is never
    seen takes its parent's place, that of the next joint on the way to `root`. Persons who are away are all zeros.
    """
    lost = absent(joints, zeros_absent)
    away = np.isnan(joints).any(axis=-1) & ~lost
    if not lost.any() and not away.any():
        return joints
    joints = np.where(away[..., None], 0, joints)
    for person in np.flatnonzero(lost.any(axis=(0, 2))):
        body = joints[:, person]  # (frames, J, 3), a view
        wanted = lost[:, person]
        there = ~unseen(joints[:, [person]], zeros_absent)[:, 0] & ~wanted
        whole = body.copy()
        for joint in np.flatnonzero(wanted.any(axis=0)):
            if there[:, joint].any():
                body[:, joint] = in_time(whole[:, joint], wanted[:, joint], there[:, joint])
                _carry(body, joint, whole, there, edges)
        _from_parents(body, wanted, there, edges, root)
    return joints


def in_time(place: np.ndarray, wanted: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Places (frames, 3) with those that are `wanted` filled in linearly between those that are `there`."""
    at, known = np.flatnonzero(wanted), np.flatnonzero(there)
    place = place.copy()
    for axis in range(3):
        place[at, axis] = np.interp(at, known, place[known, axis])
    return place


def _carry(body, joint, whole, there, edges):
    """Move a joint of body (frames, J, 3), in place, at the ends at which it is not seen, as its neighbours move.

    whole: the body before anything was filled in.  there (frames, J): what is seen of it. Where no neighbour is seen
    both then and in the nearest frame that shows the joint, it stays where that frame has it.
    """
    neighbours = [int(b if a == joint else a) for a, b in edges if joint in (a, b)]
    shown = np.flatnonzero(there[:, joint])
    for nearest, frames in ((shown[0], np.arange(shown[0])), (shown[-1], np.arange(shown[-1] + 1, len(body)))):
        both = there[frames][:, neighbours] & there[nearest, neighbours]  # (frames, neighbours)
        moved = np.where(both[..., None], whole[frames][:, neighbours] - whole[nearest, neighbours], 0).sum(axis=1)
        body[frames, joint] += (moved / np.maximum(both.sum(axis=1), 1)[:, None]).astype(body.dtype)


def _from_parents(body, wanted, there, edges, root):
    """Joints of one body (frames, J, 3) that are never seen, in place, from the joint before them on the way from root.

    The root itself, and what hangs from it alone, takes the middle of those joints that are seen nearest to it.
    """
    seen = there.any(axis=0)  # (J,)
    if seen.all():
        return
    parents = parents_of(len(seen), edges, root)
    for joint in chain(len(seen), edges, root):
        if seen[joint]:
            continue
        sources = [parents[joint]] if joint != root else _nearest(seen, edges, root)
        body[wanted[:, joint], joint] = body[wanted[:, joint]][:, sources].mean(axis=1)
        seen[joint] = True


def parents_of(joint_count: int, edges: Edges, root: int) -> list[int]:
    """For each joint the next one on the way to the root; -1 for the root."""
    parents = [-1] * joint_count
    walk = chain(joint_count, edges, root, revisit=True)
    met = set()
    for before, joint in zip((-1, *walk), walk, strict=False):
        if joint not in met:
            met.add(joint)
            parents[joint] = before
    return parents


def _nearest(seen: np.ndarray, edges: Edges, root: int) -> list[int]:
    """The joints that are seen and have the fewest bones between them and the root."""
    parents = parents_of(len(seen), edges, root)

    def bones(joint):
        count = 0
        while joint != root:
            joint, count = parents[joint], count + 1
        return count

    far = {int(joint): bones(joint) for joint in np.flatnonzero(seen)}
    return [joint for joint in far if far[joint] == min(far.values())]


def dropped(x: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Joints of a batch x (B, T, J, P, 3) taken away at random and filled in again, as `filled` does: in its shape.

    Each joint of each person is lost in each frame with the probability `share`. It is filled in linearly in time
    between the frames left; where all would be lost, it is kept. Persons who are away stay away.
    """
    B, T, J, P, _ = x.shape
    away = (x == 0).all(axis=(2, 4))  # (B, T, P)
    lost = (rng.random((B, T, J, P)) < share) & ~away[:, :, None]
    there = ~lost & ~away[:, :, None]
    lost &= there.any(axis=1, keepdims=True)
    frames = np.arange(T)[:, None, None]
    before = np.maximum.accumulate(np.where(there, frames, -1), axis=1)  # (B, T, J, P): the last frame that shows it
    after = np.minimum.accumulate(np.where(there, frames, T)[:, ::-1], axis=1)[:, ::-1]
    before, after = np.where(before < 0, after, before), np.where(after == T, before, after)
    before, after = np.clip(before, 0, T - 1), np.clip(after, 0, T - 1)  # persons who are never there
    weight = ((frames - before) / np.maximum(after - before, 1)).astype(x.dtype)[..., None]
    earlier, later = (np.take_along_axis(x, where[..., None], axis=1) for where in (before, after))
    return np.where(lost[..., None], earlier + weight * (later - earlier), x)


def counts(sequences: Sequence[np.ndarray], zeros_absent: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """How often each joint is absent and how often it could be there: two int64 (J,), over sequences (frames, P, J, 3).

    Persons who are away are not counted.
    """
    joints = sequences[0].shape[2]
    lost, all_of_them = np.zeros((2, joints), np.int64)
    for sequence in sequences:
        missing = absent(sequence, zeros_absent)
        here = missing | ~unseen(sequence, zeros_absent)
        lost += missing.sum(axis=(0, 1))
        all_of_them += here.sum(axis=(0, 1))
    return lost, all_of_them
