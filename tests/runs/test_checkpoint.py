"""Checkpoints: what goes in comes out to the last bit, and what is not whole is refused in one sentence."""

import dataclasses
import json
import math
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gca_scratch import runs, training
from gca_scratch.runs import checkpoint
from gca_scratch.settings import Settings
from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import from_plain, read_npz
from gca_scratch.support.writing import replacing
from tests.helpers.tiny import TINY, skeletons

SOURCE = runs.Source("npz", "data.npz")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A checkpoint in the middle of training step 1, with weights, velocities and a best epoch, as bytes."""
    data = skeletons()
    split = runs.make_split(data, SOURCE, TINY)
    network = split.network(TINY)
    kept = []

    def on_epoch(state, done):
        kept.append(training.snapshot(state))

    training.train(
        network, training.start(network, TINY), split.aligned, split.fit, split.validate, TINY, on_epoch=on_epoch
    )
    path = tmp_path_factory.mktemp("whole") / "checkpoint.npz"
    state = next(state for state in kept if state.stage == 1 and state.epoch == 2 and state.waited == 1)
    checkpoint.save(path, state, network, TINY, dataclasses.asdict(SOURCE))
    return path.read_bytes(), state, network


def opened(content):
    """Arrays and JSON of a checkpoint."""
    path = Path("opened.npz")
    path.write_bytes(content)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays, json.loads(str(arrays.pop("about")))


def written(path, arrays, about):
    text = about if isinstance(about, str) else json.dumps(about)
    with open(path, "wb") as file:
        np.savez(file, about=np.array(text), **arrays)
    return path


def refused(path, *words):
    with pytest.raises(InputError) as caught:
        checkpoint.load(path)
    message = str(caught.value)
    assert str(path) in message and len(message) < 600 and "\n" not in message, message
    assert all(word in message for word in words), message


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def assert_same(a, b):
    for group in ("params", "velocity", "best"):
        one, other = getattr(a, group), getattr(b, group)
        assert list(one) == list(other)
        assert all(one[name].tobytes() == other[name].tobytes() and one[name].dtype == np.float32 for name in one)
    assert a.rng.bit_generator.state == b.rng.bit_generator.state
    for name in ("stage", "epoch", "best_score", "waited", "history", "finished"):
        assert getattr(a, name) == getattr(b, name)


# --- whole ------------------------------------------------------------------------------------------------------------


def test_what_is_saved_is_loaded(whole):
    content, state, network = whole
    Path("checkpoint.npz").write_bytes(content)
    for path in ("checkpoint.npz", ".", Path()):
        loaded, same_network, same_settings, run = checkpoint.load(path)
        assert_same(loaded, state)
        assert (same_network, same_settings, run) == (network, TINY, dataclasses.asdict(SOURCE))
    checkpoint.save("again.npz", loaded, network, TINY, run)
    assert Path("again.npz").read_bytes() == content


@pytest.mark.parametrize("mode", ["stepwise", "direct"])
def test_a_fresh_and_a_finished_state_are_loaded(mode):
    chosen = dataclasses.replace(TINY, mode=mode, epochs=1)
    split = runs.make_split(skeletons(), SOURCE, chosen)
    network = split.network(chosen)
    state = training.start(network, chosen)
    for _ in range(2):
        checkpoint.save("checkpoint.npz", training.snapshot(state), network, chosen, {})
        loaded = checkpoint.load("checkpoint.npz")[0]
        assert loaded.best is None and loaded.best_score is None and loaded.history == state.history
        assert loaded.finished == state.finished
        training.train(network, state, split.aligned, split.fit, split.validate, chosen)
    assert state.finished


def test_averaged_weights_are_saved_and_loaded_and_missed():
    chosen = dataclasses.replace(TINY, average=2)
    split = runs.make_split(skeletons(), SOURCE, chosen)
    network, kept = split.network(chosen), []
    training.train(
        network, training.start(network, chosen), split.aligned, split.fit, split.validate, chosen,
        on_epoch=lambda state, done: kept.append(training.snapshot(state)),
    )  # fmt: skip
    checkpoint.save("checkpoint.npz", kept[1], network, chosen, {})
    loaded = checkpoint.load("checkpoint.npz")[0]
    assert_same(loaded, kept[1])
    assert all(loaded.average[name].tobytes() == value.tobytes() for name, value in kept[1].average.items())
    arrays, about = opened(Path("checkpoint.npz").read_bytes())
    without = {name: array for name, array in arrays.items() if not name.startswith("average/")}
    refused(written(Path("edited.npz"), without, about), "contradicts itself")
    del arrays["average/layer1.b"]
    refused(written(Path("edited.npz"), arrays, about), "lacks average/layer1.b")
    arrays, about = opened(Path("checkpoint.npz").read_bytes())
    about["settings"]["average"] = 0
    refused(written(Path("edited.npz"), arrays, about), "contradicts itself")


def test_nothing_is_found():
    refused(Path("nowhere"), "there is no checkpoint")
    os.mkdir("empty")
    refused(Path("empty"), "there is no checkpoint empty/checkpoint.npz")
    np.savez("other.npz", joints=np.zeros(3))
    refused(Path("other.npz"), "no checkpoint")


# --- damaged ----------------------------------------------------------------------------------------------------------


def test_a_checkpoint_that_is_cut_off(whole):
    content, path = whole[0], Path("cut.npz")
    for length in [
        *range(0, 200, 7),
        *range(200, len(content) - 300, 997),
        *range(len(content) - 300, len(content), 7),
    ]:
        path.write_bytes(content[:length])
        refused(path, "damaged")


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore")
def test_bytes_that_flip(whole, changes):
    """A flip is refused, or it was in a place that means nothing, such as the date of a member."""
    copy = bytearray(whole[0])
    for place, value in changes:
        copy[int(place * len(copy))] = value
    path = Path("flipped.npz")
    path.write_bytes(bytes(copy))
    try:
        state, network, _, _ = checkpoint.load(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert_same(state, whole[1])
        assert network == whole[2]


@given(st.integers(0, 2999), st.integers(0, 255))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore")
def test_bytes_that_flip_in_the_directory_of_the_archive(whole, place, value):
    copy = bytearray(whole[0])
    copy[-1 - place] = value
    path = Path("flipped.npz")
    path.write_bytes(bytes(copy))
    try:
        state, *_ = checkpoint.load(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert_same(state, whole[1])


# --- edited -----------------------------------------------------------------------------------------------------------

ABSURD = [None, "", "a string", [], {}, [1], {"a": 1}, True, -1, 0.5, 10**9, 10**400, math.nan, math.inf, "9" * 500]


def places(value, path=()):
    """Every place in nested plain values, as a tuple of keys; of long lists the first and the last."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for key in {0, len(value) - 1} if value else ():
            yield from places(value[key], (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def harmless(path, old, new):
    """May this place hold another value than it does and still be a whole checkpoint?

    Settings that the weights do not depend on, how the run is described, figures of the history.
    """
    if path[:1] == ("run",):
        return len(path) > 1 or isinstance(new, dict)
    figure = type(new) in (int, float) and abs(new) < 1e300 and math.isfinite(new)
    if path[:1] in (("history",), ("best_score",)):
        return len(path) > 1 and figure and path[-1] != "step" and isinstance(old, (int, float))
    if path[0] == "settings" and len(path) == 2:
        return type(new) is type(old) or (figure and isinstance(old, float))
    if path[0] == "rng":  # any numbers of the right size are a state
        return isinstance(new, int) and type(old) is int
    if path == ("network", "parts"):
        return new == [1]
    return path in {("waited",), ("network", "joints")} and type(new) is int  # the data will tell how many joints


@pytest.mark.parametrize("values", [2, pytest.param(len(ABSURD), marks=pytest.mark.long)])
def test_every_field_deleted_or_absurd(whole, values):
    arrays, about = opened(whole[0])
    path, tried, rng = Path("edited.npz"), 0, np.random.default_rng(0)
    for place in places(about):
        old = at(about, place)
        for new in (ABSURD[k] for k in rng.choice(len(ABSURD), values, replace=False)):  # of everything there a few
            if new == old and type(new) is type(old):
                continue
            copy = json.loads(json.dumps(about))
            if place:
                at(copy, place[:-1])[place[-1]] = new
            else:
                copy = new
            written(path, arrays, copy)
            tried += 1
            try:
                checkpoint.load(path)
            except InputError as error:
                assert str(path) in str(error) and "\n" not in str(error) and len(str(error)) < 900
            else:
                assert place and harmless(place, old, new), (place, old, new)
        if place and isinstance(place[-1], str) and place[:1] != ("run",):
            copy = json.loads(json.dumps(about))
            del at(copy, place[:-1])[place[-1]]
            if place[-1] in ("validation_loss", "validation_error"):
                continue
            written(path, arrays, copy)
            refused(path)
    assert tried > 75 * values


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("version",), 3, ["version 3, not 7", "train again"]),
        (("version",), [5], ["version [5], not 7", "train again"]),
        (("settings", "hidden"), 10**9, ["settings: hidden"]),
        (("network", "classes"), 4.0, ["network: classes must be a whole number"]),
        (("settings", "iterations"), 50, ["lacks"]),
        (("settings", "network"), "coarse", ["needs the part, 0 to 4, of every joint"]),
        (("network", "joints"), 0, ["joints >= 1"]),
        (("network", "colour"), 3, ["no entry 'colour'"]),
        (("settings", "mode"), "sideways", ["settings: mode = 'sideways'"]),
        (("settings", "learning_rate"), math.inf, ["learning_rate must be a finite number, not inf"]),
        (("stage",), 3, ["contradicts itself"]),
        (("stage",), -1, ["contradicts itself"]),
        (("epoch",), -1, ["contradicts itself"]),
        (("epoch",), 1, ["contradicts itself"]),
        (("epoch",), 99, ["contradicts itself"]),
        (("waited",), 3, ["contradicts itself"]),
        (("best_score",), "good", ["best_score must be"]),
        (("best_score",), [0.5], ["contradicts itself"]),
        (("best_score",), [0.5, "low"], ["contradicts itself"]),
        (("best_score",), None, ["contradicts itself"]),
        (("has_best",), False, ["contradicts itself"]),
        (("finished",), True, ["contradicts itself"]),
        (("history",), [], ["contradicts itself"]),
        (("history", 0, "seconds"), "long", ["contradicts itself"]),
        (("history", 0, "step"), 7, ["contradicts itself"]),
        (("rng", "bit_generator"), "MT19937", ["not a whole checkpoint"]),
        (("rng", "state"), {"state": -1, "inc": 2}, ["edited.npz"]),
        (("rng", "state", "state"), 2**200, ["edited.npz"]),
        (("rng",), {}, ["edited.npz"]),
    ],
)
@pytest.mark.filterwarnings("ignore:NumPy will stop allowing:DeprecationWarning")  # 1.26, of a random state
def test_edited_fields_are_named(whole, place, value, words):
    arrays, about = opened(whole[0])
    at(about, place[:-1])[place[-1]] = value
    refused(written(Path("edited.npz"), arrays, about), *words)


