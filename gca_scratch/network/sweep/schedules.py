"""The modules that run the ST-LSTM unit over the grid, by name, and which of them serves an array."""

from ..arrays import on_gpu
from . import raster, wavefront, wavefront_gpu

SCHEDULES = {"raster": raster, "wavefront": wavefront}


def sweep(schedule, array):
    """The module of that name for arrays that live where `array` does: wavefront has fused kernels on a GPU."""
    return wavefront_gpu if schedule == "wavefront" and on_gpu(array) else SCHEDULES[schedule]
