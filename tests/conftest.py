"""What several test files share: where the real skeletons lie, when they are at hand."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tests.helpers.browsing import browser  # noqa: F401  a fixture of the tests that look at pages

# make test-stress; what it finds becomes an example in the test. make test-long has the thorough profile
settings.register_profile("searching", deadline=None, max_examples=1000)
settings.register_profile("repeatable", deadline=None, max_examples=10, database=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=100, database=None, derandomize=True)
settings.load_profile("repeatable")

if np.lib.NumpyVersion(np.__version__) < "2.0.0":  # the stand-in is for CuPy 14, which needs NumPy 2 itself
    collect_ignore_glob = ["strict_cupy/test_*", "network/test_wavefront_gpu.py"]


def pytest_collection_finish(session):
    """What is imported by now stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def never_synced():
    """No test waits for the disk: that a file is synced matters when the power fails, and here it does not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def real_data():
    """The folder of real skeletons named by GCA_SCRATCH_DATA; tests that need it skip without it."""
    folder = os.environ.get("GCA_SCRATCH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real skeletons: set GCA_SCRATCH_DATA to the folder that holds utkinect/")
    return Path(folder)
