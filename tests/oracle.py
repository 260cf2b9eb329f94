"""GCA-LSTM once more, written for automatic differentiation: of the package only names and the order of cells are used.

One sequence at a time, one cell at a time, straight from the paper; the gradients come from the package autograd.
"""

import autograd.numpy as np
from autograd import value_and_grad


def sigma(z):
    return 1 / (1 + np.exp(-z))


def layer(W, b, inputs, r=None):
    """inputs[t][j] -> (h[t][j]) for one sequence; r[t][j] are the scores of Eq. 7."""
    T, J, H = len(inputs), len(inputs[0]), len(b) // 5
    h, c, zero = {}, {}, np.zeros(H)
    for t in range(T):
        for j in range(J):
            h_S, h_T = h.get((t, j - 1), zero), h.get((t - 1, j), zero)
            c_S, c_T = c.get((t, j - 1), zero), c.get((t - 1, j), zero)
            z = np.concatenate([inputs[t][j], h_S, h_T]) @ W + b
            i, f_S, f_T, o = (sigma(z[k * H : (k + 1) * H]) for k in range(4))
            u = np.tanh(z[4 * H :])
            score = 0.5 if r is None else r[t][j]
            scale = 2 if r is None else 1  # without scores, i u + f_S c_S + f_T c_T
            c[t, j] = scale * (score * i * u + (1 - score) * (f_S * c_S + f_T * c_T))
            h[t, j] = o * np.tanh(c[t, j])
    return [[h[t, j] for j in range(J)] for t in range(T)]


def class_scores(p, x, iterations, initial, order, mask_h, mask_IF):
    """Log-probabilities of the classes for one sequence x (T, J, C); masks (K, H) and (M,) in the cells' `order`."""
    T, J = len(x), len(x[0])
    hidden = layer(p["layer1.W"], p["layer1.b"], x)
    place = {pair: k for k, pair in enumerate(order)}
    hidden = [[hidden[t][j] * mask_h[place[j, t]] for j in range(J)] for t in range(T)]
    if initial == "average":
        IF = sum(hidden[t][j] for t in range(T) for j in range(J)) / (J * T)
    else:
        z = np.concatenate([hidden[t][j] for j, t in order]) @ p["memory.0.W"] + p["memory.0.b"]
        IF = np.maximum(z, 0)
    for n in range(1, iterations + 1):
        We1, We2 = p[f"attention.{n}.We1"], p[f"attention.{n}.We2"]
        e = [[np.exp(We1 @ np.tanh(np.concatenate([cell, IF]) @ We2)) for cell in frame] for frame in hidden]
        total = sum(sum(frame) for frame in e)
        r = [[cell / total for cell in frame] for frame in e]
        F = layer(p["layer2.W"], p["layer2.b"], hidden, r)[T - 1][J - 1]
        IF = np.maximum(np.concatenate([F, IF]) @ p[f"memory.{n}.WF"] + p[f"memory.{n}.b"], 0)
    logits = (IF * mask_IF) @ p["classifier.W"] + p["classifier.b"]
    return logits - np.log(np.sum(np.exp(logits)))


def loss_and_gradients(params, x, y, iterations, initial, order, masks):
    """Mean negative log-likelihood over the batch x (B, T, J, C), and its gradients by automatic differentiation."""

    def loss(p):
        return -sum(
            class_scores(p, x[b], iterations, initial, order, masks["layer1"][:, b], masks["classifier"][b])[y[b]]
            for b in range(len(y))
        ) / len(y)

    return value_and_grad(loss)(params)
