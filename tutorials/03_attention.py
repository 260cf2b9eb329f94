# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3. Global context memory and the informativeness gate
#
# 44 cells in a row, a path through 25 joints and 20 frames, all saying the same. A gate $r$
# decides how much a cell takes of the new and, at once, how much of the past it gives up. The
# bars: whom the last cell hears. The gauge: how full it is. Turn the gate.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# %matplotlib inline
from math import comb
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm

from gca_scratch.data.alignment import align
from gca_scratch.data.synthetic import generate
from gca_scratch.figures.canvas import BLUE, GREY, ORANGE
from gca_scratch.figures.dial import Dial, Sketch
from gca_scratch.network import GCALSTM, attention, cell, grid, memory
from gca_scratch.network.gradcheck import complex_step
from gca_scratch.network.ops import softmax_backward, softmax_forward, tanh_backward
from gca_scratch.network.sweep import wavefront
from gca_scratch.support.claims import exercise, holds, same


def row_of_cells(r, cells=44):
    """What is left of each of 44 inputs when all cells have the gate r."""
    left = r * (1 - r) ** np.arange(cells)[::-1]  # from the first input to the last
    sketch = Sketch(700, 190, f"what is left of 44 inputs at r = {r:.3f}")
    for k, share in enumerate(left / left.max()):
        sketch.box(20 + 13.6 * k, 150 - 90 * share, 9, 90 * share, BLUE, BLUE)
    sketch.line(16, 150.5, 620, 150.5)
    sketch.text(20, 168, "first cell", anchor="start")
    sketch.text(616, 168, "last cell", anchor="end")
    sketch.box(650, 60, 26, 90, GREY)
    sketch.box(650, 150 - 90 * left.sum(), 26, 90 * left.sum(), ORANGE, ORANGE)
    sketch.text(663, 168, f"{left.sum():.0%} full")
    enters = f"one cell: {r:.1%} of the new enters, {1 - r:.1%} of the past stays"
    sketch.text(320, 24, enters, size=14)
    return sketch


dials = [1 / 500, 1 / 250, 1 / 100, 1 / 44, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0]
Dial([row_of_cells(r) for r in dials], [f"r = {r:.3f}" for r in dials], "the gate", 3)

# %% [markdown]
# Wide open, the last cell hears itself alone. Nearly shut, it hears everybody, and hardly
# anything. The network's gates stand at the left end; section 6 says why.
#
# **What you will do.** Build the attention of GCA-LSTM from four equations: a memory of the
# whole sequence (Eq. 4), a score for every joint in every frame (Eqs. 5, 6), and a cell that
# listens as much as its score allows (Eq. 7). Derive its gradients, and ask what the paper's
# equations do not say: how much does a score let in?
#
# **What you need.** Tutorials [1](01_cell.ipynb) and [2](02_grid.ipynb): the unit and the
# grid. The chain rule. About 40 minutes of reading. Symbols: the [glossary](../docs/glossary.md).
#
# We begin with a grid so small that every number can be printed: $J = 3$ joints, $T = 4$
# frames, $B = 2$ sequences, $H = 5$ units. Random numbers play the outputs $\mathbf h_{j,t}$
# of layer 1.

# %%
J, T, B, H = 3, 4, 2, 5
K = J * T
rng = np.random.default_rng(3)
h = rng.standard_normal((K, B, H))  # cells on axis 0, diagonal by diagonal
joint, frame = grid.cell_order(J, T)


def on_grid(cells, sequence=0):
    """Numbers of all cells (K, B) as a table (J, T) of one sequence: joints down."""
    return grid.unpack(cells, J, T)[sequence].T


print(on_grid(np.repeat(np.arange(K)[:, None], B, axis=1)))  # where each cell lies

# %% [markdown]
# Formulas count from 1, as the paper does; code counts from 0. A batch is rows, so `x @ W`
# stands where the paper writes $W x$.
#
# ## 1. One vector for the whole sequence (Eq. 4)
#
# A cell has heard of the joints and frames before it, and of nothing else. Whether an elbow
# matters depends on the whole action. So the network needs something that has seen
# everything, the *global context memory*:
#
# $$\mathrm{IF}^{(0)} = \frac{1}{JT}\sum_{j=1}^{J}\sum_{t=1}^{T}\mathbf h_{j,t},
# \qquad\text{backward}\qquad
# \mathrm d\mathbf h_{j,t} = \frac{1}{JT}\,\mathrm d\,\mathrm{IF}^{(0)} .$$
#
# ($\mathrm dq$ is the derivative of the loss by $q$, of the shape of $q$.)
#
# To check a backward function we need some loss. The simplest is a random weighted sum,
# $L = \sum \mathit{price} \odot \mathrm{IF}^{(0)}$: its derivative by $\mathrm{IF}^{(0)}$ is
# $\mathit{price}$.

# %%
IF_0, average_cache = memory.average_forward(h)
same("IF(0) is the mean", IF_0, h.mean(axis=0))
price = rng.standard_normal(IF_0.shape)  # the gradient that arrives at the memory
dh = memory.average_backward(price, average_cache)
measured = complex_step(lambda h: (price * memory.average_forward(h)[0]).sum(), h)
same("dh, by complex step", dh, measured)

