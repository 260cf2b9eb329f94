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
# **What you will do.** You will build the attention of GCA-LSTM from its four equations: the first memory of the whole
# sequence (Eq. 4), a score for every joint in every frame (Eqs. 5 and 6), and a cell that listens as much as its score
# allows (Eq. 7). You will derive every derivative by hand and check it on the spot. Then you will ask a plain question
# that the equations do not answer by themselves: how much does a score of $1/(JT)$ let in?
#
# **What you will learn.**
#
# - how one vector can stand for a whole sequence, in two ways, and what each costs;
# - why Eq. 5 needs its tanh, and no bias;
# - the Jacobian of a softmax over a grid, and why nobody ever stores it;
# - how one number, the score, collects its gradient from all units of a cell;
# - why a gate whose values sum to one over 500 cells opens by 0.2 % each, and what follows from that.
#
# **What you need.** Tutorials [1](01_cell.ipynb) and [2](02_grid.ipynb): the ST-LSTM unit, and the grid of cells.
# Mathematics: the chain rule, partial derivatives, a little matrix notation. About 60 minutes of reading; the cells run
# in a few seconds. [Tutorial 0](00_skeletons.ipynb) cites the paper; all symbols are in the
# [glossary](../docs/glossary.md).

# %%
# %matplotlib inline
from math import comb

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm

from gca_scratch.data.alignment import align
from gca_scratch.data.synthetic import generate
from gca_scratch.figures.canvas import BLUE, GREY, ORANGE
from gca_scratch.network import GCALSTM, attention, cell, grid, memory
from gca_scratch.network.gradcheck import central_difference, complex_step
from gca_scratch.network.ops import softmax_backward, softmax_forward, tanh_backward
from gca_scratch.network.sweep import wavefront

# %% [markdown]
# We begin with a grid so small that every number can be printed: $J = 3$ joints, $T = 4$ frames, $B = 2$ sequences,
# $H = 5$ units. Layer 1 has put out $\mathbf h_{j,t}$ for every cell; here random numbers play its part.
#
# Three conventions, once and for all:
#
# - Formulas count $j$ and $t$ from 1, as the paper does; code, tables and figures count from 0. The last cell is
#   $(J, T)$ in a formula and `[-1]` in the code.
# - Cells lie on axis 0, diagonal by diagonal, so `h` has the shape $(K, B, H)$ with $K = JT$. `grid.unpack` brings
#   cells back to their places.
# - A batch is rows. Where the paper writes $W x$ with a column $x$, the code computes `x @ W`, so every matrix of the
#   code is the paper's transposed.

# %%
J, T, B, H = 3, 4, 2, 5
K = J * T
rng = np.random.default_rng(3)
h = rng.standard_normal((K, B, H))
joint, frame = grid.cell_order(J, T)
print("cells in memory:", *zip(joint.tolist(), frame.tolist(), strict=True))


# %% [markdown]
# One helper. It shows a number per cell the way the paper thinks of it, joints down and frames across.


# %%
def on_grid(cells, sequence=0):
    """Numbers of all cells (K, B) as a table (J, T) for one sequence."""
    return grid.unpack(cells, J, T)[sequence].T


print(on_grid(np.repeat(np.arange(K)[:, None], B, axis=1)))  # where each cell of memory lies
assert on_grid(h[..., 0])[2, 1] == h[(joint == 2) & (frame == 1), 0, 0]

# %% [markdown]
# ## 1. One vector for the whole sequence
#
# A cell at $(j,t)$ has heard of the joints up to $j$ and the frames up to $t$, and of nothing else. Whether an elbow
# matters depends on the whole action. So the network needs something that has seen everything: the *global context
# memory*, $\mathrm{IF}$ (so written in the paper).
#
# ### 1.1 The average (Eq. 4)
#
# $$\mathrm{IF}^{(0)} = \frac{1}{JT}\sum_{j=1}^{J}\sum_{t=1}^{T}\mathbf h_{j,t}$$
#
# > **Predict.** What is the shape of $\mathrm{IF}^{(0)}$ for our batch? And what happens to it if the cells change
# > places?

# %%
IF_0, average_cache = memory.average_forward(h)
by_hand = sum(h[k] for k in range(K)) / (J * T)
shuffled, _ = memory.average_forward(h[rng.permutation(K)])
print("shape", IF_0.shape, " first sequence", IF_0[0].round(3))
np.testing.assert_allclose(IF_0, by_hand, rtol=1e-12, atol=1e-15)
np.testing.assert_allclose(shuffled, IF_0, rtol=1e-12, atol=1e-15)

# %% [markdown]
# One vector per sequence, and the order is gone. (Not quite lost: $\mathbf h_{j,t}$ itself knows what came before it.)
#
# **Backward.** Write $\mathrm dq$ for the derivative of the loss $L$ with respect to $q$, a thing of the same shape as
# $q$. For one unit of one sequence, $\partial\,\mathrm{IF}^{(0)} / \partial \mathbf h_{j,t} = 1/(JT)$ for every cell,
# so
#
# $$\mathrm d\mathbf h_{j,t} = \frac{1}{JT}\,\mathrm d\,\mathrm{IF}^{(0)}.$$
#
# To check a backward function we need some loss. The simplest is a random weighted sum, $L = \sum \mathit{price} \odot
# \mathrm{IF}^{(0)}$: its derivative with respect to $\mathrm{IF}^{(0)}$ is $\mathit{price}$ exactly, and random numbers
# leave no mistake a place to hide. We shall use the same trick all the way.

# %%
price = rng.standard_normal(IF_0.shape)  # the gradient that arrives at the memory


def loss(h):
    return (price * memory.average_forward(h)[0]).sum()


dh = memory.average_backward(price, average_cache)
np.testing.assert_allclose(dh, np.tile(price / K, (K, 1, 1)), rtol=1e-13)
np.testing.assert_allclose(complex_step(loss, h), dh, rtol=1e-12)
np.testing.assert_allclose(central_difference(loss, h), dh, rtol=1e-7, atol=1e-9)
print("each of the", K, "cells receives 1 /", K, "of the gradient")

# %% [markdown]
# ### 1.2 A feed-forward layer
#
# The paper's other choice keeps the places apart: concatenate all $\mathbf h_{j,t}$ into one long row of $JTH$ numbers
# and feed it to one layer with a ReLU,
#
# $$\mathrm{IF}^{(0)} = \mathrm{ReLU}\big([\mathbf h_{1,1}, \dots, \mathbf h_{J,T}]\,W_0 + b_0\big).$$
#
# Each cell owns $H$ rows of $W_0$, in the order of memory. So the same layer is a sum over cells, each with weights of
# its own.

