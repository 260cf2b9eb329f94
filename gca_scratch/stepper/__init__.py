"""The page to step through a small network, cell by cell, forward and backward."""
