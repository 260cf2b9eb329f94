"""The networks once more, for automatic differentiation: of the package only names and the order of cells are used.

One sequence at a time, one cell at a time, straight from the papers; the gradients come from the package autograd.
"""

import autograd.numpy as np
from autograd import value_and_grad


def sigma(z):
    return 1 / (1 + np.exp(-z))


def layer(W, b, inputs, r=None, trust=None):
    """inputs[t][j] -> (h[t][j]) for one sequence; r[t][j] are the scores of Eq. 7; trust: parameters of trust gates."""
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
            if trust is not None:
                p = np.tanh(np.concatenate([h_S, h_T]) @ trust["Mp"] + trust["bp"])
                score = np.exp(-0.5 * (p - np.tanh(inputs[t][j] @ trust["Mx"] + trust["bx"])) ** 2)
            scale = 2 if r is None and trust is None else 1  # without scores, i u + f_S c_S + f_T c_T
            c[t, j] = scale * (score * i * u + (1 - score) * (f_S * c_S + f_T * c_T))
            h[t, j] = o * np.tanh(c[t, j])
    return [[h[t, j] for j in range(J)] for t in range(T)]


def softmax_of(e):
    """Softmax over e[t][k], all frames and joints or parts."""
    e = [[np.exp(cell) for cell in frame] for frame in e]
    total = sum(sum(frame) for frame in e)
    return [[cell / total for cell in frame] for frame in e]


def _each(function):
    """A gate's reading of r[t][j]: the function gets one score, all of them in a list, and their number."""

    def read(r):
        every = [score for frame in r for score in frame]
        return [[function(score, every, len(every)) for score in frame] for frame in r]

    return read


GATES = {
    "as written": lambda r: r,
    "draws": _each(lambda r, every, K: 1 - (1 - r) ** K),
    "odds": _each(lambda r, every, K: K * r / (1 + K * r)),
    "range": _each(lambda r, every, K: (r - min(every)) / (max(every) - min(every))),
    "largest": _each(lambda r, every, K: r / max(every)),
}


def log_softmax(logits):
    return logits - np.log(np.sum(np.exp(logits)))


def attention_scores(network, p, hidden, order, parts, mask):
    """Log-probabilities after N attention iterations; hidden[t][j], parts None or the body part of each joint."""
    T, J = len(hidden), len(hidden[0])
    sharing, soft = getattr(network.ablation, "sharing", "d"), getattr(network.ablation, "attention", "") == "soft"
    gate = GATES[getattr(network.ablation, "gate", "as written")]
    if network.initial == "average":
        IF = sum(hidden[t][j] for t in range(T) for j in range(J)) / (J * T)
    else:
        z = np.concatenate([hidden[t][j] for j, t in order]) @ p["memory.0.W"] + p["memory.0.b"]
        IF = np.maximum(z, 0)
    seen, one, two = hidden, "We1", "We2"
    if parts is not None:  # Eq. 12
        numbers = sorted(set(parts))
        seen = [
            [sum(frame[j] for j in range(J) if parts[j] == P) / list(parts).count(P) for P in numbers]
            for frame in hidden
        ]
        one, two = "We3", "We4"
    if getattr(network.ablation, "seen", "h") == "news":
        none = 0 * hidden[0][0]
        seen = [
            [
                hidden[t][j] - (hidden[t - 1][j] if t else none) / 2 - (hidden[t][j - 1] if j else none) / 2
                for j in range(J)
            ]
            for t in range(T)
        ]
    place = {pair: k for k, pair in enumerate(order)}
    for n in range(1, network.iterations + 1):
        group = "attention" if sharing in "ab" else f"attention.{n}"
        W1, W2 = p[f"{group}.{one}"], p[f"{group}.{two}"]

        def weights(t, k, W1=W1, W2=W2):
            if sharing in "bd":
                return W1, W2
            cell = place[k, t] if parts is None else t * len(seen[0]) + k
            return W1[cell], W2[cell]

        e = []
        for t in range(T):
            pairs = [weights(t, k) for k in range(len(seen[0]))]
            e.append([a @ np.tanh(np.concatenate([x, IF]) @ b) for x, (a, b) in zip(seen[t], pairs, strict=True)])
        r = softmax_of(e)
        if soft:
            F = sum(r[t][k] * seen[t][k] for t in range(T) for k in range(len(seen[0])))
        else:
            if parts is not None:  # Eq. 13
                r = [[r[t][numbers.index(parts[j])] for j in range(J)] for t in range(T)]
            F = layer(p["layer2.W"], p["layer2.b"], hidden, gate(r))[T - 1][J - 1]
        IF = np.maximum(np.concatenate([F, IF]) @ p[f"memory.{n}.WF"] + p[f"memory.{n}.b"], 0)
    return [log_softmax((IF * mask) @ p["classifier.W"] + p["classifier.b"])]


def baseline_scores(network, p, hidden, order, mask):
    """Log-probabilities of a network without attention, of all cells or of the global representation."""
    h = layer(p["layer2.W"], p["layer2.b"], hidden)
    cells = [h[t][j] for j, t in order]
    if network.head == "feedforward":
        cells = [np.maximum(np.concatenate(cells) @ p["global.W"] + p["global.b"], 0)]
    elif network.head == "average":
        cells = [sum(cells) / len(cells)]
    return [log_softmax((cell * mask) @ p["classifier.W"] + p["classifier.b"]) for cell in cells]


def class_scores(network, p, x, order, masks):
    """All the log-probabilities (classes,) that the network gives one sequence x (T, J, C)."""
    T, J = len(x), len(x[0])
    trust = {name: p[f"layer1.{name}"] for name in ("Mp", "bp", "Mx", "bx")} if "layer1.Mp" in p else None
    hidden = layer(p["layer1.W"], p["layer1.b"], x, trust=trust)
    place = {pair: k for k, pair in enumerate(order)}
    hidden = [[hidden[t][j] * masks["layer1"][place[j, t]] for j in range(J)] for t in range(T)]
    if hasattr(network, "head"):
        return baseline_scores(network, p, hidden, order, masks["classifier"])
    found = []
    for prefix, stream in network.streams().items():
        own = {key[len(prefix) :]: value for key, value in p.items() if key.startswith(prefix)}
        found += attention_scores(network, own, hidden, order, stream.parts, masks[f"{prefix}classifier"])
    return found


def loss_and_gradients(network, params, x, y, order, masks):
    """Mean negative log-likelihood over the batch x (B, T, J, C) and all that classifies, and its gradients."""

    def loss(p):
        total = 0
        for b in range(len(y)):
            own = {name: mask[..., b, :] for name, mask in masks.items()}
            scores = class_scores(network, p, x[b], order, own)
            total = total - sum(score[y[b]] for score in scores) / len(scores)
        return total / len(y)

    return value_and_grad(loss)(params)
