"""A trained network tested on other data: classes, joints and axes go by name, and what differs is said."""

import csv
import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import runs
from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.meaning import Fact, Meaning, known
from gca_scratch.runs.testing import summary
from gca_scratch.support.errors import InputError
from tests.helpers.people import FACING, PERSON, people, with_joints, with_opinions

DATA = people()
ODD = np.flatnonzero(DATA.subject % 2)  # train
EVEN = np.flatnonzero(DATA.subject % 2 == 0)  # test


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run and its data, and what it answers to its test sequences."""
    folder = tmp_path_factory.mktemp("made")
    with_opinions(folder, DATA)
    runs.retest(folder / "run", predictions=folder / "own.csv")
    return folder


@pytest.fixture(autouse=True)
def folder(made, tmp_path, monkeypatch):
    shutil.copytree(made / "run", tmp_path / "run")
    shutil.copy(made / "own.csv", tmp_path)
    monkeypatch.chdir(tmp_path)


def answers_to(data, **other):
    """The result on these data, and the rows of its table by name."""
    neutral.save("others.npz", data)
    result = runs.retest("run", "others.npz", predictions="others.csv", **other)
    return result, rows("others.csv")


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def assert_same_answers(found, wanted, tolerance=0.0):
    assert found.keys() == wanted.keys() and len(wanted) == 12
    for name, row in wanted.items():
        assert found[name]["truth"] == row["truth"]
        for key in row:
            if key.startswith("p"):
                assert float(found[name][key]) == pytest.approx(float(row[key]), abs=tolerance, rel=0), (name, key)


def refused(data, *words, **other):
    neutral.save("others.npz", data)
    with pytest.raises(InputError) as caught:
        runs.retest("run", "others.npz", **other)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


NOT_ITS_OWN = "others.npz is not the data that the network was trained on"


def test_the_answers_are_worth_comparing():
    """No two sequences look alike to the network of these tests, so that what is mixed up is found."""
    p = [tuple(float(row[f"p({name})"]) for name in DATA.class_names) for row in rows("own.csv").values()]
    assert min(np.abs(np.subtract(a, b)).max() for k, a in enumerate(p) for b in p[:k]) > 1e-3


def test_the_same_data_elsewhere_is_no_other_data():
    result, found = answers_to(DATA)
    assert_same_answers(found, rows("own.csv"))
    assert result["warnings"] == [] and (result["n_train"], result["n_test"]) == (12, 12)


def test_classes_in_another_order_go_by_name():
    names = ("bow", "raise left", "raise right")
    other = dataclasses.replace(DATA, class_names=names, label=np.array([1, 2, 0], np.int16)[DATA.label])
    result, found = answers_to(other)
    assert_same_answers(found, rows("own.csv"))
    assert result["accuracy"] == runs.retest("run", "others.npz")["accuracy"]
    assert result["warnings"][:2] == [
        NOT_ITS_OWN, "others.npz has its classes in another order; they are matched by name",
    ]  # fmt: skip


def test_classes_spelled_otherwise_go_by_name():
    other = dataclasses.replace(DATA, class_names=("Raise_Left", "raise  right", "BOW"))
    assert_same_answers(answers_to(other)[1], rows("own.csv"))


def test_classes_that_differ_in_capitals_alone_are_told_apart(made, tmp_path):
    signs = dataclasses.replace(DATA, class_names=("a", "A", "b"))
    (tmp_path / "signs").mkdir()
    run = with_opinions(tmp_path / "signs", signs)
    runs.retest(run, predictions="signs.csv")
    other = dataclasses.replace(signs, class_names=("A", "b", "a"), label=np.array([2, 0, 1], np.int16)[signs.label])
    neutral.save("others.npz", other)
    runs.retest(run, "others.npz", predictions="others.csv")
    assert_same_answers(rows("others.csv"), rows("signs.csv"))
    neutral.save("others.npz", dataclasses.replace(other, class_names=("A", "B", "a")))
    runs.retest(run, "others.npz", predictions="others.csv")
    assert_same_answers(rows("others.csv"), rows("signs.csv"))


def test_some_of_the_classes_are_enough():
    kept = np.flatnonzero(DATA.label > 0)
    other = dataclasses.replace(cut(DATA, kept), class_names=("nobody does this", "raise right", "bow"))
    result, found = answers_to(other)
    wanted = {name: row for name, row in rows("own.csv").items() if row["truth"] != "raise left"}
    assert found.keys() == wanted.keys() and len(wanted) == 8
    assert all(
        float(found[name]["p(bow)"]) == pytest.approx(float(row["p(bow)"]), abs=1e-4) for name, row in wanted.items()
    )
    assert "others.npz has no sequence of raise left; classes go by name" in result["warnings"]
    assert set(result["per_class"]) == {"raise right", "bow"}


def cut(data, kept):
    """Those sequences, written without the code under test."""
    pieces = [data.joints[data.offsets[n] : data.offsets[n + 1]] for n in kept]
    columns = {key: getattr(data, key)[kept] for key in ("label", "subject", "name", "repetition")}
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
    return dataclasses.replace(data, joints=np.concatenate(pieces), offsets=offsets, **columns)


def test_classes_of_others_are_refused_by_name():
    refused(
        dataclasses.replace(DATA, class_names=("raise left", "juggle", "bow")),
        "others.npz has the class 'juggle', which the network was not trained on",
        "it knows raise left, raise right, bow", "predict",
    )  # fmt: skip
    refused(dataclasses.replace(DATA, class_names=("sing", "juggle", "bow")), "'sing' and 1 other,")
    refused(dataclasses.replace(DATA, class_names=("sing", "juggle", "run")), "'sing' and 2 others,")


def test_joints_in_another_order_go_by_name():
    order = np.random.default_rng(3).permutation(20)
    place = np.argsort(order)
    names = tuple(DATA.joint_names[joint] for joint in order)
    edges = np.array([(place[a], place[b]) for a, b in DATA.edges], np.int16)
    other = with_joints(DATA, DATA.joints[:, :, order], joint_names=names, edges=edges)
    result, found = answers_to(other)
    assert_same_answers(found, rows("own.csv"))
    assert result["warnings"][0] == NOT_ITS_OWN
    assert any(said.startswith("others.npz: the joints have other names, another order") for said in result["warnings"])


def test_a_data_set_with_z_up_is_turned():
    x, y, z = np.moveaxis(DATA.joints, -1, 0)
    other = with_joints(DATA, np.stack([x, -z, y], -1), meaning=known(up="+z", unit="m", hand="right", rate="25"))
    result, found = answers_to(other)
    assert_same_answers(found, rows("own.csv"), 1e-4)
    assert "others.npz is turned: +z points up there, +y before the network" in result["warnings"]
    unsaid = dataclasses.replace(other, meaning=Meaning())  # guessed from where its people stand
    assert_same_answers(answers_to(unsaid)[1], rows("own.csv"), 1e-4)
    neutral.save("others.npz", dataclasses.replace(unsaid, meaning=Meaning(up=Fact("+y", "file"))))
    runs.retest("run", "others.npz", predictions="others.csv", up="+z")
    assert_same_answers(rows("others.csv"), rows("own.csv"), 1e-4)


def test_other_people_in_centimetres():
    other = with_joints(DATA, DATA.joints * 100, meaning=known(up="+y", unit="cm", hand="right", rate="25"))
    result, found = answers_to(other)
    assert_same_answers(found, rows("own.csv"), 1e-4)
    assert "others.npz is brought from cm to m" in result["warnings"]


def test_subjects_with_other_numbers_do_not_hide_that_they_were_trained_on():
    result, _ = answers_to(dataclasses.replace(DATA, subject=(5 - DATA.subject).astype(np.int16)))
    assert "12 of the 12 test sequences were trained on, so this is no test of them" in result["warnings"]
    mixed = dataclasses.replace(DATA, subject=np.array([0, 1, 3, 2, 4], np.int16)[DATA.subject])  # 2 and 3 exchanged
    result, _ = answers_to(mixed)
    assert "6 of the 12 test sequences were trained on, so this is no test of them" in result["warnings"]
    x, y, z = np.moveaxis(DATA.joints, -1, 0)
    turned = with_joints(mixed, np.stack([z, x, y], -1), meaning=known(up="+z", unit="m", hand="right"))
    assert "6 of the 12 test sequences were trained on, so this is no test of them" in answers_to(turned)[0]["warnings"]


def test_new_people_with_old_numbers_are_told():
    new = people(seed=9)
    result, _ = answers_to(dataclasses.replace(new, subject=(new.subject % 4 + 1).astype(np.int16)))
    assert not any("trained on, so this" in said for said in result["warnings"])
    result, _ = answers_to(new, protocol="all")
    assert any("people who were trained on (1, 3)" in said for said in result["warnings"])
    older = dataclasses.replace(new, subject=(new.subject + 10).astype(np.int16))
    assert answers_to(older, protocol="all")[0]["warnings"] == [NOT_ITS_OWN]


def test_everything_of_other_people_is_tested_and_nothing_said_to_train(capsys):
    new = people(seed=9, subjects=3)
    result, found = answers_to(dataclasses.replace(new, subject=(new.subject + 10).astype(np.int16)), protocol="all")
    assert (result["n_train"], result["n_validation"], result["n_test"]) == (0, 0, 18) and len(found) == 18
    text = summary(result)
    assert "  18 sequences to test, by a network that was trained before\n  test: subjects 11 to 13\n" in text
    assert main(["evaluate", "run", "--data", "others.npz", "--protocol", "all", "--predictions", "again.csv"]) == 0
    assert capsys.readouterr().out.startswith(text.split("\n")[0])
    assert Path("again.csv").read_bytes() == Path("others.csv").read_bytes()


def test_one_new_person_can_be_tested_by_a_network_that_held_people_out():
    one = people(seed=9, subjects=2)
    result, _ = answers_to(dataclasses.replace(one, subject=(one.subject + 10).astype(np.int16)))  # half: one of them
    assert (result["n_train"], result["n_test"]) == (0, 6)


def test_a_fold_that_other_data_lack_is_told_with_what_to_do(capsys):
    data = people(seed=9, subjects=2)
    neutral.save("others.npz", data)
    assert main(["evaluate", "run", "--data", "others.npz", "--protocol", "loso", "--fold", "3"]) == 2
    error = capsys.readouterr().err
    assert "loso has no fold 3 there; test all of it with --protocol all" in error and error.count("\n") == 1


def test_everything_of_its_own_data_holds_what_it_was_trained_on(made, capsys):
    result = runs.retest("run", protocol="all")
    assert result["n_test"] == 24
    assert "12 of the 24 test sequences were trained on, so this is no test of them" in result["warnings"]
    assert not any("no test of new people" in said for said in result["warnings"])  # said already
    result = runs.retest("run", protocol="k-fold:4", fold=1)
    assert result["n_test"] == 6 and result["n_train"] == 0
    assert main(["evaluate", "run", "--protocol", "all"]) == 0
    assert "beware: 12 of the 24" in capsys.readouterr().out


def test_all_is_no_protocol_to_train_by(capsys):
    neutral.save("data.npz", DATA)
    for more in ([], ["--no-mirror"], ["--fold", "all", "--no-mirror"]):
        assert main(["train", "--data", "data.npz", "--protocol", "all", "--out", "new", *more]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1, error
        assert "'all'" in error or "the protocol all leaves nothing" in error, error
        assert not Path("new").exists()


def test_fewer_joints_are_filled_in_and_too_few_refused():
    some = [n for n, name in enumerate(PERSON) if name not in ("spine", "left foot")]
    result, _ = answers_to(only(DATA, some))
    assert any("'spine', 'left foot' are missing and are filled in from" in said for said in result["warnings"])
    refused(only(DATA, [n for n, name in enumerate(PERSON) if "left" not in name]), "8 of the 20 joints are missing")


def only(data, some):
    """The data with those joints alone, each hanging from the next that is left on the way to the root."""
    parents = {child: parent for parent, child in data.edges.tolist()}
    edges = []
    for joint in some:
        parent = parents.get(joint)
        while parent is not None and parent not in some:
            parent = parents.get(parent)
        if parent is not None:
            edges.append((some.index(parent), some.index(joint)))
    names = tuple(data.joint_names[n] for n in some)
    return with_joints(data, data.joints[:, :, some], joint_names=names, edges=np.array(edges, np.int16))


def test_a_protocol_that_cuts_the_data_down_cuts_others_down_too(tmp_path):
    few = people(subjects=6, repetitions=1)
    everything = tuple(f"action {n}" for n in range(1, 21))
    data = dataclasses.replace(few, label=np.array([1, 4, 0], np.int16)[few.label], class_names=everything)
    (tmp_path / "msr").mkdir()
    run = with_opinions(
        tmp_path / "msr", data, dataclasses.replace(FACING, validation=0), "msr-as1"
    )  # without action 1
    neutral.save(
        "others.npz", dataclasses.replace(data, subject=np.array([0, 2, 1, 3, 4, 5, 6], np.int16)[few.subject])
    )
    result = runs.retest(run, "others.npz")
    assert result["n_test"] == 6 and set(result["per_class"]) == {"action 2", "action 5"}
    assert "2 of the 6 test sequences were trained on, so this is no test of them" in result["warnings"]
