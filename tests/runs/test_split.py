"""Where data comes from by its name and path, and what a split of it refuses before anything is trained."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import BODY, TINY, skeletons

ODD = {
    "Hueftmitte": (None, (0, 0, 0)),
    "Nacken": ("Hueftmitte", (0, 0.5, 0)),
    "Hand A": ("Nacken", (0.3, 0.2, 0)),
    "Hand B": ("Nacken", (-0.3, 0.2, 0)),
    "Fuss A": ("Hueftmitte", (0.1, -0.8, 0)),
}


def test_a_path_alone_is_a_file_of_the_neutral_format(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("there.npz").touch()
    assert [runs.dataset_of(path) for path in (None, "there.npz", "gone.npz")] == ["synthetic"] + ["npz"] * 2
    with pytest.raises(InputError, match="--data is empty; give a path"):
        runs.dataset_of("")
    with pytest.raises(InputError, match=r"the folder \. holds nothing that is read .*there\.npz"):
        runs.dataset_of(".")


def test_data_that_lies_nowhere_and_data_that_lies_somewhere():
    with pytest.raises(InputError, match=r"leave --data x\.npz out"):
        runs.load_data(runs.Source("synthetic", "x.npz"))
    with pytest.raises(InputError, match="say where with --data PATH"):
        runs.load_data(runs.Source("utkinect"))
    with pytest.raises(InputError, match="unknown data set 'moon'"):
        runs.load_data(runs.Source("moon"))


def test_who_is_held_out_depends_on_the_seed_alone():
    data, source = skeletons(subjects=6), runs.Source("npz")
    splits = [
        runs.make_split(data, source, dataclasses.replace(TINY, validation=1, seed=seed)) for seed in (0, 0, 1, 2)
    ]
    held = [tuple(np.unique(data.subject[split.validate])) for split in splits]
    assert held[0] == held[1] and len(set(held)) > 1
    for split in splits:
        assert not set(split.fit) & set(split.validate) and not set(split.test) & {*split.fit, *split.validate}
        assert len(split.fit) + len(split.validate) + len(split.test) == len(data)


@pytest.mark.parametrize("option", ["face_camera", "torso_scale", "mirror"])
def test_what_needs_names_says_so_before_training(option):
    with pytest.raises(
        InputError, match=f"{option} needs .*Nacken.*switch it off with --no-{option.replace('_', '-')}"
    ):
        runs.make_split(
            skeletons(ODD),
            runs.Source("npz", hip="Hueftmitte"),
            dataclasses.replace(TINY, **{option: True}),
        )
    data = dataclasses.replace(skeletons(BODY), class_names=("bow", "stand upright", "nod"))
    runs.make_split(data, runs.Source("npz"), dataclasses.replace(TINY, **{option: True}))


@pytest.mark.parametrize("names", [("raise_left", "RaiseRight"), ("left-hand up", "RightHandUp")])
def test_a_side_is_seen_however_the_words_of_a_class_are_joined(names):
    settings = dataclasses.replace(TINY, mirror=True)
    data = dataclasses.replace(skeletons(BODY), class_names=(names[0], "bow", names[1]))
    with pytest.raises(InputError, match=f"another class of '{names[0]}': '{names[1]}'; switch it off"):
        runs.make_split(data, runs.Source("npz"), settings)
    for name in names:  # alone it is no reason
        runs.make_split(dataclasses.replace(data, class_names=("bow", name, "nod")), runs.Source("npz"), settings)


def test_a_protocol_of_some_classes_leaves_the_others_out():
    data = skeletons()
    many = dataclasses.replace(data, class_names=tuple(f"a{k:02}" for k in range(1, 21)))  # of which 3 have sequences
    split = runs.make_split(many, runs.Source("npz", protocol="msr-as1"), dataclasses.replace(TINY, validation=1))
    assert split.data.class_names == ("a02", "a03", "a05", "a06", "a10", "a13", "a18", "a20")
    assert len(split.data) == 16 == len(split.aligned.label) and split.network(TINY).classes == 8
    assert set(split.data.subject[split.test]) == {2, 4} and set(split.aligned.label) == {0, 1}


def test_mirror_images_are_refused_where_a_class_names_a_side():
    with pytest.raises(InputError, match=r"another class of 'raise left'.*--no-mirror"):
        runs.make_split(skeletons(BODY), runs.Source("npz"), dataclasses.replace(TINY, mirror=True))


def test_original_data_that_are_too_large_to_be_read_whole_are_converted(tmp_path, monkeypatch):
    content = b'{"file_name": "a08_s02_e03_v01", "skeletons": [' + b"1" * 3000
    (tmp_path / "a08_s02_e03_v01.json").write_bytes(content)
    monkeypatch.setattr("gca_scratch.runs.split.LARGE", 2000)
    source = runs.Source("nwucla", str(tmp_path / "a08_s02_e03_v01.json"))
    with pytest.raises(InputError, match=r"too much to be read whole .* convert --dataset nwucla --data "):
        runs.load_data(source)
