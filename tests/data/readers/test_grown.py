"""Files of the neutral format that get a pelvis: the same data as where it is made in memory, block by block."""

import dataclasses
import os

import numpy as np
import pytest

from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.made_joints import completed
from gca_scratch.data.readers import grown
from gca_scratch.support.errors import InputError
from tests.helpers.tiny import BODY, skeletons

DATA = dataclasses.replace(skeletons(), joint_names=("torso", *list(BODY)[1:]))


def test_the_file_is_that_of_data_in_memory(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(grown, "_BLOCK", 7)
    data = dataclasses.replace(DATA, joints=DATA.joints.copy())
    data.joints[3, 0, 4], data.joints[5] = np.nan, 0
    neutral.save("own.npz", data)
    assert main(["convert", "--data", "own.npz", "--hip", "middle", "--out", "with.npz"]) == 0
    wanted, sentences = completed(data, force=True)
    assert capsys.readouterr().out == "\n  ".join([f"{len(data)} sequences written to with.npz", *sentences]) + "\n"
    neutral.save("wanted.npz", wanted)
    with open("with.npz", "rb") as found, open("wanted.npz", "rb") as right:
        assert found.read() == right.read()
    assert sorted(os.listdir()) == ["own.npz", "wanted.npz", "with.npz"]


def test_what_cannot_be(tmp_path):
    neutral.save(tmp_path / "own.npz", DATA)
    with pytest.raises(InputError, match=r"own\.npz is there already"):
        grown.with_pelvis(tmp_path / "own.npz", tmp_path / "own.npz")
    with pytest.raises(InputError, match="cannot be written"):
        grown.with_pelvis(tmp_path / "own.npz", tmp_path / "own.npz" / "out.npz")
    neutral.save(tmp_path / "pelvis.npz", skeletons())
    with pytest.raises(InputError, match="has a pelvis already"):
        grown.with_pelvis(tmp_path / "pelvis.npz", tmp_path / "out.npz")
    line = dataclasses.replace(DATA, joint_names=("a", "b", "c", "d", "e", "f"))
    neutral.save(tmp_path / "line.npz", line)
    with pytest.raises(InputError, match="needs a left and a right hip"):
        grown.with_pelvis(tmp_path / "line.npz", tmp_path / "out.npz")
    assert sorted(os.listdir(tmp_path)) == ["line.npz", "own.npz", "pelvis.npz"]
