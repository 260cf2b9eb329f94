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
# **What you will do.** Train a small GCA-LSTM on six synthetic actions, draw its informativeness scores as in Figs. 7
# and 8 of the paper, and then put the drawings to the test: against the truth, which synthetic data knows, against
# three guesses that cost nothing, and by interfering with the network and seeing whether it cares.
#
# **What you will learn.** How to measure localisation by the area under the ROC curve, within a sequence and across
# sequences; why a high score can mark where an action has been *heard of* rather than where it happens; how to tell
# whether a network uses its attention at all; how accuracy falls with noise in centimetres; and what a picture of
# attention entitles you to say.
#
# **What you need.** Tutorials 1 to 5 (the cell, the grid, attention, refinement, training). Mathematics: sums,
# derivatives, probability as counting. About 40 minutes of reading, and under a minute of running on two quiet cores.

# %%
# %matplotlib inline
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from gca_scratch import runs, training
from gca_scratch.data import alignment, noise, synthetic
from gca_scratch.data.joint_names import find_roles
from gca_scratch.experiments import paper
from gca_scratch.figures import bodies, charts, localisation
from gca_scratch.figures.canvas import BLUE, GREY, ORANGE
from gca_scratch.network import attention, grid, memory
from gca_scratch.network.sweep import wavefront
from gca_scratch.runs import trained
from gca_scratch.settings import PRESETS

np.set_printoptions(precision=3, suppress=True)

# %% [markdown]
# ## 1. A network to look at
#
# Six actions: waving, punching and kicking, each with the left and with the right. Sixty people perform each once;
# thirty of them train the network and the others test it. We keep everything small: $T = 10$ frames, $H = 32$ hidden
# units, $N = 2$ attention iterations, averaged initial memory (Eq. 4), twelve epochs for each training step of
# Algorithm 1. Nobody validates (`validation=0`), so each step takes all its epochs and the last weights count.

# %%
ACTIONS = ["wave left hand", "wave right hand", "punch left", "punch right", "kick left", "kick right"]
data = synthetic.generate(seed=0, subjects=60, repetitions=1, classes=ACTIONS)
settings = replace(PRESETS["demo"], hidden=32, epochs=12, patience=12, validation=0)
split = runs.make_split(data, runs.Source("synthetic"), settings)
print(f"{len(data)} sequences: {len(split.fit)} to train on, {len(split.test)} of other people to test on")

# %%
network, aligned = split.network(settings), split.aligned
J, T, H = network.joints, network.frames, network.hidden


def trained_with(seed):
    """Weights after stepwise training; the seed decides the first weights and all that is random after them."""
    chosen = replace(settings, seed=seed)
    state = training.train(network, training.start(network, chosen), aligned, split.fit, split.validate, chosen)
    return training.best_weights(state)


weights = trained_with(seed=0)

# %% [markdown]
# The test sequences, and what the network makes of them. `forward` returns logits and a cache; from the cache,
# `scores` takes $r^{(n)}_{j,t}$ of every iteration as an array (iterations, sequences, frames, joints).

# %%
x, y = aligned.batch(split.test, T)  # x (B, T, J, 3)
logits, cache = network.forward(weights, x)
scores = network.scores(cache)  # (N, B, T, J)
right = logits.argmax(axis=1) == y
print(f"accuracy {right.mean():.1%}, by chance {1 / len(ACTIONS):.1%}; scores {scores.shape}")
assert right.mean() > 0.6
np.testing.assert_allclose(scores.sum(axis=(2, 3)), 1, rtol=1e-5)  # Eq. 6: a softmax over the whole grid

# %% [markdown]
# > **Predict.** Which action will be mistaken for which? Remember that the chain walks through the body in a fixed
# > order: trunk, left arm, right arm, left leg, right leg.

# %%
confusion = np.zeros((len(ACTIONS), len(ACTIONS)), int)
np.add.at(confusion, (y, logits.argmax(axis=1)), 1)
display(charts.confusion_matrix(confusion, ACTIONS, percent=False))
assert np.trace(confusion) == right.sum()

# %% [markdown]
# Nearly all errors are kicks of the right leg taken for kicks of the left. Five sixths again, as in tutorial 0: two
# actions of six are not told apart, here the two kicks. Our hypothesis is that it matters to be the *last* limb of the
# chain: few cells hear of the right leg, and news of it has few cells in which to grow. We do not test it here.
#
# Your numbers will not be ours: another processor adds in another order, and training carries rounding on. Accuracies
# may differ by several per cent, the areas of the next sections by up to 0.15. What the text claims held in our runs
# on two such machines.

# %% [markdown]
# ## 2. Figs. 7 and 8
#
# A score by itself means little: with $J T = 250$ cells a uniform guess is $1/250 = 0.004$. So we always show
# $r^{(n)}_{j,t}\,J T$, multiples of a uniform guess.
#
# > **Predict.** Here is somebody waving the left hand. Where should the bright joints be? Where will they be?
#
# The data also knows the truth, because it was made twice: once with the action, and once the same seconds without
# it. A joint *carries* the action while the two differ by more than 5 cm.

