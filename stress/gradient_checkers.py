"""What gradient checkers let through: twenty bugs in a backward pass, each shown to every checker that is installed.

    python -m venv .checkers
    .checkers/bin/pip install -e . torch==2.13.0 jax==0.10.2 autograd==1.9.1 numdifftools==0.11.2 scipy==1.17.1
    .checkers/bin/python stress/gradient_checkers.py --write docs/tables/gradient-checkers.md

The backward pass is that of one layer of gca_scratch/plain.py: 2 joints x 3 frames, two sequences, two channels, two
units, with scores. A checker is called as its documentation calls it, in float64, with its own tolerances; the right
backward pass is shown to it first, and must pass. A checker that is not installed is left out, with a sentence.
"""

import argparse
import inspect
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

from gca_scratch import plain
from gca_scratch.network import gradcheck

J, T, B, D, H = 2, 3, 2, 2, 2
ARGUMENTS = ("x", "W", "b", "r")
BUGS = (  # a text of plain.py, what stands there instead, and what is wrong
    ("dh * o * (1 - tanh_c**2)", "dh * o", "the slope of tanh(c) is missing"),
    ("dc = dc + dh * o", "dc = dh * o", "the carry from the successors is dropped"),
    ("di * i * (1 - i)", "di * (1 - i)", "half of the slope of a sigmoid is missing"),
    ("dpast * c_S, dpast * c_T", "dpast * c_T, dpast * c_S", "the forget gates are given each other's state"),
    ("W.T, dpast * f_S, dpast * f_T", "W.T, dpast * f_T, dpast * f_S", "the carries go to the wrong neighbour"),
    ("dh * tanh_c, dnew * i", "dh, dnew * i", "the output gate lacks its factor tanh(c)"),
    ("r * dc, (1 - r) * dc", "r * dc, dc", "the past is not weighed by 1 - r"),
    ("(dc * (new - past)).sum(axis=1)", "(dc * new).sum(axis=1)", "the score hears nothing of the past"),
    ("(new - past)).sum(", "(new - past)).mean(", "the score takes the mean over units instead of the sum"),
    ("dz.sum(axis=0), dr", "dz[0], dr", "the bias hears of the first sequence alone"),
    ("inputs.T @ dz, dz", "np.float32(inputs.T @ dz), dz", "the weights' gradient is rounded to float32"),
    ("dh[j, t - 1] += dinputs[:, D + H :]", "pass", "nothing flows back through h in time"),
    ("dc[j - 1, t] += dc_S", "dc[j - 1, t] = dc_S", "a carry is overwritten instead of added"),
    ("dW + dW_jt", "dW + dW_jt * (t < T - 1)", "the last frame is left out of the weights' gradient"),
    ("dr[j, t] = dr_jt", "dr[j, t] = dr_jt * (t > 0)", "the scores of the first frame hear nothing"),
    ("do * o * (1 - o)", "do * (o * (1 - o) + 1e-6)", "1e-6 is added to a slope, so that it is never zero"),
    ("du * (1 - u**2)", "du * (1 - u**2 + 1e-4)", "1e-4 is added to a slope, so that it is never zero"),
    ("np.concatenate(dz, axis=1)", "np.concatenate(dz, axis=1).clip(-0.05, 0.05)", "large gradients are clipped"),
    ("t] += dinputs[:, D : D", "t] += 0.9995 * dinputs[:, D : D", "a path is weighed by 0.9995"),
    ("dx[j, t] = dinputs[:, :D]", "dx[j, t] = dinputs[::-1, :D]", "two sequences exchange their inputs' gradients"),
)  # fmt: skip


def layer(before="", after=""):
    """forward(x, W, b, r) -> h and backward(dh, x, W, b, r) -> four gradients, with one text of plain.py changed."""
    source = inspect.getsource(plain)
    assert not before or source.count(before) == 1, f"plain.py does not have this text once: {before}"
    changed = {"__name__": "plain_with_a_bug"}
    exec(compile(source.replace(before, after) if before else source, plain.__file__, "exec"), changed)

    def forward(x, W, b, r):
        return changed["layer_forward"](x, W, b, r)[0]

    def backward(dh, x, W, b, r):
        return changed["layer_backward"](dh, changed["layer_forward"](x, W, b, r)[1])

    return forward, backward


