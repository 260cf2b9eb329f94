# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. Stepwise training
#
# Forty steps down a long, narrow valley, at the same rate. Turn the momentum: how much of its
# last step each step keeps.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# %matplotlib inline
import tempfile
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gca_scratch import runs, training
from gca_scratch.data import synthetic
from gca_scratch.figures import charts
from gca_scratch.figures.canvas import BLUE, GREY, ORANGE
from gca_scratch.figures.dial import Dial, Sketch
from gca_scratch.network import GCALSTM, loss_and_gradients
from gca_scratch.network.gradcheck import complex_step, problem
from gca_scratch.network.ops import (
    affine_backward,
    affine_forward,
    dropout_backward,
    dropout_forward,
    dropout_mask,
    nll_backward,
    nll_forward,
    probabilities,
    softmax_backward,
)  # fmt: skip
from gca_scratch.runs import checkpoint
from gca_scratch.settings import settings_from
from gca_scratch.support.claims import exercise, holds, same
from gca_scratch.training import SGD, Engine, decayed

np.set_printoptions(precision=3, suppress=True)
CURVATURE, START = np.array([1.0, 100.0]), np.array([-8.0, 1.0])


def descend(rate, momentum, steps=40):
    """The places (steps + 1, 2) that SGD visits on f(w) = (w1^2 + 100 w2^2) / 2."""
    params, optimiser, places = {"w": START.copy()}, SGD(rate, momentum), [START]
    for _ in range(steps):
        optimiser.step(params, {"w": CURVATURE * params["w"]})
        places.append(params["w"].copy())
    return np.array(places)


def valley(momentum):
    """Forty steps with this momentum."""
    sketch = Sketch(640, 230, f"momentum {momentum}")
    around = np.linspace(0, 2 * np.pi, 61)
    for level in (2, 10, 30, 55):
        px = 370 + 38 * np.sqrt(2 * level) * np.cos(around)
        py = 105 - 7 * np.sqrt(2 * level) * np.sin(around)
        sketch.lines(np.column_stack([px[:-1], py[:-1], px[1:], py[1:]]), GREY, 0.7)
    places = descend(0.018, momentum)
    px, py = 370 + 38 * places[:, 0], 105 - 70 * places[:, 1]
    sketch.lines(np.column_stack([px[:-1], py[:-1], px[1:], py[1:]]), ORANGE, 1.5)
    for x, y in zip(px, py, strict=True):
        sketch.dot(x, y, 2.5, ORANGE)
    away = np.linalg.norm(places[-1])
    sketch.text(320, 222, f"after 40 steps {away:.2f} from the minimum", size=14)
    return sketch


momenta = [0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95]
Dial([valley(m) for m in momenta], momenta, "momentum", 0)

# %% [markdown]
# **What you will do.** Start from the loss and derive its gradient. Take steps with momentum, and
# keep them healthy: a decaying rate, clipping, dropout. Then train a small GCA-LSTM by Algorithm
# 1, the paper's *stepwise* training, beside the same network trained at once.
#
# **What you need.** Tutorials [3](03_attention.ipynb) and [4](04_refinement.ipynb), geometric
# series, mean and variance. About 35 minutes of reading; the code runs in under a minute.
#
# ## 1. The loss, and the gradient that everything starts from
#
# The classifier turns the last memory into one number per class, the *logits* $z$; a softmax
# makes probabilities of them, $\hat y_k = e^{z_k} / \sum_m e^{z_m}$ (Eq. 9). The loss of a
# sequence of class $y$ is $L = -\ln \hat y_y$, that of a batch the mean.
#
# > **Predict.** A network with 5 classes knows nothing: all its logits are equal. What is its
# > loss?

# %%
y = np.array([0, 3, 3, 1])  # true classes of four sequences
loss, _ = nll_forward(np.zeros((4, 5)), y)
same("ln 5", loss, np.log(5))

# %% [markdown]
# A training curve that stays at $\ln(\text{classes})$ has learned nothing. Write the loss with the
# logits in it and differentiate by one of them:
#
# $$L = -z_y + \ln \sum_m e^{z_m}, \qquad
# \frac{\partial L}{\partial z_k} = -[k = y] + \frac{e^{z_k}}{\sum_m e^{z_m}}
# = \hat y_k - [k = y] .$$
#
# **The predicted probabilities minus the truth.** (Over a batch, divided by $B$.)
#
# > **Predict.** In each row of this gradient: how many entries are negative? What do they add up
# > to?

