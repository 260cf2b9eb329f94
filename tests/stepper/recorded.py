"""What the package computes for one sequence, cell by cell, forward and backward: the truth for the page's arithmetic.

A network runs its ST-LSTM unit over the grid several times: layer 1 once, layer 2 once in every attention iteration.
Each such sweep is recorded as a dict of arrays over its K = J T cells (on axis 0, diagonal by diagonal as in grid.py),
which are named as in the code:

    x (K, D)                      what the cell hears from below: coordinates in layer 1, h of layer 1 in layer 2
    b (5H,)                       the bias of Eq. 1, gates in the order i, f_S, f_T, o, u
    from_x, from_S, from_T        the three products of Eq. 1, x W_x, h_S U_S and h_T U_T (K, 5H)
    z (K, 5H)                     their sum with b, before the gates' nonlinearities
    i, f_S, f_T, o, u             the gates (K, H)
    c, tanh_c, h (K, H)           the states
    e, r (K,), sum ()             Eqs. 5 and 6, and the sum of exp(e) over all cells; layer 2 only

and on the way back, for the loss of this one sequence:

    dh_above, dh (K, H)           the gradient of h from above alone, and from every use of h
    dc, dc_all (K, H)             the gradient of c from its two successors, and from every use of c
    di, df_S, df_T, do, du (K, H) the gradients of the gates
    dz (K, 5H)                    through the nonlinearities
    dh_S, dc_S, dh_T, dc_T (K, H) what is passed on to the two predecessors
    through_S, through_T (K, 5H)  what each gate has in dh_S and dh_T, dz_gate times the transpose of its U
    dr_of (K, H), dr, de (K,)     the gradient of the score, each unit's share and their sum; that of e; layer 2 only
    mean_dr ()                    the mean of dr over all cells, weighted with r, which Eq. 6 brings; layer 2 only
"""

from dataclasses import replace

import numpy as np

from gca_scratch.network import attention, cell, memory
from gca_scratch.network.gca_lstm import multiplied_out
from gca_scratch.network.grid import cell_order, pack
from gca_scratch.network.ops import (
    affine_backward,
    matmul,
    nll_backward,
    nll_forward,
    probabilities,
    softmax_backward,
    tanh_backward,
)
from gca_scratch.network.sweep import raster
from gca_scratch.runs.where import away, mean_posture, on_the_way, stands_out_backward


def record(network, params, x, y):
    """What `network` (a GCALSTM) does with one sequence x (T, J, C) of label y, and the gradients of its loss.

    Returns a dict: loss, a number; probabilities and logits (classes,); memory (N + 1, M), IF before and after every
    attention iteration; F (N, H); sweeps, a list of N + 1 dicts as above; gradients, a dict by the parameters' names.
    """
    network = replace(network, schedule="raster", recompute=False)
    logits, cache = network.forward(params, x[None])
    loss, nll_cache = nll_forward(logits, np.array([y]))
    reached = gradients_above(network, cache, nll_backward(nll_cache))

    stream, H = cache.streams[0], network.hidden
    W, b = params["layer1.W"], params["layer1.b"]
    sweeps = [_forward(cache.layer1, W, b) | _backward(reached[0], cache.layer1)]
    for attended, dh in zip(stream.rounds, reached[1:], strict=True):
        score, (layer2, _, _) = attended.caches
        sweep = _forward(layer2, params["layer2.W"], params["layer2.b"], stream.h) | _backward(dh, layer2)
        sweep |= {"e": matmul(score.s, score.We1[:, None])[:, 0, 0], "r": score.r[:, 0]}
        sweep |= {"sum": np.exp(sweep["e"]).sum(), "mean_dr": (sweep["r"] * sweep["dr"]).sum()}
        sweep["de"] = softmax_backward(sweep["dr"], sweep["r"])
        sweeps.append(sweep)
    IF = [attended.IF for attended in stream.rounds] + [stream.classify[0]]
    F = [attended.refine.affine[0][:, :H] for attended in stream.rounds]  # the first H of what Eq. 8 multiplies
    return {
        "loss": float(loss),
        "probabilities": probabilities(logits)[0],
        "logits": logits[0],
        "gradients": multiplied_out(network.backward(nll_backward(nll_cache), cache)),
        "memory": np.concatenate(IF),
        "F": np.concatenate(F) if F else np.zeros((0, H), x.dtype),
        "sweeps": sweeps,
    }


def joint_x_moment(network, params, x, N):
    """What the answer about x (T, J, C) depends on after N iterations, by `runs.where`: of each cell (K,)."""
    logits, _ = network.forward(params, x[None], iterations=N)
    label = logits.argmax(axis=1)

    def gradient(at):
        logits, cache = network.forward(params, at, iterations=N)
        return network.backward(stands_out_backward(logits, label), cache, with_input=True)["input"]

    joints = x[None, :, :, None]  # one person
    added = np.abs(on_the_way(gradient, mean_posture(joints)[..., 0, :], x[None]))
    found = added.sum(axis=1, keepdims=True) * added.sum(axis=2, keepdims=True) * away(joints)
    return pack(found[..., None])[:, 0, 0]


