"""What is no action, made from actions: of which kinds, how often, under which labels, and that the rest stays."""

import dataclasses

import numpy as np

from gca_scratch.data.alignment import align
from gca_scratch.data.chimeras import without_action
from gca_scratch.settings import PRESETS
from tests.helpers.tiny import skeletons

B, T, J = 3000, 6, 5
LABEL = np.arange(B) % 4


def batch():
    """Every number tells its sequence, frame and joint: 1000 n + 10 t + j."""
    n, t, j = np.ogrid[:B, :T, :J]
    return np.repeat((1000 * n + 10 * t + j)[..., None, None], 3, axis=-1).astype(np.float64)


def made(share=0.4, seed=0):
    x = batch()
    found, label = without_action(x, LABEL, share, 4, np.random.default_rng(seed))
    assert (x == batch()).all()
    return x[..., 0, 0], found[..., 0, 0], label


def kind_of(n, whole, found):
    """Which of the three kinds the sequence has become, told from its numbers alone."""
    source, frame = found // 1000, found % 1000 // 10
    if (found == whole).all():
        return "as it was"
    if (source == n).all():
        return "still" if (frame == frame[0, 0]).all() else "strange"
    if (source == source[:, :1]).all():  # a frame comes from one sequence
        first, second = source[: T // 2, 0], source[T // 2 :, 0]
        order = (frame[:, 0] == [3, 4, 5, 0, 1, 2]).all()
        return "stitched" if (first == n).all() and (second == second[0]).all() and order else "strange"
    mine = (source == n).all(axis=0)
    other = source[0, ~mine].astype(int)
    apart = np.flatnonzero(~mine)
    together = (np.diff(apart) == 1).all() and (source[:, ~mine] == other[0]).all()
    in_time = (frame == whole % 1000 // 10).all()
    return "mixed" if together and in_time and LABEL[other[0]] != LABEL[n] else "strange"


def test_a_share_of_the_batch_becomes_one_of_three_kinds():
    whole, found, _ = made()
    kinds = np.array([kind_of(n, whole[n], found[n]) for n in range(B)])
    shares = {kind: (kinds == kind).mean() for kind in set(kinds)}
    assert set(shares) == {"as it was", "still", "stitched", "mixed"}
    assert abs(shares["as it was"] - 0.6) < 0.03
    assert shares["stitched"] > 0.05 and shares["mixed"] > 0.05 and shares["still"] > 0.4 / 3 - 0.02


def test_their_labels_are_drawn_among_all_classes_and_the_others_keep_theirs():
    whole, found, label = made()
    changed = (found != whole).any(axis=(1, 2))
    assert (label[~changed] == LABEL[~changed]).all()
    assert np.abs(np.bincount(label[changed], minlength=4) / changed.sum() - 0.25).max() < 0.04
    assert abs((label[changed] == LABEL[changed]).mean() - 0.25) < 0.04


def test_seeds_tell_them_apart_and_repeat_them():
    (_, a, _), (_, b, _), (_, c, _) = made(seed=0), made(seed=0), made(seed=1)
    assert (a == b).all() and (a != c).any()


def test_a_batch_of_one_and_a_single_frame_are_no_accident():
    x = batch()[:1]
    for seed in range(20):
        found, label = without_action(x, LABEL[:1], 0.9, 4, np.random.default_rng(seed))
        assert found.shape == x.shape and label.shape == (1,)
        without_action(x[:, :1], LABEL[:1], 0.9, 4, np.random.default_rng(seed))


def test_only_training_shows_them_and_only_where_they_are_asked_for():
    data = align(skeletons())
    chosen = np.arange(len(data.label))
    plain = PRESETS["paper"]
    asked = dataclasses.replace(plain, unknown=0.5)
    assert (data.batch(chosen, 4, plain)[0] == data.batch(chosen, 4, asked)[0]).all()
    x, y = data.batch(chosen, 4, asked, np.random.default_rng(0))
    wanted, labels = data.batch(chosen, 4, plain, np.random.default_rng(0))
    assert 0.2 < (x != wanted).any(axis=(1, 2, 3)).mean() < 0.8 and (y != labels).any()