# %%
truth = localisation.truth_at(data, aligned, split.test, T)  # bool (B, T, J)
shown = int(np.flatnonzero(right & (y == ACTIONS.index("wave left hand")))[0])
body = trained.body(data, aligned)
poses = aligned.x[aligned.frame_index(split.test[shown : shown + 1], T)[0]]  # (T, J, 1, 3)
strip = bodies.skeleton_strip("Waving the left hand", poses, body.bones, scores[:, shown], aligned.up, frames=T)
display(strip)

# %%
joint_names = [data.joint_names[j] for j in aligned.order]
acting = [name for name, acts in zip(joint_names, truth[shown].any(axis=0), strict=True) if acts]
acting_frames = np.flatnonzero(truth[shown].any(axis=1)) + 1
print(f"the truth: {', '.join(acting)}, in frames {acting_frames.min()} to {acting_frames.max()}")
assert all(name.startswith("left") for name in acting)

# %% [markdown]
# The scores are smooth. They vary by a factor of a few, not by a hundred, and the arm that waves does not stand out;
# in our run it is, if anything, dark. Before we judge from one example, let us look at Fig. 8: the mean score of each
# joint over all test sequences.

# %%
per_joint = scores.sum(axis=2).mean(axis=1)  # (N, J): sums over frames, means over sequences
display(bodies.body_map("Mean score", poses[0, :, 0], body.bones, per_joint, joint_names, aligned.up, named=4))
np.testing.assert_allclose(per_joint.sum(axis=1), 1, rtol=1e-5)

# %% [markdown]
# The paper's Fig. 8 has the hands and feet in front. Its scores come from soft attention ("computed with soft
# attention for visualization", section V-J), trained on other data; ours are those of the gate itself, which is what
# the network uses. You will train soft attention in exercise 4. Pictures invite stories. Let us replace them by a
# number.

# %% [markdown]
# ## 3. The area under the ROC curve
#
# Call a cell *positive* if it carries the action. Take one positive and one negative cell at random. The area under
# the ROC curve (AUC) is the chance that the positive one has the higher score, ties counting half:
#
# $$\mathrm{AUC} = \frac{1}{|P|\,|Q|} \sum_{p \in P} \sum_{q \in Q}
# \Big( [\,r_p > r_q\,] + \tfrac12 [\,r_p = r_q\,] \Big),$$
#
# with $P$ the positive cells and $Q$ the others. It needs no threshold. It is 1 if all positive cells lie above all
# others, 0 if below, and $\tfrac12$ for a guess that knows nothing.
#
# > **Predict.** Five cells with scores 0.1, 0.4, 0.4, 0.2, 0.6; the third and the fifth carry the action. Count the
# > six pairs on paper.

# %%
five, carries = np.array([0.1, 0.4, 0.4, 0.2, 0.6]), np.array([False, False, True, False, True])
differences = five[carries][:, None] - five[~carries]  # (2, 3): one entry per pair
by_hand = np.mean((differences > 0) + 0.5 * (differences == 0))
print(differences, f"AUC {by_hand:.4f}", sep="\n")
assert by_hand == localisation.auc(five, carries) == 5.5 / 6

# %% [markdown]
# Only the order of the scores counts. Within a sequence, Eq. 6 divides the increasing $\exp(e_{j,t})$ by one number for
# all cells, so $r$ has the order of $e$: it does not matter which of the two we rank.
#
# **Within or across.** A score map could get a good AUC *within* sequences by always pointing at the hands, whatever
# the person does: hands do carry most actions. To see whether a map *responds* to the action, fix one cell $(j, t)$
# and compare sequences: does this cell score higher in those sequences where the action is there than in those where
# it is not? `mean_auc` answers the first question, `mean_auc_of_cells` the second.
#
# > **Predict.** A fixed map, the share of test sequences whose action is at each cell, has even seen the truth. What
# > does it get within, and what across?

# %%
fixed = np.broadcast_to(truth.mean(axis=0), truth.shape)
within, across = localisation.mean_auc(fixed, truth), localisation.mean_auc_of_cells(fixed, truth)
print(f"the usual place of an action: within {within:.3f}, across {across:.3f}")
assert across == 0.5 and within > 0.55

# %% [markdown]
# Across sequences every pair is a tie, so the sum is exactly half its terms. That is the control to insist on:
# whatever a map gets across sequences, it owes to the sequence.

# %% [markdown]
# ## 4. Scores against guesses
#
# One more kind of truth. Call a cell *reached* if the action has been at its joint or an earlier one of the chain,
# and at its frame or an earlier one: if there are $j' \le j$ and $t' \le t$ with an action at $(j', t')$. (In the
# next section you will see why this is the natural candidate.) And one more guess: the speed of each joint, which
# knows nothing of classes, has no weights and needs no training.
#
# The table will have three columns. *Within* is as in section 3. *Action* is the area across sequences for the cells
# which carry the action, and *reached* the same for the cells that it has reached. (A cell enters these two if at
# least ten sequences have the action there and at least ten do not; else there is little to compare.)
#
# > **Predict.** Rank the four guesses, iteration 1, iteration 2, uniform and joint speed, in the column *action*.

# %%
areas = localisation.localise(network, weights, data, aligned, split.test)
print(f"{'':15}{'within':>8}{'action':>8}{'reached':>8}")
for name, area in areas.items():
    print(f"{name:15}" + "".join(f"{value:8.2f}" for value in area.values()))
