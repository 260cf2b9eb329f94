"""The Python interface: arrays in, predictions and attention out, as from the command line, through scikit-learn."""

import dataclasses
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

import gca_scratch
from gca_scratch import GCALSTM, GCALSTMClassifier, runs
from gca_scratch.data.joint_names import body_parts
from gca_scratch.data.skeleton import KINECT_V2
from gca_scratch.runs import checkpoint
from gca_scratch.runs.where import answers
from gca_scratch.settings import NETWORKS, PRESETS, Settings
from gca_scratch.support.errors import InputError
from gca_scratch.training import HISTORY_COLUMNS
from tests import strict_cupy
from tests.helpers.movements import BONES, NAMES, TINY, movements
from tests.helpers.tiny import skeletons

X, Y, PEOPLE = movements()
SKELETON = (NAMES, BONES)


def tiny(**changes):
    return GCALSTMClassifier(**{"skeleton": SKELETON, **TINY, **changes})


@pytest.fixture(scope="module")
def fitted():
    """One that has learned something."""
    changes = {"epochs": 30, "hidden": 16, "batch_size": 4, "dropout": 0.0, "crop": 0.0, "face_camera": False}
    return tiny(preset="demo", validation=0, **changes).fit(X, Y)


def same(one, other):
    """The same weights, to the last bit?"""
    a, b = one._fitted.state.params, other._fitted.state.params
    return a.keys() == b.keys() and all((a[name] == b[name]).all() for name in a)


# --- the interface ----------------------------------------------------------------------------------------------------


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, gca_scratch\n"
        "assert {'GCALSTM', 'GCALSTMClassifier'} <= set(dir(gca_scratch))\n"
        "assert not {'numpy', 'tqdm', 'gca_scratch.classifier'} & set(sys.modules)\n"
        "from gca_scratch import GCALSTM, GCALSTMClassifier\n"
        "assert not {'scipy', 'joblib', 'matplotlib', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert GCALSTM.__name__ in gca_scratch.__all__ and GCALSTMClassifier.__name__ in gca_scratch.__all__
    with pytest.raises(AttributeError, match="'gca_scratch' has no attribute 'LSTM'"):
        gca_scratch.LSTM  # noqa: B018


def test_every_setting_is_a_keyword():
    parameters = inspect.signature(GCALSTMClassifier).parameters
    settings = {setting.name: setting.type for setting in dataclasses.fields(Settings)}
    assert list(parameters)[:6] == ["preset", "skeleton", "iterations", "seed", "device", "verbose"]
    assert parameters.keys() - {"preset", "skeleton", "device", "verbose", "hip"} == settings.keys()
    own = [name for name in settings if name not in ("iterations", "seed")]
    assert [name for name in parameters if name in own] == own
    for name, kind in settings.items():
        assert parameters[name].annotation == kind | None
        assert (parameters[name].default is None) == (name in own)


def test_it_learns(fitted):
    assert fitted.classes_.tolist() == ["still", "up"] and fitted.score(X, Y) > 0.9
    unseen, labels, _ = movements(seed=1)
    assert fitted.score(unseen, labels) > 0.9
    p = fitted.predict_proba(unseen)
    assert p.shape == (24, 2) and p.dtype == np.float32 and np.allclose(p.sum(axis=1), 1)
    assert (fitted.predict(unseen) == fitted.classes_[p.argmax(axis=1)]).all()
    assert set(fitted.history_[0]) <= set(HISTORY_COLUMNS) and len(fitted.history_) == 2 * 30
    assert fitted.score(X[:2], Y[:2], sample_weight=[1, 0]) in (0, 1)


def test_the_same_sequences_in_any_form_give_the_same_bits():
    equal = [x[:3] for x in X]
    first = tiny().fit(equal, Y)
    for form in (equal, np.array(equal), np.fromiter(equal, object, len(X)), [x[:, None] for x in equal]):
        assert same(first, tiny().fit(form, np.array(Y)))
    assert not same(first, tiny(seed=1).fit(equal, Y))


