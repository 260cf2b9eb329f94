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
# A gradient of 1 enters the last cell of a grid (lower right) and walks home, to the joint
# before and to the frame before, through two forget gates. Turn their sum. (Darker is more.)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# %matplotlib inline
from itertools import combinations, pairwise
from math import comb
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from gca_scratch.figures.canvas import BLUE, GREY, ORANGE, STYLE
from gca_scratch.figures.dial import Dial, Sketch
from gca_scratch.network import cell, grid
from gca_scratch.network.gradcheck import complex_step
from gca_scratch.network.ops import affine_forward
from gca_scratch.network.sweep import raster, wavefront
from gca_scratch.support.claims import exercise, holds, same

plt.rcParams.update(STYLE)


def walked(total, J=9, T=16):
    """What arrives at each cell where both forget gates are total / 2."""
    sketch = Sketch(640, 330, f"a gradient on its way home, f_S + f_T = {total}")
    for j, t in np.ndindex(J, T):
        d = (J - 1 - j) + (T - 1 - t)
        value = comb(d, J - 1 - j) * (total / 2) ** d
        shade = min(max((np.log10(value) + 6) / 8, 0), 1)
        colour = f"rgba(0, 114, 178, {shade:.2f})"
        sketch.box(20 + 37 * t, 10 + 31 * j, 34, 28, GREY, colour, 3)
    first = comb(J + T - 2, J - 1) * (total / 2) ** (J + T - 2)
    words = f"after 8 steps all cells together have {total**8:.2g}; the first cell: {first:.1g}"
    sketch.text(320, 312, words, size=14)
    return sketch


sums = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
Dial([walked(total) for total in sums], sums, "sum of the forget gates", 5)

# %% [markdown]
# **What you will do.** Join the cells of tutorial 1 to a grid, and go through its first four by
# hand, forward and backward. Count the paths along which a gradient comes home; see why it
# vanishes or explodes; then see how the package computes all of it diagonal by diagonal.
#
# **What you need.** [Tutorial 1](01_cell.ipynb): the cell, its gradients, the complex step.
# Binomial coefficients. About 40 minutes of reading. Symbols: the [glossary](../docs/glossary.md).
#
# ## 1. Two sources of memory
#
# The cell at joint $j$ and frame $t$ hears **two** neighbours, $(j-1, t)$ and $(j, t-1)$, and
# has a forget gate for each (Eq. 2; $S$ is spatial, $T$ temporal):
#
# $$ c_{j,t} = i_{j,t} \odot u_{j,t} + f^{S}_{j,t} \odot c_{j-1,t}
# + f^{T}_{j,t} \odot c_{j,t-1} $$
#
# Joints and frames count from 0, as in the code. Before the first joint and the first frame $h$
# and $c$ are zero.

# %%
J, T, B, D, H = 3, 4, 2, 3, 4
rng = np.random.default_rng(2)
sequences = rng.standard_normal((B, T, J, D))  # as data sets have them
W, b = rng.standard_normal((D + 2 * H, 5 * H)) / 2, rng.standard_normal(5 * H) / 2
x = grid.pack(sequences)  # (K, B, D): K = J T cells on axis 0


def places(J, T):
    """place[j, t]: position of cell (j, t) on axis 0 of packed arrays."""
    place = np.empty((J, T), dtype=int)
    place[grid.cell_order(J, T)] = np.arange(J * T)
    return place


place = places(J, T)
print(place)  # one diagonal after the other; section 6 says why

# %% [markdown]
# ## 2. Forward: four cells by hand
#
# A cell can have its turn when both neighbours have had theirs: frame by frame, say, and within
# a frame joint by joint. Turn the slider: orange is the cell whose turn it is, and the dark ones
# are those that it hears.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def turn(k, J=3, T=4):
    """The grid as the k-th cell has its turn, frame by frame."""
    sketch = Sketch(640, 150, f"turn {k}")
    now = divmod(k, J)[::-1]
    for j, t in np.ndindex(J, T):
        heard = (j, t) in ((now[0] - 1, now[1]), (now[0], now[1] - 1))
        done = "rgba(0, 114, 178, 0.25)" if t * J + j < k else "none"
        fill = ORANGE if (j, t) == now else BLUE if heard else done
        sketch.box(200 + 62 * t, 8 + 46 * j, 56, 40, GREY, fill, 4)
        tint = "white" if heard or (j, t) == now else "currentColor"
        sketch.text(228 + 62 * t, 33 + 46 * j, f"{j}, {t}", tint)
    return sketch


