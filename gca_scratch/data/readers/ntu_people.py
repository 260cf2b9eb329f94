"""Who acts in a recording of NTU RGB+D: two persons out of the bodies that Kinect gives numbers to.

Kinect follows up to six bodies, takes chairs for people, and gives a person whom it has lost another number. Hence:

* A body that appears after another has gone is the same person if it is near in time and space: within 30 frames, and
  within as many as each of them is seen, so that what flashes up is followed nowhere; and its joints on average no
  further away than 0.3 m and 0.03 m for each of these frames. The nearest goes on as that person.
* A body that is then seen in fewer than 12 frames, or wider than 0.8 of its height in more than 70 % of them, is noise.
  Only where there are several is any body left out; if all are noise, the one seen longest stays.
* The bodies are taken in the order of their motion (the variance of each coordinate over time, summed over the joints).
  Each becomes the first person or, if the first is there at the same time, the second or, if both are, nobody: so the
  first person moves most, and a body that comes back elsewhere under another number goes on as the person it was.
* Where a person is not seen its joints are zeros; a frame in which nobody is seen is left out.

Length and shape of noise are the values in common use (SGN, CTR-GCN), motion is what the authors of the data advise.
"""

import numpy as np

from .ntu_file import Body

PERSONS = 2

_SHORT, _WIDE, _OFTEN = 12, 0.8, 0.7
_LATER, _NEAR, _PER_FRAME = 30, 0.3, 0.03  # frames, metres, metres a frame


def persons(bodies: list[Body]) -> tuple[np.ndarray, str]:
    """Those of the bodies who act: float32 (frames in which anybody is seen, 2, 25, 3), and who was left out.

    The second is a sentence, or "" where nobody was.
    """
    bodies, left_out = joined(bodies), []
    if len(bodies) > 1:
        noise = [_noise(body) for body in bodies]
        people = [body for body, why in zip(bodies, noise, strict=True) if not why]
        longest = max(bodies, key=lambda body: len(body.frames))
        left_out = [
            f"{body.number} ({len(body.frames)} frames, {why})"
            for body, why in zip(bodies, noise, strict=True)
            if why and (people or body is not longest)
        ]
        people.sort(key=lambda body: -body.poses.var(axis=0, dtype=np.float64).sum())
        bodies = people or [longest]
    frames = np.unique(np.concatenate([body.frames for body in bodies]))
    joints = np.zeros((len(frames), PERSONS, *bodies[0].poses.shape[1:]), np.float32)
    seen = np.zeros((len(frames), PERSONS), bool)
    for body in bodies:
        when = np.searchsorted(frames, body.frames)
        free = [person for person in range(PERSONS) if not seen[when, person].any()]
        if free:
            joints[when, free[0]] = body.poses
            seen[when, free[0]] = True
        else:
            left_out.append(f"{body.number} ({len(body.frames)} frames, moves less than two others)")
    return joints, f"left out of the bodies: {', '.join(left_out)}" if left_out else ""


def _noise(body: Body) -> str:
    """Why the body is noise; "" if it is not."""
    width, height, _ = np.ptp(body.poses, axis=1).T
    if len(body.frames) < _SHORT:
        return "too short"
    return "too wide" if (width > _WIDE * height).mean() > _OFTEN else ""


def joined(bodies: list[Body]) -> list[Body]:
    """The same with bodies that go on as one another as one, called by the first number, in the order of appearance."""
    bodies = sorted(bodies, key=lambda body: body.frames[0])  # stable: of those that appear at once, as in the file
    chains: list[list[Body]] = []
    recent: list[list[Body]] = []  # those of the chains that may still go on
    place = 0
    while place < len(bodies):
        start = bodies[place].frames[0]
        new = []
        while place < len(bodies) and bodies[place].frames[0] == start:
            new.append(bodies[place])
            place += 1
        recent = [chain for chain in recent if start - chain[-1].frames[-1] <= _LATER]
        pairs = _nearest([chain for chain in recent if chain[-1].frames[-1] < start], new)
        for chain, number in pairs:
            chain.append(new[number])
        went_on = {number for _, number in pairs}
        begun = [[body] for number, body in enumerate(new) if number not in went_on]
        chains += begun
        recent += begun
    return [chain[0] if len(chain) == 1 else _one(chain) for chain in chains]


def _nearest(gone: list[list[Body]], new: list[Body]) -> list[tuple[list[Body], int]]:
    """Chains, each with the number of the new body that goes on as it: the nearest pair first, each once."""
    if not gone:
        return []
    last = np.stack([chain[-1].poses[-1] for chain in gone])
    late = np.array([new[0].frames[0] - chain[-1].frames[-1] for chain in gone])
    length = np.array([sum(len(body.frames) for body in chain) for chain in gone])
    near = []
    for number, body in enumerate(new):
        away = np.linalg.norm(last - body.poses[0], axis=-1).mean(axis=-1) - _PER_FRAME * late
        fits = (away <= _NEAR) & (late <= np.minimum(length, len(body.frames)))
        near += [(away[k] + 2 * _PER_FRAME * late[k], k, number) for k in np.flatnonzero(fits)]
    pairs, used, went_on = [], set(), set()
    for _, k, number in sorted(near):
        if k not in used and number not in went_on:
            used.add(k)
            went_on.add(number)
            pairs.append((gone[k], number))
    return pairs


def _one(chain: list[Body]) -> Body:
    frames, poses = (np.concatenate([getattr(body, name) for body in chain]) for name in ("frames", "poses"))
    return Body(chain[0].number, frames, poses)