def test_a_list_gives_the_weights_of_the_command_line(tmp_path):
    data = skeletons()
    chosen = dataclasses.replace(PRESETS["demo"], **TINY, seed=3, validation=1)
    train = np.flatnonzero(data.subject % 2)
    runs.run(data, runs.Source("npz", "data.npz"), chosen, tmp_path, show=False)
    state, *_ = checkpoint.load(tmp_path)
    changes = {name: getattr(chosen, name) for name in ("seed", "validation")}
    layout = (data.joint_names, data.edges)
    model = GCALSTMClassifier("demo", layout, **TINY | changes)
    model.fit([data.sequence(n) for n in train], data.label[train], groups=data.subject[train])
    assert all((state.params[name] == values).all() for name, values in model._fitted.state.params.items())
    again = [{**row, "seconds": 0} for row in model.history_]
    assert again == [{**row, "seconds": 0} for row in state.history]


def test_labels_come_back_in_their_type():
    for up, still, kind in ((1, 0, "i"), (True, False, "b"), ("ü", "-", "U"), (np.int8(3), np.int8(-3), "i")):
        found = tiny().fit(X, [up if label == "up" else still for label in Y]).predict(X)
        assert found.dtype.kind == kind and set(found.tolist()) <= {up, still}


def test_validation_holds_people_out_and_needs_to_know_them():
    with pytest.raises(InputError, match=r"validation = 1 holds people out, .* call fit\(X, y, groups\)"):
        tiny(validation=1).fit(X, Y)
    one, other = (tiny(validation=1).fit(X, Y, groups) for groups in (PEOPLE, [f"person {n}" for n in PEOPLE]))
    assert "validation_error" in one.history_[0] and same(one, other)
    assert same(tiny().fit(X, Y), tiny().fit(X, Y, PEOPLE))


def test_sequences_may_show_fewer_persons_than_fitted_but_not_more():
    pairs, labels, _ = movements(persons=2)
    model = tiny().fit([*pairs, *X], [*labels, *Y])
    filled = [np.stack([x, np.zeros_like(x)], axis=1) for x in X]
    assert (model.predict_proba(X) == model.predict_proba(filled)).all()
    with pytest.raises(InputError, match=r"X\[1\] has 3 persons, but at most 2 were fitted"):
        model.predict([pairs[0], np.zeros((2, 3, 5, 3))])


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="the stand-in is for CuPy 14")
def test_what_a_gpu_has_learned_predicts_without_it():
    with strict_cupy.installed():
        model = tiny(device="cuda", dropout=0.0).fit(X, Y)
        p, scores = model.predict_proba(X), model.attention_scores(X)
        again = pickle.loads(pickle.dumps(model))
    assert all(type(values) is np.ndarray for values in model._fitted.state.params.values())
    with pytest.raises(InputError, match="cuda"):
        again.predict(X)
    again.set_params(device="cpu")
    assert np.allclose(again.predict_proba(X), p, atol=1e-5) and np.allclose(
        again.attention_scores(X), scores, atol=1e-5
    )


def test_a_sequence_is_seen_alike_whatever_stands_beside_it(fitted):
    lying = [x[..., [1, 0, 2]] for x in X]
    together = fitted.predict_proba([*X, *lying])[len(X) :]
    assert np.allclose(together, fitted.predict_proba(lying), atol=1e-5)


# --- attention --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{}, {"traversal": "tree"}, {"network": "coarse"}, {"network": "two-stream"}], ids=str
)
def test_scores_sum_to_one_over_frames_and_joints(changes):
    model = tiny(iterations=2, **changes).fit(X, Y)
    scores, frames = model.attention_scores(X), model.attention_frames(X)
    assert scores.shape == (2, 24, 4, 5) and scores.dtype == np.float32
    assert (scores > 0).all() and np.allclose(scores.sum(axis=(2, 3)), 1)
    assert frames.shape == (24, 4) and (np.diff(frames, axis=1) >= 0).all()
    assert (frames[:, -1] < [len(x) for x in X]).all()
    if "network" in changes and changes["network"] == "coarse":
        parts = np.array(body_parts(NAMES))
        assert np.allclose(scores[..., parts == 0], scores[..., :1])


