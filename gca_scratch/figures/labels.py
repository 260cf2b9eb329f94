"""Where small labels go so that they neither cover each other nor the points that they belong to."""

import numpy as np

RADII = (0.095, 0.125, 0.165, 0.21, 0.27, 0.34, 0.42, 0.52, 0.64, 0.8)  # inches from the point
ANGLES = np.radians(np.arange(0, 360, 22.5))


def placed(points: np.ndarray, size: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Places (n, 2) for the numbers 1 to n beside points (n, 2), all in inches, in letters of `size` points.

    Each number in turn takes the nearest place beside its point where it covers no number before it and no point,
    within the corners low and high (2,); where there is none, that which covers least. The crowded points choose first.
    """
    ways = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
    around = np.concatenate([radius * ways for radius in RADII])  # (candidates, 2)
    far = np.repeat(RADII, len(ANGLES))
    half = np.array([[0.31 * size * len(str(k + 1)), 0.4 * size] for k in range(len(points))]) / 72  # of a number's box
    dot = 0.045  # half a point's width
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    centre = points.mean(axis=0)
    spots = np.full_like(points, np.nan)
    for k in np.argsort(np.sort(distances, axis=1)[:, : min(5, len(points))].sum(axis=1), kind="stable"):
        at = points[k] + around
        taken = np.flatnonzero(~np.isnan(spots[:, 0]))
        numbers = _covers(at, half[k] + 0.015, spots[taken], half[taken])
        dots = _covers(at, half[k], points, np.full_like(points, dot))
        outwards = (around @ (points[k] - centre)) / far  # a body has room around it
        beyond = ((at - half[k] < low) | (at + half[k] > high)).any(axis=1)
        cost = 3 * beyond + 5 * numbers + 1.2 * dots + far - 0.03 * outwards
        spots[k] = at[cost.argmin()]
    return spots


def _covers(at, half, others, half_of_others):
    """How many of the boxes around `others` (m, 2) each box around `at` (n, 2) overlaps: (n,)."""
    apart = np.abs(at[:, None] - others) - half - half_of_others
    return (apart < 0).all(axis=-1).sum(axis=1)