Dial([turn(k) for k in range(J * T)], range(J * T), "turn", 7, every=600)

# %% [markdown]
# `raster.forward` takes the cells in this order; it is the package's *definition* of the layer.
# We do the upper left corner ourselves, the cells $(0,0)$, $(0,1)$, $(1,0)$ and $(1,1)$:

# %%
W_x, U = W[:D], W[D:]
a, _ = affine_forward(x, W_x, b)  # the inputs' share of Eq. 1, for all cells at once
none = np.zeros((2, B, H))  # h and c of a neighbour that does not exist
h_00, c_00, cache_00 = cell.step_forward(a[place[0, 0]], *none, *none, U)
h_01, c_01, cache_01 = cell.step_forward(a[place[0, 1]], *none, h_00, c_00, U)
h_10, c_10, cache_10 = cell.step_forward(a[place[1, 0]], h_00, c_00, *none, U)
h_11, _, cache_11 = cell.step_forward(a[place[1, 1]], h_01, c_01, h_10, c_10, U)

h, cache = raster.forward(x, W, b, J, T)  # (K, B, H), and what the way back needs
same("(1, 1) by hand, and by the package", h_11, h[place[1, 1]], to=1e-11)

# %% [markdown]
# Who can know about whom? The complex step is a perfect dye: a tiny imaginary part, poured in
# at one place, colours everything downstream and nothing else.
#
# > **Predict.** We pour it into the input of cell $(1, 1)$. Which of the twelve cells will be
# > coloured?


# %%
def show_map(ax, values, title, text=None, norm=None, colours="cividis"):
    """A J x T map with, if wanted, a text in each cell; dark on light and light on dark."""
    image = ax.imshow(values, cmap=colours, norm=norm)
    for (j, t), value in np.ndenumerate(values) if text is not None else ():
        shade = sum(image.cmap(image.norm(value))[:3]) / 3
        style = {
            "ha": "center",
            "va": "center",
            "color": "white" if shade < 0.5 else "black",
        }
        ax.text(t, j, text(j, t), fontsize=9, **style)
    ax.set(title=title, xlabel="frame $t$", ylabel="joint $j$")
    every = 1 if len(values) < 10 else 5
    ax.set(xticks=range(0, values.shape[1], every), yticks=range(0, len(values), every))
    return image


dyed = x + 0j
dyed[place[1, 1]] += 1e-30j
h_dyed, _ = raster.forward(dyed, W, b, J, T)
colour = np.abs(h_dyed.imag).max(axis=(1, 2))[place] / 1e-30
figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
show_map(ax, colour, "the dye", lambda j, t: f"{colour[j, t]:.2g}", colours="Blues")
plt.show()
reached = np.add.outer(np.arange(J) >= 1, np.zeros(T, bool)) & (np.arange(T) >= 1)
holds("the quarter below and to the right", (colour > 0) == reached)

# %% [markdown]
# Only the last cell has heard of everything. That is why the paper takes *its* output as the
# summary $F$ of layer 2.
#
# ## 3. Backward: every cell has two successors
#
# Where is $h_{j,t}$ used? Above the layer, by whatever reads its output; by the next joint, as
# its $h_S$; by the next frame, as its $h_T$. Every use sends back its own price, and they add:
#
# $$
# dh_{j,t} = \underbrace{dh^{\text{above}}_{j,t}}_{\text{given}}
# + \underbrace{[dh_S]_{j+1,t}}_{\text{from the next joint}}
# + \underbrace{[dh_T]_{j,t+1}}_{\text{from the next frame}} , \qquad
# dc^{\text{out}}_{j,t} = [dc_S]_{j+1,t} + [dc_T]_{j,t+1} .
# $$
#
# This is **why carries add**, and there is nothing more to backpropagation through joints and
# time. In our corner, let the loss read $h_{1,1}$ alone. Two ways lead back to $(0,0)$: over
# $(0,1)$, the joint before, and over $(1,0)$, the frame before.
#
# > **Predict.** Which of the two is the gradient of $c_{0,0}$?

# %%
price = rng.standard_normal((B, H))  # dh of (1, 1)
_, dh_01, dc_01, dh_10, dc_10, dU_11, _ = cell.step_backward(price, none[1], cache_11)
_, _, _, _, over_01, dU_01, _ = cell.step_backward(dh_01, dc_01, cache_01)
_, _, over_10, _, _, dU_10, _ = cell.step_backward(dh_10, dc_10, cache_10)


