"""What a checkpoint knows of its data: it is what the data are, and what has been edited is refused in one sentence."""

import dataclasses
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs, training
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.meaning import Fact, Meaning
from gca_scratch.data.ready import ready
from gca_scratch.runs import checkpoint, predict
from gca_scratch.runs.known import from_saved, in_spans, known_of
from gca_scratch.settings import Settings
from gca_scratch.support.errors import InputError
from tests.helpers.people import FACING, PERSON, edited, people, with_joints, with_opinions
from tests.helpers.tiny import CLASSES, TINY
from tests.runs.test_checkpoint import ABSURD, at, opened, places, written

SOURCE = runs.Source("npz", "data.npz")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """The bytes of a whole checkpoint."""
    folder = tmp_path_factory.mktemp("known")
    return (with_opinions(folder, people()) / "checkpoint.npz").read_bytes()


def known_from(data, settings=TINY, hip=""):
    return known_of(runs.make_split(data, SOURCE, settings), hip)


def test_what_is_known_is_what_the_data_are():
    data = people()
    split = runs.make_split(data, SOURCE, TINY)
    found = known_of(split, "")
    assert (found.class_names, found.joint_names) == (list(CLASSES), list(PERSON))
    assert found.edges[:4] == [[0, 1], [1, 2], [2, 3], [2, 4]] and (found.hip, found.up, found.persons) == ("", "+y", 1)
    assert sorted(found.train_subjects + found.validation_subjects) == [1, 3] and len(found.validation_subjects) == 1
    train = [n for n in range(24) if data.subject[n] in (1, 3)]
    lengths = sorted(int(data.offsets[n + 1] - data.offsets[n]) for n in train)
    assert found.lengths == [lengths[0], (lengths[5] + lengths[6]) // 2, lengths[-1]]
    assert found.means == data.meaning and found.threshold == 0
    marks = {found.train_marks[k : k + 8] for k in range(0, 96, 8)}
    assert marks == {f"{zlib.crc32(data.sequence(n).tobytes()):08x}" for n in train} and len(found.train_marks) == 96


def test_the_vertical_is_that_which_the_network_saw():
    flat = dataclasses.replace(people(), meaning=Meaning())
    assert known_from(flat).up == "+y"
    upside_down = with_joints(flat, flat.joints * (1, -1, -1))
    assert known_from(upside_down).up == "-y" == known_from(dataclasses.replace(upside_down)).up
    up_z = with_joints(flat, flat.joints[..., [2, 0, 1]])
    assert known_from(up_z).up == "+z"
    crouching = with_joints(flat, flat.joints * np.float32([1, 0.1, 1]))  # nobody stands, so torsos have to tell
    assert not ready(crouching).data.meaning.up.value
    assert known_from(crouching).up == "+y"
    assert known_from(with_joints(crouching, crouching.joints * (1, -1, -1))).up == "-y"
    assert known_from(dataclasses.replace(flat, meaning=Meaning(up=Fact("-x", "user")))).up == "-x"


def test_sequences_that_were_trained_on_are_recognised_whatever_they_are_called():
    data = people()
    found = known_from(data)
    others = dataclasses.replace(
        data, subject=data.subject[::-1].copy(), name=np.array([f"other {n}" for n in range(24)])
    )
    assert found.seen(others, np.array([23, 0, 12])).tolist() == [False, True, True]
    assert found.seen(others, np.arange(24)).tolist() == [n < 6 or 12 <= n < 18 for n in range(24)]
    assert not found.seen(people(seed=1), np.arange(24)).any()


def test_it_is_kept_in_the_checkpoint_and_the_threshold_with_it(content):
    Path("checkpoint.npz").write_bytes(content)
    found = from_saved(checkpoint.load("checkpoint.npz")[3], "checkpoint.npz", 3)
    assert dataclasses.asdict(found) == dataclasses.asdict(known_from(people(), FACING))
    data = people()
    neutral.save("data.npz", data)
    runs.run(data, SOURCE, TINY, "run", show=False)
    kept = from_saved(checkpoint.load("run")[3], "run", 3)
    assert 1 / 3 < kept.threshold < 1
    resumed = runs.run(data, SOURCE, TINY, "run", resume=True, show=False)
    assert resumed["epochs"] == 9
    assert from_saved(checkpoint.load("run")[3], "run", 3) == kept


def test_a_run_that_was_stopped_goes_on_and_sets_its_threshold(monkeypatch):
    data = people()
    neutral.save("data.npz", data)
    runs.run(data, SOURCE, TINY, "whole", show=False)
    whole = checkpoint.load("whole")
    kept, save = [], checkpoint.save

    def stop(path, state, *more):
        save(path, state, *more)
        kept.append(state.epoch)
        if len(kept) == 2:
            raise SystemError("killed")

    monkeypatch.setattr(checkpoint, "save", stop)
    with pytest.raises(SystemError):
        runs.run(data, SOURCE, TINY, "run", show=False)
    monkeypatch.setattr(checkpoint, "save", save)
    assert from_saved(checkpoint.load("run")[3], "run", 3).threshold == 0
    runs.run(data, SOURCE, TINY, "run", resume=True, show=False)
    assert checkpoint.load("run")[3]["known"] == whole[3]["known"] and whole[3]["known"]["threshold"] > 0


def test_no_threshold_without_validation_people():
    data = people()
    neutral.save("data.npz", data)
    runs.run(data, SOURCE, dataclasses.replace(TINY, validation=0), "run", show=False)
    found = from_saved(checkpoint.load("run")[3], "run", 3)
    assert found.threshold == 0 and found.validation_subjects == [] and found.train_subjects == [1, 3]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([40, 1], "1, 40"),
        ([3], "3"),
        ([2, 1], "1, 2"),
        ([5, 1, 3, 2, 9, 8], "1-3, 5, 8, 9"),
        ([7, 7, 8, 9, 11], "7-9, 11"),
    ],
)
def test_numbers_as_people_write_them(numbers, text):
    assert in_spans(numbers) == text


