"""An attention stream: a global context memory, refined by what the second layer sees under its attention (Eqs. 4-9).

`GCALSTM` in gca_lstm.py has one of these on top of its first layer. Parameters:

    memory.0.W (J T H, M), memory.0.b      initial memory (feed-forward only; averaging has no parameters)
    layer2.W (H + 2H, 5H), layer2.b        second layer, the same in every iteration          Eqs. 1, 3, 7
    attention.n.We1 (A,), .We2 (H + M, A)  informativeness in iteration n = 1..N              Eqs. 5-6
    memory.n.WF (H + M, M), memory.n.b     refinement in iteration n                          Eq. 8
    classifier.W (M, classes), .b          the same after every iteration                     Eq. 9

Other streams replace a pair of methods: `see` (what is scored), `score` (how), `attend` (what becomes of the scores).
Attention over body parts does so in two_stream.py, the ablations of Table VIII and soft attention in variants/.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from . import attention, memory, scoring
from .arrays import FRESH, Array, Workspace, array_module
from .grid import state_dtype
from .ops import affine_backward, affine_forward, dropout_backward, dropout_forward
from .products import matmul, matmul_dW
from .sweep.schedules import sweep


class Round(NamedTuple):
    """What one attention iteration leaves for the backward pass."""

    IF: Array  # the memory before it (B, M)
    r: Array  # its scores, of all that was seen (K, B)
    caches: tuple | None  # of `score` and of `attend`; None where the iteration is to be run again
    refine: memory.RefineCache


class Cache(NamedTuple):
    """What `forward` keeps for `backward`: its arguments and the caches of its steps, in the order of use."""

    params: dict
    h: Array
    initial: Any  # of the initial memory
    seen: Array  # what is scored, (K, B, H)
    see: Any
    a: Array | None  # the share that h has in layer 2's gates (K, B, 5H)
    rounds: list
    drop_IF: Array | None
    classify: tuple
    workspace: Workspace


@dataclass(frozen=True)
class AttentionStream:
    """N = `iterations` attention iterations over the outputs of layer 1.

    joints, frames, hidden, classes: the sizes J, T, H and the number of classes.
    initial: "average" (Eq. 4) or "feedforward".
    schedule: name of the sweep that runs layer 2.
    recompute: keep the large arrays of the last iteration only, and run the others again on the way back.
    """

    joints: int
    frames: int
    hidden: int
    classes: int
    iterations: int
    initial: str
    schedule: str
    recompute: bool

    parts = None  # scores are of joints, not of body parts

    def shapes(self):
        """Shape of every parameter, in the order in which they are used."""
        J, T, H = self.joints, self.frames, self.hidden
        shapes = {}
        if self.initial == "feedforward":
            shapes |= {"memory.0.W": (J * T * H, H), "memory.0.b": (H,)}
        if self.iterations:
            shapes |= self.layer2_shapes()
        for n in range(1, self.iterations + 1):
            shapes |= self.score_shapes(n)
            shapes |= {f"memory.{n}.WF": (2 * H, H), f"memory.{n}.b": (H,)}
        return shapes | {"classifier.W": (H, self.classes), "classifier.b": (self.classes,)}

    def forward(self, params, h, mask, N, workspace=FRESH, remember=True):
        """Logits after iteration N.

        params: the parameters of this stream, by name.
        h (K, B, H): the outputs of layer 1.
        mask (B, M) or None: dropout on the memory that the classifier reads.
        workspace: where large arrays come from; the cache lasts until the next pass through it.
        remember: is there to be a backward pass?

        Returns logits (B, classes) and a Cache.
        """
        p = params
        if self.initial == "average":
            IF, initial = memory.average_forward(h)  # Eq. 4
        else:
            IF, initial = memory.feedforward_forward(h, p["memory.0.W"], p["memory.0.b"], workspace.at("initial"))
        seen, see = self.see(h) if N else (h, None)
        a = self.layer2_share(p, h, workspace) if N else None
        rounds = []
        for n in range(1, N + 1):
            F, r, caches = self._iterate(p, n, seen, a, IF, workspace, remember)
            if self.recompute and n < N:
                caches = None
            before = IF
            IF, refine = memory.refine_forward(F, IF, p[f"memory.{n}.WF"], p[f"memory.{n}.b"])  # Eq. 8
            rounds.append(Round(before, r, caches, refine))

        IF, drop_IF = dropout_forward(IF, mask)
        logits, classify = affine_forward(IF, p["classifier.W"], p["classifier.b"])  # Eq. 9
        return logits, Cache(p, h, initial, seen, see, a, rounds, drop_IF, classify, workspace)

    def _iterate(self, p, n, seen, a, IF, workspace, remember=True):
        """Attention iteration n up to F (B, H), with its scores and the caches of its two steps."""
        workspace = workspace.at("round" if self.recompute else f"round {n}")
        r, score = self.score(p, n, seen, IF, workspace.at("attention"))
        F, attend = self.attend(p, seen, r, a, workspace.at("layer2"), remember)
        return F, r, (score, attend)

    def backward(self, dlogits, cache):
        """dlogits (B, classes) gives dh (K, B, H) and the gradients of the parameters that the forward pass used."""
        p, h, workspace = cache.params, cache.h, cache.workspace
        xp, dtype = array_module(dlogits), state_dtype(dlogits)
        g = {}
        dIF, g["classifier.W"], g["classifier.b"] = affine_backward(dlogits, cache.classify)
        dIF = dropout_backward(dIF, cache.drop_IF)

        dh = workspace.empty(xp, "dh", h.shape, dtype)
        dh[...] = 0
        dseen = dh if cache.see is None else xp.zeros(cache.seen.shape, dtype=dtype)
        da, layer2 = None, {}  # layer 2 is the same in every iteration, so its gradients add up
        for n in range(len(cache.rounds), 0, -1):
            IF, _, caches, refine = cache.rounds[n - 1]
            if caches is None:  # forgotten to save memory: once more
                _, _, caches = self._iterate(p, n, cache.seen, cache.a, IF, workspace)
            score, attend = caches
            dF, dIF, g[f"memory.{n}.WF"], g[f"memory.{n}.b"] = memory.refine_backward(dIF, refine)
            dr, dseen_n, da, g_n = self.attend_backward(dF, attend, workspace, da)
            if dseen_n is not None:
                dseen += dseen_n
            add_up(layer2, g_n)
            _, dIF_n, g_n = self.score_backward(n, dr, score, dseen)  # dseen grows in place
            add_up(g, g_n)
            dIF = dIF + dIF_n
        if da is not None:
            _, dW = self.layer2_share_backward(da, p, h, workspace, dh)  # so does dh
            g |= layer2 | {"layer2.W": xp.concatenate([dW, layer2["layer2.W"]])}
        if cache.see is not None:
            dh += self.see_backward(dseen, cache.see)

        if self.initial == "average":
            dh += memory.average_backward(dIF, cache.initial)
        else:
            dh_0, g["memory.0.W"], g["memory.0.b"] = memory.feedforward_backward(dIF, cache.initial)
            dh += dh_0
        return dh, g

    # --- the steps of an iteration, each of which another stream may replace -----------------------------------------

    def see(self, h):
        """What is scored (K, B, H), and a cache: here h itself, and None."""
        return h, None

    def see_backward(self, dseen, cache):
        """dseen (K, B, H) gives dh (K, B, H); asked for only where `see` left a cache."""
        raise NotImplementedError

    def score_names(self, n):
        """Names of the weights of Eq. 5 in iteration n."""
        return f"attention.{n}.We1", f"attention.{n}.We2"

    def score_shapes(self, n):
        """Shapes of these weights, by name."""
        We1, We2 = self.score_names(n)
        return {We1: (self.hidden,), We2: (2 * self.hidden, self.hidden)}

    def score(self, p, n, seen, IF, workspace):
        """Scores r (K, B) of what is seen in iteration n (Eqs. 5-6), and a cache."""
        We1, We2 = (p[name] for name in self.score_names(n))
        return scoring.informativeness_forward(seen, IF, We1, We2, workspace)

    def score_backward(self, n, dr, cache, onto=None):
        """dr (K, B) gives dseen (K, B, H), dIF (B, M) and the weights' gradients by name.

        onto: the dseen of other iterations, to which this one's is added in place.
        """
        dseen, dIF, dWe1, dWe2 = scoring.informativeness_backward(dr, cache, onto)
        return dseen, dIF, dict(zip(self.score_names(n), (dWe1, dWe2), strict=True))

    def layer2_shapes(self):
        """Shapes of layer 2's parameters, by name."""
        return {"layer2.W": (3 * self.hidden, 5 * self.hidden), "layer2.b": (5 * self.hidden,)}

    def layer2_share(self, p, h, workspace):
        """h W_x of layer 2 (K, B, 5H): the part of Eq. 1 that all iterations have in common."""
        xp, W = array_module(h), p["layer2.W"][: self.hidden]
        out = workspace.empty(xp, "a", (*h.shape[:2], 5 * self.hidden), xp.result_type(h, W))
        return matmul(h, W, out, workspace)

    def layer2_share_backward(self, da, p, h, workspace, onto=None):
        """da (K, B, 5H), the sum over all iterations, gives dh (K, B, H) and the gradient of W_x (H, 5H).

        onto: the dh of other uses, to which this one is added in place.
        """
        W = p["layer2.W"][: self.hidden]
        return matmul(da, W.T, None, workspace, onto), matmul_dW(h, da, workspace)

    def attend(self, p, seen, r, a, workspace, remember):
        """F (B, H), what layer 2 has seen in the end under its gate (Eqs. 1-3, 7), and a cache."""
        U, b = p["layer2.W"][self.hidden :], p["layer2.b"]
        nothing = a[..., :0]  # the inputs' share is in a
        r_of_cells, spread = self.spread(r)
        g, opened = attention.opening_forward(r_of_cells)
        h2, swept = sweep(self.schedule, a).forward(
            nothing, U, b, self.joints, self.frames, a=a, g=g, workspace=workspace, remember=remember
        )
        return h2[-1], (swept, spread, opened)  # F: the last cell, the last joint of the last frame

    def attend_backward(self, dF, cache, workspace, onto):
        """dF (B, H) gives dr (K, B), dseen or None, da (K, B, 5H) or None, and the gradients of layer 2's U and b.

        onto: the da of the iterations after this one, to which its own is added; None in the last.
        """
        swept, spread, opened = cache
        xp, K = array_module(dF), self.joints * self.frames
        dh2 = workspace.zeros(xp, "dh2", (K, *dF.shape), dF.dtype)  # zero but for the last cell
        dh2[-1] = dF
        room = workspace.at("back" if onto is None else "back again")  # where da still lies
        da, dU, db, dg = sweep(self.schedule, dh2).backward(dh2, swept, room, onto)
        dr = attention.opening_backward(dg, opened)
        return self.spread_backward(dr, spread), None, da, {"layer2.W": dU, "layer2.b": db}

    def spread(self, r):
        """The score of every cell (K, B) from those of what is seen, and a cache: here the same."""
        return r, None

    def spread_backward(self, dr, cache):
        """The gradient of what was seen from that of the cells' scores dr (K, B)."""
        return dr

    # --- what others ask of it ---------------------------------------------------------------------------------------

    def scores(self, cache):
        """Scores of every cell, (K, B) for each iteration."""
        return [self.spread(attended.r)[0] for attended in cache.rounds]

    def relu_inputs(self, cache):
        """What went into each ReLU, (B, M) each."""
        initial = [memory.relu_input(cache.initial)] if self.initial == "feedforward" else []
        return initial + [memory.relu_input(attended.refine) for attended in cache.rounds]

    def swept(self, cache):
        """Caches of layer 2's sweeps, one for each iteration."""
        return [attended.caches[1][0] for attended in cache.rounds]


def add_up(g, more):
    """Add the gradients `more` to those in g, name by name."""
    for name, value in more.items():
        g[name] = g[name] + value if name in g else value