def corner(c_00, U):
    """The loss as a function of the first cell's c, and of the weights after it."""
    h_01, c_01, _ = cell.step_forward(a[place[0, 1]], *none, h_00, c_00, U)
    h_10, c_10, _ = cell.step_forward(a[place[1, 0]], h_00, c_00, *none, U)
    return (
        price * cell.step_forward(a[place[1, 1]], h_01, c_01, h_10, c_10, U)[0]
    ).sum()


measured = complex_step(lambda c: corner(c, U), c_00)
same("both ways together", over_01 + over_10, measured, to=1e-10)
for way, one in (("(0, 1)", over_01), ("(1, 0)", over_10)):
    off = np.abs(one - measured).max() / np.abs(measured).max()
    holds(f"over {way} alone it is off by {off:.0%}", off > 0.1)
three = complex_step(lambda U: corner(c_00, U), U)
same("U, used in three cells: a sum", dU_11 + dU_01 + dU_10, three, to=1e-10)

# %% [markdown]
# Neither: it is their sum. And the same $U$ works in every cell, so its gradient is a sum over
# cells. `raster.backward` does this for the whole grid, in reverse, so that each cell waits until
# both successors have sent; whoever forgets to wait gets other numbers, and no error.

# %%
dh = rng.standard_normal(h.shape)  # of every output, as if a next layer read them all
da, dW, db, _ = raster.backward(dh, cache)


def loss(x, W):
    return (dh * raster.forward(x, W, b, J, T)[0]).sum()


same("dW, by complex step", dW, complex_step(lambda W: loss(x, W), W), to=1e-9)
dx = complex_step(lambda x: loss(x, W), x)
same("dx, by complex step", da @ W_x.T, dx, to=1e-9)

# %% [markdown]
# > **Predict.** A loss reads the last cell alone. How many contributions does an inner cell
# > receive? A cell of the last frame? The last cell?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
only_last = np.zeros_like(h)
only_last[-1] = price
da_last = raster.backward(only_last, cache)[0]
sizes = np.sqrt(np.square(da_last).sum(axis=(1, 2)))[place]
received = np.zeros((J, T), dtype=int)
figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
title = "backward from the last cell: the gradient of each cell's gates"
show_map(ax, sizes, title, lambda j, t: f"{sizes[j, t]:.2g}", plt.Normalize(0), "Blues")
style = {"arrowstyle": "-|>", "color": ORANGE, "lw": 1.5, "shrinkA": 15, "shrinkB": 15}
for j, t in np.ndindex(J - 1, T):
    ax.annotate("", (t, j), (t, j + 1), arrowprops=style)
for j, t in np.ndindex(J, T - 1):
    ax.annotate("", (t, j), (t + 1, j), arrowprops=style)
received[:-1] += 1
received[:, :-1] += 1
plt.show()

# %%
print(received)
holds("every cell has its share", sizes.min() > 0)

# %% [markdown]
# Two inside, one at the border, none at the last cell: what it has is the price itself.
#
# ## 4. A sum over paths
#
# How does a gradient get from the last cell to the first? Cut the roads through $h$: with
# $U = 0$ the gates are given numbers, and Eq. 2 is *linear* in the cell states. Send a gradient
# of 1 into the last $c$. What arrives at $(j,t)$ is
#
# $$ G_{j,t} = \frac{\partial c_{J-1,T-1}}{\partial c_{j,t}}
# = f^S_{j+1,t}\, G_{j+1,t} + f^T_{j,t+1}\, G_{j,t+1}, \qquad G_{J-1,T-1} = 1 . $$
#
# > **Predict.** With all gates open, $f = 1$, every cell is the sum of the one below it and the
# > one to its right. Which famous triangle is that?


# %%
def arrivals(f_S, f_T):
    """G (J, T): what a gradient of 1 in the last c becomes at every cell, for one unit."""
    J, T = f_S.shape
    f_S, f_T = (np.pad(f, (0, 1)) for f in (f_S, f_T))  # beyond the end all is zero
    G = np.zeros((J + 1, T + 1))
    G[J - 1, T - 1] = 1
    for j, t in list(np.ndindex(J, T))[-2::-1]:  # the last but one first
        G[j, t] = f_S[j + 1, t] * G[j + 1, t] + f_T[j, t + 1] * G[j, t + 1]
    return G[:J, :T]


