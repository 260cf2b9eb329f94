"""The network in PyTorch with automatic differentiation, in five engines: what the package's speed is held against.

The parameters keep the package's names and shapes. Arrays over the grid hold rows, one per cell and sequence: K B of
them, diagonal by diagonal, with K = J T cells, so that a diagonal is one contiguous slice.
"""

from itertools import pairwise

import torch
from torch.nn import functional

from gca_scratch.network import grid


class LoopPeer:
    """The definition as most people would write it: one unit after another, frame by frame, joint by joint."""

    name = "PyTorch eager loop"

    def __init__(self, network, params, device="cpu", learning_rate=0.0015, momentum=0.9, tf32=False):
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        self.network, self.device = network, device
        self.params = {name: torch.tensor(p, device=device, requires_grad=True) for name, p in params.items()}
        self.optimizer = torch.optim.SGD(self.params.values(), learning_rate, momentum, fused=True)

    def put(self, x, y, masks):
        """A batch on the device: x (B, T, J, C) as rows (K B, C), y (B,), and the masks, as rows too, or None each."""
        layer1 = masks.get("layer1")  # (K, B, H)
        layer1 = None if layer1 is None else layer1.reshape(-1, layer1.shape[-1])
        arrays = as_rows(x), y, layer1, masks.get("classifier")
        return tuple(None if a is None else torch.tensor(a, device=self.device) for a in arrays)

    def step(self, batch):
        """One training step: forward, backward, and the update in place. Returns the loss."""
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(batch)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def gradients(self, batch):
        """The loss, and the gradients as NumPy arrays; nothing is updated."""
        loss = self.loss(batch)
        gradients = torch.autograd.grad(loss, list(self.params.values()))
        return loss.item(), {name: g.cpu().numpy() for name, g in zip(self.params, gradients, strict=True)}

    @torch.no_grad()
    def forward(self, batch):
        """Logits (B, classes), and nothing kept for a backward pass."""
        return self.logits(batch)

    def wait(self):
        """Until the device has finished."""
        if self.device != "cpu":
            torch.cuda.synchronize()

    def loss(self, batch):
        """Mean negative log-likelihood, of shape ()."""
        return functional.cross_entropy(self.logits(batch), batch[1])

    def logits(self, batch):
        """The network of Fig. 3: logits (B, classes)."""
        rows, y, layer1_mask, classifier_mask = batch  # (K B, C), (B,), (K B, H), (B, M)
        B, H, p = len(y), self.network.hidden, self.params

        h = torch.cat(self.layer(rows, B, p["layer1.W"], p["layer1.b"])())  # (K B, H)
        if layer1_mask is not None:
            h = h * layer1_mask
        cells = h.view(-1, B, H)  # (K, B, H)
        if self.network.initial == "average":
            IF = cells.mean(0)  # (B, M), Eq. 4
        else:
            everything = cells.transpose(0, 1).reshape(B, -1)  # (B, K H)
            IF = torch.addmm(p["memory.0.b"], everything, p["memory.0.W"]).relu()

        if self.network.iterations:
            layer2 = self.layer(h, B, p["layer2.W"], p["layer2.b"])
        for n in range(1, self.network.iterations + 1):
            r = self.attend(cells, IF, p[f"attention.{n}.We1"], p[f"attention.{n}.We2"])
            F = layer2(r)[-1][-B:]  # (B, H): the last cell
            IF = torch.addmm(p[f"memory.{n}.b"], torch.cat([F, IF], 1), p[f"memory.{n}.WF"]).relu()  # Eq. 8

        if classifier_mask is not None:
            IF = IF * classifier_mask
        return torch.addmm(p["classifier.b"], IF, p["classifier.W"])  # Eq. 9

    def attend(self, cells, IF, We1, We2):
        """Informativeness (K B, 1) of cells (K, B, H), given the memory IF (B, M) (Eqs. 5-6)."""
        H = cells.shape[2]
        e = torch.tanh(cells @ We2[:H] + IF @ We2[H:]) @ We1  # (K, B)
        return e.softmax(0).view(-1, 1)

    def layer(self, inputs, B, W, b):
        """An ST-LSTM layer on inputs (K B, D), as a function of r (K B, 1) or None; h comes in pieces, in row order."""
        J, T, H = self.network.joints, self.network.frames, self.network.hidden
        order = [(j, t) for j, t in zip(*(a.tolist() for a in grid.cell_order(J, T)), strict=True)]
        inputs = dict(zip(order, inputs.split(B), strict=True))

        def sweep(r=None):
            scores = None if r is None else dict(zip(order, r.split(B), strict=True))
            zero = b.new_zeros(B, H)
            h, c = {}, {}  # (B, H) each
            for t in range(T):
                for j in range(J):
                    h_S, h_T = h.get((j - 1, t), zero), h.get((j, t - 1), zero)
                    c_S, c_T = c.get((j - 1, t), zero), c.get((j, t - 1), zero)
                    z = torch.addmm(b, torch.cat([inputs[j, t], h_S, h_T], 1), W)  # (B, 5H), Eq. 1
                    h[j, t], c[j, t] = unit(z, c_S, c_T, None if r is None else scores[j, t])
            return [h[cell] for cell in order]

        return sweep


def as_rows(x):
    """Sequences x (B, T, J, C) as rows (K B, C), diagonal by diagonal."""
    cells = grid.pack(x)  # (K, B, C)
    return cells.reshape(-1, cells.shape[-1])


