"""The mathematics of GCA-LSTM. It imports nothing else of the package but the exception that people read.

In reading order: ops, cell, grid, sweep, attention, memory, stream, gca_lstm; then body_parts; gradcheck is the proof.
"""

from .gca_lstm import GCALSTM, loss_and_gradients, multiplied_out, within
from .sweep import raster, wavefront, wavefront_gpu
from .sweep.schedules import sweep

__all__ = [
    "GCALSTM",
    "loss_and_gradients",
    "multiplied_out",
    "raster",
    "sweep",
    "wavefront",
    "wavefront_gpu",
    "within",
]
