"""The forward pass as an ONNX file, exported once: what libraries that only answer are given."""

import io
import warnings

import torch
from torch.nn import functional

from . import peer_torch


def exported(network, params, B, gates_joined):
    """Bytes of an ONNX file that takes `rows` (K B, C), as `peer_torch.LoopPeer.put` makes them, and gives `logits`.

    The batch size B is fixed. gates_joined: one sigmoid for the four gates, or one for each; libraries differ in what
    they like better.
    """
    peer = Exportable(network, params)
    peer.gates_joined = gates_joined
    for p in peer.params.values():
        p.requires_grad_(False)
    labels = torch.zeros(B, dtype=torch.int64)  # their number tells the batch size

    class Module(torch.nn.Module):
        def forward(self, rows):
            return peer.logits((rows, labels, None, None))

    rows = torch.zeros(network.joints * network.frames * B, network.channels)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this exporter is the old one: the new one takes minutes
        torch.onnx.export(
            Module().eval(),
            (rows,),
            file,
            dynamo=False,
            opset_version=17,
            input_names=["rows"],
            output_names=["logits"],
            do_constant_folding=False,  # else every diagonal gets a copy of the weights
        )
    return file.getvalue()


class Exportable(peer_torch.WavefrontPeer):
    """The wavefront in operations that every format has, one product for each diagonal."""

    def diagonal(self, a, h_S, h_T, c_S, c_T, U, B, r=None):
        """As `peer_torch.diagonal`."""
        H = h_S.shape[1]
        z = a + torch.cat([h_S, h_T], 1) @ U
        if self.gates_joined:
            i, f_S, f_T, o = z[:, : 4 * H].sigmoid().split(H, 1)
            u = z[:, 4 * H :].tanh()
        else:
            i, f_S, f_T, o, u = z.split(H, 1)
            i, f_S, f_T, o, u = i.sigmoid(), f_S.sigmoid(), f_T.sigmoid(), o.sigmoid(), u.tanh()
        new, past = i * u, f_S * c_S + f_T * c_T
        c = new + past if r is None else past + r * (new - past)
        return [functional.pad(s, (0, 0, B, B)) for s in (o * c.tanh(), c)]


class Answering:
    """An engine that only answers: it has `put` and `forward`, and no `step`. Parameters are those of the start."""

    gates_joined = True

    def __init__(self, network, params, device="cpu"):
        self.network, self.params, self.ready = network, params, {}

    def put(self, x, y, masks):
        """A batch, and the graph that was compiled for its size: x (B, T, J, C) as rows (K B, C). Without dropout."""
        B = len(x)
        if B not in self.ready:
            self.ready[B] = self.compiled(exported(self.network, self.params, B, self.gates_joined))
        return self.ready[B], peer_torch.as_rows(x)

    def compiled(self, graph):
        """What `forward` needs, from the bytes of an ONNX file."""
        raise NotImplementedError

    def wait(self):
        """Nothing: `forward` returns when its work is done."""
