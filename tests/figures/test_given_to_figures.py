"""What each figure of a run is given: scores, poses and truths of the right frames, joints and rows."""

import argparse
from types import SimpleNamespace

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data import neutral
from gca_scratch.figures import bodies, charts, localisation, look, of_run
from gca_scratch.runs import trained, where
from gca_scratch.runs.folder import write_config, write_history
from tests.helpers.tiny import TINY, skeletons

ROW = {"epoch": 1, "learning_rate": 0.1, "train_loss": 1.0, "train_error": 0.5, "validation_loss": 2.0,
       "validation_error": 0.25, "seconds": 1.0}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run whose chain comes back through the joints, so that cells are no joints."""
    folder, data = tmp_path_factory.mktemp("run"), skeletons()
    neutral.save(folder / "data.npz", data)
    settings = argparse.Namespace(**vars(TINY) | {"traversal": "tree", "epochs": 1, "patience": 1})
    settings = type(TINY)(**vars(settings))
    runs.run(data, runs.Source("npz", str(folder / "data.npz")), settings, folder / "run", show=False)
    return folder / "run"


def given(monkeypatch, module, name, figure, asked):
    """The arguments with which a figure calls the function that draws it."""
    seen = {}

    class Drawn:
        def draw_without_rendering(self):
            pass

    def spy(*arguments, **named):
        seen.update(arguments=arguments, named=named)
        return Drawn()

    monkeypatch.setattr(module, name, spy)
    of_run.FIGURES[figure](asked)
    return seen["arguments"], seen["named"]


def test_the_strip_has_the_poses_of_the_sampled_frames(made, monkeypatch):
    asked = of_run.Request(made, sequence=5)
    run = asked.run
    (title, positions, bones, scores, up), named = given(monkeypatch, bodies, "skeleton_strip", "strip", asked)
    F = int(run.split.data.lengths[5])
    frames = [int((2 * t + 1) * F / 8) for t in range(4)]
    np.testing.assert_array_equal(positions, look.poses(run, 5)[frames])
    assert title.startswith(run.split.data.class_names[run.split.data.label[5]]) and up == 1
    assert named == {"names": ["iteration 1", "iteration 2"]} and bones == run.body.bones
    np.testing.assert_array_equal(scores, asked.look.of_joints)


def test_an_animation_has_all_frames_and_at_most_sixty_are_shown(made, monkeypatch):
    asked = of_run.Request(made, sequence=5)
    arguments, named = given(monkeypatch, bodies, "animation", "animation", asked)
    np.testing.assert_array_equal(arguments[1], look.poses(asked.run, 5))
    assert len(arguments[1]) == asked.run.split.data.lengths[5] and arguments[4:] == (1, 60)
    assert named == {"names": ["iteration 1", "iteration 2"]}


def test_the_body_is_the_median_of_first_poses_and_its_scores_are_means_over_sequences(made, monkeypatch):
    asked = of_run.Request(made)
    run = asked.run
    (title, pose, bones, scores, names, up), named = given(monkeypatch, bodies, "body_map", "body", asked)
    test = run.split.test
    first = [look.poses(run, n, persons=1)[0, :, 0] for n in test]
    np.testing.assert_allclose(pose, np.median([each - each[0] for each in first], axis=0))
    _, found, _ = trained.classify(run, test)  # (iterations, n, T, K)
    joints = [run.split.aligned.order[place] for place in run.body.places]
    wanted = np.zeros((2, 6))
    for k, joint in enumerate(joints):
        cells = [place for place, there in enumerate(run.split.aligned.order) if there == joint]
        of_joint = found[..., cells].mean(axis=-1) * 11 / 6  # cells for each joint
        wanted[:, k] = of_joint.sum(axis=2).mean(axis=1)
    np.testing.assert_allclose(scores, wanted, rtol=1e-5)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=0.2)  # joints of one place weigh as those of several
    assert names == [run.split.data.joint_names[joint] for joint in joints] and up == 1
    assert title == f"Mean score of every joint over {len(test)} test sequences"
    assert named == {"names": ["iteration 1", "iteration 2"]} and bones == run.body.bones


def test_a_first_pose_is_that_of_the_first_frame_that_shows_one():
    positions = np.zeros((4, 3, 2, 3))
    positions[:, :, 1] = 9  # another person
    positions[2, :, 0] = [[1, 1, 1], [1, 3, 1], [2, 1, 1]]
    positions[3, :, 0] = 7
    np.testing.assert_array_equal(of_run._first_pose(positions), [[0, 0, 0], [0, 2, 0], [1, 0, 0]])


def test_scores_and_gates_are_of_cells_in_the_order_of_the_chain(made, monkeypatch):
    asked = of_run.Request(made, sequence=5)
    run = asked.run
    names = [run.split.data.joint_names[joint] for joint in run.split.aligned.order]
    (titles, truth, scores, joint_names, rows), _ = given(monkeypatch, charts, "score_maps", "scores", asked)
    assert titles == [asked.look.title] and joint_names == names and len(names) == 11 and rows == asked.look.names
    np.testing.assert_array_equal(scores[:, 0], asked.look.scores)
    carrier = run.split.data.truth[run.split.data.offsets[5]].argmax()
    np.testing.assert_array_equal(truth[0], np.tile(np.array(run.split.aligned.order) == carrier, (4, 1)))
    (title, gates, scores, joint_names), _ = given(monkeypatch, charts, "gate_maps", "gates", asked)
    assert title == f"Gates: {asked.look.title}" and joint_names == names
    assert [name for name, _ in gates] == ["layer 1", "layer 2, iteration 1", "layer 2, iteration 2"]
    assert all(values.shape == (4, 4, 11) for _, values in gates)
    np.testing.assert_array_equal(scores, asked.look.scores)


def test_all_answers_are_shares_of_a_sequence_and_what_has_none_is_even(made, monkeypatch):
    asked = of_run.Request(made, sequence=5)
    run = asked.run
    maps = {"one": np.arange(24.0).reshape(4, 6), "nothing": np.zeros((4, 6))}
    monkeypatch.setattr(of_run, "where_it_looks", lambda run, n: dict(maps))
    (title, positions, _, shares, up), named = given(monkeypatch, bodies, "skeleton_strip", "where", asked)
    np.testing.assert_allclose(shares, [maps["one"] / 276, np.full((4, 6), 1 / 24)])
    assert named == {"names": ["one", "nothing"]} and title == asked.look.title and up == 1
    F = int(run.split.data.lengths[5])
    np.testing.assert_array_equal(positions, look.poses(run, 5)[[int((2 * t + 1) * F / 8) for t in range(4)]])


def test_answers_are_of_joints_and_the_truth_stands_first(made):
    run = of_run.Request(made).run
    found = of_run.where_it_looks(run, 5)
    cells = where.answers(run.network, run.weights, run.split.aligned, [5], run.iterations)
    assert list(found) == ["truth", *cells]
    joints = [run.split.aligned.order[place] for place in run.body.places]
    for name, values in cells.items():
        for k, joint in enumerate(joints):
            places = [place for place, there in enumerate(run.split.aligned.order) if there == joint]
            np.testing.assert_allclose(found[name][:, k], values[0][:, places].mean(axis=1) * 11 / 6, rtol=1e-4)
    assert run.split.data.joint_names[joints[found["truth"][0].argmax()]] == "right hand"  # which "bow" moves


# --- Fig. 6 -----------------------------------------------------------------------------------------------------------


def a_folder(place, mode, loss):
    place.mkdir()
    write_config(place / "config.toml", runs.Source("npz"), type(TINY)(mode=mode))
    write_history(place / "history.csv", [ROW | {"step": 2, "train_loss": loss}])
    return place


@pytest.mark.parametrize(
    ("modes", "losses", "names"),
    [
        (("stepwise", "direct"), [1.0, 2.0], ["stepwise", "direct"]),
        (("direct", "stepwise"), [2.0, 1.0], ["stepwise", "direct"]),  # stepwise training is drawn first
        (("direct", "direct"), [1.0, 2.0], ["one (direct)", "two (direct)"]),
        (("stepwise", "stepwise"), [1.0, 2.0], ["one (stepwise)", "two (stepwise)"]),
    ],
)
def test_two_runs_are_called_by_their_methods_or_else_by_their_folders(modes, losses, names, tmp_path, monkeypatch):
    one, two = (a_folder(tmp_path / name, mode, loss)
                for name, mode, loss in zip(("one", "two"), modes, (1.0, 2.0), strict=True))  # fmt: skip
    (first, second, called), _ = given(
        monkeypatch, charts, "convergence_of_methods", "convergence", of_run.Request(one, two)
    )
    assert [rows[0]["train_loss"] for rows in (first, second)] == losses and called == names


# --- areas ------------------------------------------------------------------------------------------------------------


def test_areas_are_within_sequences_and_cell_by_cell_for_the_action_and_what_it_has_reached(monkeypatch):
    """Of each answer its own; the two by cells differ in the truth alone."""
    rng = np.random.default_rng(0)
    n, T, K = 60, 3, 4
    truth = np.zeros((n, T, K), bool)
    truth[np.arange(n), rng.integers(0, T, n), rng.integers(0, K, n)] = True
    maps = {"good": truth + 0.5 * rng.random((n, T, K)), "bad": rng.random((n, T, K))}
    seen = {}
    monkeypatch.setattr(localisation, "truth_at", lambda data, aligned, chosen, frames: truth)

    def answers(network, weights, aligned, chosen):
        seen.update(weights=weights, aligned=aligned, chosen=chosen)
        return dict(maps)

    monkeypatch.setattr(localisation, "answers", answers)
    found = localisation.localise(SimpleNamespace(frames=T), "weights", "data", "aligned", "sequences")
    assert seen == {"weights": "weights", "aligned": "aligned", "chosen": "sequences"}
    assert list(found) == ["good", "bad", "uniform guess"]
    heard = np.zeros_like(truth)
    for k, t, j in np.argwhere(truth):
        heard[k, t:, j:] = True

    def area(scores, of):
        pairs = [(a > b) + 0.5 * (a == b) for a in scores[of] for b in scores[~of]]
        return np.mean(pairs)

    def by_cells(scores, of):
        cells = [(t, j) for t in range(T) for j in range(K) if 10 <= of[:, t, j].sum() <= n - 10]
        return np.mean([area(scores[:, t, j], of[:, t, j]) for t, j in cells]) if cells else np.nan

    for name, scores in maps.items():
        assert found[name]["within"] == pytest.approx(np.mean([area(s, t) for s, t in zip(scores, truth, strict=True)]))
        assert found[name]["action"] == pytest.approx(by_cells(scores, truth), nan_ok=True)
        assert found[name]["reached"] == pytest.approx(by_cells(scores, heard))
    assert found["good"]["within"] == 1 and found["good"]["reached"] != found["good"]["action"]
    assert found["uniform guess"]["within"] == 0.5 == found["uniform guess"]["reached"]
