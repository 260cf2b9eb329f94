"""The arithmetic of sweeps and of narrow matrix products in C, for the CPU and in part for a GPU, and how it is compiled."""
