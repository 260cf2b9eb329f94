"""GCA-LSTM from scratch: skeleton action recognition with global context-aware attention, on NumPy and CuPy."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .classifier import GCALSTMClassifier
    from .network import GCALSTM

__version__ = "0.2.0"
__all__ = ["GCALSTM", "GCALSTMClassifier"]

_HOMES = {"GCALSTM": ".network", "GCALSTMClassifier": ".classifier"}


def __getattr__(name: str) -> Any:
    """What `__all__` names, imported at its first use: `import gca_scratch` alone loads nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