assert set(areas["uniform guess"].values()) == {0.5}
assert areas["joint speed"]["within"] > 0.1 + max(areas[f"iteration {n}"]["within"] for n in (1, 2))

# %% [markdown]
# - **Joint speed wins by far** ("within" and "action"): what moves is, mostly, what acts. An attention map that is to
#   show *where* an action happens has to beat this line, and ours does not come near.
# - **Within a sequence the scores are near 0.5.** Knowing them, you could hardly bet on which joint acts.
# - **Across sequences some are above 0.5**: scores do respond to the action. Whether they respond more to the cells
#   where the action is, or to those it has reached, differs between seeds (section 8).
# - **Iteration 2 is not clearly better than iteration 1**, though the paper finds that attention grows more accurate.
#
# Why would a network which is right five times in six look so vaguely? The answer lies in what Eq. 5 reads.

# %% [markdown]
# ## 5. Eq. 5 reads $h$, not $x$
#
# $$e^{(n)}_{j,t} = W_{e_1} \tanh\left( W_{e_2} \begin{pmatrix} h_{j,t} \\ \mathrm{IF}^{(n-1)} \end{pmatrix} \right).$$
#
# Here $h_{j,t}$ is the output of layer 1. Which inputs $x_{j',t'}$ can it depend on?
#
# **Claim.** $\partial h_{j,t} / \partial x_{j',t'} = 0$ unless $j' \le j$ and $t' \le t$.
#
# *Proof*, by induction over $k = j + t$. By Eqs. 1 to 3, $h_{j,t}$ and $c_{j,t}$ are computed from $x_{j,t}$ and from
# the states of $(j-1, t)$ and $(j, t-1)$. For $k = 0$, at the first joint of the first frame, both predecessors are
# the zeros outside the grid, so $(0, 0)$ depends on $x_{0,0}$ alone. Now let the claim hold for all cells of $k - 1$.
# Then the state of $(j-1, t)$ depends only on $x_{j',t'}$ with $j' \le j - 1$, $t' \le t$, and that of $(j, t-1)$
# only on those with $j' \le j$, $t' \le t - 1$. Together with $x_{j,t}$ itself this is the set $j' \le j$, $t' \le
# t$. $\square$
#
# So an input's influence spreads over the rectangle down the chain and forward in time, and over nothing else. Let us
# watch it: we move the left hand in the fourth frame by some 7 cm and look at all of layer 1.


# %%
def layer_1(x):
    """h of layer 1, (B, T, J, H), in the precision of x."""
    W, b = (weights[f"layer1.{name}"].astype(x.dtype) for name in "Wb")
    h, _ = wavefront.forward(grid.pack(x), W, b, J, T)
    return grid.unpack(h, J, T)


# %% [markdown]
# > **Predict.** The left hand is place 8 of 0 to 24 in the chain, the fourth frame is $t = 3$ of 0 to 9. How many of
# > the 250 cells can notice? (Count the rectangle.)

# %%
j0, t0 = joint_names.index("left hand"), 3
one = x[shown : shown + 1].astype(np.float64)
moved = one.copy()
moved[0, t0, j0] += (0.1, 0.1, 0.0)  # in lengths of the torso, of about 50 cm
dh = np.linalg.norm(layer_1(moved) - layer_1(one), axis=-1)[0]  # (T, J)
print(f"{np.count_nonzero(dh)} cells of layer 1 notice; the rectangle has {(J - j0) * (T - t0)}")

# %%
inside = np.zeros((T, J), bool)
inside[t0:, j0:] = True
assert (dh[~inside] == 0).all() and (dh[inside] > 0).all()  # exactly zero: not small, but untouched

# %% [markdown]
# Next, the scores. Eq. 5 has a second argument, the memory $\mathrm{IF}^{(0)}$, which is the mean of *all* $h$ (Eq.
# 4). So there are two ways from the hand to $e_{j,t}$: the direct one through $h_{j,t}$, inside the rectangle, and a
# detour through the memory, to every cell. We separate them by holding the memory fixed.
#
# The function returns $r$, not $e$; but $\log r_{j,t} - \log r_{0,0} = e_{j,t} - e_{0,0}$, since the denominators
# cancel. And with the memory held, cell $(0,0)$, which lies outside the rectangle, keeps its $e$. So the change of
# $\log r_{j,t} - \log r_{0,0}$ is the change of $e_{j,t}$.


# %%
def log_scores(x, IF=None):
    """log r - log r at the first cell, (T, J), of the first iteration; the memory is that of x if none is given."""
    h = grid.pack(layer_1(x))  # (K, 1, H)
    IF = memory.average_forward(h)[0] if IF is None else IF
    We1, We2 = (weights[f"attention.1.{name}"].astype(float) for name in ("We1", "We2"))
    r, _ = attention.informativeness_forward(h, IF, We1, We2)
    e = np.log(grid.unpack(r, J, T))[0]
    return e - e[0, 0]


IF = memory.average_forward(grid.pack(layer_1(one)))[0]
direct = np.abs(log_scores(moved, IF) - log_scores(one, IF))
whole = np.abs(log_scores(moved) - log_scores(one))