# %%
rng = np.random.default_rng(5)
logits = 2 * rng.standard_normal((4, 5))
truth = np.eye(5)[y]
by_hand = (probabilities(logits) - truth) / len(y)
print(by_hand)
same("dlogits, by the package", by_hand, nll_backward(nll_forward(logits, y)[1]))
measured = complex_step(lambda z: nll_forward(z, y)[0], logits)
same("dlogits, by complex step", by_hand, measured)
holds("one negative entry a row, the true class", (by_hand < 0) == (truth == 1))
holds("rows sum to 0", abs(by_hand.sum(axis=1)) < 1e-15)

# %% [markdown]
# <details><summary>Deeper: the long way, and why nobody walks it; one step further back</summary>
#
# You could go back in two stages, from $L$ to $\hat y$, $\partial L / \partial \hat y_k = -[k =
# y] / \hat y_y$, and through the softmax of tutorial 3. It is equal, but divides by $\hat y_y$.
# When a float32 network gives a wrong class a logit of 200 and the true one 0, $e^{-200}$ has
# become 0, and the long way computes $0 \cdot \infty$. The short way has cancelled the two on
# paper.
#
# One step further back, the classifier's affine map passes on three things: to the weights the
# outer product of its input and the gradient (`IF.T @ dz`), to the bias the gradient itself, to
# the memory `dz @ W.T`. From there on it is tutorials 4, 3, 2 and 1, back to the joints.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
sure = np.array([[200, 0]], np.float32)  # the true class is the second
yhat = probabilities(sure)
with np.errstate(all="ignore"):
    long_way = softmax_backward((-np.array([[0, 1]]) / yhat).T, yhat.T).T
short_way = nll_backward(nll_forward(sure, np.array([1]))[1])
print(f"long way {long_way}, short way {short_way}")
holds(
    "the long way is lost", np.isnan(long_way).any() and (short_way == [[1, -1]]).all()
)
IF, W, b = (rng.standard_normal(shape) for shape in ((4, 6), (6, 5), 5))
z, affine_cache = affine_forward(IF, W, b)
dz = nll_backward(nll_forward(z, y)[1])
dIF, dW, _ = affine_backward(dz, affine_cache)
same("dW, the outer products", dW, IF.T @ dz)
same("dIF", dIF, complex_step(lambda IF: nll_forward(IF @ W + b, y)[0], IF))

# %% [markdown]
# ## 2. Gradient descent with momentum
#
# Beside each parameter $\theta$ the optimiser keeps a *velocity* $v$, 0 in the beginning:
#
# $$v \leftarrow \mu v - \eta g, \qquad \theta \leftarrow \theta + v .$$
#
# > **Predict.** $f(w) = \tfrac12 w^2$, whose gradient is $w$; $w = 5$, $\eta = 0.1$, $\mu = 0.9$.
# > Where is $w$ after one step, and after two?

# %%
w, v, walked = 5.0, 0.0, []
params, optimiser, path = {"w": np.array([5.0])}, SGD(0.1, momentum=0.9), []
for _ in range(4):
    v = 0.9 * v - 0.1 * w
    w = w + v
    walked.append(w)
    optimiser.step(params, {"w": params["w"].copy()})
    path.append(params["w"][0])
print("by hand:", np.array(walked))
same("SGD", np.array(path), np.array(walked))

# %% [markdown]
# Put the rule into itself, and the velocity is a sum of all gradients so far, the older the
# lighter: $v_k = -\eta \sum_{i=1}^{k} \mu^{k-i} g_i$. If all are the same $g$, or the same with a
# sign that changes at every step, the sum is geometric:
#
# $$|v_k| \;\longrightarrow\; \frac{\eta g}{1-\mu} \quad\text{(always the same)}, \qquad
# \frac{\eta g}{1+\mu} \quad\text{(to and fro)} .$$
#
# > **Predict.** $\mu = 0.9$. How much longer than a plain step does each become?

