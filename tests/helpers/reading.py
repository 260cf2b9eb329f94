"""What can be read in a figure, and whether all of it is inside."""

import os

import matplotlib
from matplotlib.image import imread

from gca_scratch.figures import canvas


def texts(figure):
    """All that can be read in a figure, as a set."""
    found = {text.get_text() for text in figure.findobj(matplotlib.text.Text)}
    return {text for text in found if text}


def saved(figure, path):
    """Save the only file of a folder, and see that it is a picture of the figure's size with nothing cut off."""
    figure.set_dpi(150)  # that of the file, so that what has been measured for the file is still right
    canvas.save(figure, path)
    assert 5_000 < path.stat().st_size < 2_000_000 and os.listdir(path.parent) == [path.name]
    height, width, _ = imread(path).shape
    assert abs(width - figure.bbox.width) <= 1 and abs(height - figure.bbox.height) <= 1
    _assert_whole(figure)


def laid_out(figure):
    """Nothing is cut off when the figure is drawn; measured without writing a picture, for that takes longer."""
    figure.draw_without_rendering()
    _assert_whole(figure)


def _assert_whole(figure):
    there, page = figure.get_tightbbox(), figure.bbox_inches
    assert there.x0 >= -0.01 and there.y0 >= -0.01, there
    assert there.x1 <= page.x1 + 0.01 and there.y1 <= page.y1 + 0.01, (there, page)
