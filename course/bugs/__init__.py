"""Planted bugs: the list, what plants them, and what they prove of the tests."""
