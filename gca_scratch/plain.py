"""GCA-LSTM on one page: the whole plain network, forward and backward, in NumPy alone.  python -m gca_scratch.plain

J joints by T frames are a grid of cells. Layer 1 runs an LSTM over it. The mean of its outputs is a memory of the whole
sequence, IF. N times, the memory gives each cell a score, layer 2 reads the cells by their scores, and what it has read
in the end, F, refines the memory. The last memory is classified.

Left out here, and where it is: cells diagonal by diagonal (network/grid.py, network/sweep/), the feed-forward initial
memory (network/memory.py), dropout (network/ops.py), body parts and two streams (network/two_stream.py), stepwise
training (training/), the GPU (network/arrays.py), Table VIII and the baselines (variants/).

A batch is rows, B of them: where the paper writes W x, this page has x W. C numbers for each joint and frame, H units;
D numbers enter a cell, C in layer 1 and H in layer 2. S marks the neighbour in space, T the one in time. dq is the
gradient of the loss with respect to q, in its shape. `.real` is for the check below, where parameters are complex.
"""

import numpy as np


def init(rng, C, H, classes, N):
    """Fresh parameters by name: Gaussian weights of deviation 1/sqrt(fan-in), zero biases."""
    shapes = {"layer1.W": (C + 2 * H, 5 * H), "layer1.b": 5 * H, "layer2.W": (3 * H, 5 * H), "layer2.b": 5 * H}
    for n in range(1, N + 1):
        shapes |= {f"attention.{n}.We1": H, f"attention.{n}.We2": (2 * H, H)}
        shapes |= {f"memory.{n}.WF": (2 * H, H), f"memory.{n}.b": H}
    shapes |= {"classifier.W": (H, classes), "classifier.b": classes}
    p = {}
    for name, shape in shapes.items():
        fan_in = shape[0] if isinstance(shape, tuple) else shape
        p[name] = np.zeros(shape) if name.endswith(".b") else rng.standard_normal(shape) / np.sqrt(fan_in)
    return p


# --- one cell: Eqs. 1-3 and 7 ----------------------------------------------------------------------------------------


def cell_forward(x, h_S, c_S, h_T, c_T, W, b, r=None):
    """x (B, D) and the states (B, H) of the joint before (S) and the frame before (T) give h, c; r (B, 1)."""
    H = h_S.shape[1]
    inputs = np.concatenate([x, h_S, h_T], axis=1)  # (B, D + 2H)
    z = inputs @ W + b  # (B, 5H), Eq. 1
    gates = 0.5 + 0.5 * np.tanh(0.5 * z[:, : 4 * H])  # the sigmoid, so written that it cannot overflow
    i, f_S, f_T, o = np.split(gates, 4, axis=1)  # (B, H) each
    u = np.tanh(z[:, 4 * H :])
    new, past = i * u, f_S * c_S + f_T * c_T
    c = new + past if r is None else r * new + (1 - r) * past  # Eq. 2 without r, Eq. 7 with it
    tanh_c = np.tanh(c)
    return o * tanh_c, c, (inputs, i, f_S, f_T, o, u, c_S, c_T, new, past, tanh_c, W, r)  # Eq. 3


def cell_backward(dh, dc, cache):
    """dh from every use of h, dc from the next cells; gives dinputs (B, D + 2H), dc_S, dc_T, dW, db, dr (B,)."""
    inputs, i, f_S, f_T, o, u, c_S, c_T, new, past, tanh_c, W, r = cache
    dc = dc + dh * o * (1 - tanh_c**2)  # Eq. 3
    dnew, dpast, dr = dc, dc, None  # Eq. 2
    if r is not None:  # Eq. 7: all H units share r, so its gradient sums over them
        dnew, dpast, dr = r * dc, (1 - r) * dc, (dc * (new - past)).sum(axis=1)
    di, df_S, df_T, do, du = dnew * u, dpast * c_S, dpast * c_T, dh * tanh_c, dnew * i
    # Eq. 1: the slope of the sigmoid y is y (1 - y), that of tanh is 1 - y^2
    dz = [di * i * (1 - i), df_S * f_S * (1 - f_S), df_T * f_T * (1 - f_T), do * o * (1 - o), du * (1 - u**2)]
    dz = np.concatenate(dz, axis=1)  # (B, 5H)
    return dz @ W.T, dpast * f_S, dpast * f_T, inputs.T @ dz, dz.sum(axis=0), dr


