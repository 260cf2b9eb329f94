"""Grading: one submission behind a fence, a whole class, Gradescope; diagnosis and the sentences on what is wrong."""
