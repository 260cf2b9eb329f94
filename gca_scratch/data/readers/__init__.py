"""Readers of original files, a format a file, and what makes one neutral file of a whole data set."""

READERS = ("ntu", "sysu", "utkinect", "sbu", "mhad")  # the modules that read original files, as recording.py says
