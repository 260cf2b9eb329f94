# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7. What the network looks at
#
# Somebody waves the left hand. A trained network gives every joint a score (the size of its
# dot; orange are the joints that act) and answers. Turn its attention down, up, or upside
# down. What becomes of the answer?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# %matplotlib inline
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from gca_scratch import runs, training
from gca_scratch.data import alignment, noise, synthetic
from gca_scratch.data.joint_names import find_roles
from gca_scratch.experiments import paper
from gca_scratch.figures import bodies, charts, localisation
from gca_scratch.figures.canvas import BLUE, GREY, ORANGE
from gca_scratch.figures.dial import Dial, Sketch
from gca_scratch.network import attention, grid, memory
from gca_scratch.network.ops import probabilities
from gca_scratch.network.sweep import wavefront
from gca_scratch.runs import trained
from gca_scratch.settings import PRESETS
from gca_scratch.support.claims import exercise, holds, same

np.set_printoptions(precision=3, suppress=True)
ACTIONS = [
    "wave left hand", "wave right hand", "punch left", "punch right", "kick left", "kick right"
]  # fmt: skip
data = synthetic.generate(seed=0, subjects=60, repetitions=1, classes=ACTIONS)
settings = replace(PRESETS["demo"], hidden=32, epochs=12, patience=12, validation=0)
split = runs.make_split(data, runs.Source("synthetic"), settings)
network, aligned = split.network(settings), split.aligned
J, T, H = network.joints, network.frames, network.hidden
FILE = Path("weights_07.npz")  # made by tutorials/weights.py, in some minutes


def trained_with(seed, split=split, settings=settings, people="calm"):
    """Weights of one seed, as they are shipped; trained here where there is no file."""
    if FILE.exists():
        with np.load(FILE) as file:
            mine = [name for name in file if name.startswith(f"{people}/{seed}/")]
            return {n.split("/")[2]: file[n].astype(np.float32) for n in mine}
    chosen, network = replace(settings, seed=seed), split.network(settings)
    state, groups = training.start(network, chosen), (split.fit, split.validate)
    return training.best_weights(
        training.train(network, state, split.aligned, *groups, chosen)
    )


weights = trained_with(seed=0)
x, y = aligned.batch(split.test, T)  # x (B, T, J, 3)
logits, cache = network.forward(weights, x)
scores = network.scores(cache)  # (N, B, T, J)
right = logits.argmax(axis=1) == y
truth = localisation.truth_at(data, aligned, split.test, T)  # bool (B, T, J)
shown = int(np.flatnonzero(right & (y == ACTIONS.index("wave left hand")))[0])
body = trained.body(data, aligned)
frames = aligned.frame_index(split.test[shown : shown + 1], T)[0]
poses = aligned.x[frames]  # (T, J, 1, 3)


def turned(s, weights=weights):
    """Logits and scores with W_e1 of both iterations multiplied by s."""
    both = [f"attention.{n}.We1" for n in (1, 2)]
    other = weights | {name: np.float32(s) * weights[name] for name in both}
    logits, cache = network.forward(other, x)
    return logits, network.scores(cache)


def seen(s):
    """Five frames of the sequence, scores as dots, and the answer."""
    logits, scores = turned(s)
    p = probabilities(logits)[shown]
    sketch = Sketch(640, 230, f"scores with attention times {s}")
    for place, t in enumerate((1, 3, 5, 7, 9)):
        px, py = 64 + 128 * place - 50 * poses[t, :, 0, 0], 105 - 50 * poses[t, :, 0, 1]
        sketch.lines([(px[a], py[a], px[b], py[b]) for a, b in body.bones], GREY, 1)
        for j in range(J):
            radius = min(2.2 * np.sqrt(J * T * scores[0, shown, t, j]), 14)
            sketch.dot(px[j], py[j], radius, ORANGE if truth[shown, t, j] else BLUE)
    answer = f"it says: {ACTIONS[p.argmax()]}, with probability {p.max():.3f}"
    return sketch.text(320, 222, answer, size=14) or sketch


factors = [-4, -2, -1, 0, 1, 2, 4]
Dial([seen(s) for s in factors], factors, "attention, times", factors.index(1))

# %% [markdown]
# **What you will do.** Put drawings of attention to the test: against the truth, which
# synthetic data knows, against guesses that cost nothing, and by interfering, as the dial
# does.
#
# **What you need.** Tutorials 1 to 5, and probability as counting. About 35 minutes of reading; the
# code runs in under a minute.
#
# The networks come with this tutorial, weights and all (`weights_07.npz`, trained by
# `python weights.py`, seeds 0, 1 and 2). So what is said of them here is true of yours:
# training anew on another processor ends elsewhere.
#
# ## 1. A network to look at
#
# Six actions: waving, punching, kicking, each left and right. Sixty people perform each
# once; thirty train the network, the others test it. $T = 10$ frames, $H = 32$ units,
# $N = 2$ attention iterations.
#
# > **Predict.** Which action is mistaken for which? The chain walks through trunk, left
# > arm, right arm, left leg, right leg.

