"""Tests of what reads small files: a byte-order mark before them, and hidden folders among them."""

import json

import pytest

from gca_scratch.support import reading

TEXTS = {
    "read_json": ('{"a": "\N{LATIN SMALL LETTER E WITH ACUTE}"}', {"a": "\N{LATIN SMALL LETTER E WITH ACUTE}"}),
    "read_toml": ('a = "\N{LATIN SMALL LETTER E WITH ACUTE}"\n', {"a": "\N{LATIN SMALL LETTER E WITH ACUTE}"}),
    "read_csv": ("a,b\r\n1,2\r\n", [{"a": "1", "b": "2"}]),
}


def read(name, path):
    found = getattr(reading, name)(path)
    return list(found) if name == "read_csv" else found


@pytest.mark.parametrize("name", TEXTS)
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path, name):
    text, wanted = TEXTS[name]
    path = tmp_path / "file"
    for encoding in ("utf-8", "utf-8-sig"):
        path.write_bytes(text.encode(encoding))
        assert read(name, path) == wanted
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        path.write_bytes(mark + text.encode(encoding))
        with pytest.raises(ValueError, match="it is text in UTF-16; save it as UTF-8"):
            read(name, path)


def test_a_mark_alone_is_no_json(tmp_path):
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(json.JSONDecodeError):
        reading.read_json(tmp_path / "file")


def test_hidden_folders_are_passed_over_and_links_that_are_hidden_are_not_refused(tmp_path):
    for name in ("a/file", ".git/file", "__MACOSX/file"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    (tmp_path / ".link").symlink_to(tmp_path / "a")
    found = list(reading.files_below(tmp_path, (".", "__MACOSX"), whole=True))
    assert found == [tmp_path / ".link", tmp_path / "a/file"]
    with pytest.raises(OSError, match="Is a link"):
        list(reading.files_below(tmp_path, whole=True))
