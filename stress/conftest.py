"""What the long tests share: a line that tells what was done."""

import time

import pytest


@pytest.fixture
def tell(capsys):
    """Print a line, whatever is captured: what was done, and in how many seconds."""
    began = time.monotonic()

    def line(text):
        with capsys.disabled():
            print(f"\n{text} in {time.monotonic() - began:.0f} s")

    return line