# %% [markdown]
# > **Predict.** In which cell is the score changed most: at the hand itself, in its frame? Or elsewhere?

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained", sharey=True)
titles = "$h$ of layer 1", "$e$, memory held", "$e - e_{0,0}$, memory follows"
for ax, change, title in zip(axes, (dh, direct, whole), titles, strict=True):
    image = ax.imshow(np.log10(np.maximum(change, 1e-6)).T, cmap="cividis", aspect="auto", vmin=-6, vmax=0)
    ax.plot(t0, j0, "o", mfc="none", mec="white", ms=9)
    ax.set(title=title, xlabel="frame $t$", xticks=range(T))
axes[0].set_yticks(range(J), joint_names, fontsize=7)
figure.colorbar(image, ax=axes, label="$\\log_{10}$ of the change")
figure.suptitle("What a nudge of the left hand (circle) changes")
plt.show()

# %%
legs = direct[:, joint_names.index("left hip") :]
print(f"largest change of e at the hand {direct[:, j0].max():.4f}, at the legs {legs.max():.4f}")
print(f"memory free: at the hand {whole[:, j0].max():.4f}, outside the rectangle at most {whole[~inside].max():.5f}")
np.testing.assert_allclose(direct[~inside], 0, atol=1e-9)
assert (direct[inside] > 1e-9).all() and (whole.ravel()[1:] > 0).all()
assert whole[~inside].max() < whole[:, j0].max() / 30

# %% [markdown]
# The score changes most at the hand itself. But its news fills the rectangle: cells of the *legs*, a dozen joints
# further on, change their score because the *left hand* moved, by up to a third or so of what the hand's own cell does.
# If a leg's cell is bright, that may well be what it is bright about. With the memory free (third panel) every cell
# changes, but outside the rectangle by less than a hundredth of what the hand's own does: the detour counts for little.

# %% [markdown]
# ## 6. What can be read from a cell
#
# A nudge shows that influence *exists*. Is it enough to recognise the action? Let us ask each cell alone. A *linear
# probe* takes the $H$ numbers $h_{j,t}$ of one cell and predicts the action by ridge regression: with rows $a_n$
# (standardised, and a 1 for the constant) and one-hot targets $Y$, it minimises $\lVert A C - Y \rVert^2 + \lambda
# \lVert C \rVert^2$. Its gradient $2 A^\top (A C - Y) + 2 \lambda C$ is zero for
#
# $$C = (A^\top A + \lambda I)^{-1} A^\top Y .$$
#
# We fit it to the training people and test it on the others. One probe for each of the 250 cells; and beside it the
# same for the raw input, the three coordinates $x_{j,t}$.


# %%
def standard(a, of):
    """Columns of `a` in deviations from the mean of `of`, and a column of ones."""
    return np.column_stack([(a - of.mean(axis=0)) / (of.std(axis=0) + 1e-6), np.ones(len(a))])


def probe(fit, labels, test, truth, ridge=10.0):
    """Accuracy of a linear probe: fit (n, D), labels (n,), test (m, D), truth (m,)."""
    A = standard(fit, fit)
    C = np.linalg.solve(A.T @ A + ridge * np.eye(A.shape[1]), A.T @ np.eye(len(ACTIONS))[labels])
    return np.mean((standard(test, fit) @ C).argmax(axis=1) == truth)


# %% [markdown]
# > **Predict.** Sketch the accuracy of the probe on $h_{j,T-1}$ (last frame) along the chain, from the spine to the
# > right foot. Where does it rise? Three of the actions use the left side.

# %%
x_fit, y_fit = aligned.batch(split.fit, T)
readable = {}
for name, (fit, test) in {"x": (x_fit, x), "h": (layer_1(x_fit), layer_1(x))}.items():
    readable[name] = np.array([[probe(fit[:, t, j], y_fit, test[:, t, j], y) for j in range(J)] for t in range(T)])

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
image = axes[0].imshow(readable["h"].T, cmap="cividis", aspect="auto", vmin=0, vmax=1)
axes[0].set_yticks(range(J), joint_names, fontsize=7)
axes[0].set(xlabel="frame $t$", title="accuracy of a probe on $h_{j,t}$", xticks=range(T))
figure.colorbar(image, ax=axes[0])
for name, colour, label in (("h", BLUE, "$h_{j,t}$ of layer 1"), ("x", ORANGE, "coordinates $x_{j,t}$")):
    axes[1].plot(readable[name][-5:].mean(axis=0), color=colour, marker=".", label=label)
axes[1].axhline(1 / len(ACTIONS), color=GREY, linestyle=":", label="chance")
axes[1].set_xticks(range(J), joint_names, rotation=90, fontsize=7)
axes[1].set(ylim=(0, 1), ylabel="accuracy", title="mean of the last five frames, along the chain")
axes[1].legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# The curve of $h$ is a staircase. On the trunk it is about 0.29 and not $\frac16$: a body that waves or kicks sways,
# which betrays a little. Behind the left arm two actions are known, those of that arm. Who knows two and guesses among
# the other four is right in $\frac26 + \frac46 \cdot \frac14 = 0.5$ of all cases; we see a little more. Behind the
# right arm four are known, what is left must be a kick, and a coin for which of the two would give $\frac46 + \frac26
# \cdot \frac12 = 0.83$; again we see more. The curve then *stays* high through both legs, which do nothing at all in
# most of these sequences. The coordinates know of an action only where it is.

