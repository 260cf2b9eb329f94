"""Skeletons: their layouts, the neutral file, readers of original files, protocols, the network's input."""