# %%
W_0 = rng.standard_normal((K * H, H)) / np.sqrt(K * H)
b_0 = 0.1 * rng.standard_normal(H)
IF_ff, ff_cache = memory.feedforward_forward(h, W_0, b_0)
z = b_0 + sum(h[k] @ W_0[k * H : (k + 1) * H] for k in range(K))
print("before ReLU", z[0].round(2))
print("after      ", IF_ff[0].round(2) + 0)
np.testing.assert_allclose(IF_ff, np.maximum(z, 0), rtol=1e-12, atol=1e-15)

# %% [markdown]
# **Backward.** ReLU passes the gradient where $z > 0$ and stops it elsewhere: $\mathrm dz = \mathrm d\,\mathrm{IF}\odot
# [z>0]$. From $z = \sum_k \mathbf h_k W_0^{(k)} + b_0$, with $W_0^{(k)}$ the rows of cell $k$:
#
# $$\mathrm d\mathbf h_k = \mathrm dz\,W_0^{(k)\top},\qquad
# \mathrm dW_0^{(k)} = \mathbf h_k^{\top}\,\mathrm dz,\qquad \mathrm db_0 = \sum_{\text{sequences}}\mathrm dz .$$

# %%
dz = price * (z > 0)
dh_hand = np.stack([dz @ W_0[k * H : (k + 1) * H].T for k in range(K)])
dW_hand = np.concatenate([h[k].T @ dz for k in range(K)])
dh, dW_factors, db = memory.feedforward_backward(price, ff_cache)
dW = dW_factors.rows(0, K * H)

for hand, package in ((dh_hand, dh), (dW_hand, dW), (dz.sum(axis=0), db)):
    np.testing.assert_allclose(hand, package, rtol=1e-12, atol=1e-14)
witness = complex_step(lambda W: (price * memory.feedforward_forward(h, W, b_0)[0]).sum(), W_0)
np.testing.assert_allclose(witness, dW, rtol=1e-11, atol=1e-14)

# %% [markdown]
# The package returned $\mathrm dW_0$ as an `ops.Product`: the two factors, not multiplied out. Here is why.
#
# > **Predict.** With the paper's sizes ($J = 25$, $T = 20$, $H = 128$, 60 classes), which part of all parameters of the
# > network sits in $W_0$?

# %%
sizes = {name: np.prod(shape) for name, shape in GCALSTM(25, 20, 3, 60, initial="feedforward").shapes().items()}
share = sizes["memory.0.W"] / sum(sizes.values())
print(f"W_0: {sizes['memory.0.W']:,} of {sum(sizes.values()):,} parameters, {share:.1%}")
assert sizes["memory.0.W"] == 25 * 20 * 128 * 128 and share > 0.9

# %% [markdown]
# The average has none. The paper found that the two do equally well on NTU RGB+D (Table XI) and kept the layer, which
# converged faster. For small data sets [docs/readings.md](../docs/readings.md) prefers the average: it has nothing to
# overfit with.
#
# ## 2. A score for every cell (Eq. 5)
#
# Now the memory looks back at the cells. In iteration $n$ each cell gets a number, from its own output and the memory
# of the iteration before:
#
# $$e^{(n)}_{j,t}
# = W_{e_1}\tanh\!\left(W_{e_2}\begin{pmatrix}\mathbf h_{j,t}\\ \mathrm{IF}^{(n-1)}\end{pmatrix}\right)$$
#
# This is a small network with one hidden layer and one output, the same for all cells. The memory is as wide as a cell,
# so `We2` has $2H$ rows, the upper $H$ for the cell, the lower $H$ for the memory:
#
# $$[\mathbf h, \mathrm{IF}]\,W_{e_2} = \mathbf h\,W_{e_2}^{\text{upper}} + \mathrm{IF}\,W_{e_2}^{\text{lower}} .$$
#
# The second product does not depend on the cell, so it is computed once and added to all $K$ of them.

# %%
We1 = rng.standard_normal(H)
We2 = rng.standard_normal((2 * H, H)) / np.sqrt(2 * H)
s = np.tanh(h @ We2[:H] + IF_0 @ We2[H:])  # (K, B, A): the hidden layer of Eq. 5, A = H wide
e = s @ We1  # (K, B)
print(on_grid(e).round(2))

k, b = 7, 1  # one cell the long way, as the paper writes it
together = np.concatenate([h[k, b], IF_0[b]])
np.testing.assert_allclose(e[k, b], We1 @ np.tanh(We2.T @ together), rtol=1e-12)

# %% [markdown]
# ### What the tanh is for
#
# > **Predict.** Leave the tanh out. Then $e = [\mathbf h, \mathrm{IF}]\,W_{e_2} W_{e_1}$, a linear function. Will a
# > different memory give different scores?
#
# The $e$ go into a softmax next, so only their *differences* count: $r = \mathrm{softmax}(e)$ does not change when the
# same number is added to every $e_{j,t}$. (It multiplies the numerator and the denominator by the same factor.) Without
# tanh the memory adds $\mathrm{IF}\,W_{e_2}^{\text{lower}} W_{e_1}$ to every cell, the same number. It cancels.

# %%
other_memory = rng.standard_normal(IF_0.shape)


def scores_without_tanh(IF):
    return softmax_forward((h @ We2[:H] + IF @ We2[H:]) @ We1)[0]


def scores(IF):
    return attention.informativeness_forward(h, IF, We1, We2)[0]


print("largest change without tanh:", abs(scores_without_tanh(IF_0) - scores_without_tanh(other_memory)).max())
print("largest change with tanh:   ", abs(scores(IF_0) - scores(other_memory)).max().round(3))
np.testing.assert_allclose(scores_without_tanh(IF_0), scores_without_tanh(other_memory), rtol=1e-12)
assert abs(scores(IF_0) - scores(other_memory)).max() > 0.01

# %% [markdown]
# So the tanh is not decoration. It is the only place where a cell and the memory *meet*: the memory shifts each hidden
# unit along its tanh, and that changes how steeply the unit answers to the cell. For the same reason Eq. 5 has no bias
# behind $W_{e_1}$: a softmax could not feel it. (A bias inside the tanh would be felt; the paper has none.)
#
# ## 3. The softmax over the whole grid (Eq. 6)
#
# $$r^{(n)}_{j,t} = \frac{\exp e^{(n)}_{j,t}}{\sum_{p=1}^{J}\sum_{q=1}^{T}\exp e^{(n)}_{p,q}}$$
#
# It does not run over the joints of a frame, nor over the frames of a joint. All $JT$ cells share one whole.

