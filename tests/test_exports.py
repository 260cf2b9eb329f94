"""What `from package import *` gives is there: every name of every `__all__`, and nothing private."""

import importlib
import pkgutil

import pytest

import gca_scratch

NAMES = sorted(found.name for found in pkgutil.walk_packages(gca_scratch.__path__, "gca_scratch."))


def listed():
    """The modules that have an `__all__`."""
    modules = [importlib.import_module(name) for name in ("gca_scratch", *NAMES) if not name.endswith("__main__")]
    return [module for module in modules if hasattr(module, "__all__")]


def test_every_name_that_is_offered_is_there():
    modules = listed()
    assert {"gca_scratch.training", "gca_scratch.runs"} <= {module.__name__ for module in modules}
    for module in modules:
        missing = [name for name in module.__all__ if not hasattr(module, name)]
        assert not missing, (module.__name__, missing)
        assert len(set(module.__all__)) == len(module.__all__), module.__name__


@pytest.mark.parametrize("name", ["best_weights", "train", "start", "Engine", "SGD", "State", "evaluate", "snapshot"])
def test_training_offers(name):
    assert name in importlib.import_module("gca_scratch.training").__all__
