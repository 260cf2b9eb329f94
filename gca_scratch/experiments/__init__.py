"""Experiments: each file measures one question over several runs and prints a table."""