# %%
for name, sign, expected in (
    ("always the same", 1.0, 10.0),
    ("to and fro", -1.0, 1 / 1.9),
):
    params, optimiser = {"w": np.zeros(1)}, SGD(0.1, momentum=0.9)
    for k in range(300):
        optimiser.step(params, {"w": np.full(1, sign**k)})
    times = abs(optimiser.velocity["w"][0]) / 0.1
    same(f"{name}, times", times, expected, to=1e-9)

# %% [markdown]
# Ten times along the valley, about half a step across: that is the dial at the top. A detail for
# later: **a parameter without a gradient is neither moved nor remembered.**
#
# ## 3. Three things that keep steps healthy
#
# **Decay.** With a constant rate the weights tremble around the minimum. The paper multiplies the
# rate by 0.95 as training goes on: $\eta_e = \eta_0\, d^{\lfloor e / s \rfloor}$ in epoch $e$.
#
# **Clipping.** One exploding batch can throw the weights out of all they have learned. So the
# gradient over *all* parameters together is given a longest length, $g \leftarrow g \cdot \min(1,
# \text{clip}/\lVert g \rVert)$. (Not in the paper, whose rate is a
# sixtieth of ours.)
#
# **Dropout** multiplies each unit by a mask $\xi$ that is 0 with probability $p$ and $\frac{1}{1-p}$
# otherwise, so that its mean is 1.
#
# > **Predict.** After how many epochs is the rate below half? Two parameters have the gradients 3
# > and 4, clip is 1, the rate 1: how far does each move? With $p = \tfrac12$, what is the variance
# > of the mask?

# %%
rates = np.array([decayed(1.5e-3, 0.95, 1, epoch) for epoch in range(60)])
half = int(np.argmax(rates < rates[0] / 2))
holds(f"below half from epoch {half} on", half == np.ceil(np.log(2) / -np.log(0.95)))
params = {"a": np.zeros(1), "b": np.zeros(1)}
SGD(1.0, 0.0, clip=1.0).step(params, {"a": np.array([3.0]), "b": np.array([4.0])})
moved = np.concatenate([params["a"], params["b"]])
same("moved by a fifth of each", moved, np.array([-0.6, -0.8]), to=1e-9)
mask = dropout_mask(np.random.default_rng(0), (200_000,), 0.5, np.float64)
values = f"{np.unique(mask)}, mean {mask.mean():.3f}, variance {mask.var():.3f}"
holds(f"values {values}", abs(np.array([mask.mean(), mask.var()]) - 1) < 0.02)

# %%
figure, axes = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
axes[0].plot(rates / rates[0], color=BLUE)
axes[0].axhline(0.5, color=GREY, ls=":")
axes[0].set(title="decay: the rate", xlabel="epoch", ylim=(0, 1))
lengths = np.linspace(0, 5, 50)
axes[1].plot(lengths, np.minimum(lengths, 1), color=BLUE)
axes[1].set(title="clipping: what a step sees", xlabel="length of the gradient")
axes[2].bar((0, 1, 2), (0.5, 0, 0.5), color=BLUE)
axes[2].axvline(1, color=ORANGE, ls=":")
axes[2].set(
    title="dropout: the mask, and its mean", xticks=(0, 1, 2), ylabel="probability"
)
plt.show()

# %% [markdown]
# <details><summary>Deeper: an end to all travel, a bound on every step, the mask going back</summary>
#
# The rates of all epochs together are a geometric series, $\eta_0 / (1 - d)$: 20 epochs at the
# full rate. A small data set, with ten steps in an epoch, would freeze before it has learned; hence
# `decay_every`, and a milder factor in the presets `small` and `demo`.
#
# Clipping bounds the gradient, not the step: momentum comes after it. By the series of section 2
# no step is longer than $\eta \cdot \text{clip} / (1 - \mu)$.
#
# Dropout backward is the same mask once more, for the output of a unit is $\xi x$. A check needs the
# *same* mask in every evaluation. In the network dropout falls on the outputs of layer 1 and on the
# memory that the classifier reads; one mask serves all iterations of a pass. In testing one leaves
# the mask out. For what follows, which is not linear, that is an approximation.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
params, optimiser, lengths = {"w": np.zeros(3)}, SGD(0.1, 0.9, clip=5.0), []
for _ in range(300):
    optimiser.step(params, {"w": 10.0 ** rng.uniform(-2, 8) * rng.standard_normal(3)})
    lengths.append(np.linalg.norm(optimiser.velocity["w"]))