# %% [markdown]
# <details><summary>Deeper: the paper's other choice, a feed-forward layer</summary>
#
# It keeps the places apart: all $\mathbf h_{j,t}$ in one long row of $JTH$ numbers, and one
# layer with a ReLU on it,
#
# $$\mathrm{IF}^{(0)} = \mathrm{ReLU}\big([\mathbf h_{1,1}, \dots, \mathbf h_{J,T}]\,W_0 + b_0\big).$$
#
# Each cell owns $H$ rows of $W_0$. Backward, $\mathrm dz = \mathrm d\,\mathrm{IF}\odot[z>0]$
# goes through the rows of each cell, $\mathrm d\mathbf h_k = \mathrm dz\,W_0^{(k)\top}$.
#
# With the paper's sizes ($J = 25$, $T = 20$, $H = 128$) $W_0$ holds more than nine tenths of
# all parameters of the network. (So the package keeps its gradient as two factors and
# multiplies them out piece by piece.) The paper found that both memories do equally well on
# NTU RGB+D (Table XI) and kept the layer, which converged faster. For small data sets
# [docs/readings.md](../docs/readings.md) prefers the average: nothing to overfit with.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
W_0 = rng.standard_normal((K * H, H)) / np.sqrt(K * H)
b_0 = 0.1 * rng.standard_normal(H)
IF_layer, layer_cache = memory.feedforward_forward(h, W_0, b_0)
z = b_0 + sum(h[k] @ W_0[k * H : (k + 1) * H] for k in range(K))
same("the layer, cell by cell", IF_layer, np.maximum(z, 0))
dz = price * (z > 0)
dh_hand = np.stack([dz @ W_0[k * H : (k + 1) * H].T for k in range(K)])
same("its dh", memory.feedforward_backward(price, layer_cache)[0], dh_hand)
shapes = GCALSTM(25, 20, 3, 60, initial="feedforward").shapes()
sizes = {name: np.prod(shape) for name, shape in shapes.items()}
share = sizes["memory.0.W"] / sum(sizes.values())
holds(f"W_0 has {share:.1%} of all parameters", share > 0.9)

# %% [markdown]
# ## 2. A score for every cell (Eq. 5)
#
# Now the memory looks back at the cells. Each gets a number, from its own output and the
# memory of the iteration before (at first $\mathrm{IF}^{(0)}$):
#
# $$e^{(n)}_{j,t} = W_{e_1}\tanh\!\left(W_{e_2}
# \begin{pmatrix}\mathbf h_{j,t}\\ \mathrm{IF}^{(n-1)}\end{pmatrix}\right)$$
#
# One hidden layer, one output, the same for all cells. The upper $H$ rows of `We2` meet the
# cell, the lower $H$ the memory; the memory's share is the same for all cells, and computed
# once.

# %%
We1 = rng.standard_normal(H)
We2 = rng.standard_normal((2 * H, H)) / np.sqrt(2 * H)
s = np.tanh(h @ We2[:H] + IF_0 @ We2[H:])  # (K, B, H): the hidden layer
e = s @ We1  # (K, B)
one = We1 @ np.tanh(
    We2.T @ np.concatenate([h[7, 1], IF_0[1]])
)  # as the paper writes it
same("one cell, the long way", e[7, 1], one)

# %% [markdown]
# > **Predict.** Leave the tanh out: $e = [\mathbf h, \mathrm{IF}]\,W_{e_2} W_{e_1}$. Will
# > another memory give other scores? Turn the memory and see.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def scores(IF):
    return attention.informativeness_forward(h, IF, We1, We2)[0]


def scores_without_tanh(IF):
    return softmax_forward((h @ We2[:H] + IF @ We2[H:]) @ We1)[0]


other_memory = rng.standard_normal(IF_0.shape)


def two_maps(times):
    """Scores of all cells with this memory: darker is more."""
    sketch = Sketch(640, 190, f"scores with a memory times {times}")
    pair = (("with tanh", scores), ("without", scores_without_tanh))
    for place, (name, function) in enumerate(pair):
        left = 20 + 310 * place
        sketch.text(left + 140, 16, name, size=14)
        for (j, t), r in np.ndenumerate(on_grid(function(times * other_memory))):
            shade = f"rgba(0, 114, 178, {min(3 * r, 1):.2f})"
            sketch.box(left + 70 * t, 26 + 52 * j, 66, 48, GREY, shade)
            sketch.text(left + 70 * t + 33, 55 + 52 * j, f"{r:.3f}")
    return sketch


turns = [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2]
Dial([two_maps(times) for times in turns], turns, "the memory, times", 4)

# %%
without = scores_without_tanh(IF_0), scores_without_tanh(other_memory)
same("without tanh, two memories", *without)
moved = abs(scores(IF_0) - scores(other_memory)).max()
holds(f"with tanh a score moves by up to {moved:.2f}", moved > 0.01)