# %%
confusion = np.zeros((len(ACTIONS), len(ACTIONS)), int)
np.add.at(confusion, (y, logits.argmax(axis=1)), 1)
display(charts.confusion_matrix(confusion, ACTIONS, percent=False))
kicks = confusion[4, 5] + confusion[5, 4]
print(f"accuracy {right.mean():.1%}, by chance {1 / len(ACTIONS):.1%}")
holds("nine tenths of its errors are between the kicks", kicks >= 0.9 * (~right).sum())
same(
    "scores of a sequence sum to",
    scores.sum(axis=(2, 3)),
    np.ones((2, len(y))),
    to=1e-5,
)

# %% [markdown]
# ## 2. Figs. 7 and 8
#
# With $J T = 250$ cells a uniform guess is $1/250$. So we show $r^{(n)}_{j,t}\,J T$,
# multiples of a uniform guess: first of one sequence, then the mean of each joint over all.

# %%
strip = scores[:, shown]
display(bodies.skeleton_strip("Waving", poses, body.bones, strip, aligned.up, frames=5))

# %%
joint_names = [data.joint_names[j] for j in aligned.order]
per_joint = scores.sum(axis=2).mean(axis=1)  # (N, J)
pose = poses[0, :, 0]
display(
    bodies.body_map(
        "Mean", pose, body.bones, per_joint, joint_names, aligned.up, named=4
    )
)
for n, means in enumerate(per_joint, start=1):
    brightest = [joint_names[j] for j in np.argsort(-means)[:4]]
    print(f"iteration {n}, brightest on average: {', '.join(brightest)}")
acting = {joint_names[j] for j in np.flatnonzero(truth[shown].any(axis=0))}
print("what acts in the sequence above:", ", ".join(sorted(acting)))

# %% [markdown]
# The paper's Fig. 8 has hands and feet in front. (Its scores come from soft attention,
# trained on other data: exercise 4.) Pictures invite stories. Let us replace them by a
# number.
#
# ## 3. The area under the ROC curve
#
# Take one cell that carries the action and one that does not, at random. The area under the
# curve (AUC) is the chance that the first has the higher score, ties counting half:
#
# $$\mathrm{AUC} = \frac{1}{|P|\,|Q|} \sum_{p \in P} \sum_{q \in Q}
# \Big( [\,r_p > r_q\,] + \tfrac12 [\,r_p = r_q\,] \Big).$$
#
# It is 1 if all acting cells lie above all others and $\tfrac12$ for a guess that knows
# nothing.
#
# > **Predict.** Five cells with scores 0.1, 0.4, 0.4, 0.2, 0.6; the third and the fifth
# > act. Count the six pairs on paper.

# %%
five = np.array([0.1, 0.4, 0.4, 0.2, 0.6])
acts = np.array([False, False, True, False, True])
pairs = five[acts][:, None] - five[~acts]  # (2, 3): one entry per pair
by_hand = np.mean((pairs > 0) + 0.5 * (pairs == 0))
same("five and a half of six", by_hand, localisation.auc(five, acts), to=0)

# %% [markdown]
# **Within or across.** A map could do well *within* sequences by always pointing at the
# hands. To see whether it *responds*, fix one cell and compare sequences: is it higher where
# the action is there? That is *across*.
#
# > **Predict.** A fixed map, the share of test sequences whose action is at each cell, has
# > even seen the truth. What does it get within, and what across?

# %%
fixed = np.broadcast_to(truth.mean(axis=0), truth.shape)
within = localisation.mean_auc(fixed, truth)
across = localisation.mean_auc_of_cells(fixed, truth)
holds(f"within {within:.2f}, but across {across:.2f}", across == 0.5 and within > 0.55)

# %% [markdown]
# Across sequences every pair of a fixed map is a tie. That is the control to insist on.
#
# ## 4. Scores against guesses
#
# One more kind of truth: a cell is *reached* if the action has been at an earlier or the
# same joint of the chain, and an earlier or the same frame. (Section 5 says why.) And one
# more guess: the speed of each joint, which has no weights.
#
# > **Predict.** Rank the guesses in the column *action* (across sequences, for the cells
# > that act).

# %%
seeds = {seed: trained_with(seed) for seed in (0, 1, 2)}
areas = {
    seed: localisation.localise(network, w, data, aligned, split.test)
    for seed, w in seeds.items()
}
print(f"{'':22}{'within':>8}{'action':>8}{'reached':>8}")
for seed, rows in areas.items():
    for name in ("iteration 1", "iteration 2"):
        row = "".join(f"{value:8.2f}" for value in rows[name].values())
        print(f"seed {seed}, {name:14}{row}")
