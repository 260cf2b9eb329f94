"""A saved classifier: it predicts the same bits when it comes back, and nothing that was edited passes for one."""

import json
import subprocess
import sys

import numpy as np
import pytest

from gca_scratch import GCALSTMClassifier, training
from gca_scratch.data.layouts import layout_named
from gca_scratch.data.skeleton import Layout
from gca_scratch.runs import checkpoint
from gca_scratch.support.errors import InputError
from tests.helpers.movements import BONES, NAMES, TINY, movements

X, Y, PEOPLE = movements(8)


@pytest.fixture(scope="module")
def fitted():
    return GCALSTMClassifier(skeleton=(NAMES, BONES), **TINY).fit(X, Y)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"skeleton": None},
        {"skeleton": (NAMES, BONES)},
        {"skeleton": Layout("stick", NAMES, BONES), "hip": "neck"},
        {"network": "two-stream", "skeleton": (NAMES, BONES), "traversal": "tree", "motion": 1.0},
        {"network": "st-lstm", "trust_gate": True},
        {"validation": 1, "learning_rate": np.float64(0.05), "hidden": np.int64(3), "preset": "paper"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "labels", [["up", "still"], [1, 0], [True, False], [np.int8(3), np.int8(-3)], [1, "1"]], ids=str
)
def test_it_comes_back_as_it_was(labels, changes, tmp_path):
    model = GCALSTMClassifier(**TINY | changes).fit(X, [labels[label == "up"] for label in Y], PEOPLE)
    model.save(tmp_path / "model.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]
    again = GCALSTMClassifier.load(tmp_path / "model.npz")
    assert (again.predict_proba(X) == model.predict_proba(X)).all()
    assert again.classes_.dtype == model.classes_.dtype and again.classes_.tolist() == model.classes_.tolist()
    assert again.history_ == model.history_ and again.unavailable_ == model.unavailable_
    params, before = again.get_params(), model.get_params()
    if isinstance(changes.get("skeleton"), tuple):
        assert params["skeleton"] == Layout("your own", NAMES, BONES)
        params["skeleton"] = before["skeleton"]
    assert params == before
    assert again.fit(X, Y, PEOPLE).predict(X).shape == (8,)


@pytest.mark.parametrize(("skeleton", "hip"), [("coco_17", None), ("coco_17", "left_shoulder"), ("openni", "middle")])
def test_a_pelvis_that_was_made_comes_back(tmp_path, skeleton, hip):
    joints = len(layout_named(skeleton).joint_names)
    rng = np.random.default_rng(0)
    body = rng.normal(size=(joints, 3))
    X = [np.ma.array(body + rng.normal(0, 0.1, (6, joints, 3)), mask=rng.random((6, joints, 3)) < 0.05) for _ in Y]
    model = GCALSTMClassifier(**TINY | {"skeleton": skeleton, "hip": hip}).fit(X, Y)
    model.save(tmp_path / "model.npz")
    again = GCALSTMClassifier.load(tmp_path / "model.npz")
    assert (again.predict_proba(X) == model.predict_proba(X)).all() and again.get_params()["hip"] == hip
    scores = again.attention_scores(X)
    made = {"coco_17": 2 if hip is None else 0, "openni": 1}[skeleton]
    assert scores.shape[-1] == joints + made
    np.testing.assert_allclose(scores.sum(axis=(2, 3)), 1, rtol=1e-5)
    with pytest.raises(InputError, match=f"X has {joints + 2} joints, but {joints} were fitted"):
        again.predict([np.zeros((3, joints + 2, 3))])


def test_a_network_that_is_not_trained_to_the_end_is_no_classifier(fitted, tmp_path):
    path = tmp_path / "model.npz"
    fitted.save(path)
    _, network, settings, run = checkpoint.load(path)
    checkpoint.save(path, training.snapshot(training.start(network, settings)), network, settings, run)
    with pytest.raises(InputError, match="contradicts itself on what was fitted"):
        GCALSTMClassifier.load(path)


def test_another_process_brings_it_back(fitted, tmp_path):
    fitted.save(tmp_path / "model.npz")
    np.save(tmp_path / "x.npy", X[0])
    code = (
        "import numpy as np; from gca_scratch import GCALSTMClassifier\n"
        "print(GCALSTMClassifier.load('model.npz').predict([np.load('x.npy')])[0])"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert out.strip() == fitted.predict(X[:1])[0]


def test_what_a_file_would_not_keep_is_refused_before_it_is_written(fitted, tmp_path):
    path = tmp_path / "model.npz"
    tuples = GCALSTMClassifier(**TINY).fit(X, [(label, 1) for label in Y])
    with pytest.raises(InputError, match=r"the label \('still', 1\) of type tuple cannot be saved; fit with numbers"):
        tuples.save(path)
    model = GCALSTMClassifier(**TINY).fit(X, Y).set_params(seed=np.random.default_rng())
    with pytest.raises(InputError, match=r"seed = .* cannot be saved; set_params can change it"):
        model.save(path)
    assert not path.exists()
    with pytest.raises(InputError, match="cannot be written"):
        path.write_text("a file")
        fitted.save(path / "model.npz")


def edited(fitted, path, change):
    """The file of a saved classifier once `change` has worked on its JSON."""
    fitted.save(path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(str(arrays.pop("about")))
    change(about["run"]["classifier"], about)
    np.savez(path, about=np.array(json.dumps(about)), **arrays)
    return path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("params", []), ("params", {"depth": 3}), ("params", {"seed": [1]}), ("params", {"skeleton": {}}),
        ("own_skeleton", 1), ("layout", None), ("joint_names", ["a"]), ("joint_names", [1, 2, 3, 4, 5]),
        ("joint_names", list("abcde")), ("edges", [[0, 1]]), ("edges", [[0, 1], [1, 2], [2, 3], [3, 9]]),
        ("edges", [0, 1, 2, 3]), ("edges", None), ("hip", "tail"), ("hip", 3), ("up", 3), ("up", -1), ("persons", 0),
        ("persons", 2), ("persons", 10**30), ("classes", {}), ("classes", {"dtype": "str", "values": ["a", "b", "c"]}),
        ("classes", {"dtype": "str", "values": ["a", "a"]}), ("unavailable", 3), ("unavailable", {"mirror": 3}),
        ("more", 1),
    ],
    ids=str,
)  # fmt: skip
def test_an_edited_file_is_refused_in_a_sentence(name, value, fitted, tmp_path):
    path = edited(fitted, tmp_path / "model.npz", lambda classifier, about: classifier.update({name: value}))
    with pytest.raises(InputError, match=r"model\.npz"):
        GCALSTMClassifier.load(path)


def test_other_checkpoints_are_no_classifiers(fitted, tmp_path):
    path = edited(fitted, tmp_path / "model.npz", lambda classifier, about: about.update(run={}))
    with pytest.raises(InputError, match=r"holds a run and no classifier; gca_scratch\.runs\.trained\.load brings it"):
        GCALSTMClassifier.load(path)
    path = edited(fitted, tmp_path / "model.npz", lambda classifier, about: about["run"].update(classifier=3))
    with pytest.raises(InputError, match="classifier is 3 where a table belongs"):
        GCALSTMClassifier.load(path)
    with pytest.raises(InputError, match="there is no"):
        GCALSTMClassifier.load(tmp_path / "nothing.npz")
