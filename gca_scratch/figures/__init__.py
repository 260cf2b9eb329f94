"""Figures: what they are drawn on, each kind, and those of a trained network."""
