# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 0. Skeletons and the task
#
# Three people, 25 joints each, and nothing else. Turn the slider, or play it. What are
# they doing?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# %matplotlib inline
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gca_scratch import GCALSTMClassifier, plain, runs, training
from gca_scratch.data import alignment, neutral, placement, synthetic
from gca_scratch.data.joint_names import find_roles
from gca_scratch.data.skeleton import KINECT_V1, chain
from gca_scratch.data.synthetic.actions import ACTIONS, held
from gca_scratch.figures import charts, localisation
from gca_scratch.figures.canvas import BLUE, GREY, ORANGE, STYLE
from gca_scratch.figures.dial import Dial, Sketch
from gca_scratch.network import loss_and_gradients
from gca_scratch.settings import settings_from
from gca_scratch.support.claims import exercise, holds, same
from gca_scratch.support.errors import InputError
from gca_scratch.training import Engine

plt.rcParams.update(STYLE)
NAMES = (
    "wave right hand", "wave left hand", "drink right hand", "kick right", "squat", "nod"
)  # fmt: skip
data = synthetic.generate(seed=0, subjects=24, repetitions=2, classes=NAMES)
EDGES, JOINTS = [tuple(map(int, e)) for e in data.edges], list(data.joint_names)
RIGHT = [any(JOINTS[j].startswith("right") for j in edge) for edge in EDGES]
faced = alignment.align(data, face_camera=True)  # all turned the same way: section 6
sideways = placement.turn_matrix(np.radians([60.0]), up=1)[0]
poses = faced.x[:, np.argsort(faced.order), 0] @ sideways  # (all frames, 25, 3)


def recording(name, which):
    """The poses of one recording of an action, (frames, 25, 3)."""
    n = np.flatnonzero(data.label == NAMES.index(name))[which]
    return poses[data.offsets[n] : data.offsets[n + 1]]


def people(moment):
    """Three recordings at one moment between 0 and 1, the right side in orange."""
    sketch = Sketch(600, 260, "three people")
    shown = ("drink right hand", 4), ("nod", 4), ("kick right", 4)
    for place, (name, which) in enumerate(shown):
        body = recording(name, which)
        pose = body[round(moment * (len(body) - 1))]
        x, y = 100 + 200 * place - 110 * pose[:, 0], 130 - 110 * pose[:, 1]
        for side, colour in ((False, BLUE), (True, ORANGE)):
            bones = [e for e, right in zip(EDGES, RIGHT, strict=True) if right == side]
            sketch.lines([(x[a], y[a], x[b], y[b]) for a, b in bones], colour, 3)
        sketch.text(100 + 200 * place, 252, "ABC"[place])
    return sketch


moments = np.linspace(0, 1, 32)
Dial([people(m) for m in moments], [f"{m:.0%}" for m in moments], "time", 12, every=90)

# %% [markdown]
# <details><summary>What they do</summary>
#
# A drinks with the right hand, B nods, C kicks with the right leg. You knew A and C from
# a few frames. B takes looking at the right joint at the right time. Keep that in mind.
#
# </details>
#
# **What you will do.** Turn such recordings, of any length and in any room, into the one
# shape that the network takes. Train a small GCA-LSTM in a few seconds to tell six
# actions apart, and find out what it gets wrong, and how its loss could have told you.
#
# **What you need.** Vectors, logarithms, a little probability, some NumPy. About 30
# minutes of reading; the code runs in about half a minute.
#
# **Predict** asks you to write your guess down before you run the next cell. A line with
# ✓ is a claim that was checked; the cell fails where it is not true.
#
# <details><summary>Deeper: which paper, which network</summary>
#
# The network is GCA-LSTM, the *global context-aware attention* network of J. Liu, G.
# Wang, L.-Y. Duan, K. Abdiyeva and A. C. Kot, *Skeleton-Based Human Action Recognition
# with Global Context-Aware Attention LSTM Networks*, IEEE Transactions on Image
# Processing, 2018. In all tutorials this is "the paper", and the numbers of equations are
# its own. LSTM stands for *long short-term memory*; the network's cell, the ST-LSTM, is
# *spatio-temporal*: it remembers along the body and along time. The
# [glossary](../docs/glossary.md) leads from the paper's symbols to the code.
#
# </details>
#
# ## 1. A skeleton sequence
#
# A Kinect gives the places of 25 joints in metres thirty times a second: $x$ to the side,
# $y$ upwards, $z$ away from the camera. No picture, no face, no clothes. Ours are people
# whom the package makes up: 24 of them, each doing six actions twice.
#
# > **Predict.** A recording lasts 3 seconds. How many numbers is that?

