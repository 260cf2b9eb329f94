"""Readers that turn files into skeleton sequences, and the protocols that split them into training and test."""
