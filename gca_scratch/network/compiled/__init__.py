"""Sweeps and narrow matrix products in C, for the CPU and in part for a GPU, and how they are compiled."""