# %%
r, informativeness_cache = attention.informativeness_forward(h, IF_0, We1, We2)
print(on_grid(r).round(3), "  sum", on_grid(r).sum())
np.testing.assert_allclose(r, np.exp(e) / np.exp(e).sum(axis=0), rtol=1e-12)
np.testing.assert_allclose(r.sum(axis=0), 1, rtol=1e-14)

# %% [markdown]
# ### 3.1 Its Jacobian
#
# How does the score of cell $(j,t)$ answer when $e$ is raised at cell $(p,q)$? Write $E_{j,t} = \exp e_{j,t}$ and
# $Z = \sum_{p,q} E_{p,q}$, so $r_{j,t} = E_{j,t}/Z$. Two derivatives are needed:
#
# $$\frac{\partial E_{j,t}}{\partial e_{p,q}} = \delta_{jp}\,\delta_{tq}\,E_{j,t},\qquad
# \frac{\partial Z}{\partial e_{p,q}} = E_{p,q},$$
#
# where $\delta_{jp}$ is 1 if $j = p$ and 0 otherwise. The quotient rule gives
#
# $$\frac{\partial r_{j,t}}{\partial e_{p,q}}
# = \frac{\delta_{jp}\delta_{tq}E_{j,t}\,Z - E_{j,t}\,E_{p,q}}{Z^2}
# = \frac{E_{j,t}}{Z}\left(\delta_{jp}\delta_{tq} - \frac{E_{p,q}}{Z}\right)
# = r_{j,t}\,(\delta_{jp}\delta_{tq} - r_{p,q}).$$
#
# The grid has four indices in this formula, but nothing in it knows what a neighbour is. Number the cells
# $1, \dots, K$ in any order and it is a $K\times K$ matrix:
#
# $$\frac{\partial r}{\partial e} = \mathrm{diag}(r) - r\,r^{\top}.$$
#
# > **Predict.** What are the signs on the diagonal and off it? What do the entries of a column sum to, and of a row?

# %%
r_0, e_0 = r[:, 0], e[:, 0]  # the first sequence
jacobian = np.diag(r_0) - np.outer(r_0, r_0)
measured = np.stack([complex_step(lambda e, k=k: softmax_forward(e)[0][k], e_0) for k in range(K)])
print("diagonal    ", np.diag(jacobian).round(3))
print("largest sum of a column", abs(jacobian.sum(axis=0)).max(), " of a row", abs(jacobian.sum(axis=1)).max())
np.testing.assert_allclose(jacobian, measured, rtol=1e-11, atol=1e-15)
np.testing.assert_allclose(measured.sum(axis=0), 0, atol=1e-14)
np.testing.assert_allclose(measured.sum(axis=1), 0, atol=1e-14)
assert (np.diag(jacobian) > 0).all() and (jacobian[~np.eye(K, dtype=bool)] < 0).all()

# %% [markdown]
# Positive on the diagonal, negative everywhere else. Every column sums to zero: what one cell wins, all the others
# lose, near or far. Every row does too: adding one number to all $e$ changes no score. (The matrix is symmetric, so
# $\text{Jacobian}^\top\,\mathrm dr$ is the Jacobian times $\mathrm dr$.) Look at it twice: as the matrix, and as one of
# its columns put back on the grid.

# %%
diverging = LinearSegmentedColormap.from_list("orange to blue", [ORANGE, "white", BLUE])
largest = abs(jacobian).max()
options = {"cmap": diverging, "vmin": -largest, "vmax": largest}
best = r_0.argmax()
column = on_grid(np.repeat(jacobian[:, best, None], B, axis=1))

drawing, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", width_ratios=(1, 1.3))
left.imshow(jacobian, **options)
left.set(
    title=r"$\partial r_k/\partial e_l$, all pairs of cells",
    xlabel="cell $l$, in memory order",
    ylabel="cell $k$, in memory order",
)
image = right.imshow(column, **options)
right.set(title=f"one column: $e$ raised at ({joint[best]}, {frame[best]})", xlabel="frame", ylabel="joint")
right.set(xticks=range(T), yticks=range(J))
for (j, t), value in np.ndenumerate(column):
    right.text(t, j, f"{value:+.3f}", ha="center", va="center", color="white" if value > largest / 2 else "black")
drawing.colorbar(image, ax=right, label="change of $r$ per change of $e$")
plt.show()

# %% [markdown]
# In memory order cells lie diagonal by diagonal; so neighbours in the left picture need not be neighbours in the right
# one.
#
# ### 3.2 The same, without the matrix
#
# Backpropagation needs $\mathrm de_l = \sum_k \mathrm dr_k\,\partial r_k/\partial e_l$. Put the Jacobian in:
#
# $$\mathrm de_l = \sum_k \mathrm dr_k\, r_k(\delta_{kl} - r_l)
# = \mathrm dr_l\, r_l - r_l\sum_k \mathrm dr_k\, r_k
# = r_l\Big(\mathrm dr_l - \sum_k r_k\,\mathrm dr_k\Big).$$
#
# The bracket reads well in words: *how much does raising this score cost, compared with the average, the average being
# taken with the scores themselves?* Where it costs more than average, $\mathrm de$ is positive and training lowers $e$;
# where it costs less, training raises it. Nothing of size $K\times K$ is left.

# %%
dr = rng.standard_normal((K, B))
de = softmax_backward(dr, r)
np.testing.assert_allclose(de[:, 0], jacobian.T @ dr[:, 0], rtol=1e-10, atol=1e-15)
np.testing.assert_allclose(de.sum(axis=0), 0, atol=1e-14)

matrix, vector = 100 * 500**2 * 4, 100 * 500 * 4
print(f"batch of 100, K = 500, float32: {matrix / 1e6:.0f} MB of Jacobians, {vector / 1e6:.1f} MB of de")

# %% [markdown]
# ## 4. Back through Eqs. 5 and 6
#
# From $\mathrm de$ on it is the chain rule through a small network. With $a = [\mathbf h, \mathrm{IF}]\,W_{e_2}$ and
# $s = \tanh a$, so $e = s\,W_{e_1}$:
#
# $$\mathrm ds = \mathrm de\;W_{e_1}^{\top},\qquad \mathrm da = \mathrm ds\odot(1 - s\odot s).$$
#
# Now count who used what: $W_{e_1}$, the upper and the lower part of $W_{e_2}$, $\mathbf h_{k,b}$ of one cell,
# $\mathrm{IF}_b$ of one sequence. Whatever was used more than once collects its gradient in a sum.
#
# > **Predict.** In which of these five is there no sum over cells?