# --- the cell over joints and frames ---------------------------------------------------------------------------------


def layer_forward(x, W, b, r=None):
    """x (J, T, B, D) gives h (J, T, B, H); r (J, T, B), the scores, or None."""
    J, T, B, _ = x.shape
    H = len(b) // 5
    # one joint and one frame more, which stay zero: index -1 finds them
    h, c = (np.zeros((J + 1, T + 1, B, H), np.result_type(x, W, b, 0.0 if r is None else r)) for _ in range(2))
    caches = {}
    for t in range(T):
        for j in range(J):
            neighbours = h[j - 1, t], c[j - 1, t], h[j, t - 1], c[j, t - 1]
            r_jt = None if r is None else r[j, t, :, None]
            h[j, t], c[j, t], caches[j, t] = cell_forward(x[j, t], *neighbours, W, b, r_jt)
    return h[:J, :T], caches


def layer_backward(dh, caches):
    """dh (J, T, B, H) from above gives dx (J, T, B, D), dW, db, dr (J, T, B): each cell after both its successors."""
    J, T, B, H = dh.shape
    dh = np.pad(dh, ((0, 1), (0, 1), (0, 0), (0, 0)))  # what leaves the grid collects in the last row and column
    dc, dr, dx, dW, db = np.zeros_like(dh), np.zeros((J, T, B)), {}, 0, 0
    for t in reversed(range(T)):
        for j in reversed(range(J)):
            dinputs, dc_S, dc_T, dW_jt, db_jt, dr_jt = cell_backward(dh[j, t], dc[j, t], caches[j, t])
            D = dinputs.shape[1] - 2 * H
            dx[j, t] = dinputs[:, :D]
            dh[j - 1, t] += dinputs[:, D : D + H]
            dh[j, t - 1] += dinputs[:, D + H :]
            dc[j - 1, t] += dc_S
            dc[j, t - 1] += dc_T
            dW, db = dW + dW_jt, db + db_jt  # the same weights in every cell
            if dr_jt is not None:
                dr[j, t] = dr_jt
    return np.array([[dx[j, t] for t in range(T)] for j in range(J)]), dW, db, dr


# --- how much each cell matters: Eqs. 5-6 ----------------------------------------------------------------------------


def attention_forward(h, IF, We1, We2):
    """h (J, T, B, H) judged with the memory IF (B, H): scores r (J, T, B) that sum to 1 over all cells."""
    both = np.concatenate([h, np.broadcast_to(IF, h.shape)], axis=-1)  # (J, T, B, 2H)
    s = np.tanh(both @ We2)
    e = s @ We1  # Eq. 5
    r = np.exp(e - e.real.max(axis=(0, 1)))  # the shift cancels
    r /= r.sum(axis=(0, 1))  # Eq. 6
    return r, (both, s, r, We1, We2)


def attention_backward(dr, cache):
    """dr (J, T, B) gives dh (J, T, B, H), dIF (B, H), dWe1, dWe2."""
    both, s, r, We1, We2 = cache
    de = r * (dr - (r * dr).sum(axis=(0, 1)))  # every e is in every denominator
    da = de[..., None] * We1 * (1 - s**2)  # before the tanh
    dboth, H = da @ We2.T, both.shape[-1] // 2
    dWe2 = both.reshape(-1, 2 * H).T @ da.reshape(-1, da.shape[-1])
    return dboth[..., :H], dboth[..., H:].sum(axis=(0, 1)), (s * de[..., None]).sum(axis=(0, 1, 2)), dWe2


# --- the network: Eqs. 4, 8 and 9 ------------------------------------------------------------------------------------


def forward(p, x, N):
    """x (B, T, J, C) gives logits (B, classes) after N attention iterations."""
    h, layer1 = layer_forward(x.transpose(2, 1, 0, 3), p["layer1.W"], p["layer1.b"])  # (J, T, B, H)
    IF, rounds = h.mean(axis=(0, 1)), []  # Eq. 4
    for n in range(1, N + 1):
        r, attention = attention_forward(h, IF, p[f"attention.{n}.We1"], p[f"attention.{n}.We2"])
        h2, layer2 = layer_forward(h, p["layer2.W"], p["layer2.b"], r)
        both = np.concatenate([h2[-1, -1], IF], axis=1)  # F, of the last cell, beside the memory
        z = both @ p[f"memory.{n}.WF"] + p[f"memory.{n}.b"]
        IF = z * (z.real > 0)  # Eq. 8
        rounds.append((attention, layer2, both, z))
    return IF @ p["classifier.W"] + p["classifier.b"], (p, h, layer1, rounds, IF)