# %% [markdown]
# The $e$ go into a softmax, where only their *differences* count. Without tanh the memory adds
# the same number to every cell, and it cancels. The tanh is the only place where a cell and
# the memory *meet*. (For the same reason Eq. 5 has no bias behind $W_{e_1}$: exercise 1.)
#
# ## 3. The softmax over the whole grid (Eq. 6)
#
# $$r^{(n)}_{j,t} = \frac{\exp e^{(n)}_{j,t}}
# {\sum_{p=1}^{J}\sum_{q=1}^{T}\exp e^{(n)}_{p,q}}$$
#
# All $JT$ cells of a sequence, not the joints of a frame, share one whole. What one cell wins,
# all others lose, near or far. Number the cells in any order; then
#
# $$\frac{\partial r_k}{\partial e_l} = r_k\,(\delta_{kl} - r_l), \qquad
# \frac{\partial r}{\partial e} = \mathrm{diag}(r) - r\,r^{\top}.$$
#
# > **Predict.** What are the signs on the diagonal and off it? What do the entries of a
# > column sum to?

# %%
r, informativeness_cache = attention.informativeness_forward(h, IF_0, We1, We2)
r_0, e_0 = r[:, 0], e[:, 0]  # the first sequence
jacobian = np.diag(r_0) - np.outer(r_0, r_0)
of_k = [complex_step(lambda e, k=k: softmax_forward(e)[0][k], e_0) for k in range(K)]
same("the Jacobian, measured", jacobian, np.stack(of_k))
holds("every column sums to 0", abs(jacobian.sum(axis=0)) < 1e-14)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
diverging = LinearSegmentedColormap.from_list("two", [ORANGE, "white", BLUE])
largest = abs(jacobian).max()
options = {"cmap": diverging, "vmin": -largest, "vmax": largest}
best = r_0.argmax()
column = on_grid(np.repeat(jacobian[:, best, None], B, axis=1))
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.6), layout="constrained", width_ratios=(1, 1.3)
)
left.imshow(jacobian, **options)
left.set(
    title=r"$\partial r_k/\partial e_l$, all pairs of cells", xlabel="$l$", ylabel="$k$"
)
image = right.imshow(column, **options)
place = f"({joint[best]}, {frame[best]})"
right.set(title=f"one column: $e$ raised at {place}", xlabel="frame", ylabel="joint")
right.set(xticks=range(T), yticks=range(J))
for (j, t), value in np.ndenumerate(column):
    shade = "white" if value > largest / 2 else "black"
    right.text(t, j, f"{value:+.3f}", ha="center", va="center", color=shade)
figure.colorbar(image, ax=right, label="change of $r$ per change of $e$")
plt.show()

# %% [markdown]
# Backpropagation needs $\mathrm de_l = \sum_k \mathrm dr_k\,\partial r_k/\partial e_l$, and no
# matrix:
#
# $$\mathrm de_l = r_l\Big(\mathrm dr_l - \sum_k r_k\,\mathrm dr_k\Big).$$
#
# In words: *how much does raising this score cost, compared with the mean, weighed by $r$?*
# Where it costs more, training lowers $e$.

# %%
dr = rng.standard_normal((K, B))
de = softmax_backward(dr, r)
same("de, with the matrix", de[:, 0], jacobian.T @ dr[:, 0])

# %% [markdown]
# <details><summary>Deeper: the derivation of the Jacobian</summary>
#
# Write $E_k = \exp e_k$ and $Z = \sum_l E_l$, so $r_k = E_k / Z$. Then
# $\partial E_k/\partial e_l = \delta_{kl} E_k$ and $\partial Z/\partial e_l = E_l$, and the
# quotient rule gives
#
# $$\frac{\partial r_k}{\partial e_l} = \frac{\delta_{kl}E_k Z - E_k E_l}{Z^2}
# = r_k(\delta_{kl} - r_l).$$
#
# A batch of 100 sequences of 500 cells has Jacobians of 100 MB in float32, and a `de` of 0.2
# MB.
#
# </details>
#
# ## 4. Back through Eqs. 5 and 6
#
# From $\mathrm de$ on it is the chain rule through a small network: with
# $a = [\mathbf h, \mathrm{IF}]\,W_{e_2}$ and $s = \tanh a$,
# $\mathrm ds = \mathrm de\;W_{e_1}^{\top}$ and $\mathrm da = \mathrm ds\odot(1 - s\odot s)$.
# Whatever was used more than once collects its gradient in a sum.
#
# > **Predict.** $W_{e_1}$, the upper and the lower part of $W_{e_2}$, $\mathbf h_{k,b}$,
# > $\mathrm{IF}_b$: in which of these five is there no sum over cells?

# %% [markdown]
# | what | used by | its gradient sums over |
# | --- | --- | --- |
# | $W_{e_1}$, $W_{e_2}$ | every cell of every sequence | $k$ and $b$ |
# | $\mathbf h_{k,b}$ | in Eq. 5 its own score only | nothing |
# | $\mathrm{IF}_b$ | all $K$ cells of its sequence | $k$ |
#
# The memory's, cell by cell, and all four against the witness that knows no derivation:

# %%
names = "dh", "dIF", "dWe1", "dWe2"
derived = attention.informativeness_backward(dr, informativeness_cache)
cells = [We2[H:] @ (We1 * de[k, 0] * tanh_backward(1.0, s[k, 0])) for k in range(K)]
same("dIF, cell by cell", sum(cells), derived[1][0])


def score_loss(h, IF, We1, We2):
    return (dr * attention.informativeness_forward(h, IF, We1, We2)[0]).sum()