# %%
late = readable["h"][-5:].mean(axis=0)
trunk, right_wrist = late[: joint_names.index("left shoulder")], joint_names.index("right wrist")
left_arm = late[joint_names.index("left elbow") : joint_names.index("right shoulder")]
print(
    f"trunk {trunk.mean():.2f}, left arm {left_arm.mean():.2f}, right wrist and behind {late[right_wrist:].mean():.2f}"
)
assert trunk.max() < left_arm.min() < left_arm.max() < late[right_wrist:].min()

# %% [markdown]
# So for the network, a cell of the left foot is as good a place to read off "left hand waved" as the hand itself, and
# better: the foot has heard of everything. Nothing in the loss (Eq. 9) asks the scores to point to the *origin* of
# the evidence. They may lie wherever the evidence can be *found*: **high scores can lie where the action has been
# heard of, not always where it happens.** In iteration 1 of the larger demonstration (14 actions, `docs/results.md`)
# this was so in all runs with seed 0, which differ in people, epochs and rounding, and not with seed 1. Here the scores
# are stranger still: among the brightest joints of Fig. 8 above are neck and spine, where the probe finds little. Can
# a network live with such a map? That is the next question.

# %% [markdown]
# ## 7. Does the network care?
#
# A map could still matter, even if it points to odd places. So interfere. Multiply $W_{e_1}$ by a number $s$ after
# training. By Eq. 5 every $e_{j,t}$ becomes $s\,e_{j,t}$, so by Eq. 6
#
# $$r_{j,t} \;\longrightarrow\; \frac{\exp(s\,e_{j,t})}{\sum_{u,v}\exp(s\,e_{u,v})}
#  = \frac{r_{j,t}^{\,s}}{\sum_{u,v} r_{u,v}^{\,s}} .$$
#
# $s = 1$ is the trained network, $s = 0$ puts every score to $1/(JT)$, $s > 1$ sharpens, and $s = -1$ turns the map
# upside down: what was least informative is now looked at most.


# %%
def turned(s, weights=weights):
    """Logits and scores with W_e1 of both iterations multiplied by s."""
    changed = weights | {f"attention.{n}.We1": np.float32(s) * weights[f"attention.{n}.We1"] for n in (1, 2)}
    logits, cache = network.forward(changed, x)
    return logits, network.scores(cache)


uniform, upside_down = turned(0)[1], turned(-1)[1][0]
expected = 1 / scores[0] / (1 / scores[0]).sum(axis=(1, 2), keepdims=True)
np.testing.assert_allclose(uniform, 1 / (J * T), rtol=1e-5)
np.testing.assert_allclose(upside_down, expected, rtol=1e-3)

# %% [markdown]
# > **Predict.** How much accuracy does the network lose at $s = 0$? At $s = -1$?

# %%
factors = [-4, -2, -1, 0, 1, 2, 4]
decisions = {s: turned(s)[0].argmax(axis=1) for s in factors}
accuracy = {s: np.mean(decided == y) for s, decided in decisions.items()}
changed = {s: np.mean(decided != decisions[1]) for s, decided in decisions.items()}
for s in factors:
    print(f"s = {s:2}: accuracy {accuracy[s]:.1%}, {changed[s]:.1%} of the decisions changed")
assert (decisions[1] == logits.argmax(axis=1)).all() and changed[-1] < 0.15

# %% [markdown]
# Hardly one decision changes, if any. Turned upside down, the map serves this network just as well: whoever had
# explained its decisions by the bright joints would have explained them by the dark ones with the same success. Always
# do this experiment before you interpret a map.
#
# Where does the indifference come from? Scores act on the decision only through $F$, the output of layer 2's last
# cell, which refines the memory (Eq. 8):
#
# $$\mathrm{IF}^{(n)} = \mathrm{ReLU}\big(W_F^{(n)} [F^{(n)}; \mathrm{IF}^{(n-1)}]\big).$$
#
# The first $H$ rows of the code's `WF` (columns of the paper's $W_F$; the code has rows as batch, so its matrices are
# the paper's transposed) meet $F$, the others meet the memory before.
#
# > **Predict.** Put the rows that meet $F$ to zero, in both iterations. Now nothing that layer 2 says is heard any
# > more. What happens to the accuracy?

# %%
deaf = dict(weights)
for n in (1, 2):
    deaf[f"memory.{n}.WF"] = weights[f"memory.{n}.WF"].copy()
    deaf[f"memory.{n}.WF"][:H] = 0
deaf_logits, _ = network.forward(deaf, x)
print(f"without F: accuracy {np.mean(deaf_logits.argmax(axis=1) == y):.1%}, ", end="")
print(f"{np.mean(deaf_logits.argmax(axis=1) != logits.argmax(axis=1)):.1%} of the decisions changed")
assert np.abs(deaf_logits - logits).max() > 1e-3  # F did say something
assert np.mean(deaf_logits.argmax(axis=1) == y) > right.mean() - 0.2  # it was not needed

