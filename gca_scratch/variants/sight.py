"""Scores that see movement: soft attention over what each joint does, judged by where it is and how it moves.

In the paper a score is made from h of its cell (Eq. 5), which has heard of everything before it and can tell that an
action has been, hardly where. Here a score sees the cell's own input, and what is attended to is movement alone:

    p      where the joint is, seen from the middle of the body
    m      [d, v] / UNIT: how far p is from its mean over all frames, and its change from frame to frame
    s    = tanh([p, m, |d|^2, |v|^2] W_s + b_s)                  a cell by itself
    z    = [s, mean of s over its joint's frames, mean of s over its frame's joints]
    e    = W_e1 tanh([z, IF] W_e2)                               Eq. 5, with z in the place of h
    w^2  = mean of |d|^2 over its joint's frames, times that over its frame's joints
    r    = w exp(e), divided by the sum over all cells           Eq. 6, begun where something moves
    F    = sum over cells of r tanh(m W_v)                       a joint that rests in its mean posture says nothing

and Eq. 8 refines the memory with F: all that attention brings to it comes from joints that move.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from ..network import grid, scoring
from ..network.arrays import FRESH, array_module
from ..network.gca_lstm import GCALSTM
from ..network.ops import affine_backward, affine_forward, matmul, matmul_dW, tanh_backward, tanh_forward
from ..network.stream import AttentionStream
from .ablations import soft_attention_backward, soft_attention_forward

SIGHT = "sight"  # under this name a stream finds among its parameters what its cells see
UNIT = 0.5  # of movement, in units of the input: half a torso
TINY = 1e-6  # keeps a weight above 0 where nobody moves


def sight_forward(x):
    """What every cell sees of itself: sequences x (B, T, J, C) give [p, m, |d|^2, |v|^2] (B, T, J, 3C + 2)."""
    xp = array_module(x)
    p = x - x.mean(axis=2, keepdims=True)
    d = p - p.mean(axis=1, keepdims=True)
    step, v = p[:, 1:] - p[:, :-1], xp.zeros_like(p)
    v[:, :-1] += step
    v[:, 1:] += step
    v[:, 1:-1] /= 2  # the steps before and after; the first and the last frame have one
    m = xp.stack([d, v], axis=-2) / UNIT  # (B, T, J, 2, C)
    return xp.concatenate([p, m.reshape(*p.shape[:3], -1), (m * m).sum(axis=-1)], axis=-1)


def sight_backward(dsight, sight):
    """dsight (B, T, J, 3C + 2) gives dx (B, T, J, C). To take away a mean is its own way back."""
    C = (sight.shape[-1] - 2) // 3
    pairs = (*sight.shape[:3], 2, C)
    m, dm = sight[..., C:-2].reshape(pairs), dsight[..., C:-2].reshape(pairs)
    dm = (dm + 2 * m * dsight[..., -2:, None]) / UNIT
    dd, dv = dm[..., 0, :], dm[..., 1, :].copy()
    dv[:, 1:-1] /= 2
    dstep = dv[:, :-1] + dv[:, 1:]
    dp = dsight[..., :C] + dd - dd.mean(axis=1, keepdims=True)
    dp[:, 1:] += dstep
    dp[:, :-1] -= dstep
    return dp - dp.mean(axis=2, keepdims=True)


def company_forward(s, J, T):
    """A cell, its joint and its frame: s (K, B, A) gives z (K, B, 3A), s beside its means over frames and joints."""
    xp, cells = array_module(s), grid.unpack(s, J, T)  # (B, T, J, A)
    means = [xp.broadcast_to(cells.mean(axis=axis, keepdims=True), cells.shape) for axis in (1, 2)]
    return grid.pack(xp.concatenate([cells, *means], axis=-1))


def company_backward(dz, J, T):
    """dz (K, B, 3A) gives ds (K, B, A): every cell has its share in the means that others were given."""
    own, of_joint, of_frame = array_module(dz).split(grid.unpack(dz, J, T), 3, axis=-1)
    return grid.pack(own + of_joint.mean(axis=1, keepdims=True) + of_frame.mean(axis=2, keepdims=True))


def reach_forward(squares, J, T):
    """How far a cell's joint moves, and its frame: |d|^2 as squares (K, B) give w (K, B), never 0, and a cache."""
    z = company_forward(squares[..., None], J, T)  # (K, B, 3)
    of_joint, of_frame = z[..., 1], z[..., 2]
    w = (of_joint * of_frame + TINY) ** 0.5
    return w, (of_joint, of_frame, w)


def reach_backward(dw, cache, J, T):
    """dw (K, B) gives dsquares (K, B)."""
    of_joint, of_frame, w = cache
    dproduct = dw / (2 * w)
    xp = array_module(dw)
    dz = xp.stack([xp.zeros_like(dproduct), dproduct * of_frame, dproduct * of_joint], axis=-1)
    return company_backward(dz, J, T)[..., 0]


def weighed_forward(r, w):
    """Softmax r (K, B) of e and weights w (K, B) give scores w r / sum of w r (K, B), and a cache."""
    q = w * r
    total = q.sum(axis=0)
    q = q / total
    return q, (r, w, total, q)


def weighed_backward(dq, cache):
    """dq (K, B) gives dr and dw (K, B): each score depends on all others by their sum."""
    r, w, total, q = cache
    dproduct = (dq - (dq * q).sum(axis=0)) / total
    return dproduct * w, dproduct * r


