"""Every gradient of every network, proved by complex step with your functions in it: `make prove`."""

from gca_scratch import gradcheck
from gca_scratch.errors import InputError


def prove():
    """One line per network; 0 when all gradients are right, 1 otherwise."""
    wrong = 0
    for label, network in gradcheck.networks():
        try:
            rows = gradcheck.check_network(network, witnesses=("complex",))
        except NotImplementedError as blank:
            print(f"{label}: waits for {blank}")
            return 1
        except InputError:  # a module that this student version has as an empty shell
            continue
        off = [row.name for row in rows if not row.passed]
        wrong += len(off)
        print(f"{label}: " + (f"WRONG: {', '.join(off)}" if off else f"{len(rows)} gradients are right"), flush=True)
    return int(wrong > 0)