# %% [markdown]
# This network decides from $\mathrm{IF}^{(0)}$, the mean of layer 1, which Algorithm 1 trained first, and it ignores
# layer 2. So sections 2 to 6 showed scores that nothing depends on: no wonder that they wander. Whether that is the
# method or the short training, this one network cannot say. A larger one, trained longer on all 14 actions, depended on
# its scores somewhat (`docs/results.md`): accuracy fell from 97.5 % to 95.7 % with uniform scores, to 94.6 % with those
# of a sequence shuffled among its cells, and to 94.3 % with $F$ replaced by its mean. And in exercise 4 you will meet a
# small one which does need its scores. There is no law here: measure it for yours.

# %% [markdown]
# ## 8. Another seed, another story
#
# A property of the *actions* should come out again when training starts from other random weights.
#
# > **Predict.** A second network, which differs in its seed alone. Will it be as accurate? Will it look at the same
# > cells?

# %%
weights_2 = trained_with(seed=1)
logits_2, cache_2 = network.forward(weights_2, x)
scores_2 = network.scores(cache_2)
agree = np.mean(logits.argmax(axis=1) == logits_2.argmax(axis=1))
print(f"accuracy {right.mean():.1%} and {np.mean(logits_2.argmax(axis=1) == y):.1%}; same decision in {agree:.1%}")


# %%
def top(r, share=0.1):
    """The cells of the highest scores of each sequence: bool, of r's shape (B, T, J)."""
    return r >= np.quantile(r, 1 - share, axis=(1, 2), keepdims=True)


for n in (0, 1):
    correlations = [
        np.corrcoef(np.log(a).ravel(), np.log(b).ravel())[0, 1] for a, b in zip(scores[n], scores_2[n], strict=True)
    ]
    shared = (top(scores[n]) & top(scores_2[n])).sum() / top(scores[n]).sum()
    print(f"iteration {n + 1}: correlation of the maps {np.mean(correlations):5.2f}, top cells shared {shared:.0%}")

# %%
areas_2 = localisation.localise(network, weights_2, data, aligned, split.test)
print(f"{'':15}{'within':>16}{'action':>16}{'reached':>16}")
for name in ("iteration 1", "iteration 2"):
    both = (f"{areas[name][kind]:8.2f}/{areas_2[name][kind]:.2f}" for kind in areas[name])
    print(f"{name:15}" + "".join(f"{pair:>16}" for pair in both))
assert areas_2["joint speed"] == areas["joint speed"]  # the control has no weights, so no seed
assert areas["joint speed"]["within"] > 0.1 + max(areas_2[f"iteration {n}"]["within"] for n in (1, 2))

# %% [markdown]
# The two networks agree on nearly all decisions, and much less on where they look. In our runs, the top cells of the
# second iteration overlap hardly more than two random tenths of the grid would (10 %). Nor is the order of "action" and
# "reached" a property of the method. A claim about attention needs several seeds, as a claim about accuracy does.

# %% [markdown]
# ## 9. Noise in centimetres
#
# Table VI adds Gaussian noise of deviation $\sigma$ to all coordinates. `data.noise.noisy` does this to raw
# coordinates in metres, before they are aligned. Our data has noise of 1 cm already, and short glitches; training added
# nothing to that.
#
# > **Predict.** At which $\sigma$ will accuracy have fallen half-way to chance: 4, 8, 16 or 32 cm?


# %%
def accuracy_on(changed):
    """Accuracy on the test sequences of changed data, which is aligned as the data was."""
    x = alignment.align(changed, settings.face_camera, settings.torso_scale).batch(split.test, T)[0]
    return np.mean(network.forward(weights, x)[0].argmax(axis=1) == y)


centimetres = [0, 1, 2, 4, 8, 16, 32]
curve = [accuracy_on(noise.noisy(data, s / 100)) for s in centimetres]

# %%
of_paper = [(100 * row.noise, row.paper[0] / 100) for row in paper.table_VI().rows if row.noise]  # cm, accuracy
error = [np.sqrt(p * (1 - p) / len(y)) for p in curve]  # deviation of a share among so many sequences
figure, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
ax.errorbar(centimetres, curve, error, color=BLUE, marker="o", capsize=3, label="this network, six synthetic actions")
ax.plot(*zip(*of_paper, strict=True), color=ORANGE, marker="s", linestyle="--", label="Table VI (MHAD, 11 actions)")
ax.axhline(1 / len(ACTIONS), color=GREY, linestyle=":", label="chance, six actions")
ax.set(xlabel="deviation of the noise, cm", ylabel="accuracy", ylim=(0, 1.05), xticks=[0, 4, 8, 16, 32])
ax.legend(frameon=False, fontsize=8)
plt.show()

# %%
print({s: f"{p:.0%}" for s, p in zip(centimetres, curve, strict=True)})
half = (curve[0] + 1 / len(ACTIONS)) / 2
print(f"half-way to chance, {half:.0%}, at about {np.interp(half, curve[::-1], centimetres[::-1]):.0f} cm")
assert curve[0] == right.mean() and curve[-1] < curve[0] - 0.2

