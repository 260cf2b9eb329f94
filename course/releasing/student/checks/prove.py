"""Every gradient of every network, proved by complex step with your functions in it: `make prove`."""

from gca_scratch.network import gradcheck
from gca_scratch.support.errors import InputError

from .examine import BLANK, told

LEFT_OUT = "left out of the student version"  # what the empty shells of this version say


def prove():
    """One line per network; 0 when all gradients are right, 1 otherwise."""
    wrong, left_out = 0, []
    for label, network in gradcheck.networks():
        try:
            rows = gradcheck.check_network(network, witnesses=("complex",))
        except Exception as error:
            if isinstance(error, NotImplementedError) and BLANK.match(str(error)):
                print(f"{label}: waits for {error}")
                return 1
            if isinstance(error, InputError) and LEFT_OUT in str(error):
                left_out.append(label)
                continue
            wrong += 1
            print(f"{label}: stops with an error: {told(error)}", flush=True)
            continue
        off = [row.name for row in rows if not row.passed]
        wrong += len(off)
        print(f"{label}: " + (f"WRONG: {', '.join(off)}" if off else f"{len(rows)} gradients are right"), flush=True)
    if left_out:
        print(f"\nnot proved, for they need modules that are empty shells in this version: {'; '.join(left_out)}")
    return int(wrong > 0)
