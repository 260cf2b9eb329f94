"""A1 written by three who did not see each other's: the same numbers, other ways. For the comparison of hand-ins."""

OPS = (
    """
def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh_backward(dy, y):
    return dy * (1 - y ** 2)
""",
    """
def sigmoid_backward(dy, y):
    slope = y - y * y
    return slope * dy


def tanh_backward(dy, y):
    slope = (1.0 + y) * (1.0 - y)
    return slope * dy
""",
    """
def sigmoid_backward(dy, y):
    one_minus = 1 - y
    return np.multiply(dy, np.multiply(y, one_minus))


def tanh_backward(dy, y):
    return dy - dy * np.square(y)
""",
)
CELLS = (
    """
import numpy as np

from . import ops


def step_forward(a, h_S, c_S, h_T, c_T, U, r=None):
    H = h_S.shape[1]
    m = np.concatenate((h_S, h_T), axis=1)
    z = a + m @ U
    i, _ = ops.sigmoid_forward(z[:, :H])
    fs, _ = ops.sigmoid_forward(z[:, H:2 * H])
    ft, _ = ops.sigmoid_forward(z[:, 2 * H:3 * H])
    o, _ = ops.sigmoid_forward(z[:, 3 * H:4 * H])
    u, _ = ops.tanh_forward(z[:, 4 * H:])
    c = i * u + fs * c_S + ft * c_T
    t, _ = ops.tanh_forward(c)
    return o * t, c, (i, fs, ft, o, u, c_S, c_T, t, m, U)


def step_backward(dh, dc, cache):
    i, fs, ft, o, u, c_S, c_T, t, m, U = cache
    H = i.shape[1]
    do = dh * t
    dct = dc + dh * o * (1 - t ** 2)
    di = dct * u
    du = dct * i
    dfs = dct * c_S
    dft = dct * c_T
    dz = np.concatenate((
        ops.sigmoid_backward(di, i),
        ops.sigmoid_backward(dfs, fs),
        ops.sigmoid_backward(dft, ft),
        ops.sigmoid_backward(do, o),
        ops.tanh_backward(du, u),
    ), axis=1)
    dm = dz @ U.T
    return dz, dm[:, :H], dct * fs, dm[:, H:], dct * ft, m.T @ dz, None
""",
    """
import numpy as np

from .ops import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward


def step_forward(a, h_S, c_S, h_T, c_T, U, r=None):
    neighbours = np.hstack([h_S, h_T])
    parts = np.split(a + neighbours.dot(U), 5, axis=-1)
    gates = [sigmoid_forward(part)[0] for part in parts[:4]]
    candidate = tanh_forward(parts[4])[0]
    gates.append(candidate)
    c = gates[0] * candidate
    c = c + gates[1] * c_S
    c = c + gates[2] * c_T
    squashed = tanh_forward(c)[0]
    cache = dict(gates=gates, past=(c_S, c_T), squashed=squashed, neighbours=neighbours, U=U)
    return gates[3] * squashed, c, cache


def step_backward(dh, dc, cache):
    i, f_S, f_T, o, u = cache["gates"]
    c_S, c_T = cache["past"]
    squashed, U = cache["squashed"], cache["U"]
    total = dc + tanh_backward(dh * o, squashed)
    incoming = [total * u, total * c_S, total * c_T, dh * squashed]
    da = [sigmoid_backward(d, gate) for d, gate in zip(incoming, cache["gates"])]
    da.append(tanh_backward(total * i, u))
    da = np.hstack(da)
    dh_S, dh_T = np.split(da.dot(U.transpose()), 2, axis=-1)
    dU = cache["neighbours"].transpose().dot(da)
    return da, dh_S, total * f_S, dh_T, total * f_T, dU, None
""",
    """
import numpy as np

from . import ops


def _slices(width):
    return [slice(k * width, (k + 1) * width) for k in range(5)]


def step_forward(a, h_S, c_S, h_T, c_T, U, r=None):
    B, H = h_T.shape
    z = a + np.matmul(h_S, U[0:H]) + np.matmul(h_T, U[H:2 * H])
    y = np.empty(z.shape, dtype=np.result_type(z))
    where = _slices(H)
    for s in where[:-1]:
        y[:, s] = ops.sigmoid_forward(z[:, s])[0]
    y[:, where[-1]] = ops.tanh_forward(z[:, where[-1]])[0]
    c = y[:, where[0]] * y[:, where[4]] + y[:, where[1]] * c_S + y[:, where[2]] * c_T
    w = ops.tanh_forward(c)[0]
    h = y[:, where[3]] * w
    return h, c, [y, w, h_S, h_T, c_S, c_T, U]


def step_backward(dh, dc, cache):
    y, w, h_S, h_T, c_S, c_T, U = cache
    H = w.shape[1]
    where = _slices(H)
    g = np.zeros(y.shape)
    dC = y[:, where[3]] * dh
    dC = ops.tanh_backward(dC, w) + dc
    g[:, where[0]] = y[:, where[4]] * dC
    g[:, where[1]] = c_S * dC
    g[:, where[2]] = c_T * dC
    g[:, where[3]] = w * dh
    g[:, where[4]] = y[:, where[0]] * dC
    for s in where[:-1]:
        g[:, s] = ops.sigmoid_backward(g[:, s], y[:, s])
    g[:, where[4]] = ops.tanh_backward(g[:, where[4]], y[:, where[4]])
    dU = np.vstack([np.matmul(h_S.T, g), np.matmul(h_T.T, g)])
    dh_S, dh_T = np.matmul(g, U[0:H].T), np.matmul(g, U[H:2 * H].T)
    return g, dh_S, y[:, where[1]] * dC, dh_T, y[:, where[2]] * dC, dU, None
""",
)
