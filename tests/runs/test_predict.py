"""A trained network asked about recordings: what evaluate answers, of any format that is read."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.readers.mediapipe import NAMES as LANDMARKS
from gca_scratch.data.readers.recording import Options
from gca_scratch.runs import predict
from gca_scratch.support import reading
from gca_scratch.support.errors import InputError
from tests.helpers.bvh_file import written as bvh_text
from tests.helpers.people import (
    FACING,
    asked,
    p_of,
    people,
    refused,
    rows,
    with_opinions,
)

DATA = people()
CLOSE = 1e-4  # of answers about the same numbers in another batch


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_answers_are_those_of_evaluate(opinions, trained):
    runs.retest(opinions / "run", opinions / "data.npz", predictions="own.csv")
    wanted = rows("own.csv")
    found = predict.predict(trained, opinions / "data.npz")
    assert found.said == [] and [answer.sequence for answer in found.answers] == list(range(24))
    by_name = {answer.name: answer for answer in found.answers}
    assert len(wanted) == 12
    for row in wanted:
        answer = by_name[row["name"]]
        for k, name in enumerate(DATA.class_names):
            assert answer.probabilities[k] == pytest.approx(float(row[f"p({name})"]), abs=CLOSE)
        assert DATA.class_names[answer.label] == row["class"]


def test_no_label_is_needed_and_one_changes_nothing(trained):
    wanted = p_of(asked(trained, DATA))
    other = dataclasses.replace(DATA, label=np.full(24, 1, np.int16), class_names=("nobody", "knows this"))
    np.testing.assert_array_equal(p_of(asked(trained, other)), wanted)
    many = dataclasses.replace(
        DATA, label=np.full(24, 99, np.int16), class_names=tuple(f"class {n}" for n in range(100))
    )  # fmt: skip
    np.testing.assert_array_equal(p_of(asked(trained, many)), wanted)


def landmarks(path, places, rate=30, **more):
    """A file as docs/webcam.md writes it; places (frames, 33, 3) with y down."""
    frames = [
        {
            "timestamp_ms": round(1000 * n / rate),
            "people": [[{"x": x, "y": y, "z": z, "visibility": 0.9} for x, y, z in frame.tolist()]],
        }
        for n, frame in enumerate(places)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rate": rate, "frames": frames} | more))


def test_files_of_another_reader_are_answered_as_their_converted_data_are(tmp_path):
    rng = np.random.default_rng(0)
    body = rng.uniform(-0.4, 0.4, (33, 3))
    body[LANDMARKS.index("left_hip")], body[LANDMARKS.index("right_hip")] = (0.1, 0, 0), (-0.1, 0, 0)
    files = []
    for subject in range(1, 5):
        for label in ("wave", "clap"):
            places = body + rng.normal(0, 0.1, (rng.integers(5, 9), 33, 3))
            files.append(Path("own", label, f"s{subject}.json"))
            landmarks(files[-1], places, label=label, subject=f"s{subject}")
    assert main(["convert", "--data", "own", "--out", "own.npz", "--jobs", "1"]) == 0
    (tmp_path / "here").mkdir()
    run = with_opinions(tmp_path / "here", neutral.load("own.npz"), file="own.npz")
    runs.retest(run, "own.npz", predictions="own.csv")
    wanted = {row["name"]: row for row in rows("own.csv")}
    trained = predict.load(run)
    assert len(wanted) == 4
    for name, row in wanted.items():
        [file] = [file for file in files if file.with_suffix("").as_posix().endswith(name)]
        found = predict.predict(trained, file)
        [answer] = found.answers
        for k, each in enumerate(("clap", "wave")):
            assert answer.probabilities[k] == pytest.approx(float(row[f"p({each})"]), abs=CLOSE)
        assert not any("turned" in said or "brought" in said for said in found.said)
    whole = predict.predict(trained, "own")  # and the folder at once
    assert {answer.name for answer in whole.answers} >= set(wanted) and len(whole.answers) == 8


def test_what_is_said_of_a_file_is_said_to_its_reader_alone(tmp_path):
    """A reader that turns a file, or brings it to metres, has done so already."""
    places = np.random.default_rng(1).uniform(-0.4, 0.4, (6, 33, 3))
    places[:, LANDMARKS.index("left_hip")] = -places[:, LANDMARKS.index("right_hip")]
    files = [Path(f"own/{label}/s{n}.json") for n in (1, 2) for label in ("wave", "clap")]
    for n, file in enumerate(files):
        landmarks(file, places * (1 + n / 10), label=file.parent.name, subject=file.stem)
    assert main(["convert", "--data", "own", "--out", "own.npz", "--jobs", "1"]) == 0
    (tmp_path / "here").mkdir()
    settings = dataclasses.replace(FACING, validation=0)
    trained = predict.load(with_opinions(tmp_path / "here", neutral.load("own.npz"), settings, file="own.npz"))
    usual = predict.predict(trained, files[0])
    saying = predict.predict(trained, files[0], options=Options(up="-y", unit="m", rate="30", labelled=False))
    np.testing.assert_array_equal(p_of(saying), p_of(usual))
    faster = predict.predict(trained, files[0], options=Options(rate="10", labelled=False))
    assert faster.answers[0].seconds == (0, 0.6) and usual.answers[0].seconds == (0, 0.2)


def test_a_bvh_file_in_centimetres_becomes_metres_once(tmp_path):
    nodes = [
        ("Hips", -1, (0.0, 0.0, 0.0), ["Xposition", "Yposition", "Zposition", "Zrotation", "Xrotation", "Yrotation"]),
        ("Spine", 0, (0.0, 10.0, 0.0), ["Zrotation", "Xrotation", "Yrotation"]),
        ("Neck", 1, (0.0, 40.0, 0.0), ["Zrotation", "Xrotation", "Yrotation"]),
        ("Head", 2, (0.0, 15.0, 0.0), ["Zrotation", "Xrotation", "Yrotation"]),
        *((f"{side}{part}", parent, (x, y, 0.0), ["Zrotation", "Xrotation", "Yrotation"])
          for side, x, up in (("Left", 10.0, 4), ("Right", -10.0, 7))
          for part, parent, x, y in (("UpLeg", 0, x, -5.0), ("Leg", up, 0.0, -40.0), ("Foot", up + 1, 0.0, -40.0))),
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    texts = []
    for _ in range(4):
        frames = [{n: rng.uniform(-10, 10, len(channels)).tolist() for n, (*_, channels) in enumerate(nodes)}
                  for _ in range(12)]  # fmt: skip
        texts.append(bvh_text(nodes, frames))
    for n, text in enumerate(texts):
        Path(f"walk{n % 2}_s{n // 2 + 1}.bvh").write_text(text)
    pattern = r"(?P<label>walk\d)_s(?P<subject>\d)"
    convert = ["convert", "--data", ".", "--label", pattern, "--out", "walks.npz", "--unit", "cm", "--up", "+y"]
    assert main([*convert, "--jobs", "1"]) == 0
    data = neutral.load("walks.npz")
    assert data.meaning.unit.value == "m" and np.ptp(data.joints[0, 0, :, 1]) < 2
    (tmp_path / "here").mkdir()
    settings = dataclasses.replace(FACING, validation=0)
    run = with_opinions(tmp_path / "here", data, settings, file="walks.npz")
    wanted = {answer.name: answer for answer in predict.predict(predict.load(run), "walks.npz").answers}
    found = predict.predict(
        predict.load(run), "walk1_s2.bvh", options=Options(up="+y", unit="cm", rate="30", labelled=False)
    )
    assert not any("brought" in said for said in found.said)
    np.testing.assert_allclose(p_of(found)[0], wanted["walk1_s2"].probabilities, atol=CLOSE)


def test_mapped_data_are_answered_as_those_that_are_read(trained, monkeypatch):
    neutral.save("large.npz", DATA)
    wanted = predict.predict(trained, "large.npz", window=4)
    monkeypatch.setattr(reading, "MAPPED", 1000)
    assert isinstance(neutral.load("large.npz").joints, np.memmap)
    found = predict.predict(trained, "large.npz", window=4)
    np.testing.assert_allclose(p_of(found), p_of(wanted), atol=CLOSE)
    np.testing.assert_allclose(p_of(predict.predict(trained, "large.npz")), p_of(asked(trained, DATA)), atol=CLOSE)


def test_what_cannot_be_asked_about_is_refused(trained, opinions):
    for file, words in (("nowhere.npz", "there is no file nowhere.npz"), ("notes.txt", "notes.txt")):
        if file == "notes.txt":
            Path(file).write_text("hello")
        with pytest.raises(InputError, match=words):
            predict.predict(trained, file)
    Path("broken.npz").write_bytes((opinions / "data.npz").read_bytes()[:500])
    with pytest.raises(InputError, match=r"broken\.npz"):
        predict.predict(trained, "broken.npz")
    with pytest.raises(InputError, match="there is no reader of 'nobody'"):
        predict.predict(trained, opinions / "data.npz", dataset="nobody")


@pytest.mark.parametrize("signs, word", [((-1, -1, 1), "--up"), ((-1, 1, 1), "left-handed")])
def test_people_upside_down_or_in_a_mirror_are_said(trained, signs, word):
    found = asked(trained, dataclasses.replace(DATA, joints=DATA.joints * np.float32(signs)))
    assert any(word in sentence for sentence in found.said)


def test_a_folder_of_all_folds_is_no_run():
    neutral.save("data.npz", DATA)
    Path("all/fold-01").mkdir(parents=True)
    with pytest.raises(InputError, match="one of its fold-KK"):
        predict.load("all")


def test_numbers_too_large_to_compute_with_are_refused(trained):
    weights = {name: np.full_like(array, 1e30) for name, array in trained.weights.items()}
    refused(trained._replace(weights=weights), DATA, "new.npz", "sequence 0", "beyond what the network can compute")


@pytest.mark.parametrize("iterations", [0, 1, 2])
def test_a_network_is_asked_with_the_iterations_that_it_was_trained_for(trained, iterations, monkeypatch):
    """As where stepwise training was stopped on the way."""
    asked, evaluate = [], training.evaluate
    monkeypatch.setattr(training, "evaluate", lambda *given: asked.append(given) or evaluate(*given))
    aligned = predict.aligned_for(trained, DATA)
    p = predict.probabilities(trained._replace(iterations=iterations), aligned)
    ((_, weights, data, sequences, settings, given, xp),) = asked
    assert weights is trained.weights and data is aligned and settings is trained.settings and xp is trained.xp
    assert given == iterations and sequences.tolist() == list(range(len(DATA))) and p.shape == (len(DATA), 3)