def point(seed=0):
    """x (J, T, B, D), W (D + 2H, 5H), b (5H,), r (J, T, B), float64, and weights (J, T, B, H) that make h a number."""
    rng = np.random.default_rng(seed)
    x, weights = rng.standard_normal((J, T, B, D)), rng.standard_normal((J, T, B, H))
    return (x, rng.standard_normal((D + 2 * H, 5 * H)), rng.standard_normal(5 * H), rng.random((J, T, B))), weights


# --- checkers: True if they find the backward pass right --------------------------------------------------------------


def torch_gradcheck(forward, backward, fast=False):
    """`torch.autograd.gradcheck(f, inputs)`"""
    import torch

    class Layer(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *arguments):
            ctx.save_for_backward(*arguments)
            return torch.from_numpy(forward(*(a.numpy() for a in arguments)))

        @staticmethod
        def backward(ctx, dh):
            return tuple(map(torch.from_numpy, backward(dh.numpy(), *(a.numpy() for a in ctx.saved_tensors))))

    torch.manual_seed(0)
    arguments = [torch.tensor(a, requires_grad=True) for a in point()[0]]
    return torch.autograd.gradcheck(Layer.apply, arguments, fast_mode=fast, raise_exception=False)


def torch_fast(forward, backward):
    """`torch.autograd.gradcheck(f, inputs, fast_mode=True)`"""
    return torch_gradcheck(forward, backward, fast=True)


def jax_check_grads(forward, backward, kind=np.float64):
    """`jax.test_util.check_grads(f, args, order=1, modes=["rev"])`"""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", kind is np.float64)

    def called(function, shapes):
        def on_host(*arguments):
            found = function(*(np.asarray(a, float) for a in arguments))
            return tuple(np.asarray(a, kind) for a in found) if isinstance(found, tuple) else np.asarray(found, kind)

        return lambda *arguments: jax.pure_callback(on_host, shapes, *arguments)

    arguments = tuple(a.astype(kind) for a in point()[0])
    shapes = tuple(jax.ShapeDtypeStruct(a.shape, kind) for a in arguments)
    run, run_back = called(forward, jax.ShapeDtypeStruct((J, T, B, H), kind)), called(backward, shapes)
    f = jax.custom_vjp(run)
    f.defvjp(lambda *arguments: (run(*arguments), arguments), lambda arguments, dh: run_back(dh, *arguments))
    try:
        check_grads(f, arguments, order=1, modes=["rev"])
    except AssertionError:
        return False
    return True


def jax_float32(forward, backward):
    """the same, in float32, which is JAX's default"""
    return jax_check_grads(forward, backward, np.float32)


def autograd_check_grads(forward, backward, argnum=0):
    """`autograd.test_util.check_grads(f, modes=["rev"], order=1)(*args)`"""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    f = primitive(forward)
    defvjp(f, *(lambda h, *arguments, k=k: lambda dh: backward(dh, *arguments)[k] for k in range(len(ARGUMENTS))))
    np.random.seed(0)  # noqa: NPY002  autograd draws from it
    try:
        check_grads(f, argnum, modes=["rev"], order=1)(*point()[0])
    except AssertionError:
        return False
    return True


def autograd_all(forward, backward):
    """`autograd.test_util.check_grads(f, (0, 1, 2, 3), modes=["rev"], order=1)(*args)`"""
    return autograd_check_grads(forward, backward, tuple(range(len(ARGUMENTS))))


def as_vector(forward, backward):
    """The layer as a function of one vector: f, its gradient by the backward pass, and where."""
    arguments, weights = point()
    ends = np.cumsum([a.size for a in arguments])[:-1]

    def parts(v):
        return [part.reshape(a.shape) for part, a in zip(np.split(v, ends), arguments, strict=True)]

    def gradient(v):
        return np.concatenate([np.ravel(g) for g in backward(weights, *parts(v))])

    return lambda v: (weights * forward(*parts(v))).sum(), gradient, np.concatenate([a.ravel() for a in arguments])