# %%
first = data.sequence(0)  # (frames, persons, joints, 3)
print(len(data), "sequences of", data.lengths.min(), "to", data.lengths.max(), "frames")
print(f"{data.name[0]}: {first.shape}, so {first.size} numbers")
holds(f"3 seconds are {3 * 30 * 25 * 3} numbers", 90 * first[0].size == 3 * 30 * 25 * 3)

# %% [markdown]
# Ten frames of four of the actions, seen from the side:

# %%
figure, axes = plt.subplots(4, 1, figsize=(8.5, 9), layout="constrained")
shown = ("wave right hand", "kick right", "squat", "nod")
for ax, name in zip(axes, shown, strict=True):
    body = recording(name, 4)
    for place, frame in enumerate(np.linspace(0, len(body) - 1, 10).astype(int)):
        for (a, b), right in zip(EDGES, RIGHT, strict=True):
            x, y, _ = body[frame, [a, b]].T
            ax.plot(0.8 * place - x, y, color=ORANGE if right else BLUE, lw=1.4)
    ax.set(title=name, aspect="equal", ylabel="y (m)", xticks=[])
    ax.spines["bottom"].set_visible(False)
plt.show()

# %% [markdown]
# Waving, kicking and squatting are easy to see. Did you find the nod? It is short, and ten
# drawings may miss it.
#
# ## 2. How it lies in a file
#
# Sequences have different lengths. The package's *neutral format* puts all frames one
# after the other and remembers where each sequence begins: sequence $n$ is
# `joints[offsets[n]:offsets[n + 1]]`. It is one `.npz` file of plain arrays, and all that
# you have to write to bring skeletons of your own.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "skeletons.npz"
    neutral.save(path, data)
    again = neutral.load(path)
    with np.load(path) as file:
        for key in file:
            print(f"{key:12} {file[key].dtype!s:8} {file[key].shape}")
same("joints, read again", again.joints, data.joints, to=0)

# %% [markdown]
# Nothing in a file is believed unchecked. NaN is welcome: a joint that was not found, to
# be filled in. An infinite coordinate means nothing. Would you notice one among two
# million numbers?

# %%
broken = replace(data, joints=data.joints.copy())
broken.joints[200, 0, 7, 1] = np.inf
message = ""
try:
    neutral.check(broken, "skeletons.npz")
except InputError as error:
    message = str(error)
print(f"{data.joints.size:,} numbers. {message}")
holds("it names frame and joint", "frame" in message and repr(JOINTS[7]) in message)

# %% [markdown]
# ## 3. The synthetic human
#
# Our actors have heights and proportions of their own, move faster or slower, sway, and
# in two of three sequences fidget with a limb that has nothing to do with the action. A
# camera measures with an error of about a centimetre. All of it comes from the seed.
#
# One thing no real recording knows: *which joints carry the action*. The generator
# computes the same seconds twice, with and without it, and calls every joint that ends up
# more than 5 cm apart a carrier. That is `data.truth`.

# %%
for k, name in enumerate(NAMES):
    ranges = [slice(*data.offsets[n : n + 2]) for n in np.flatnonzero(data.label == k)]
    rows = np.concatenate([data.truth[part] for part in ranges])
    most = np.argsort(-rows.mean(axis=0), kind="stable")[:3]
    often = [JOINTS[j] for j in most if rows[:, j].any()]
    print(f"{name:17} {rows.mean():6.1%} of all cells; most often {', '.join(often)}")

# %% [markdown]
# <details><summary>Deeper: the same people again</summary>
#
# Ask for 2 people in place of 24, with the same seed: they are the same two, to the last
# bit. Everybody's numbers come from the seed and their own number alone. The folded cell
# checks it.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
two = synthetic.generate(seed=0, subjects=2, repetitions=2, classes=NAMES)
other = synthetic.generate(seed=1, subjects=2, repetitions=2, classes=NAMES)
same("two of 24 people", two.joints, data.joints[: len(two.joints)], to=0)
holds("another seed, other people", (other.joints[:60] != two.joints[:60]).any())