def unit(z, c_S, c_T, r=None):
    """Gates z (rows, 5H), cell states c_S, c_T (rows, H) and r (rows, 1) give h and c (rows, H) (Eqs. 1-3, 7)."""
    i, f_S, f_T, o, u = z.chunk(5, 1)
    new = i.sigmoid() * u.tanh()
    past = torch.addcmul(f_S.sigmoid() * c_S, f_T.sigmoid(), c_T)
    c = new + past if r is None else torch.lerp(past, new, r)
    return o.sigmoid() * c.tanh(), c


def diagonal(a, h_S, h_T, c_S, c_T, U, B, r=None):
    """The units of one diagonal; n cells make n B rows.

    a (rows, 5H): the input's share of the gates.  h_S, h_T, c_S, c_T (rows, H): the predecessors' states.  U (2H, 5H).
    r (rows, 1) or None.  Returns h and c (rows + 2B, H) between zeros, as the next diagonal takes its predecessors.
    """
    H = h_S.shape[1]
    z = torch.addmm(torch.addmm(a, h_S, U[:H]), h_T, U[H:])  # two products of slices: nothing is copied side by side
    return [functional.pad(s, (0, 0, B, B)) for s in unit(z, c_S, c_T, r)]


class WavefrontPeer(LoopPeer):
    """One batch of units per diagonal; the input's share of the gates is one product before the sweep."""

    name = "PyTorch eager wavefront"
    diagonal = staticmethod(diagonal)

    def layer(self, inputs, B, W, b):
        """As in `LoopPeer`, one piece per diagonal."""
        J, T, D = self.network.joints, self.network.frames, inputs.shape[1]
        lowest = [max(0, k - T + 1) for k in range(J + T - 1)]  # joint of each diagonal
        sizes = [(min(J - 1, k) - low + 1) * B for k, low in enumerate(lowest)]  # in rows
        firsts = [0] + [(low - low_before) * B for low_before, low in pairwise(lowest)]  # where predecessors begin
        shares = torch.addmm(b, inputs, W[:D]).split(sizes)  # (n B, 5H) each
        U = W[D:]

        def sweep(r=None):
            scores = [None] * len(sizes) if r is None else r.split(sizes)
            h, c = b.new_zeros(2, 2 * B, len(b) // 5)
            pieces = []
            for a, size, first, score in zip(shares, sizes, firsts, scores, strict=True):
                S, T = slice(first, first + size), slice(first + B, first + B + size)
                h, c = self.diagonal(a, h[S], h[T], c[S], c[T], U, B, score)
                pieces.append(h[B:-B])
            return pieces

        return sweep


class CompiledPeer(WavefrontPeer):
    """The wavefront with `torch.compile` on one diagonal, compiled once for every length, in seconds."""

    name = "PyTorch compiled wavefront"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        torch._dynamo.config.recompile_limit = 64  # with and without r, with and without gradients, for each B
        # the first diagonal is short: without this option its length would decide that one thread is enough for all
        self.compiled = torch.compile(diagonal, options={"cpp.dynamic_threads": True})

    def diagonal(self, a, h_S, h_T, c_S, c_T, U, B, r=None):
        """`diagonal`, its number of rows left open."""
        for rows in (a, h_S, h_T, c_S, c_T) if r is None else (a, h_S, h_T, c_S, c_T, r):
            if len(rows) > 1:  # one row is a case of its own for the compiler
                torch._dynamo.mark_dynamic(rows, 0)
        return self.compiled(a, h_S, h_T, c_S, c_T, U, B, r)


class WholePeer(WavefrontPeer):
    """The wavefront with `torch.compile` around the whole loss: every diagonal with a length of its own.

    To compile takes minutes, to load from the compiler's cache some ten seconds.
    """

    name = "PyTorch loss compiled as a whole"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.compiled_loss = torch.compile(super().loss, dynamic=False)
        self.compiled_logits = torch.compile(super().logits, dynamic=False)

    def loss(self, batch):
        """As in `LoopPeer`."""
        return self.compiled_loss(batch)

    @torch.no_grad()
    def forward(self, batch):
        """As in `LoopPeer`."""
        return self.compiled_logits(batch)


class GraphPeer(CompiledPeer):
    """The compiled wavefront, recorded once in a CUDA graph and replayed as one launch; for device="cuda" only."""

    name = "PyTorch compiled wavefront in a CUDA graph"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.graphs = {}
        for p in self.params.values():  # else the graph would record the first step, which makes the buffers
            self.optimizer.state[p]["momentum_buffer"] = torch.zeros_like(p)

    def step(self, batch):
        """As in `LoopPeer`, replayed; the loss is overwritten by the next step."""
        return self.replay(super().step, self.gradients, batch)

    def forward(self, batch):
        """As in `LoopPeer`, replayed; the logits are overwritten by the next pass."""
        return self.replay(super().forward, super().forward, batch)

    def replay(self, function, rehearsal, batch):
        """`function(batch)` from its graph, which is recorded when shapes are new, after a `rehearsal` has compiled."""
        key = function.__name__, *(None if a is None else a.shape for a in batch)
        if key not in self.graphs:
            self.graphs[key] = self.record(function, rehearsal, batch)
        graph, inputs, output = self.graphs[key]
        for own, new in zip(inputs, batch, strict=True):
            if own is not None:
                own.copy_(new)
        graph.replay()
        return output

    def record(self, function, rehearsal, batch):
        """A graph of `function`, the inputs it reads and the output it writes."""
        inputs = tuple(None if a is None else a.clone() for a in batch)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                rehearsal(inputs)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            output = function(inputs)
        return graph, inputs, output
