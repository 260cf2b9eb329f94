"""Azure Kinect and MediaPipe at their limits: gaps that are filled, people who are kept, rates that are believed."""

import re

import numpy as np
import pytest

from gca_scratch.data.meaning import Fact
from gca_scratch.data.readers import azure, json_text, mediapipe
from gca_scratch.support.errors import InputError
from tests.data.readers import test_azure as of_azure
from tests.data.readers import test_mediapipe as of_mediapipe


def timed(times, bodies=None):
    """A document of Azure Kinect whose frames have those times, in microseconds."""
    content = of_azure.document(bodies or [(1,)] * len(times))
    for frame, time in zip(content["frames"], times, strict=True):
        frame["timestamp_usec"] = int(time)
    return content


@pytest.mark.parametrize(
    ("step", "gap", "filled"),
    [
        (33_333, 30, True),
        (33_333, 31, False),  # more than a second
        (66_667, 14, True),
        (66_667, 15, False),  # more than a second
        (10_000, 30, True),
        (10_000, 31, False),  # more than thirty captures
    ],
)
def test_a_gap_of_azure_is_filled_up_to_a_second_and_thirty_captures(tmp_path, step, gap, filled):
    times = [0, step, 2 * step, (2 + gap) * step, (3 + gap) * step]
    joints = of_azure.joints_of(of_azure.write(tmp_path / "1.json", timed(times)))
    assert len(joints) == (4 + gap if filled else 5)
    there = np.flatnonzero((joints != 0).any(axis=(1, 2, 3)))
    assert there.tolist() == ([0, 1, 2, 2 + gap, 3 + gap] if filled else [0, 1, 2, 3, 4])


@pytest.mark.parametrize(("count", "of", "kept"), [(2, 20, True), (1, 11, False), (1, 10, True)])
def test_a_second_person_is_there_in_a_tenth_of_the_frames(tmp_path, count, of, kept):
    content = of_azure.document([(1, 2)] * count + [(1,)] * (of - count))
    assert of_azure.joints_of(of_azure.write(tmp_path / "1.json", content)).shape[1] == 1 + kept


@pytest.mark.parametrize(
    ("rate", "told"),
    [(30, "30"), (28.6, "30"), (28.4, "28.4"), (31.4, "30"), (15.7, "15"), (15.8, "15.8"), (4.8, "5"), (4.7, "4.7"),
     (5.2, "5")],
)  # fmt: skip
def test_a_rate_within_a_twentieth_of_one_of_the_sensors_is_that(tmp_path, rate, told):
    path = of_azure.write(tmp_path / "1.json", timed(1e6 / rate * np.arange(4)))
    assert azure.open_collection(path).meaning.rate == Fact(told, "file")


def moved(away):
    places = of_mediapipe.body()
    places[[23, 24], :2] = (0.6 * away, 0.8 * away)
    places[[23, 24], 2] = 5  # how far from the camera is no matter
    return {"frames": [{"people": [of_mediapipe.tables(places)]}] * 3}


@pytest.mark.parametrize(("away", "refused"), [(0.24, False), (0.26, True)])
def test_hips_lie_within_a_quarter_of_a_metre_of_the_origin(tmp_path, away, refused):
    path = of_mediapipe.write(tmp_path / "a/1.json", moved(away))
    if refused:
        of_mediapipe.refused(path, "the hips are 0.26 from the origin")
    else:
        assert of_mediapipe.joints_of(path).shape == (3, 1, 35, 3)


@pytest.mark.parametrize(("wrong", "refused"), [(1, False), (3, True)])
def test_hips_that_stray_in_a_frame_do_not_make_a_picture(tmp_path, wrong, refused):
    frames = [frame for far in (0.0,) * (4 - wrong) + (2.0,) * wrong for frame in moved(far)["frames"][:1]]
    path = of_mediapipe.write(tmp_path / "a/1.json", {"frames": frames})
    if refused:
        of_mediapipe.refused(path, "the hips are 2.00 from the origin")
    else:
        assert of_mediapipe.joints_of(path).shape == (4, 1, 35, 3)


@pytest.mark.parametrize(("last", "frames"), [(29, 30), (30, 3)])
def test_frames_by_number_may_lack_up_to_ten_times_as_many(tmp_path, last, frames):
    content = {str(n): {"world_landmarks": of_mediapipe.tables(of_mediapipe.body(n))} for n in (0, 1, last)}
    joints = of_mediapipe.joints_of(of_mediapipe.write(tmp_path / "a/1.json", content))
    assert len(joints) == frames and (joints[-1, 0, :33] != 0).any()