for name in ("uniform guess", "joint speed"):
    print(f"{name:22}" + "".join(f"{value:8.2f}" for value in areas[0][name].values()))

# %%
figure, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
kinds = ("within", "action", "reached")
for k, kind in enumerate(kinds):
    ax.plot([k], [areas[0]["joint speed"][kind]], "D", color=ORANGE, ms=9)
    for n, mark in ((1, "o"), (2, "s")):
        of_seeds = [rows[f"iteration {n}"][kind] for rows in areas.values()]
        ax.plot([k - 0.2 + 0.1 * n] * 3, of_seeds, mark, color=BLUE, mfc="none", ms=8)
ax.axhline(0.5, color=GREY, ls=":")
ax.set(xticks=range(3), xticklabels=kinds, ylim=(0.3, 1), ylabel="AUC")
ax.set_title("blue: iterations 1 (o) and 2 (□) of three seeds; orange: joint speed")
plt.show()

# %%
speed = areas[0]["joint speed"]
of = {k: np.array([[rows[f"iteration {n}"][k] for n in (1, 2)] for rows in areas.values()])
      for k in kinds}  # fmt: skip
holds(
    "joint speed is ahead of all scores, within",
    speed["within"] > of["within"].max() + 0.1,
)
holds("and for the acting cells, across", speed["action"] > of["action"].max() + 0.1)
holds("within, all scores are within 0.15 of 0.5", abs(of["within"] - 0.5) < 0.15)
holds("yet each network responds somewhere", of["action"].max(axis=1) > 0.55)
more = of["reached"] > of["action"]
holds(
    "more to what is reached in some, to what acts in others",
    more.any() and (~more).any(),
)
later = of["within"][:, 1] > of["within"][:, 0]
print("iteration 2 is better than 1, within, in", later.sum(), "of three networks")

# %% [markdown]
# A map that is to show *where* an action happens has to beat joint speed. These do not come
# near, and the networks are right in most cases. Why?
#
# ## 5. Eq. 5 reads $h$, not $x$
#
# $$e^{(n)}_{j,t} = W_{e_1} \tanh\left( W_{e_2}
# \begin{pmatrix} h_{j,t} \\ \mathrm{IF}^{(n-1)} \end{pmatrix} \right).$$
#
# **Claim.** $\partial h_{j,t} / \partial x_{j',t'} = 0$ unless $j' \le j$ and $t' \le t$: an
# input's influence spreads down the chain and forward in time, and nowhere else.
#
# <details><summary>Deeper: the proof</summary>
#
# By induction over $k = j + t$. By Eqs. 1 to 3, $h_{j,t}$ and $c_{j,t}$ are computed from
# $x_{j,t}$ and from the states of $(j-1, t)$ and $(j, t-1)$. For $k = 0$ both predecessors
# are the zeros outside the grid. Let the claim hold for all cells of $k - 1$. Then the state
# of $(j-1, t)$ depends only on $x_{j',t'}$ with $j' \le j - 1$, $t' \le t$, and that of
# $(j, t-1)$ only on those with $j' \le j$, $t' \le t - 1$. Together with $x_{j,t}$ this is
# the set $j' \le j$, $t' \le t$. $\square$
#
# </details>
#
# We move the left hand (place 8 of 0 to 24) in frame 3 of 0 to 9 by some 7 cm.
#
# > **Predict.** How many of the 250 cells of layer 1 can notice? And in which cell does the
# > *score* change most?


# %%
def layer_1(x):
    """h of layer 1, (B, T, J, H), in the precision of x."""
    W, b = (weights[f"layer1.{name}"].astype(x.dtype) for name in "Wb")
    h, _ = wavefront.forward(grid.pack(x), W, b, J, T)
    return grid.unpack(h, J, T)


def log_scores(x, IF=None):
    """log r - log r of the first cell, (T, J), iteration 1; the memory of x if none is given."""
    h = grid.pack(layer_1(x))  # (K, 1, H)
    IF = memory.average_forward(h)[0] if IF is None else IF
    We1, We2 = (weights[f"attention.1.{name}"].astype(float) for name in ("We1", "We2"))
    r, _ = attention.informativeness_forward(h, IF, We1, We2)
    e = np.log(grid.unpack(r, J, T))[0]
    return e - e[0, 0]


