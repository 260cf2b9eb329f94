"""The networks that tutorial 7 looks at: `python weights.py` trains them anew and writes weights_07.npz.

Three seeds for calm people, three for restless ones, some minutes. They are shipped, for where training ends depends
on the processor, in the last digits first and then in what a picture shows; what a text says of a trained network
should be true on all. Each weight is kept in half precision, and the network that the tutorial looks at is the one with
these rounded weights. A name is people/seed/weight.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from gca_scratch import runs, training
from gca_scratch.data import synthetic
from gca_scratch.settings import PRESETS

FILE = Path(__file__).resolve().parent / "weights_07.npz"
SEEDS = (0, 1, 2)
ACTIONS = [
    "wave left hand", "wave right hand", "punch left", "punch right", "kick left", "kick right"
]  # fmt: skip
SETTINGS = replace(PRESETS["demo"], hidden=32, epochs=12, patience=12, validation=0)
LONGER = replace(SETTINGS, epochs=14, patience=14, decay=0.94)
PEOPLE = {
    "calm": (SETTINGS, {"subjects": 60, "repetitions": 1, "classes": ACTIONS}),
    "restless": (LONGER, {"subjects": 80, "repetitions": 2, "restless": True}),
}


def trained(people, seed):
    """Weights after stepwise training, by name; the seed decides all that is random."""
    settings, wanted = PEOPLE[people]
    data = synthetic.generate(seed=0, **wanted)
    split = runs.make_split(data, runs.Source("synthetic"), settings)
    network, chosen = split.network(settings), replace(settings, seed=seed)
    state = training.start(network, chosen)
    groups = split.aligned, split.fit, split.validate
    return training.best_weights(training.train(network, state, *groups, chosen))


if __name__ == "__main__":
    rounded = {
        f"{people}/{seed}/{name}": value.astype(np.float16)
        for people in PEOPLE
        for seed in SEEDS
        for name, value in trained(people, seed).items()
    }
    np.savez_compressed(FILE, **rounded)
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")