G = arrivals(np.ones((5, 6)), np.ones((5, 6)))
print(G.astype(int))
pascal = [[comb((4 - j) + (5 - t), 4 - j) for t in range(6)] for j in range(5)]
same("Pascal's triangle", G, np.array(pascal, float))

# %% [markdown]
# The gradient counts **lattice paths**: walks to the last cell that go to the next joint or to
# the next frame at each step, $\binom{J+T-2}{J-1}$ of them from the first cell. With other
# gates each path contributes the product of the forget gates on its way:
#
# $$ G_{0,0} = \sum_{\text{paths } \pi} \;\prod_{(j,t) \,\in\, \pi,\ (j,t) \ne (0,0)}
# f_{\pi}(j,t), $$
#
# with $f^S$ where the path comes from the joint before and $f^T$ where it comes from the frame
# before. By brute force, all 20 paths of a $4 \times 4$ grid:


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
    ends = pairwise(path)
    return np.prod([f_S[end] if end[0] > start[0] else f_T[end] for start, end in ends])


n = 4
f_S, f_T = rng.uniform(size=(2, n, n))
G_random = arrivals(f_S, f_T)
contributions = [product_of_gates(path, f_S, f_T) for path in paths(n, n)]
same(f"{len(contributions)} paths", sum(contributions), G_random[0, 0])
many, steps = comb(25 + 20 - 2, 25 - 1), 25 + 20 - 2
print(f"25 joints, 20 frames: {many:,} paths of {steps} steps; {25 * 20} cells")

# %% [markdown]
# Hundreds of billions of paths, summed in five hundred steps: all paths that meet in a cell are
# added up *before* they go on together. This is what backpropagation is for. And they are
# short: an LSTM that read the 500 positions one after the other would have one path of 499
# factors.
#
# <details><summary>Deeper: the proof, and the true cell</summary>
#
# **Proof**, by induction from the last cell backward, that $G_{j,t}$ is this sum over the paths
# that start at $(j,t)$. At the last cell there is one path, with the empty product 1. At any
# other cell sort the paths by their first step. Those to $(j+1, t)$ all begin with the factor
# $f^S_{j+1,t}$; what remains is $G_{j+1,t}$. Those to $(j,t+1)$ give $f^T_{j,t+1}\,G_{j,t+1}$.
# $\square$
#
# **The true cell.** Nothing in the proof needs numbers. With $U$, the state that goes along an
# arrow is the vector $(h_{j,t}, c_{j,t})$, and each arrow has a Jacobian of $2H \times 2H$ in
# place of a gate:
#
# $$ \frac{\partial s_{J-1,T-1}}{\partial s_{0,0}}
# = \sum_{\text{paths}} A_{\text{last}} \cdots A_{\text{first}} . $$
#
# `step_backward` gives their rows. The folded cell multiplies the ten paths out.
#
# </details>


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
def jacobians(cache):
    """The Jacobians (2H, 2H) of one cell by its two predecessors, for one sequence."""
    rows = [cell.step_backward(e[None, :H], e[None, H:], cache) for e in np.eye(2 * H)]
    A_S = np.stack([np.concatenate([row[1][0], row[2][0]]) for row in rows])
    return A_S, np.stack([np.concatenate([row[3][0], row[4][0]]) for row in rows])


def c_of(unit):
    """The cell state of a cell, Eq. 2, from its cache."""
    return unit.i * unit.u + unit.f_S * unit.c_S + unit.f_T * unit.c_T


dyed = x[:, :1] + 0j  # the first sequence alone
dyed[0] += 1e-30j * rng.standard_normal(D)
h_dyed, cache_dyed = raster.forward(dyed, W, b, J, T)
states = [
    np.concatenate([h_dyed[k, 0], c_of(cache_dyed.units[key])[0]])
    for k, key in ((0, (0, 0)), (-1, (J - 1, T - 1)))
]
A = {key: jacobians(unit) for key, unit in cache_dyed.units.items()}
total = np.zeros((2 * H, 2 * H), dtype=complex)
for path in paths(J, T):
    product = np.eye(2 * H)
    for start, end in pairwise(path):
        product = A[end][0 if end[0] > start[0] else 1] @ product
    total += product
first, last = (state.imag / 1e-30 for state in states)
same("ten products, one dye", total.real @ first, last, to=1e-10)

