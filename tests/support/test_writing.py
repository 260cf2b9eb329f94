"""Files are written whole or not at all, in the place of plain files alone."""

import os
import stat

import pytest

from gca_scratch.commands.main import main
from gca_scratch.support.errors import InputError
from gca_scratch.support.writing import replacing, write_json


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_replaced(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    assert main(["stepper", "--out", str(tmp_path / "pipe")]) == 2
    assert "pipe cannot be written, for it is no plain file" in capsys.readouterr().err
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode) and os.listdir(tmp_path) == ["pipe"]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "there" / "file.json")
    for value in ({"a": 1}, {"a": 2}):  # once where nothing is yet
        write_json(tmp_path / "link.json", value)
        assert (tmp_path / "link.json").is_symlink()
        assert f'"a": {value["a"]}' in (tmp_path / "there" / "file.json").read_text("utf-8")
    assert sorted(os.listdir(tmp_path / "there")) == ["file.json"]


@pytest.mark.parametrize("path", [None, 3, "a\0b"])
def test_what_is_no_path_is_said_to_be_none(path):
    with pytest.raises(InputError, match="is no path of a file"), replacing(path):
        pytest.fail("it was written")


def test_a_file_and_its_name_reach_the_disk_before_anything_later(tmp_path, monkeypatch):
    """The bytes first, then the name in its folder."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(stat.S_ISDIR(os.fstat(handle).st_mode)))
    write_json(tmp_path / "a.json", [1])
    assert synced == [False, True]
