"""The run with opinions, for the tests of runs."""

from tests.helpers.opinions import opinions, trained  # noqa: F401  fixtures
