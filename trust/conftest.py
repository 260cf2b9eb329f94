"""What the long tests share: the helpers of the short ones, and a line that tells what was done."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))


@pytest.fixture
def tell(capsys):
    """Print a line, whatever is captured: what was done, and in how many seconds."""
    began = time.monotonic()

    def line(text):
        with capsys.disabled():
            print(f"\n{text} in {time.monotonic() - began:.0f} s")

    return line
