"""What a run is told reaches those who act on it: the device, choices of the input, numbers of made data, folders."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.data.alignment import align
from gca_scratch.runs import fitted, fold, folds, predict, split, testing
from gca_scratch.runs.known import known_of
from tests.helpers.people import people
from tests.helpers.tiny import TINY, skeletons, two_persons

SOURCE = runs.Source("npz", "data.npz")
QUICK = dataclasses.replace(TINY, epochs=1, mode="direct")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# --- made data --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "asked"),
    [
        ("synthetic", {"subjects": 80, "repetitions": 1}),
        ("synthetic-restless", {"subjects": 80, "repetitions": 2, "restless": True}),
    ],
)
def test_how_many_people_made_data_have(dataset, asked, monkeypatch):
    seen, data = [], skeletons()
    monkeypatch.setattr(split.synthetic, "generate", lambda **more: seen.append(more) or data)
    assert runs.load_data(runs.Source(dataset)) is data and seen == [asked]
    assert split.GENERATED == ("synthetic", "synthetic-restless") and split.EVERYTHING == "all"
    assert split.LARGE == 2 * 1024**3  # bytes


# --- choices of the input ---------------------------------------------------------------------------------------------

CHOICES = {  # a setting, and the argument of `align` that it becomes
    "none": ({}, {}),
    "face_camera": ({"face_camera": True}, {"face_camera": True}),
    "torso_scale": ({"torso_scale": True}, {"torso_scale": True}),
    "tree": ({"traversal": "tree"}, {"tree": True}),
    "pair": ({"pair": True}, {"pair": True}),
    "motion": ({"motion": 7.0}, {"motion": 7.0}),
    "all": (
        {"face_camera": True, "torso_scale": True, "traversal": "tree", "pair": True, "motion": 2.0},
        {"face_camera": True, "torso_scale": True, "tree": True, "pair": True, "motion": 2.0},
    ),
}


def same(one, other):
    assert (one.order, one.up, one.motion) == (other.order, other.up, other.motion)
    np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(one.flipped, other.flipped)


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_of_the_input_is_its_own_in_training_predicting_and_the_classifier(choice):
    changes, arguments = CHOICES[choice]
    settings, data = dataclasses.replace(TINY, validation=0, **changes), two_persons()
    wanted = align(data, **arguments)
    made = runs.make_split(data, SOURCE, settings)
    same(made.aligned, wanted)
    same(fitted.aligned_for(data, settings, None), wanted)
    known = known_of(made, "")
    network = SimpleNamespace(joints=len(wanted.order), channels=wanted.channels)
    same(predict.aligned_for(SimpleNamespace(settings=settings, known=known, network=network), data), wanted)
    others = [align(data, **more) for name, (_, more) in CHOICES.items() if name != choice]
    assert not any(o.order == wanted.order and o.motion == wanted.motion and np.array_equal(o.x, wanted.x)
                   and np.array_equal(o.flipped, wanted.flipped) for o in others)  # fmt: skip


def test_the_hip_and_the_vertical_that_somebody_names_are_taken():
    data, settings = people(subjects=2, repetitions=1), dataclasses.replace(TINY, validation=0)
    by_neck = runs.make_split(data, runs.Source("npz", "data.npz", hip="shoulder center"), settings).aligned
    same(by_neck, align(data, hip="shoulder center"))
    same(fitted.aligned_for(data, settings, "shoulder center", 2), align(data, hip="shoulder center", up=2))
    assert align(data).order != by_neck.order and align(data, up=2).up == 2 != align(data).up
    known = dataclasses.replace(known_of(runs.make_split(data, SOURCE, settings), ""), hip="shoulder center", up="-x")
    network = SimpleNamespace(joints=20, channels=3)
    found = predict.aligned_for(SimpleNamespace(settings=settings, known=known, network=network), data)
    same(found, align(data, hip="shoulder center", up=0))


@pytest.mark.parametrize("traversal", ["chain", "tree"])
@pytest.mark.parametrize("kind", ["coarse", "two-stream"])
def test_parts_stand_at_the_places_of_their_joints(kind, traversal):
    """Torso 0, left arm 1, right arm 2, left leg 3, right leg 4."""
    part = {"pelvis": 0, "neck": 0, "left hand": 1, "right hand": 2, "left hip": 3, "right hip": 4}
    settings = dataclasses.replace(TINY, network=kind, traversal=traversal, validation=0)
    made = runs.make_split(skeletons(), SOURCE, settings)
    names = [skeletons().joint_names[joint] for joint in made.aligned.order]
    assert len(names) == (6 if traversal == "chain" else 11)
    layout = SimpleNamespace(joint_names=made.data.joint_names, edges=[tuple(map(int, e)) for e in made.data.edges])
    for network in (made.network(settings), fitted.network_for(settings, layout, None, 1, 3)):
        assert network.parts == tuple(part[name] for name in names)
        assert (network.joints, network.channels, network.classes) == (len(names), 3, 3)


@pytest.mark.parametrize(("persons", "motion", "channels"), [(1, 0.0, 3), (2, 0.0, 6), (1, 3.0, 6), (2, 3.0, 12)])
def test_a_classifiers_network_has_the_channels_of_its_input(persons, motion, channels):
    settings = dataclasses.replace(TINY, motion=motion)
    data = skeletons(persons=persons)
    layout = SimpleNamespace(joint_names=data.joint_names, edges=[tuple(map(int, e)) for e in data.edges])
    network = fitted.network_for(settings, layout, None, persons, 5)
    assert (network.joints, network.channels, network.classes, network.frames) == (6, channels, 5, 4)
    assert fitted.aligned_for(data, settings, None).channels == channels


# --- a run ------------------------------------------------------------------------------------------------------------


def test_a_run_trains_tests_and_validates_on_the_device_that_is_asked_for(monkeypatch):
    seen, device = {}, SimpleNamespace(name="a device")
    real = {name: getattr(fold, name) for name in ("test", "probabilities_on")} | {"train": training.train}

    def spy(name, at):
        def called(*arguments):
            seen[name] = arguments[at]
            return real[name](*arguments[:at], np, *arguments[at + 1 :])

        return called

    monkeypatch.setattr(fold, "module_for", lambda name: seen.setdefault("asked", name) and device)
    monkeypatch.setattr(fold.training, "train", spy("train", 6))
    monkeypatch.setattr(fold, "test", spy("test", 4))
    monkeypatch.setattr(fold, "probabilities_on", spy("probabilities_on", 5))
    runs.run(skeletons(), SOURCE, QUICK, "run", device="some device", show=False)
    assert seen == {"asked": "some device", "train": device, "test": device, "probabilities_on": device}


def test_a_test_is_done_on_the_device_that_is_asked_for(monkeypatch):
    runs.run(skeletons(), runs.Source("npz", ""), dataclasses.replace(QUICK, validation=0), "run", show=False)
    seen, device = {}, SimpleNamespace()
    made = testing.reload("run", skeletons())
    monkeypatch.setattr(
        testing, "reload", lambda *arguments, **more: seen.update(arguments=arguments, more=more) or made
    )
    monkeypatch.setattr(testing, "module_for", lambda name: device if name == "some device" else None)
    monkeypatch.setattr(
        testing, "test", lambda split, network, state, settings, xp, table: seen.update(xp=xp, table=table) or {}
    )
    testing.retest("run", "elsewhere.npz", "some device", "table.csv", protocol="loso", fold=2)
    assert seen["arguments"] == ("run", "elsewhere.npz") and seen["more"] == {"protocol": "loso", "fold": 2}
    assert seen["xp"] is device and seen["table"] == "table.csv"


def test_no_threshold_lies_beyond_what_32_bits_can_tell(monkeypatch):
    monkeypatch.setattr(fold, "threshold_from", lambda p, truth: 0.99999)
    runs.run(skeletons(), SOURCE, QUICK, "sure", show=False)
    assert predict.load("sure").known.threshold == 0.999
    monkeypatch.setattr(fold, "threshold_from", lambda p, truth: 0.25)
    runs.run(skeletons(), SOURCE, QUICK, "unsure", show=False)
    assert predict.load("unsure").known.threshold == 0.25


def test_movement_is_learned_from_those_who_train_and_its_limit_set_on_those_who_validate(monkeypatch):
    """Not on those who test: of each the sequences are told by their coordinates."""
    data, seen = skeletons(subjects=6), {}
    learned, with_limit = fold.learned, fold.with_limit

    def spy_learned(made, *rest):
        seen["split"] = made
        return learned(made, *rest)

    def spy_limit(movement, moved, p, truth):
        seen.update(moved=moved, p=p, truth=truth)
        return dataclasses.replace(with_limit(movement, moved, p, truth), limit=7.5)

    monkeypatch.setattr(fold, "learned", spy_learned)
    monkeypatch.setattr(fold, "with_limit", spy_limit)
    runs.run(data, SOURCE, QUICK, "run", show=False)
    made = seen["split"]
    everything = fold.distances(made.aligned, QUICK.frames)
    assert len(made.validate) == 6 and len(made.fit) == 12 and len(made.test) == 18
    np.testing.assert_allclose(seen["moved"], everything[made.validate], rtol=1e-5)
    np.testing.assert_array_equal(seen["truth"], data.label[made.validate])
    assert seen["p"].shape == (6, 3) and predict.load("run").known.moves.limit == 7.5


def test_every_fold_is_told_what_all_were_told(monkeypatch):
    asked, more = [], {}

    def results(function, calls, jobs, **options):
        asked.extend(calls)
        more.update(options, function=function, jobs=jobs)
        return iter(())

    monkeypatch.setattr(folds.workers, "results", results)
    monkeypatch.setattr(folds, "module_for", lambda device: None)
    monkeypatch.setattr(folds, "mean_result", lambda found: {})
    monkeypatch.setattr(folds, "joined", lambda tables: tables)
    monkeypatch.setattr(folds, "read", str)
    monkeypatch.setattr(folds, "write", lambda path, tables: more.update(path=path, tables=tables))
    data, source = skeletons(), runs.Source("npz", "data.npz", "loso", 0)
    folds.run_all_folds(source, QUICK, "all", True, "some device", 9, data, predictions="table.csv")
    places = [folds.Path("all").absolute() / f"fold-0{k}" for k in (1, 2, 3, 4)]
    assert asked == [
        (dataclasses.replace(source, fold=k), QUICK, place, True, "some device", False, (), place / "predictions.csv")
        for k, place in zip((1, 2, 3, 4), places, strict=True)
    ]
    assert (more["function"], more["jobs"], more["data"]) == (runs.run, 4, data)  # no more jobs than folds
    assert more["path"] == "table.csv" and more["tables"] == [str(place / "predictions.csv") for place in places]
    asked.clear()
    folds.run_all_folds(source, QUICK, "new", jobs=3, data=data)
    assert [call[3:5] + call[7:] for call in asked] == [(False, "cpu", None)] * 4 and more["jobs"] == 3
