"""How the time of a training step grows with frames, joints and batch: in proportion, if all is well."""

from .cases import Case
from .engines import Wavefront
from .report import table
from .timing import interleave, summary

CURVES = {
    "frames": [Case(25, T, 8) for T in (20, 40, 80, 160)],
    "joints": [Case(J, 20, 32) for J in (15, 25, 50)],
    "batch": [Case(25, 20, B) for B in (8, 16, 32, 64, 128)],
}


def measure(rounds=5):
    """{what grows: {case: seconds, nanoseconds per cell, deviation from the line through the origin}}."""
    return {name: curve(cases, rounds) for name, cases in CURVES.items()}


def curve(cases, rounds):
    """One of them; the sizes take turns."""
    tasks = {}
    for case in cases:
        params, problem = case.problem()
        engine = Wavefront(case.network(), params)
        tasks[case] = lambda engine=engine, problem=problem: engine.step(problem)
    seconds = {case: summary(values) for case, values in interleave(tasks, rounds).items()}
    per_cell = {case: 1e9 * found["median"] / case.cells for case, found in seconds.items()}
    line = (min(per_cell.values()) + max(per_cell.values())) / 2  # the slope that misses the points least
    return {
        str(case): {
            "cells": case.cells,
            "seconds": found,
            "ns_per_cell": per_cell[case],
            "deviation": per_cell[case] / line - 1,
        }
        for case, found in seconds.items()
    }


def describe(curves):
    """The curves as tables."""
    parts = []
    for name, points in curves.items():
        rows = [
            [case, f"{1000 * p['seconds']['median']:.0f}", f"{p['ns_per_cell']:.0f}", f"{100 * p['deviation']:+.0f} %"]
            for case, p in points.items()
        ]
        parts.append(table([f"more {name}: J x T x B", "ms", "ns per cell", "from a straight line"], rows))
    return "\n\n".join(parts)