def gradients_above(network, cache, dlogits):
    """The gradient of h (K, B, H) that reaches every sweep from above: layer 1, then layer 2 in iterations 1 to N.

    dlogits (B, classes) and the cache are those of `network.forward` with the schedule raster. The steps are those of
    AttentionStream.backward, in its order.
    """
    stream = cache.streams[0]
    dIF, _, _ = affine_backward(dlogits, stream.classify)
    dh, da, reached = np.zeros_like(stream.h), 0, []
    for attended in reversed(stream.rounds):
        score, (layer2, _, opened) = attended.caches
        dF, dIF, _, _ = memory.refine_backward(dIF, attended.refine)
        dh2 = np.zeros_like(stream.h)
        dh2[-1] = dF  # of layer 2, only the last cell is read
        da_n, _, _, dg = raster.backward(dh2, layer2)
        dr = attention.opening_backward(dg, opened)
        dh_n, dIF_n, _, _ = attention.informativeness_backward(dr, score)
        da, dh, dIF = da + da_n, dh + dh_n, dIF + dIF_n
        reached.insert(0, dh2)
    if stream.rounds:
        dh += matmul(da, stream.params["layer2.W"][: network.hidden].T)
    back = memory.average_backward if network.initial == "average" else memory.feedforward_backward
    from_memory = back(dIF, stream.initial)
    dh += from_memory if network.initial == "average" else from_memory[0]
    return [dh, *reached]


def _units(cache):
    """The caches of cell.step_forward in the order of the cells, from that of a sweep."""
    joint, frame = cell_order(cache.J, cache.T)
    return [cache.units[place] for place in zip(joint.tolist(), frame.tolist(), strict=True)]


def _of_all(units, *names):
    """Arrays of the units' caches, of all units one below the other: (K, H) each."""
    return [np.concatenate([getattr(unit, name) for unit in units]) for name in names]


def _forward(cache, W, b, below=None):
    """The forward half of a sweep from its cache.  below (K, 1, D): its input, where the cache does not have it."""
    units, H = _units(cache), len(b) // 5
    x = cache.project[0] if below is None else below
    D = x.shape[2]
    U = W[D:]
    from_x = matmul(x, W[:D])
    a = from_x + b
    i, f_S, f_T, o, u, new, past, tanh_c = _of_all(units, "i", "f_S", "f_T", "o", "u", "new", "past", "tanh_c")
    # the lines of cell.step_forward, for what its cache leaves out
    z = np.concatenate([a[k] + unit.hh @ U for k, unit in enumerate(units)])
    r = None if units[0].r is None else _of_all(units, "r")[0]  # (K, 1)
    c = new + past if r is None else r * new + (1 - r) * past
    (hh,) = _of_all(units, "hh")
    return {
        "x": x[:, 0], "b": b, "from_x": from_x[:, 0], "from_S": hh[:, :H] @ U[:H], "from_T": hh[:, H:] @ U[H:], "z": z,
        "i": i, "f_S": f_S, "f_T": f_T, "o": o, "u": u, "c": c, "tanh_c": tanh_c, "h": o * tanh_c,
    }  # fmt: skip


def _backward(dh_above, cache):
    """The backward half of a sweep, for dh_above (K, 1, H): raster.backward, with all that its cells are given."""
    J, T = cache.J, cache.T
    units, (joint, frame) = _units(cache), cell_order(J, T)
    K, _, H = dh_above.shape
    index = {place: k for k, place in enumerate(zip(joint.tolist(), frame.tolist(), strict=True))}
    dh = np.concatenate([dh_above[:, 0], np.zeros((1, H), dh_above.dtype)])  # the last row takes what leaves the grid
    dc = np.zeros_like(dh)
    passed = {name: np.empty((K, H), dh.dtype) for name in ("dh_S", "dc_S", "dh_T", "dc_T")}
    dz, dr = np.empty((K, 5 * H), dh.dtype), np.empty(K, dh.dtype)
    for t in reversed(range(T)):
        for j in reversed(range(J)):
            k, S, T_ = index[j, t], index.get((j - 1, t), K), index.get((j, t - 1), K)
            dz[k], *to, _, dr_k = cell.step_backward(dh[k : k + 1], dc[k : k + 1], units[k])
            for name, value in zip(passed, to, strict=True):
                passed[name][k] = value
            dh[S] += to[0][0]
            dc[S] += to[1][0]
            dh[T_] += to[2][0]
            dc[T_] += to[3][0]
            dr[k] = 0 if dr_k is None else dr_k.sum()
    gates = _gate_gradients(dh[:K], dc[:K], units)
    scores = {} if units[0].r is None else {"dr": dr}
    U = units[0].U
    through = {"through_S": _through(dz, U[:H]), "through_T": _through(dz, U[H:])}
    return {"dh_above": dh_above[:, 0], "dh": dh[:K], "dc": dc[:K], **gates, "dz": dz, **passed, **through, **scores}


def _through(dz, U):
    """dz (K, 5H) times the transpose of U (H, 5H), gate by gate: (K, 5H), of which the five parts sum to dz @ U.T."""
    H = len(U)
    gates = [slice(n, n + H) for n in range(0, 5 * H, H)]
    return np.concatenate([dz[:, gate] @ U[:, gate].T for gate in gates], axis=1)


def _gate_gradients(dh, dc, units):
    """The gradients within cell.step_backward, by its own lines: of c from every use, and of the five gates (K, H)."""
    i, o, u, c_S, c_T, new, past, tanh_c = _of_all(units, "i", "o", "u", "c_S", "c_T", "new", "past", "tanh_c")
    dc_all = dc + tanh_backward(dh * o, tanh_c)
    if units[0].r is None:
        dnew, dpast, score = dc_all, dc_all, {}
    else:
        (r,) = _of_all(units, "r")
        dnew, dpast, score = r * dc_all, (1 - r) * dc_all, {"dr_of": dc_all * (new - past)}
    gates = {"di": dnew * u, "df_S": dpast * c_S, "df_T": dpast * c_T, "do": dh * tanh_c, "du": dnew * i}
    return {"dc_all": dc_all, **gates, **score}