def numdifftools_gradient(forward, backward):
    """`numpy.allclose(gradient(v), numdifftools.Gradient(f)(v))`"""
    import numdifftools

    f, gradient, v = as_vector(forward, backward)
    return np.allclose(gradient(v), numdifftools.Gradient(f)(v))


def scipy_check_grad(forward, backward):
    """`scipy.optimize.check_grad(f, gradient, v) < 1e-6`, for it gives a number and no verdict"""
    from scipy.optimize import check_grad

    return check_grad(*as_vector(forward, backward)) < 1e-6


def _witness(measure, tolerance, forward, backward):
    arguments, weights = point()
    derived = backward(weights, *arguments)
    for k, value in enumerate(arguments):
        measured = measure(lambda a, k=k: (weights * forward(*arguments[:k], a, *arguments[k + 1 :])).sum(), value)
        if not gradcheck.relative_error(derived[k], measured) < tolerance:
            return False
    return True


def central(forward, backward):
    """`gca_scratch.network.gradcheck.central_difference`, argument by argument, to 1e-6 of the largest entry"""
    return _witness(gradcheck.central_difference, gradcheck.CENTRAL_TOLERANCE, forward, backward)


def complex_step(forward, backward):
    """`gca_scratch.network.gradcheck.complex_step`, argument by argument, to 1e-10 of the largest entry"""
    return _witness(gradcheck.complex_step, gradcheck.COMPLEX_TOLERANCE, forward, backward)


CHECKERS = {  # by the heads of their columns: a checker, and the package that it needs
    "torch": (torch_gradcheck, "torch"), "torch, fast": (torch_fast, "torch"),
    "JAX": (jax_check_grads, "jax"), "JAX, float32": (jax_float32, "jax"),
    "autograd": (autograd_check_grads, "autograd"), "autograd, all arguments": (autograd_all, "autograd"),
    "numdifftools": (numdifftools_gradient, "numdifftools"), "SciPy": (scipy_check_grad, "scipy"),
    "central differences": (central, "gca_scratch"), "complex step": (complex_step, "gca_scratch"),
}  # fmt: skip


def version(package):
    """The version of a package, None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def results(checkers, show=lambda text: None):
    """By checker: whether it finds each of the bugs. Raises AssertionError where one calls the right pass wrong."""
    found = {}
    for name, (checker, _) in checkers.items():
        assert checker(*layer()), f"{name} calls the right backward pass wrong"
        found[name] = [not checker(*layer(before, after)) for before, after, _ in BUGS]
        show(f"{name}: {sum(found[name])} of {len(BUGS)}")
    return found


def table(found):
    """The results as Markdown."""
    packages = dict.fromkeys(CHECKERS[name][1] for name in found if CHECKERS[name][1] != "gca_scratch")
    versions = [f"Python {sys.version.split()[0]}", f"NumPy {np.__version__}", *(f"{p} {version(p)}" for p in packages)]
    rows = [["", *found], ["---"] * (1 + len(found))]
    for n, (_, _, meaning) in enumerate(BUGS):
        rows.append([f"{n + 1}. {meaning}", *("found" if caught[n] else "" for caught in found.values())])
    rows.append(["**found**", *(f"**{sum(caught)}**" for caught in found.values())])
    calls = [f"- {name}: {CHECKERS[name][0].__doc__}" for name in found]
    head = f"Written by `stress/gradient_checkers.py`: {', '.join(versions)}."
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(["# Twenty planted bugs", "", head, "", *lines, "", "How each is called:", "", *calls]) + "\n"


def main():
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", metavar="FILE", help="write the table to FILE (.md)")
    options = parser.parse_args()
    here = {name: entry for name, entry in CHECKERS.items() if version(entry[1])}
    for package in dict.fromkeys(package for _, package in CHECKERS.values() if not version(package)):
        print(f"{package} is not installed and left out")
    text = table(results(here, lambda line: print(line, flush=True)))
    if options.write:
        Path(options.write).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