given = [h, IF_0, We1, We2]
for n, (name, gradient) in enumerate(zip(names, derived, strict=True)):
    probe = lambda value, n=n: score_loss(*given[:n], value, *given[n + 1 :])  # noqa: E731
    same(f"{name}, by complex step", gradient, complex_step(probe, given[n]))

# %% [markdown]
# ## 5. The gated update (Eq. 7)
#
# The score becomes a gate of layer 2. Where Eq. 2 is $c = \text{new} + \text{past}$, Eq. 7 weighs
# the two:
#
# $$c_{j,t} = r_{j,t}\;\underbrace{i_{j,t}\odot u_{j,t}}_{\text{new}} +
# (1 - r_{j,t})\;\underbrace{\big(f^S_{j,t}\odot c_{j-1,t}
# + f^T_{j,t}\odot c_{j,t-1}\big)}_{\text{past}} .$$
#
# > **Predict.** What do scores of 0, of 1 and of $\tfrac12$ do?

# %%
shapes = (5 * H, H, H, H, H)
a_in, h_S, c_S, h_T, c_T = (rng.standard_normal((B, n)) for n in shapes)
U = rng.standard_normal((2 * H, 5 * H)) / np.sqrt(2 * H)
states = a_in, h_S, c_S, h_T, c_T, U
_, _, cache = cell.step_forward(*states, np.array([[0.3], [0.6]]))  # a score a sequence
new, past = cache.i * cache.u, cache.f_S * c_S + cache.f_T * c_T
c_of = {g: cell.step_forward(*states, np.full((B, 1), g))[1] for g in (0.0, 0.5, 1.0)}
same("r = 0: the past alone", c_of[0.0], past)
same("r = 1: the new alone", c_of[1.0], new)
same("r = 1/2: Eq. 2, halved", 2 * c_of[0.5], cell.step_forward(*states)[1])

# %%
figure, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
gates = np.linspace(0, 1, 50)
for unit, colour in ((0, BLUE), (1, ORANGE), (2, GREY)):
    mixed = [cell.step_forward(*states, np.full((B, 1), g))[1][0, unit] for g in gates]
    ax.plot(gates, mixed, color=colour)
    ax.plot([0, 1], [past[0, unit], new[0, unit]], "o", color=colour)
ax.set(xlabel="score $r$", ylabel="$c$ of three units", xticks=[0, 0.5, 1])
ax.set_title("from the past (left) to the new (right): a straight line")
plt.show()

# %% [markdown]
# A score of 0 makes the cell deaf, a score of 1 makes it forget. $r$ and $1 - r$ sum to one:
# this gate *trades*. And its gradient collects from all $H$ units, which share it:
#
# $$\mathrm dr = \sum_{d=1}^{H} \mathrm dc_d\,(\text{new}_d - \text{past}_d) .$$

# %%
dh_out, dc_out = rng.standard_normal((2, B, H))  # what arrives at h and at c
score = np.array([[0.3], [0.6]])
_, c_new, cache = cell.step_forward(*states, score)
shares = cell.step_backward(dh_out, dc_out, cache)[-1]  # (B, H): the terms of the sum


def cell_loss(r):
    h, c, _ = cell.step_forward(*states, r)
    return (dh_out * h).sum() + (dc_out * c).sum()


same(
    "dr, by complex step",
    shares.sum(axis=1, keepdims=True),
    complex_step(cell_loss, score),
)
dc = dc_out + dh_out * cache.o * (1 - np.tanh(c_new) ** 2)
same("each unit's term", shares, dc * (new - past))

# %% [markdown]
# ## 6. What does a score of $1/(JT)$ do?
#
# The paper explains Eq. 7 so: if an input is informative, import more of it; if not, block it
# and rely on the history. But Eq. 6 makes all
# scores of a sequence sum to one. With $J = 25$ and $T = 20$ there are 500 of them, and their
# mean is $1/500$, whatever the network does.
#
# > **Predict.** At $r = 1/500$: how much of the new enters a cell? Every path
# > from the first cell to the last has $25 + 20 - 1 = 44$ cells: how much of the past is left at its
# > end, and how much of 44 equal inputs has got in?
#
# ### 6.1 Over a path
#
# Take the kindest case: one path of $\ell$ cells, forget gates fully open, every cell with the
# same $\text{new}$. Eq. 7 is $c_k = r\,\text{new} + (1-r)\,c_{k-1}$ with $c_0 = 0$, so what is still
# missing is multiplied by $1 - r$ at each cell:
#
# $$\text{new} - c_k = (1-r)(\text{new} - c_{k-1})
# \quad\Rightarrow\quad c_\ell = \big(1-(1-r)^\ell\big)\;\text{new} .$$

# %%
J, T = 25, 20
K, path = J * T, J + T - 1
uniform = 1 / K
print(f"one cell: {uniform:.1%} of the new enters, {1 - uniform:.1%} of the past stays")
print(f"after {path} cells {(1 - uniform) ** path:.1%} of the past is left")
times = np.array([1, 2, 5, 10])
filled = 1 - (1 - times * uniform) ** path
for k, share in zip(times, filled, strict=True):
    print(f"{k:3} times uniform: 44 equal inputs fill the cell to {share:.1%}")
r_half = 1 - 0.5 ** (1 / path)
print(
    f"half takes r = {r_half:.4f}, {r_half * K:.1f} times uniform, on the whole path,"
)
print(f"which is {path * r_half:.0%} of all there is to give")
print(f"{K / path:.1f} times uniform is all, and then nothing is left for other cells")