j0, t0 = joint_names.index("left hand"), 3
one = x[shown : shown + 1].astype(np.float64)
moved = one.copy()
moved[0, t0, j0] += (0.1, 0.1, 0.0)  # in lengths of the torso, of about 50 cm
dh = np.linalg.norm(layer_1(moved) - layer_1(one), axis=-1)[0]  # (T, J)
IF = memory.average_forward(grid.pack(layer_1(one)))[0]
direct = np.abs(log_scores(moved, IF) - log_scores(one, IF))
whole = np.abs(log_scores(moved) - log_scores(one))

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained", sharey=True)
titles = "$h$ of layer 1", "score, memory held", "score, memory follows"
for ax, change, title in zip(axes, (dh, direct, whole), titles, strict=True):
    shades = np.log10(np.maximum(change, 1e-6)).T
    image = ax.imshow(shades, cmap="cividis", aspect="auto", vmin=-6, vmax=0)
    ax.plot(t0, j0, "o", mfc="none", mec="white", ms=9)
    ax.set(title=title, xlabel="frame $t$", xticks=range(T))
axes[0].set_yticks(range(J), joint_names, fontsize=7)
figure.colorbar(image, ax=axes, label="$\\log_{10}$ of the change")
figure.suptitle("What a nudge of the left hand (circle) changes")
plt.show()

# %%
inside = np.zeros((T, J), bool)
inside[t0:, j0:] = True
holds(f"{np.count_nonzero(dh)} cells notice: the rectangle", (dh > 0) == inside)
holds("with the memory held, no score outside it", direct[~inside] < 1e-9)
hand, legs = direct[:, j0].max(), direct[:, joint_names.index("left hip") :].max()
print(f"a leg's score changes by up to {legs / hand:.0%} of what the hand's own does")
holds("more than a hundredth: legs have heard of the hand", legs > hand / 100)
detour = whole[~inside].max() / whole[:, j0].max()
holds(f"outside, through the memory: {detour:.1%}, below 4 %", detour < 0.04)

# %% [markdown]
# The news of the hand fills the rectangle: cells of the *legs*, a dozen joints further on,
# change their score because the *left hand* moved. If a leg's cell is bright, that may well
# be what it is bright about.
#
# ## 6. What can be read from a cell
#
# A *linear probe* takes the $H$ numbers of one cell and predicts the action: fitted to the
# training people, tested on the others, one probe for each of the 250 cells. Beside it the
# same for the three coordinates.
#
# > **Predict.** Sketch its accuracy in the last frames along the chain, from spine to right
# > foot. Where does it rise?


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def standard(a, of):
    """Columns of `a` in deviations from the mean of `of`, and a column of ones."""
    columns = (a - of.mean(axis=0)) / (of.std(axis=0) + 1e-6)
    return np.column_stack([columns, np.ones(len(a))])


def probe(fit, labels, test, truth, ridge=10.0):
    """Accuracy of ridge regression: fit (n, D), labels (n,), test (m, D), truth (m,)."""
    A, targets = standard(fit, fit), np.eye(len(ACTIONS))[labels]
    C = np.linalg.solve(A.T @ A + ridge * np.eye(A.shape[1]), A.T @ targets)
    return np.mean((standard(test, fit) @ C).argmax(axis=1) == truth)


x_fit, y_fit = aligned.batch(split.fit, T)
readable = {}
for name, (fit, test) in {"x": (x_fit, x), "h": (layer_1(x_fit), layer_1(x))}.items():
    readable[name] = np.array(
        [
            [probe(fit[:, t, j], y_fit, test[:, t, j], y) for j in range(J)]
            for t in range(T)
        ]
    )
late = {name: values[-5:].mean(axis=0) for name, values in readable.items()}
figure, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
ax.plot(late["h"], color=BLUE, marker=".", label="probe on $h_{j,t}$ of layer 1")
ax.plot(late["x"], color=ORANGE, marker=".", label="probe on coordinates $x_{j,t}$")
ax.axhline(1 / len(ACTIONS), color=GREY, ls=":", label="chance")
ax.set_xticks(range(J), joint_names, rotation=90, fontsize=7)
ax.set(ylim=(0, 1.02), ylabel="accuracy", title="mean of the last five frames")
ax.legend(frameon=False, fontsize=8)
plt.show()

# %%
at = {name: joint_names.index(name) for name in ("left shoulder", "left elbow")}
at |= {name: joint_names.index(name) for name in ("right shoulder", "right wrist")}
trunk = late["h"][: at["left shoulder"]]
left_arm = late["h"][at["left elbow"] : at["right shoulder"]]
behind = late["h"][at["right wrist"] :]
steps = f"{trunk.mean():.2f} on the trunk, {left_arm.mean():.2f} on the left arm"
steps += f", {behind.mean():.2f} from the right wrist on"
climbs = trunk.max() < left_arm.min() and left_arm.max() < behind.min()
holds(f"a staircase: {steps}", climbs)
legs_h, legs_x = (late[name][joint_names.index("left hip") :].min() for name in "hx")
holds(
    f"a joint of the legs: {legs_h:.2f} from h, {legs_x:.2f} from x",
    legs_h > legs_x + 0.2,
)
for n, means in enumerate(per_joint, start=1):
    top = np.argsort(-means)[:4]
    print(
        f"the brightest four of iteration {n} can be read at {late['h'][top].mean():.2f}"
    )

