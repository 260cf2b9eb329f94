#!/usr/bin/env bash
# ONNX Runtime on a CPU: Sigmoid of float32 is one number from -18 down, loses its digits long before, and is not monotonic.
#
# Versions: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6; Python 3.11.
# Behaviour: Sigmoid(-20), (-30) and (-80) are the same, 0 on x86_64, where 2.06e-9, 9.4e-14 and 1.8e-35 are right; at -17 it is
#   wrong by 116 % here, at -16 by 47 %, and smaller than at -17. So Log(Sigmoid(x)) is -inf from -18 on. The same
#   session with 1 / (1 + Exp(-x)) written out, or with Softmax over [0, x], is right to 1e-6 everywhere here.
# Guessed: relative accuracy of some units in the last place, as exp, softmax and the sigmoid of PyTorch, JAX and NumPy's
#   formula have; sigmoid does not cancel anywhere on that side.
# Source: onnxruntime/core/mlas/lib/logistic.cpp, MlasLogisticConstants: x between -18 and 18, a quotient of polynomials
#   plus 1/2, so every result is a multiple of 2^-25 or so. The project's issues 10154 and 22557 tell of it.
# Who is hurt: whoever exports a network that ends in a sigmoid and takes logarithms, ranks rare events or holds the export
#   to the original with a relative tolerance. As a gate of a recurrent unit it does no harm: the absolute error is 1e-7.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
seen=$(env/bin/python - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

INPUTS = np.array([-1, -5, -16, -17, -20, -30, -80], np.float32)
RIGHT = 1 / (1 + np.exp(-INPUTS.astype(np.float64)))


def run(nodes, x):
    """y of a graph of these nodes, float32, for x."""
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in "xy"]
    graph = helper.make_graph(nodes, "graph", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["y"], {"x": x})[0]


sigmoid = [helper.make_node("Sigmoid", ["x"], ["y"])]
formula = [
    helper.make_node("Constant", [], ["one"], value_float=1.0),
    helper.make_node("Neg", ["x"], ["minus_x"]),
    helper.make_node("Exp", ["minus_x"], ["e"]),
    helper.make_node("Add", ["e", "one"], ["sum"]),
    helper.make_node("Div", ["one", "sum"], ["y"]),
]
for name, nodes in (("Sigmoid", sigmoid), ("1 / (1 + Exp(-x))", formula)):
    y = run(nodes, INPUTS)
    right = [f"{x:g}" for x, off in zip(INPUTS, abs(y / RIGHT - 1)) if off < 1e-4]
    grid = run(nodes, np.linspace(-18, -14, 4001, dtype=np.float32))
    print(f"{name}: right to 1e-4 at {', '.join(right)}")
    print(f"    the same at -20, -30 and -80: {y[-3] == y[-2] == y[-1]}")
    print(f"    it falls somewhere between -18 and -14: {(np.diff(grid) < 0).any()}")
PY
)
echo "$seen"
expected="Sigmoid: right to 1e-4 at -1, -5
    the same at -20, -30 and -80: True
    it falls somewhere between -18 and -14: True
1 / (1 + Exp(-x)): right to 1e-4 at -1, -5, -16, -17, -20, -30, -80
    the same at -20, -30 and -80: False
    it falls somewhere between -18 and -14: False"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
