"""Proof that the hand-written gradients are right: complex step and central differences, and a table to read.

Complex step: f(p + ih) = f(p) + ih f'(p) + O(h^2), so f'(p) = Im f(p + ih) / h. Nothing is subtracted, so nothing
cancels and h can be 1e-30: the derivative comes out to rounding error. It needs f to be computed without abs, max or
comparisons of the complex part, which is how ops.py is written. An f that is not (norm, std, vdot, sign) has another
derivative there or none; it is refused where its result is real, and else betrayed by the other witness.

Central differences know nothing of complex numbers and so stand as a second witness. The five-point formula
(f(p-2h) - 8 f(p-h) + 8 f(p+h) - f(p+2h)) / 12h errs by h^4 f'''''/30 and by rounding / h: at h = 1e-3 about 1e-12.

A check proves something only where every parameter matters: at least two joints, frames and sequences, weights large
enough that no gate sits still, dropout masks held fixed, and no ReLU closer to its kink than the differences reach.
"""

import numbers
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..support.errors import InputError, shown
from .gca_lstm import GCALSTM, INITIAL_MEMORIES, multiplied_out
from .ops import nll_backward, nll_forward
from .two_stream import Coarse, TwoStream

COMPLEX_TOLERANCE = 1e-10
CENTRAL_TOLERANCE = 1e-6
_IMAGINARY_STEP = 1e-30
_STEP = 1e-3
HINT = "let complex numbers through, which norm, std, abs, vdot, sign, logaddexp, .real and conj do not"
SIZES = {"joints": 4, "frames": 3, "channels": 3, "classes": 3, "hidden": 3}
PARTS = (0, 1, 1, 4)


def complex_step(f, array):
    """Gradient of the scalar function f at a float64 array, one entry at a time; f must accept a complex array.

    Whole numbers and shorter floats are taken as float64. Raises InputError where the array is complex or holds no
    numbers, where f takes no complex numbers or answers with more than one number, and where its result is not complex,
    for it has lost the imaginary part on the way. Warns where central differences see another slope, or none.
    """
    array = _floats(array)
    gradient = _complex_step(f, array)
    if not _witnesses_agree(f, array, gradient):
        words = f"complex step and central differences disagree on a slope of f; {HINT}, and keep away from kinks"
        warnings.warn(words, stacklevel=2)
    return gradient


def _complex_step(f, array):
    """`complex_step` without a look at the other witness."""
    gradient, probe = np.empty(array.shape), array.astype(complex)
    for entry in np.ndindex(array.shape):
        probe[entry] += 1j * _IMAGINARY_STEP
        try:
            value = f(probe.copy())  # f may change what it is given
        except Exception as error:
            f(array.copy())  # with its own error, if it takes no real numbers either
            said = str(error).partition("\n")[0] or type(error).__name__
            raise InputError(f"f takes no complex numbers ({said}); {HINT}, or use central_difference") from error
        value = _number(value)
        if not np.iscomplexobj(value):
            raise InputError(
                f"f answers a complex array with {type(value).__name__}, which has no imaginary part, so the complex "
                f"step proves nothing; {HINT}, or use central_difference"
            )
        gradient[entry] = value.imag / _IMAGINARY_STEP
        probe[entry] = array[entry]
    return gradient


def central_difference(f, array, step=_STEP):
    """Gradient of the scalar function f at a float64 array by the five-point formula, one entry at a time.

    Whole numbers and shorter floats are taken as float64. Entries above 1000 take larger steps, a millionth of them.
    Raises InputError as `complex_step` does, and for a complex result, since that is no slope.
    """
    array = _floats(array)
    gradient, probe = np.empty(array.shape), array.copy()
    for entry in np.ndindex(array.shape):
        slope, h = 0.0, max(step, 1e-6 * abs(array[entry]))
        for distance, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
            probe[entry] = array[entry] + distance * h
            value = _number(f(probe.copy()))
            if np.iscomplexobj(value):
                raise InputError("f answers a real array with a complex number; let it answer with one of its parts")
            slope += weight * value
        probe[entry] = array[entry]
        gradient[entry] = slope / (12 * h)
    return gradient


def _floats(array):
    """Numbers as an array that takes small steps: float64, or longer. InputError for what has no such steps."""
    dtype = getattr(array, "dtype", None)
    given, array = array, np.asarray(array, dtype if isinstance(dtype, np.dtype) else object)
    if array.dtype.kind == "O" and all(isinstance(entry, numbers.Real) for entry in array.flat):
        with suppress(OverflowError):
            array = array.astype(float)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{shown(given)} holds no real numbers, so f has no slope there; give an array of float64")
    return array.astype(np.promote_types(array.dtype, float))


