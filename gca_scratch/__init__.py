"""GCA-LSTM from scratch: skeleton action recognition with global context-aware attention, on NumPy and CuPy."""

__version__ = "0.2.0"
