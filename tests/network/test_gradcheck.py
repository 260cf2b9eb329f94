"""The two witnesses on functions whose derivative is known, and the report."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from gca_scratch.network import gradcheck
from gca_scratch.network.gca_lstm import GCALSTM
from gca_scratch.network.ops import nll_backward, nll_forward
from gca_scratch.support.errors import InputError

POINT = np.array([[0.3, -1.2], [2.0, 0.7]])


@pytest.mark.parametrize(
    ("f", "derivative"),
    [(lambda z: (z**3).sum(), 3 * POINT**2), (lambda z: np.exp(z).sum(), np.exp(POINT)),
     (lambda z: np.tanh(z).prod(), np.tanh(POINT).prod() / np.tanh(POINT) * (1 - np.tanh(POINT) ** 2))],
    ids=["cube", "exp", "product of tanh"],
)  # fmt: skip
def test_both_witnesses_know_simple_derivatives(f, derivative):
    assert gradcheck.relative_error(gradcheck.complex_step(f, POINT), derivative) < 1e-15
    assert gradcheck.relative_error(gradcheck.central_difference(f, POINT), derivative) < 1e-10


def test_witnesses_leave_the_point_alone():
    point = POINT.copy()
    gradcheck.complex_step(lambda z: (z * z).sum(), point)
    gradcheck.central_difference(lambda z: (z * z).sum(), point)
    np.testing.assert_array_equal(point, POINT)


@pytest.mark.parametrize("witness", [gradcheck.complex_step, gradcheck.central_difference])
@pytest.mark.parametrize("kind", [int, np.uint8, np.int16, bool, list])
def test_whole_numbers_take_small_steps(witness, kind):
    point = [0, 1, 1] if kind is bool else [1, 2, 3]
    array = point if kind is list else np.array(point, kind)
    np.testing.assert_allclose(witness(lambda p: (p**3).sum(), array), 3.0 * np.square(point), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("witness", [gradcheck.complex_step, gradcheck.central_difference])
@pytest.mark.parametrize("kind", ["f2", "f4", ">f8", "g", "O"])
def test_short_floats_take_small_steps(witness, kind):
    point = np.array([1, 2, 3], kind)
    np.testing.assert_allclose(witness(lambda p: (p**3).sum(), point), [3, 12, 27], rtol=1e-9)
    assert point.tolist() == [1, 2, 3]


class Column:
    """An array of another library: its type is none of NumPy."""

    dtype = "Int64"

    def __array__(self, dtype=None, copy=None):
        return np.array([1, 2, 3], dtype)


@pytest.mark.parametrize("witness", [gradcheck.complex_step, gradcheck.central_difference])
@pytest.mark.parametrize("point", [Column(), [np.int8(1), 2.0, Fraction(3)], (True, np.float32(2), np.uint8(3))])
def test_numbers_of_any_make_take_small_steps(witness, point):
    np.testing.assert_allclose(witness(lambda p: (p**3).sum(), point), [3, 12, 27], rtol=1e-9)


@pytest.mark.parametrize("witness", [gradcheck.complex_step, gradcheck.central_difference])
@pytest.mark.parametrize(
    "point",
    [[1j, 2], np.ones(2, "F"), ["a"], None, np.array(["2026"], "M8[Y]"), [{}], [[1], []], [10**400], [Decimal(1)]],
)
def test_what_takes_no_real_steps_is_refused(witness, point):
    with pytest.raises(InputError, match="holds no real numbers, so f has no slope there; give an array of float64"):
        witness(lambda p: p.sum(), point)


@pytest.mark.parametrize("witness", [gradcheck.complex_step, gradcheck.central_difference])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e13, 1e30, 10**40])
def test_steps_are_not_lost_in_large_numbers(witness, size):
    slopes = witness(lambda p: (p**2).sum(), [size, -2.0 * size])
    np.testing.assert_allclose(slopes, [2.0 * size, -4.0 * size], rtol=1e-6)


@pytest.mark.parametrize("witness", [gradcheck.complex_step, gradcheck.central_difference])
def test_a_function_may_change_what_it_is_given(witness):
    def f(p):
        np.exp(p, out=p)
        return p.prod()

    point = POINT.copy()
    np.testing.assert_allclose(witness(f, point), np.full(POINT.shape, np.exp(POINT).prod()), rtol=1e-9)
    np.testing.assert_array_equal(point, POINT)


@pytest.mark.parametrize("witness", [gradcheck.complex_step, gradcheck.central_difference])
def test_f_answers_with_one_number(witness):
    np.testing.assert_allclose(witness(lambda p: (p**2).sum(keepdims=True), POINT), 2 * POINT, rtol=1e-9)
    for f, words in (
        (lambda p: p**2, r"an array of shape \(2, 2\)"), (lambda p: p.tolist(), r"\[\["), (lambda p: None, "None"),
        (lambda p: p[:0], r"an array of shape \(0, 2\)"), (lambda p: "7", "'7'"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=f"f answers with {words}.*, so it has no single slope"):
            witness(f, POINT)
    with pytest.raises(InputError, match="f answers a real array with a complex number"):
        gradcheck.central_difference(lambda p: (p + 1j).sum(), POINT)


@pytest.mark.parametrize("witness", [gradcheck.complex_step, gradcheck.central_difference])
@pytest.mark.parametrize("point", [2, 2.0, np.float64(2), np.array(2.0)])
def test_plain_numbers_have_a_slope_too(witness, point):
    assert float(witness(lambda p: p**3, point)) == pytest.approx(12, rel=1e-9)


@pytest.mark.parametrize(
    "f", [np.linalg.norm, np.std, lambda z: np.abs(z).sum(), lambda z: z.real.sum(), lambda z: 3.0]
)
def test_a_result_without_an_imaginary_part_is_refused(f):
    with pytest.raises(InputError, match=r"f answers a complex array with \w+, which has no imaginary part"):
        gradcheck.complex_step(f, POINT)


@pytest.mark.parametrize(
    "f",
    [lambda z: np.vdot(z, z), lambda z: (z * z / abs(z)).sum(), lambda z: (z**2).sum() + 0.5 * np.vdot(z, z),
     lambda z: np.abs(z).sum() + 0j, lambda z: (z**2).sum() + 1e-3 * np.linalg.norm(z) ** 2],
    ids=["vdot", "twice the slope", "in part", "abs", "weight decay"],
)  # fmt: skip
@pytest.mark.parametrize("point", [POINT, 1e-3 * POINT, 1e3 * POINT])
def test_the_other_witness_sees_a_lost_imaginary_part(f, point):
    with pytest.warns(UserWarning, match="complex step and central differences disagree on a slope of f; let complex"):
        gradcheck.complex_step(f, point)


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("f", [np.log, np.sqrt, lambda z: z**1.5])
def test_what_is_defined_for_complex_numbers_alone_has_no_slope(f):
    with pytest.warns(UserWarning, match="disagree on a slope of f"):
        gradcheck.complex_step(lambda z: f(z).sum(), POINT)


@pytest.mark.parametrize("f", [lambda z: np.logaddexp(0, z), np.cbrt, lambda z: np.hypot(z, 1), np.floor])
def test_a_function_that_takes_no_complex_numbers_is_named(f):
    with pytest.raises(InputError, match=r"f takes no complex numbers \(ufunc '\w+' not supp.*let complex numbers"):
        gradcheck.complex_step(lambda z: f(z).sum(), POINT)
    with pytest.raises(TypeError, match="NoneType"):  # what fails with real numbers, too, is something else
        gradcheck.complex_step(lambda z: f(z) + None, POINT)


def into_reals(z):
    return np.dot(z, z, out=np.empty(()))


def for_floats(z):
    if z.dtype != float:
        raise NotImplementedError
    return z.sum()


def by_python(z):
    return max(z.ravel().tolist())


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (into_reals, "output array is not acceptable"),
        (for_floats, "NotImplementedError"),
        (by_python, "not supported between"),
    ],
)
def test_whatever_stops_complex_numbers_is_named_so(f, words):
    """Not every function does so with a TypeError."""
    with pytest.raises(InputError, match=f"f takes no complex numbers .*{words}"):
        gradcheck.complex_step(f, POINT[0])


@pytest.mark.filterwarnings("ignore:Casting complex values to real")
@pytest.mark.parametrize(
    "kept", [lambda z: z.astype(float).sum(), lambda z: float(z[0]), lambda z: np.linalg.slogdet(z * np.eye(2))[1]]
)
def test_a_part_that_numpy_drops_with_a_warning_is_a_lost_part(kept):
    with pytest.raises(InputError, match="which has no imaginary part"):
        gradcheck.complex_step(kept, POINT[0])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("start", [0.0, 1e6])
def test_the_other_witness_keeps_silent_of_rounding(scale, start):
    gradcheck.complex_step(lambda z: z[0, 0].item() ** 3, POINT)  # of Python numbers
    gradcheck.complex_step(lambda z: start + (scale * np.tanh(z)).sum(), POINT)
    gradcheck.complex_step(lambda z: (scale * np.tanh(z.astype("c8" if z.dtype.kind == "c" else "f4"))).sum(), POINT)
    assert gradcheck.complex_step(lambda z: z.sum(), np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("power", [2, 3, 4, 7])  # the complex step answers p^3 with its own square, 1e-60 for 0
@pytest.mark.parametrize("point", [np.zeros(3), np.zeros((2, 2)), 0, np.array([0, -0.0, 1e-320])])
def test_the_other_witness_keeps_silent_where_every_slope_is_zero(power, point):
    for witness in (gradcheck.complex_step, gradcheck.central_difference):
        assert np.abs(witness(lambda p: (p**power).sum(), point)).max() < 1e-15


@pytest.mark.parametrize("steepness", [30, 300, 1000])
def test_the_other_witness_keeps_silent_of_what_is_steep(steepness):
    slopes = gradcheck.complex_step(lambda z: np.sin(steepness * z).sum(), POINT)
    np.testing.assert_allclose(slopes, steepness * np.cos(steepness * POINT), rtol=1e-12)


@pytest.mark.parametrize("distance", [1.5e-4, 1e-4, 5e-5, 2e-5])
def test_the_other_witness_keeps_silent_of_a_kink_nearby(distance):
    """Its own steps go 2e-4 to either side here."""
    slopes = gradcheck.complex_step(lambda z: (z * (z.real > 0)).sum(), [distance, -distance])
    assert slopes.tolist() == [1, 0]


class Torn(GCALSTM):
    """A network whose forward pass is right for real numbers, and loses a part of the imaginary ones."""

    def forward(self, *arguments, **named):
        logits, cache = super().forward(*arguments, **named)
        return logits - 0.5j * logits.imag if np.iscomplexobj(logits) else logits, cache


@pytest.mark.parametrize("directions", [None, 2])
@pytest.mark.parametrize("witnesses", [("complex",), ("complex", "central")])
def test_a_network_whose_witnesses_disagree_is_told_from_a_wrong_gradient(witnesses, directions):
    rows = gradcheck.check_network(Torn(2, 2, 2, 2, hidden=2, iterations=1), 0, "torn", witnesses, directions)
    assert not any(row.passed or row.agreed for row in rows)
    assert gradcheck.table(rows).count("WITNESSES DISAGREE") == len(rows)
    assert "so the forward pass may be at fault: let complex numbers through" in gradcheck.verdict(rows)


def test_a_wrong_gradient_is_no_quarrel_of_the_witnesses(monkeypatch):
    monkeypatch.setattr(gradcheck, "nll_backward", lambda cache: 1.1 * nll_backward(cache))
    rows = gradcheck.check_network(GCALSTM(2, 2, 2, 2, hidden=2, iterations=1))
    assert all(row.agreed and not row.passed for row in rows)
    assert "disagree" not in gradcheck.verdict(rows).lower() + gradcheck.table(rows).lower()


def test_errors_are_relative_and_nothing_is_proved_by_zeros():
    assert gradcheck.relative_error(np.array([1, 2], np.uint8), [2, 2]) == 0.5  # and nothing wraps around
    assert gradcheck.relative_error(np.array([True, False]), np.ones(2)) == 1
    assert gradcheck.relative_error(np.array([2.0, 1.0]), np.array([2.0, 1.1])) == pytest.approx(0.05)
    assert gradcheck.relative_error(np.zeros(2), np.zeros(2)) == float("inf")
    assert gradcheck.relative_error(np.array([np.nan]), np.ones(1)) == float("inf")


def test_problems_keep_away_from_the_kinks():
    network = GCALSTM(3, 3, 3, 3, hidden=4)
    for seed in range(3):
        params, x, _, masks = gradcheck.problem(network, seed)
        _, cache = network.forward(params, x, masks)
        inputs = network.relu_inputs(cache)
        assert len(inputs) == 3 and min(np.abs(z).min() for z in inputs) >= 0.02


@pytest.mark.parametrize("seed", range(8))
def test_a_problem_lets_every_sequence_speak(seed):
    """A mask may shut the classifier for a whole sequence: then no gradient goes through it, and nothing is proved."""
    network = GCALSTM(2, 2, 3, 3, hidden=2, iterations=1, initial="average")
    params, x, y, masks = gradcheck.problem(network, seed)
    assert masks["classifier"].any(axis=1).all()
    logits, cache = network.forward(params, x, masks)
    gradients = network.backward(nll_backward(nll_forward(logits, y)[1]), cache, with_input=True)
    assert gradients["input"].any(axis=(1, 2, 3)).all()


def test_the_report_names_what_is_wrong():
    rows = [
        gradcheck.Row("a network", "layer1.W", (2, 3), 1e-15, 1e-9),
        gradcheck.Row("a network", "b", (3,), 1e-3, 0.1),
    ]
    assert rows[0].passed and not rows[1].passed
    table = gradcheck.table(rows)
    assert "layer1.W" in table and "2x3" in table and table.count("WRONG") == 1
    assert "2 gradients, 1 wrong" in gradcheck.verdict(rows) and "1.0e-03" in gradcheck.verdict(rows)