# %% [markdown]
# Half-way comes at 10 or 11 cm. The two curves are of different data, people and training; what they share is the
# shape, a shoulder and then a slope.
#
# Why does noise hurt? Not all joints are alike. Alignment uses four of them: the hip of the first frame is the
# origin of *all* coordinates, the line from the left hip to the right in that frame decides how the whole body is
# *turned*, and the distance from hip to neck, its median over time, is the *unit*. So let us put 16 cm on some joints
# only.
#
# > **Predict.** Noise on the 21 joints that alignment does not use, or on the 4 that it does: which hurts more?

# %%
roles = find_roles(data.joint_names, [tuple(bone) for bone in data.edges.tolist()])
used = [roles.hip, roles.left, roles.right, roles.top]
groups = {
    "the 21 not used": [j for j in range(J) if j not in used],
    "the 4 used": used,
    "  hip: origin": [roles.hip],
    "  both hips: turn": [roles.left, roles.right],
    "  neck: unit": [roles.top],
}

# %%
with_noise, hit = noise.noisy(data, 0.16).joints, {"all 25 joints": curve[centimetres.index(16)]}
for name, joints in groups.items():
    chosen = np.isin(np.arange(J), joints)[:, None]  # (J, 1), beside joints (F, P, J, 3)
    hit[name] = accuracy_on(replace(data, joints=np.where(chosen, with_noise, data.joints)))
print("\n".join(f"16 cm on {name:18} accuracy {share:.0%}" for name, share in hit.items()))
assert hit["the 21 not used"] > hit["the 4 used"] + 0.2  # few joints, and nearly all of the harm
assert abs(hit["the 4 used"] - hit["all 25 joints"]) < 0.2

# %% [markdown]
# Noise on 21 joints does next to nothing: it differs from cell to cell, and the network averages it away. The harm is
# done by the four, by the hips above all. A wrong origin shifts all 250 cells together, a wrong line turns them
# together, and there is nothing to average. (The unit suffers little, being a median over all frames.) So what looked
# like a weakness of the network is mostly one of alignment, which trusts a single frame.

# %% [markdown]
# ## 10. What you may say
#
# | you see | you may say | you may not say, without more |
# | --- | --- | --- |
# | a bright joint | layer 2 takes more of this $h$ | the action is here: $h$ has heard of all before it |
# | a bright joint | the score is high | the decision rests on it: turn the map over |
# | hands bright on average | the mean map is so | it follows hands: a fixed map does that |
# | iteration 2 differs | the memory changed the scores | it looks more accurately: ask the truth |
# | one network's maps | this network, this seed | these actions: train again |
# | a fall of accuracy with noise | network *and* alignment suffer | the network does: try joint by joint |
#
# **Summary.** We measured where a network looks. Its scores find the acting joints hardly better than chance and far
# worse than joint speed does. Eq. 5 reads $h$, and $h_{j,t}$ knows everything in the rectangle before it: the probe
# read the action off joints that never moved. Multiplying $W_{e_1}$ by $-1$ showed that this network does not depend
# on where it looks, and a second seed looked elsewhere. The noise that hurt was that of four joints. Attention is a
# part of a computation; as a picture it is a hypothesis.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 (easy). A map that never looks
#
# The map $m_{j,t} = (j+1)(t+1)$ does not depend on the sequence. Compute its AUC for the *reached* cells
# (`localisation.reached(truth)`), within and across sequences. Which of the two numbers would you have believed?

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1
never_looks = np.broadcast_to(np.outer(np.arange(1, T + 1), np.arange(1, J + 1)).astype(float), truth.shape)
heard = localisation.reached(truth)
within, across = localisation.mean_auc(never_looks, heard), localisation.mean_auc_of_cells(never_looks, heard)
print(f"within {within:.2f}, across {across:.2f}; scores within {localisation.mean_auc(scores[0], heard):.2f}")
assert within > 0.8 and across == 0.5

# %% [markdown]
# ### Exercise 2 (medium). Who hears whom
#
# How many cells hear of the input $x_{j,t}$? How many inputs does $h_{j,t}$ hear? Give both formulas, and show with
# them that both have the same mean over the grid, $\frac{(J+1)(T+1)}{4}$. Check the first formula at $(j, t) = (24,
# 9)$, $(0, 0)$ and $(20, 5)$ with `layer_1`.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2. The input is heard in the rectangle behind it, (J - j)(T - t) cells; h hears (j + 1)(t + 1) inputs. With
# sum_j (J - j) = sum_j (j + 1) = J (J + 1) / 2, both means are (J + 1)/2 (T + 1)/2.
for j, t in ((24, 9), (0, 0), (20, 5)):
    nudged = one.copy()
    nudged[0, t, j] += 0.1
    heard_in = np.count_nonzero(np.abs(layer_1(nudged) - layer_1(one)).max(axis=-1))
    print(f"({j}, {t}): heard in {heard_in} cells")
    assert heard_in == (J - j) * (T - t)
hears = np.outer(np.arange(1, T + 1), np.arange(1, J + 1))
assert hears.mean() == hears[::-1, ::-1].mean() == (J + 1) * (T + 1) / 4