@pytest.mark.parametrize(("ended", "goes_on"), [({"epochs": 2}, {"epochs": 3}), ({"patience": 1}, {"patience": 2})])
def test_a_training_step_that_is_over_does_not_go_on(whole, ended, goes_on):
    """Two epochs of it are done, and the best of them was the one before."""
    arrays, about = opened(whole[0])
    about["settings"] |= goes_on
    checkpoint.load(written(Path("edited.npz"), arrays, about))
    about["settings"] |= ended
    refused(written(Path("edited.npz"), arrays, about), "contradicts itself")


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, '{"version": NaN}', '"about"', "\x07"])
def test_text_that_is_no_json(whole, text):
    arrays, _ = opened(whole[0])
    refused(written(Path("edited.npz"), arrays, text))


def test_two_edits_that_agree_do_not_allocate(whole):
    """As many iterations, or as wide a network, as no memory holds."""
    arrays, about = opened(whole[0])
    for name, value in (("iterations", 10**9), ("hidden", 10**9), ("hidden", 10**30)):
        copy = json.loads(json.dumps(about))
        copy["network"][name] = copy["settings"][name] = value
        refused(written(Path("edited.npz"), arrays, copy))


def spoiled(array, number=np.nan):
    array = array.copy()
    array[-1] = number
    return array


