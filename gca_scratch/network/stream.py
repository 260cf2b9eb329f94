"""An attention stream: a global context memory, refined by what the second layer sees under its attention (Eqs. 4-13).

`GCALSTM` in gca_lstm.py has one of these on top of its first layer, the two-stream network two. Parameters:

    memory.0.W (J T H, M), memory.0.b      initial memory (feed-forward only; averaging has no parameters)
    layer2.W (H + 2H, 5H), layer2.b        second layer, the same in every iteration          Eqs. 1, 3, 7
    attention.n.We1 (A,), .We2 (H + M, A)  informativeness in iteration n = 1..N              Eqs. 5-6
    memory.n.WF (H + M, M), memory.n.b     refinement in iteration n                          Eq. 8
    classifier.W (M, classes), .b          the same after every iteration                     Eq. 9

Over body parts, We3 and We4 stand for We1 and We2 (Eqs. 10-11).
"""

from dataclasses import dataclass
from typing import NamedTuple

from ..variants import ablations
from . import attention, body_parts, memory
from .arrays import FRESH, array_module
from .ops import affine_backward, affine_forward, dropout_backward, dropout_forward, matmul, matmul_dW
from .sweep.schedules import sweep


class Round(NamedTuple):
    """What one attention iteration leaves for the backward pass; two parts are None where it is to be run again."""

    IF: object  # the memory before it (B, M)
    r: object  # its scores, of cells or of body parts (K or P T, B)
    attend: tuple | None
    layer2: tuple | None
    refine: tuple


class Cache(NamedTuple):
    """What `forward` keeps for `backward`: its arguments and the caches of its steps, in the order of use."""

    params: dict
    h: object
    seen: object  # what Eq. 5 or Eq. 10 looks at: h itself, or the means of body parts (P T, B, H)
    pool: object  # the matrix of these means, or None
    initial: tuple
    a: object  # the input's share of layer 2's gates (K, B, 5H)
    rounds: list
    drop_IF: object
    classify: tuple
    keep: object


