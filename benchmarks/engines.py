"""The package's engines behind the same five methods as their peers; who is there; whether they agree."""

import importlib
from dataclasses import replace

import numpy as np

from gca_scratch.network.arrays import module_for, to_device, to_host
from gca_scratch.network.gca_lstm import loss_and_gradients, multiplied_out
from gca_scratch.support.errors import InputError
from gca_scratch.training.optim import SGD
from gca_scratch.training.parallel import Engine

TOLERANCE = 1e-3  # of the largest entry of a gradient; float32 in another order differs by less
CPU = ("engines.Wavefront", "engines.Raster", "peer_torch.LoopPeer", "peer_torch.WavefrontPeer",
       "peer_torch.CompiledPeer", "peer_torch.WholePeer", "peer_jax.NestedScanPeer", "peer_jax.WavefrontPeer",
       "peer_onnxruntime.ForwardPeer", "peer_openvino.ForwardPeer")  # fmt: skip
QUICK = ("engines.Wavefront", "peer_torch.WavefrontPeer", "peer_torch.CompiledPeer")  # the others compile too long
LARGE = ("engines.Wavefront", "engines.Raster", *QUICK[1:])  # at batch 100: the others take many seconds a step
INSTEAD = ("engines.Wavefront", "peer_jax.NestedScanPeer")  # without PyTorch
CUDA = ("engines.Wavefront", "peer_torch.WavefrontPeer", "peer_torch.CompiledPeer", "peer_torch.GraphPeer",
        "peer_jax.WavefrontPeer")  # fmt: skip


LIBRARIES = {"peer_torch": "PyTorch", "peer_jax": "JAX", "peer_onnxruntime": "ONNX Runtime",
             "peer_openvino": "OpenVINO"}  # fmt: skip
PEERS = tuple(LIBRARIES.values())  # how the names of their engines begin


class Disagreement(InputError):
    """An engine that computes something else must not be timed."""


class Wavefront:
    """The package as it trains. `parts` as in `engine.Engine`: 0 is its own choice."""

    name = "wavefront"

    def __init__(self, network, params, device="cpu", learning_rate=0.0015, momentum=0.9, parts=0):
        self.xp = module_for(device)
        self.params = {name: to_device(p.copy(), self.xp) for name, p in params.items()}
        self.engine, self.optimiser = Engine(network, parts), SGD(learning_rate, momentum)

    def put(self, x, y, masks):
        """A batch on the device."""
        masks = {name: to_device(mask, self.xp) for name, mask in masks.items()}
        return to_device(x, self.xp), to_device(y, self.xp), masks

    def step(self, batch):
        """One training step: forward, backward, and the update in place. Returns the loss."""
        loss, gradients, _ = self.engine.loss_and_gradients(self.params, *batch)
        self.optimiser.step(self.params, gradients)
        return loss

    def gradients(self, batch):
        """The loss, and the gradients as NumPy arrays; nothing is updated."""
        loss, gradients, _ = self.engine.loss_and_gradients(self.params, *batch)
        return float(loss), {name: to_host(g) for name, g in multiplied_out(gradients).items()}

    def forward(self, batch):
        """Logits (B, classes)."""
        return self.engine.forward(self.params, batch[0])

    def wait(self):
        """Until the device has finished."""
        if self.xp is not np:
            self.xp.cuda.Device().synchronize()


class Raster(Wavefront):
    """The definition: a loop over joints and frames, in NumPy."""

    name = "raster loop (NumPy)"

    def __init__(self, network, params, *args, **options):
        network = replace(network, schedule="raster")
        super().__init__(network, params, *args, **options)
        self.engine = Plain(network)


class Plain:
    """`engine.Engine` without its means: no parts, no kept memory."""

    def __init__(self, network):
        self.network = network

    def loss_and_gradients(self, *arguments):
        """Loss, gradients and logits."""
        return loss_and_gradients(self.network, *arguments)

    def forward(self, params, x):
        """Logits (B, classes)."""
        return self.network.forward(params, x)[0]


def find(keys):
    """Of the engines "file.Class" those whose library is there, {key: class}, and sentences about the others."""
    found, sentences = {}, []
    for key in keys:
        file, _, name = key.partition(".")
        try:
            found[key] = getattr(importlib.import_module(f"{__package__}.{file}"), name)
        except ModuleNotFoundError as error:
            sentence = f"{LIBRARIES.get(file, file)} is left out: it is not installed (no module {error.name})."
            sentences += [sentence] if sentence not in sentences else []
    return found, sentences


def relative_errors(outcome, expected):
    """The largest error of the loss and of each gradient, relative to the largest entry; infinite for what is missing.

    outcome, expected: loss and gradients.
    """
    errors = {"loss": abs(outcome[0] - float(expected[0])) / abs(float(expected[0]))}
    for name, g in expected[1].items():
        other = outcome[1].get(name)
        fits = other is not None and other.shape == g.shape
        errors[name] = float(np.abs(other - g).max() / np.abs(g).max()) if fits else np.inf
    return errors


def check_answers(name, logits, expected):
    """The largest error of logits, relative to the largest; Disagreement when it is too large to be rounding."""
    fits = np.shape(logits) == expected.shape
    error = float(np.abs(np.asarray(logits) - expected).max() / np.abs(expected).max()) if fits else np.inf
    if not error <= TOLERANCE:
        raise Disagreement(
            f"{name} disagrees with the package: its logits are off by {error:.1e} of the largest, so nothing was timed"
        )
    return error


def check(name, outcome, expected):
    """`relative_errors` of an engine; Disagreement when one is too large to be rounding."""
    errors = relative_errors(outcome, expected)
    for what, error in errors.items():
        if not error <= TOLERANCE:  # not a number is too large as well
            raise Disagreement(
                f"{name} disagrees with the package: its {what if what == 'loss' else f'gradient of {what}'} is off by "
                f"{error:.1e} of the largest entry, so nothing was timed"
            )
    return errors