# %% [markdown]
# ## 5. Vanishing and exploding
#
# Let $f^S$ and $f^T$ be the same in all cells. Add up all cells at distance $d$ from the last, a
# whole diagonal; the binomial theorem does it:
#
# $$ \sum_{p=0}^{d} \binom{d}{p}\,(f^S)^p\,(f^T)^{d-p} = (f^S + f^T)^d . $$
#
# With every step back the total is multiplied by $f^S + f^T$: below 1 it **vanishes**, above 1
# it **explodes**. In an ordinary LSTM the factor is one $f < 1$ and cannot explode.
#
# > **Predict.** Sums of 0.8, 1 and 1.2: how large is the total after 15 steps? ($0.8^5 \approx
# > 0.33$, $1.2^5 \approx 2.5$.)


# %%
n = 20
distance = np.add.outer(
    np.arange(n)[::-1], np.arange(n)[::-1]
)  # steps from the last cell
maps = {s: arrivals(*np.full((2, n, n), s / 2)) for s in (0.8, 1.0, 1.2)}
figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
far = np.arange(2 * n - 1)
looks = (BLUE, "s"), (GREY, "^"), (ORANGE, "o")
for (total, G), (tint, mark) in zip(maps.items(), looks, strict=True):
    totals = np.array([G[distance == d].sum() for d in far])
    ax.semilogy(far, totals, mark, color=tint, ms=4, label=f"$f^S + f^T = {total}$")
    ax.semilogy(far, total**far, color=tint, lw=1)
    same(f"sum {total}, whole diagonals", totals[:n], total ** far[:n], to=1e-10)
    print(f"after 15 steps {totals[15]:.3f}")
ax.axvline(n - 0.5, color=GREY, lw=0.8, ls=":")
ax.set(xlabel="distance $d$ from the last cell", ylabel="total over the diagonal")
ax.legend(frameon=False, loc="upper left", fontsize=8)
plt.show()

# %% [markdown]
# Right of the dotted line the grid ends, and what would have gone beyond is lost.
#
# <details><summary>Deeper: kept in total is not kept everywhere</summary>
#
# When $f^S + f^T = 1$, read the gates as probabilities: a walker goes back one joint with
# probability $f^S$, one frame with $f^T$, and $G_{j,t}$ is the probability that he passes
# $(j,t)$. With 0.9 and 0.1 he leaves the grid at the first joint, long before the first frame:
# the first cell gets nearly nothing. Two gates decide not only how far a gradient goes, but in
# which *direction*.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
slanted = arrivals(np.full((n, n), 0.9), np.full((n, n), 0.1))[0, 0]
fair = maps[1.0][0, 0]
same("0.9 and 0.1", slanted, comb(38, 19) * 0.9**19 * 0.1**19, to=1e-9)
holds(f"the first cell: {slanted:.1e} against {fair:.3f}", slanted < 1e-8 < fair)

# %% [markdown]
# **In the true layer** gates differ from cell to cell, and $U$ adds the roads through $h$. Does
# the sum still tell what happens? We take fresh weights, 25 joints and 20 frames, add $\beta$ to
# the biases of both forget gates, and let the loss read the last cell. In ordinary LSTMs it is
# common advice to start with a forget bias of 1, so that memory lasts.
#
# > **Predict.** $\beta = 1$ makes the sum of the gates about 1.4, and there are 43 steps. What
# > becomes of $|c|$? And of a gradient that is given to $h$ of the last cell?
#
# The dye tells: what is poured into the first cell goes to the last along the very paths on
# which a gradient comes home, and is multiplied by the same matrix.


# %%
def layer_with(beta, J=25, T=20, B=4, D=3, H=32):
    """Of a fresh layer with this forget bias: mean of f_S + f_T, largest |c|, and which
    part of a small change of the first cell the last has in its h, and in its c."""
    rng = np.random.default_rng(5)
    rows = (D, 2 * H)
    W = np.concatenate([rng.standard_normal((r, 5 * H)) / np.sqrt(r) for r in rows])
    x, b = rng.standard_normal((J * T, B, D)), np.repeat([0.0, beta, beta, 0, 0], H)
    dyed = x + 0j
    dyed[0] += 1e-30j * rng.standard_normal(D)
    h, cache = raster.forward(dyed, W, b, J, T)
    c = {key: c_of(unit) for key, unit in cache.units.items()}
    poured = np.linalg.norm([h[0].imag, c[0, 0].imag])
    arrived = (np.linalg.norm(s.imag) / poured for s in (h[-1], c[J - 1, T - 1]))
    gates = np.mean([unit.f_S + unit.f_T for unit in cache.units.values()]).real
    return gates, np.abs(list(c.values())).max(), *arrived