def _number(value):
    """What f answers with, if that is one number, on whatever device. InputError for anything else."""
    if getattr(value, "size", 1) == 1:
        if getattr(value, "ndim", 0):
            value = value.reshape(())[()]
        if isinstance(value, numbers.Number) or getattr(getattr(value, "dtype", None), "kind", "O") in "biufc":
            return value
    shape = f"an array of shape {value.shape}" if hasattr(value, "shape") else shown(value)
    raise InputError(f"f answers with {shape}, so it has no single slope; let it answer with one number, such as a sum")


def _witnesses_agree(f, array, gradient):
    """Do central differences see the slope of the gradient, too, along one random direction?

    What half the step sees otherwise, near a kink, is in doubt, and so are rounding and what is as small as the
    imaginary step: of p^3 at 0 the complex step answers 1e-60, its own square. A gradient of NaN is not judged.
    """
    if not array.size:
        return True
    direction = np.random.default_rng(0).standard_normal(array.shape) / np.sqrt(array.size)
    told = (gradient * direction).sum()
    seen, closer = (
        central_difference(lambda steps: np.real(f(array + steps[0] * direction)), np.zeros(1), step)[0]
        for step in (_STEP, _STEP / 2)
    )
    value = np.asarray(np.real(f(array.copy())))
    digits = np.finfo(value.dtype if value.dtype.kind == "f" else float).eps
    rounding = digits * (np.abs(value) + np.abs(gradient * array).sum()) / _STEP
    near = 1e-4 * max(abs(told), abs(seen), 1e-3 * np.abs(gradient).max()) + 10 * (abs(seen - closer) + rounding)
    return bool(not np.isfinite(told) or abs(told - seen) <= near + _IMAGINARY_STEP)


def relative_error(derived, measured):
    """Largest difference over the largest entry of the two; infinite where both are zero, for that proves nothing."""
    derived, measured = (np.asarray(value) * 1.0 for value in (derived, measured))
    scale = max(np.abs(derived).max(), np.abs(measured).max())
    error = np.abs(derived - measured).max()
    return float(error / scale) if scale > 0 and np.isfinite(error) else float("inf")


@dataclass(frozen=True)
class Row:
    """One parameter of one network, and how far its gradient is from both witnesses."""

    network: str
    name: str
    shape: tuple[int, ...]
    complex_error: float
    central_error: float
    agreed: bool = True  # do the witnesses agree with each other? asked where one of them finds the gradient wrong

    @property
    def passed(self):
        return self.complex_error < COMPLEX_TOLERANCE and self.central_error < CENTRAL_TOLERANCE

    @property
    def judged(self):
        """The verdict in a few words."""
        return "ok" if self.passed else "WRONG" if self.agreed else "WITNESSES DISAGREE"


def problem(network, seed=0, batch=2):
    """A network's parameters, input, labels and dropout masks in float64, on which a gradient check proves something.

    Draws again until every ReLU is well away from its kink and the loss feels every parameter and the input of every
    sequence (its slope along a random direction, by complex step). Returns params, x (B, T, J, C), y (B,), masks.
    Raises InputError, naming the parameters, where some are not felt in fifty such draws.
    """
    draws, unfelt = 0, set()
    for attempt in range(1000):
        rng = np.random.default_rng([seed, attempt])
        params = network.init(rng, np.float64)
        for name, value in params.items():
            value *= 1.5  # gates that move
            if name.endswith(".b"):
                value += 0.3 * rng.standard_normal(value.shape)
        x = rng.standard_normal((batch, network.frames, network.joints, network.channels))
        y = rng.integers(0, network.classes, batch)
        masks = network.masks(rng, batch, np.float64)
        _, cache = network.forward(params, x, masks)
        if any(np.abs(z).min() < 0.02 for z in network.relu_inputs(cache)):
            continue
        everything = params | {"input": x}
        *directions, (_, along) = ((name, rng.standard_normal(value.shape)) for name, value in everything.items())
        directions += [("input", along * one) for one in np.eye(batch)[..., None, None, None]]  # sequence by sequence
        silent = set()
        for name, direction in directions:
            moved = everything | {name: everything[name] + 1j * _IMAGINARY_STEP * direction}
            if not abs(_loss(network, moved, y, masks).imag) > 1e-3 * _IMAGINARY_STEP:
                silent.add(name)
        if not silent:
            return params, x, y, masks
        draws, unfelt = draws + 1, unfelt & silent if draws else silent
        if draws == 50 and unfelt:
            names = ", ".join(name for name in everything if name in unfelt)
            raise InputError(
                f"the loss does not feel {names}, so a gradient check proves nothing; see that the forward pass uses "
                "everything and lets complex numbers through"
            )
    raise InputError("no numbers were found on which every parameter matters; choose a smaller network")