# %%
figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
many = np.geomspace(0.5, K / path, 60)
ax.semilogx(many, 1 - (1 - many * uniform) ** path, color=BLUE)
ax.plot([1, r_half * K], [filled[0], 0.5], "o", color=ORANGE)
ax.annotate("uniform scores", (1, filled[0]), (1.1, 0.2), color=ORANGE)
ax.annotate("half full", (r_half * K, 0.5), (4.4, 0.52), color=ORANGE)
ax.set(xlabel="score, in times of uniform", ylabel="filled by 44 equal inputs")
plt.show()

# %% [markdown]
# All scores share the same 1: a gate can open wide in a few places, or a crack
# everywhere. And each later cell takes its share of what is there: along the path an input
# weighs $r_k \prod_{l>k}(1-r_l)$, so equal scores favour the late.
#
# ### 6.2 Over the grid
#
# In the grid a cell hears two predecessors. With forget gates $f$, the input of cell $(j,t)$
# reaches the last cell along $\binom{m}{J-j}$ paths of $m = (J-j) + (T-t)$ steps, and each step
# multiplies by $(1-r)f$:
#
# $$w_{j,t} = r\,\binom{m}{J-j}\,\big((1-r)f\big)^{m}.$$


# %%
def weights(r, f):
    """The weight (J, T) of every input in the last memory cell; scores r (J, T), one f."""
    rows, columns = r.shape
    keep, reach = (1 - r) * f, np.zeros((rows + 1, columns + 1))
    for j, t in reversed(list(np.ndindex(rows, columns))):
        joint_after = keep[j + 1, t] * reach[j + 1, t] if j + 1 < rows else 0
        frame_after = keep[j, t + 1] * reach[j, t + 1] if t + 1 < columns else 0
        last = j + 1 == rows and t + 1 == columns
        reach[j, t] = 1 if last else joint_after + frame_after
    return r * reach[:rows, :columns]


even = np.full((J, T), uniform)
steps = np.add.outer(np.arange(J)[::-1], np.arange(T)[::-1])  # m
paths = np.array(
    [[comb(m, J - 1 - j) for m in row] for j, row in enumerate(steps)], float
)
same("w, by the formula", weights(even, 0.5), even * paths * ((1 - even) / 2) ** steps)
for f in (0.45, 0.5, 0.55, 0.6, 0.65):
    gated, plain = weights(even, f).sum(), (paths * f**steps).sum()
    print(
        f"f = {f}: weights add up to {gated:8.3f}; with Eq. 2, no gate: {plain:10.1f}"
    )

# %% [markdown]
# Without a gate the last cell *adds up* its inputs; with uniform scores and $f$ up to a half all
# weights together are a few hundredths. Forget gates a little above half can make up for the
# small gate, by making *early* inputs loud.
#
# <details><summary>Deeper: why a half, and the engine says the same</summary>
#
# Where both predecessors hold the same $c$, a step multiplies it by $2f(1-r)$: it stays what it
# is at $f = \tfrac12$, and ten steps at $f = 0.65$ make 14 of it.
#
# The folded cell asks the package. One unit without recurrent weights has all gates given by
# its biases; with all inputs zero, $u = 0$, $c = 0$ and $i = o = \tfrac12$. The derivative of
# the last $h$ by what goes into $u$ at a cell is then $\tfrac12 \cdot w \cdot \tfrac12$, so
# $w$ is four times what the backward pass returns.
#
# </details>


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
def weights_of_engine(r, forget_bias=0.0):
    """The same by the package's backward pass; r (J, T)."""
    b = np.array([0, forget_bias, forget_bias, 0, 0.0])
    nothing, no_recurrence = np.zeros((r.size, 1, 0)), np.zeros((2, 5))
    gates = grid.pack(r.T[None, :, :, None])[..., 0]  # (K, 1), in the order of memory
    _, cache = wavefront.forward(nothing, no_recurrence, b, *r.shape, g=gates)
    dh = np.zeros((r.size, 1, 1))
    dh[-1] = 1  # ask for the last cell
    return grid.unpack(4 * wavefront.backward(dh, cache)[0][:, :, 4], *r.shape)[0].T


same("w, by the engine", weights_of_engine(even), weights(even, 0.5))
uneven = rng.uniform(0, 0.3, (5, 6))
same("with other scores", weights_of_engine(uneven), weights(uneven, 0.5))
chain = np.full((1, path), r_half)
same("a chain, half full", weights_of_engine(chain, 40.0).sum(), 0.5)

# %% [markdown]
# ### 6.3 How large can scores be?
#
# For one of $K$ cells to have $r = \tfrac12$ its $e$ must lead all others, if they are equal, by $\ln(K-1)$.
# Where does a fresh network stand, on skeletons?

# %%
two = generate(seed=0, subjects=2, repetitions=1)
aligned = align(two, face_camera=True, torso_scale=True)
x, _ = aligned.batch(np.arange(len(aligned.label)), T)
network = GCALSTM(J, T, 3, 14, hidden=32, initial="average", dropout=0)
params = network.init(np.random.default_rng(0), np.float64)
_, network_cache = network.forward(params, x.astype(np.float64))
seen = network.scores(network_cache)[0] * K  # (B, T, J), times uniform
figure, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
ax.hist(seen.ravel(), bins=60, color=BLUE)
ax.set(xlabel="score, in times of uniform", ylabel="cells", title="a fresh network")
plt.show()
holds(f"the largest is {seen.max():.1f} times uniform, below 3", seen.max() < 3)
print(f"lead needed for a half: {np.log(K - 1):.1f}")