# %% [markdown]
# The curve *stays* high through both legs, which do nothing in most of these sequences. So for
# the network a cell of the left foot is as good a place to read off "left hand waved" as the
# hand. Nothing in the loss asks the scores to point at the *origin* of the
# evidence: **high scores may lie where the action has been heard of.**
#
# <details><summary>Deeper: how high the stairs are</summary>
#
# Who knows the two actions of the left arm and guesses among the other four is right in
# $\frac26 + \frac46 \cdot \frac14 = 0.5$ of all cases; who knows four and tosses a coin for
# the kicks, in $\frac46 + \frac26 \cdot \frac12 = 0.83$.
#
# </details>
#
# ## 7. Does the network care?
#
# The dial at the top multiplies $W_{e_1}$ by $s$. By Eq. 5 every $e_{j,t}$ becomes
# $s\,e_{j,t}$, so by Eq. 6 in the first iteration
#
# $$r_{j,t} \;\longrightarrow\; \frac{r_{j,t}^{\,s}}{\sum_{u,v} r_{u,v}^{\,s}} .$$
#
# $s = 0$ makes all scores equal, $s = -1$ turns the map upside down.
#
# > **Predict.** How much accuracy do the three networks lose at $s = 0$? At $s = -1$?

# %%
upside_down = turned(-1)[1][0]
expected = 1 / scores[0] / (1 / scores[0]).sum(axis=(1, 2), keepdims=True)
same("upside down, as the formula", upside_down, expected, to=1e-3)
decided = {
    (k, s): turned(s, w)[0].argmax(axis=1) for k, w in seeds.items() for s in factors
}
print("accuracy at s =" + "".join(f"{s:8}" for s in factors))
for k in seeds:
    shares = "".join(f"{np.mean(decided[k, s] == y):8.1%}" for s in factors)
    print(f"seed {k}         {shares}")
changed = {key: np.mean(d != decided[key[0], 1]) for key, d in decided.items()}
most = max(changed.values())
holds(f"at most {most:.1%} of the decisions change, less than 5 %", most < 0.05)

# %% [markdown]
# Turned upside down, the map serves these networks as well. Whoever had explained their
# decisions by the bright joints could have explained them by the dark ones.
#
# Where does the indifference come from? Scores act only through $F$, the output of layer 2's
# last cell, which refines the memory (Eq. 8). The first $H$ rows of `WF` meet $F$.
#
# > **Predict.** Put them to zero in both iterations: nothing that layer 2 says is heard any
# > more. What happens to the accuracy?

# %%
for k, w in seeds.items():
    deaf = {name: value.copy() for name, value in w.items()}
    for n in (1, 2):
        deaf[f"memory.{n}.WF"][:H] = 0
    alone = np.mean(network.forward(deaf, x)[0].argmax(axis=1) == y)
    full = np.mean(decided[k, 1] == y)
    holds(f"seed {k}: {full:.1%} with F, {alone:.1%} without", abs(full - alone) < 0.1)

# %% [markdown]
# These networks decide from $\mathrm{IF}^{(0)}$, the mean of layer 1, and hardly need layer
# 2: so sections 2 to 6 showed scores on which nothing depends. Larger ones
# [were asked the same](../docs/results.md); ask yours.
#
# ## 8. Ask the answer
#
# The scores are one answer to "where does it look?". Others ask what the *decision* depends
# on: how far the logit of the class that is answered stands above the mean of all.
#
# - **gradient**: how much a nudge of the cell's input moves it;
# - **on the way**: what the cell adds on the straight way from the mean posture to where it
#   is;
# - **joint x moment**: that, summed over the joint's frames, times the sum over the frame's
#   joints, times the distance from the mean posture;
# - **left out**: what changes when the joint keeps its mean posture, times the same of the
#   moment.
#
# Two guesses ask no network: joint speed, and the distance from the mean posture. Beside the
# calm people come *restless* ones, who move everything, all the time, with three networks of
# their own.
#
# > **Predict.** Which answer wins among the calm, which among the restless?

# %%
many = 10 if FILE.exists() else 80  # the even ones are tested: no training saw them
restless = synthetic.generate(seed=0, subjects=many, restless=True)
longer = replace(settings, epochs=14, patience=14, decay=0.94)
other = runs.make_split(restless, runs.Source("synthetic"), longer)
found = {"calm": list(areas.values()), "restless": []}
for seed in (0, 1, 2):
    w = trained_with(seed, other, longer, "restless")
    asked = other.network(longer), w, restless, other.aligned, other.test[:110]
    found["restless"].append(localisation.localise(*asked))
