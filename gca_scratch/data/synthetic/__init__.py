"""Actions of a synthetic human, with the truth about the joints that carry them."""

from .people import generate

__all__ = ["generate"]