def test_scores_stand_at_the_joints_of_the_data(fitted):
    model = tiny(skeleton=(NAMES, ((4, 1), (3, 1), (1, 0), (2, 1))), hip="head").fit(X, Y)
    aligned = model._fitted.read(X)
    assert list(aligned.order) == [4, 1, 0, 2, 3]
    network, params = model._fitted.network, model._fitted.state.params
    _, cache = network.forward(params, aligned.batch(np.arange(24), 4)[0])
    assert np.allclose(model.attention_scores(X)[..., list(aligned.order)], network.scores(cache))


@pytest.mark.parametrize("changes", [{"iterations": 0}, {"traversal": "tree"}, {"network": "st-lstm"}], ids=str)
def test_where_it_looks_has_the_joints_of_the_data(changes):
    model = tiny(**changes).fit(X, Y)
    aligned, network = model._fitted.read(X), model._fitted.network
    maps = model.where_it_looks(X)
    expected = answers(network, model._fitted.state.params, aligned, np.arange(24))
    assert list(maps) == list(expected)
    for name, found in maps.items():
        assert found.shape == (24, 4, 5)
        for joint in range(5):
            places = [place for place, there in enumerate(aligned.order) if there == joint]
            assert np.allclose(found[:, :, joint], expected[name][:, :, places].mean(axis=2), rtol=1e-4), name


@pytest.mark.parametrize("changes", [{"iterations": 0}, *({"network": name} for name in NETWORKS[3:])], ids=str)
def test_networks_without_attention_have_no_scores(changes):
    model = tiny(epochs=1, **changes).fit(X, Y)
    assert model.predict(X).shape == (24,)
    with pytest.raises(InputError, match="this network has no attention; fit one with iterations=1"):
        model.attention_scores(X)


# --- what it says -----------------------------------------------------------------------------------------------------


def test_what_the_skeleton_does_not_allow_is_off_and_said(capsys):
    model = tiny(skeleton=None, verbose=1).fit(X, Y)
    assert set(model.unavailable_) == {"face_camera", "torso_scale", "mirror"}
    out, err = capsys.readouterr()  # no terminal: no bar
    assert not out and err.startswith("off: face_camera, for no names of joints tell") and err.count("\n") == 1
    assert tiny().fit(X, Y).unavailable_ == {} and capsys.readouterr() == ("", "")
    for changes in ({"mirror": True}, {"face_camera": True}, {"torso_scale": True}, {"network": "coarse"}):
        (name,) = changes
        with pytest.raises(InputError, match=f"{name} = .* cannot be, for no name"):
            tiny(skeleton=None, **changes).fit(X, Y)
    with pytest.raises(InputError, match="network = 'two-stream' cannot be, for no name"):
        tiny(skeleton=None, network="two-stream", mode="direct").fit(X, Y)
    sided = ["kick left" if label == "up" else "kick right" for label in Y]
    assert tiny().fit(X, sided).unavailable_ == {"mirror": "it would make another class of 'kick left': 'kick right'"}
    with pytest.raises(InputError, match="mirror = True cannot be, for it would make another class of 'kick left'"):
        tiny(mirror=True).fit(X, sided)