@pytest.mark.parametrize(
    ("name", "edit", "words"),
    [
        ("params/layer1.W", None, ["lacks params/layer1.W"]),
        ("params/attention.2.We1", None, ["lacks params/attention.2.We1"]),
        ("best/classifier.b", None, ["lacks best/classifier.b"]),
        ("params/layer9.W", lambda _: np.zeros(3, np.float32), ["params/layer9.W", "no such array"]),
        ("weights/layer1.W", lambda _: np.zeros(3, np.float32), ["weights/layer1.W", "no such array"]),
        ("layer1.W", lambda _: np.zeros(3, np.float32), ["layer1.W", "no such array"]),
        ("params/layer1.W", lambda a: a[:-1], ["params/layer1.W", "(10, 20)", "(11, 20)"]),
        ("params/layer1.W", lambda a: a.T, ["params/layer1.W", "(20, 11)", "(11, 20)"]),
        ("params/layer1.W", lambda a: a.ravel(), ["params/layer1.W", "(220,)"]),
        ("params/layer1.W", lambda a: a.astype(float), ["float64", "float32"]),
        ("params/layer1.W", lambda a: a.astype(int), ["int64"]),
        ("params/layer1.W", lambda a: a.astype(complex), ["complex128"]),
        ("params/layer1.W", lambda a: a.astype(">f4"), [">f4"]),
        ("params/layer1.W", lambda a: a.astype(str), ["<U32"]),
        ("params/layer1.W", lambda a: a.astype(object), ["params/layer1.W", "Python objects"]),
        ("params/layer1.b", spoiled, ["params/layer1.b", "not finite"]),
        ("best/layer1.b", spoiled, ["best/layer1.b", "not finite"]),
        ("velocity/layer1.b", spoiled, ["velocity/layer1.b", "not finite"]),
        ("params/layer1.b", lambda a: spoiled(a, np.inf), ["params/layer1.b", "not finite"]),
        ("velocity/layer1.b", lambda a: spoiled(a, -np.inf), ["velocity/layer1.b", "not finite"]),
        ("velocity/layer1.b", lambda a: a[:3], ["velocity/layer1.b", "(3,)"]),
    ],
)
def test_edited_arrays_are_named(whole, name, edit, words):
    arrays, about = opened(whole[0])
    array = arrays.pop(name, None)
    if edit:
        arrays[name] = edit(array)
    refused(written(Path("edited.npz"), arrays, about), *words)


