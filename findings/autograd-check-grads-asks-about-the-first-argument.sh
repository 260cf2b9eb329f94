#!/usr/bin/env bash
# autograd: check_grads(f)(x, W) asks about x alone, and says nothing of a gradient of W that is wrong.
#
# Versions: autograd 1.9.1, numpy 2.4.6; Python 3.11.
# Behaviour: check_grads is a function of `argnum`, as grad is, and that is 0 unless it is given. It raises where the
#   gradient of x is wrong, and passes where that of W is zero, or anything. check_grads(f, (0, 1))(x, W) finds it.
# Guessed: what is called with all arguments checks the gradients of all, as gradcheck of PyTorch and check_grads of JAX do.
# Source: autograd/test_util.py, `@unary_to_nary def check_grads(f, x, ...)`; autograd/wrap_util.py, unary_to_nary(...):
#   `def nary_operator(fun, argnum=0, *nary_op_args, **nary_op_kwargs)`.
# Who is hurt: whoever gives a function of several arguments a gradient by hand (defvjp), and has it checked.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numpy==2.4.6 autograd==1.9.1
seen=$(env/bin/python - <<'PY'
import numpy as np
from autograd.extend import defvjp, primitive
from autograd.test_util import check_grads

x, W = np.random.default_rng(0).standard_normal((2, 3, 3))


def product(of_x, of_W):
    """x W, with a gradient for each of them that is right or wrong."""
    f = primitive(lambda x, W: x @ W)
    defvjp(f, lambda y, x, W: lambda dy: of_x * (dy @ W.T), lambda y, x, W: lambda dy: of_W * (x.T @ dy))
    return f


for of_x, of_W in ((1, 1), (0, 1), (1, 0)):
    for argnum in (0, (0, 1)):
        try:
            check_grads(product(of_x, of_W), argnum, modes=["rev"], order=1)(x, W)
            verdict = "passes"
        except AssertionError:
            verdict = "fails"
        print(f"gradients times {of_x} and {of_W}, argnum {argnum}: {verdict}")
PY
)
echo "$seen"
expected="gradients times 1 and 1, argnum 0: passes
gradients times 1 and 1, argnum (0, 1): passes
gradients times 0 and 1, argnum 0: fails
gradients times 0 and 1, argnum (0, 1): fails
gradients times 1 and 0, argnum 0: passes
gradients times 1 and 0, argnum (0, 1): fails"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