# %% [markdown]
# Only in $\mathbf h_{k,b}$, which nobody used but its own score:
#
# | what | used by | so its gradient is a sum over |
# | --- | --- | --- |
# | $W_{e_1}$ | every cell of every sequence | $k$ and $b$ |
# | $W_{e_2}^{\text{upper}}$ | every cell of every sequence | $k$ and $b$ |
# | $W_{e_2}^{\text{lower}}$ | the same, all cells of a sequence with one $\mathrm{IF}_b$ | $b$, after one over $k$ |
# | $\mathbf h_{k,b}$ | its own score only | nothing |
# | $\mathrm{IF}_b$ | all $K$ cells of its sequence | $k$ |
#
# Each line is one product of matrices and one such sum. (In a course the third assignment asks for all five.) For one
# of them, the memory of the first sequence, we take the sum cell by cell:

# %%
names = "dh", "dIF", "dWe1", "dWe2"
package = dict(zip(names, attention.informativeness_backward(dr, informativeness_cache), strict=True))
of_cells = [We2[H:] @ (We1 * de[k, 0] * tanh_backward(1.0, s[k, 0])) for k in range(K)]  # (M,) each
np.testing.assert_allclose(sum(of_cells), package["dIF"][0], rtol=1e-11, atol=1e-14)
for name in names:
    print(f"{name:5} {package[name].shape}")


# %% [markdown]
# And the witness that knows nothing of any derivation, for all of them:


# %%
def score_loss(h, IF, We1, We2):
    return (dr * attention.informativeness_forward(h, IF, We1, We2)[0]).sum()


given = [h, IF_0, We1, We2]
for n, name in enumerate(names):
    measured = complex_step(lambda value, n=n: score_loss(*given[:n], value, *given[n + 1 :]), given[n])
    error = abs(measured - package[name]).max() / abs(measured).max()
    print(f"{name:5} largest relative error {error:.1e}")
    assert error < 1e-12

# %% [markdown]
# ## 5. The gated update (Eq. 7)
#
# The score now becomes a gate of layer 2. Recall from [tutorial 1](01_cell.ipynb), section 6: where Eq. 2 adds the new
# input to the past, Eq. 7 weighs the two,
#
# $$c_{j,t} = r_{j,t}\;\underbrace{i_{j,t}\odot u_{j,t}}_{\text{new}} +
# (1 - r_{j,t})\;\underbrace{\big(f^S_{j,t}\odot c_{j-1,t} + f^T_{j,t}\odot c_{j,t-1}\big)}_{\text{past}},$$
#
# a score of 1 makes the cell forget everything before it, and $r = \tfrac12$ gives Eq. 2 at half its size.
#
# > **Predict.** What does a score of 0 do? What happens to the sum of the weights of new and past when $r$ grows?

# %%
a_in, h_S, c_S, h_T, c_T = (rng.standard_normal((B, n)) for n in (5 * H, H, H, H, H))
U = rng.standard_normal((2 * H, 5 * H)) / np.sqrt(2 * H)
score = np.array([[0.3], [0.6]])  # (B, 1): one number for each sequence
h_new, c_new, cache = cell.step_forward(a_in, h_S, c_S, h_T, c_T, U, score)
i, f_S, f_T, o, u = cache.i, cache.f_S, cache.f_T, cache.o, cache.u
new, past = i * u, f_S * c_S + f_T * c_T

c_of = {r: cell.step_forward(a_in, h_S, c_S, h_T, c_T, U, np.full((B, 1), r))[1] for r in (0.0, 0.5, 1.0)}
c_plain = cell.step_forward(a_in, h_S, c_S, h_T, c_T, U)[1]  # Eq. 2
print(f"one unit: new {new[0, 0]:.3f}, past {past[0, 0]:.3f};", *(f"r = {r}: {c_of[r][0, 0]:.3f}" for r in c_of))
np.testing.assert_allclose(c_new, score * new + (1 - score) * past, rtol=1e-12, atol=1e-15)
np.testing.assert_allclose(c_of[1.0], new, rtol=1e-12)
np.testing.assert_allclose(c_of[0.0], past, rtol=1e-12, atol=1e-15)
np.testing.assert_allclose(2 * c_of[0.5], c_plain, rtol=1e-12, atol=1e-15)

# %% [markdown]
# A score of 0 makes the cell deaf. And the weights sum to one whatever $r$ is: unlike an ordinary input gate, this one
# *trades*. What it gives to the new it takes from the past.
#
# The derivative from tutorial 1: with $\mathrm dc$ all of the gradient that reaches $c_{j,t}$, the score collects from
# all $H$ units, which share it:
#
# $$\mathrm dr = \sum_{d=1}^{H} \mathrm dc_d\,(\text{new}_d - \text{past}_d) .$$
#
# New and past take their shares, $\mathrm d\,\text{new} = r\,\mathrm dc$ and
# $\mathrm d\,\text{past} = (1-r)\,\mathrm dc$. With this $\mathrm dr$ section 3.2 begins. The check:

# %%
dh_out, dc_out = rng.standard_normal((2, B, H))  # what arrives at h and, from the successors, at c
dc = dc_out + dh_out * o * (1 - np.tanh(c_new) ** 2)  # Eq. 3 adds the share that comes through h
dr_hand = (dc * (new - past)).sum(axis=1, keepdims=True)
d_past = dc - score * dc

_, dh_S, dc_S, dh_T, dc_T, dU, shares = cell.step_backward(dh_out, dc_out, cache)
dr_cell = shares.sum(axis=1, keepdims=True)  # the cell returns every unit's term of the sum
print("dr, one number a sequence:", dr_cell[:, 0])
np.testing.assert_allclose(dr_hand, dr_cell, rtol=1e-11)
np.testing.assert_allclose(d_past * f_S, dc_S, rtol=1e-12)
np.testing.assert_allclose(d_past * f_T, dc_T, rtol=1e-12)


# %%
def cell_loss(c_S, U, r):
    h, c, _ = cell.step_forward(a_in, h_S, c_S, h_T, c_T, U, r)
    return (dh_out * h).sum() + (dc_out * c).sum()