def loss_forward(logits, y):
    """Mean negative log-likelihood of the true classes y (B,), Eq. 9; beside it the probabilities (B, classes)."""
    shifted = logits - logits.real.max(axis=1, keepdims=True)
    probabilities = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    return -np.log(probabilities[np.arange(len(y)), y]).mean(), probabilities


def loss_backward(probabilities, y):
    """dlogits (B, classes): (probabilities - onehot(y)) / B."""
    return (probabilities - np.eye(probabilities.shape[1])[y]) / len(y)


def backward(dlogits, cache):
    """The gradient of every parameter, by the same names."""
    p, h, layer1, rounds, IF = cache
    g = {"classifier.W": IF.T @ dlogits, "classifier.b": dlogits.sum(axis=0), "layer2.W": 0, "layer2.b": 0}
    dIF, dh = dlogits @ p["classifier.W"].T, np.zeros_like(h)
    for n in range(len(rounds), 0, -1):
        attention, layer2, both, z = rounds[n - 1]
        dz = dIF * (z > 0)  # Eq. 8
        g[f"memory.{n}.WF"], g[f"memory.{n}.b"] = both.T @ dz, dz.sum(axis=0)
        dF, dIF = np.split(dz @ p[f"memory.{n}.WF"].T, 2, axis=1)
        dh2 = np.zeros_like(h)
        dh2[-1, -1] = dF  # only the last cell was read
        dh_layer2, dW, db, dr = layer_backward(dh2, layer2)
        dh_scores, dIF_scores, g[f"attention.{n}.We1"], g[f"attention.{n}.We2"] = attention_backward(dr, attention)
        g["layer2.W"], g["layer2.b"] = g["layer2.W"] + dW, g["layer2.b"] + db  # one layer 2 served all iterations
        dh, dIF = dh + dh_layer2 + dh_scores, dIF + dIF_scores  # each iteration reads h and IF twice
    dh = dh + dIF / (h.shape[0] * h.shape[1])  # Eq. 4
    _, g["layer1.W"], g["layer1.b"], _ = layer_backward(dh, layer1)
    return g


def loss_and_gradients(p, x, y, N):
    """One forward and backward pass: the loss and its gradients by the names of the parameters."""
    logits, cache = forward(p, x, N)
    loss, probabilities = loss_forward(logits, y)
    return loss, backward(loss_backward(probabilities, y), cache)


# --- does it hold, and does it learn? --------------------------------------------------------------------------------


def largest_error(p, x, y, N):
    """How far any gradient is from the complex step, df/dq = Im f(q + i eps) / eps, relative to its largest entry."""
    _, g = loss_and_gradients(p, x, y, N)
    worst = 0.0
    for name, value in p.items():
        measured = np.empty(value.shape)
        for entry in np.ndindex(value.shape):
            moved = value.astype(complex)
            moved[entry] += 1e-30j
            measured[entry] = loss_forward(forward(p | {name: moved}, x, N)[0], y)[0].imag / 1e-30
        worst = max(worst, np.abs(g[name] - measured).max() / np.abs(measured).max())
    return worst


def main():
    """The check, then sixty steps of gradient descent with momentum on three classes: in class k joint k stands out."""
    rng, J, T, C, N = np.random.default_rng(0), 3, 4, 2, 2
    p, x, y = init(rng, C, H=3, classes=3, N=N), rng.standard_normal((2, T, J, C)), np.array([0, 2])
    print(f"largest relative error of {sum(v.size for v in p.values())} gradients: {largest_error(p, x, y, N):.0e}")
    p, x, y = init(rng, C, H=8, classes=J, N=N), 0.3 * rng.standard_normal((24, T, J, C)), np.arange(24) % J
    x[np.arange(24), :, y] += 2
    velocity = dict.fromkeys(p, 0)
    for step in range(61):
        loss, g = loss_and_gradients(p, x, y, N)
        if step % 10 == 0:
            print(f"step {step:2}: loss {loss:.3f}")
        velocity = {name: 0.9 * velocity[name] - 0.1 * g[name] for name in p}
        p = {name: p[name] + velocity[name] for name in p}


if __name__ == "__main__":
    main()