holds(
    f"longest step {max(lengths):.2f}, the bound is 5",
    max(lengths) < 0.1 * 5 / (1 - 0.9),
)
mask = dropout_mask(rng, IF.shape, 0.5, np.float64)
dropped, drop_cache = dropout_forward(IF, mask)
z, affine_cache = affine_forward(dropped, W, b)
before_mask, _, _ = affine_backward(nll_backward(nll_forward(z, y)[1]), affine_cache)
dIF = dropout_backward(before_mask, drop_cache)
measured = complex_step(
    lambda IF: nll_forward(dropout_forward(IF, mask)[0] @ W + b, y)[0], IF
)
same("dIF, with dropout", dIF, measured)

# %% [markdown]
# ## 4. Algorithm 1: what training step $n$ trains
#
# The paper finds it hard to train all attention iterations at once, and goes step by step:
#
# > 1: Randomly initialise the parameters of the whole network with zero-mean Gaussian. <br> 2:
# > **for** $n = 0$ **to** $N$ **do** &emsp; // $n$ is the training step <br> 3: &emsp; Feed the
# > action label as the training output at the attention iteration $n$. <br> 4: &emsp; **do** <br>
# > 5: &emsp;&emsp; Training an epoch: optimising the parameters used in the iterations 0 to $n$ via
# > back-propagation. <br> 6: &emsp; **while** validation error is decreasing <br> 7: **end for**
#
# The classifier reads $\mathrm{IF}^{(n)}$: `forward(..., iterations=n)`. Line 5 then needs no list:
# what the pass did not use gets no gradient, and `SGD` leaves it alone.
#
# > **Predict.** Which parameters does training step 0 train? Which does step 1 add?

# %%
small = GCALSTM(
    4, 3, 3, classes=5, hidden=3, iterations=2, initial="average", dropout=0.5
)
params, x, y, masks = problem(small, batch=3)  # float64, away from every kink of ReLU
given = {
    n: loss_and_gradients(small, params, x, y, masks, iterations=n)[1] for n in range(3)
}
print(f"{'parameter':18}{'step 0':>8}{'step 1':>8}{'step 2':>8}")
for name in small.shapes():
    row = "".join(f"{'yes' if name in given[n] else '-':>8}" for n in given)
    print(f"{name:18}{row}")
first = {"layer1.W", "layer1.b", "classifier.W", "classifier.b"}
holds("step 0: layer 1 and the classifier", set(given[0]) == first)
alone = replace(small, iterations=1)
theirs = {name: params[name] for name in alone.shapes()}
logits_1 = alone.forward(theirs, x, masks)[0]
same(
    "stopped at 1, or of 1", small.forward(params, x, masks, iterations=1)[0], logits_1
)

# %% [markdown]
# **Nothing is frozen:** layer 1 and the classifier are trained in every step. Layer 2 comes with
# step 1, and step 2 adds only what asks and what remembers.
#
# ## 5. An epoch by hand
#
# Five synthetic actions by 24 people; half of the people are for the test, three of the others for
# the validation error. Line 5 of Algorithm 1 in full: shuffle; batch by batch draw random frames and
# dropout masks, differentiate, take a step.

# %%
ACTIONS = ("wave right hand", "wave left hand", "kick right", "clap", "bow")
data = synthetic.generate(seed=0, subjects=24, repetitions=1, classes=ACTIONS)
stepwise = settings_from(
    "demo", frames=8, hidden=16, batch_size=8, epochs=12, patience=12, validation=3,
    decay=0.97, mode="stepwise"
)  # fmt: skip
split = runs.make_split(data, runs.Source("synthetic", protocol="half"), stepwise)
network, people = split.network(stepwise), (split.aligned, split.fit, split.validate)
state = training.start(
    network, stepwise
)  # fresh weights and a generator, from the seed
optimiser = SGD(stepwise.learning_rate, stepwise.momentum, stepwise.clip)
order = state.rng.permutation(split.fit)
for start in range(0, len(order), stepwise.batch_size):
    rows = order[start : start + stepwise.batch_size]
    x, labels = split.aligned.batch(rows, network.frames, stepwise, state.rng)
    masks = network.masks(state.rng, len(labels))
    step = loss_and_gradients(network, state.params, x, labels, masks, iterations=0)
    optimiser.step(state.params, step[1])

