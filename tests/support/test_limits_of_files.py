"""What is believed of a file: exactly so much and no more, and in which order folders are gone through."""

import errno
import json
import math
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from gca_scratch.support import patterns, pickled, reading, unpickling, workers
from gca_scratch.support.errors import FULL, InputError, printable, shown
from gca_scratch.support.patterns import find_groups
from gca_scratch.support.reading import files_below, from_plain, is_number, read_npz, reason
from gca_scratch.support.stored import in_npy, in_npz, mapped, own_folder, read_row, read_stored
from gca_scratch.support.writing import replacing, write_json, write_npz

# --- small files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "most", "before", "after", "said"),
    [
        ("read_json", 2**20, '"', '"', "Larger than 1024 KiB"),
        ("read_toml", 2**16, 'a = "', '"', "Larger than 64 KiB"),
        ("read_csv", 2**20, "a\n", "\n", "Larger than 1024 KiB"),
    ],
)
def test_a_small_file_has_so_many_bytes_at_most(tmp_path, name, most, before, after, said):
    path, inside = tmp_path / "file", most - len(before) - len(after)
    read = (lambda p: list(reading.read_csv(p))) if name == "read_csv" else getattr(reading, name)
    line = "x\n" * (inside // 2) if name == "read_csv" else "x" * inside
    path.write_text(before + line + after)
    size = path.stat().st_size
    assert size in (most, most - 1) and read(path)
    path.write_bytes(path.read_bytes() + b" " * (most + 1 - size))
    with pytest.raises(OSError, match=said) as caught:
        read(path)
    assert caught.value.errno == errno.EFBIG and caught.value.filename == str(path)


def test_what_is_a_number():
    assert all(map(is_number, (0, -3, 1.5, 1e300, -1e300, 10**299)))
    assert not any(map(is_number, (True, False, None, "1", math.nan, math.inf, -math.inf, 1.01e300, 10**301)))
    assert not is_number(np.float64(1)), "of NumPy's nothing is read from a file"
    assert is_number(2, 2, 3) and is_number(3, 2, 3) and not is_number(1.999, 2, 3) and not is_number(3.001, 2, 3)


def test_a_reason_is_one_short_line():
    assert reason(ValueError("two\n lines")) == "two lines" and reason(ValueError()) == "ValueError"
    assert reason(ValueError("x" * 100 + "y")) == "x" * 100


def test_what_is_quoted_is_short_and_does_not_move_a_terminal():
    assert shown("a" * 58) == f"'{'a' * 58}'" and len(shown("a" * 58)) == 60
    assert shown("a" * 59) == "'" + "a" * 56 + "..." and len(shown("a" * 59)) == 60
    assert shown(10**5000) == "a number of thousands of digits" and printable("a\tb") == r"a\tb"
    assert set(FULL) == {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def test_files_that_lie_higher_come_first_and_by_name(tmp_path):
    for name in ("b/2", "b/a/3", "a/1", "c", "a/9", ".hidden/4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    found = [str(path.relative_to(tmp_path)) for path in files_below(tmp_path)]
    assert found == ["c", "link", ".hidden/4", "a/1", "a/9", "b/2", "b/a/3"]  # the link itself, not what lies behind it
    assert ".hidden/4" not in [str(path.relative_to(tmp_path)) for path in files_below(tmp_path, (".",))]
    with pytest.raises(FileNotFoundError):
        list(files_below(tmp_path / "none", whole=True))
    assert list(files_below(tmp_path / "none")) == []


# --- arrays -----------------------------------------------------------------------------------------------------------


def archive(path, members, how=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", how) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def npy(array):
    import io

    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def test_arrays_are_read_by_name(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.asfortranarray(np.arange(6).reshape(2, 3)), "c": np.zeros(0)}
    with open(tmp_path / "x.npz", "wb") as file:
        write_npz(file, arrays)
    for found in (read_npz(tmp_path / "x.npz"), read_npz(tmp_path / "x.npz", {"a", "b", "none"})):
        assert [found[name].tolist() for name in "ab"] == [arrays[name].tolist() for name in "ab"]
    assert set(read_npz(tmp_path / "x.npz")) == {"a", "b", "c"}
    assert set(read_npz(tmp_path / "x.npz", {"b", "none"})) == {"b"}


@pytest.mark.parametrize(("length", "fits"), [(200, True), (201, False)])
def test_a_name_of_an_array_has_200_characters_at_most(tmp_path, length, fits):
    path = archive(tmp_path / "x.npz", {"n" * length + ".npy": npy(np.zeros(2))})
    if fits:
        assert list(read_npz(path)) == ["n" * length]
    else:
        with pytest.raises(InputError, match="no name of an array"):
            read_npz(path)


def test_an_archive_may_swell_sixfold_and_by_four_mebibytes(tmp_path):
    fits, swells = (np.zeros(2**22 // 8 + more) for more in (-16, 2**12))
    assert len(read_npz(archive(tmp_path / "a.npz", {"a.npy": npy(fits)}, zipfile.ZIP_DEFLATED))["a"]) == len(fits)
    path = archive(tmp_path / "b.npz", {"a.npy": npy(swells)}, zipfile.ZIP_DEFLATED)
    assert len(npy(swells)) - 2**22 > 6 * path.stat().st_size
    with pytest.raises(InputError, match="claims to unpack"):
        read_npz(path)
    noise = np.random.default_rng(0).integers(0, 4, 2**20).astype(np.uint8)  # packed to a quarter
    path = archive(tmp_path / "c.npz", {f"{n}.npy": npy(noise) for n in range(7)}, zipfile.ZIP_DEFLATED)
    assert 2**22 + 2**20 < 7 * len(noise) < 6 * path.stat().st_size
    assert len(read_npz(path)) == 7


def test_large_arrays_that_are_asked_for_are_mapped_and_no_others(tmp_path, monkeypatch):
    assert reading.MAPPED == 2**28
    monkeypatch.setattr(reading, "MAPPED", 800)
    arrays = {"large": np.arange(101.0), "small": np.arange(100.0), "fortran": np.asfortranarray(np.ones((60, 2)))}
    np.savez(tmp_path / "x.npz", **arrays)
    found = read_npz(tmp_path / "x.npz", None, ("large", "small", "fortran"))
    assert {name for name, array in found.items() if isinstance(array, np.memmap)} == {"large"}
    assert all((found[name] == array).all() for name, array in arrays.items()) and not found["large"].flags.writeable
    assert not isinstance(read_npz(tmp_path / "x.npz")["large"], np.memmap)
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    assert not isinstance(read_npz(tmp_path / "x.npz", None, ("large",))["large"], np.memmap)


def test_a_mapped_array_has_a_checksum_over_several_blocks(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, first=np.arange(7), large=np.arange(1000.0))
    with zipfile.ZipFile(path) as file:
        info = file.getinfo("large.npy")
        skip = info.file_size - 8000
    found = reading._map(info, skip, path, np.dtype(float), (10, 100), block=999)
    assert found.shape == (10, 100) and (found.ravel() == np.arange(1000)).all()
    content = bytearray(path.read_bytes())
    content[content.index(np.float64(999).tobytes())] ^= 1  # in the last block
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"wrong checksum of large\.npy"):
        reading._map(info, skip, path, np.dtype(float), (10, 100), block=999)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("how", [np.savez, np.savez_compressed])
def test_rows_of_arrays_that_stay_in_their_files(tmp_path, order, how):
    array = np.array(np.random.default_rng(0).random((4, 3, 2)), order=order)
    np.save(tmp_path / "a.npy", array)
    how(tmp_path / "a.npz", first=np.arange(5), x=array)
    for stored in (in_npy(tmp_path / "a.npy"), in_npz(tmp_path / "a.npz", ("x", "none"))["x"]):
        assert stored.seen == (4, 3, 2) and stored.itemsize == 8 and stored.dtype == "<f8"
        assert (read_stored(stored) == array).all() and (mapped(stored) == array).all()
        for n in range(4):
            assert (read_row(stored, n) == array[n]).all()
    assert set(in_npz(tmp_path / "a.npz", ("x", "none"))) == {"x"}


@pytest.mark.parametrize("axes", [(0, 2, 1), (1, 0, 2), (2, 1, 0), (0, 1, 2), ()])
def test_rows_of_an_array_whose_axes_are_in_another_order(tmp_path, axes):
    array = np.random.default_rng(0).random((4, 3, 2))
    np.save(tmp_path / "a.npy", array)
    stored = in_npy(tmp_path / "a.npy")._replace(axes=axes)
    wanted = array.transpose(axes) if axes else array
    assert stored.seen == wanted.shape and (read_stored(stored) == wanted).all() and (mapped(stored) == wanted).all()
    for n in range(len(wanted)):
        assert read_row(stored, n).shape == wanted[n].shape and (read_row(stored, n) == wanted[n]).all()


def test_a_compressed_array_stays_in_its_file_up_to_256_mib(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(10.0))
    size = len(npy(np.arange(10.0)))
    for most in (size, size - 1):
        monkeypatch.setattr("gca_scratch.support.stored.MAPPED", most)
        if most == size:
            assert read_stored(in_npz(tmp_path / "a.npz", ("x",))["x"]).tolist() == list(range(10))
        else:
            with pytest.raises(InputError, match="save the file uncompressed"):
                in_npz(tmp_path / "a.npz", ("x",))


def test_an_array_that_is_cut_off_is_refused(tmp_path):
    content = npy(np.arange(10.0))
    for wrong, count in ((content[:-1], 79), (content + b"\0", 81)):
        (tmp_path / "a.npy").write_bytes(wrong)
        with pytest.raises(InputError, match=rf"claims the shape \(10,\) of 'float64', but has {count} bytes"):
            in_npy(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(content)
    stored = in_npy(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(content[:-8])
    assert read_row(stored, 8) == 8
    with pytest.raises(InputError, match="can no longer be read"):
        read_row(stored, 9)


def test_an_array_of_numbers_without_bytes_is_refused(tmp_path):
    """It could have any number of rows."""
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|S0", "fortran_order": False, "shape": (10**9,)})
    path = archive(tmp_path / "a.npz", {"x.npy": (tmp_path / "a.npy").read_bytes()})
    for read in (lambda: in_npy(tmp_path / "a.npy"), lambda: in_npz(path, ("x",)), lambda: read_npz(path)):
        with pytest.raises(InputError, match=r"claims the shape \(1000000000,\)"):
            read()


# --- pickles and patterns ---------------------------------------------------------------------------------------------


def test_the_limits_of_the_process_that_reads_a_pickle(tmp_path, monkeypatch):
    """Six times the file and a GiB, at most 32 GiB; a minute, and a second for every 5 MB."""
    asked, before = [], set(os.listdir(own_folder()))
    monkeypatch.setattr(
        unpickling, "_wrong", lambda command, seconds: asked.append((command, seconds)) or "is looked at"
    )
    for size in (10, 10_000_000):
        (tmp_path / "a.pkl").write_bytes(b"x" * size)
        for more in ({}, {"memory": 5, "seconds": 0.2}):
            with pytest.raises(InputError, match="is looked at"):
                unpickling.unpickle(tmp_path / "a.pkl", **more)
    told = [(int(command[-2]), int(command[-1]), seconds) for command, seconds in asked]
    assert told[0] == (60 + 2**30, 61, 60 + 2e-6) and told[2] == (60_000_000 + 2**30, 62, 62.0)
    assert told[1] == told[3] == (5, 1, 0.2)
    assert asked[0][0][:2] == [sys.executable, "-I"] and unpickling.MEMORY == (6, 2**30, 32 * 2**30)
    assert set(os.listdir(own_folder())) == before
    monkeypatch.setattr(unpickling, "MEMORY", (6, 100, 60_000_050))
    with pytest.raises(InputError, match="is looked at"):
        unpickling.unpickle(tmp_path / "a.pkl")
    assert int(asked[-1][0][-2]) == 60_000_050


def values(tmp_path, value, room=10_000):
    with open(tmp_path / "values", "w") as file:
        pickled.Values(file, room).write(value)
    return json.loads((tmp_path / "values").read_text())


def test_values_are_lists_within_lists_up_to_32(tmp_path):
    def nested(depth):
        return [nested(depth - 1)] if depth else 7

    assert values(tmp_path, nested(32)) == nested(32)
    with pytest.raises(pickled.Refused, match="deeper than 32"):
        values(tmp_path, nested(33))
    with pytest.raises(pickled.Refused, match="deeper than 32"):
        values(tmp_path, {"a": nested(32)})


def test_values_take_so_much_room_and_no_more(tmp_path):
    value = {"a": [1, "bc", None, True, 1.5], "d": {}, "e": []}
    text = '{"a":[1,"bc",null,true,1.5],"d":{},"e":[]}'
    room = len(json.dumps(value, separators=(",", ":")))
    assert room == len(text) and values(tmp_path, value, room) == value and (tmp_path / "values").read_text() == text
    with pytest.raises(pickled.Refused, match="many times over"):
        values(tmp_path, value, room - 1)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits")
def test_the_process_limits_itself():
    code = (
        "import resource; from gca_scratch.support.pickled import limit; limit(1 << 30, 77); "
        "print([resource.getrlimit(k)[0] for k in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"[{1 << 30}, 77, 0]"


def test_a_pattern_of_200_characters_is_tried_for_20_seconds(monkeypatch):
    pattern = "(?P<label>a)" + "b" * 188
    assert find_groups(pattern, ["a" + "b" * 188], "--label", "label") == [{"label": "a"}]
    with pytest.raises(InputError, match="has 201 characters, more than 200"):
        find_groups(pattern + "b", [], "--label", "label")
    limits = []
    real = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *a, **more: limits.append(more["timeout"]) or real(*a, **more))
    find_groups(pattern, [], "--label", "label")
    assert limits == [20.0] == [patterns.SECONDS]


# --- values -----------------------------------------------------------------------------------------------------------


def test_plain_values_become_a_dataclass_or_one_sentence():
    import dataclasses

    @dataclasses.dataclass
    class Kind:
        n: int
        x: float
        name: str = "a"
        on: bool = False

    assert from_plain(Kind, {"n": 2, "x": 3, "name": "b", "on": True}, "f") == Kind(2, 3.0, "b", True)
    assert type(from_plain(Kind, {"n": 2, "x": 3}, "f", complete=False).x) is float
    assert from_plain(Kind, {"n": 2**63 - 1, "x": 2**53 - 1}, "f", complete=False).n == 2**63 - 1
    for wrong, said in (
        ([], "f is [] where a table belongs"),
        ({"n": 2, "x": 3.0}, "f lacks name"),
        ({"n": 2, "x": 3.0, "name": "b", "on": True, "more": 1}, "f has no entry 'more'; it may hold n, x, name, on"),
        ({"n": True, "x": 3.0, "name": "b", "on": True}, "n must be a whole number, not True"),
        ({"n": 2.0, "x": 3.0, "name": "b", "on": True}, "n must be a whole number, not 2.0"),
        ({"n": 2, "x": 3.0, "name": "b", "on": 1}, "on must be true or false, not 1"),
        ({"n": 2, "x": math.inf, "name": "b", "on": True}, "x must be a finite number, not inf"),
        ({"n": 2, "x": 1e301, "name": "b", "on": True}, "x must be a finite number, not 1e+301"),
        ({"n": 2**63, "x": 1.0, "name": "b", "on": True}, "n is 9223372036854775808, too much"),
        ({"n": 2, "x": 2**53, "name": "b", "on": True}, "x must be a finite number, not 9007199254740992"),
    ):
        with pytest.raises(InputError) as caught:
            from_plain(Kind, wrong, "f")
        assert said in str(caught.value)
    with pytest.raises(InputError, match="f lacks x"):
        from_plain(Kind, {"n": 1}, "f", complete=False)


def test_options_are_at_least_one():
    workers.at_least_one(jobs=1, seeds=None)
    for value in (0, -1):
        with pytest.raises(InputError, match=f"--jobs {value} cannot be used: it must be 1 or more"):
            workers.at_least_one(seeds=2, jobs=value)


# --- written ----------------------------------------------------------------------------------------------------------


def test_json_has_a_line_for_each_entry_and_no_numbers_that_it_does_not_know(tmp_path):
    write_json(tmp_path / "d.json", {"a": (1, math.nan), "b": [{"c": math.inf}, -math.inf, 1.5], "d": "é"})
    text = (tmp_path / "d.json").read_text("utf-8")
    assert text == '{\n  "a": [1, null],\n  "b": [{"c": null}, null, 1.5],\n  "d": "\\u00e9"\n}\n'
    write_json(tmp_path / "l.json", [[1, 2], {"a": 3}])
    assert (tmp_path / "l.json").read_text("utf-8") == '[\n  [1, 2],\n  {"a": 3}\n]\n'


def test_halves_of_processes_that_have_ended_are_removed_and_no_others(tmp_path):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    names = {
        "dead": f".x.json.{done.pid}.part",
        "alive": f".x.json.{os.getppid()}.part",
        "of another file": f".y.json.{done.pid}.part",
        "no number": ".x.json.abc.part",
        "kept": f".x.json.{done.pid}.part.txt",
    }
    for name in names.values():
        (tmp_path / name).write_text("half")
    write_json(tmp_path / "x.json", [])
    assert set(os.listdir(tmp_path)) == {*names.values(), "x.json"} - {names["dead"]}


def test_what_goes_wrong_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "new" / "x.txt"
    with replacing(path) as temporary:
        temporary.write_text("old")
        assert temporary.parent == path.parent and not path.exists()
    for error, said in (
        (OSError(errno.ENOSPC, "No space"), r"cannot be written \(No space\); free some space or choose another place"),
        (OSError(errno.EACCES, "Not allowed"), r"cannot be written \(Not allowed\); choose another place"),
    ):
        with pytest.raises(InputError, match=said), replacing(path) as temporary:
            temporary.write_text("half")
            raise error
        assert path.read_text() == "old" and os.listdir(path.parent) == ["x.txt"]
    with pytest.raises(KeyError), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert path.read_text() == "old" and os.listdir(path.parent) == ["x.txt"]
