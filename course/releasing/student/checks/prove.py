"""Every gradient of every network, proved by complex step with your functions in it: `make prove`."""

from gca_scratch.network import gradcheck
from gca_scratch.support.errors import InputError
from gca_scratch.variants import gradcheck as variants

from .examine import BLANK, in_words

LEFT_OUT = "left out of the student version"  # what the empty shells of this version say


def prove():
    """One line per network; 0 when all gradients are right, 1 otherwise."""
    wrong, left_out = 0, []
    for kind in (gradcheck.networks, variants.baselines, variants.ablations, variants.trust_gates):
        try:
            for label, network in kind():
                wrong += _wrong_gradients(label, network, left_out)
        except InputError as error:
            if LEFT_OUT not in str(error):
                raise
            left_out.append(f"all {kind.__name__.replace('_', ' ')}")
        except NotImplementedError as blank:
            print(blank)
            return 1
    if left_out:
        print(f"\nnot proved, for they need modules that are empty shells in this version: {'; '.join(left_out)}")
    return int(wrong > 0)


def _wrong_gradients(label, network, left_out):
    """How many gradients are wrong, printed in one line; a network that needs an empty shell joins those left out."""
    try:
        rows = gradcheck.check_network(network, witnesses=("complex",))
    except Exception as error:
        if isinstance(error, NotImplementedError) and BLANK.match(str(error)):
            raise NotImplementedError(f"{label}: waits for {error}") from None
        if isinstance(error, InputError) and LEFT_OUT in str(error):
            left_out.append(label)
            return 0
        print(f"{label}: stops with an error: {in_words(error)}", flush=True)
        return 1
    off = [row.name for row in rows if not row.passed]
    print(f"{label}: " + (f"WRONG: {', '.join(off)}" if off else f"{len(rows)} gradients are right"), flush=True)
    if not all(row.agreed for row in rows):
        print(f"  central differences say otherwise, so the forward pass may be at fault: {gradcheck.HINT}", flush=True)
    return len(off)
