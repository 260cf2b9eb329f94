"""The modules that run the ST-LSTM unit over the grid, by name, and which of them serves an array."""

from ..arrays import on_gpu
from . import raster, wavefront_cpu, wavefront_gpu

SCHEDULES = {"raster": raster, "wavefront": wavefront_cpu}


def sweep(schedule, array):
    """The module of that name for arrays that live where `array` does: the wavefront has one for a GPU, too."""
    return wavefront_gpu if schedule == "wavefront" and on_gpu(array) else SCHEDULES[schedule]
