"""The sizes that are timed, and numbers to fill them with."""

from dataclasses import dataclass

import numpy as np

from gca_scratch.data.sampling import Aligned
from gca_scratch.network.gca_lstm import GCALSTM

CHANNELS = 3


@dataclass(frozen=True)
class Case:
    """J joints x T frames x a batch of B sequences, N attention iterations.

    initial: the initial memory; "average" leaves out its large matrix.
    """

    joints: int
    frames: int
    batch: int
    iterations: int = 2
    recompute: bool = False
    hidden: int = 128
    classes: int = 60
    initial: str = "feedforward"

    def __str__(self):
        return f"{self.joints} x {self.frames} x {self.batch}"

    @property
    def cells(self):
        """J T B: how often an ST-LSTM unit is computed in one sweep."""
        return self.joints * self.frames * self.batch

    def network(self):
        """The network of this size, with the package's engine."""
        return GCALSTM(
            self.joints,
            self.frames,
            CHANNELS,
            self.classes,
            self.hidden,
            self.iterations,
            self.initial,
            recompute=self.recompute,
        )

    def problem(self, seed=0):
        """Parameters, and a batch: x (B, T, J, C), y (B,), dropout masks. All float32, the same for every engine."""
        rng, network = np.random.default_rng(seed), self.network()
        params = network.init(rng)
        x = rng.standard_normal((self.batch, self.frames, self.joints, CHANNELS), dtype=np.float32)
        return params, (x, rng.integers(0, self.classes, self.batch), network.masks(rng, self.batch))

    def data(self, sequences, seed=0):
        """A data set of so many sequences of T frames."""
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((sequences * self.frames, self.joints, 1, CHANNELS), dtype=np.float32)
        offsets = np.arange(sequences + 1) * self.frames
        return Aligned(
            x,
            offsets,
            rng.integers(0, self.classes, sequences),
            tuple(range(self.joints)),
            1,
            None,
            np.zeros(sequences, int),
        )


HEADLINE = Case(25, 20, 32)
SIZES = (HEADLINE, Case(16, 20, 8), Case(25, 20, 100))
