"""Direct training and Algorithm 1's stepwise training, evaluation, and the history of both.

A training step n (the paper's word; here also "stage") trains the network with its supervision at attention iteration
n. Stepwise training goes through n = 0..N; direct training is the single step n = N.
"""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..data.sampling import Aligned
from ..network.arrays import Array, ArrayModule, to_device, to_host
from ..network.gca_lstm import Network
from ..network.ops import nll_forward, probabilities
from ..settings import Settings
from ..support.errors import InputError
from .average import averaged
from .balance import class_weights, evenly_drawn
from .optim import SGD, decayed
from .parallel import Engine

HISTORY_COLUMNS = (
    "step",
    "epoch",
    "learning_rate",
    "train_loss",
    "train_error",
    "validation_loss",
    "validation_error",
    "seconds",
)


@dataclass
class State:
    """All that changes while a network trains: what a checkpoint must hold so that training goes on as if undisturbed.

    params, best: the weights now, and those of the best epoch of this training step (None before its first epoch).
    average: of this training step's weights, where `settings.average` asks for it; `best` is then such an average.
    velocity: of the optimiser.  rng: drives order, sampling, random changes and dropout.
    stage: index into the list of training steps; epoch: epochs of this step done.
    best_score: (validation error, validation loss) of `best`; waited: epochs since then.
    history: one row per epoch, a dict of HISTORY_COLUMNS.  finished: all training steps are done.
    """

    params: dict[str, Array]
    rng: np.random.Generator
    velocity: dict[str, Array] = field(default_factory=dict)
    best: dict[str, Array] | None = None
    average: dict[str, Array] | None = None
    stage: int = 0
    epoch: int = 0
    best_score: tuple[float, float] | None = None
    waited: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = False


def training_steps(settings: Settings) -> list[int]:
    """The attention iterations that are supervised, one after the other (Algorithm 1, line 2)."""
    N = settings.iterations if settings.attentive else 0
    return list(range(N + 1)) if settings.mode == "stepwise" else [N]


def start(network: Network, settings: Settings) -> State:
    """A fresh state; the seed alone decides its weights and everything random after them."""
    weights, rng = (np.random.default_rng([settings.seed, stream]) for stream in (0, 1))
    return State(network.init(weights), rng)


def train(
    network: Network,
    state: State,
    data: Aligned,
    fit: np.ndarray,
    validate: np.ndarray,
    settings: Settings,
    xp: ArrayModule = np,
    on_epoch: Callable[[State, bool], object] | None = None,
    on_start: Callable[[int, int], object] | None = None,
) -> State:
    """Train until every training step is done (Algorithm 1); returns `state`, whose `params` are then the best weights.

    With `settings.average` it is the average of the weights that is validated, kept and handed on (average.py).
    data: data.sampling.Aligned; fit, validate: sequences to train on and to measure the validation error on
    (validate may be empty: then each step takes all its epochs and keeps its last weights).
    on_start(n, epochs done) is called as training step n starts or resumes, on_epoch(state, done) after every epoch,
    with `done` True when that training step has ended: the place to save and to show progress.
    Raises InputError when the loss is not finite; `on_epoch` has then not been called for the bad epoch.
    """
    steps = training_steps(settings)
    engine = Engine(network, settings.parts)
    for name, value in state.params.items():
        state.params[name] = to_device(value, xp)
    for stage in range(state.stage, len(steps)):
        n = steps[stage]
        state.velocity = {name: to_device(value, xp) for name, value in state.velocity.items()}
        for kept in (state.best, state.average):
            if kept is not None:  # resumed within this step
                kept.update({name: to_device(value, xp) for name, value in kept.items()})
        optimiser = SGD(settings.learning_rate, settings.momentum, settings.clip or None, state.velocity)
        if on_start:
            on_start(n, state.epoch)
        while state.epoch < settings.epochs and state.waited < settings.patience:  # Algorithm 1, lines 4-6
            began = time.perf_counter()
            done_in_all = len(state.history)  # the rate goes on decaying from one training step to the next
            optimiser.learning_rate = decayed(settings.learning_rate, settings.decay, settings.decay_every, done_in_all)
            if settings.restart_every:
                optimiser.learning_rate = _restarted(settings, stage, state.epoch)
            row = {"step": n, "epoch": state.epoch + 1, "learning_rate": optimiser.learning_rate}
            row["train_loss"], row["train_error"] = run_epoch(engine, state, data, fit, settings, optimiser, n, xp)
            if settings.average:
                state.average = averaged(state.average, state.params, state.epoch, settings.average)
            weights = state.average or state.params
            score = (0.0, -state.epoch)  # without validation the last epoch is the best
            if len(validate):
                row["validation_loss"], p = evaluate(engine, weights, data, validate, settings, n, xp)
                row["validation_error"] = float((p.argmax(axis=1) != data.label[validate]).mean())
                score = (row["validation_error"], row["validation_loss"])
            row["seconds"] = time.perf_counter() - began
            state.history.append(row)
            state.epoch += 1
            state.waited += 1
            if state.best_score is None or score < state.best_score:
                state.best_score, state.waited = score, 0
                state.best = {name: value.copy() for name, value in weights.items()}
            done = state.epoch == settings.epochs or state.waited == settings.patience
            if done:
                _next_step(state, last=stage + 1 == len(steps))
            if on_epoch:
                on_epoch(state, done)
            if done:
                break
    return state


