"""Your backward functions, proved by complex step on numbers and sizes that no test has: `make prove`."""

import importlib
import json

import numpy as np

from . import proofs
from .drivers import DRIVERS
from .examine import BLANK, HERE, about, in_words, package

HINT = "so the forward function may lose imaginary parts: abs, .real and comparisons do"
TIMES = 5  # draws of each
DRAWS, MATTERS = 50, 1e-6  # of a whole stream, until every gradient is as large
SIZES = 1, 4  # the smallest and the largest; a size of 1 hides much, and shows what only it can break


def prove():
    """A line for each function and each network, and a count; 0 when all gradients are right, 1 otherwise."""
    fine = wrong = waiting = 0
    names = [name for task in about()["tasks"] for name in task["drivers"] if name in proofs.FORWARDS]
    whole = json.loads((HERE / "assignment.json").read_text("utf-8")).get("prove", "")
    proofs_of_all = [(name, _function(name)) for name in names] + WHOLE[whole]()
    for label, proof in proofs_of_all:
        try:
            right, off = proof()
        except NotImplementedError as blank:
            if not BLANK.match(str(blank)):
                raise
            print(f"{label}: waits for {blank}")
            waiting += 1
            continue
        except Exception as error:
            print(f"{label}: stops with an error: {in_words(error)}", flush=True)
            wrong += 1
            continue
        fine, wrong = fine + (not off), wrong + bool(off)
        said = f"{right} gradients are right" if right > 1 else "its gradient is right"
        print(f"{label}: " + (f"WRONG: {', '.join(off)}, of {right} gradients" if off else said), flush=True)
    counts = (fine, "proved"), (wrong, "not right"), (waiting, "still blank")
    print(f"\nOf {len(proofs_of_all)}: {', '.join(f'{count} {what}' for count, what in counts if count)}")
    return int(wrong + waiting > 0)


def _function(name):
    """What proves a driver's functions; its sizes are small, and others each time."""

    def proof():
        driver, right, off = DRIVERS[name], 0, []
        rng = np.random.default_rng()
        for _ in range(TIMES):
            sizes = {letter: int(rng.integers(SIZES[0], SIZES[1] + 1)) for letter in driver.letters.split()}
            inputs = driver.inputs(rng, sizes)
            outputs = driver.run(package, inputs)
            seen = proofs.witness(name, package, inputs, outputs)
            if seen is None or seen.why_not:
                raise ValueError(f"no complex numbers go through the forward function ({seen and seen.why_not})")
            right, off = len(seen.refuted) + len(seen.confirmed), [*off, *seen.refuted]
            if seen.refuted and set(seen.refuted) <= set(proofs.seen_by_differences(name, package, inputs, outputs)):
                raise ValueError(f"differences of real numbers find {', '.join(seen.refuted)} right; {HINT}")
        return right, sorted(set(off))

    return proof


def _stream():
    """Everything above the first layer: an attention stream with two rounds, without dropout."""
    stream = importlib.import_module("gca_scratch.network.stream")
    stream.dropout_forward, stream.dropout_backward = (
        (lambda x, mask, out=None: (x, None)),
        (lambda dy, _, out=None: dy),
    )

    def drawn(rng):
        """Of a random sum of the logits the gradients of weights and h: by complex step, and as they are derived."""
        J, T, B, H = 3, 2, 2, 3
        made = stream.AttentionStream(J, T, H, 4, 2, "average", "raster", False)
        params = {name: rng.standard_normal(shape) / 2 for name, shape in made.shapes().items()}
        h, dlogits = rng.standard_normal((J * T, B, H)), rng.standard_normal((B, 4))
        _, cache = made.forward(params, h, None, 2)
        dh, gradients = made.backward(dlogits, cache)
        everything = params | {"h": h}

        def loss(name, value):
            changed = everything | {name: value}
            return (dlogits * made.forward(changed, changed["h"], None, 2)[0]).sum()

        measured = {
            name: proofs.complex_step(lambda value, name=name: loss(name, value), value)
            for name, value in everything.items()
        }
        return measured, gradients | {"h": dh}

    def proof():
        rng = np.random.default_rng()
        for _ in range(DRAWS):
            measured, derived = drawn(rng)
            if all(np.abs(value).max(initial=0.0) > MATTERS for value in measured.values()):
                break  # where a ReLU is dead, what is behind it proves nothing
        off = []
        for name, value in measured.items():
            scale = max(np.abs(value).max(initial=0.0), 1e-12)
            off += [name] * (not np.abs(derived[name] - value).max(initial=0.0) < proofs.TOLERANCE * scale)
        return len(measured), off

    return [("everything above the first layer, two rounds of attention", proof)]


def _networks():
    """Every kind of network of the folder."""
    gradcheck = importlib.import_module("gca_scratch.network.gradcheck")

    def prover(network):
        def proof():
            rows = gradcheck.check_network(network, witnesses=("complex",))
            if not all(row.agreed for row in rows):
                print(f"  central differences say otherwise: {gradcheck.HINT}", flush=True)
            return len(rows), [row.name for row in rows if not row.passed]

        return proof

    return [(label, prover(network)) for label, network in gradcheck.networks()]


WHOLE = {"": lambda: [], "stream": _stream, "networks": _networks}  # by the manifest's `prove`
