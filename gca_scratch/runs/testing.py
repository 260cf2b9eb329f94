"""How the best weights of a run do on its test set."""

import os
from dataclasses import asdict
from typing import Any

import numpy as np

from .. import training
from ..network.arrays import ArrayModule, module_for
from ..network.gca_lstm import Network
from ..settings import Settings
from ..support.errors import InputError
from ..training.parallel import Engine
from .split import Split
from .trained import reload


def outcome(
    split: Split, network: Network, state: training.State, settings: Settings, xp: ArrayModule = np
) -> tuple[int, float, np.ndarray]:
    """The best weights on the test set: iterations they were last trained for, mean loss, probabilities (n, classes).

    Raises InputError when the loss is not finite.
    """
    iterations = state.history[-1]["step"] if state.history else training.training_steps(settings)[0]
    weights = training.best_weights(state, xp)
    engine = Engine(network, settings.parts)
    with np.errstate(all="ignore"):  # the next sentence says what happened
        loss, p = training.evaluate(engine, weights, split.aligned, split.test, settings, iterations, xp)
    if not np.isfinite(loss):
        raise InputError(
            f"the test loss is {loss}: weights have grown beyond what can be computed with; "
            f"lower learning_rate ({settings.learning_rate:g}) or set clip, and start anew in another folder"
        )
    return iterations, loss, p


def test(
    split: Split, network: Network, state: training.State, settings: Settings, xp: ArrayModule = np
) -> dict[str, Any]:
    """How the best weights do on the test set, as plain values: `outcome`, and what can be counted in it."""
    iterations, loss, p = outcome(split, network, state, settings, xp)
    truth, predicted = split.aligned.label[split.test], p.argmax(axis=1)
    names = split.data.class_names
    confusion = np.zeros((len(names), len(names)), int)
    np.add.at(confusion, (truth, predicted), 1)
    return {
        "n_train": len(split.fit) + len(split.validate),
        "n_validation": len(split.validate),
        "n_test": len(split.test),
        "accuracy": float((truth == predicted).mean()),
        "loss": loss,
        "iterations": iterations,
        "epochs": len(state.history),
        "per_class": {
            name: float(confusion[k, k] / confusion[k].sum()) for k, name in enumerate(names) if confusion[k].sum()
        },
        "confusion": confusion.tolist(),
    }


def retest(
    path: str | os.PathLike[str], data: str | os.PathLike[str] | None = None, device: str = "cpu"
) -> dict[str, Any]:
    """Test the weights of a checkpoint (file or folder) again, on the data it was trained for; returns the result.

    data: where the data lies now, if it has moved.
    """
    state, network, settings, source, split = reload(path, data)
    result = test(split, network, state, settings, module_for(device)) | asdict(source)
    return result | {"seconds": sum(row["seconds"] for row in state.history)}


def summary(result: dict[str, Any]) -> str:
    """A result as lines of text."""
    lines = [f"{result['dataset']}, protocol {result['protocol']}, fold {result['fold'] or 'all'}"]
    lines += [f"  {result['n_train']} sequences to train ({result['n_validation']} of them for validation), "
              f"{result['n_test']} to test"]  # fmt: skip
    width = max(len(name) for name in result["per_class"])
    lines += [f"  {name:{width}}  {value:6.1%}" for name, value in result["per_class"].items()]
    if "folds" in result:
        lines += ["", *(f"  fold {fold['fold']:2}  {fold['accuracy']:6.1%}" for fold in result["folds"])]
        lines += [f"\nmean accuracy {result['accuracy']:.1%} over {len(result['folds'])} folds, "
                  f"{result['seconds']:.0f} s of training"]  # fmt: skip
    else:
        lines += [
            f"\naccuracy {result['accuracy']:.1%}, trained {result['epochs']} epochs in {result['seconds']:.0f} s"
        ]
    return "\n".join(lines)