# %% [markdown]
# ## 4. A chain of joints
#
# An LSTM reads a sequence. In time the order is plain, but what comes first, the elbow or
# the knee? This network runs along *two* axes, joints $j = 1 \dots J$ and frames
# $t = 1 \dots T$. The cell at $(j, t)$ reads the place $x_{j,t} \in \mathbb{R}^3$ of its
# joint and hears from the joint before it and from the frame before it:
#
# $$h_{j,t},\; c_{j,t} \;=\;
# \text{ST-LSTM}\bigl(x_{j,t},\; h_{j-1,t},\; c_{j-1,t},\; h_{j,t-1},\; c_{j,t-1}\bigr).$$
#
# So neighbours in the order should be neighbours in the body. The package walks over the
# body's tree from the hip, always as deep as it can, and names every joint once.
#
# > **Predict.** Of the 24 steps from one joint to the next, how many do not follow a
# > bone? Do not count: where must the walk jump?

# %%
roles = find_roles(JOINTS, EDGES)
order = chain(len(JOINTS), EDGES, root=roles.hip)
bones = {frozenset(edge) for edge in EDGES}
pose = data.sequence(0)[0, 0] * (-2.2, 1, 1)  # wider than it is: the numbers stay apart
figure, ax = plt.subplots(figsize=(7, 6), layout="constrained")
for a, b in pairwise(order):
    along = frozenset((a, b)) in bones
    style = {"color": BLUE, "ls": "-"} if along else {"color": ORANGE, "ls": ":"}
    ax.plot(*pose[[a, b], :2].T, lw=1.6, **style)
box = {"boxstyle": "circle", "fc": "white"}
for place, joint in enumerate(order, start=1):
    ax.text(*pose[joint, :2], place, ha="center", va="center", fontsize=7, bbox=box)
title = "the chain: along a bone (blue), or a jump (orange, dotted)"
ax.set(title=title, xticks=[], yticks=[])
plt.show()

# %%
jumps = sum(frozenset(step) not in bones for step in pairwise(order))
of_joint = [sum(j in edge for edge in EDGES) for j in range(25)]
ends = [j for j in range(25) if j != roles.hip and of_joint[j] == 1]
print(f"{len(ends)} ends: {', '.join(JOINTS[j] for j in ends)}")
holds(f"{jumps} jumps are the ends less one", jumps == len(ends) - 1)

# %% [markdown]
# The walk goes deeper until it stands at an end of the body. From every end but the last
# it has to jump to the next branch.
#
# <details><summary>Deeper: a walk that comes back</summary>
#
# The earlier paper that brought the ST-LSTM (Liu, Shahroudy, Xu and Wang, ECCV 2016) has
# another walk, which comes back through the joints instead of jumping. Then every step
# follows a bone, at the price of $2J - 1$ cells instead of $J$. GCA-LSTM uses the chain.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
tree = chain(len(JOINTS), EDGES, root=roles.hip, revisit=True)
along_bones = all(frozenset(step) in bones for step in pairwise(tree))
holds(f"{len(tree)} places, every step a bone", along_bones and len(tree) == 2 * 25 - 1)

# %% [markdown]
# ## 5. $T$ frames of each sequence
#
# The grid has $T$ columns, however long the recording. A sequence of $\ell$ frames is cut
# into $T$ equal segments, and one frame stands for each:
#
# $$\Bigl\lfloor \frac{k + u_k}{T}\, \ell \Bigr\rfloor, \qquad k = 0, \dots, T - 1,
# \qquad 0 \le u_k < 1 .$$
#
# In training $u_k$ is drawn anew every time, so the network hardly ever sees the same
# input twice. In testing $u_k = 1/2$, so that a result can be repeated.

# %%
T = 10
aligned = alignment.align(data, face_camera=True, torso_scale=True)
length = data.lengths[0]
by_hand = np.floor((np.arange(T) + 0.5) / T * length).astype(int)
of_package = aligned.frame_index(np.array([0]), T)[0] - data.offsets[0]
same("frames for testing", by_hand, of_package, to=0)
rng = np.random.default_rng(0)
drawn = aligned.frame_index(np.zeros(1000, int), T, rng=rng) - data.offsets[0]
edge = np.arange(T + 1) / T * length
inside = (drawn >= np.floor(edge[:-1])) & (drawn <= edge[1:])  # (1000, T)
holds("a thousand draws stay within their segments", inside)

# %%
wave = data.sequence(0)[:, 0, JOINTS.index("right hand"), 1]
figure, ax = plt.subplots(figsize=(9, 3), layout="constrained")
ax.plot(wave, color=GREY, label="height of the right hand")
ax.vlines(edge, wave.min(), wave.max(), color="#cccccc", linewidth=0.8)
ax.plot(by_hand, wave[by_hand], "o", color=BLUE, label="testing: middle of a segment")
ax.plot(drawn[0], wave[drawn[0]], "^", color=ORANGE, label="training: a random frame")
ax.set(xlabel=f"frame ({data.name[0]})", ylabel="y (m)")
figure.legend(loc="outside upper center", ncols=3, frameon=False)
plt.show()

