"""What several test files share: where the real skeletons lie, when they are at hand."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data():
    """The folder of real skeletons named by GCA_SCRATCH_DATA; tests that need it skip without it."""
    folder = os.environ.get("GCA_SCRATCH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real skeletons: set GCA_SCRATCH_DATA to the folder that holds utkinect/")
    return Path(folder)