# %% [markdown]
# > **Predict.** The package's `run_epoch` starts from the same seed. Will its weights be close to
# > yours, or the same in every bit?

# %%
theirs = training.start(network, stepwise)
optimiser = SGD(stepwise.learning_rate, stepwise.momentum, stepwise.clip)
engine = Engine(network, parts=1)  # keeps a batch whole, as you did
epoch = (
    theirs,
    split.aligned,
    split.fit,
    stepwise,
    optimiser,
    0,
    np,
)  # training step 0
mean_loss, _ = training.run_epoch(engine, *epoch)
for name in ("layer1.W", "classifier.W"):
    same(name, state.params[name], theirs.params[name], to=0)
fresh = training.start(network, stepwise).params
moved = {name for name in network.shapes() if (fresh[name] != state.params[name]).any()}
holds(f"only {', '.join(sorted(moved))} have moved", moved == first)

# %% [markdown]
# ## 6. Stepwise against direct: your own Fig. 6
#
# *Direct* training is one training step, $n = N$, from the beginning, with as many epochs as
# stepwise training has in its three. Three seeds each.
#
# > **Predict.** The stepwise loss has come down in step 0. What happens to it when step 1 begins?

# %%
direct = replace(stepwise, mode="direct", epochs=36, patience=36)
handed = {}  # what training step 0 hands on, for each seed


def trained(settings):
    """A trained state and its accuracy on people never seen."""
    split = runs.make_split(data, runs.Source("synthetic", protocol="half"), settings)
    network = split.network(settings)
    state = training.start(network, settings)

    def keep(state, done):
        if done and settings.mode == "stepwise":
            handed.setdefault(settings.seed, (training.snapshot(state).params, split))

    fit = split.aligned, split.fit, split.validate
    training.train(network, state, *fit, settings, on_epoch=keep)
    test = split.aligned, split.test, settings
    _, p = training.evaluate(Engine(network), state.params, *test)
    return state, float((p.argmax(axis=1) == split.aligned.label[split.test]).mean())


results = {
    name: [trained(replace(settings, seed=seed)) for seed in range(3)]
    for name, settings in (("stepwise", stepwise), ("direct", direct))
}
histories = [results[name][0][0].history for name in ("stepwise", "direct")]
charts.convergence_of_methods(*histories)

# %% [markdown]
# The paper says of its Fig. 6: the loss "converges very fast" in step 0; it "increases immediately"
# when step 1 begins, since it "contains new parameters and modules [...] which have not been
# optimized yet"; then it "drops to a very low value". How large is the jump in itself? Take the
# weights that step 0 has handed on, and read the untrained iteration 1.

# %%
jumps = []
for params, split_ in handed.values():
    validate = split_.aligned, split_.validate, stepwise
    jumps.append(
        [training.evaluate(Engine(network), params, *validate, n)[0] for n in (0, 1)]
    )
for seed, (at_0, at_1) in enumerate(jumps):
    holds(f"seed {seed}: {at_0:.2f} at iteration 0, {at_1:.2f} at 1", at_1 > at_0)
print(f"the loss of knowing nothing: {np.log(5):.2f}")

# %% [markdown]
# A random $W_F$ stands between a trained memory and a trained classifier. It may well be worse than
# knowing nothing: a network can also be a little sure of what is wrong.
#
# > **Predict.** Will each step nevertheless hand on less than the one before it, in all three seeds?
# > And which method is better here?


# %%
def handed_on_by(history, n):
    """The validation loss of the best epoch of training step n."""
    rows = [row for row in history if row["step"] == n]
    return min((row["validation_error"], row["validation_loss"]) for row in rows)[1]


states = [state for state, _ in results["stepwise"]]
ends = np.array([[handed_on_by(s.history, n) for n in range(3)] for s in states])
accuracy = {name: np.array([a for _, a in found]) for name, found in results.items()}
figure, axes = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
axes[0].plot(ends.T, "o-")
axes[0].set(xticks=range(3), xlabel="training step", ylabel="validation loss handed on")
for k, values in enumerate(accuracy.values()):
    axes[1].plot([k] * 3, values, "o", color=(BLUE, ORANGE)[k], ms=8, mfc="none")