def test_best_weights_that_nobody_asked_for(whole):
    arrays, about = opened(whole[0])
    arrays = {name: array for name, array in arrays.items() if not name.startswith("best/")}
    refused(written(Path("edited.npz"), arrays, about), "contradicts itself")


def test_about_that_is_no_text(whole):
    arrays, _ = opened(whole[0])
    for about in (np.zeros(3), np.array({"version": 1}, object), np.array(["{}", "{}"])):
        np.savez("edited.npz", about=about, **arrays)
        refused(Path("edited.npz"))


def test_nothing_is_unpickled(whole):
    class Trap:
        def __reduce__(self):
            return os.mkdir, ("sprung",)

    arrays, about = opened(whole[0])
    arrays["params/layer1.b"] = np.array([Trap()] * 20)
    refused(written(Path("trap.npz"), arrays, about), "Python objects")
    assert not os.path.exists("sprung")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(whole, monkeypatch):
    arrays, about = opened(whole[0])
    arrays["params/layer1.W"] = np.zeros(10**7, np.float32)
    np.savez_compressed("bomb.npz", about=np.array(json.dumps(about)), **arrays)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    refused(Path("bomb.npz"), "claims to unpack")


@pytest.mark.parametrize("shape", ["(1000000000000,)", "(-20,)", "(99999999999999999999,)", "()", "(20, 0)", "'many'"])
def test_a_header_that_claims_more_than_is_there_is_not_believed(whole, shape):
    path = Path("lying.npz")
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    Path("whole.npz").write_bytes(whole[0])
    with zipfile.ZipFile("whole.npz") as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename == "params/layer1.b.npy":
                content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content[-80:]
            new.writestr(info, content)
    refused(path)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole_or_not_at_all():
    path = Path("deep/er/file.txt")
    with replacing(path) as temporary:
        temporary.write_text("one")
        assert not path.exists() and temporary.parent == path.parent
    for error in (ValueError, KeyboardInterrupt, OSError(28, "No space left on device")):
        with pytest.raises((ValueError, KeyboardInterrupt, InputError)), replacing(path) as temporary:
            temporary.write_text("half")
            raise error
    assert path.read_text() == "one" and os.listdir(path.parent) == ["file.txt"]