# --- damaged ----------------------------------------------------------------------------------------------------------


def asked(path):
    """What predict and evaluate make of a checkpoint: None, or the one sentence that refuses it."""
    for ask in (
        lambda: predict.predict(predict.load(path), "some.npz"),
        lambda: runs.retest(path, "some.npz", protocol="all"),
    ):
        try:
            ask()
        except InputError as error:
            message = str(error)
            assert "\n" not in message and len(message) < 1500, message
            return message
    return None


def test_every_field_absurd_ends_in_one_sentence_or_in_an_answer(content):
    arrays, about = opened(content)
    some = people(subjects=2, repetitions=1, seed=4)
    neutral.save("some.npz", some)
    path, refused, tried = Path("edited.npz"), set(), 0
    for place in places(about["run"]["known"]):
        for new in ABSURD:
            copy = json.loads(json.dumps(about))
            if place:
                at(copy["run"]["known"], place[:-1])[place[-1]] = new
            else:
                copy["run"]["known"] = new
            tried += 1
            if asked(written(path, arrays, copy)):
                refused.add(place[:1])
        if len(place) == 1:
            copy = json.loads(json.dumps(about))
            del copy["run"]["known"][place[0]]
            assert "which did not keep " + place[0] in asked(written(path, arrays, copy))
    assert tried > 450
    assert refused == {(), *((name,) for name in about["run"]["known"])}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("class_names", ["one", "two"], "2 class_names, and the network has 3"),
        ("class_names", ["one", "two", "two"], "'two' twice"),
        ("class_names", ["one", "two", "\x1b[2J"], "control character"),
        ("class_names", ["one", "two", "\ud800"], "half a character"),
        ("class_names", ["one", "two", "x" * 5000], "longer than 1000"),
        ("class_names", [], "names"),
        ("joint_names", [*list(PERSON)[:-1], "head"], "'head' twice"),
        ("joint_names", list(PERSON)[:-1], "edges"),
        ("joint_names", ["spam", *list(PERSON)[1:-1], "\x07"], "control character"),
        ("edges", [[0, 1]] * 19, "edges"),
        ("edges", [[0, 1.5]] * 19, "edges"),
        ("edges", [[0, 10**400]] * 19, "edges"),
        ("edges", [[0, -1], *[[0, n] for n in range(2, 20)]], "edges"),
        ("hip", "nobody's", "nobody's"),
        ("up", "z", "no axis"),
        ("up", "", "no axis"),
        ("meaning", [1], "meaning"),
        ("meaning", [["up", "+y"]], "meaning"),
        ("meaning", [["up", "+w", "file"]], "meaning"),
        ("meaning", [["rate", "1e99", "file"]], "meaning"),
        ("persons", 0, "persons"),
        ("persons", 1.5, "persons"),
        ("lengths", [3, 6], "lengths"),
        ("lengths", [0, 0, 0], "lengths"),
        ("lengths", [9, 6, 3], "lengths"),
        ("lengths", [3, 6, 9.5], "lengths"),
        ("train_subjects", ["1"], "subjects"),
        ("validation_subjects", [-1], "subjects"),
        ("train_marks", "xyz", "train_marks"),
        ("threshold", 1.5, "threshold"),
        ("threshold", -0.1, "threshold"),
        ("threshold", float("nan"), "threshold"),
    ],
)
def test_edited_fields_are_named(content, name, value, words):
    arrays, about = opened(content)
    neutral.save("some.npz", people(subjects=2, repetitions=1, seed=4))
    about["run"]["known"][name] = value
    message = asked(written(Path("edited.npz"), arrays, about))
    assert message and "edited.npz" in message and words in message, message


def test_what_is_known_of_an_older_version_is_missed_in_one_sentence(content, capsys):
    arrays, about = opened(content)
    neutral.save("some.npz", people(subjects=2, repetitions=1, seed=4))
    old = json.loads(json.dumps(about))
    del old["run"]["known"]
    written(Path("old.npz"), arrays, old)
    for arguments in (
        ["predict", "old.npz", "some.npz"],
        ["evaluate", "old.npz", "--data", "some.npz", "--protocol", "all"],
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and "does not say what its network was trained on; train again" in error, error
    about["version"] = 4
    assert main(["predict", str(written(Path("older.npz"), arrays, about)), "some.npz"]) == 2
    assert "checkpoint of version 4, not 7" in capsys.readouterr().err


def test_a_network_that_was_never_trained_is_not_asked(content):
    about = opened(content)[1]
    settings = Settings(**about["settings"])
    data = people()
    network = runs.make_split(data, SOURCE, settings).network(settings)
    checkpoint.save("fresh.npz", training.snapshot(training.start(network, settings)), network, settings, about["run"])
    with pytest.raises(InputError, match=r"fresh\.npz holds a network that was never trained; train it with --resume"):
        predict.load("fresh.npz")


def test_a_threshold_set_by_hand_is_used(tmp_path):
    run = with_opinions(tmp_path, people())
    edited(run, threshold=1.0)
    assert all(answer.label is None for answer in predict.predict(predict.load(run), "data.npz").answers)