axes[1].axhline(0.2, color=GREY, ls=":")
axes[1].set(
    xticks=(0, 1), xticklabels=list(accuracy), ylim=(0, 1), ylabel="test accuracy"
)
axes[1].set_xlim(-0.5, 1.5)
plt.show()

# %%
holds(
    "step 1 hands on less than step 0, on average",
    ends[:, 1].mean() < ends[:, 0].mean(),
)
gained = int((ends[:, 2] < ends[:, 1]).sum())
print(f"step 2 gains in {gained} of 3 seeds")
means = {name: values.mean() for name, values in accuracy.items()}
scatter = max(np.ptp(values) for values in accuracy.values())
apart = abs(means["stepwise"] - means["direct"])
words = "less than" if apart < scatter else "as much as"
print(f"means {means['stepwise']:.0%} and {means['direct']:.0%}: {apart:.0%} apart,")
print(f"{words} one method's seeds are apart from each other ({scatter:.0%})")
holds("both far above guessing, 20 %", min(means.values()) > 0.5)

# %% [markdown]
# With 60 test sequences one is 1.7 %, and three seeds are few. An experiment of this size cannot name
# a winner, and an honest report says so. [What was measured](../docs/results.md) has both methods on
# real data; the paper reports 76.1 % against 74.3 % on NTU RGB+D (Table I, cross subject).
#
# <details><summary>Deeper: two things in the curves that may puzzle you</summary>
#
# Dashed (validation) may lie *below* solid (training): are new people easier than known ones? No. The
# solid curves have dropout and are means over an epoch, during which the weights improve; the dashed
# ones have none and are measured at its end. And the spikes: the rate is high (0.1) and a batch has 8
# sequences, so now and then one throws the weights off. The dashed curves are of only 15 sequences.
#
# </details>
#
# ## 7. Validation, patience, best weights
#
# "While the validation error is decreasing" needs a little care; one bad epoch is no reason to stop.
# So the code measures the error on people who neither train nor test and lets the loss decide between
# equal errors: the score is the pair (error, loss). It ends a step after `patience` epochs without a
# new best, and hands the weights of the *best* epoch on, with the velocity at zero.

# %%
hasty = replace(stepwise, epochs=15, patience=3)
state, copies, handed_on = training.start(network, hasty), [], {}


def keep(state, done):
    copies.append(training.snapshot(state).params)
    if done:  # state.params are then already those that the next step starts from
        handed_on[state.history[-1]["step"]] = copies[-1]


training.train(network, state, *people, hasty, on_epoch=keep)
start = 0
for n in range(3):
    rows = [row for row in state.history if row["step"] == n]
    best = min(
        range(len(rows)),
        key=lambda k: (rows[k]["validation_error"], rows[k]["validation_loss"]),
    )
    print(f"step {n}: {len(rows)} epochs, the best was number {best + 1}")
    same(
        "its weights are handed on",
        handed_on[n]["layer1.W"],
        copies[start + best]["layer1.W"],
        to=0,
    )
    start += len(rows)
ran = [row["learning_rate"] for row in state.history]
falling = np.array(
    [decayed(hasty.learning_rate, hasty.decay, 1, e) for e in range(len(ran))]
)
same("the rate goes on falling", np.array(ran), falling)

# %% [markdown]
# ## 8. Stop, resume, and get the same bits
#
# > **Predict.** A checkpoint must hold *all* that changes from epoch to epoch: the weights, of course.
# > What else? There are at least five more things.
#
# We train to the end, and save a checkpoint in the middle of training step 1.

# %%
folder = tempfile.TemporaryDirectory()
file = Path(folder.name) / "checkpoint.npz"
MIDDLE = stepwise.epochs + 5  # epochs in all


def save_in_the_middle(state, done):
    if len(state.history) == MIDDLE:
        now = training.snapshot(state)
        checkpoint.save(file, now, network, stepwise, {"data": "synthetic"})