# %% [markdown]
# A fresh network gives every cell about its share. At uniform scores
# $\mathrm de = \frac1K(\mathrm dr - \text{mean of }\mathrm dr)$: what could train it away from
# there carries the factor $1/K$.
#
# <details><summary>Deeper: a bound, and how loud attention is</summary>
#
# **And the weights?** They sum it over the cells: a mean of differences, in which most cancels.
#
# **A bound.** Every entry of the tanh lies between $-1$ and $1$, so
# $|e_{j,t}| \le \lVert W_{e_1}\rVert_1$, and the largest score that any input could get is
#
# $$r_{\max} \le \frac{1}{1 + (K-1)\,\exp(-2\lVert W_{e_1}\rVert_1)} .$$
#
# **How loud is attention?** The attention representation $F$ is $h$ of the last cell of layer
# 2; Eq. 8 adds its share to that of the old memory. The folded cell runs layer 2 of the fresh
# network with its scores, with uniform scores, and without a gate. (`a` there are the inputs'
# shares of the gates, which the first pass has kept; so the sweep's own input is empty.)
# Whether scores are computed or uniform hardly matters to $F$ yet.
#
# **What the code does about it.** Nothing: it follows the equations
# ([readings](../docs/readings.md)) and leaves their consequences for you to see.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
bound = 1 / (1 + (K - 1) * np.exp(-2 * abs(params["attention.1.We1"]).sum()))
holds(f"no score above the bound, {bound * K:.0f} times uniform", seen < bound * K)
stream = network_cache.streams[0]
first, WF = stream.rounds[0], params["memory.1.WF"]
gates = {"scores": first.r, "uniform": np.full_like(first.r, uniform), "no gate": None}
loud = {}
for name, g in gates.items():
    recurrent = params["layer2.W"][32:], params["layer2.b"]
    h_2, _ = wavefront.forward(stream.a[..., :0], *recurrent, J, T, a=stream.a, g=g)
    loud[name] = np.linalg.norm(h_2[-1] @ WF[:32])
loud["memory"] = np.linalg.norm(first.IF @ WF[32:])
print("size of each share of Eq. 8:", {k: round(float(v), 2) for k, v in loud.items()})
holds("F is quieter than the memory", loud["uniform"] < loud["memory"] / 2)
holds("without a gate it would be louder", loud["no gate"] > loud["memory"])
same("scores or uniform", loud["scores"], loud["uniform"], to=0.2)
dr_even = rng.standard_normal((K, 1))
de_even = softmax_backward(dr_even, np.full((K, 1), uniform))
same("de at uniform scores", de_even, (dr_even - dr_even.mean()) / K)

# %% [markdown]
# ### 6.4 After training
#
# Three trained networks come with [tutorial 7](07_what_it_looks_at.ipynb): 25 joints, 10 frames.
#
# > **Predict.** Do scores open wide somewhere? Do $f^S + f^T$ rise well above 1?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
SIX = [f"{limb} {side}" for limb in ("punch", "kick") for side in ("left", "right")]
SIX = ["wave left hand", "wave right hand", *SIX]
people = generate(seed=0, subjects=4, repetitions=1, classes=SIX)
aligned_7 = align(people, face_camera=True, torso_scale=True)
x_7, _ = aligned_7.batch(np.arange(len(aligned_7.label)), 10)
one_by_one = GCALSTM(25, 10, 3, 6, hidden=32, initial="average", schedule="raster")
times_uniform, sums = [], []
if not Path("weights_07.npz").exists():
    print("To see this picture, put weights_07.npz of tutorial 7 beside this notebook.")
else:
    with np.load("weights_07.npz") as file:
        for seed in (0, 1, 2):
            mine = [name for name in file if name.startswith(f"calm/{seed}/")]
            trained = {
                name.split("/")[2]: file[name].astype(np.float32) for name in mine
            }
            _, cache_7 = one_by_one.forward(trained, x_7)
            times_uniform.append(one_by_one.scores(cache_7).ravel() * 250)
            for attended in cache_7.streams[0].rounds:
                units = attended.caches[1][0].units.values()  # layer 2's cells
                sums += [(unit.f_S + unit.f_T).mean() for unit in units]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.6), layout="constrained")
    labels = ["seed 0", "seed 1", "seed 2"]
    left.hist(times_uniform, bins=40, histtype="step", label=labels)
    left.set(
        xlabel="score, in times of uniform", ylabel="cells", title="trained networks"
    )
    left.legend(frameon=False, fontsize=8)
    right.hist(sums, bins=30, color=BLUE)
    right.set(xlabel="$f^S + f^T$, mean over units", title="layer 2's forget gates")
    plt.show()
    low, high = np.quantile(np.concatenate(times_uniform), [0.05, 0.95])
    print(f"nine scores of ten are between {low:.1f} and {high:.1f} times uniform")
    holds("which is between a third and three times", low > 1 / 3 and high < 3)
    holds(f"the largest sum of forget gates is {max(sums):.2f}", max(sums) < 1.15)