def _restarted(settings, stage, epoch):
    """The learning rate of an epoch of the training step `stage`, both from 0, where it is raised again and again."""
    times, epoch = divmod(epoch, settings.restart_every)
    first = settings.learning_rate * (settings.restart if stage or times else 1.0)
    return decayed(first, settings.decay, settings.decay_every, epoch)


def _next_step(state, last):
    """Go on from the best weights, with a fresh optimiser."""
    state.params, state.best, state.average = state.best, None, None
    state.velocity, state.best_score = {}, None
    state.stage, state.epoch, state.waited = state.stage + 1, 0, 0
    state.finished = last


def best_weights(state: State, xp: ArrayModule = np) -> dict[str, Array]:
    """The weights to use: the best of the current training step, or the latest where there is no best yet."""
    weights = state.params if state.best is None else state.best
    return {name: to_device(value, xp) for name, value in weights.items()}


def run_epoch(
    engine: Engine,
    state: State,
    data: Aligned,
    fit: np.ndarray,
    settings: Settings,
    optimiser: SGD,
    n: int,
    xp: ArrayModule,
) -> tuple[float, float]:
    """One epoch of training step n (Algorithm 1, line 5): mean loss and error over its batches.

    `settings.balance` decides which sequences come, and how much each weighs in the loss.
    """
    if settings.balance == "sampling":
        order = evenly_drawn(state.rng, fit, data.label[fit])
    else:
        order = state.rng.permutation(fit)
    of_class = class_weights(data.label[fit]) if settings.balance == "weights" else None
    mask_rng = state.rng
    if xp is not np:  # a mask is larger than the batch it falls on: draw it there, by a generator of this epoch
        seed = np.random.SeedSequence([settings.seed, 3, len(state.history)]).generate_state(1)[0]
        mask_rng = xp.random.default_rng(int(seed))

    def batches():
        for first in range(0, len(order), settings.batch_size):
            x, y = data.batch(order[first : first + settings.batch_size], engine.network.frames, settings, state.rng)
            weights = None if of_class is None else to_device(of_class[y], xp)
            yield to_device(x, xp), to_device(y, xp), engine.network.masks(mask_rng, len(y)), weights

    loss_sum, answers, truth = 0.0, [], []
    for x, y, masks, weights in _one_ahead(batches()):
        loss, gradients, logits = engine.loss_and_gradients(state.params, x, y, masks, n, weights)
        if xp is np and not np.isfinite(loss):  # on a GPU it is not looked at before the epoch ends
            raise _not_finite(loss, x, state, settings, n)
        optimiser.step(state.params, gradients)
        loss_sum = loss_sum + loss * len(y)
        answers.append(logits)
        truth.append(y)
    wrong = (probabilities(xp.concatenate(answers, axis=-2)).argmax(axis=1) != xp.concatenate(truth)).sum()
    loss = float(loss_sum) / len(fit)  # the one moment of an epoch when a number comes back from the device
    if not np.isfinite(loss):
        raise _not_finite(loss, x, state, settings, n)
    return loss, int(wrong) / len(fit)


def _not_finite(loss, x, state, settings, n):
    """The error of a loss that is not finite; x: a batch."""
    remedy = f"lower learning_rate ({settings.learning_rate:g}) or set clip"
    if not state.history:  # then it may not be the rate's fault
        remedy += f", or lower frames ({settings.frames}) or the input (up to {float(abs(x).max()):.3g})"
    return InputError(
        f"the training loss is {loss} in epoch {state.epoch + 1} of training step {n}; {remedy}, "
        "and start anew in another folder"
    )


def _one_ahead(items):
    """The items, each made before the one before it is used: on its way to the GPU while that one is worked on."""
    items = iter(items)
    waiting = next(items, None)
    while waiting is not None:
        ready, waiting = waiting, next(items, None)
        yield ready


def evaluate(
    engine: Engine,
    params: dict[str, Array],
    data: Aligned,
    sequences: np.ndarray,
    settings: Settings,
    iterations: int | None = None,
    xp: ArrayModule = np,
    batch_size: int = 100,
) -> tuple[float, np.ndarray]:
    """Mean loss and class probabilities (len(sequences), classes) of engine.network, on the host, without dropout.

    Each sequence is looked at `settings.samplings` times, at evenly spread places in its segments; the probabilities
    are averaged, and so is the loss of each look.
    """
    looks = settings.samplings
    total, found = 0.0, []
    for first in range(0, len(sequences), batch_size):
        chunk = sequences[first : first + batch_size]
        p = 0
        for look in range(looks):
            x, y = data.batch(chunk, engine.network.frames, position=(look + 0.5) / looks)
            logits = engine.forward(params, to_device(x, xp), iterations)
            loss, _ = nll_forward(logits, to_device(y, xp))
            total += float(loss) * len(chunk) / looks
            p = p + probabilities(logits) / looks
        found.append(to_host(p))
    return total / max(1, len(sequences)), np.concatenate(found)


def snapshot(state: State) -> State:
    """A copy of the state, with its arrays on the host, that further training does not change."""

    def copied(arrays):
        return None if arrays is None else {name: to_host(value).copy() for name, value in arrays.items()}

    return replace(
        state,
        params=copied(state.params),
        velocity=copied(state.velocity),
        best=copied(state.best),
        average=copied(state.average),
        rng=copy.deepcopy(state.rng),
        history=list(state.history),
    )