layers = {}
print(" beta   f_S + f_T   largest |c|   left, in h     in c")
for beta in (-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3):
    layers[beta] = layer_with(beta)
    gates, largest, *arrived = layers[beta]
    print(
        f"{beta:5} {gates:11.2f} {largest:13.1e} {arrived[0]:12.1e} {arrived[1]:8.1e}"
    )
gates, largest, from_h, from_c = np.array(list(layers.values())).T

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
axes[0].semilogy(gates, largest, "^-", color=GREY)
axes[0].set(ylabel="largest $|c|$ in the grid", title="forward")
axes[1].semilogy(gates, from_c, "o-", color=ORANGE, label="of $c_{24,19}$")
axes[1].semilogy(gates, from_h, "s-", color=BLUE, label="of $h_{24,19}$")
axes[1].set(ylabel="what is left at the other end", title="between first and last cell")
axes[1].legend(frameon=False)
for ax in axes:
    ax.axvline(1, color=GREY, lw=0.8, ls=":")
    ax.set(xlabel="mean of $f^S + f^T$ over the grid")
plt.show()

# %%
at = dict(zip(layers, range(9), strict=True))
holds("without a bias the sum is 1, to a tenth", abs(gates[at[0]] - 1) < 0.1)
holds("with 1, c explodes, and its gradient", min(largest[at[1]], from_c[at[1]]) > 1e4)
holds("with -2, the gradient of c vanishes", from_c[at[-2]] < 1e-6)
holds("that of h vanishes on both sides", max(from_h[at[-2]], from_h[at[2]]) < 1e-3)

# %% [markdown]
# $c$ is a sum over paths as well, and explodes where the gradient does. A gradient of $h$,
# though, enters $c$ only through $1-\tanh^2 c$, which is 0 in float64 from $|c|$ of about 19 on:
# hardly anything gets in. With zero biases, as the package starts, the layer stands at the border
# between the two; the advice that is good for a plain LSTM puts it beyond.
#
# ## 6. The wavefront
#
# How many cells must be computed one *after* the other? The cell $(j,t)$ needs $(j-1,t)$ and
# $(j,t-1)$. Turn the slider: blue cells can be computed at the same time.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def front(k, J=6, T=10):
    """The grid as its diagonal k is computed."""
    sketch = Sketch(640, 260, f"diagonal {k}")
    for j, t in np.ndindex(J, T):
        fill = {-1: "rgba(0, 114, 178, 0.25)", 0: BLUE}.get(
            int(np.sign(j + t - k)), "none"
        )
        sketch.box(60 + 52 * t, 8 + 38 * j, 46, 32, GREY, fill, 4)
        tint = "white" if j + t == k else "currentColor"
        sketch.text(83 + 52 * t, 29 + 38 * j, j + t, tint)
    sketch.text(
        320, 252, f"j + t = {k}: {sum(0 <= k - j < T for j in range(J))} cells at once"
    )
    return sketch


Dial([front(k) for k in range(15)], range(15), "diagonal", 5, every=400)

# %% [markdown]
# On a **diagonal**, $j + t = k$, nothing needs anything else. So it is one *batch*: $n$ cells of
# $B$ sequences, computed as if they were $nB$ sequences. There are $J + T - 1$ diagonals in
# place of $JT$ cells. Backward it is the same in reverse: the successors of a diagonal lie on
# the next one, and have sent.


# %%
h_wavefront, wavefront_cache = wavefront.forward(x, W, b, J, T)
same("h, by the wavefront", h_wavefront, h, to=1e-11)
same("dW, by the wavefront", wavefront.backward(dh, wavefront_cache)[1], dW, to=1e-9)
rows = [B * (d.cells.stop - d.cells.start) for d in grid.diagonals(J, T)]
print(f"{len(rows)} products instead of {J * T}, with {rows} rows")

# %% [markdown]
# The arithmetic is the same. But a product of few rows spends its time on fetching the weights,
# and each call has its price. On the machine that runs this:

# %%
x_big = rng.standard_normal((25 * 20, 32, 3))
W_big, b_big = rng.standard_normal((3 + 2 * 48, 5 * 48)) / 10, np.zeros(5 * 48)
for schedule in (raster, wavefront):
    started = perf_counter()
    h_big, cache_big = schedule.forward(x_big, W_big, b_big, 25, 20)
    schedule.backward(np.ones_like(h_big), cache_big)
    took = 1000 * (perf_counter() - started)
    print(f"{schedule.__name__:36} {took:6.0f} ms, forward and backward")

