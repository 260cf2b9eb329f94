"""Data that is mapped from the disk, here from 1,000 bytes: the same numbers as data that is read, and no copy."""

import dataclasses
import io
import tracemalloc
import zipfile

import joblib
import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.data import neutral
from gca_scratch.data.alignment import align
from gca_scratch.data.skeleton import OPENNI
from gca_scratch.experiments import tasks
from gca_scratch.figures import look
from gca_scratch.runs import checkpoint, folds, trained
from gca_scratch.runs.folds import run_all_folds
from gca_scratch.settings import PRESETS
from gca_scratch.support import reading
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import TINY, of_layout, skeletons

DATA = dataclasses.replace(
    skeletons(of_layout(OPENNI), subjects=3, repetitions=1, persons=2), class_names=("up", "down", "bow")
)
DATA.joints[DATA.offsets[2] : DATA.offsets[3] - 1, 1] = 0  # a second person who comes late, one who never comes,
DATA.joints[DATA.offsets[3] : DATA.offsets[4], 1] = 0
DATA.joints[DATA.offsets[5], 0] = 0  # and a first one who is late


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of its own that holds data.npz, large enough to be mapped."""
    monkeypatch.setattr(reading, "MAPPED", 1000)
    monkeypatch.chdir(tmp_path)
    neutral.save("data.npz", DATA)


def mapped():
    data = neutral.load("data.npz")
    assert isinstance(data.joints, np.memmap)
    return data


def assert_same(found, wanted):
    for field in dataclasses.fields(wanted):
        a, b = getattr(found, field.name), getattr(wanted, field.name)
        assert a is b is None or (np.asarray(a).dtype == np.asarray(b).dtype and np.array_equal(a, b)), field.name


def test_large_joints_are_mapped_and_cannot_be_written_to():
    data = mapped()
    assert_same(data, DATA)
    with pytest.raises(ValueError, match="read-only"):
        data.joints[0] = 1
    assert not isinstance(data.truth, np.memmap)


@pytest.mark.parametrize("how", ["small", "compressed", "by columns", "of 64 bits", "of the other byte order"])
def test_what_cannot_be_mapped_is_read(how, monkeypatch):
    arrays = dict(np.load("data.npz"))
    joints = arrays["joints"]
    if how == "small":
        monkeypatch.setattr(reading, "MAPPED", joints.nbytes)
    arrays["joints"] = {
        "by columns": np.asfortranarray(joints), "of 64 bits": joints.astype(float),
        "of the other byte order": joints.astype(">f4"),
    }.get(how, joints)  # fmt: skip
    (np.savez_compressed if how == "compressed" else np.savez)("data.npz", **arrays)
    data = neutral.load("data.npz")
    assert type(data.joints) is np.ndarray
    assert_same(data, DATA)


def test_joints_at_any_place_of_the_file():
    """Behind members of any length, and behind bytes that are none of the archive's."""
    content = io.BytesIO()
    with zipfile.ZipFile("data.npz") as old, zipfile.ZipFile(content, "w") as new:
        for name in sorted(old.namelist(), reverse=True):
            new.writestr(name, old.read(name))
            new.writestr(f"more {name}", b"odd")
    for stray in (b"", b"x", b"abc"):
        with open("data.npz", "wb") as file:
            file.write(stray + content.getvalue())
        assert_same(mapped(), DATA)


def test_a_replaced_file_leaves_the_mapped_data_as_they_were():
    data = mapped()
    neutral.save("data.npz", dataclasses.replace(DATA, joints=DATA.joints + 1))
    assert_same(data, DATA)


def test_processes_that_would_read_a_replaced_file_say_so():
    data, mark = mapped(), neutral.fingerprint(DATA)
    with joblib.parallel_config("loky", n_jobs=2):
        assert joblib.Parallel()([joblib.delayed(neutral.refuse_other)(data, mark)] * 2) == [None, None]
        neutral.save("data.npz", dataclasses.replace(DATA, joints=DATA.joints + 1))
        with pytest.raises(InputError, match="has been replaced"):
            joblib.Parallel()([joblib.delayed(neutral.refuse_other)(data, mark)] * 2)


@pytest.mark.parametrize("how", ["all folds", "table"])
def test_data_that_are_replaced_while_folds_run_end_them(how, monkeypatch):
    """The file is replaced just behind the moment that the data are marked."""
    module = folds if how == "all folds" else tasks
    known = module.fingerprint

    def then_replaced(data):
        mark = known(data)
        neutral.save("data.npz", dataclasses.replace(DATA, joints=DATA.joints + 1))
        return mark

    monkeypatch.setattr(module, "fingerprint", then_replaced)
    source = runs.Source("npz", "data.npz", "loso")
    with pytest.raises(InputError, match="has been replaced"):
        if how == "table":
            todo = [tasks.Task("tiny", source, TINY)]
            tasks.run_all(mapped(), todo, "out", todo, show=False)
        else:
            run_all_folds(source, TINY, "out")


