"""What several files of tests ask: a run whose network has an opinion of everything, and the network alone."""

import pytest

from gca_scratch.runs import predict
from tests.helpers.people import people, with_opinions


@pytest.fixture(scope="session")
def opinions(tmp_path_factory):
    """A folder with data.npz and the run on it; nobody writes into it."""
    folder = tmp_path_factory.mktemp("opinions")
    with_opinions(folder, people())
    return folder


@pytest.fixture(scope="session")
def trained(opinions):
    """The network of that run, as predict has it."""
    return predict.load(opinions / "run")