mean = {
    who: {name: np.mean([rows[name]["within"] for rows in three]) for name in three[0]}
    for who, three in found.items()
}
print(f"{'area within, mean of three':28}{'calm':>8}{'restless':>10}")
for name in mean["calm"]:
    print(f"{name:28}{mean['calm'][name]:8.2f}{mean['restless'][name]:10.2f}")

# %%
names = [name for name in mean["calm"] if name != "uniform guess"]
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained", sharey=True)
for ax, (who, three) in zip(axes, found.items(), strict=True):
    for y_at, name in enumerate(names):
        colour = ORANGE if name in ("joint speed", "distance from mean") else BLUE
        ax.plot([rows[name]["within"] for rows in three], [y_at] * 3, "o", color=colour)
    ax.axvline(0.5, color=GREY, ls=":")
    ax.set(title=f"{who} people", xlabel="AUC within", xlim=(0.2, 1))
axes[0].set_yticks(range(len(names)), names)
axes[0].invert_yaxis()
plt.show()

# %%
for who, three in found.items():
    best = [rows["joint x moment"]["within"] for rows in three]
    gate = [max(rows[f"iteration {n}"]["within"] for n in (1, 2)) for rows in three]
    ahead = np.subtract(best, gate) > 0.1
    holds(f"{who}: joint x moment is ahead of every score", ahead)
for who, area in mean.items():
    lead = area["joint x moment"] - max(area["joint speed"], area["distance from mean"])
    print(f"{who}: joint x moment ahead of the better guess by {lead:+.2f}")
holds("among the restless it knows more than a guess", lead > 0.1)

# %% [markdown]
# Where only the acting limb moves, its distance from the mean posture *is* the answer. Among
# restless people the guesses fall back; joint x moment does not: the network knows where, and
# its scores hardly say it. It knows without attention, too. No reading of the gate that was
# tried, the odds of tutorial 3 among them, came near
# ([what was measured](../docs/tables/gate-readings.md)).
#
# ## 9. Another seed, another story
#
# A property of the *actions* should come out again when training starts from other weights.
#
# > **Predict.** Two networks that differ in the seed alone: same decisions? Same maps?


# %%
def top(r, share=0.1):
    """The cells of the highest scores of each sequence: bool, of r's shape (B, T, J)."""
    return r >= np.quantile(r, 1 - share, axis=(1, 2), keepdims=True)


maps = {k: network.scores(network.forward(w, x)[1]) for k, w in seeds.items()}
shared = {}
for a, b in ((0, 1), (0, 2), (1, 2)):
    agree = np.mean(decided[a, 1] == decided[b, 1])
    both = [top(maps[a][n]) & top(maps[b][n]) for n in (0, 1)]
    shared[a, b] = [m.sum() / top(maps[a][n]).sum() for n, m in enumerate(both)]
    cells = ", ".join(f"{share:.0%}" for share in shared[a, b])
    print(f"seeds {a} and {b}: {agree:.0%} same decisions; top cells shared: {cells}")
average = np.mean(list(shared.values()))
holds(
    f"on average {average:.0%} of the top cells, where chance gives 10 %", average < 0.4
)

# %% [markdown]
# A claim about attention needs several seeds, as a claim about accuracy does.
#
# ## 10. Noise in centimetres
#
# Table VI of the paper adds Gaussian noise of deviation $\sigma$ to all coordinates.
#
# > **Predict.** At which $\sigma$ will accuracy have fallen half-way to chance: 4, 8, 16 or
# > 32 cm?


# %%
def accuracy_on(changed):
    """Accuracy on the test sequences of changed data, which is aligned as the data was."""
    prepared = alignment.align(changed, settings.face_camera, settings.torso_scale)
    logits, _ = network.forward(weights, prepared.batch(split.test, T)[0])
    return np.mean(logits.argmax(axis=1) == y)


centimetres = [0, 1, 2, 4, 8, 16, 32]
curve = [accuracy_on(noise.noisy(data, s / 100)) for s in centimetres]
of_paper = [(100 * r.noise, r.paper[0] / 100) for r in paper.table_VI().rows if r.noise]
error = [np.sqrt(p * (1 - p) / len(y)) for p in curve]
figure, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
ax.errorbar(
    centimetres, curve, error, color=BLUE, marker="o", capsize=3, label="this network"
)
ax.plot(*zip(*of_paper, strict=True), "s--", color=ORANGE, label="Table VI (MHAD)")
ax.axhline(1 / len(ACTIONS), color=GREY, ls=":", label="chance, six actions")
ax.set(xlabel="deviation of the noise, cm", ylabel="accuracy", ylim=(0, 1.05))
ax.legend(frameon=False, fontsize=8)
plt.show()

# %%
half = (curve[0] + 1 / len(ACTIONS)) / 2
at_half = np.interp(half, curve[::-1], centimetres[::-1])
print(f"half-way to chance, {half:.0%}, at about {at_half:.0f} cm")
holds("it lies between 4 and 32 cm", 4 < at_half < 32)