@pytest.mark.filterwarnings("ignore")
def test_damage_is_found():
    with open("data.npz", "rb") as file:
        whole = file.read()
    rng, refusals, size = np.random.default_rng(0), 0, DATA.joints.nbytes
    for n in range(300):
        bad = bytearray(whole if n % 5 else whole[: rng.integers(len(whole))])
        if n % 5:
            bad[rng.integers(len(whole) if n % 2 else size)] ^= 1 << rng.integers(8)
        with open("data.npz", "wb") as file:
            file.write(bad)
        try:
            assert_same(neutral.load("data.npz"), DATA)
        except InputError as error:
            refusals += 1
            assert "data.npz" in str(error)
    assert refusals > 200


def test_an_infinite_coordinate_is_named():
    arrays = dict(np.load("data.npz"))
    arrays["joints"][DATA.offsets[7], 1, 3, 2] = np.inf
    np.savez("data.npz", **arrays)
    with pytest.raises(InputError, match=r"sequence 7 .*, frame 0, person 1, joint 3 \('left shoulder'\)"):
        neutral.load("data.npz")


@pytest.mark.parametrize(
    "options",
    [{}, {"face_camera": True}, {"torso_scale": True}, {"pair": True}, {"tree": True}, {"motion": 3.0},
     {"face_camera": True, "torso_scale": True, "pair": True, "tree": True, "motion": 3.0}],
)  # fmt: skip
def test_batches_are_those_of_data_in_memory_to_the_bit(options):
    settings = dataclasses.replace(PRESETS["small"], mirror=True)
    lazy, whole = (align(data, **options) for data in (mapped(), DATA))
    assert type(whole.x) is np.ndarray and not isinstance(lazy.x, np.ndarray)
    assert lazy.x.shape == whole.x.shape and len(lazy.x) == len(whole.x)
    assert not lazy.x.placement.found.any() and lazy.up == whole.up
    for sequences in (np.arange(len(DATA)), np.array([5]), np.array([8, 2, 2])):
        for rng in (None, 7):
            a, b = (
                aligned.batch(sequences, 6, settings, None if rng is None else np.random.default_rng(rng))
                for aligned in (lazy, whole)
            )
            assert a[0].tobytes() == b[0].tobytes() and (a[1] == b[1]).all()
    assert (lazy.flipped == whole.flipped).all()
    some_joints = (slice(None, None, 4), slice(None), 0, 1)
    for index in (slice(None), slice(3, 9), some_joints, ([4, 0], 2), np.array([[1], [3]])):
        assert np.array_equal(lazy.x[index], whole.x[index])


def test_a_run_is_the_same_to_the_bit():
    settings = dataclasses.replace(TINY, epochs=2, face_camera=True, turn=20.0, jitter=0.01)
    source = runs.Source("npz", "data.npz", "loso")
    results = [runs.run(data, source, settings, out, show=False) for data, out in ((mapped(), "a"), (DATA, "b"))]
    (a, *_), (b, *_) = checkpoint.load("a"), checkpoint.load("b")
    assert all((a.params[name] == b.params[name]).all() for name in a.params)
    assert results[0]["confusion"] == results[1]["confusion"]
    assert runs.retest("a")["loss"] == results[1]["loss"]
    run_a, run_b = trained.load("a"), trained.load("b", data=DATA)
    assert not isinstance(run_a.split.aligned.x, np.ndarray) and isinstance(run_b.split.aligned.x, np.ndarray)
    for n in (0, 2, 5):
        assert (look.poses(run_a, n) == look.poses(run_b, n)).all()
    assert (trained.classify(run_a, [0, 4])[1] == trained.classify(run_b, [0, 4])[1]).all()


def test_all_folds_in_processes_of_their_own():
    settings = dataclasses.replace(TINY, epochs=1, iterations=0)
    result = run_all_folds(runs.Source("npz", "data.npz", "loso"), settings, "all", jobs=2)
    one = runs.run(DATA, runs.Source("npz", "data.npz", "loso", 2), settings, "one", show=False)
    assert result["folds"][1]["accuracy"] == one["accuracy"]


def test_no_copy_is_made_of_the_whole():
    """Mapped joints are loaded, aligned and sampled in a part of their memory, joints that are read in more."""
    slower = 400
    joints, offsets = np.repeat(DATA.joints, slower, axis=0), DATA.offsets * slower
    neutral.save("data.npz", dataclasses.replace(DATA, joints=joints, offsets=offsets, truth=None))
    size = joints.nbytes
    assert size > 5e6

    def most(settings):
        tracemalloc.start()
        aligned = runs.make_split(neutral.load("data.npz"), runs.Source("npz", "data.npz"), settings).aligned
        aligned.batch(np.arange(len(DATA)), 10, settings, np.random.default_rng(0))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    settings = dataclasses.replace(PRESETS["small"], face_camera=True, torso_scale=True, pair=True)
    assert most(settings) < size / 3
    reading.MAPPED = 2**40
    assert most(settings) > 1.5 * size