# %% [markdown]
# > **Predict.** A sequence has 5 frames, fewer than $T = 10$. What does the formula do?

# %%
short = np.floor((np.arange(T) + 0.5) / T * 5).astype(int)
holds(f"every frame twice: {short}", short == np.repeat(np.arange(5), 2))

# %% [markdown]
# ## 6. Coordinates of the body
#
# Where somebody stands says nothing about what they do. So `alignment.align` puts the
# **hip of the first frame at the origin**. (Only of the first: taken off in every frame, a
# person who walks would tread on the spot.) Two more steps can be switched on.
# `face_camera` turns the body until the line through both hips is parallel to the picture;
# `torso_scale` divides by the length of the torso.
#
# A step is best told by what the network can no longer notice. We move a recording by a
# metre, turn it by 40°, and make it larger by 30 %.
#
# > **Predict.** For each of the three: which step must be on, so that the input stays the
# > same?

# %%
two = synthetic.generate(seed=0, subjects=2, repetitions=2, classes=NAMES)
turn = placement.turn_matrix(np.radians([40.0]), up=1)[0]
CHANGES = {
    "moved by 1 m": two.joints + np.float32([1, 0, 0]),
    "turned by 40°": (two.joints.astype(float) @ turn).astype(np.float32),
    "larger by 30 %": two.joints * np.float32(1.3),
}
FACE, SCALE = {"face_camera": True}, {"torso_scale": True}
STEPS = {"hip only": {}, "facing": FACE, "torso": SCALE, "all three": FACE | SCALE}
change = {}
print(f"{'largest change of input':24}" + "".join(f"{step:>12}" for step in STEPS))
for name, joints in CHANGES.items():
    for step, options in STEPS.items():
        before, after = (
            alignment.align(d, **options).x for d in (two, replace(two, joints=joints))
        )
        change[name, step] = np.abs(before - after).max()
    print(f"{name:24}" + "".join(f"{change[name, step]:12.6f}" for step in STEPS))

# %%
small = {
    name: [step for step in STEPS if change[name, step] < 1e-4] for name in CHANGES
}
holds("a shift is never noticed", small["moved by 1 m"] == list(STEPS))
turn, size = small["turned by 40°"], small["larger by 30 %"]
holds("a turn only where facing is off", turn == ["facing", "all three"])
holds("a size only where torso is off", size == ["torso", "all three"])

# %% [markdown]
# What is thrown away cannot mislead, and need not be found out from a few hundred
# sequences; but it is gone. (Left and right are *not* thrown away: exercise 4.)
#
# ## 7. The task
#
# Given the grid $x_{1,1}, \dots, x_{J,T}$, say which of the six actions it is. The network
# gives each a probability $\hat y_k$. Its answer is the largest; its loss on a sequence of
# class $y$ is $-\ln \hat y_y$ (Eq. 9): nothing if it was certain and right, and the more,
# the less it believed in the truth.
#
# A network that is tested on people it was trained with can recognise *them* instead of
# the action. So people are kept apart: odd numbers train, even numbers test, and three of
# the odd ones *validate*: they decide which weights are kept.

# %%
settings = settings_from(
    "demo",  # what is not set here is as in the package's demonstration
    hidden=32,  # numbers in every h and every c
    iterations=1,  # one round of attention
    dropout=0.0,  # no value is dropped at random
    batch_size=8,  # sequences for each change of the weights
    epochs=10,  # passes over the training sequences, in each training step
    patience=10,  # stop after so many without a better validation error: never
    decay=0.93,  # after each epoch the learning rate is multiplied by this
    validation=3,  # people held out
)
split = runs.make_split(data, runs.Source("synthetic", protocol="half"), settings)
of = {what: getattr(split, what) for what in ("fit", "validate", "test")}
who = {what: set(data.subject[rows].tolist()) for what, rows in of.items()}
for what, rows in of.items():
    print(f"{what:9} {len(rows):4} sequences of subjects {sorted(who[what])}")
everybody = sorted(subject for group in who.values() for subject in group)
holds("nobody is in two of them", everybody == sorted(set(everybody)))

# %% [markdown]
# ## 8. Training in a few seconds
#
# In one breath: layer 1 runs over the grid; its mean is a first summary of the whole
# sequence, the *global context memory*; layer 2 runs over the grid again and lets the
# memory decide at every cell how much to take in (the **attention**); what comes out
# corrects the memory, and the memory is classified. *Stepwise* training teaches the
# network first without layer 2 (training step 0), then with it (step 1). Tutorials 1 to 5
# explain all of it.