# %% [markdown]
# Neither. Nor do such scores tell *where* an action is. Tutorial 7 measures it, beside an
# answer that does: the gradient of the decision.
#
# ## 7. A thought: a gate that is relative
#
# A softmax says how *relatively* important a cell is. A gate reads its number as *absolute*.
# The score 0.01 means "a tenth of its fair share" among 10 cells and "five times its fair
# share" among 500.
#
# So let $K r$, the multiple of a fair share, set the *odds* of the gate, with one number
# $\kappa$ for an ordinary cell:
#
# $$\frac{g}{1-g} = \kappa\,K r\qquad\Longleftrightarrow\qquad
# g = \frac{\kappa K r}{1 + \kappa K r} .$$
#
# A uniform score gives $g = \kappa/(1+\kappa)$, for any $J$ and $T$. Such a *reading* is not in
# the paper. It was tried beside others: [none has won](../docs/tables/gate-readings.md), in
# accuracy or in telling where.
#
# > **Predict.** For an ordinary cell compare $g = 1/500$ (the paper's), $1/44$ (one over the
# > length of a path) and $1/2$. Which lets in the most? Which still remembers the first joint?

# %%
levels = {"1/500": 1 / 500, "1/44": 1 / 44, "1/2": 1 / 2}
maps = {name: weights(np.full((J, T), g), 0.5) for name, g in levels.items()}
back = {name: (w * steps).sum() / w.sum() for name, w in maps.items()}
for name, w in maps.items():
    print(
        f"g = {name:5}: weights add up to {w.sum():.3f}, from {back[name]:4.1f} steps back on average"
    )
lets_in = [w.sum() for w in maps.values()]
holds("a wider gate lets in more", np.diff(lets_in) > 0)
holds("and remembers less far back", np.diff(list(back.values())) < 0)

# %%
figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained", sharey=True)
for ax, (name, w) in zip(axes, maps.items(), strict=True):
    image = ax.imshow(w, cmap="cividis", norm=LogNorm(1e-6, 1), aspect="auto")
    ax.set(title=f"$g$ = {name}: weights add up to {w.sum():.2f}", xlabel="frame")
axes[0].set_ylabel("joint, along the chain")
figure.colorbar(image, ax=axes, label="weight in the last cell", extend="min")
plt.show()

# %% [markdown]
# (Forget gates are $\tfrac12$ here.) The paper's gate forgets almost nothing and lets almost
# nothing in. $1/(J + T - 1)$ lets in more, and still hears far back.
#
# ## Summary
#
# - $\mathrm{IF}^{(0)}$ is an average: $1/K$ of the gradient to each cell.
# - Eq. 5 needs its tanh: without it the memory cancels in the softmax.
# - $\mathrm de = r\odot(\mathrm dr - \sum r\,\mathrm dr)$.
# - Eq. 7 trades the new for the past; $\mathrm dr = \sum_d \mathrm dc_d(\text{new}_d -
#   \text{past}_d)$.
# - Scores sum to one: of 500 cells each lets 0.2 % of the new in, and along one path 44 inputs
#   that agree fill a cell to 8 %. Training hardly changes that.
#
# ## Exercises
#
# Put your answer in the place of `...` and run the cell: it checks itself. They are about the
# small grid of sections 1 to 4 again; `h`, `IF_0`, `We1`, `We2`, `e`, `e_0`, `r` are what they
# were.
#
# **1 (easy). No bias.** Add a bias $\beta$ to Eq. 5, $e' = e + \beta$. What is its gradient,
# for any loss?
#
# <details><summary>Hint</summary>
#
# Sum $\mathrm de_l$ of section 3 over all $l$; the scores sum to 1.
#
# </details>

# %%
J, T = 3, 4
K = J * T
d_beta = ...


def by_step():
    """For a random loss."""
    prices = rng.standard_normal(e.shape)
    return complex_step(
        lambda b: (prices * softmax_forward(e + b)[0]).sum(), np.zeros(1)
    )[0]


check_1 = exercise(
    "1", lambda: round(float(by_step()), 12), "One number, for every loss."
)
check_1(d_beta)

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1: sum_l r_l dr_l - (sum_l r_l)(sum_k r_k dr_k) = 0, since the scores sum to 1
assert check_1(0)

# %% [markdown]
# **2 (medium). Who comes last.** On a chain with open forget gates three cells have the scores
# $r_1, r_2, r_3$, and all others zero. Which weight has each in the last memory cell?
#
# <details><summary>Hint</summary>
#
# What comes later takes its share from what is there.
#
# </details>


# %%
def three_weights(r_1, r_2, r_3):
    return ..., ..., ...


def on_a_chain():
    scores = np.zeros((1, 9))
    scores[0, [1, 4, 6]] = 0.2, 0.5, 0.3
    return tuple(weights(scores, 1.0)[0, [1, 4, 6]].tolist())


check_2 = exercise(
    "2", on_a_chain, "The last keeps r_3, and leaves 1 - r_3 to the others."
)
check_2(lambda: three_weights(0.2, 0.5, 0.3))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2. So equal weights need r_1 = r_2 / (1 - r_2): the earlier needs the higher score.
r_1, r_2, r_3 = 0.2, 0.5, 0.3
assert check_2((r_1 * (1 - r_2) * (1 - r_3), r_2 * (1 - r_3), r_3))