# %% [markdown]
# Why does noise hurt? Most of it is not the network: alignment trusts four joints, and noise
# on these alone does more harm than noise on all the others.
#
# <details><summary>Deeper: joint by joint</summary>
#
# The hip of the first frame is the origin of *all* coordinates, the line through both hips
# decides how the body is *turned*, hip to neck is the *unit*. The folded cell puts 16 cm on
# some joints only. Noise on 21 joints differs from cell to cell, and the network averages it
# away. A wrong origin shifts all 250 cells together.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
roles = find_roles(data.joint_names, [tuple(bone) for bone in data.edges.tolist()])
used = [roles.hip, roles.left, roles.right, roles.top]
groups = {
    "the 21 not used": [j for j in range(J) if j not in used],
    "the 4 used": used,
    "  hip: origin": [roles.hip],
    "  both hips: turn": [roles.left, roles.right],
    "  neck: unit": [roles.top],
}
with_noise, hit = noise.noisy(data, 0.16).joints, {"all 25 joints": curve[5]}
for name, joints in groups.items():
    chosen = np.isin(np.arange(J), joints)[
        :, None
    ]  # (J, 1), beside joints (F, P, J, 3)
    mixed = np.where(chosen, with_noise, data.joints)
    hit[name] = accuracy_on(replace(data, joints=mixed))
print(
    "\n".join(f"16 cm on {name:18} accuracy {share:.0%}" for name, share in hit.items())
)
lost = {name: curve[0] - share for name, share in hit.items()}
holds(
    "four joints do more harm than 21", lost["the 4 used"] > 2 * lost["the 21 not used"]
)
holds("the neck least of them", lost["  neck: unit"] <= min(list(lost.values())[3:]))

# %% [markdown]
# ## 11. What you may say
#
# | you see | you may say | you may not say, without more |
# | --- | --- | --- |
# | a bright joint | layer 2 takes more of this $h$ | the action is here: $h$ has heard of all before it |
# | a bright joint | the score is high | the decision rests on it: turn the map over |
# | hands bright on average | the mean map is so | it follows hands: a fixed map does that |
# | iteration 2 differs | the memory changed the scores | it looks more accurately: ask the truth |
# | joint x moment is bright | the decision depends on it | only the network sees it: ask a guess |
# | one network's maps | this network, this seed | these actions: train again |
# | a fall of accuracy with noise | network *and* alignment suffer | the network does: try joint by joint |
#
# Attention is a part of a computation; as a picture it is a hypothesis.
#
# ## Exercises
#
# Put your answer in the place of `...` and run the cell: it checks itself.
#
# **1 (easy). A map that never looks.** The map $m_{j,t} = (j+1)(t+1)$ does not depend on the
# sequence. Which area does it get *across* sequences for the reached cells? Is it above 0.8
# *within* (True or False)?
#
# <details><summary>Hint</summary>
#
# Across: what are all pairs of a fixed map? Within: reached cells lie late in both
# directions.
#
# </details>

# %%
across, within_is_high = ..., ...


def measured_1():
    product = np.outer(np.arange(1, T + 1), np.arange(1, J + 1)).astype(float)
    never, heard = np.broadcast_to(product, truth.shape), localisation.reached(truth)
    high = localisation.mean_auc(never, heard) > 0.8
    return localisation.mean_auc_of_cells(never, heard), bool(high)


check_1 = exercise("1", measured_1, "Look at section 3 again.")
check_1((across, within_is_high))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1: only the second number would have fooled you
assert check_1((0.5, True))

# %% [markdown]
# **2 (medium). Who hears whom.** How many cells hear of the input $x_{j,t}$? How many inputs
# does $h_{j,t}$ hear? (The first is checked by nudging.)
#
# <details><summary>Hint</summary>
#
# Both are rectangles; $j$ and $t$ count from 0.
#
# </details>


# %%
def heard_by(j, t):
    """How many cells hear of the input at (j, t)."""
    return ...


def nudged():
    counts = []
    for j, t in ((24, 9), (0, 0), (20, 5)):
        other = one.copy()
        other[0, t, j] += 0.1
        notice = np.abs(layer_1(other) - layer_1(one)).max(axis=-1)
        counts.append(np.count_nonzero(notice))
    return tuple(counts)


check_2 = exercise("2", nudged, "From (j, t) to the last joint and the last frame.")
check_2(tuple(heard_by(j, t) for j, t in ((24, 9), (0, 0), (20, 5))))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2: (J - j)(T - t) cells hear it; h hears (j + 1)(t + 1) inputs
assert check_2(tuple((J - j) * (T - t) for j, t in ((24, 9), (0, 0), (20, 5))))