# %% [markdown]
# ### Exercise 3 (medium). Other maps
#
# Scores are not the only thing that could be drawn.
#
# - *Gates.* `network.gates(weights, x)[0][1]` has the gates $i, f^S, f^T, o$ of layer 1, means over the units, as an
#   array (4, B, T, J). What areas do they get, within and across?
# - *Gradients.* How strongly does the logit of the true class depend on the input of each cell? Take $g_{j,t} =
#   \partial\,\text{logit}_y / \partial x_{j,t}$ from `network.backward(dlogits, cache, with_input=True)["input"]`
#   (choose `dlogits`!) and score a cell by the length of $g_{j,t}$. Check one entry by central differences in float64.
#
# Do these maps find the acting joints better than $r$ does?

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3, gates. i finds the acting joints better within a sequence than the scores do: it was not made to be looked
# at. o is far below 0.5 across: it closes where the action is. An area near 0 tells as much as one near 1.
gates = dict(zip(("i", "f_S", "f_T", "o"), network.gates(weights, x)[0][1], strict=True))
found = {k: (localisation.mean_auc(v, truth), localisation.mean_auc_of_cells(v, truth)) for k, v in gates.items()}
for name, (within, across) in found.items():
    print(f"gate {name:3}  within {within:.2f}  across {across:.2f}")
assert found["i"][0] > max(areas[f"iteration {n}"]["within"] for n in (1, 2)) and found["o"][1] < 0.3

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3, gradients. dlogits is 1 at the true class: the "loss" is the sum of the true logits, sequence by sequence.
exact, x64 = {name: value.astype(float) for name, value in weights.items()}, x[:60].astype(float)  # sixty will do
_, cache_64 = network.forward(exact, x64)
g = network.backward(np.eye(len(ACTIONS))[y[:60]], cache_64, with_input=True)["input"]  # (60, T, J, 3)
step = np.zeros_like(x64[:1])
step[0, t0, j0, 0] = 1e-5
up, down = (network.forward(exact, x64[:1] + sign * step)[0][0, y[0]] for sign in (1, -1))
np.testing.assert_allclose(g[0, t0, j0, 0], (up - down) / 2e-5, rtol=1e-4, atol=1e-9)
for name, map_ in (("gradient", np.linalg.norm(g, axis=-1)), ("iteration 1", scores[0, :60])):
    print(f"{name:12} within {localisation.mean_auc(map_, truth[:60]):.2f}, "
          f"across {localisation.mean_auc_of_cells(map_, truth[:60]):.2f}")  # fmt: skip

# %% [markdown]
# ### Exercise 4 (hard). Soft attention
#
# The paper's own Figs. 7 and 8 show *soft* attention: $F = \sum_{j,t} r_{j,t} h_{j,t}$, without a second layer. Train
# it (`attention="soft"`, one iteration, the rest as above), localise with it, and turn it upside down as in section
# 7. Does it care more? Say why before you run it.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4. F is now nothing but the mean that the scores weigh; the gate's layer 2 has gates of its own, which make
# up for bad scores. Upside down should hurt more, and does: by 8 to 50 points in our runs, which differ in rounding
# alone. Uniform scores need not: then F is the mean of h, which is IF(0).
soft_settings = replace(settings, attention="soft", iterations=1)
soft = split.network(soft_settings)
state = training.train(soft, training.start(soft, soft_settings), aligned, split.fit, split.validate, soft_settings)
soft_weights = training.best_weights(state)
soft_areas = localisation.localise(soft, soft_weights, data, aligned, split.test)
for name in ("iteration 1", "joint speed"):
    print(f"{name:12}", {kind: f"{value:.2f}" for kind, value in soft_areas[name].items()})
for s in (1, 0, -1):
    turned_soft = soft_weights | {"attention.1.We1": np.float32(s) * soft_weights["attention.1.We1"]}
    soft_logits, soft_cache = soft.forward(turned_soft, x)
    if s == 1:
        decided = soft_logits.argmax(axis=1)
    share = np.mean(soft_logits.argmax(axis=1) != decided)
    print(f"s = {s:2}: accuracy {np.mean(soft_logits.argmax(axis=1) == y):.1%}, {share:.1%} of the decisions changed")
assert share > changed[-1]  # upside down, it cares more than the network of section 7
_, soft_cache = soft.forward(soft_weights, x)
np.testing.assert_allclose(soft.scores(soft_cache).sum(axis=(2, 3)), 1, rtol=1e-5)

# %% [markdown]
# ### Exercise 5 (a discussion). A sentence from a paper
#
# "Figure 3 shows that our model attends to the hands when people clap, which demonstrates that it has learnt which
# body parts are relevant." List what you would ask the authors to add.
#
# <details><summary>Solution</summary>
#
# - Scores of the same joints for *other* actions: if hands are bright for kicks, too, the map is fixed (section 3).
# - A number over all sequences, against the truth or a human's annotation, within and across sequences, with joint
#   speed and a fixed map beside it (section 4).
# - Maps from several seeds (section 8).
# - An intervention: uniform scores, scores upside down, scores of another sequence (section 7). "Relevant" is a claim
#   about what the decision depends on.
# - What each score is computed from. If its input has passed through a recurrent layer, a place in the map is not a
#   place on the body (sections 5 and 6).
#
# </details>

# %% [markdown]
# **What comes next.** You have everything the network computes. [Tutorial 8](08_gpu.ipynb) asks how to compute it
# fast: the same lines on a GPU, what a launch costs, and how to measure without fooling oneself.
