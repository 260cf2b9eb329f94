"""Random changes in training by distribution: how large, in both directions, of each sequence, frame, epoch."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.noise import noisy
from gca_scratch.data.sampling import Aligned
from tests.helpers.tiny import TINY, skeletons

N, T, J = 400, 6, 5  # sequences of T frames: at the middle of each segment stands the frame itself
LEFT_RIGHT = np.array([0, 2, 1, 4, 3])
PLAIN = dataclasses.replace(TINY, frames=T)
CHANGES = {"drop_joints": 0.3, "mirror": True, "turn": 40.0, "stretch": 0.2, "jitter": 0.05, "crop": 0.2}


def bodies(persons=1, length=T, count=N):
    """All sequences alike, no coordinate near zero, all frames of a body alike but for their height."""
    rng = np.random.default_rng(0)
    body = rng.uniform(0.5, 1.5, (J, persons, 3)) * rng.choice([-1, 1], (J, persons, 3))
    x = np.tile(body.astype(np.float32), (count * length, 1, 1, 1))
    flipped = np.zeros(count, int)
    return Aligned(x, np.arange(count + 1) * length, np.zeros(count, int), tuple(range(J)), 1, LEFT_RIGHT, flipped)


def changed(data, seed=0, again=0, **changes):
    """x (N, T, J, P, 3) as a batch of training has it; `again`: how many batches the generator made before."""
    rng, everybody = np.random.default_rng(seed), np.arange(len(data.label))
    settings = dataclasses.replace(PLAIN, **changes)
    for _ in range(again + 1):
        x, _ = data.batch(everybody, T, settings, rng)
    return x.reshape(len(everybody), T, J, -1, 3).astype(float)


def uncorrelated(a, b, deviations=4.5):
    """Whether no more than chance connects two series of numbers."""
    return abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < deviations / np.sqrt(a.size)


def uniform(values, low, high):
    """Whether the values fill that interval evenly: ends, mean and deviation within four deviations of chance."""
    width, n = high - low, len(values)
    assert low - 1e-6 <= values.min() < low + 0.05 * width and high - 0.05 * width < values.max() <= high + 1e-6
    assert abs(values.mean() - (low + high) / 2) < 4 * width / np.sqrt(12 * n)
    assert values.std() == pytest.approx(width / np.sqrt(12), rel=0.15)


# --- turns and sizes --------------------------------------------------------------------------------------------------


def angles(x, plain, up=1):
    """The turn of every joint, in degrees: (N, T, J, P)."""
    a, b = (up + 1) % 3, (up + 2) % 3
    difference = np.arctan2(x[..., b], x[..., a]) - np.arctan2(plain[..., b], plain[..., a])
    return np.degrees((difference + np.pi) % (2 * np.pi) - np.pi)


def sizes(x, plain):
    return np.linalg.norm(x, axis=-1) / np.linalg.norm(plain, axis=-1)


@pytest.mark.parametrize("measure, name, most", [(angles, "turn", 40.0), (sizes, "stretch", 0.2)])
def test_every_sequence_has_a_turn_and_a_size_of_its_own(measure, name, most):
    data = bodies(persons=2)
    plain = changed(data)
    found = measure(changed(data, **{name: most}), plain)
    of_sequence = found[:, 0, 0, 0]
    np.testing.assert_allclose(found, np.broadcast_to(of_sequence[:, None, None, None], found.shape), atol=0.02)
    centre = 0.0 if name == "turn" else 1.0
    uniform(of_sequence, centre - most, centre + most)
    assert len(np.unique(of_sequence.round(5))) > 0.95 * N
    assert uncorrelated(of_sequence[:-1], of_sequence[1:])
    for other in (changed(data, seed=1, **{name: most}), changed(data, again=1, **{name: most})):
        assert uncorrelated(of_sequence, measure(other, plain)[:, 0, 0, 0])  # another seed, the next epoch


def test_a_turn_says_nothing_of_the_size():
    data = bodies()
    plain, both = changed(data), changed(data, turn=40.0, stretch=0.2)
    assert uncorrelated(angles(both, plain)[:, 0, 0, 0], sizes(both, plain)[:, 0, 0, 0])


@pytest.mark.parametrize("up", [0, 1, 2])
def test_a_turn_is_about_the_vertical(up):
    data = dataclasses.replace(bodies(), up=up)
    plain, x = changed(data), changed(data, turn=40.0)
    np.testing.assert_allclose(x[..., up], plain[..., up], rtol=1e-5)
    uniform(angles(x, plain, up)[:, 0, 0, 0], -40, 40)


# --- noise ------------------------------------------------------------------------------------------------------------


def test_jitter_has_its_deviation_in_every_coordinate_of_every_joint_and_person():
    data = bodies(persons=2)
    noise = changed(data, jitter=0.05) - changed(data)
    for axes in ((0, 1, 2, 3), (0, 1, 2, 4), (0, 1, 3, 4), (0, 2, 3, 4), (1, 2, 3, 4)):  # by axis, person, joint, ...
        deviation = noise.std(axis=axes)
        n = noise.size / deviation.size
        np.testing.assert_allclose(deviation, 0.05, rtol=4.5 / np.sqrt(2 * n))
        assert (np.abs(noise.mean(axis=axes)) < 4.5 * 0.05 / np.sqrt(n)).all()
    share = (np.abs(noise) > 0.1).mean()  # beyond two deviations: 4.55 % of a normal distribution
    assert 0.040 < share < 0.051
    for axis in range(5):  # neighbours of every kind have nothing to do with each other
        a, b = (np.take(noise, range(s, noise.shape[axis] - 1 + s), axis) for s in (0, 1))
        assert uncorrelated(a, b)
    assert uncorrelated(noise, changed(data, seed=1, jitter=0.05) - changed(data))
    assert uncorrelated(noise, changed(data, again=1, jitter=0.05) - changed(data))


def test_jitter_moves_what_happens_to_be_zero_and_no_person_who_is_away():
    """The hip of the first frame lies in the origin, and it trembles as the others do."""
    data = bodies(persons=2)
    data.x[:, 0, 0] = 0  # a joint of the first person
    data.x[:, :, 0, 1] = 0  # a coordinate of all joints
    data.x[: N * T // 2, :, 1] = 0  # a person who is away
    x = changed(data, jitter=0.05)
    for zeros in (x[:, :, 0, 0], x[:, :, :, 0, 1]):
        assert (zeros != 0).all() and zeros.std() == pytest.approx(0.05, rel=0.05)
    assert (x[: N // 2, :, :, 1] == 0).all() and (x[N // 2 :, :, :, 1] != 0).all()


@pytest.mark.parametrize("sigma", [0.06, 0.3])
def test_noise_of_a_sensor_has_its_deviation_everywhere(sigma):
    data = skeletons(subjects=20, repetitions=6, persons=2)
    data.joints[:, :, 0] = 0  # a joint in the origin
    data.joints[::2, 1] = 0  # a person who is away
    noise = noisy(data, sigma).joints.astype(float) - data.joints
    here = np.broadcast_to((data.joints != 0).any(axis=(2, 3), keepdims=True), noise.shape)
    assert (noise[~here] == 0).all() and (noise[here] != 0).mean() > 0.999
    first = noise[:, 0]  # (frames, J, 3)
    assert (first[:, 0] != 0).all() and first[:, 0].std() == pytest.approx(sigma, rel=0.06)
    np.testing.assert_allclose(first.std(axis=0), sigma, rtol=0.12)
    assert first.std() == pytest.approx(sigma, rel=0.02) and abs(first.mean()) < 4 * sigma / np.sqrt(first.size)
    for axis in range(3):
        a, b = (np.take(first, range(s, first.shape[axis] - 1 + s), axis) for s in (0, 1))
        assert uncorrelated(a, b)
    assert uncorrelated(noise[1::2, 0], noise[1::2, 1])
    other = noisy(data, sigma, seed=1).joints.astype(float) - data.joints
    assert uncorrelated(first, other[:, 0])
    np.testing.assert_allclose(noisy(data, 2 * sigma).joints - data.joints, 2 * noise, rtol=1e-3, atol=1e-5)


# --- mirror images and exchanges --------------------------------------------------------------------------------------


def halved(chosen, *others):
    """Whether half of the sequences are chosen, none because of its neighbour, nor because of other choices."""
    chosen = chosen.astype(float)
    assert abs(chosen.mean() - 0.5) < 4.5 * 0.5 / np.sqrt(len(chosen))
    assert uncorrelated(chosen[:-1], chosen[1:])
    assert all(uncorrelated(chosen, other.astype(float)) for other in others)


def mirrored(x, plain):
    image = plain[:, :, LEFT_RIGHT] * [-1, 1, 1]
    same, other = (np.isclose(x, wanted, atol=1e-5).all(axis=(1, 2, 3, 4)) for wanted in (plain, image))
    assert (same ^ other).all()
    return other


def exchanged(x, plain):
    """Where the persons have changed places, each turned by half a circle; mirror images are counted, too."""
    return ~np.isclose(np.abs(x[:, 0, 0, 0]), np.abs(plain[:, 0, 0, 0]), atol=1e-5).all(axis=-1)


def test_half_of_the_sequences_are_mirrored_others_each_time():
    data = bodies(persons=2)
    plain = changed(data)
    found = mirrored(changed(data, mirror=True), plain)
    halved(found, *(mirrored(changed(data, mirror=True, **other), plain) for other in ({"seed": 1}, {"again": 1})))


def test_half_of_the_pairs_are_exchanged_others_each_time_and_whether_they_are_mirrored_or_not():
    data = dataclasses.replace(bodies(persons=2), flipped=np.full(N, 2))  # across the line of two persons
    plain = changed(data)
    found = exchanged(changed(data, exchange=True), plain)
    assert np.allclose(changed(data, exchange=True)[found], plain[found][..., ::-1, :] * [-1, 1, -1], atol=1e-5)
    assert np.allclose(changed(data, exchange=True)[~found], plain[~found], atol=1e-5)
    halved(found, *(exchanged(changed(data, exchange=True, **other), plain) for other in ({"seed": 1}, {"again": 1})))
    both = changed(data, mirror=True, exchange=True)
    swapped = exchanged(both, plain)
    upright = np.where(swapped[:, None, None, None, None], plain[..., ::-1, :] * [-1, 1, -1], plain)
    image = ~np.isclose(both, upright, atol=1e-5).all(axis=(1, 2, 3, 4))
    assert np.allclose(both[image], (upright[:, :, LEFT_RIGHT] * [1, 1, -1])[image], atol=1e-5)
    halved(swapped, image)


def test_only_two_who_stand_along_their_line_are_exchanged():
    data = dataclasses.replace(bodies(persons=2), flipped=np.where(np.arange(N) % 2, 2, 0))
    found = exchanged(changed(data, exchange=True), changed(data))
    assert not found[::2].any()
    halved(found[1::2])


# --- joints that are lost ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_joints_are_lost_one_by_one_with_their_share(share):
    """A joint that jumps from frame to frame shows where it was filled in."""
    data = bodies(persons=2)
    data.x[:] += np.random.default_rng(1).standard_normal(data.x.shape).astype(np.float32)
    lost = (changed(data, drop_joints=share) != changed(data)).any(axis=-1)  # (N, T, J, P)
    # where all frames of a joint would be lost it is kept: that is share ** T of them
    wanted = share * (1 - share ** (T - 1))
    for axes in ((0, 1, 2), (0, 1, 3), (0, 2, 3)):
        found = lost.mean(axis=axes)
        n = lost.size / found.size
        assert (np.abs(found - wanted) < 4.5 * np.sqrt(share / n)).all(), found
    for axis in range(4):
        a, b = (np.take(lost, range(s, lost.shape[axis] - 1 + s), axis).astype(float) for s in (0, 1))
        assert uncorrelated(a, b, 6)
    for other in (changed(data, seed=1, drop_joints=share), changed(data, again=1, drop_joints=share)):
        assert uncorrelated(lost.astype(float), (other != changed(data)).any(axis=-1).astype(float), 6)


# --- which frames -----------------------------------------------------------------------------------------------------

LONG = 10_000


def test_every_sequence_is_cut_by_itself_at_both_ends():
    data = bodies(length=LONG, count=1)
    data.offsets = np.tile([0, LONG], N)[: 2 * N]  # every second "sequence" is this one
    frames, everybody = 2000, np.arange(0, 2 * N - 1, 2)
    index = data.frame_index(everybody, frames, 0.2, np.random.default_rng(0))
    start, end = index[:, 0] / LONG, 1 - (index[:, -1] + 1) / LONG
    for cut in (start, end):
        uniform(cut, -0.0005, 0.2005)
        assert uncorrelated(cut[:-1], cut[1:])
    assert uncorrelated(start, end)
    rng = np.random.default_rng(0)
    data.frame_index(everybody, frames, 0.2, rng)
    later = data.frame_index(everybody, frames, 0.2, rng)[:, 0] / LONG
    other = data.frame_index(everybody, frames, 0.2, np.random.default_rng(1))[:, 0] / LONG
    assert uncorrelated(start, later) and uncorrelated(start, other)


def test_every_segment_of_every_sequence_draws_its_frame_by_itself():
    data = bodies(length=T * 100, count=N)
    index = data.frame_index(np.arange(N), T, 0.0, np.random.default_rng(0)) - data.offsets[:-1, None]
    within = index / 100 - np.arange(T)  # (N, T) in [0, 1)
    uniform(within.ravel() + 0.005, 0, 1)
    assert uncorrelated(within[:, :-1], within[:, 1:]) and uncorrelated(within[:-1], within[1:])
    assert len(np.unique(index[:, 0])) > 60
    rng = np.random.default_rng(0)
    data.frame_index(np.arange(N), T, 0.0, rng)
    later = data.frame_index(np.arange(N), T, 0.0, rng) - data.offsets[:-1, None]
    assert uncorrelated(index.astype(float)[:, 0], later.astype(float)[:, 0])


@pytest.mark.parametrize("name", CHANGES)
def test_the_next_epoch_is_changed_in_another_way(name):
    data = bodies()
    data.x[:] += np.random.default_rng(1).standard_normal(data.x.shape).astype(np.float32)
    settings = {name: CHANGES[name]}
    assert (changed(data, again=1, **settings) != changed(data, **settings)).mean() > 0.1
