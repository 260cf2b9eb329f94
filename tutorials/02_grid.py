# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. The grid: backpropagation through joints and time
#
# **What you will do.** Join the cells of tutorial 1 to a grid of joints and frames, and walk through it, forward and
# backward, one cell at a time. Count the paths along which a gradient comes home. See when it vanishes on the way and
# when it explodes. Then compute the same numbers diagonal by diagonal, which is how the package does it fast.
#
# **What you will learn.** Why a cell collects its gradient from *two* successors, and why the two add. In which order
# cells may be visited. That the backward pass is a sum over all lattice paths, of which there are billions, done in a
# few hundred steps. Why the sum $f^S + f^T$ decides over vanishing and exploding, and why advice that is good for an
# ordinary LSTM is bad here. What can be computed at the same time, and how memory is laid out for it.
#
# **What you need.** [Tutorial 1](01_cell.ipynb): the cell, its gradients, the complex step. Binomial coefficients and
# the binomial theorem; matrix products. About 60 minutes of reading; the code runs in ten to thirty seconds. All
# symbols, and their names in the code, are in the [glossary](../docs/glossary.md).

# %%
# %matplotlib inline
from itertools import combinations, pairwise
from math import comb
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from gca_scratch.figures.canvas import BLUE, GREY, ORANGE, STYLE
from gca_scratch.network import cell, grid
from gca_scratch.network.gradcheck import complex_step
from gca_scratch.network.ops import affine_forward, sigmoid_forward
from gca_scratch.network.sweep import raster, wavefront

plt.rcParams.update(STYLE)

# %% [markdown]
# ## 1. Two sources of memory
#
# An ordinary LSTM reads a sequence: each cell hears the one before it. A skeleton sequence has two directions. Within a
# frame the joints form a chain; over the frames every joint moves. So the cell at joint $j$ and frame $t$ hears **two**
# neighbours, $(j-1, t)$ and $(j, t-1)$, and has a forget gate for each:
#
# $$ c_{j,t} = i_{j,t} \odot u_{j,t} + f^{S}_{j,t} \odot c_{j-1,t} + f^{T}_{j,t} \odot c_{j,t-1} $$
#
# This is Eq. 2 of the paper. Its superscripts are names, no exponents: $S$ is *spatial*, $T$ is *temporal*. (In the
# code they are `f_S` and `f_T`. A transpose is written $U^{\top}$.)
#
# Joints and frames are counted from 0 here, as in the code, so the last cell is $(J-1, T-1)$. Before the first joint
# and before the first frame there is nothing: $h$ and $c$ are zero there. Our grid has three joints and four frames.

# %%
J, T, B, D, H = 3, 4, 2, 3, 4
rng = np.random.default_rng(2)
sequences = rng.standard_normal((B, T, J, D))  # as data sets have them
W, b = rng.standard_normal((D + 2 * H, 5 * H)) / 2, rng.standard_normal(5 * H) / 2
x = grid.pack(sequences)  # (K, B, D): K = J T cells on axis 0
print("sequences", sequences.shape, " cells", x.shape)

# %% [markdown]
# `grid.pack` puts the cells into a row, one diagonal after the other. Section 6 says why; for now we need to know where
# each cell went. `grid.cell_order` tells joint and frame of each.


# %%
def places(J, T):
    """place[j, t]: position of cell (j, t) on axis 0 of packed arrays."""
    place = np.empty((J, T), dtype=int)
    place[grid.cell_order(J, T)] = np.arange(J * T)
    return place


place = places(J, T)
print(place)
np.testing.assert_array_equal(x[place[2, 1]], sequences[:, 1, 2])

# %% [markdown]
# The drawing: cells as squares, joints downward, frames to the right. (A folded cell holds the function that draws such
# maps; we use it all the way.)


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def show_map(ax, values, title, text=None, norm=None, colours="cividis"):
    """A J x T map with, if wanted, a text in each cell; dark on light and light on dark."""
    image = ax.imshow(values, cmap=colours, norm=norm)
    if text is not None:
        for (j, t), value in np.ndenumerate(values):
            shade = sum(image.cmap(image.norm(value))[:3]) / 3
            ax.text(t, j, text(j, t), ha="center", va="center", color="white" if shade < 0.5 else "black", fontsize=9)
    ax.set(title=title, xlabel="frame $t$", ylabel="joint $j$")
    if len(values) < 10:
        ax.set(xticks=range(values.shape[1]), yticks=range(len(values)))
    else:
        ax.set(xticks=range(0, values.shape[1], 5), yticks=range(0, len(values), 5))
    return image


def show_arrows(ax, J, T, back=False, width=None, colour=GREY):
    """The arrows between the cells, forward or back; width(edge) is that of the edge (from, to)."""
    edges = [((j, t), (j + 1, t)) for j in range(J - 1) for t in range(T)]
    edges += [((j, t), (j, t + 1)) for j in range(J) for t in range(T - 1)]
    for start, end in edges:
        style = {"arrowstyle": "<|-" if back else "-|>", "color": colour, "shrinkA": 15, "shrinkB": 15}
        style |= {"lw": 1 if width is None else width((start, end)), "mutation_scale": 10}
        ax.annotate("", end[::-1], start[::-1], arrowprops=style)


figure, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
ax.set(xlim=(-0.6, T - 0.4), ylim=(J - 0.5, -0.5), xticks=range(T), yticks=range(J))
ax.set(xlabel="frame $t$", ylabel="joint $j$", title="who hears whom")
show_arrows(ax, J, T)
for j, t in np.ndindex(J, T):
    ax.text(t, j, f"({j}, {t})", ha="center", va="center", bbox={"boxstyle": "round", "fc": "white", "ec": BLUE})

# %% [markdown]
# ## 2. Forward, cell by cell
#
# Every cell is one call of `cell.step_forward`. The order: frame by frame, and within a frame joint by joint. Then both
# neighbours are always there when they are needed. This double loop is `raster.forward`, the package's *definition* of
# the layer. We write it out, so that we can look at every cell; dictionaries keep what each cell made.