# %%
network = split.network(settings)
shapes = network.shapes()
count = sum(int(np.prod(shape)) for shape in shapes.values())
print(f"{count} weights to learn from {len(split.fit)} sequences:", *shapes, sep="\n  ")

# %% [markdown]
# <details><summary>Deeper: two shapes, and the whole network on one page</summary>
#
# `layer1.W` is $(67, 160)$: a cell hears $67 = 3 + 2 \cdot 32$ numbers, three coordinates
# and the $h$ of two neighbours, and computes $160 = 5 \cdot 32$, five gates of 32.
# `classifier.W` is $(32, 6)$: from the memory to the six actions.
#
# The whole of this network, forward and backward, fits on one page:
# [`gca_scratch/plain.py`](../docs/plain.md), 220 lines of NumPy. The folded cell asks the
# page and the package for a loss and all its gradients.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
weights = network.init(np.random.default_rng(0), np.float64)
x, y = aligned.batch(split.fit[:4], settings.frames)
loss, gradients, _ = loss_and_gradients(network, weights, x.astype(np.float64), y)
theirs = plain.loss_and_gradients(weights, x.astype(np.float64), y, N=1)
same("loss, here and on the page", loss, theirs[0], to=1e-12)
for name in gradients:
    same(name, gradients[name], theirs[1][name], to=1e-9)

# %% [markdown]
# > **Predict.** Before it is trained the network knows nothing. What is its loss, about?

# %%
state = training.start(network, settings)  # all that training changes
engine = Engine(network)  # computes losses and gradients, batch after batch
before, _ = training.evaluate(engine, state.params, aligned, split.test, settings)
off = abs(before - np.log(6))
holds(f"{before:.2f} is within 0.4 of ln 6 = {np.log(6):.2f}", off < 0.4)


# %% [markdown]
# Each class gets about $1/6$, and $-\ln\frac16 = \ln 6$. Now train: two training steps of
# ten epochs each.


# %%
def tell(state, done):
    """One line at the end of each training step."""
    if done:
        row = state.history[-1]
        print(f"training step {row['step']}: loss {row['train_loss']:.3f}")


state = training.train(
    network, state, split.aligned, split.fit, split.validate, settings, on_epoch=tell
)
charts.convergence(state.history)

# %% [markdown]
# The loss falls, jumps as training step 1 brings in weights that have learnt nothing yet,
# falls again, and then **stops, and not at zero**. Can you guess why it stops where it
# stops?
#
# > **Predict.** Suppose the network has learnt four actions perfectly, and of the two
# > others knows only that it must be one of the two. What are its loss and its accuracy?

# %%
floor = 2 / 6 * np.log(2)
last = np.mean([row["train_loss"] for row in state.history[-5:]])
print(f"mean of the last five epochs {last:.3f}; two of six by a coin {floor:.3f}")
holds("they are within 0.1 of each other", abs(last - floor) < 0.1)

# %% [markdown]
# A third of the sequences, $2/6$, belong to the two actions. There each of the two gets the
# probability $1/2$, so the loss is $\ln 2$; elsewhere it is $-\ln 1 = 0$:
#
# $$\text{loss} = \frac{2}{6} \ln 2 = 0.231, \qquad \text{accuracy} =
# \frac{4}{6} + \frac{2}{6} \cdot \frac{1}{2} = \frac{5}{6} = 83.3\,\% .$$
#
# So far it is a guess from a single number. The test will tell.
#
# ## 9. What it gets wrong
#
# > **Predict.** If the guess is right: which two actions? Section 3 has a table that could
# > help.

# %%
result = runs.test(split, network, state, settings)
confusion = np.array(result["confusion"])  # true classes down, answers across
print(f"accuracy {result['accuracy']:.1%} on {result['n_test']} sequences")
charts.confusion_matrix(confusion, NAMES, percent=False)

# %%
kick, nod = NAMES.index("kick right"), NAMES.index("nod")
errors = confusion.sum() - np.trace(confusion)
between = confusion[kick, nod] + confusion[nod, kick]
pair = f"{between} of {errors} errors are between a kick and a nod"
holds(f"{pair}: four fifths or more", between >= 0.8 * errors)

# %% [markdown]
# Training adds many numbers in an order that is the machine's affair, so the last digits
# differ between machines, and with them a few answers. What is claimed here was checked in
# *your* run, and the sentences of the next cell are written by it.