# %% [markdown]
# <details><summary>Deeper: where the cells lie</summary>
#
# The cells of a diagonal should be neighbours in memory, and so should their predecessors.
# `grid.diagonals` says where everything lies: `cells` is the diagonal's place in packed arrays of
# $K$ cells; `own`, `S` and `T` are for *padded* arrays, which have an empty slot between
# diagonals and two before the first. All are slices: one piece of memory each, nothing is
# gathered. At the border the slice reaches into an empty slot, which holds zero: just what Eq. 2
# wants for a neighbour that does not exist. What `wavefront.py` does beyond this is told in
# [docs/engine.md](../docs/engine.md).
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
slots = ["--"] * (J * T + J + T)
names = [f"{j}{t}" for j, t in zip(*grid.cell_order(J, T), strict=True)]
for d in grid.diagonals(J, T):
    slots[d.own] = names[d.cells]
print("padded array: ", " ".join(slots), "\n")
for k, d in enumerate(grid.diagonals(J, T)):
    print(f"diagonal {k}: cells {slots[d.own]!s:20} S {slots[d.S]!s:20} T {slots[d.T]}")

# %% [markdown]
# ## Summary
#
# | what | how |
# | --- | --- |
# | a cell hears | $(j-1,t)$ and $(j,t-1)$; the last cell has heard of all |
# | a cell collects | $dh = dh^{\text{above}} + dh_S$ of $(j+1,t)$ $+\ dh_T$ of $(j,t+1)$; so $dc$ |
# | order | any in which both successors come first |
# | shared weights | gradients add over cells |
# | from end to end | a sum over $\binom{J+T-2}{J-1}$ paths of products of forget gates |
# | per step back | the total is multiplied by $f^S + f^T$ |
# | wavefront | cells with the same $j + t$ are one batch |
#
# ## Exercises
#
# Put your answer in the place of `...` and run the cell: it checks itself.
#
# **1 (easy).** How many steps has a path, and how many paths are there, on 20 joints and 20
# frames?
#
# <details><summary>Hint</summary>
#
# Which of the steps go over a joint?
#
# </details>

# %%
number_of_steps, number_of_paths = ..., ...


def counted():
    return 20 + 20 - 2, arrivals(*np.ones((2, 20, 20)))[0, 0]


check_1 = exercise("1", counted, "`comb` of the number of steps.", to=1e-6)
check_1((number_of_steps, number_of_paths))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1
assert check_1((38, comb(38, 19)))

# %% [markdown]
# **2 (medium).** Some implementations have another border: the *first joint of a frame* hears the
# *last joint of the frame before*. How many levels, one after the other, has a $25 \times 20$
# grid then?
#
# <details><summary>Hint</summary>
#
# For which cells must the first joint of frame 1 wait?
#
# </details>

# %%
levels = ...


def by_waiting():
    level = np.zeros((25, 20), dtype=int)
    for t in range(20):
        for j in range(25):
            before = [(j - 1, t)] * (j > 0) + [(j, t - 1)] * (t > 0)
            before += [(24, t - 1)] * (j == 0 and t > 0)
            level[j, t] = max((level[k] + 1 for k in before), default=0)
    return len(np.unique(level))


check_2 = exercise(
    "2", by_waiting, "The levels run through the grid like a single chain."
)
check_2(levels)

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2: nothing is left to be computed at the same time
assert check_2(25 * 20)

# %% [markdown]
# **3 (medium).** In layer 2, Eq. 7 weighs new content by $r_{j,t}$ and the past by $1 - r_{j,t}$.
# All scores are $1/(JT)$, on a $25 \times 20$ grid: what part of $G_{0,0}$ is left?
#
# <details><summary>Hint</summary>
#
# Every gate on the way gets a factor; there are 43 steps.
#
# </details>

# %%
part_that_is_left = ...


def with_scores():
    half = np.full((2, 25, 20), 0.5)
    return arrivals(*(half * (1 - 1 / 500)))[0, 0] / arrivals(*half)[0, 0]


check_3 = exercise("3", with_scores, "(1 - 1/500), once for each step.", to=1e-3)
check_3(part_that_is_left)

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3. Scores of this size hardly touch the past; what they do to the new content, which
# they multiply by 1/500, is another matter (tutorial 3).
assert check_3((499 / 500) ** 43)