@pytest.mark.parametrize(("off", "told"), [(0.04, "25"), (0.06, "26.3")])
def test_the_rate_of_mediapipe_is_the_mean_unless_that_is_far_from_the_median(tmp_path, off, told):
    """Ten steps of 38 ms and a longer one: the mean is so much longer than the median."""
    times = [38 * n for n in range(11)] + [380 + round(38 * (1 + 11 * off))]
    frames = [{"timestamp_ms": t, "people": [of_mediapipe.tables(of_mediapipe.body())]} for t in times]
    rate = mediapipe.open_collection(of_mediapipe.write(tmp_path / "1.json", frames)).meaning.rate.value
    assert rate == told or (off < 0.05 and float(rate) == pytest.approx(1000 * 11 / times[-1], abs=0.06))


# --- JSON of trackers -------------------------------------------------------------------------------------------------


def test_coordinates_are_numbers_below_a_million():
    for value in (1e6, -1e6, 0, 3, -2.5):
        assert json_text.coordinate(value, "x") == value
    for lost in (None, float("nan")):
        assert np.isnan(json_text.coordinate(lost, "x"))
    for wrong in (1.001e6, -1.001e6, float("inf"), True, "1", [1]):
        with pytest.raises(InputError, match=r"x: the coordinate .* is no number below 1e"):
            json_text.coordinate(wrong, "x")


def test_where_the_rate_stands():
    for table in ({"rate": 30}, {"fps": 30}, {"frameRate": 30}, {"frame_rate": 30}, {"metadata": {"fps": 30}},
                  {"meta": {"rate": 30}}, {"info": {"fps": 30}}, {"video": {"frame_rate": 30}},
                  {"rate": "x", "fps": 30}, {"rate": 0, "meta": {"rate": 30}}):  # fmt: skip
        assert json_text.rate_of(table) == 30
    for nonsense in ({}, [], None, {"rate": 0}, {"rate": -1}, {"rate": 1.1e5}, {"rate": 0.9e-3}, {"other": {"fps": 3}}):
        assert json_text.rate_of(nonsense) is None
    assert json_text.rate_of({"rate": 1e5}) == 1e5 and json_text.rate_of({"rate": 1e-3}) == 1e-3


def test_the_typical_step_is_the_median():
    assert json_text.typical_step([0, 1, 3, 6]) == 2 and json_text.typical_step([0, 5]) == 5
    assert json_text.typical_step([0, 1, 2, 9, 19]) == 7  # of four the third
    for none in ([], [1], [1, 1], [2, 1, 5], [1, None], [1, "2"], [0, 1e19]):
        assert json_text.typical_step(none) is None


def test_what_a_file_begins_like_is_told_by_64_kib_and_of_a_folder_by_ten_files(tmp_path):
    word = re.compile(b"telling")
    for blanks, found in ((2**16 - 8, True), (2**16 - 7, False)):
        (tmp_path / "a.json").write_bytes(b"{" + b" " * blanks + b"telling")
        assert json_text.begins_like(tmp_path / "a.json", word) == found
    for start, found in (
        (b"\xef\xbb\xbf {", True), (b"[", True), (b"x{", False), ("{".encode("utf-16"), True),
    ):  # fmt: skip
        (tmp_path / "a.json").write_bytes(start + b"telling")
        assert json_text.begins_like(tmp_path / "a.json", word) == found
    for place, found in ((9, True), (10, False)):
        folder = tmp_path / str(place)
        folder.mkdir()
        for n in range(12):
            (folder / f"{n:02}.json").write_bytes(b"{telling" if n == place else b"{")
            (folder / f"{n:02}.txt").write_bytes(b"{telling")
        assert json_text.begins_like(folder, word) == found
    assert not json_text.begins_like(tmp_path / "none", word)


def test_a_recording_is_of_256_mib_at_most(tmp_path, monkeypatch):
    assert json_text.LARGEST == 2**28
    monkeypatch.setattr(json_text, "LARGEST", 2048)
    for size in (2048, 2049):
        (tmp_path / "a.json").write_text("[" + " " * (size - 2) + "]")
        if size == 2048:
            assert json_text.read_json_text(tmp_path / "a.json") == []
        else:
            with pytest.raises(InputError, match=r"Larger than 2 KiB.*; cut the recording into files of some minutes"):
                json_text.read_json_text(tmp_path / "a.json")
    with pytest.raises(InputError, match="; write or copy the file again"):
        json_text.read_json_text(tmp_path / "none.json")


def test_json_files_are_found_by_their_ends(tmp_path):
    for name in ("b/1.json", "a/2.JSONL", "3.txt", ".hidden.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = json_text.json_files(tmp_path, "somebody")
    assert sorted(str(path.relative_to(tmp_path)) for path in found) == ["a/2.JSONL", "b/1.json"]
    assert json_text.json_files(tmp_path / "3.txt", "somebody") == [tmp_path / "3.txt"]