np.testing.assert_allclose(complex_step(lambda r: cell_loss(c_S, U, r), score), dr_cell, rtol=1e-11)
np.testing.assert_allclose(complex_step(lambda c: cell_loss(c, U, score), c_S), dc_S, rtol=1e-12)
np.testing.assert_allclose(complex_step(lambda U: cell_loss(c_S, U, score), U), dU, rtol=1e-10, atol=1e-14)
np.testing.assert_allclose(central_difference(lambda r: cell_loss(c_S, U, r), score), dr_cell, rtol=1e-8)
print("dr, dc_S and dU agree with the complex step")

# %% [markdown]
# Every formula of this section is now checked. What follows is about their size.
#
# ## 6. What does a score of $1/(JT)$ do?
#
# The paper explains Eq. 7 so: if an input is informative, import more of it; if it is not, block it and rely on the
# history. That reads as if $r$ were near 1 for the one and near 0 for the other. But Eq. 6 makes all scores of a
# sequence sum to one. With $J = 25$ and $T = 20$ there are $JT = 500$ of them, and their mean is $1/500$, whatever the
# network does.
#
# > **Predict.** At $r = 1/500$, how much of the new input enters the memory cell, and how much of the past stays? After
# > the longest path through the grid, $25 + 20 - 1 = 44$ cells, how much of the past is left? And how much of 44 equal
# > inputs has got in?

# %%
J, T = 25, 20
K = J * T
uniform = 1 / K
path = J + T - 1
_, c_uniform, _ = cell.step_forward(a_in, h_S, c_S, h_T, c_T, U, np.full((B, 1), uniform))
np.testing.assert_allclose(c_uniform, 0.002 * new + 0.998 * past, rtol=1e-12, atol=1e-15)
print(f"one cell: {uniform:.1%} of the new enters, {1 - uniform:.1%} of the past stays")
print(f"a path of {path} cells: {(1 - uniform) ** path:.1%} of the past stays")

# %% [markdown]
# So the past is nearly safe (91.6 % of it survives the whole way), and the new is nearly shut out (0.2 %). How much of
# 44 equal inputs gets in needs a line of algebra.
#
# ### 6.1 Over a path
#
# Take the kindest case: one path of $\ell$ cells (`path` in the code), forget gates fully open ($f = 1$), and every
# cell with the same thing to say, $i\odot u = \text{new}$. Number the cells of the path $k = 1, \dots, \ell$. Then Eq.
# 7 is $c_k = r\,\text{new} + (1-r)\,c_{k-1}$ with $c_0 = 0$. Look at what is still missing, $\text{new} - c_k$:
#
# $$\text{new} - c_k = \text{new} - r\,\text{new} - (1-r)\,c_{k-1} = (1-r)(\text{new} - c_{k-1}) .$$
#
# It starts at $\text{new}$ and shrinks by $1-r$ at each of the $\ell$ cells, so
#
# $$\text{new} - c_\ell = (1-r)^\ell\;\text{new} \quad\Rightarrow\quad c_\ell = \big(1-(1-r)^\ell\big)\;\text{new} .$$
#
# The gate makes the cell a running average whose window is about $1/r$ cells long. For $r = 1/500$ that is 500 cells,
# and no path is longer than 44.
#
# To let the package say the same we need the *weight* of each input in the last memory cell. There is a neat way to
# ask for it: let the engine run backwards. Take one unit ($H = 1$) without recurrent weights, so that all gates are
# given by their biases. With all inputs zero, $u = 0$ and $c = 0$ everywhere, and $i = o = \tfrac12$. Then the
# derivative of the last $h$ with respect to what goes into $u$ at cell $k$ is
#
# $$\frac{\partial h_{J,T}}{\partial a^u_k} = \underbrace{o\,(1-\tanh^2 0)}_{1/2}\;w_k\;
# \underbrace{i\,(1-u^2)}_{1/2},\qquad w_k = \frac{\partial c_{J,T}}{\partial (i\odot u)_k},$$
#
# so the weight $w_k$ is four times what `backward` returns.


# %%
def weights(r, J, T, forget_bias=0.0):
    """The weight of every cell's new input in the last memory cell (J, T); r (K,) are the scores, None: no gate."""
    b = np.array([0, forget_bias, forget_bias, 0, 0.0])
    nothing, no_recurrence = np.zeros((J * T, 1, 0)), np.zeros((2, 5))
    _, cache = wavefront.forward(nothing, no_recurrence, b, J, T, g=None if r is None else r[:, None])
    dh = np.zeros((J * T, 1, 1))
    dh[-1] = 1  # ask for the last cell
    da, *_ = wavefront.backward(dh, cache)
    return grid.unpack(4 * da[:, :, 4], J, T)[0].T


# %% [markdown]
# A chain is a grid with one joint; a bias of 40 opens the forget gate all the way ($\sigma(40) = 1$ to rounding).

# %%
print("score / uniform      r     inputs' share of the last memory cell")
for times in (1, 2, 5, 10, 20, 50):
    w = weights(np.full(path, times * uniform), 1, path, forget_bias=40.0)
    print(f"{times:15} {times * uniform:6.3f}   {w.sum():6.1%}")
    np.testing.assert_allclose(w.sum(), 1 - (1 - times * uniform) ** path, rtol=1e-10)
    np.testing.assert_allclose(w[0, 0], times * uniform * (1 - times * uniform) ** (path - 1), rtol=1e-10)

# %% [markdown]
# At the uniform score, 44 inputs that all say the same fill the memory to 8.4 %. How large would scores have to be? Ask
# for half: $1 - (1-r)^{44} = \tfrac12$ gives $r = 1 - 2^{-1/44}$.

# %%
r_half = 1 - 0.5 ** (1 / path)
print(f"r = {r_half:.4f}, {r_half * K:.1f} times uniform; {int(1 / r_half)} of {K} cells can have it, no more")
print(f"a whole path of it takes {path * r_half:.0%} of the budget")
np.testing.assert_allclose(weights(np.full(path, r_half), 1, path, forget_bias=40.0).sum(), 0.5, rtol=1e-12)

# %% [markdown]
# Eight times uniform, on the whole path. It can be paid for: the budget is one, and there is enough for 63 such cells.
# But then two thirds of the budget lie on one path, and the other 456 cells share what is left. All scores draw on the
# same unit: a gate can open wide in a few places, or a crack everywhere.
#
# ### 6.2 Over the grid
#
# In the grid a memory cell hears two predecessors. If the forget gates are about half open, $f^S = f^T = f = \tfrac12$,
# each step averages the two. The input of cell $(j,t)$ reaches the last cell along every path that goes down or right;
# with $m = (J-j) + (T-t)$ steps to go there are $\binom{m}{J-j}$ such paths, and each step multiplies by $(1-r)f$:
#
# $$w_{j,t} = r\,\binom{m}{J-j}\,\big((1-r)f\big)^{m}.$$
#
# (With different scores the product of $1 - r$ runs over the cells after $(j,t)$ on each path.)

