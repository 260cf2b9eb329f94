"""The mathematics of GCA-LSTM. It imports nothing else of the package but the exception that people read.

In reading order: ops, cell, grid, sweep, attention, memory, stream, first_layer, gca_lstm; then body_parts and
two_stream; gradcheck is the proof.
"""

from .gca_lstm import GCALSTM, loss_and_gradients, multiplied_out, within
from .sweep import raster, wavefront, wavefront_cpu, wavefront_gpu
from .two_stream import Coarse, TwoStream

__all__ = [
    "GCALSTM",
    "Coarse",
    "TwoStream",
    "loss_and_gradients",
    "multiplied_out",
    "raster",
    "wavefront",
    "wavefront_cpu",
    "wavefront_gpu",
    "within",
]
