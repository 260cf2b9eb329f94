"""Area under the ROC curve, against counting pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gca_scratch.figures.localisation import auc, mean_auc, mean_auc_of_cells, reached, shares


@given(seed=st.integers(0, 10**6), levels=st.integers(1, 6))
@settings(max_examples=50)
def test_it_counts_pairs(seed, levels):
    rng = np.random.default_rng(seed)
    scores, truth = rng.integers(0, levels, 12).astype(float), rng.random(12) < 0.5
    if truth.all() or not truth.any():
        assert np.isnan(auc(scores, truth))
        return
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[truth] for b in scores[~truth]]
    assert auc(scores, truth) == pytest.approx(np.mean(pairs))


def test_known_values():
    truth = np.array([[True, False], [False, True]])
    assert auc(np.full((2, 2), 0.25), truth) == 0.5
    assert auc(truth.astype(float), truth) == 1 and auc(-truth.astype(float), truth) == 0
    assert mean_auc(np.array([truth, ~truth], float), np.array([truth, truth])) == 0.5


def test_a_sequence_that_tells_nothing_apart_is_passed_over_in_the_mean():
    truth = np.array([[[True, False]], [[True, True]], [[False, False]], [[False, True]]])
    scores = np.array([[[2.0, 1.0]], [[2.0, 1.0]], [[2.0, 1.0]], [[2.0, 1.0]]])
    assert mean_auc(scores, truth) == 0.5 and mean_auc(scores[:3], truth[:3]) == 1


def test_an_action_reaches_later_joints_and_later_frames_only():
    truth = np.zeros((1, 3, 4), bool)
    truth[0, 1, 2] = True
    expected = np.zeros_like(truth)
    expected[0, 1:, 2:] = True
    np.testing.assert_array_equal(reached(truth), expected)


def test_a_map_that_never_looks_at_the_data_is_a_guess_cell_by_cell():
    rng = np.random.default_rng(0)
    truth = rng.random((40, 3, 4)) < 0.5
    blind = np.broadcast_to(np.arange(12.0).reshape(3, 4), truth.shape)
    assert mean_auc_of_cells(blind, truth) == 0.5
    assert mean_auc_of_cells(truth + blind, truth) == 1
    one = auc(truth[:, 0, 0] + rng.random(40), truth[:, 0, 0])
    assert one == 1 and np.isnan(mean_auc_of_cells(blind[:5], truth[:5]))


def test_cells_that_nearly_always_or_nearly_never_act_are_left_out():
    """Fewer than `least` sequences of either kind are too few: on both sides alike, at the limit not."""
    rng = np.random.default_rng(1)
    n, least = 30, 10
    truth = np.zeros((n, 1, 5), bool)
    for cell, acting in enumerate((0, 9, 10, 20, 21)):
        truth[:acting, 0, cell] = True
    scores = rng.random(truth.shape)
    areas = [auc(scores[:, 0, cell], truth[:, 0, cell]) for cell in range(5)]
    assert len(set(areas[1:])) == 4
    assert mean_auc_of_cells(scores, truth) == pytest.approx((areas[2] + areas[3]) / 2)
    assert mean_auc_of_cells(scores, truth, least) == mean_auc_of_cells(scores, truth)
    assert mean_auc_of_cells(scores, truth, 9) == pytest.approx(np.mean(areas[1:]))
    assert np.isnan(mean_auc_of_cells(scores[:, :, :2], truth[:, :, :2]))
    assert np.isnan(mean_auc_of_cells(scores[:, :, 4:], truth[:, :, 4:]))
    flipped = mean_auc_of_cells(-scores, ~truth)
    assert flipped == pytest.approx(mean_auc_of_cells(scores, truth))


def test_shares_of_a_sequence_sum_to_one_also_where_nothing_answers():
    answer = np.array([[[1, 3], [0, 4]], [[0, 0], [0, 0]]], np.float32)
    assert shares(answer).tolist() == [[[0.125, 0.375], [0, 0.5]], [[0.25, 0.25], [0.25, 0.25]]]
    assert shares(answer[0]).tolist() == [[0.125, 0.375], [0, 0.5]]
    assert answer[0, 0, 0] == 1