@dataclass(frozen=True)
class AttentionStream:
    """N = `iterations` attention iterations over the outputs of layer 1.

    parts (J,): the body part of each joint, for attention over body parts; None for attention over joints.
    sharing: column of Table VIII.  soft: no second layer; F is the scores' weighted mean of what layer 1 puts out.
    """

    joints: int
    frames: int
    hidden: int
    classes: int
    iterations: int
    initial: str
    parts: tuple | None
    sharing: str
    soft: bool
    schedule: str
    recompute: bool

    def shapes(self):
        """Shape of every parameter, in the order in which they are used."""
        J, T, H = self.joints, self.frames, self.hidden
        shapes = {}
        if self.initial == "feedforward":
            shapes |= {"memory.0.W": (J * T * H, H), "memory.0.b": (H,)}
        if self.iterations and not self.soft:
            shapes |= {"layer2.W": (3 * H, 5 * H), "layer2.b": (5 * H,)}
        cells = T * (J if self.parts is None else len(set(self.parts)))
        each = () if self._shared_within else (cells,)
        for n in range(1, self.iterations + 1):
            We1, We2 = self._weights(n)
            shapes |= {We1: (*each, H), We2: (*each, 2 * H, H)}
            shapes |= {f"memory.{n}.WF": (2 * H, H), f"memory.{n}.b": (H,)}
        return shapes | {"classifier.W": (H, self.classes), "classifier.b": (self.classes,)}

    @property
    def _shared_within(self):
        return self.sharing in "bd"  # Table VIII: one We1 and We2 for all cells

    def _weights(self, n):
        """Names of the weights of Eq. 5 (or Eq. 10) in iteration n."""
        group = "attention" if self.sharing in "ab" else f"attention.{n}"  # Table VIII: the same in all iterations
        return (f"{group}.We1", f"{group}.We2") if self.parts is None else (f"{group}.We3", f"{group}.We4")

    def forward(self, params, h, mask, N, keep=FRESH, remember=True):
        """Logits (B, classes) after iteration N from the outputs h (K, B, H) of layer 1, and a cache.

        mask (B, M) or None: dropout on the memory that the classifier reads.
        """
        p, H = params, self.hidden
        xp = array_module(h)
        if self.initial == "average":
            IF, initial = memory.average_forward(h)  # Eq. 4
        else:
            IF, initial = memory.feedforward_forward(h, p["memory.0.W"], p["memory.0.b"], keep.at("initial"))

        seen, pool = h, None
        if self.parts is not None and N:
            seen, pool = body_parts.mean_forward(h, self.parts, self.frames)  # Eq. 12
        a = None
        if N and not self.soft:  # layer 2's share of Eq. 1 that all iterations have in common, (K, B, 5H)
            W = p["layer2.W"][:H]
            a = matmul(h, W, out=keep.empty(xp, "a", (*h.shape[:2], 5 * H), xp.result_type(h, W)))
        rounds = []
        for n in range(1, N + 1):
            F, r, attend, layer2 = self._attend(n, p, a, seen, IF, keep, remember)
            if self.recompute and n < N:
                attend, layer2 = None, None
            before = IF
            IF, refine = memory.refine_forward(F, IF, p[f"memory.{n}.WF"], p[f"memory.{n}.b"])  # Eq. 8
            rounds.append(Round(before, r, attend, layer2, refine))

        IF, drop_IF = dropout_forward(IF, mask)
        logits, classify = affine_forward(IF, p["classifier.W"], p["classifier.b"])  # Eq. 9
        return logits, Cache(p, h, seen, pool, initial, a, rounds, drop_IF, classify, keep)

    def _attend(self, n, p, a, seen, IF, keep, remember=True):
        """Attention iteration n up to F (B, H), with its scores r and two caches."""
        keep = keep.at("round" if self.recompute else f"round {n}")
        We1, We2 = (p[name] for name in self._weights(n))
        if self._shared_within:
            r, attend = attention.informativeness_forward(seen, IF, We1, We2, keep.at("attention"))
        else:
            r, attend = ablations.informativeness_forward(seen, IF, We1, We2)
        if self.soft:
            F, mean = ablations.soft_attention_forward(seen, r)
            return F, r, attend, mean
        gate, share = r, None
        if self.parts is not None:
            gate, share = body_parts.share_forward(r, self.parts, self.frames)  # Eq. 13
        U, b = p["layer2.W"][self.hidden :], p["layer2.b"]
        nothing = a[..., :0]  # the inputs' share is in a
        h2, layer2 = sweep(self.schedule, a).forward(
            nothing, U, b, self.joints, self.frames, a=a, r=gate, keep=keep.at("layer2"), remember=remember
        )
        return h2[-1], r, attend, (layer2, share)  # F: the last cell, the last joint of the last frame

    def backward(self, dlogits, cache):
        """dlogits (B, classes) gives dh (K, B, H) and the gradients of the parameters that the forward pass used."""
        p, h, keep = cache.params, cache.h, cache.keep
        xp, dtype = array_module(dlogits), dlogits.dtype
        g = {}
        dIF, g["classifier.W"], g["classifier.b"] = affine_backward(dlogits, cache.classify)
        dIF = dropout_backward(dIF, cache.drop_IF)

        dh = keep.empty(xp, "dh", h.shape, dtype)
        dh[...] = 0
        dseen = dh if cache.pool is None else xp.zeros(cache.seen.shape, dtype=dtype)
        dh2 = None if self.soft else keep.zeros(xp, "dh2", h.shape, dtype)  # zero but for the last cell
        da, dU, db = None, 0, 0
        for n in range(len(cache.rounds), 0, -1):
            IF, _, attend, layer2, refine = cache.rounds[n - 1]
            if layer2 is None:  # forgotten to save memory: once more
                _, _, attend, layer2 = self._attend(n, p, cache.a, cache.seen, IF, keep)
            dF, dIF, g[f"memory.{n}.WF"], g[f"memory.{n}.b"] = memory.refine_backward(dIF, refine)
            if self.soft:
                dseen_F, dr = ablations.soft_attention_backward(dF, layer2)
                dseen += dseen_F
            else:
                dh2[-1] = dF
                layer2, share = layer2
                back = keep.at("back" if da is None else "back again")
                da_n, dU_n, db_n, dr = sweep(self.schedule, dh2).backward(dh2, layer2, back)
                # layer 2 is the same in every iteration: its gradients add up
                da, dU, db = da_n if da is None else xp.add(da, da_n, out=da), dU + dU_n, db + db_n
                if share is not None:
                    dr = body_parts.share_backward(dr, share)
            judge = attention if self._shared_within else ablations
            dseen_n, dIF_n, dWe1, dWe2 = judge.informativeness_backward(dr, attend)
            We1, We2 = self._weights(n)
            g[We1], g[We2] = g.get(We1, 0) + dWe1, g.get(We2, 0) + dWe2
            dseen += dseen_n
            dIF = dIF + dIF_n
        if da is not None:
            g["layer2.W"], g["layer2.b"] = xp.concatenate([matmul_dW(h, da), dU]), db
            W = p["layer2.W"][: self.hidden]
            dh += matmul(da, W.T, out=keep.empty(xp, "dh from layer 2", h.shape, dtype))
        if cache.pool is not None:
            dh += body_parts.mean_backward(dseen, cache.pool)

        if self.initial == "average":
            dh += memory.average_backward(dIF, cache.initial)
        else:
            dh_0, g["memory.0.W"], g["memory.0.b"] = memory.feedforward_backward(dIF, cache.initial)
            dh += dh_0
        return dh, g

    def scores(self, cache):
        """Scores of every cell, (K, B) for each iteration; joints of a part share its score."""
        r = [attended.r for attended in cache.rounds]
        return r if self.parts is None else [body_parts.share_forward(r_n, self.parts, self.frames)[0] for r_n in r]

    def relu_inputs(self, cache):
        """What went into each ReLU, (B, M) each."""
        initial = [cache.initial[-1]] if self.initial == "feedforward" else []
        return initial + [attended.refine[-1] for attended in cache.rounds]

    def gates(self, cache):
        """Caches of layer 2's sweeps, one for each iteration."""
        return [] if self.soft else [attended.layer2[0] for attended in cache.rounds]