def _loss(network, everything, y, masks):
    """The loss as a function of the parameters and the "input", all in one dict."""
    return nll_forward(network.forward(everything, everything["input"], masks)[0], y)[0]


def check_network(network, seed=0, label="", witnesses=("complex", "central"), directions=None):
    """Rows for every parameter of the network and for its input, on `problem(network, seed)`.

    witnesses: "complex", "central" or both; the error of one that is left out is 0.
    directions: None asks them entry by entry; a number, in a fraction of the time, along so many random directions of
        each parameter, in which every entry has its share.
    """
    params, x, y, masks = problem(network, seed)
    logits, cache = network.forward(params, x, masks)
    _, nll_cache = nll_forward(logits, y)
    derived = multiplied_out(network.backward(nll_backward(nll_cache), cache, with_input=True))
    rng = np.random.default_rng([seed, 1000])

    rows = []
    for name, value in (params | {"input": x}).items():

        def loss(value, name=name):
            return _loss(network, params | {"input": x, name: value}, y, masks)

        gradient = derived[name]
        if directions:
            loss, gradient, value = _along(rng, directions, loss, gradient, value)
        errors, agreed = {"complex": 0.0, "central": 0.0}, True
        for witness in witnesses:
            measured = (_complex_step if witness == "complex" else central_difference)(loss, value)
            errors[witness] = relative_error(gradient, measured)
            if witness == "complex" and errors[witness] >= COMPLEX_TOLERANCE:
                agreed = _witnesses_agree(loss, value, measured)
        rows.append(Row(label, name, derived[name].shape, errors["complex"], errors["central"], agreed))
    return rows


def _along(rng, n, f, gradient, array):
    """f as a function of n steps along random directions from `array`, its gradient there (n,), and where it stands."""
    directions = rng.standard_normal((n, *array.shape)) / np.sqrt(array.size)
    slopes = directions.reshape(n, -1) @ gradient.reshape(-1)
    return lambda steps: f(array + np.tensordot(steps, directions, 1)), slopes, np.zeros(n)


def networks():
    """The networks that are proved here, with what to call them: (label, network). variants/gradcheck.py has more."""
    for initial in INITIAL_MEMORIES:
        for N in (0, 1, 2):
            yield f"GCA-LSTM, N = {N}, {initial} memory", GCALSTM(3, 4, 3, 3, hidden=4, iterations=N, initial=initial)
    average = SIZES | {"initial": "average"}
    yield "GCA-LSTM, three iterations", GCALSTM(**average, iterations=3)
    yield "GCA-LSTM, recomputing", GCALSTM(**average, iterations=3, recompute=True)
    yield "GCA-LSTM, coarse", Coarse(**average, parts=PARTS)
    yield "GCA-LSTM, two streams, average memory", TwoStream(**average, parts=PARTS)
    yield "GCA-LSTM, two streams, feedforward memory", TwoStream(**SIZES, parts=PARTS, iterations=1)


def prove(labelled, seed=0):
    """Check networks, pairs (label, network), in turn; prints a table of each and the verdict; returns all rows."""
    rows = []
    for label, network in labelled:
        found = check_network(network, seed, label)
        print(table(found), end="\n\n", flush=True)
        rows += found
    print(verdict(rows))
    return rows


def table(rows):
    """The rows of one network as text, a line per parameter."""
    width = max(len(row.name) for row in rows)
    lines = [rows[0].network, f"  {'parameter':{width}}  {'shape':>10}  complex step  central diff.  verdict"]
    for row in rows:
        errors = f"{row.complex_error:12.1e}  {row.central_error:13.1e}"
        lines.append(f"  {row.name:{width}}  {'x'.join(map(str, row.shape)):>10}  {errors}  {row.judged}")
    return "\n".join(lines)


def verdict(rows):
    """How many gradients are wrong, and the largest errors."""
    lines = [f"{len(rows)} gradients, {sum(not row.passed for row in rows)} wrong. Largest relative errors:"]
    for name, tolerance in (("complex", COMPLEX_TOLERANCE), ("central", CENTRAL_TOLERANCE)):
        worst = max(rows, key=lambda row: getattr(row, f"{name}_error"))
        error = getattr(worst, f"{name}_error")
        lines.append(f"  {name:8} {error:.1e}, tolerance {tolerance:.0e} ({worst.network}: {worst.name})")
    if not all(row.agreed for row in rows):
        lines.append(f"  the witnesses disagree, so the forward pass may be at fault: {HINT}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(0 if all(row.passed for row in prove(networks())) else 1)
