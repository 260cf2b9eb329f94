"""Readers that turn files into skeleton sequences, and the protocols that split them into training and test."""

READERS = ("ntu", "sysu", "utkinect", "sbu", "mhad")  # the modules that read original files, as recording.py says