# %% [markdown]
# **4 (hard).** Through which cells does the gradient come home? The share of a cell is the sum over
# all paths that pass it, divided by the sum over all paths. Fill the recursion of $F$, the sum over
# paths from the first cell *to* $(j,t)$.
#
# <details><summary>Hint</summary>
#
# $F$ obeys the recursion of $G$, forward: which gates lead *into* $(j, t)$?
#
# </details>


# %%
def to_here(F, f_S, f_T, j, t):
    """F[j, t] of F[j - 1, t] and F[j, t - 1]; F has a border of zeros at index -1."""
    return ...


def shares(to_here, f_S, f_T, G):
    """The share of each cell, (J, T)."""
    F = np.zeros(np.add(G.shape, 1))
    for j, t in np.ndindex(G.shape):
        F[j, t] = 1 if j == t == 0 else to_here(F, f_S, f_T, j, t)
    return F[:-1, :-1] * G / G[0, 0]


def by_paths():
    passing = np.zeros((4, 4))
    for path, weight in zip(paths(4, 4), contributions, strict=True):
        for key in path:
            passing[key] += weight / sum(contributions)
    return passing


check_4 = exercise("4", by_paths, "The gates of the cell itself, times F before it.")
check_4(lambda: shares(to_here, f_S, f_T, G_random))


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4. Every path crosses each diagonal once: the shares of a diagonal add up to 1.
def solved(F, f_S, f_T, j, t):
    return f_S[j, t] * F[j - 1, t] + f_T[j, t] * F[j, t - 1]


assert check_4(lambda: shares(solved, f_S, f_T, G_random))
half = np.full((20, 20), 0.5)
figure, ax = plt.subplots(figsize=(4.2, 3.4), layout="constrained")
share = shares(solved, half, half, maps[1.0])
image = show_map(ax, share, "share of the gradient", norm=LogNorm(1e-6, 1))
figure.colorbar(image)
plt.show()

# %% [markdown]
# **5 (hard).** Give the linear cell a third predecessor, the joint before in the frame before, with
# a gate $f^D$. Write the recursion of $G$. Which condition on the three gates keeps the total?
#
# <details><summary>Hint</summary>
#
# $f^D$ jumps over a diagonal, so $g_d = (f^S + f^T)\,g_{d-1} + f^D g_{d-2}$. When is
# $\lambda = 1$ a solution of $\lambda^2 = (f^S + f^T)\lambda + f^D$?
#
# </details>


# %%
def of_three(below, right, beyond, f_S, f_T, f_D):
    """G of a cell, of G at the next joint, at the next frame, and at both."""
    return ...


def arrivals_of_three(of_three, n, gates):
    G = np.zeros((n + 1, n + 1))
    G[n - 1, n - 1] = 1
    for j, t in reversed(list(np.ndindex(n, n))[:-1]):
        G[j, t] = of_three(G[j + 1, t], G[j, t + 1], G[j + 1, t + 1], *gates)
    return G[:n, :n]


def last_c(first, n, gates, new):
    c = np.zeros((n + 1, n + 1), dtype=complex)  # at index -1 is the border
    for j, t in np.ndindex(n, n):
        before = c[j - 1, t], c[j, t - 1], c[j - 1, t - 1]
        c[j, t] = first if j == t == 0 else new[j, t] + np.dot(gates, before)
    return c[n - 1, n - 1]


three, new = (0.4, 0.5, 0.3), rng.standard_normal((4, 4))
of_first = complex_step(lambda c: last_c(c.item(), 4, three, new), np.array(0.7))
check_5 = exercise("5", lambda: float(of_first), "Three gates, three successors.")
check_5(lambda: arrivals_of_three(of_three, 4, three)[0, 0])


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5. The total is kept exactly when f_S + f_T + f_D = 1.
def sum_of_three(below, right, beyond, f_S, f_T, f_D):
    return f_S * below + f_T * right + f_D * beyond


assert check_5(lambda: arrivals_of_three(sum_of_three, 4, three)[0, 0])
G = arrivals_of_three(sum_of_three, 20, (0.3, 0.5, 0.2))
totals = [G[distance == d].sum() for d in range(20)]
holds("0.3 + 0.5 + 0.2: it settles", abs(totals[19] - totals[18]) < 1e-12)

# %% [markdown]
# ## What comes next
#
# The last cell has heard of everything, and remembers what the gates let through. But not every
# joint matters in every action. In [tutorial 3](03_attention.ipynb) the network forms an idea of
# the whole sequence, looks at each cell again with this idea in mind, and gives it a score.