# %%
gated = weights(np.full(K, uniform), J, T)
steps = np.add.outer(np.arange(J)[::-1], np.arange(T)[::-1])  # m
paths = np.array([[comb(m, J - 1 - j) for m in row] for j, row in enumerate(steps)], float)
np.testing.assert_allclose(gated, uniform * paths * ((1 - uniform) / 2) ** steps, rtol=1e-10)

plain = weights(None, J, T)  # Eq. 2: no gate
print(f"all weights together: {plain.sum():.1f} without a gate, {gated.sum():.3f} with uniform scores")
np.testing.assert_allclose(gated, plain * (1 - uniform) ** steps * uniform, rtol=1e-10)
assert gated.sum() < 0.08 < 30 < plain.sum()

# %% [markdown]
# Without a gate the cell *adds up* its inputs, some 38 of them in weight. With uniform scores it holds 7 % of one. The
# last line above says it exactly: each weight is that of Eq. 2, times 0.002, times the little that is lost on the way.
#
# > **Predict.** That was with $f = \tfrac12$. What if the forget gates are a little more open, $f = 0.55$ or $0.6$?

# %%
for f in (0.45, 0.5, 0.55, 0.6, 0.65):
    total = weights(np.full(K, uniform), J, T, forget_bias=np.log(f / (1 - f))).sum()
    growth = 2 * f * (1 - uniform)
    print(f"f = {f:.2f}: times {growth:.3f} a step, weights add up to {total:10.3f}")
    assert (total > 0.1) == (f > 0.5)

# %% [markdown]
# Each step multiplies by $2f(1-r)$, and above 1 that is exponential growth. So forget gates slightly above half can
# make up for the small gate, by making *early* inputs loud. It is one way out that training has, though hardly the one
# that the paper describes.
#
# ### 6.3 How large can scores be?
#
# Every entry of the tanh lies between $-1$ and $1$, so $|e_{j,t}| \le \lVert W_{e_1}\rVert_1 = \sum_a |W_{e_1,a}|$. The
# largest score that any input could ever get is that of one cell at the top and all others at the bottom:
#
# $$r_{\max} \le \frac{\exp\lVert W_{e_1}\rVert_1}
# {\exp\lVert W_{e_1}\rVert_1 + (K-1)\,\exp(-\lVert W_{e_1}\rVert_1)}
# = \frac{1}{1 + (K-1)\,\exp(-2\lVert W_{e_1}\rVert_1)} .$$
#
# For one cell to have $r = \tfrac12$ its $e$ must lead all others by $\ln(K-1) = 6.2$. Let us see where a fresh network
# stands, on skeletons: 25 joints, 20 frames, hidden width 32.

# %%
aligned = align(generate(seed=0, subjects=2, repetitions=1), face_camera=True, torso_scale=True)
x, _ = aligned.batch(np.arange(len(aligned.label)), T)
network = GCALSTM(J, T, 3, 14, hidden=32, initial="average", dropout=0)
params = network.init(np.random.default_rng(0), np.float64)
_, network_cache = network.forward(params, x.astype(np.float64))
seen = network.scores(network_cache)[0]  # (B, T, J), the first iteration

bound = abs(params["attention.1.We1"]).sum()
low, middle, high = np.quantile(seen * K, [0.05, 0.5, 0.95])
print(f"scores / uniform: 5 % below {low:.2f}, median {middle:.2f}, 5 % above {high:.2f}, largest {seen.max() * K:.2f}")
print(f"largest possible: {K / (1 + (K - 1) * np.exp(-2 * bound)):.0f}; lead needed for 1/2: {np.log(K - 1):.1f}")
assert seen.max() < 1 / (1 + (K - 1) * np.exp(-2 * bound))
assert seen.max() * K < 3  # no cell has three times its share

# %% [markdown]
# The bound is generous: Eq. 5 *could* give nearly everything to one cell. But a fresh network gives every cell about
# its share, and it must be trained away from there through section 3.2: at uniform scores
# $\mathrm de = \frac1K\,(\mathrm dr - \text{mean of }\mathrm dr)$. The gradient of the score carries the factor $1/K$,
# too.

# %%
dr = rng.standard_normal((K, 1))
de = softmax_backward(dr, np.full((K, 1), uniform))
print(f"dr has size {abs(dr).mean():.3f}, de has size {abs(de).mean():.5f}")
np.testing.assert_allclose(de, (dr - dr.mean()) / K, rtol=1e-9, atol=1e-15)

# %% [markdown]
# ### 6.4 In the network
#
# The attention representation $F$ is $h$ of the last cell of layer 2. In the next tutorial the memory is refined by
# $[F, \mathrm{IF}]\,W_F$ (Eq. 8), where $F$ and the memory speak side by side. How loud is $F$? We run layer 2 of our
# fresh network three times on the same input: with its scores, with uniform scores, without a gate.

# %%
stream = network_cache.streams[0]  # what the pass kept; its `a` is without the bias, which the sweep adds
first = stream.rounds[0]
U, b, WF = params["layer2.W"][32:], params["layer2.b"], params["memory.1.WF"]
loudness = {}
for name, r_given in {"scores": first.r, "uniform": np.full_like(first.r, uniform), "no gate": None}.items():
    h_2, _ = wavefront.forward(stream.a[..., :0], U, b, J, T, a=stream.a, g=r_given)
    loudness[name] = np.linalg.norm(h_2[-1] @ WF[:32])
    print(f"{name:8} mean |F| {abs(h_2[-1]).mean():.3f}, size of F's share of Eq. 8 {loudness[name]:.2f}")
loudness["memory"] = np.linalg.norm(first.IF @ WF[32:])
print(f"size of the old memory's share {loudness['memory']:.2f}")
assert loudness["uniform"] < loudness["memory"] / 2 < loudness["memory"] < loudness["no gate"]
np.testing.assert_allclose(loudness["scores"], loudness["uniform"], rtol=0.2)

