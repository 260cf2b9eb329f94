"""The network in JAX, jitted as a whole and differentiated automatically: what the package's speed is held against.

Parameters keep the package's names and shapes. Arrays over the grid have the axes (T, J, B, ...): T frames, J joints, B
sequences. The rows of memory.0.W, which the package sorts by diagonal, are put into that order too.
"""

from functools import partial

import jax
import numpy as np
from jax import lax, nn
from jax import numpy as jnp

from gca_scratch.network import grid


class NestedScanPeer:
    """The definition, one unit after another: a `lax.scan` over the joints inside one over the frames."""

    name = "JAX nested scans"

    def __init__(self, network, params, device="cpu", learning_rate=0.0015, momentum=0.9, tf32=False):
        jax.config.update("jax_default_matmul_precision", "tensorfloat32" if tf32 else "highest")
        self.network, self.device = network, jax.devices(device)[0]
        joint, frame = grid.cell_order(network.joints, network.frames)
        self.place = frame * network.joints + joint  # (K,): where the package's cells are here
        self.double = params["layer1.W"].dtype == np.float64
        if network.initial == "feedforward":
            params = params | {"memory.0.W": self.reordered(params["memory.0.W"], np.argsort(self.place))}
        with jax.enable_x64(self.double):
            self.params = jax.device_put(params, self.device, may_alias=False)
            self.velocity = jax.tree.map(jnp.zeros_like, self.params)
        self._logits = jax.jit(self.logits)
        self._gradients = jax.jit(jax.value_and_grad(self.loss))
        self._update = jax.jit(partial(self.update, learning_rate, momentum), donate_argnums=(0, 1))

    def reordered(self, W, order):
        """memory.0.W (K H, M) with its cells in another order (K,)."""
        return W.reshape(len(order), -1)[order].reshape(W.shape)

    def put(self, x, y, masks):
        """A batch on the device: x (B, T, J, C) as (T, J, B, C), y (B,), the mask layer1 (K, B, H) as (T, J, B, H)."""
        if masks:
            J, T = self.network.joints, self.network.frames
            layer1 = masks["layer1"][np.argsort(self.place)]
            masks = masks | {"layer1": layer1.reshape(T, J, *layer1.shape[1:])}
        with jax.enable_x64(self.double):
            return jax.device_put((x.transpose(1, 2, 0, 3), y, masks), self.device)

    def step(self, batch):
        """One training step: forward, backward, and the update in the place of the old arrays. Returns the loss."""
        with jax.enable_x64(self.double):
            self.params, self.velocity, self.last = self._update(self.params, self.velocity, batch)
        return self.last

    def gradients(self, batch):
        """The loss, and the gradients as NumPy arrays; nothing is updated."""
        with jax.enable_x64(self.double):
            loss, gradients = self._gradients(self.params, batch)
        gradients = {name: np.asarray(g) for name, g in gradients.items()}
        if self.network.initial == "feedforward":
            gradients["memory.0.W"] = self.reordered(gradients["memory.0.W"], self.place)
        return float(loss), gradients

    def forward(self, batch):
        """Logits (B, classes)."""
        with jax.enable_x64(self.double):
            self.last = self._logits(self.params, batch)
        return self.last

    def wait(self):
        """Until the last result is there."""
        jax.block_until_ready(self.last)

    def update(self, learning_rate, momentum, params, velocity, batch):
        """Parameters and velocity after one step of SGD with momentum, and the loss before it."""
        loss, gradients = jax.value_and_grad(self.loss)(params, batch)
        velocity = jax.tree.map(lambda v, g: momentum * v - learning_rate * g, velocity, gradients)
        return jax.tree.map(jnp.add, params, velocity), velocity, loss

    def loss(self, params, batch):
        """Mean negative log-likelihood, of shape ()."""
        log_p = nn.log_softmax(self.logits(params, batch))
        return -jnp.take_along_axis(log_p, batch[1][:, None], 1).mean()

    def logits(self, p, batch):
        """The network of Fig. 3: logits (B, classes)."""
        x, y, masks = batch  # (T, J, B, C), (B,), {(T, J, B, H), (B, M)}
        B, H = len(y), self.network.hidden

        h = self.layer(x, p["layer1.W"], p["layer1.b"])()  # (T, J, B, H)
        h = h * masks.get("layer1", 1)
        if self.network.initial == "average":
            IF = h.mean((0, 1))  # (B, M), Eq. 4
        else:
            everything = jnp.moveaxis(h, 2, 0).reshape(B, -1)  # (B, K H)
            IF = nn.relu(everything @ p["memory.0.W"] + p["memory.0.b"])

        if self.network.iterations:
            layer2 = self.layer(h, p["layer2.W"], p["layer2.b"])
        for n in range(1, self.network.iterations + 1):
            We1, We2 = p[f"attention.{n}.We1"], p[f"attention.{n}.We2"]
            r = nn.softmax(jnp.tanh(h @ We2[:H] + IF @ We2[H:]) @ We1, axis=(0, 1))  # (T, J, B), Eqs. 5-6
            F = layer2(r[..., None])[-1, -1]  # (B, H): the last cell
            IF = nn.relu(jnp.concatenate([F, IF], 1) @ p[f"memory.{n}.WF"] + p[f"memory.{n}.b"])  # Eq. 8

        return (IF * masks.get("classifier", 1)) @ p["classifier.W"] + p["classifier.b"]  # Eq. 9

    def layer(self, inputs, W, b):
        """An ST-LSTM layer on inputs (T, J, B, D), as a function of r (T, J, B, 1) or None giving h (T, J, B, H)."""
        J, B, D = inputs.shape[1:]
        shares = inputs @ W[:D] + b  # (T, J, B, 5H)
        zeros = jnp.zeros((J, B, len(b) // 5), b.dtype)  # h or c of the frame before the first

        def joint(before, now):
            h_S, c_S = before
            a, r, (h_T, c_T) = now
            state = unit(a + jnp.concatenate([h_S, h_T], 1) @ W[D:], c_S, c_T, r)
            return state, state

        def frame(states, now):
            _, states = lax.scan(joint, (zeros[0], zeros[0]), (*now, states))
            return states, states[0]

        return lambda r=None: lax.scan(frame, (zeros, zeros), (shares, r))[1]


class WavefrontPeer(NestedScanPeer):
    """One batch of units per diagonal, scanned. In lane t of step k sits the cell of frame t and joint k - t.

    A scan has as many lanes as its widest diagonal, so the diagonals are cut into blocks, each with a scan of its own:
    blocks of one would take long to compile, and one block of all would compute empty lanes in two cells of five.
    """

    name = "JAX scans over diagonals"
    block = 5

    def layer(self, inputs, W, b):
        """As in `NestedScanPeer`."""
        T, J, B, D = inputs.shape
        starts = np.arange(0, J + T - 1, self.block)
        shares = jnp.split(skew(inputs @ W[:D] + b), starts[1:])  # (steps, T, B, 5H) each

        def diagonal(before, now):
            (h_S, c_S), (a, r) = before, now  # the joint before is in the same lane, the frame before one lane lower
            h_T, c_T = (jnp.pad(s[:-1], ((1, 0), (0, 0), (0, 0))) for s in before)
            state = unit(a + jnp.concatenate([h_S, h_T], 2) @ W[D:], c_S, c_T, r)
            return state, state[0]

        def sweep(r=None):
            scores = [None] * len(starts) if r is None else jnp.split(skew(r), starts[1:])
            state = (jnp.zeros((0, B, len(b) // 5), b.dtype),) * 2
            low_before = 0
            pieces = []
            for start, a, score in zip(starts, shares, scores, strict=True):
                low, high = max(0, start - J), min(start + len(a), T)  # lanes; beyond the last joint nothing is read
                state = [s[low - low_before :] for s in state]
                state = [jnp.pad(s, ((0, high - low - len(s)), (0, 0), (0, 0))) for s in state]
                now = a[:, low:high], None if r is None else score[:, low:high]
                state, h = lax.scan(diagonal, tuple(state), now)
                pieces.append(jnp.pad(h, ((0, 0), (low, T - high), (0, 0), (0, 0))))
                low_before = low
            return unskew(jnp.concatenate(pieces), J)

        return sweep


def skew(x):
    """(T, J, ...) as (J + T - 1, T, ...): cell (t, j) moves to step j + t, lane t; the other places are zero.

    Zero shares of the gates keep h and c at zero, as they should be before the first joint.
    """
    T, J, *rest = x.shape
    rows = jnp.pad(x, ((0, 0), (0, T), *((0, 0) for _ in rest))).reshape(T * (J + T), *rest)
    return rows[: T * (J + T - 1)].reshape(T, J + T - 1, *rest).swapaxes(0, 1)  # each row one place further right


def unskew(y, J):
    """The inverse of `skew`."""
    steps, T, *rest = y.shape
    rows = y.swapaxes(0, 1).reshape(T * steps, *rest)
    return jnp.pad(rows, ((0, T), *((0, 0) for _ in rest))).reshape(T, J + T, *rest)[:, :J]


def unit(z, c_S, c_T, r=None):
    """Gates z (..., 5H), cell states c_S, c_T (..., H) and r (..., 1) give h and c (..., H) (Eqs. 1-3, 7)."""
    H = c_S.shape[-1]
    i, f_S, f_T, o = jnp.split(nn.sigmoid(z[..., : 4 * H]), 4, -1)
    new = i * jnp.tanh(z[..., 4 * H :])
    past = f_S * c_S + f_T * c_T
    c = new + past if r is None else past + r * (new - past)
    return o * jnp.tanh(c), c