# %%
best = training.best_weights(state)
_, p = training.evaluate(engine, best, aligned, split.test, settings)
true = aligned.label[split.test]
for k in (kick, nod):
    of_kick, of_nod = p[true == k].mean(axis=0)[[kick, nod]]
    gets = f"a kick gets {of_kick:.2f} and a nod {of_nod:.2f}"
    holds(f"true {NAMES[k]}: {gets}, together above 0.9", of_kick + of_nod > 0.9)
said = confusion[[kick, nod]][:, [kick, nod]]
name = "nod" if said[:, 1].sum() > said[:, 0].sum() else "kick"
total = confusion[[kick, nod]].sum()
print(f"it says '{name}' more often, and is right in {np.trace(said)} of {total} cases")

# %% [markdown]
# It knows that it is one of these two, and hardly knows which. The larger probability takes
# all, however small its lead: so the matrix need not be half and half.
#
# Why these two? Of the $T \times J = 250$ cells that the network reads, count those that
# carry the action.

# %%
truth = localisation.truth_at(data, aligned, np.arange(len(data)), T)  # (n, T, J)
cells = np.array([truth[data.label == k].sum(axis=(1, 2)).mean() for k in range(6)])
for k in np.argsort(cells):
    share = confusion[k, k] / confusion[k].sum()
    print(f"{NAMES[k]:17} {cells[k]:6.1f} of 250 cells, recognised {share:4.0%}")
rest = np.delete(cells, [kick, nod]).min()
holds("nods and kicks have the fewest by far", cells[nod] < cells[kick] < rest / 2)

# %%
figure, axes = plt.subplots(1, 3, figsize=(10, 4.2), layout="constrained", sharey=True)
for ax, name in zip(axes, ("wave right hand", "kick right", "nod"), strict=True):
    share = truth[data.label == NAMES.index(name)].mean(axis=0).T  # (J, T)
    where = {"aspect": "auto", "extent": (0.5, T + 0.5, 24.5, -0.5)}
    image = ax.imshow(share, cmap="cividis", vmin=0, vmax=1, **where)
    ax.set(title=name, xlabel="sampled frame", xticks=range(1, T + 1))
axes[0].set_yticks(range(25), [JOINTS[j] for j in order], fontsize=7)
figure.colorbar(image, ax=axes, label="share of sequences whose action is there")
plt.show()

# %% [markdown]
# All other cells come with noise, sway and fidgets. "No arm moves, and the body does not go
# down" is easy to learn, and leaves these two. This is a *hypothesis* that the counts
# suggest; to prove it, one would have to change the counts and nothing else. Ideally a
# network with attention would look at the few cells of a nod. Whether it does is the
# question of the whole course (tutorial 7), and the answer is no simple yes.
#
# <details><summary>Deeper: three warnings about a single number</summary>
#
# **One.** Training has kept the weights of the epoch that did best on 36 validation
# sequences, 12 of which are kicks and nods. Suppose that each of the 20 epochs answered
# those 12 by tossing a coin. How many heads has the luckiest of twenty, on average? The
# folded cell tosses: about 9 instead of 6. The best of many looks at few sequences is
# flattering. That is why the test set is looked at once, at the end.
#
# **Two.** Five right answers of six sound good next to a chance of one in six. But a method
# that knows nothing of sequences does better here: exercise 2. A synthetic data set shows
# that a network learns; it is not a benchmark.
#
# **Three.** It is one network, one seed, a few seconds. The package's demonstration (`make
# demo`: 14 actions, 80 people, minutes) has its numbers on [the page of
# results](../docs/results.md), and there, too, nods and kicks are what it confuses.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
tosses = np.random.default_rng(0).binomial(12, 0.5, (10_000, 20))
luckiest = tosses.max(axis=1).mean()
holds(f"the luckiest of twenty: {luckiest:.1f} of 12", 8.5 < luckiest < 9.5)
best_validation = min(row["validation_error"] for row in state.history)
print(f"best validation error {best_validation:.1%}, test {1 - result['accuracy']:.1%}")

# %% [markdown]
# ## 10. The same with arrays of your own
#
# `GCALSTMClassifier` takes a list of arrays, one for each sequence, and does most of this
# tutorial. The people go in as `groups`, and those who validate are taken from them.