# %% [markdown]
# So a fresh network begins as the old memory with about a quarter as much of attention added; without a gate it would
# be two and a half times as much. Whether scores are computed or uniform hardly matters to it yet.
#
# **What was measured after training.** The project's page of results takes one trained run of the synthetic actions
# apart ($JT = 250$). 90 % of the scores of iteration 1 lay between 0.02 and 3.8 times uniform, the largest at 49 times,
# which is $49/250 = 0.2$; those of iteration 2 between 0.66 and 1.5 times. With *all* scores replaced by $1/(JT)$
# accuracy fell from 97.5 % to 95.7 %; with $F$ replaced by its mean over all sequences, to 94.3 %. The gate is used,
# but not much depends on it. (One run, one seed: [docs/results.md](../docs/results.md) says how far to trust it.)
#
# **What the code does about it.** Nothing. [docs/readings.md](../docs/readings.md) says of Eq. 5: "softmax over all J x
# T cells", and gives the reason: "as written". There is no option for another gate. The package follows the equations
# and leaves their consequences for you to see.
#
# ## 7. A thought: a gate that is relative
#
# The trouble has one source. A softmax says how *relatively* important a cell is. A gate reads its number as
# *absolute*. The same score, 0.01, means "a tenth of its fair share" among 10 cells and "five times its fair share"
# among 500.
#
# A gate that is relative asks: how many times its fair share does the cell have? That is $K r$, and it runs from 0 to
# $K$. A gate must lie between 0 and 1. So let $K r$ set the gate's *odds*, with one number $\kappa$ to say how far an
# ordinary cell is open:
#
# $$\frac{g}{1-g} = \kappa\,K r\qquad\Longleftrightarrow\qquad g = \frac{\kappa K r}{1 + \kappa K r} .$$
#
# A uniform score gives $g = \kappa/(1+\kappa)$, for any $J$ and $T$. This is not in the paper, and the package has no
# such option. But the engine takes any gate you hand it, so we can look.
#
# > **Predict.** For an ordinary cell, compare $g = 1/500$ (what the paper's gate does), $g = 1/44$ (one over the length
# > of a path), and $g = 1/2$ (undecided). Which lets in the most? Which still remembers the first joint?

# %%
levels = {"1/500": 1 / 500, "1/44": 1 / 44, "1/2": 1 / 2}
maps = {}
for name, g in levels.items():
    kappa = g / (1 - g)
    odds = kappa * K * np.full(K, uniform)
    maps[name] = weights(odds / (1 + odds), J, T)
    distance = (maps[name] * steps).sum() / maps[name].sum()
    print(f"g = {name:5}: inputs' share {maps[name].sum():5.1%}, heard from {distance:4.1f} steps back on average")
np.testing.assert_allclose(maps["1/500"], gated, rtol=1e-10)
np.testing.assert_allclose(maps["1/2"][steps <= 2].sum(), 7 / 8, rtol=1e-12)
assert maps["1/500"].sum() < maps["1/44"].sum() < maps["1/2"].sum()

# %%
drawing, axes = plt.subplots(1, 3, figsize=(10, 3.8), layout="constrained", width_ratios=(1, 1, 1.3))
for ax, name in zip(axes, ("1/500", "1/2"), strict=False):
    image = ax.imshow(maps[name], cmap="cividis", norm=LogNorm(1e-6, 1), aspect="auto")
    ax.set(title=f"$g$ = {name}: {maps[name].sum():.0%} let in", xlabel="frame", ylabel="joint, along the chain")
drawing.colorbar(image, ax=axes[:2], label="weight in the last memory cell", extend="min")
for (name, values), colour, mark in zip(maps.items(), (BLUE, GREY, ORANGE), "o^s", strict=True):
    sums = np.array([values[steps == m].sum() for m in range(path)])
    axes[2].semilogy(sums, mark + "-", color=colour, ms=3, lw=0.8, label=f"$g$ = {name}")
    np.testing.assert_allclose(sums[:T], levels[name] * (1 - levels[name]) ** np.arange(T), rtol=1e-9)
axes[2].set(xlabel="steps back", ylabel="weight of the whole diagonal", ylim=(1e-7, 1))
axes[2].legend(frameon=False)
plt.show()

# %% [markdown]
# On a whole diagonal the forget gates of $\tfrac12$ and the number of paths cancel, and $g\,(1-g)^m$ is left: flat and
# low for $1/500$, steep for $\tfrac12$. (From 20 steps on the border of the grid cuts the diagonals.)
#
# The undecided gate is wide open and forgetful: seven eighths of what the last cell holds comes from itself and two
# steps back. At a uniform score the paper's gate forgets almost nothing and lets almost nothing in. Between them lies
# $1/(J + T - 1)$, a window as long as a path. So a relative gate is half of an answer. The other half is the level, and
# that depends on how far a memory has to carry.
#
# ## Summary
#
# - $\mathrm{IF}^{(0)}$ is an average (no parameters; $1/K$ of the gradient to each cell) or a layer on everything
#   (nearly all parameters of the network).
# - Eq. 5 needs its tanh: without it the memory adds the same number to every cell and cancels in the softmax.
# - The Jacobian of the softmax over the grid is $\mathrm{diag}(r) - r r^\top$. Used, it is
#   $\mathrm de = r\odot(\mathrm dr - \sum r\,\mathrm dr)$.
# - Eq. 7 trades the new for the past. $\mathrm dr = \sum_d \mathrm dc_d(\text{new}_d - \text{past}_d)$.
# - Scores sum to one, so their mean is $1/(JT)$: for 500 cells 0.2 % of the new enters and 99.8 % of the past stays. 44
#   inputs that agree fill the memory to 8 %. Half takes eight times the uniform score along the whole path.
#
# ## Exercises
#
# Section 6 gave $J, T, K$ the size of a real grid and left new numbers in `dr`, `de`, `U` and `b`. The exercises are
# about the small grid of sections 1 to 4 again. This cell brings it back; `h`, `IF_0`, `We1`, `We2`, `e`, `r` are still
# what they were.

# %%
J, T = 3, 4
K = J * T
dr = rng.standard_normal((K, B))
de = softmax_backward(dr, r)
print("cells", K, " h", h.shape, " e, r, dr, de", e.shape)

# %% [markdown]
# ### Exercise 1: no bias (easy)
#
# Add a bias $\beta$ to Eq. 5, $e' = e + \beta$. What is its gradient, for any loss? Derive it in one line from section
# 3.2, then measure it.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1
# d beta = sum over cells of de = sum_l r_l dr_l - (sum_l r_l) (sum_k r_k dr_k) = 0, since the scores sum to 1.
dr_1 = rng.standard_normal(e.shape)
d_beta = complex_step(lambda beta: (dr_1 * softmax_forward(e + beta)[0]).sum(), np.zeros(1))
np.testing.assert_allclose(d_beta, 0, atol=1e-14)
np.testing.assert_allclose(softmax_backward(dr_1, r).sum(), 0, atol=1e-14)