# %% [markdown]
# **3 (medium). Temperature.** Let $r = \mathrm{softmax}(e/\tau)$. Derive the matrix $\partial
# r_k/\partial e_l$ and the vector $\partial r_k/\partial\tau$.
#
# <details><summary>Hint</summary>
#
# With $y = e/\tau$ you know $\partial r/\partial y$. What are $\partial y_l/\partial e_l$ and
# $\partial y_l/\partial\tau$?
#
# </details>


# %%
def by_e_and_tau(e, tau):
    """The matrix (K, K) and the vector (K,); softmax_forward(e / tau)[0] is r."""
    return ..., ...


def stepped():
    tau, cells = np.array([0.7]), range(len(e_0))
    by_e = [
        complex_step(lambda e, k=k: softmax_forward(e / tau)[0][k], e_0) for k in cells
    ]
    by_t = [
        complex_step(lambda t, k=k: softmax_forward(e_0 / t)[0][k], tau) for k in cells
    ]
    return np.stack(by_e), np.concatenate(by_t)


check_3 = exercise("3", stepped, "1/tau for the first, -e/tau^2 for the second.")
check_3(lambda: by_e_and_tau(e_0, 0.7))


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3. tau -> 0: one cell has everything; tau -> infinity: all are uniform.
def solved(e, tau):
    r = softmax_forward(e / tau)[0]
    return (np.diag(r) - np.outer(r, r)) / tau, -r * (e - r @ e) / tau**2


assert check_3(lambda: solved(e_0, 0.7))

# %% [markdown]
# **4 (hard). The relative gate, backwards.** Suppose layer 2 used $g = \kappa K r/(1+\kappa K
# r)$ in place of $r$. The sweep gives you $\mathrm dg$. What is $\mathrm dr$?
#
# <details><summary>Hint</summary>
#
# With $q = \kappa K r$: $\partial g/\partial q = 1/(1+q)^2$.
#
# </details>


# %%
def through_the_gate(dg, r, kappa):
    """dr (K, B) of dg (K, B)."""
    return ...


J, T, K = 3, 4, 12
a_4, U_4, b_4, e_4 = (
    rng.standard_normal(n) for n in ((12, 2, 10), (4, 10), 10, (12, 2))
)


def last_output(e):
    """h of the last cell of a layer 2 with the relative gate, and what its sweep keeps."""
    odds = 0.25 * K * softmax_forward(e)[0]
    h, cache = wavefront.forward(
        a_4[..., :0], U_4, b_4, J, T, a=a_4, g=odds / (1 + odds)
    )
    return h, cache


def whole_chain(through_the_gate):
    """From the last h back to e, with this step in the middle."""
    h, cache = last_output(e_4)
    dh = np.zeros_like(h)
    dh[-1] = 1
    r = softmax_forward(e_4)[0]
    return softmax_backward(
        through_the_gate(wavefront.backward(dh, cache)[3], r, 0.25), r
    )


measured_4 = complex_step(lambda e: last_output(e)[0][-1].sum(), e_4)
check_4 = exercise("4", lambda: measured_4, "dg, times kappa K, by (1 + kappa K r)^2.")
check_4(lambda: whole_chain(through_the_gate))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4
assert check_4(
    lambda: whole_chain(lambda dg, r, kappa: dg * kappa * K / (1 + kappa * K * r) ** 2)
)

# %% [markdown]
# **5 (hard). When the memory learns nothing.** Suppose all cells of a sequence put out the same
# $\mathbf h$. Is $\mathrm d\,\mathrm{IF}$, as it comes back through Eqs. 5 and 6, zero for every
# loss? Is $\mathrm d\mathbf h_k$ of a single cell? Is $\sum_k \mathrm d\mathbf h_k$?
#
# <details><summary>Hint</summary>
#
# What is $s_k$ when all cells are equal, and what does that make of $\sum_k \mathrm da_k$? Use
# $\sum_k\mathrm de_k = 0$.
#
# </details>

# %%
memory_is_zero, one_cell_is_zero, sum_is_zero = ..., ..., ...


def with_equal_cells():
    equal = np.repeat(h[:1], len(h), axis=0)
    _, cache = attention.informativeness_forward(equal, IF_0, We1, We2)
    prices = rng.standard_normal(equal.shape[:2])
    dh, dIF, _, _ = attention.informativeness_backward(prices, cache)
    return tuple(bool(abs(d).max() < 1e-12) for d in (dIF, dh, dh.sum(axis=0)))


check_5 = exercise(
    "5", with_equal_cells, "Move one cell alone: it differs from the others."
)
check_5((memory_is_zero, one_cell_is_zero, sum_is_zero))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5. da_k = de_k (We1 (1 - s^2)) with the same bracket for all k, and sum_k de_k = 0.
# Whatever the memory says, equal cells get equal scores; one cell that moves alone does not.
assert check_5((True, False, True))

# %% [markdown]
# ## What comes next
#
# In [4. Recurrent attention and refinement](04_refinement.ipynb) the gated layer 2 refines the
# memory, the refined memory scores the cells anew, and the gradient finds its way back.