state = training.start(network, stepwise)
undisturbed = training.train(
    network, state, *people, stepwise, on_epoch=save_in_the_middle
)
loaded, *_ = checkpoint.load(file)
print(
    len(loaded.params),
    "weights,",
    len(loaded.velocity),
    "velocities,",
    len(loaded.best),
    "best weights",
)
print(
    f"training step {loaded.stage}, {loaded.epoch} epochs of it, {loaded.waited} since the best"
)
print(
    f"rows of history: {len(loaded.history)}; {type(loaded.rng.bit_generator).__name__}"
)
resumed = training.train(network, loaded, *people, stepwise)
for name in ("layer1.W", "memory.2.WF", "classifier.W"):
    same(name, resumed.params[name], undisturbed.params[name], to=0)

# %% [markdown]
# There are fewer velocities than weights: those of iteration 2 have had no gradient yet. The random
# generator is what is most often forgotten.
#
# ## Summary
#
# - The gradient of the loss by the logits is $(\hat y_k - [k = y])/B$; every backward pass starts there.
# - Momentum makes steps up to $1/(1-\mu)$ times longer along the valley, and only $1/(1+\mu)$ across.
# - Decay brings the weights to rest, clipping bounds the harm of one batch, dropout keeps the mean.
# - Training step $n$ reads $\mathrm{IF}^{(n)}$; what that pass used gets a gradient. The loss jumps as
#   a step begins.
# - Each step hands its best weights on. A checkpoint that holds everything resumes to the same bits.
#
# ## Exercises
#
# Put your answer in the place of `...` and run the cell: it checks itself.
#
# **1 (easy).** With the paper's decay of 0.95 after every epoch, from which epoch on is the rate below
# one tenth of the first? And what is the smallest `decay_every` that keeps it above one tenth for 400
# epochs?
#
# <details><summary>Hint</summary>
#
# $0.95^e < 0.1$; and the exponent is $\lfloor e / s \rfloor$.
#
# </details>

# %%
below_from, every = ..., ...


def by_trying():
    first = next(e for e in range(1000) if decayed(1.0, 0.95, 1, e) < 0.1)
    return first, next(s for s in range(1, 100) if decayed(1.0, 0.95, s, 399) > 0.1)


check_1 = exercise("1", by_trying, "A logarithm, rounded up.")
check_1((below_from, every))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1
first_below = int(np.ceil(np.log(10) / -np.log(0.95)))
assert check_1((first_below, int(np.ceil(400 / first_below))))

# %% [markdown]
# **2 (easy). Soft labels.** Let each sequence have a target distribution $q$ over the classes, and $L =
# -\sum_k q_k \ln \hat y_k$. What is $\partial L/\partial z$? Which property of $q$ do you need?
#
# <details><summary>Hint</summary>
#
# Put in $\ln \hat y_k = z_k - \ln \sum_m e^{z_m}$.
#
# </details>


# %%
def soft_gradient(z, q):
    """The gradient (B, 5) of the mean loss of a batch; z, q (B, 5)."""
    return ...


q, z = rng.dirichlet(np.ones(5), size=4), rng.standard_normal((4, 5))


def soft_loss(z):
    log_sum = np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -(q * (z - log_sum)).sum(axis=1).mean()


check_2 = exercise(
    "2", lambda: complex_step(soft_loss, z), "q sums to 1; and divide by B."
)
check_2(lambda: soft_gradient(z, q))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2
assert check_2((probabilities(z) - q) / 4)

# %% [markdown]
# **3 (medium). A stricter Algorithm 1.** In training step 1 train *only* the parameters that are new in
# it. What speaks against it? Fill the filter.
#
# <details><summary>Hint</summary>
#
# `old` holds the names of step 0's parameters; `SGD` leaves alone what has no gradient.
#
# </details>


# %%
def only_new(gradients, old):
    """The gradients of parameters that are not in `old`."""
    return ...


def ten_steps(only_new):
    """Does the loss fall, and does layer 1 stay?"""
    params = {name: value.astype(float) for name, value in handed[0][0].items()}
    before, optimiser, losses = params["layer1.W"].copy(), SGD(0.02, 0.9, clip=5.0), []
    x, labels = split.aligned.batch(split.fit, network.frames)  # no random changes
    old = set(loss_and_gradients(network, params, x, labels, iterations=0)[1])
    for _ in range(10):
        loss, g, _ = loss_and_gradients(network, params, x, labels, iterations=1)
        chosen = only_new(g, old)
        if chosen is ...:
            return ...
        optimiser.step(params, chosen)
        losses.append(float(loss))
    return bool(losses[-1] < losses[0]), bool((params["layer1.W"] == before).all())