# %% [markdown]
# ### Exercise 2: who comes last (medium)
#
# On a chain with open forget gates three cells have the scores $r_1, r_2, r_3$, and all others zero. Which weight has
# each in the last memory cell? Two equally informative cells should count the same: which $r_1$ makes them equal when
# $r_2$ is given (and $r_3 = 0$)? Check both with `weights`.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2
# What comes later takes its share from what is there: w_1 = r_1 (1 - r_2)(1 - r_3), w_2 = r_2 (1 - r_3), w_3 = r_3.
chain_scores = np.zeros(9)
chain_scores[[1, 4, 6]] = r_1, r_2, r_3 = 0.2, 0.5, 0.3
found = weights(chain_scores, 1, 9, forget_bias=40.0)[0]
np.testing.assert_allclose(found[[1, 4, 6]], [r_1 * (1 - r_2) * (1 - r_3), r_2 * (1 - r_3), r_3], rtol=1e-12)
# Equal weights: r_1 (1 - r_2) = r_2, so r_1 = r_2 / (1 - r_2). The earlier cell needs the higher score.
chain_scores[[1, 4, 6]] = 0.2 / 0.8, 0.2, 0
found = weights(chain_scores, 1, 9, forget_bias=40.0)[0]
np.testing.assert_allclose(found[1], found[4], rtol=1e-12)

# %% [markdown]
# ### Exercise 3: temperature (medium)
#
# Let $r = \mathrm{softmax}(e/\tau)$ over the grid with a temperature $\tau > 0$. Derive $\partial r_k/\partial e_l$ and
# $\partial r_k/\partial\tau$, and check both by complex step. What happens for $\tau\to 0$ and $\tau\to\infty$?

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3
# With y = e / tau the Jacobian in y is diag(r) - r r^T; dy/de = 1/tau, and dy_l/dtau = -e_l / tau^2, so
# dr_k/dtau = -(1/tau^2) sum_l r_k (delta_kl - r_l) e_l = -(r_k / tau^2) (e_k - sum_l r_l e_l).
tau = np.array([0.7])
r_tau = softmax_forward(e_0 / tau)[0]
by_e = np.stack([complex_step(lambda e, k=k: softmax_forward(e / tau)[0][k], e_0) for k in range(len(e_0))])
by_tau = np.array([complex_step(lambda t, k=k: softmax_forward(e_0 / t)[0][k], tau)[0] for k in range(len(e_0))])
np.testing.assert_allclose(by_e, (np.diag(r_tau) - np.outer(r_tau, r_tau)) / tau, rtol=1e-10, atol=1e-15)
np.testing.assert_allclose(by_tau, -r_tau * (e_0 - r_tau @ e_0) / tau**2, rtol=1e-10)
# tau -> 0: one cell has everything; tau -> infinity: all are uniform.
np.testing.assert_allclose(softmax_forward(e_0 / 1e-3)[0].max(), 1, rtol=1e-12)
np.testing.assert_allclose(softmax_forward(e_0 / 1e9)[0], 1 / len(e_0), rtol=1e-7)

# %% [markdown]
# ### Exercise 4: the relative gate, backwards (hard)
#
# Suppose layer 2 used $g = \kappa K r/(1+\kappa K r)$ in place of $r$. The sweep gives you $\mathrm dg$. Derive
# $\mathrm dr$, then check the whole chain, $e \to r \to g \to$ layer 2 $\to h_{J,T}$, on a small grid.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4
# With q = kappa K r: g = q / (1 + q), dg/dq = 1 / (1 + q)^2, so dr = dg kappa K / (1 + kappa K r)^2.
# Since 1 - g = 1 / (1 + q), that is also dr = dg kappa K (1 - g)^2.
small, kappa = (3, 4), 0.25
a_4, U_4, b_4, e_4 = (rng.standard_normal(shape) for shape in ((12, 2, 10), (4, 10), (10,), (12, 2)))


def last_output(e):
    odds = kappa * 12 * softmax_forward(e)[0]
    h, cache = wavefront.forward(a_4[..., :0], U_4, b_4, *small, a=a_4, g=odds / (1 + odds))
    return h[-1].sum(), h, cache


_, h_4, cache_4 = last_output(e_4)
dh_4 = np.zeros_like(h_4)
dh_4[-1] = 1
dg = wavefront.backward(dh_4, cache_4)[3]
r_4 = softmax_forward(e_4)[0]
de_4 = softmax_backward(dg * kappa * 12 / (1 + kappa * 12 * r_4) ** 2, r_4)
np.testing.assert_allclose(complex_step(lambda e: last_output(e)[0], e_4), de_4, rtol=1e-10, atol=1e-14)

# %% [markdown]
# ### Exercise 5: when the memory learns nothing (hard)
#
# Suppose all cells of a sequence put out the same $\mathbf h$. Show that $\mathrm d\,\mathrm{IF}$, as it comes back
# through Eqs. 5 and 6, is zero for every loss. Then show that $\mathrm d\mathbf h_k$ is not zero for a single cell, and
# say why that is no contradiction. Check both with the package.
#
# <details><summary>Hint</summary>
#
# What is $s_k$ when all cells are equal, and what does that make of $\sum_k \mathrm da_k$? Use
# $\sum_k\mathrm de_k = 0$.
#
# </details>

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5
# Equal cells have equal s, so da_k = de_k (We1 (1 - s^2)) with the same bracket for all k, and sum_k da_k =
# (sum_k de_k) (bracket) = 0: the memory's gradient vanishes. (Seen forwards: whatever the memory says, equal cells get
# equal scores.) A single cell's own h still matters, since moving one cell alone makes it differ from the others.
same = np.repeat(h[:1], len(h), axis=0)
dr_5 = rng.standard_normal(same.shape[:2])
_, cache_5 = attention.informativeness_forward(same, IF_0, We1, We2)
dh_5, dIF_5, _, _ = attention.informativeness_backward(dr_5, cache_5)
np.testing.assert_allclose(dIF_5, 0, atol=1e-14)
np.testing.assert_allclose(dh_5.sum(axis=0), 0, atol=1e-14)  # moving all cells together changes nothing, either
assert abs(dh_5).max() > 1e-3

# %% [markdown]
# ## What comes next
#
# In [4. Recurrent attention and refinement](04_refinement.ipynb) the gated layer 2 refines the memory, the refined
# memory scores the cells anew, and the gradient finds its way back through all of it.
