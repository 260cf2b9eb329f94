"""How the best weights of a run do on its test set."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from .. import training
from ..data import protocols
from ..network.arrays import ArrayModule, module_for
from ..network.gca_lstm import Network
from ..settings import Settings
from ..support.errors import InputError
from ..training.parallel import Engine
from .predictions import of_test, write
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
    split: Split,
    network: Network,
    state: training.State,
    settings: Settings,
    xp: ArrayModule = np,
    predictions: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """How the best weights do on the test set, as plain values: `outcome`, and what can be counted in it.

    predictions: a file to write the table of all answers to (`predictions.write`).

    Beside `figures`: who trains and tests (`protocols.who`), and warnings, sentences on classes that are missing.
    """
    iterations, loss, p = outcome(split, network, state, settings, xp)
    if predictions is not None:
        write(predictions, of_test(split, p))
    truth, predicted = split.aligned.label[split.test], p.argmax(axis=1)
    names = split.data.class_names
    confusion = np.zeros((len(names), len(names)), int)
    np.add.at(confusion, (truth, predicted), 1)
    train = np.concatenate((split.fit, split.validate))
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
        **figures(confusion, names),
        "confusion": confusion.tolist(),
        "who": {"train": protocols.who(split.data, train), "test": protocols.who(split.data, split.test)},
        "warnings": split.warnings(),
    }


def figures(confusion: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """What a confusion (classes, classes), true classes down, says of the classes that were tested.

    classes: of each its number of test sequences, precision (None where it was never answered), recall and F1.
    macro_accuracy, macro_f1: the means over these classes of recall, which is the balanced accuracy, and of F1.
    """
    right, true, answered = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = 2 * right / np.maximum(true + answered, 1)
    classes = {
        names[k]: {
            "tested": int(true[k]),
            "precision": float(right[k] / answered[k]) if answered[k] else None,
            "recall": float(right[k] / true[k]),
            "f1": float(f1[k]),
        }
        for k in np.flatnonzero(true)
    }
    means = {name: float(np.mean([found[name] for found in classes.values()])) for name in ("recall", "f1")}
    return {"macro_accuracy": means["recall"], "macro_f1": means["f1"], "classes": classes}


def retest(
    path: str | os.PathLike[str],
    data: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    predictions: str | os.PathLike[str] | None = None,
    **other: str | int,
) -> dict[str, Any]:
    """Test the weights of a checkpoint (file or folder) again, on the data it was trained for; returns the result.

    data: where the data lies now, if it has moved, or other data.  predictions: as `test` takes it.  other: fields of
    `Source` that are to be others than in training, such as dataset and protocol; the protocol "all" tests everything.

    Data that are not those of training are matched by the names of their classes and joints (`trained.reload`); what
    differs is said in `warnings`.
    """
    state, network, settings, source, split = reload(path, data, **other)
    result = test(split, network, state, settings, module_for(device), predictions) | asdict(source)
    return result | {"seconds": sum(row["seconds"] for row in state.history)}


def summary(result: dict[str, Any]) -> str:
    """A result as lines of text."""
    lines = [f"{result['dataset']}, protocol {result['protocol']}, fold {result['fold'] or 'all'}"]
    if "folds" in result:
        fewest, most = (f([fold["n_train"] for fold in result["folds"]]) for f in (min, max))
        span = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        lines += [f"  {span} sequences to train in a fold, {result['n_test']} to test in all"]
    elif result["n_train"]:
        lines += [f"  {result['n_train']} sequences to train ({result['n_validation']} of them for validation), "
                  f"{result['n_test']} to test"]  # fmt: skip
    else:
        lines += [f"  {result['n_test']} sequences to test, by a network that was trained before"]
    if "who" in result:
        lines += [f"  {protocols.who_in_words(result['who']['train'], result['who']['test'])}"]
    lines += _table_of_classes(result)
    if "folds" in result:
        lines += ["", *(f"  fold {fold['fold']:2}  {fold['accuracy']:6.1%}" for fold in result["folds"])]
        lines += [f"\nmean accuracy {result['accuracy']:.1%}{_balanced(result)} over {len(result['folds'])} folds, "
                  f"{result['seconds']:.0f} s of training"]  # fmt: skip
    else:
        lines += [f"\naccuracy {result['accuracy']:.1%}{_balanced(result)}, "
                  f"trained {result['epochs']} epochs in {result['seconds']:.0f} s"]  # fmt: skip
    return "\n".join([*lines, *(f"beware: {sentence}" for sentence in result.get("warnings", ()))])


def _table_of_classes(result):
    """Lines with recall, and where the result has them precision, F1 and the number of test sequences."""
    width = max(len(name) for name in result["per_class"])
    known = result.get("classes", {})
    lines = [f"  {'':{width}}  recall  precision     F1  tested"] if known else []
    for name, recall in result["per_class"].items():
        line = f"  {name:{width}}  {recall:6.1%}"
        if name in known:
            found = known[name]
            precision = "–" if found["precision"] is None else f"{found['precision']:.1%}"
            line += f"  {precision:>9}  {found['f1']:5.2f}  {found['tested']:6}"
        lines.append(line)
    return lines


def _balanced(result):
    """Of a result that has them: the means over classes, to stand behind the accuracy."""
    if "macro_accuracy" not in result:
        return ""
    return f" (mean over classes {result['macro_accuracy']:.1%}, F1 {result['macro_f1']:.2f})"