# %%
joints = data.joints[:, 0]  # (all frames, 25, 3): the first and only person
sequences = [joints[start:end] for start, end in pairwise(data.offsets)]
labels = [NAMES[k] for k in data.label]
odd = data.subject % 2 == 1
train, test = np.flatnonzero(odd), np.flatnonzero(~odd)
model = GCALSTMClassifier(
    "demo", "kinect_v2", iterations=1, hidden=32, dropout=0.0, batch_size=8, epochs=10,
    patience=10, decay=0.93, validation=3
)  # fmt: skip
model.fit(
    [sequences[n] for n in train], [labels[n] for n in train], data.subject[train]
)
score = model.score([sequences[n] for n in test], [labels[n] for n in test])
print(f"accuracy {score:.1%}; in section 9 it was {result['accuracy']:.1%}")
holds("well above chance, one in six", score > 0.6)

# %% [markdown]
# More of it, and how it goes into scikit-learn's cross-validation: [the Python
# interface](../docs/python.md).
#
# ## Summary
#
# - A skeleton sequence is $\ell \times J \times 3$ numbers; one file holds all of them.
# - The grid has $J$ joints in the order of a chain and $T$ frames, one of each of $T$ equal
#   segments.
# - Hip at the origin, turned to the camera, divided by the torso: place, direction and size
#   are no longer there to be learnt.
# - People are kept apart between training, validation and testing.
# - A loss that stops above zero says something: $\frac{2}{6}\ln 2$ is a coin that decides
#   between two of six classes.
#
# ## Exercises
#
# Put your answer in the place of `...` and run the cell: it checks itself.
#
# **1 (easy).** The older Kinect has 20 joints (`KINECT_V1`). How many jumps does its chain
# make? Work it out, do not count.
#
# <details><summary>Hint</summary>
#
# Where must the walk jump? Which joints of a body with head, two hands and two feet are
# such places?
#
# </details>

# %%
number_of_jumps = ...


def counted():
    names, edges = KINECT_V1.joint_names, KINECT_V1.edges
    walk = chain(len(names), edges, root=find_roles(names, edges).hip)
    known = {frozenset(edge) for edge in edges}
    return sum(frozenset(step) not in known for step in pairwise(walk))


check_1 = exercise("1", counted, "One less than the ends of the body.")
check_1(number_of_jumps)

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1: five ends, so four jumps
assert check_1(5 - 1)

# %% [markdown]
# **2 (easy).** A method without order and time: describe each sequence by how far each
# coordinate of each joint ranges (75 numbers), take the mean description of each class over
# the training people, and answer with the class whose mean is nearest. Fill the two blanks.
#
# <details><summary>Hint</summary>
#
# `np.ptp(s, axis=0)` is the range over frames. The distance to a class is
# `np.linalg.norm(description - mean)`.
#
# </details>


# %%
def description(s):
    """75 numbers of a sequence (frames, 25, 3)."""
    return ...


def nearest(one, means):
    """The class (0 to 5) whose mean, a row of (6, 75), is nearest to one (75,)."""
    return ...


chains = [aligned.x[a:b, :, 0] for a, b in pairwise(aligned.offsets)]
known = np.concatenate([split.fit, split.validate])


def accuracy_of(describe, nearest):
    """Is it above 95 %? On the test people, with means over the training people."""
    described = np.array([describe(s) for s in chains]).reshape(len(chains), 75)
    of_class = [described[known][aligned.label[known] == k] for k in range(6)]
    means = np.array([rows.mean(axis=0) for rows in of_class])
    right = np.mean([nearest(described[n], means) for n in split.test] == true)
    print(f"nearest mean of ranges: {right:.1%}; the network: {result['accuracy']:.1%}")
    return bool(right > 0.95)


def attempt():
    tried = description(chains[0]), nearest(np.zeros(75), np.zeros((6, 75)))
    return ... if any(t is ... for t in tried) else accuracy_of(description, nearest)


check_2 = exercise("2", lambda: True, "It should be right in more than 95 %.")
check_2(attempt)

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2: always measure a simple method first
assert check_2(
    accuracy_of(
        lambda s: np.ptp(s, axis=0).ravel(),
        lambda one, means: np.linalg.norm(one - means, axis=1).argmin(),
    )
)

# %% [markdown]
# **3 (medium).** $m$ of $n$ classes cannot be told from each other, all others are certain.
# What are loss and accuracy?
#
# <details><summary>Hint</summary>
#
# Which share of the sequences belongs to the $m$? What is the probability of the truth
# there?
#
# </details>


# %%
def stuck(m, n):
    """Loss and accuracy where m of n classes are told apart by chance."""
    return ..., ...


def simulated():
    """The same by counting: a hundred thousand sequences of each of n = 14 classes."""
    p = np.eye(14)
    p[:3, :3] = 1 / 3
    return np.mean(-np.log(np.diag(p))), np.mean(np.diag(p))