check_3 = exercise("3", lambda: (True, True), "A dict comprehension.")
check_3(lambda: ten_steps(only_new))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3. Against it: layer 1 never learns what layer 2 needs from it, and the classifier
# cannot adapt to the refined memory.
assert check_3(
    lambda: ten_steps(lambda g, old: {name: g[name] for name in g if name not in old})
)

# %% [markdown]
# **4 (medium).** Somebody forgets the velocity in the checkpoint. Is every parameter affected in the
# end, those of iteration 2 too, which had no velocity yet?
#
# <details><summary>Hint</summary>
#
# On what do the gradients of iteration 2 depend?
#
# </details>

# %%
all_are_affected = ...  # True or False


def without_velocity():
    forgetful, *_ = checkpoint.load(file)
    forgetful.velocity = {}
    training.train(network, forgetful, *people, stepwise)
    ended = forgetful.params, undisturbed.params
    return all(
        bool((ended[0][name] != ended[1][name]).any()) for name in network.shapes()
    )


check_4 = exercise("4", without_velocity, "Each gradient depends on all other weights.")
check_4(all_are_affected)

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4
assert check_4(True)

# %% [markdown]
# **5 (hard). How fast may one go?** For $f(w) = \tfrac12 \lambda w^2$ eliminate $v$: $w_{k+1} = (1 + \mu
# - \eta\lambda)\,w_k - \mu\,w_{k-1}$. For which $\eta\lambda$ does $w$ not fly apart?
#
# <details><summary>Hint</summary>
#
# Solutions are $w_k = \rho^k$. Both roots of $\rho^2 - (1 + \mu - \eta\lambda)\rho + \mu$ must lie inside
# the unit circle; look at $\rho = -1$.
#
# </details>


# %%
def largest_rate(momentum, curvature):
    """The rate above which descent flies apart."""
    return ...


def by_bisection(momentum):
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        polynomial = [1, -(1 + momentum - middle * 100), momentum]
        inside = np.abs(np.roots(polynomial)).max() < 1
        low, high = (middle, high) if inside else (low, middle)
    return low


check_5 = exercise(
    "5", lambda: (by_bisection(0.0), by_bisection(0.9)), "P(-1) > 0.", to=1e-6
)
check_5(lambda: (largest_rate(0.0, 100.0), largest_rate(0.9, 100.0)))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5
assert check_5((2 / 100, 2 * 1.9 / 100))
for momentum in (0.0, 0.9):
    limit = 2 * (1 + momentum) / CURVATURE.max()
    ends = [np.abs(descend(k * limit, momentum, 1000)[-1, 1]) for k in (0.98, 1.02)]
    holds(
        f"momentum {momentum}: {ends[0]:.0e} below it, {ends[1]:.0e} above",
        ends[0] < 0.1 < 10 < ends[1],
    )

# %% [markdown]
# <details><summary>Solution 5, the derivation</summary>
#
# $w_{k+1} = w_k + v_{k+1} = w_k + \mu v_k - \eta\lambda w_k$ and $v_k = w_k - w_{k-1}$ give the
# recursion, and $w_k = \rho^k$ gives $P(\rho) = \rho^2 - (1 + \mu - \eta\lambda)\rho + \mu = 0$. The
# product of the roots is $\mu < 1$. Complex roots have the modulus $\sqrt\mu < 1$. Real ones lie between
# $-1$ and $1$ exactly if $P(1) = \eta\lambda > 0$ and $P(-1) = 2(1+\mu) - \eta\lambda > 0$, for two roots
# beyond the same end would have a product above 1. So $0 < \eta\lambda < 2(1+\mu)$: momentum allows
# almost *twice* the rate of plain descent.
#
# </details>

# %%
folder.cleanup()

# %% [markdown]
# ## What comes next
#
# [Tutorial 6](06_two_streams.ipynb) puts a second attention stream on the same layer 1: one that judges
# whole body parts.