def test_what_cannot_be_replaced_is_named():
    os.makedirs("folder/inside")
    Path("file").touch()
    for path in ("folder", "file/inside.txt", ".", "/"):
        with pytest.raises(InputError, match="cannot be written"), replacing(path) as temporary:
            temporary.write_text("x")
    assert sorted(os.listdir()) == ["file", "folder"] and os.listdir("folder") == ["inside"]


def test_read_npz_reads_what_is_wanted():
    np.savez("some.npz", a=np.arange(3), b=np.array({}, object), c=np.array("text"))
    found = read_npz("some.npz", ("a", "c", "d"))
    assert found.keys() == {"a", "c"} and found["a"].tolist() == [0, 1, 2] and str(found["c"]) == "text"
    with pytest.raises(InputError, match="b holds Python objects"):
        read_npz("some.npz")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (3, "here is 3 where a table belongs"),
        ({"data": "x"}, "here lacks dataset; add it"),
        ({"dataset": "npz", "colour": 3}, "here has no entry 'colour'; it may hold dataset, data"),
        ({"dataset": 3}, "here: dataset must be text, not 3"),
        ({"dataset": "npz", "fold": True}, "here: fold must be a whole number, not True"),
        ({"dataset": "npz", "fold": 1.0}, "here: fold must be a whole number, not 1.0"),
    ],
)
def test_plain_values_are_checked(values, words):
    with pytest.raises(InputError, match=words):
        from_plain(runs.Source, values, "here", complete=False)


def test_plain_values_become_the_types_of_the_settings():
    made = from_plain(Settings, {"clip": 5, "epochs": 3, "mirror": True}, "here", complete=False)
    assert made == Settings(clip=5.0, epochs=3, mirror=True) and type(made.clip) is float
    for name, value in (("epochs", 2.0), ("mirror", 1), ("mode", 3), ("clip", math.nan), ("clip", "5"), ("clip", True)):
        with pytest.raises(InputError, match=f"here: {name} must be"):
            from_plain(Settings, {name: value}, "here", complete=False)
    with pytest.raises(InputError, match="here: epochs = 0 cannot be used"):
        from_plain(Settings, {"epochs": 0}, "here", complete=False)
    with pytest.raises(InputError, match="here lacks frames"):
        from_plain(Settings, {}, "here")