def test_the_progress_bar_shows_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    tiny(verbose=1).fit(X, Y)
    err = capsys.readouterr().err
    assert "training step 1: 100%" in err and "loss=" in err


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"preset": "large"}, "unknown preset 'large': choose one of paper, small, demo"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"frames": 0}, "GCALSTMClassifier: frames = 0 cannot be used: it must be from 1"),
        ({"seed": "lucky"}, "GCALSTMClassifier: seed must be a whole number, not 'lucky'"),
        ({"mode": "both"}, "mode = 'both' cannot be used: it must be one of stepwise, direct"),
        ({"hip": "tail"}, "no joint is 'tail'; give hip as one of hip, neck"),
        ({"skeleton": "kinect_v2"}, r"X\[0\] has 5 joints, but the skeleton kinect v2 has 25"),
        ({"learning_rate": 1e30, "clip": 0.0}, r"loss is .*; lower learning_rate \(1e\+30\) or set clip$"),
    ],
    ids=str,
)  # fmt: skip
def test_arguments_are_kept_as_they_are_and_looked_at_by_fit(changes, sentence):
    model = tiny(**changes)
    assert all(getattr(model, name) is value for name, value in changes.items())
    with pytest.raises(InputError, match=sentence):
        model.fit(X, Y)


def test_data_that_cannot_be_learned_from_or_predicted_is_told(fitted):
    for arguments, sentence in (
        ((X, ["up"] * 24), "y holds the class 'up' alone; give sequences of 2 to 500 classes"),
        ((X[:2] * 300, range(600)), "y holds 600 classes; give"),
        ((X, Y[1:]), "X holds 24 sequences, but y 23 labels"),
        ((X, None), "y is None, where a list"),
        (([X[0], X[1][:, :4]], Y[:2]), r"X\[1\] has 4 joints, but X\[0\] has 5"),
    ):
        with pytest.raises(InputError, match=sentence):
            tiny().fit(*arguments)
    for x, sentence in (
        ([], "X is empty"),
        ([X[0][:, :4]], "X has 4 joints, but 5 were fitted"),
        ([X[0] * np.inf], r"X\[0\] has the coordinate -?inf at frame 0, joint 0"),
        ([X[0] * np.nan], r"X\[0\].* shows nobody in any frame"),
    ):
        with pytest.raises(InputError, match=sentence):
            fitted.predict(x)


def test_a_label_that_was_not_fitted_counts_as_missed_unless_all_are(fitted):
    assert fitted.score(X, ["down", *Y[1:]]) == fitted.score(X, Y) - 1 / 24
    with pytest.raises(InputError, match="y holds no label that was fitted, such as 'still'; give labels as in fit"):
        fitted.score(X, [1] * 24)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "attention_scores", "attention_frames", "where_it_looks", "save"]
)
def test_what_is_not_fitted_says_so(method):
    with pytest.raises(InputError, match=r"this GCALSTMClassifier is not fitted; call fit\(X, y\) first"):
        getattr(tiny(), method)(X)


def test_a_fit_that_fails_leaves_what_was_fitted():
    model = tiny().fit(X, Y)
    before = model.predict_proba(X)
    with pytest.raises(InputError):
        model.fit(X, Y[1:])
    assert (model.predict_proba(X) == before).all()


# --- scikit-learn -----------------------------------------------------------------------------------------------------


def test_it_clones_prints_and_changes():
    model = tiny(seed=4)
    assert repr(GCALSTMClassifier()) == "GCALSTMClassifier()"
    assert repr(GCALSTMClassifier("paper", "openni", epochs=3)) == (
        "GCALSTMClassifier(preset='paper', skeleton='openni', epochs=3)"
    )
    copy = clone(model.fit(X, Y))
    assert copy.get_params() == model.get_params() and not hasattr(copy, "classes_")
    assert is_classifier(copy)
    with pytest.raises(NotFittedError):
        check_is_fitted(copy)
    check_is_fitted(model)
    assert copy.set_params(seed=5, hidden=3) is copy and copy.seed == 5 and copy.hidden == 3
    with pytest.raises(InputError, match=r"GCALSTMClassifier has no parameter 'depth'; get_params\(\) lists them"):
        copy.set_params(seed=6, depth=3)
    assert copy.seed == 5


def test_it_pickles(fitted):
    assert pickle.loads(pickle.dumps(tiny())).get_params() == tiny().get_params()
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict_proba(X) == fitted.predict_proba(X)).all()


