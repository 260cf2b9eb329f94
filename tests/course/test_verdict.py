"""Sentences on wrong numbers: as long as they need to be, and no false lead; what a test must see, drivers show."""

import re

import numpy as np
import pytest

from course.bugs.mutants import ours
from course.drivers import DRIVERS, hidden, visible
from course.drivers.driver import Asked, told
from course.grading import verdict


def said(name, change, numbers=False):
    """The sentences on a driver's right outputs after a change of them, by output."""
    driver = DRIVERS[name]
    inputs = visible(driver)[0]
    right = driver.run(ours, inputs)
    got = {key: np.array(value, float) for key, value in right.items()}
    change(got)
    return verdict.compare(driver, inputs, got, right, numbers=numbers)


def test_a_huge_error_is_told_in_a_few_digits():
    def huge(got):
        got["h"][0, 0] = 1e300

    sentence = said("cell_forward", huge)["h"]
    assert "it is off by up to 1e+300 times its largest number" in sentence.replace("2e+300", "1e+300")
    assert len(sentence) < 150


def test_one_number_in_every_place_is_told_as_such_where_others_belong():
    def level(got):
        got["h"][:] = 0.25

    assert "it is the same number everywhere" in said("cell_forward", level)["h"]


def test_a_flag_is_told_by_its_own_sentence_alone():
    found = said("tree_forward", lambda got: got.update(heard=0.0), numbers=True)
    assert found["heard"].startswith("c of a neighbour has changed after a cell has heard it") and not found["h"]
    assert "right 1" not in found["heard"]


def test_float32_is_suspected_where_every_number_is_a_little_off_and_nowhere_else():
    def rounded(got):
        got["dU"] = got["dU"].astype(np.float32).astype(float)

    def one_is_off(got):
        got["dU"][0, 0] += 3e-5 * np.abs(got["dU"]).max()
        got["dU"][1, :] *= 1 + 1e-3 * (np.abs(got["dU"][1, :]) < 0.01 * np.abs(got["dU"]).max())

    assert "float32" in said("cell_backward", rounded)["dU"]
    assert "it is a little off" in said("cell_backward", one_is_off)["dU"]


@pytest.mark.parametrize("name", [name for name, driver in DRIVERS.items() if {"J", "T"} <= {*driver.letters.split()}])
def test_the_number_of_cells_that_a_sentence_names_is_that_of_the_arrays(name):
    for inputs in (*visible(DRIVERS[name]), *hidden(DRIVERS[name], 1)):
        assert inputs["K"] == inputs["J"] * inputs["T"]
        assert inputs.get("parts") is None or len(inputs["parts"]) == inputs["J"]


def test_an_error_of_python_becomes_a_sentence_unless_it_says_more():
    with pytest.raises(Asked, match=r"^unpack stops \(IndexError: tuple index out of range\)$"), told("unpack stops"):
        _ = ()[1]
    with pytest.raises(ValueError, match="read-only"), told("unpack stops"):
        raise ValueError("assignment destination is read-only")
    with pytest.raises(NotImplementedError), told("unpack stops"):
        raise NotImplementedError


def test_gradients_of_a_network_are_asked_for_by_the_names_of_its_parameters():
    driver = DRIVERS["whole_network"]
    inputs = visible(driver)[0]
    network = ours("network.gca_lstm").Network
    for change, sentence in (
        (
            lambda g: {name.removeprefix("layer1."): value for name, value in g.items()},
            "has no layer1.W, layer1.b; it ",
        ),
        (lambda g: {name: value for name, value in g.items() if name != "input"}, "has no input"),
        (lambda g: list(g.values()), "backward returned one list; a dict of gradients by name is asked for"),
    ):

        def backward(self, *arguments, change=change, **more):
            return change(network.backward(self, *arguments, **more))

        def package(name, backward=backward):
            module = ours(name)
            if name != "network.gca_lstm":
                return module
            changed = type("Changed", (module.GCALSTM,), {"backward": backward})
            return replace_in(module, GCALSTM=changed)

        with pytest.raises(Asked, match=sentence):
            driver.run(package, inputs)


def replace_in(module, **names):
    """A stand-in for a module with other names in it."""
    return type("Module", (), vars(module) | names)


def test_training_asks_for_no_gradient_of_the_input():
    driver = DRIVERS["two_streams_backward"]
    outputs = driver.run(ours, visible(driver)[0])
    assert outputs["plain"] == 1
    found = verdict.compare(driver, visible(driver)[0], outputs | {"plain": 0.0}, outputs)
    assert "an input gradient that nobody asked for" in found["plain"]


def test_a_single_number_is_told_with_what_belongs_there():
    found = said("next_step", lambda got: got.update(waited=np.array(2.0)), numbers=True)
    assert found["waited"] == "waited (the count of epochs waited): it is 2 where 0 belongs"


def test_a_rule_that_is_kept_by_who_returns_anything_is_worth_nothing_by_itself():
    driver = DRIVERS["tree_forward"]
    assert verdict.share(driver, {"h": False, "heard": True}) == 0
    assert verdict.share(driver, {"h": True, "heard": False}) == 0.75
    assert verdict.share(driver, {"h": True, "heard": True}) == 1
    assert all(driver.flags.keys() < driver.what.keys() for driver in DRIVERS.values() if driver.flags)


@pytest.mark.parametrize(("name", "output", "cell"), [("tree_forward", "h", 2), ("tree_backward", "da", 7)])
def test_the_number_that_is_told_is_of_the_cell_that_is_computed_first(name, output, cell):
    """A backward pass begins with the last one."""

    def wrong(got):
        got[output][2, 1, 1] += 1
        got[output][7, 0, 0] += 1
        got[output][7, 1, 2] += 1

    found = said(name, wrong, numbers=True)[output]
    place = [cell, 1, 1] if cell == 2 else [cell, 0, 0]
    got, right = re.search(re.escape(f"(at {place} yours ") + r"(\S+), right (\S+)\)$", found).groups()
    assert float(got) - float(right) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "output", "rows", "told"),
    [
        ("cell_backward", "dU", slice(None, 4), "wrong in the rows of h_S, right in those of h_T"),
        ("cell_backward", "dU", slice(4, None), "wrong in the rows of h_T, right in those of h_S"),
        ("tree_backward", "dW", slice(None, 5), "wrong in the rows of x, right in those of h_S, h_T"),
        ("tree_backward", "dW", slice(5, 11), "wrong in the rows of h_S, right in those of x, h_T"),
        ("tree_backward", "dW", slice(11, None), "wrong in the rows of h_T, right in those of x, h_S"),
        ("informativeness_backward", "dWe2", slice(None, 5), "wrong in the rows of h, right in those of IF"),
        ("refine_memory", "dW", slice(4, None), "wrong in the rows of IF, right in those of F"),
    ],
)
def test_whose_rows_of_the_weights_are_wrong(name, output, rows, told):
    def wrong(got):
        got[output][rows] += 1

    assert told in said(name, wrong)[output].split("; ")