# %%
def walk_forward(a, U, J, T, r=None):
    """raster.forward written out: h, c and the cache of every cell, each a dict with keys (j, t)."""
    place, nothing = places(J, T), np.zeros((a.shape[1], len(U) // 2))
    h, c, caches = {}, {}, {}
    for t in range(T):
        for j in range(J):
            S, T_ = (j - 1, t), (j, t - 1)  # the two predecessors
            neighbours = h.get(S, nothing), c.get(S, nothing), h.get(T_, nothing), c.get(T_, nothing)
            score = None if r is None else r[place[j, t], :, None]  # (B, 1)
            h[j, t], c[j, t], caches[j, t] = cell.step_forward(a[place[j, t]], *neighbours, U, score)
    return h, c, caches


# %%
W_x, U = W[:D], W[D:]
a, _ = affine_forward(x, W_x, b)  # the inputs' share of Eq. 1, for all cells at once
h, c, caches = walk_forward(a, U, J, T)
h_raster, raster_cache = raster.forward(x, W, b, J, T)
for j, t in np.ndindex(J, T):
    np.testing.assert_allclose(h[j, t], h_raster[place[j, t]], rtol=1e-11, atol=1e-15)
print("h of the last cell, first sequence:", h[J - 1, T - 1][0])

# %% [markdown]
# ### Who can know about whom?
#
# We nudge the input of one cell and see which cells notice. The complex step is a perfect dye for that: a tiny
# imaginary part, poured in at one place, colours everything downstream and nothing else.
#
# > **Predict.** We pour it into the input of cell $(1, 1)$. Which of the twelve cells will be coloured?

# %%
dyed = x + 0j
dyed[place[1, 1]] += 1e-30j
h_dyed, _ = raster.forward(dyed, W, b, J, T)
colour = np.abs(h_dyed.imag).max(axis=(1, 2))[place] / 1e-30
print(np.round(colour, 4))
for j, t in np.ndindex(J, T):
    assert (colour[j, t] > 0) == (j >= 1 and t >= 1)

# %% [markdown]
# The quarter of the grid below and to the right. The cell $(0, 3)$, two frames later, knows nothing of $(1, 1)$: the
# chain of joints has a direction. Only the last cell $(J-1, T-1)$ has heard of everything. That is why the paper takes
# *its* output as the summary $F$ of layer 2.
#
# ## 3. Backward: every cell has two successors
#
# ### 3.1 Three uses of one $h$
#
# Now the question of this tutorial: what are $dh_{j,t}$ and $dc_{j,t}$? As in tutorial 1, $dq$ is the derivative of the
# loss with respect to $q$, and we collect it over all *uses* of $q$. Where is $h_{j,t}$ used?
#
# 1. above the layer, by whatever reads its output (layer 2, the memory, the loss);
# 2. by the next joint $(j+1, t)$, as its $h_S$;
# 3. by the next frame $(j, t+1)$, as its $h_T$.
#
# Think of everything after this cell as one function $L(h^{(1)}, h^{(2)}, h^{(3)})$ with a separate entrance for each
# use, into all three of which we feed the same $h_{j,t}$. The chain rule for several variables, with all three inner
# derivatives equal to 1:
#
# $$
# dh_{j,t} = \frac{\partial L}{\partial h^{(1)}} \cdot 1 + \frac{\partial L}{\partial h^{(2)}} \cdot 1
# + \frac{\partial L}{\partial h^{(3)}} \cdot 1
# = \underbrace{dh^{\text{above}}_{j,t}}_{\text{given}} + \underbrace{[dh_S]_{j+1,t}}_{\text{from the next joint}}
# + \underbrace{[dh_T]_{j,t+1}}_{\text{from the next frame}} .
# $$
#
# Here $[dh_S]_{j+1,t}$ is what `step_backward` of the cell $(j+1, t)$ returns for its $h_S$, which is our $h$. The cell
# state is used by the two successors only (and inside its own cell, which `step_backward` takes care of):
#
# $$ dc^{\text{out}}_{j,t} = [dc_S]_{j+1,t} + [dc_T]_{j,t+1} . $$
#
# These sums are **why carries add**. There is nothing more to backpropagation through joints and time.
#
# ### 3.2 The smallest case: a diamond
#
# Take the four cells $(0,0)$, $(0,1)$, $(1,0)$, $(1,1)$ and a loss that reads $h_{1,1}$ alone. There are two ways back
# from $(1,1)$ to $(0,0)$: over the frame, through $(0,1)$, and over the joint, through $(1,0)$.

# %%
price, nothing = rng.standard_normal((B, H)), np.zeros((B, H))  # dh and dc that the last cell receives
_, dh_01, dc_01, dh_10, dc_10, _, _ = cell.step_backward(price, nothing, caches[1, 1])
_, _, _, dh_by_frame, dc_by_frame, _, _ = cell.step_backward(dh_01, dc_01, caches[0, 1])
_, dh_by_joint, dc_by_joint, _, _, _, _ = cell.step_backward(dh_10, dc_10, caches[1, 0])

# %% [markdown]
# To measure, we make the loss a function of $h_{0,0}$ and $c_{0,0}$, and recompute the three cells after it.


# %%
def diamond(h_00, c_00):
    """The loss as a function of the first cell's states."""
    h_01, c_01, _ = cell.step_forward(a[place[0, 1]], nothing, nothing, h_00, c_00, U)
    h_10, c_10, _ = cell.step_forward(a[place[1, 0]], h_00, c_00, nothing, nothing, U)
    h_11, _, _ = cell.step_forward(a[place[1, 1]], h_01, c_01, h_10, c_10, U)
    return (price * h_11).sum()


# %% [markdown]
# > **Predict.** Four numbers per unit: the gradient of $c_{0,0}$ over the frame, over the joint, their sum, the
# > measured one. Which agree?

# %%
measured = complex_step(lambda c_00: diamond(h[0, 0], c_00), c[0, 0])
for name, values in (("over the frame", dc_by_frame), ("over the joint", dc_by_joint), ("measured", measured)):
    print(f"{name:15}", np.round(values[0], 5))
np.testing.assert_allclose(dc_by_frame + dc_by_joint, measured, rtol=1e-10, atol=1e-14)
measured_h = complex_step(lambda h_00: diamond(h_00, c[0, 0]), h[0, 0])
np.testing.assert_allclose(dh_by_frame + dh_by_joint, measured_h, rtol=1e-10, atol=1e-14)
assert not np.allclose(dc_by_frame, measured) and not np.allclose(dc_by_joint, measured)

# %% [markdown]
# ### 3.3 The whole grid
#
# Backward, the same double loop runs in reverse. Each cell *waits until both successors have sent*, takes its turn, and
# sends to both predecessors, where `+=` does the adding. We give every cell its own slot in two arrays, `dh` and `dc`.


# %%
def walk_backward(dh_above, dc_above, caches, order):
    """raster.backward written out, in any order: da (dict), the collected dh and dc (J, T, B, H), and dU."""
    dh, dc, da, dU = dh_above.copy(), dc_above.copy(), {}, 0
    for j, t in order:
        da[j, t], dh_S, dc_S, dh_T, dc_T, dU_here, _ = cell.step_backward(dh[j, t], dc[j, t], caches[j, t])
        dU = dU + dU_here
        if j > 0:
            dh[j - 1, t] += dh_S
            dc[j - 1, t] += dc_S
        if t > 0:
            dh[j, t - 1] += dh_T
            dc[j, t - 1] += dc_T
    return da, dh, dc, dU


# %% [markdown]
# Let every cell be read from above, each with random prices, and go back:

# %%
raster_order = [(j, t) for t in range(T) for j in range(J)]
dh_above, dc_above = rng.standard_normal((J, T, B, H)), np.zeros((J, T, B, H))
da, dh, dc, dU = walk_backward(dh_above, dc_above, caches, reversed(raster_order))
dh_packed = dh_above[grid.cell_order(J, T)]  # (K, B, H), as the package wants it
da_raster, dW_raster, db_raster, _ = raster.backward(dh_packed, raster_cache)
for key, value in da.items():
    np.testing.assert_allclose(value, da_raster[place[key]], rtol=1e-10, atol=1e-14)
np.testing.assert_allclose(dU, dW_raster[D:], rtol=1e-10, atol=1e-14)

# %% [markdown]
# So our walk is `raster.backward`. Are both right? The complex step, over every weight and every input. The remaining
# gradients follow from $da$ as in tutorial 1: $dx = da\,W_x^{\top}$, and $dW_x$, $db$ sum over cells *and*
# sequences, because all cells use the same weights.


# %%
def loss(x, W):
    h, _ = raster.forward(x, W, b, J, T)
    return (dh_packed * h).sum()


np.testing.assert_allclose(dW_raster, complex_step(lambda W: loss(x, W), W), rtol=1e-9, atol=1e-13)
np.testing.assert_allclose(da_raster @ W_x.T, complex_step(lambda x: loss(x, W), x), rtol=1e-9, atol=1e-13)
print("dW", dW_raster.shape, "and dx", x.shape, "agree with the complex step")

# %% [markdown]
# Where do gradients flow? The drawing shows, for a loss that reads the last cell alone, the size of what has arrived
# at every cell, $dh$ and $dc^{\text{out}}$ together, and of what each arrow carries (its width).
#
# > **Predict.** How many contributions does an inner cell receive from its successors? A cell of the last frame? The
# > last cell?

# %%
only_last = np.zeros((J, T, B, H))
only_last[-1, -1] = price
_, dh_l, dc_l, _ = walk_backward(only_last, dc_above, caches, reversed(raster_order))
sent = {key: cell.step_backward(dh_l[key], dc_l[key], caches[key]) for key in caches}
received = np.zeros((J, T), dtype=int)
for j, t in raster_order:
    _, dh_S, dc_S, dh_T, dc_T, *_ = sent[j, t]
    if j > 0:
        received[j - 1, t] += np.any(dh_S) or np.any(dc_S)
    if t > 0:
        received[j, t - 1] += np.any(dh_T) or np.any(dc_T)
print(received)
assert received.sum() == J * (T - 1) + T * (J - 1)  # every arrow carries something

# %% [markdown]
# Two inside, one in the last frame and at the last joint, none at the last cell: what it has is the price of the loss
# itself.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def edge_width(edge):
    """Proportional to what is sent back along the edge, as dh and dc together."""
    (j, _), (j_end, t_end) = edge
    contribution = sent[j_end, t_end][1:3] if j_end > j else sent[j_end, t_end][3:5]
    return 3 * np.sqrt(np.square(contribution).sum())


figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
sizes = np.sqrt(np.square(dh_l).sum(axis=(2, 3)) + np.square(dc_l).sum(axis=(2, 3)))
title = "backward from the last cell: size of what arrives"
image = show_map(ax, sizes, title, lambda j, t: f"{sizes[j, t]:.2g}", plt.Normalize(0), "Blues")
show_arrows(ax, J, T, back=True, width=edge_width, colour=ORANGE)
figure.colorbar(image, label=r"$\|(dh, dc^{\mathrm{out}})\|$", shrink=0.8)
plt.show()

# %% [markdown]
# If you would rather watch this walk one step at a time, with every number in sight, the package makes a page for it:
# `python -m gca_scratch stepper --out stepper.html`.

# %% [markdown]
# ### 3.4 In which order?
#
# The only condition is that both successors have had their turn. Reverse raster order fulfils it. So do many others.
#
# > **Predict.** We visit the cells in a random order that respects the condition; then in forward raster order, which
# > does not. What comes out?


# %%
def random_order(rng):
    """The cells from last to first, each drawn at random from those whose successors are done."""
    order, waiting = [], set(raster_order)
    while waiting:
        ready = sorted(k for k in waiting if not waiting & {(k[0] + 1, k[1]), (k[0], k[1] + 1)})
        order.append(ready[rng.integers(len(ready))])
        waiting.remove(order[-1])
    return order


for _ in range(5):
    *_, dU_random = walk_backward(dh_above, dc_above, caches, random_order(rng))
    np.testing.assert_allclose(dU_random, dU, rtol=1e-10, atol=1e-14)
*_, dU_wrong = walk_backward(dh_above, dc_above, caches, raster_order)
print("largest entry of dU:", np.abs(dU).max(), " error in forward order:", np.abs(dU_wrong - dU).max())
assert np.abs(dU_wrong - dU).max() > 0.1 * np.abs(dU).max()

# %% [markdown]
# In forward order every cell takes its turn before anything has arrived from its successors, so only the direct part is
# ever used. No error message says so: the shapes are right and the numbers are wrong.
#
# ### 3.5 One matrix, used twelve times
#
# The same $U$ works in every cell. Pretend that each cell had its own copy $U_{j,t}$. Then `step_backward` of a cell
# returns the gradient of its own copy. Tying the copies together, $U_{j,t} = U$ for all cells, makes twelve uses of one
# matrix; the chain rule adds:
#
# $$ dU = \sum_{j,t} dU_{j,t} . $$
#
# Let us believe it for one cell, $(1, 2)$, whose own copy alone we move.


# %%
def loss_with(U_12):
    """The loss when cell (1, 2) has its own copy of U."""
    h, c = {}, {}
    for j, t in raster_order:
        S, T_ = (j - 1, t), (j, t - 1)
        states = h.get(S, nothing), c.get(S, nothing), h.get(T_, nothing), c.get(T_, nothing)
        h[j, t], c[j, t], _ = cell.step_forward(a[place[j, t]], *states, U_12 if (j, t) == (1, 2) else U)
    return sum((dh_above[key] * h[key]).sum() for key in h)


dU_12 = cell.step_backward(dh[1, 2], dc[1, 2], caches[1, 2])[5]
np.testing.assert_allclose(dU_12, complex_step(loss_with, U), rtol=1e-9, atol=1e-13)
copies = sum(cell.step_backward(dh[key], dc[key], caches[key])[5] for key in caches)
np.testing.assert_allclose(copies, dU, rtol=1e-10, atol=1e-14)

# %% [markdown]
# ## 4. A sum over paths
#
# ### 4.1 Making the cell linear
#
# How does a gradient get from the last cell to the first? To see it without distraction, we cut the roads through $h$:
# with $U = 0$ the gates depend on the cell's own input only, and Eq. 2 is *linear* in the cell states,
#
# $$ c_{j,t} = \mathit{new}_{j,t} + f^S_{j,t}\, c_{j-1,t} + f^T_{j,t}\, c_{j,t-1}, $$
#
# with numbers $\mathit{new}, f^S, f^T$ that are given. (One unit is enough: units no longer meet each other.) We send a
# gradient of 1 into $c$ of the last cell, and no other, and let it walk back. What arrives at $(j,t)$ we call
#
# $$ G_{j,t} = \frac{\partial c_{J-1,T-1}}{\partial c_{j,t}}, \qquad G_{J-1,T-1} = 1 . $$
#
# The sums of 3.1 are now a recursion. The next joint sends our $dc$ times *its* forget gate, and so does the next
# frame:
#
# $$ G_{j,t} = f^S_{j+1,t}\, G_{j+1,t} + f^T_{j,t+1}\, G_{j,t+1} . \qquad (\ast) $$


# %%
def arrivals(a, J, T, r=None):
    """G (J, T): what a gradient of 1 in the last c becomes at every cell, for one unit without recurrent weights."""
    _, _, caches = walk_forward(a, np.zeros((2, 5)), J, T, r)
    seed = np.zeros((J, T, 1, 1))
    seed[-1, -1] = 1
    order = reversed([(j, t) for t in range(T) for j in range(J)])
    _, _, G, _ = walk_backward(np.zeros((J, T, 1, 1)), seed, caches, order)
    return G[..., 0, 0]


# %% [markdown]
# ### 4.2 All gates open: the gradient counts
#
# First we open both forget gates completely. $\sigma(40)$ is $1$ to sixteen digits.
#
# > **Predict.** With $f^S = f^T = 1$ the recursion $(\ast)$ says: every cell is the sum of the one below it and the
# > one to its right, starting from a 1 in the corner. Which famous triangle will the gradients be?

# %%
open_gates = np.zeros((5 * 6, 1, 5))  # of a grid of 5 joints and 6 frames
open_gates[..., 1:3] = 40  # z of f_S and f_T
G = arrivals(open_gates, 5, 6)
print(G.astype(int))
for j, t in np.ndindex(5, 6):
    assert G[j, t] == comb((4 - j) + (5 - t), 4 - j)

# %% [markdown]
# Pascal's triangle. The gradient that arrives at $(j,t)$ is the number of **lattice paths** from there to the last
# cell: walks that go to the next joint or to the next frame at each step. To get from $(0, 0)$ to $(J-1, T-1)$ you
# take $J + T - 2$ steps, of which $J - 1$ go over a joint; choose which ones:
#
# $$ \text{number of paths} = \binom{J+T-2}{J-1} . $$
#
# ### 4.3 Any gates: paths times gates
#
# **Claim.** Each path contributes the product of the forget gates on its way, and
#
# $$
# G_{0,0} = \sum_{\text{paths } \pi} \;\prod_{(j,t) \,\in\, \pi,\ (j,t) \ne (0,0)} f_{\pi}(j,t),
# \qquad f_\pi(j,t) = \begin{cases} f^S_{j,t} & \pi \text{ enters } (j,t) \text{ from the joint before} \\
# f^T_{j,t} & \pi \text{ enters } (j,t) \text{ from the frame before} \end{cases}
# $$
#
# **Proof.** By induction, from the last cell backward, that $G_{j,t}$ is this sum over the paths that start at
# $(j,t)$. At the last cell there is one path, of no steps, with the empty product 1. At any other cell, sort the paths
# by their first step. Those that go to $(j+1, t)$ all begin with the factor $f^S_{j+1,t}$; take it out, and what
# remains is the sum over all paths that start at $(j+1,t)$, which is $G_{j+1,t}$ by induction. Those that go to
# $(j,t+1)$ give $f^T_{j,t+1}\,G_{j,t+1}$ in the same way. Together they are $(\ast)$. (At the border one of the two
# groups is empty.) $\square$
#
# Now by brute force. All 20 paths of a $4 \times 4$ grid with random gates:


# %%
def paths(J, T):
    """All lattice paths from (0, 0) to (J-1, T-1), each a list of cells."""
    for over_joint in combinations(range(J + T - 2), J - 1):
        path = [(0, 0)]
        for step in range(J + T - 2):
            j, t = path[-1]
            path.append((j + 1, t) if step in over_joint else (j, t + 1))
        yield path


def product_of_gates(path, f_S, f_T):
    return np.prod([f_S[end] if end[0] > start[0] else f_T[end] for start, end in pairwise(path)])


# %%
n = 4
a_random = rng.standard_normal((n * n, 1, 5))
i, f_S, f_T, o, _ = np.moveaxis(sigmoid_forward(a_random[:, 0])[0][places(n, n)], -1, 0)  # (n, n) each
contributions = [product_of_gates(path, f_S, f_T) for path in paths(n, n)]
G = arrivals(a_random, n, n)
print(len(contributions), "paths, sum", sum(contributions), " backward pass", G[0, 0])
assert len(contributions) == comb(2 * n - 2, n - 1)
np.testing.assert_allclose(sum(contributions), G[0, 0], rtol=1e-13)

# %% [markdown]
# The engine of the package sums over the paths too. Let $L = h_{n-1,n-1}$. The gradient enters $c$ of the last cell
# through $o\,(1-\tanh^2 c)$, comes home as $G_{0,0}$, and reaches $z_u$ of the first cell through $i\,(1-u^2)$:
#
# $$ dz_u(0,0) = o\,(1-\tanh^2 c)\Big|_{n-1,n-1} \cdot\; G_{0,0} \;\cdot\; i\,(1-u^2)\Big|_{0,0} . $$

# %%
# The engine takes a without the bias and adds it itself; a_random is the whole sum, so its bias is 0.
no_input, no_weights, no_bias = np.zeros((n * n, 1, 1)), np.zeros((3, 5)), np.zeros(5)
_, engine_cache = wavefront.forward(no_input, no_weights, no_bias, n, n, a=a_random)
da_engine, _, _, _ = wavefront.backward(np.eye(n * n)[-1][:, None, None], engine_cache)  # dh: 1 at the last cell
_, c_linear, _ = walk_forward(a_random, np.zeros((2, 5)), n, n)
enters = o[-1, -1] * (1 - np.tanh(c_linear[n - 1, n - 1]) ** 2).item()
leaves = i[0, 0] * (1 - np.tanh(a_random[0, 0, 4]) ** 2)
np.testing.assert_allclose(da_engine[0, 0, 4], enters * sum(contributions) * leaves, rtol=1e-12)
print("dz_u of the first cell:", da_engine[0, 0, 4])

# %% [markdown]
# ### 4.4 The true cell: products of matrices
#
# Nothing in the proof needs numbers. In the true cell, with $U$, the state that goes along an arrow is the vector
# $s_{j,t} = (h_{j,t}, c_{j,t})$ of $2H$ entries. Each arrow has a Jacobian, a matrix of $2H \times 2H$,
#
# $$
# A_S(j,t) = \frac{\partial s_{j,t}}{\partial s_{j-1,t}}, \qquad
# A_T(j,t) = \frac{\partial s_{j,t}}{\partial s_{j,t-1}}, \qquad\text{and}\qquad
# \frac{\partial s_{J-1,T-1}}{\partial s_{0,0}} = \sum_{\text{paths}} A_{\text{last}} \cdots A_{\text{first}} .
# $$
#
# Only the order of the factors matters now. `step_backward` gives the rows of these matrices: with a price of 1 on one
# entry of $s_{j,t}$ and 0 on the others, what it returns for $h_S$ and $c_S$ is a row of $A_S(j,t)$.


# %%
def jacobians(cache):
    """A_S and A_T (2H, 2H) of one cell, for the only sequence of its batch."""
    rows = [cell.step_backward(e[None, :H], e[None, H:], cache) for e in np.eye(2 * H)]
    A_S = np.stack([np.concatenate([dh_S[0], dc_S[0]]) for _, dh_S, dc_S, *_ in rows])
    A_T = np.stack([np.concatenate([dh_T[0], dc_T[0]]) for _, _, _, dh_T, dc_T, *_ in rows])
    return A_S, A_T


_, _, caches_one = walk_forward(a[:, :1], U, J, T)  # the first sequence alone
A = {key: jacobians(cache) for key, cache in caches_one.items()}
total = np.zeros((2 * H, 2 * H))
for path in paths(J, T):
    product = np.eye(2 * H)
    for start, end in pairwise(path):
        product = A[end][0 if end[0] > start[0] else 1] @ product
    total += product

# %% [markdown]
# > **Predict.** These were ten paths of five matrices each. The backward pass has never heard of paths. How well will
# > they agree?

# %%
seed = rng.standard_normal(2 * H)  # prices of h and c of the last cell
dh_seed, dc_seed = np.zeros((2, J, T, 1, H))
dh_seed[-1, -1], dc_seed[-1, -1] = seed[:H], seed[H:]
_, dh_home, dc_home, _ = walk_backward(dh_seed, dc_seed, caches_one, reversed(raster_order))
home = np.concatenate([dh_home[0, 0, 0], dc_home[0, 0, 0]])
np.testing.assert_allclose(home, seed @ total, rtol=1e-10, atol=1e-13)
print(np.round(home, 6))

# %% [markdown]
# ### 4.5 What this says
#
# A skeleton of 25 joints over 20 frames:

# %%
print(f"{comb(25 + 20 - 2, 25 - 1):,} paths of {25 + 20 - 2} steps; the backward pass visits {25 * 20} cells")

# %% [markdown]
# Eight hundred billion paths, summed in five hundred steps. The trick is the bracket: all paths that meet in a cell are
# added up *before* they go on together. This is what backpropagation is for.
#
# Note the other number, too. A plain LSTM that read the 500 joint positions one after the other would have one single
# path of 499 factors between its ends. In the grid every path has 43. Short paths, and very many of them: both shape
# what follows.
#
# ## 5. Vanishing and exploding
#
# ### 5.1 The same gates everywhere
#
# Let $f^S$ and $f^T$ be the same in all cells. Then all paths from a cell to the last one, $p$ joints and $q$ frames
# away, contribute the same product, and
#
# $$ G = \binom{p+q}{p}\,(f^S)^p\,(f^T)^q . $$
#
# Now add up all cells at the same distance $d = p + q$ from the last cell, a whole diagonal. The binomial theorem does
# it:
#
# $$ \sum_{p=0}^{d} \binom{d}{p}\,(f^S)^p\,(f^T)^{d-p} = (f^S + f^T)^d . $$
#
# So with every step back the total gradient is multiplied by $f^S + f^T$:
#
# - $f^S + f^T < 1$: it **vanishes**, exponentially;
# - $f^S + f^T > 1$: it **explodes**, exponentially;
# - $f^S + f^T = 1$: it is kept, and spreads over the diagonal.
#
# In an ordinary LSTM the factor is a single $f < 1$: the road along $c$ may fade but cannot explode. With two
# predecessors it can, up to $2^d$, though every gate is below 1.
#
# > **Predict.** In a grid of $20 \times 20$, with $f^S = f^T$ and sums 0.8, 1 and 1.2: how large is the total after 15
# > steps in each case? ($0.8^5 \approx 0.33$, $1.2^5 \approx 2.5$.)


# %%
def constant_gates(f_S, f_T, J, T):
    """a of J T cells whose forget gates are these numbers, for one unit."""
    a = np.zeros((J * T, 1, 5))
    a[..., 1:3] = np.log([f_S / (1 - f_S), f_T / (1 - f_T)])  # sigma(log(f / (1 - f))) = f
    return a


n = 20
distance = (n - 1 - np.arange(n))[:, None] + (n - 1 - np.arange(n))  # of every cell, in steps from the last one
maps = {total: arrivals(constant_gates(total / 2, total / 2, n, n), n, n) for total in (0.8, 1.0, 1.2)}
for total, G in maps.items():
    sums = [G[distance == d].sum() for d in range(n)]
    np.testing.assert_allclose(sums, total ** np.arange(n), rtol=1e-10)
    print(f"f_S + f_T = {total}: total at distance 15 is {sums[15]:.4f}, first cell {G[0, 0]:.2e}")

# %%
figure, axes = plt.subplots(1, 3, figsize=(9.5, 3.3), layout="constrained")
for ax, (total, G) in zip(axes, maps.items(), strict=True):
    image = show_map(ax, G, f"$f^S + f^T = {total}$", norm=LogNorm(1e-7, 1e3))
figure.colorbar(image, ax=axes, label=r"$\partial c_{19,19} / \partial c_{j,t}$", extend="min")
plt.show()

# %%
figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
steps = np.arange(2 * n - 1)
for (total, G), (colour, mark) in zip(maps.items(), ((BLUE, "s"), (GREY, "^"), (ORANGE, "o")), strict=True):
    sums = np.array([G[distance == d].sum() for d in steps])
    ax.semilogy(steps, sums, mark, color=colour, markersize=4, label=f"measured, $f^S + f^T = {total}$")
    ax.semilogy(steps, total**steps, color=colour, lw=1)
    assert (sums[n:] < total ** steps[n:]).all()
ax.axvline(n - 0.5, color=GREY, lw=0.8, ls=":")
ax.text(n - 0.2, 3e-5, "diagonals cut off\nby the border", color=GREY, fontsize=8)
ax.set(xlabel="distance $d$ from the last cell, in steps", ylabel="total over the diagonal")
ax.legend(frameon=False, loc="upper left", fontsize=8)
plt.show()

# %% [markdown]
# As long as the diagonals are whole, the points lie on the lines $(f^S + f^T)^d$, to ten digits. Farther back the grid
# ends: what would have gone on beyond the first joint or the first frame is lost, and the total is less. At first it is
# hardly less, since few paths lead to the ends of a diagonal.
#
# ### 5.2 Kept in total is not kept everywhere
#
# When $f^S + f^T = 1$, read the two gates as probabilities. A walker starts at the last cell and goes back one joint
# with probability $f^S$, one frame with probability $f^T$. $G_{j,t}$ is the probability that he passes $(j,t)$. After
# $d$ steps he is $d f^S$ joints away on average, give or take $\sqrt{d f^S f^T}$.
#
# > **Predict.** $f^S = 0.9$, $f^T = 0.1$. The sum is 1. Will the first cell, 19 joints and 19 frames away, receive
# > much?

# %%
G = arrivals(constant_gates(0.9, 0.1, n, n), n, n)
fair = maps[1.0][0, 0]
print(f"first cell: {G[0, 0]:.1e} with 0.9 and 0.1, {fair:.3f} with 0.5 and 0.5")
np.testing.assert_allclose(G[0, 0], comb(38, 19) * 0.9**19 * 0.1**19, rtol=1e-9)
np.testing.assert_allclose(G[distance == 19].sum(), 1, rtol=1e-12)
assert G[0, 0] < 1e-8 < fair

# %% [markdown]
# Nearly nothing: he walks along the joints and leaves the grid at the first joint, long before the first frame. Two
# gates decide not only how far a gradient goes, but in which *direction*.
#
# ### 5.3 In the true layer
#
# The gates of a real layer differ from cell to cell, and $U$ adds the roads through $h$. Does the sum still tell what
# happens? We take weights as the package initialises them, 25 joints and 20 frames, add a number $\beta$ to the biases
# of both forget gates, and let the loss read the last cell.
#
# In ordinary LSTMs it is common advice to start with a forget bias of 1, so that memory lasts.
#
# > **Predict.** With $\beta = 0$ both gates start near $\frac12$. With $\beta = 1$ they start near $\sigma(1) = 0.73$,
# > and their sum near 1.46. From the first cell to the last there are 43 steps, and $1.46^{43} \approx 10^7$. What will
# > the largest $|c|$ be in the second case? And what will become of the gradient at the first cell, if $\tanh c$ is
# > completely saturated at the last?


# %%
def layer_with(beta, J=25, T=20, B=4, D=3, H=32):
    """What the forward pass keeps (c of all cells, caches) in a fresh layer with this forget bias."""
    rng = np.random.default_rng(5)
    W = np.concatenate([rng.standard_normal((rows, 5 * H)) / np.sqrt(rows) for rows in (D, 2 * H)])
    x, b = rng.standard_normal((J * T, B, D)), np.repeat([0, beta, beta, 0, 0], H).astype(float)
    _, c, caches = walk_forward(affine_forward(x, W[:D], b)[0], W[D:], J, T)
    return c, caches


def comes_home(caches, dh_last, dc_last, J=25, T=20):
    """How much of a gradient in h and c of the last cell arrives at the first, as a fraction of its size."""
    dh, dc = np.zeros((2, J, T, *dh_last.shape))
    dh[-1, -1], dc[-1, -1] = dh_last, dc_last
    _, dh, dc, _ = walk_backward(dh, dc, caches, [*np.ndindex(J, T)][::-1])
    return np.linalg.norm([dh[0, 0], dc[0, 0]]) / np.linalg.norm([dh_last, dc_last])


# %% [markdown]
# For every $\beta$ we note: the mean of $f^S + f^T$, and the range of that mean over the 32 units; the largest $|c|$;
# for how many entries of the last cell the slope $1-\tanh^2 c$ is 0 in float64 ("shut"); and which part of a gradient
# comes home, of one that is given to $h$ of the last cell, and of one that is given to its $c$.

# %%
price, nothing = np.random.default_rng(6).standard_normal((4, 32)), np.zeros((4, 32))
layers = {}
print(" beta   f_S + f_T (units)          largest |c|     shut   home, from h   from c")
for beta in (-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3):
    c_layer, kept = layer_with(beta)
    units = np.mean([f_S + f_T for _, f_S, f_T, *_ in kept.values()], axis=(0, 1))
    largest, shut = np.abs(list(c_layer.values())).max(), np.mean(1 - np.tanh(c_layer[24, 19]) ** 2 == 0)
    home = comes_home(kept, price, nothing), comes_home(kept, nothing, price)
    layers[beta] = units.mean(), units.min(), units.max(), largest, shut, *home
    print(f"{beta:5}   {units.mean():9.2f} ({units.min():.2f} to {units.max():.2f})", end="")
    print(f"   {largest:13.1e}   {shut:6.1%}   {home[0]:12.1e}   {home[1]:.1e}")

# %%
columns = np.array(list(layers.values())).T
f_sums, lowest, highest, largest, shut, from_h, from_c = (dict(zip(layers, col, strict=True)) for col in columns)
assert abs(f_sums[0] - 1) < 0.1 and lowest[0] < 1 < highest[0]  # at the border: some units below, some beyond
assert lowest[1] > 1  # with a forget bias of 1 every unit is beyond
assert largest[-2] < 10 and largest[2] > 1e6
assert from_c[-2] < 1e-6 and from_c[2] > 1e6  # the road along c: vanishes, explodes
assert from_h[-2] < 1e-6 and from_h[2] < 1e-3 < from_h[0] < 1e3  # from h: vanishes on both sides
assert shut[3] == 1 and 0 < from_h[3] < 1e-6  # all doors to c are shut, and yet something comes home

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
sums = list(f_sums.values())
axes[0].semilogy(sums, list(largest.values()), "^-", color=GREY)
axes[0].set(ylabel="largest $|c|$ in the grid", title="forward: the cell states")
axes[1].semilogy(sums, list(from_c.values()), "o-", color=ORANGE, label="of $c_{24,19}$")
axes[1].semilogy(sums, list(from_h.values()), "s-", color=BLUE, label="of $h_{24,19}$")
axes[1].set(ylabel=r"$\|(dh, dc)\|$ at the first cell", title="backward: what is left of a gradient of size 1")
axes[1].legend(frameon=False)
for ax in axes:
    ax.axvline(1, color=GREY, lw=0.8, ls=":")
    ax.set(xlabel="mean of $f^S + f^T$ over the grid")
plt.show()

# %% [markdown]
# Two things happen, and both have the same cause.
#
# **Forward.** $c$ is a sum over paths as well. Unroll Eq. 2: every cell's new content $i \odot u$ reaches the last
# cell along all paths, each weighted by its forget gates. Where $f^S + f^T > 1$ the cell states explode. (The mean sum
# at $\beta = 1$ is a little below $2\,\sigma(1) = 1.46$: the gates scatter, and above $\frac12$ the sigmoid bends
# downward, so that a push down costs more than a push up gains.)
#
# **Backward.** The road along $c$ explodes too, as the orange curve shows. But what is read from a cell is $h$. A
# gradient of $h$ can enter $c$ only through $1-\tanh^2 c$, and from $|c|$ about 19 on that is 0 in float64. What still
# comes home goes through the few units that are not saturated, and through the output gates and $U$: from
# $h = o \odot \tanh c$ we have $do = dh \odot \tanh c$, which is strongest just when $c$ is shut. The last row of the
# table has only this second road at its start, every slope being 0. It leads from $h$ to $h$, without the amplification
# along $c$, and so little arrives. The blue curve *vanishes* on both sides: on the left because the gradient fades on
# its way, far on the right because hardly anything of it gets into $c$.
#
# With zero biases, as the package starts, the sum lies close to 1: at the border between the two. That is a mean. Unit
# by unit it runs from below 1 to above 1, as the bracket in the table shows; the units above are already beyond the
# border, which is why the largest $|c|$ is in the thousands though the mean says "kept". The forget bias of 1, good for
# a plain LSTM, puts every unit there.
#
# ## 6. The wavefront
#
# ### 6.1 What does not depend on each other
#
# How many cells must be computed one *after* the other? Give each cell a level: one more than the highest level of its
# predecessors.
#
# > **Predict.** What is the level of cell $(j,t)$, if the first one has level 0? How many levels has a $25 \times 20$
# > grid?

# %%
level = np.zeros((J, T), dtype=int)
for j, t in raster_order:
    level[j, t] = max([level[j - 1, t] + 1] * (j > 0) + [level[j, t - 1] + 1] * (t > 0), default=0)
print(level)
np.testing.assert_array_equal(level, np.add.outer(np.arange(J), np.arange(T)))

# %% [markdown]
# $k = j + t$: the **diagonals**. Cell $(j,t)$ needs $(j-1,t)$ and $(j,t-1)$, and both lie on diagonal $k - 1$. Nothing
# on a diagonal needs anything else on it. So a diagonal is one *batch*: $n$ cells of $B$ sequences, computed as if
# they were $nB$ sequences. There are $J + T - 1$ diagonals instead of $JT$ cells.

# %%
figure, axes = plt.subplots(1, 3, figsize=(9.5, 2.6), layout="constrained")
for ax, now in zip(axes, (1, 2, 4), strict=True):
    state = np.where(level < now, 1.0, np.where(level == now, 2.0, 0.0))  # done, at work, waiting
    show_map(ax, state, f"diagonal {now}", lambda j, t: f"{level[j, t]}", colours="Blues")
plt.show()

# %% [markdown]
# ### 6.2 Where the cells lie
#
# For this, the cells of a diagonal should be neighbours in memory, and so should their predecessors. That is what the
# packed order is for. `grid.diagonals` says where everything lies. `cells` is the diagonal's place in packed arrays of
# $K$ cells. `own`, `S` and `T` are for *padded* arrays, which have an empty slot between diagonals and two before the
# first:

# %%
slots = ["--"] * (J * T + J + T)
for d in grid.diagonals(J, T):
    names = [f"{j}{t}" for j, t in zip(*grid.cell_order(J, T), strict=True)]
    slots[d.own] = names[d.cells]
print("padded array: ", " ".join(slots), "\n")
for k, d in enumerate(grid.diagonals(J, T)):
    print(f"diagonal {k}: cells {slots[d.own]!s:20} S {slots[d.S]!s:20} T {slots[d.T]}")

# %% [markdown]
# (`12` is joint 1, frame 2.) Read one row: the cells of diagonal 2, their spatial predecessors, their temporal ones.
# All three are slices: one piece of memory each, nothing is gathered. At the border the slice reaches into an empty
# slot, `--`, which holds zero: just what Eq. 2 wants for a neighbour that does not exist.
#
# ### 6.3 Forward by diagonals
#
# Now the layer in a loop of $J + T - 1$ turns, with the very same `cell.step_forward`.
#
# > **Predict.** How often is `step_forward` called now? How many rows has its largest product?


# %%
def sweep_forward(a, U, J, T):
    """h in padded slots, and the caches: one call of step_forward per diagonal."""
    K, B, H = len(a), a.shape[1], len(U) // 2
    h, c = np.zeros((2, K + J + T, B, H))
    caches = []
    for d in grid.diagonals(J, T):
        states = [state[where].reshape(-1, H) for where in (d.S, d.T) for state in (h, c)]  # h_S, c_S, h_T, c_T
        h_d, c_d, cache = cell.step_forward(a[d.cells].reshape(-1, 5 * H), *states, U)
        h[d.own], c[d.own] = h_d.reshape(-1, B, H), c_d.reshape(-1, B, H)
        caches.append(cache)
    return h, caches


# %%
h_padded, diagonal_caches = sweep_forward(a, U, J, T)
h_wavefront, wavefront_cache = wavefront.forward(x, W, b, J, T)
for d in grid.diagonals(J, T):
    np.testing.assert_allclose(h_padded[d.own], h_raster[d.cells], rtol=1e-11, atol=1e-15)
np.testing.assert_allclose(h_wavefront, h_raster, rtol=1e-11, atol=1e-15)
rows = [len(cache[0]) for cache in diagonal_caches]
print(len(diagonal_caches), "products instead of", J * T, "  rows of each:", rows)
assert len(rows) == J + T - 1 and sum(rows) == J * T * B and max(rows) == min(J, T) * B

# %% [markdown]
# ### 6.4 Backward by diagonals
#
# The successors of a diagonal lie on the next one. So when its turn comes, in reverse, both have sent. The `+=` of
# section 3 now adds a whole diagonal at once; what flows out at the border ends in the empty slots, which nobody
# reads.


# %%
def sweep_backward(dh_packed, caches, J, T):
    """da (K, B, 5H) and dU: one call of step_backward per diagonal."""
    K, B, H = dh_packed.shape
    dh, dc = np.zeros((2, K + J + T, B, H))
    da, dU = np.empty((K, B, 5 * H)), 0
    for d, cache in zip(reversed(grid.diagonals(J, T)), reversed(caches), strict=True):
        received = dh_packed[d.cells] + dh[d.own], dc[d.own]
        dz, *sent, dU_d, _ = cell.step_backward(*(price.reshape(-1, H) for price in received), cache)
        for slots, before, price in zip((dh, dc, dh, dc), (d.S, d.S, d.T, d.T), sent, strict=True):
            slots[before] += price.reshape(-1, B, H)
        da[d.cells], dU = dz.reshape(-1, B, 5 * H), dU + dU_d
    return da, dU


da_sweep, dU_sweep = sweep_backward(dh_packed, diagonal_caches, J, T)
da_wavefront, dW_wavefront, _, _ = wavefront.backward(dh_packed, wavefront_cache)
for ours, package in ((da_sweep, da_wavefront), (dU_sweep, dW_wavefront[D:])):
    np.testing.assert_allclose(ours, package, rtol=1e-9, atol=1e-13)
np.testing.assert_allclose(da_wavefront, da_raster, rtol=1e-9, atol=1e-13)
np.testing.assert_allclose(dW_wavefront, dW_raster, rtol=1e-9, atol=1e-13)

# %% [markdown]
# The same numbers as the raster loop, to rounding. This is the idea of `wavefront.py`; what that file does beyond it
# (working in place, keeping memory, one product for all weight gradients) is told in
# [docs/engine.md](../docs/engine.md).
#
# Why fewer and larger? The arithmetic is the same. But a product of few rows spends its time on fetching the weights,
# and each call costs its overhead. On the machine that runs this notebook:

# %%
J_big, T_big, B_big, H_big = 25, 20, 32, 48
x_big = rng.standard_normal((J_big * T_big, B_big, 3))
W_big, b_big = rng.standard_normal((3 + 2 * H_big, 5 * H_big)) / 10, np.zeros(5 * H_big)
for schedule in (raster, wavefront):
    started = perf_counter()
    h_big, cache_big = schedule.forward(x_big, W_big, b_big, J_big, T_big)
    schedule.backward(np.ones_like(h_big), cache_big)
    print(f"{schedule.__name__:22} {1000 * (perf_counter() - started):6.0f} ms, forward and backward")

# %% [markdown]
# ## Summary
#
# | what | how |
# | --- | --- |
# | a cell hears | $(j-1,t)$ and $(j,t-1)$; the last cell has heard of all |
# | a cell collects | $dh = dh^{\text{above}} + dh_S$ of $(j+1,t)$ $+\ dh_T$ of $(j,t+1)$; the same for $dc$ |
# | order | any in which both successors come first |
# | shared weights | gradients add over cells |
# | from end to end | a sum over $\binom{J+T-2}{J-1}$ paths of products of forget gates, or of Jacobians |
# | per step back | the total is multiplied by $f^S + f^T$: below 1 it vanishes, above 1 it explodes |
# | wavefront | cells with the same $j + t$ are one batch: $J+T-1$ products instead of $JT$ |
#
# ## Exercises
#
# **1 (easy).** The bodies of the data set NTU RGB+D have 25 joints, those of UT-Kinect 20. By what factor does the
# number of lattice paths differ, with $T = 20$ frames? How many steps has a path in each case?

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1
# A path has J + T - 2 steps, 43 and 38, and there are binomial(J + T - 2, J - 1) of them.
ntu, utkinect = comb(43, 24), comb(38, 19)
print(f"{ntu:,} and {utkinect:,}: a factor of {ntu / utkinect:.1f}")
assert 22 < ntu / utkinect < 23

# %% [markdown]
# **2 (medium).** Some implementations of ST-LSTM have another border: the *first joint of a frame* hears, as its
# spatial neighbour, the *last joint of the frame before*. Compute the levels of a $25 \times 20$ grid with this
# additional arrow. What does it do to the wavefront?

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2
# Cell (0, t) waits for (J-1, t-1), which waits for all joints of its frame: the levels run through the grid like a
# single chain.  There are J T of them, one cell each, and nothing is left to be computed at the same time.
level = np.zeros((25, 20), dtype=int)
for t in range(20):
    for j in range(25):
        before = [(j - 1, t)] * (j > 0) + [(j, t - 1)] * (t > 0) + [(24, t - 1)] * (j == 0 and t > 0)
        level[j, t] = max((level[k] + 1 for k in before), default=0)
assert sorted(level.ravel()) == list(range(25 * 20))

# %% [markdown]
# **3 (medium).** In layer 2 the informativeness gate of Eq. 7 weighs new content by $r_{j,t}$ and the past by
# $1 - r_{j,t}$. By what is each path's contribution multiplied? Check it with `arrivals(a, J, T, r)` for random scores.
# Then let all scores be $1/(JT)$, on a $25 \times 20$ grid with $f^S = f^T = \frac12$: what part of $G_{0,0}$ is left?

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3
# Every gate on the way gets the factor 1 - r of the cell it belongs to: all cells of the path but the first.
n = 4
r = rng.uniform(0.1, 0.9, (n * n, 1))
open_share = 1 - r[:, 0][places(n, n)]
by_paths = sum(product_of_gates(path, open_share * f_S, open_share * f_T) for path in paths(n, n))
np.testing.assert_allclose(arrivals(a_random, n, n, r)[0, 0], by_paths, rtol=1e-12)
# With r = 1/500 each of the 43 steps keeps 499/500: together 92 %.  Scores of this size hardly touch the past; what
# they do to the new content, which they multiply by 1/500, is another matter (tutorial 3).
half = constant_gates(0.5, 0.5, 25, 20)
left = arrivals(half, 25, 20, np.full((500, 1), 1 / 500))[0, 0] / arrivals(half, 25, 20)[0, 0]
np.testing.assert_allclose(left, (499 / 500) ** 43, rtol=1e-10)

# %% [markdown]
# **4 (hard).** Through which cells does the gradient come home? Let the share of a cell be the sum over all paths
# from first to last that pass it, divided by the sum over all paths. Compute it for the random gates of 4.3. (Hint:
# paths to the cell times paths from the cell.) What do the shares of a diagonal add up to, and why? Draw the shares
# for a $20 \times 20$ grid with $f^S = f^T$.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4
# F, the sum over paths from the first cell to (j, t), obeys the recursion forward: F = f_S F(before) + f_T F(before).
# Every path crosses each diagonal in exactly one cell, so the shares of a diagonal add up to 1.
# The picture does not depend on f_S = f_T = f: every path has the same product.


def shares(f_S, f_T, G):
    F = np.zeros_like(G)
    for j, t in np.ndindex(G.shape):
        F[j, t] = 1 if j == t == 0 else f_S[j, t] * F[j - 1, t] * (j > 0) + f_T[j, t] * F[j, t - 1] * (t > 0)
    return F * G / G[0, 0]


share = shares(f_S, f_T, arrivals(a_random, 4, 4))
passing = np.zeros((4, 4))
for path, weight in zip(paths(4, 4), contributions, strict=True):
    for key in path:
        passing[key] += weight / sum(contributions)
np.testing.assert_allclose(share, passing, rtol=1e-12)
np.testing.assert_allclose([np.fliplr(share).diagonal(k).sum() for k in range(-3, 4)], 1, rtol=1e-12)
half = np.full((20, 20), 0.5)
figure, ax = plt.subplots(figsize=(4.2, 3.4), layout="constrained")
image = show_map(ax, shares(half, half, maps[1.0]), "share of the gradient", norm=LogNorm(1e-6, 1))
figure.colorbar(image)
plt.show()

# %% [markdown]
# **5 (hard).** Give the linear cell a third predecessor, the joint before in the frame before:
# $c_{j,t} = \mathit{new}_{j,t} + f^S c_{j-1,t} + f^T c_{j,t-1} + f^D c_{j-1,t-1}$, with constant gates. Write the
# recursion for $G$. Check it against a complex step through a forward loop of your own. With all three gates at 1, how
# many paths lead through a $4 \times 4$ grid? With which condition on $f^S, f^T, f^D$ is the total neither vanishing
# nor exploding? (Hint: $f^D$ jumps over a diagonal. Look for a total that goes like $\lambda^d$.)

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5
# A cell now has three successors: G(j, t) = f_S G(j+1, t) + f_T G(j, t+1) + f_D G(j+1, t+1).
# The totals of the diagonals obey g(d) = (f_S + f_T) g(d-1) + f_D g(d-2).  A total like lambda^d needs
# lambda^2 = (f_S + f_T) lambda + f_D, and lambda = 1 is the solution exactly when f_S + f_T + f_D = 1.


def last_c(first, n, gates, new):
    c = np.zeros((n + 1, n + 1), dtype=complex)  # the last row and column, at index -1, are the border
    for j, t in np.ndindex(n, n):
        before = c[j - 1, t], c[j, t - 1], c[j - 1, t - 1]
        c[j, t] = first if j == t == 0 else new[j, t] + sum(f * state for f, state in zip(gates, before, strict=True))
    return c[n - 1, n - 1]


def arrivals_of_three(n, gates):
    G = np.zeros((n + 1, n + 1))
    G[n - 1, n - 1] = 1
    for j, t in reversed(list(np.ndindex(n, n))[:-1]):
        G[j, t] = gates @ [G[j + 1, t], G[j, t + 1], G[j + 1, t + 1]]
    return G[:n, :n]


gates, new = np.array([0.4, 0.5, 0.3]), rng.standard_normal((4, 4))
measured = complex_step(lambda first: last_c(first.item(), 4, gates, new), np.array(0.7))
np.testing.assert_allclose(arrivals_of_three(4, gates)[0, 0], measured, rtol=1e-13)
assert arrivals_of_three(4, np.ones(3))[0, 0] == 63  # the Delannoy number of 3 steps in each direction
G = arrivals_of_three(20, np.array([0.3, 0.5, 0.2]))
totals = [G[distance == d].sum() for d in range(20)]
assert abs(totals[19] - totals[18]) < 1e-12 and 0.5 < totals[19] < 1  # it settles: neither vanishes nor explodes

# %% [markdown]
# ## What comes next
#
# The last cell has heard of everything, along short paths and long ones, and remembers what the gates let through. But
# not every joint matters in every action. In [tutorial 3](03_attention.ipynb) the network forms an idea of the whole
# sequence, looks at each cell again with this idea in mind, and gives it a score.