@pytest.mark.parametrize("routing", [False, True], ids=["plain", "routed"])
def test_it_goes_through_cross_validation_and_search(routing):
    with sklearn.config_context(enable_metadata_routing=routing):
        model, more = tiny(validation=1), {"params": {"groups": PEOPLE}}
        apart = {"groups": None if routing else PEOPLE}
        scores = cross_val_score(model, X, Y, cv=LeaveOneGroupOut(), **apart, **more)
        assert scores.shape == (3,) and (scores >= 0).all()
        search = GridSearchCV(tiny(), {"iterations": [0, 1], "hidden": np.array([3, 4])}, cv=GroupKFold(3))
        search.fit(X, Y, groups=PEOPLE)
        assert search.best_estimator_.predict(X).shape == (24,)


def test_it_goes_through_pipelines_and_ensembles():
    halved = FunctionTransformer(lambda X: [x / 2 for x in X])
    pipe = make_pipeline(halved, tiny(validation=1)).fit(X, Y, gcalstmclassifier__groups=PEOPLE)
    assert pipe.score(X, Y) >= 0 and "GCALSTMClassifier" in repr(pipe) and "GCALSTM" in pipe._repr_html_()
    assert Pipeline([("model", tiny())]).set_params(model__seed=7)["model"].seed == 7
    p = cross_val_predict(tiny(), X, Y, groups=PEOPLE, cv=GroupKFold(3), method="predict_proba")
    assert p.shape == (24, 2)
    assert learning_curve(tiny(), X, Y, cv=2, train_sizes=[0.5, 1.0])[0].tolist() == [6, 12]
    pair = [("one", tiny()), ("other", tiny(seed=1))]
    for both in (VotingClassifier(pair, voting="soft"), StackingClassifier(pair, DummyClassifier(), cv=2)):
        assert set(both.fit(X, Y).predict(X)) <= {"up", "still"}
    assert CalibratedClassifierCV(tiny(), cv=2).fit(X, Y).predict_proba(X).shape == (24, 2)


def test_a_known_skeleton_by_its_name():
    rng = np.random.default_rng(0)
    clouds = [rng.normal(size=(5, 25, 3)) for _ in range(4)]
    by_name, by_layout = (tiny(skeleton=skeleton).fit(clouds, [0, 1] * 2) for skeleton in ("kinect_v2", KINECT_V2))
    assert same(by_name, by_layout) and by_name.unavailable_ == {}


class NotThere:
    """As pandas' NA: whether it equals itself it does not know."""

    def __ne__(self, other):
        return self

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([NotThere(), "a"] * 6, "leave it out"),
        (np.array(["NaT", "2021-01-01"] * 6, "M8[D]"), "NaT"),
        (np.ma.array([0, 1] * 6, mask=[1] + 11 * [0]), "is masked"),
        (dict.fromkeys(range(12), "a"), "no order"),
        ({*range(12)}, "no order"),
        (np.zeros((12, 2)), "one label for each sequence"),
    ],
    ids=["NA", "NaT", "masked", "dict", "set", "table"],
)
def test_labels_that_are_none_are_told(y, words):
    with pytest.raises(InputError, match=words):
        tiny().fit(X[:12], y)


@pytest.mark.parametrize("weights", [[1.0], "heavy", np.zeros(12), np.full(12, np.nan), -np.ones(12)], ids=str)
def test_weights_that_weigh_nothing_are_told(fitted, weights):
    with pytest.raises(InputError, match="sample_weight must be"):
        fitted.score(X[:12], Y[:12], sample_weight=weights)


@pytest.mark.parametrize("path", [None, 3, b"model.npz"], ids=str)
def test_a_path_that_is_none_is_told(fitted, path):
    with pytest.raises(InputError, match="is no path"):
        fitted.save(path)
    with pytest.raises(InputError, match="is no path"):
        GCALSTMClassifier.load(path)