def value_forward(m, W):
    """What a cell says: m (K, B, 2C) and W_v (2C, H) give tanh(m W_v) (K, B, H), and a cache."""
    u, tanh = tanh_forward(matmul(m, W))
    return u, (m, W, tanh)


def value_backward(du, cache):
    """du (K, B, H) gives dm (K, B, 2C) and dW_v (2C, H)."""
    m, W, tanh = cache
    da = tanh_backward(du, tanh)
    return matmul(da, W.T), matmul_dW(m, da)


@dataclass(frozen=True)
class SightedStream(AttentionStream):
    """An attention stream without layer 2. Parameters, beside those of memory and classifier:

    value.W (2C, H)                               W_v, the same in every iteration
    attention.n.Ws (3C + 2, H), .bs (H,)          W_s and b_s
    attention.n.We1 (H,), .We2 (3H + M, H)        as in Eq. 5

    channels: C, the numbers of a cell. What the cells see, (K, B, 3C + 2), comes among the parameters, as `SIGHT`.
    """

    channels: int = field(kw_only=True)

    def score_names(self, n):
        """Names of the weights of a score in iteration n."""
        return tuple(f"attention.{n}.{name}" for name in ("Ws", "bs", "We1", "We2"))

    def score_shapes(self, n):
        """Shapes of these weights, by name."""
        H = self.hidden
        return dict(zip(self.score_names(n), ((3 * self.channels + 2, H), (H,), (H,), (4 * H, H)), strict=True))

    def score(self, p, n, seen, IF, workspace):
        """Scores r (K, B) of the cells in iteration n, and a cache; h, which is `seen`, is not asked."""
        Ws, bs, We1, We2 = (p[name] for name in self.score_names(n))
        a, affine = affine_forward(p[SIGHT], Ws, bs)
        s, tanh = tanh_forward(a)
        z = company_forward(s, self.joints, self.frames)
        r, judged = scoring.informativeness_forward(z, IF, We1, We2, workspace)
        w, reach = reach_forward(p[SIGHT][..., -2], self.joints, self.frames)
        q, weighed = weighed_forward(r, w)
        return q, (affine, tanh, judged, reach, weighed)

    def score_backward(self, n, dr, cache, onto=None):
        """dr (K, B), with the gradients that `attend_backward` has found, gives dIF (B, M) and all of them by name;
        none for what is seen, which is not asked."""
        affine, tanh, judged, reach, weighed = cache
        dq, of_value = dr
        dr, dw = weighed_backward(dq, weighed)
        dz, dIF, dWe1, dWe2 = scoring.informativeness_backward(dr, judged)
        ds = company_backward(dz, self.joints, self.frames)
        dsight, dWs, dbs = affine_backward(tanh_backward(ds, tanh), affine)
        dsight[..., self.channels : -2] += of_value[SIGHT]
        dsight[..., -2] += reach_backward(dw, reach, self.joints, self.frames)
        of_score = dict(zip(self.score_names(n), (dWs, dbs, dWe1, dWe2), strict=True))
        return onto, dIF, of_score | of_value | {SIGHT: dsight}

    def layer2_shapes(self):
        """In the place of layer 2: what a cell says."""
        return {"value.W": (2 * self.channels, self.hidden)}

    def layer2_share(self, p, h, workspace):
        """There is no layer 2."""
        return None

    def attend(self, p, seen, r, a, workspace, remember):
        """F (B, H), the mean of what the cells say, weighted by their scores, and a cache."""
        u, value = value_forward(p[SIGHT][..., self.channels : -2], p["value.W"])
        F, soft = soft_attention_forward(u, r)
        return F, (value, soft)

    def attend_backward(self, dF, cache, workspace, onto):
        """dF (B, H) gives dr (K, B) and, in one pair with it, the gradients of W_v and of m by name."""
        value, soft = cache
        du, dr = soft_attention_backward(dF, soft)
        dm, dW = value_backward(du, value)
        return (dr, {"value.W": dW, SIGHT: dm}), None, None, {}

    def swept(self, cache):
        """Nothing is swept."""
        return []


@dataclass(frozen=True)
class Sighted(GCALSTM):
    """A GCA-LSTM whose scores see movement; arguments, parameters of layer 1 and all calls are those of GCALSTM."""

    def streams(self):
        """One attention stream that is shown the input, too."""
        return {"": self.stream(SightedStream, channels=self.channels)}

    def forward(self, params: Mapping, x, masks=None, iterations=None, workspace=FRESH, remember=True):
        """As `GCALSTM.forward`."""
        seen = grid.pack(sight_forward(x)) if x.ndim == 4 else None  # another x is refused
        return super().forward({**params, SIGHT: seen}, x, masks, iterations, workspace, remember)

    def backward(self, dlogits, cache, with_input=False):
        """As `GCALSTM.backward`."""
        gradients = super().backward(dlogits, cache, with_input)
        dsight = gradients.pop(SIGHT, None)  # none without iterations
        if with_input and dsight is not None:
            sight, dsight = (grid.unpack(each, self.joints, self.frames) for each in (cache.params[SIGHT], dsight))
            gradients["input"] += sight_backward(dsight, sight)
        return gradients


def sighted(network: GCALSTM) -> Sighted:
    """The `Sighted` network in the place of a plain one, of the same sizes."""
    return Sighted(**{each.name: getattr(network, each.name) for each in fields(network)})