# %% [markdown]
# **3 (medium). Gradients as a map.** How strongly does the logit of the true class depend on
# the input of each cell? `network.backward(dlogits, cache, with_input=True)["input"]` gives
# $\partial/\partial x$, (B, T, J, 3), of the sum of `dlogits * logits`. Choose `dlogits` for
# the first sixty sequences. Does the length of this gradient find the acting joints better
# than $r$ does?
#
# <details><summary>Hint</summary>
#
# 1 at the true class of each sequence and 0 elsewhere: rows of `np.eye`.
#
# </details>

# %%
dlogits = ...  # (60, 6)
exact = {name: value.astype(float) for name, value in weights.items()}
x64 = x[:60].astype(float)


def gradient_map(dlogits):
    """The length of the gradient at each cell, (60, T, J)."""
    if dlogits is ...:
        return ...
    _, cache = network.forward(exact, x64)
    g = network.backward(np.asarray(dlogits, float), cache, with_input=True)["input"]
    return g[0, t0, j0, 0]


def by_differences():
    step = np.zeros_like(x64[:1])
    step[0, t0, j0, 0] = 1e-5
    up, down = (network.forward(exact, x64[:1] + s * step)[0][0, y[0]] for s in (1, -1))
    return (up - down) / 2e-5


check_3 = exercise("3", by_differences, "One entry of each row is 1.", to=1e-4)
check_3(lambda: gradient_map(dlogits))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3
true_class = np.eye(len(ACTIONS))[y[:60]]
assert check_3(lambda: gradient_map(true_class))
_, cache_64 = network.forward(exact, x64)
g = network.backward(true_class, cache_64, with_input=True)["input"]
for name, m in (
    ("gradient", np.linalg.norm(g, axis=-1)),
    ("iteration 1", scores[0, :60]),
):
    within = localisation.mean_auc(m, truth[:60])
    across = localisation.mean_auc_of_cells(m, truth[:60])
    print(f"{name:12} within {within:.2f}, across {across:.2f}")

# %% [markdown]
# **4 (hard). Soft attention.** The paper's own Figs. 7 and 8 show *soft* attention:
# $F = \sum_{j,t} r_{j,t} h_{j,t}$, without a second layer. Will a network with it care more
# when its map is turned over? Say why, then fill the blank and train it.
#
# <details><summary>Hint</summary>
#
# `attention="soft"`, `iterations=1`. What is $F$, if not the mean that the scores weigh?
#
# </details>

# %%
soft_options = ...  # a dict of the two settings that change


def kind_of(options):
    """What kind of network these options make."""
    if options is ...:
        return ...
    chosen = replace(settings, **options)
    return (
        chosen.attention,
        chosen.iterations,
        "layer2.W" in split.network(chosen).shapes(),
    )


check_4 = exercise("4", lambda: ("soft", 1, False), "Two names of `settings`.")
check_4(lambda: kind_of(soft_options))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4. F is now nothing but the mean that the scores weigh; the gate's layer 2 has
# gates of its own, which make up for bad scores. So upside down should hurt more. Uniform
# scores need not: then F is the mean of h, which is IF(0). This network is trained here.
answer = {"attention": "soft", "iterations": 1}
assert check_4(lambda: kind_of(answer))
soft_settings = replace(settings, **answer)
soft = split.network(soft_settings)
state = training.start(soft, soft_settings)
state = training.train(soft, state, aligned, split.fit, split.validate, soft_settings)
soft_weights = training.best_weights(state)
answers = {}
for s in (1, 0, -1):
    We1 = np.float32(s) * soft_weights["attention.1.We1"]
    soft_logits, _ = soft.forward(soft_weights | {"attention.1.We1": We1}, x)
    answers[s] = soft_logits.argmax(axis=1)
    print(f"s = {s:2}: accuracy {np.mean(answers[s] == y):.1%}")
cares = np.mean(answers[-1] != answers[1])
holds(f"upside down changes {cares:.0%}, more than any above", cares > most)

# %% [markdown]
# **5 (a discussion). A sentence from a paper.** "Figure 3 shows that our model attends to the
# hands when people clap, which demonstrates that it has learnt which body parts are
# relevant." List what you would ask the authors to add.
#
# <details><summary>Hint</summary>
#
# One line for each row of the table in section 11.
#
# </details>
#
# <details><summary>Solution</summary>
#
# - Scores of the same joints for *other* actions: a fixed map has bright hands, too.
# - A number over all sequences, within and across, with joint speed and a fixed map beside
#   it.
# - Maps from several seeds.
# - An intervention: uniform scores, scores upside down, scores of another sequence.
#   "Relevant" is a claim about what the decision depends on.
# - What each score is computed from. Behind a recurrent layer a place in the map is not a
#   place on the body.
#
# </details>
#
# **What comes next.** You have everything the network computes. [Tutorial 8](08_gpu.ipynb)
# asks how to compute it fast.