check_3 = exercise("3", simulated, "m / n, times ln m; and 1/m of it is right.")
check_3(lambda: stuck(3, 14))


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3
def stuck_(m, n):
    return m / n * np.log(m), 1 - m / n + m / n / m


assert check_3(lambda: stuck_(3, 14))
same("two of six: the floor above", stuck_(2, 6)[0], floor)
print(f"two of 14: loss {stuck_(2, 14)[0]:.3f}, accuracy {stuck_(2, 14)[1]:.1%}")

# %% [markdown]
# **4 (medium).** A mirror image of a person waving with the right hand waves with the left.
# What does the network say of mirror images of the test sequences of "wave right hand"?
# Fill the blank: `x` is (sequences, frames, joints, 3); `aligned.mirrored` has at each place
# of the chain the place of the same joint of the other side; `sign` is $-1$ on the axis that
# changes.
#
# <details><summary>Hint</summary>
#
# Two things change: which joint is at a place (index the third axis), and a sign.
#
# </details>

# %%
waves = split.test[true == NAMES.index("wave right hand")]
x, _ = aligned.batch(waves, T)  # one person, so the last axis is x, y, z
sign = np.where(np.arange(3) == aligned.flipped[waves][:, None], -1, 1)[:, None, None]
mirror = ...


def usual_answer(mirror):
    """The class that the network gives to most of them."""
    if mirror is ...:
        return ...
    logits, _ = network.forward(best, np.asarray(mirror, np.float32))
    return NAMES[np.bincount(logits.argmax(axis=1)).argmax()]


check_4 = exercise("4", lambda: "wave left hand", "Move joints, then change a sign.")
check_4(lambda: usual_answer(mirror))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4: so here mirror images must not be used to train with
assert check_4(lambda: usual_answer(x[:, :, aligned.mirrored] * sign))

# %% [markdown]
# **5 (hard).** Teach the synthetic human a seventh action, a salute, and train a network on
# all seven. Guess first what it is mistaken for. The angles are functions of the phase, as in
# `gca_scratch/data/synthetic/actions.py`; the blank is the elbow.
#
# <details><summary>Hint</summary>
#
# A salute lifts the upper arm and bends the elbow by some 125°, while `up` is 1.
#
# </details>


# %%
def salute(phase, beats, size):
    up = held(phase)  # 0, then 1, then 0
    shoulder = {"right shoulder flex": 80 * size * up, "right shoulder rotate": 20 * up}
    return shoulder | {"right elbow flex": ...}


def elbow_is_bent(salute):
    """Does it hold the elbow at more than 90 degrees for a while, and let go?"""
    angles = salute(np.linspace(0, 1, 101), 2, 1.0)["right elbow flex"]
    if angles is ...:
        return ...
    return bool(np.median(angles) > 90 and angles[0] == angles[-1] == 0)


check_5 = exercise("5", lambda: True, "A number of degrees, times `up`.")
check_5(lambda: elbow_is_bent(salute))


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5, and what a network makes of it
def saluting(phase, beats, size):
    up = held(phase)
    shoulder = {"right shoulder flex": 80 * size * up, "right shoulder rotate": 20 * up}
    return shoulder | {"right elbow flex": 125 * up}


assert check_5(lambda: elbow_is_bent(saluting))
ACTIONS["salute"] = saluting, 2.0
seven = synthetic.generate(
    seed=0, subjects=24, repetitions=2, classes=(*NAMES, "salute")
)
del ACTIONS["salute"]
split_7 = runs.make_split(seven, runs.Source("synthetic", protocol="half"), settings)
network_7 = split_7.network(settings)
state_7 = training.start(network_7, settings)
state_7 = training.train(
    network_7, state_7, split_7.aligned, split_7.fit, split_7.validate, settings
)
row = np.array(runs.test(split_7, network_7, state_7, settings)["confusion"])[6]
taken = {name: int(n) for name, n in zip(seven.class_names, row, strict=True) if n}
print("a salute is taken for:", taken)
arm = [NAMES.index("wave right hand"), NAMES.index("drink right hand"), 6]
holds("mostly for what the right arm does", row[arm].sum() > 0.8 * row.sum())

# %% [markdown]
# ## What comes next
#
# You have used the network as a black box. [Tutorial 1](01_cell.ipynb) opens it at its
# smallest part: one cell, forward and backward. If you would rather see real recordings
# first, [tutorial 9](09_real_skeletons.ipynb) needs nothing but this one.
