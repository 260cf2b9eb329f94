# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. One ST-LSTM cell, forward and backward
#
# This is one cell of the network, for a single unit: every box is one number, every line says
# "is used to compute". Turn the slider and let it compute.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np

from gca_scratch.figures.canvas import BLUE, GREY, ORANGE, STYLE
from gca_scratch.figures.dial import Dial, Sketch
from gca_scratch.network import cell
from gca_scratch.network.gradcheck import (
    central_difference,
    complex_step,
    relative_error,
)
from gca_scratch.network.ops import (
    affine_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from gca_scratch.support.claims import exercise, holds, same

plt.rcParams.update(STYLE)
x, h_S, c_S, h_T, c_T = np.array([0.8, 0.5, 0.9, -0.3, -0.6])
#                i     f_S   f_T    o     u
W_x = np.array([0.5, 0.3, -0.4, 0.7, 1.2])
U_S = np.array([0.6, -0.8, 0.2, 0.1, -0.5])  # the row that meets h_S
U_T = np.array([-0.3, 0.4, 0.9, -0.6, 0.8])  # the row that meets h_T
b = np.array([0.1, 0.5, 0.5, 0.0, -0.1])
z = x * W_x + b + h_S * U_S + h_T * U_T
gates = dict(zip(("i", "f_S", "f_T", "o"), sigmoid_forward(z[:4])[0], strict=True))
values = {
    "x": x,
    "h_S": h_S,
    "h_T": h_T,
    "c_S": c_S,
    "c_T": c_T,
    **gates,
    "u": np.tanh(z[4]),
}
values |= {f"z_{gate}": number for gate, number in zip("iSTou", z, strict=True)}
values["i u"] = values["i"] * values["u"]
values |= {f"f_{n} c_{n}": values[f"f_{n}"] * values[f"c_{n}"] for n in "ST"}
values["c"] = values["i u"] + values["f_S c_S"] + values["f_T c_T"]
values["tanh c"] = np.tanh(values["c"])
values["h"] = values["o"] * values["tanh c"]
COLUMNS = {  # from the left, and their boxes from above
    0: {"x": 1, "h_S": 3, "c_S": 3.8, "h_T": 5, "c_T": 5.8},
    1: {"z_u": 0, "z_i": 1, "z_S": 2.4, "z_T": 4.4, "z_o": 6},
    2: {"u": 0, "i": 1, "f_S": 2.4, "f_T": 4.4, "o": 6},
    3: {"i u": 0.5, "f_S c_S": 2.8, "f_T c_T": 4.8},
    4: {"c": 2.8}, 5: {"tanh c": 2.8}, 6: {"h": 4.4},
}  # fmt: skip
PLACES = {
    name: (50 + 104 * column, 30 + 50 * row)
    for column, boxes in COLUMNS.items()
    for name, row in boxes.items()
}
USES = {f"z_{g}": ("x", "h_S", "h_T") for g in "uiSTo"}
USES |= {"u": ("z_u",), "i": ("z_i",), "f_S": ("z_S",), "f_T": ("z_T",), "o": ("z_o",)}
USES |= {"i u": ("i", "u"), "f_S c_S": ("f_S", "c_S"), "f_T c_T": ("f_T", "c_T")}
USES |= {"c": ("i u", "f_S c_S", "f_T c_T"), "tanh c": ("c",), "h": ("o", "tanh c")}
FORMULAS = {f"z_{g}": f"z_{g} = x W + h_S U_S + h_T U_T + b" for g in "iSTou"}
FORMULAS |= {g: f"{g} = σ(z_{g[-1]}), a gate between 0 and 1" for g in gates}
FORMULAS |= {"u": "u = tanh(z_u), the new content", "i u": "what is new: i u"}
FORMULAS |= {f"f_{n} c_{n}": f"what is kept of c_{n}" for n in "ST"}
FORMULAS |= {
    "c": "Eq. 2: c is their sum",
    "tanh c": "tanh c",
    "h": "Eq. 3: h = o tanh c",
}
ORDER = list(FORMULAS)


def graph(known, gradients=None, caption=""):
    """The cell, as far as it is known; gradients, if any, in orange below the values."""
    sketch = Sketch(730, 380, "the computational graph of one unit")
    newest = known[-1] if known else None
    for end, starts in USES.items():
        for start in starts if gradients is not None or end in known else ():
            lit = newest == (end if gradients is None else start)
            (ax, ay), (bx, by) = PLACES[start], PLACES[end]
            sketch.line(
                ax + 34, ay, bx - 34, by, ORANGE if lit else GREY, 2 if lit else 0.7
            )
    for name, (px, py) in PLACES.items():
        if gradients is None and name in USES and name not in known:
            continue
        edge = ORANGE if name == newest else BLUE
        sketch.box(px - 34, py - 17, 68, 34, edge, round=5)
        sketch.text(px, py - 3, name, size=11)
        if gradients is None:
            sketch.text(px, py + 11, f"{values[name]:.3f}", size=12)
        elif name in known:
            sketch.text(px, py + 11, f"{gradients[name]:.3f}", ORANGE, 12)
    sketch.text(365, 372, caption, size=14)
    return sketch


grown = [graph(ORDER[:k], None, FORMULAS[ORDER[k - 1]] if k else "") for k in range(17)]
Dial(grown, ["start", *ORDER], "computed", 16, every=700)

# %% [markdown]
# **What you will do.** Compute this cell by hand, then go back through it: every partial
# derivative, one line at a time, each checked on the spot.
#
# **What you need.** The product rule and the chain rule, matrix products, complex numbers as
# far as $i^2 = -1$. About 40 minutes of reading. [Tutorial 0](00_skeletons.ipynb) tells the task; the
# [glossary](../docs/glossary.md) leads from symbols to code.
#
# ## 1. The equations
#
# The unit at joint $j$ and frame $t$ hears its own input $x$, the joint before it (S, spatial)
# and the same joint in the frame before (T, temporal). Each neighbour hands over two vectors of
# $H$ numbers: its hidden state $h$, which is what it says, and its cell state $c$, which is
# what it remembers.
#
# $$
# \begin{pmatrix} i \\ f_S \\ f_T \\ o \\ u \end{pmatrix}
# = \begin{pmatrix} \sigma \\ \sigma \\ \sigma \\ \sigma \\ \tanh \end{pmatrix}
# \left( W \begin{pmatrix} x \\ h_S \\ h_T \end{pmatrix} \right) \quad (1) \qquad
# c = i \odot u + f_S \odot c_S + f_T \odot c_T \quad (2) \qquad
# h = o \odot \tanh(c) \quad (3)
# $$
#
# $\sigma(z) = 1/(1+e^{-z})$ lies between 0 and 1, so the gates $i$, $f_S$, $f_T$ (the forget
# gates) and $o$ are valves; the fifth, $u$, has a sign.
#
# <details><summary>Deeper: the paper's indices, and rows for columns</summary>
#
# The paper writes $h_{j,t}, c_{j,t}$ for our $h, c$; $h_{j-1,t}, c_{j-1,t}$ for $h_S, c_S$;
# $h_{j,t-1}, c_{j,t-1}$ for $h_T, c_T$; $f^S_{j,t}, f^T_{j,t}$ for $f_S, f_T$.
#
# The code works on a batch of $B$ sequences, one a row, and writes $x W$; so its $W$ is the
# paper's, transposed. The five gates lie side by side, in the order $i, f_S, f_T, o, u$, each
# $H$ wide. The rows of $W$ that meet $x$ we call $W_x$, those that meet $[h_S, h_T]$ we call
# $U$:
#
# $$ z = \underbrace{x W_x + b}_{a} + [h_S, h_T]\, U . $$
#
# The part $a$ needs no neighbour, so it can be computed for all cells beforehand;
# `cell.step_forward` takes it as an argument.
#
# </details>
#
# ## 2. Forward, with a single unit
#
# The numbers of the drawing are $x = 0.8$, $h_S = 0.5$, $c_S = 0.9$, $h_T = -0.3$,
# $c_T = -0.6$, and five weights for each of $x$, $h_S$, $h_T$ (in the folded cell).
#
# > **Predict.** Both forget gates are half open or more, and the new input adds $i\,u$. Will
# > $c$ be positive or negative?

# %%
a = x * W_x + b
z = a + h_S * U_S + h_T * U_T  # Eq. 1
(i, f_S, f_T, o), _ = sigmoid_forward(z[:4])
u, _ = tanh_forward(z[4])
new, past = i * u, f_S * c_S + f_T * c_T
c = new + past  # Eq. 2
tanh_c, _ = tanh_forward(c)
h = o * tanh_c  # Eq. 3
holds(f"new {new:.3f} + past {past:.3f} = c {c:.3f}, positive", c > new > 0)
rows = {name: np.full((1, 1), values[name]) for name in ("h_S", "c_S", "h_T", "c_T")}
h_package, c_package, cache = cell.step_forward(a[None], **rows, U=np.stack([U_S, U_T]))
same("h, by the package", h, h_package[0, 0])
same("c, by the package", c, c_package[0, 0])

# %% [markdown]
# ## 3. What a gradient is, and how to measure one
#
# Training ends in one number, the loss $L$. We write $dq = \partial L/\partial q$ and read it
# as a price: *if $q$ grew by a little $\delta$, the loss would grow by $dq\,\delta$*.
#
# A cell only hears, from what comes after it, the prices of the two things that it hands on:
# $dh$, and $dc_{\text{out}}$ of its cell state. So in place of the rest of the network we may
# put the simplest loss with these derivatives:
#
# $$ L = dh \cdot h + dc_{\text{out}} \cdot c \qquad \text{with } dh, dc_{\text{out}}
# \text{ fixed.} $$

# %%
dh, dc_out = 0.7, -1.0  # as if the rest of the network had sent them


def loss(h, c):
    """Stands for everything that happens to h and c after this cell."""
    return dh * h + dc_out * c


# %% [markdown]
# The slopes of the two nonlinearities need only their *results*:
#
# $$ \sigma' = \sigma\,(1-\sigma), \qquad \tanh' = 1 - \tanh^2 . $$
#
# How do we know that a derivative is right? Measure it by a difference quotient,
# $(f(p+\varepsilon)-f(p))/\varepsilon$. Or take the step in the imaginary direction:
#
# $$ f(p + \mathrm{i}\varepsilon) = f(p) + \mathrm{i}\varepsilon f'(p)
# - \tfrac{1}{2}\varepsilon^2 f''(p) - \dots \quad\Rightarrow\quad
# \frac{\operatorname{Im} f(p + \mathrm{i}\varepsilon)}{\varepsilon}
# = f'(p) - \tfrac{1}{6}\varepsilon^2 f'''(p) + \dots $$
#
# > **Predict.** We measure $\sigma'(1)$ with steps from $10^{-30}$ to $10^{-1}$. For which
# > steps is each way best?


# %%
def sigma(z):
    return sigmoid_forward(z)[0]


p = np.float64(1.0)
exact = sigma(p) * (1 - sigma(p))
steps = 10.0 ** np.arange(-30, 0)
two_sided = (sigma(p + steps) - sigma(p - steps)) / (2 * steps)
errors = {
    "one-sided difference": abs((sigma(p + steps) - sigma(p)) / steps - exact),
    "symmetric difference": abs(two_sided - exact),
    "complex step": abs(sigma(p + 1j * steps).imag / steps - exact),
}
figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
looks = (GREY, "^"), (BLUE, "s"), (ORANGE, "o")
for (name, error), (colour, mark) in zip(errors.items(), looks, strict=True):
    ax.loglog(
        steps, np.maximum(error, 1e-17), mark + "-", color=colour, ms=4, label=name
    )
ax.set(xlabel=r"step $\varepsilon$", ylabel="error", title=r"Measuring $\sigma'(1)$")
ax.legend(frameon=False)
plt.show()
best = errors["one-sided difference"].min(), errors["complex step"][steps < 1e-8].max()
sentence = "the one-sided difference never gets 12 digits, the complex step 14"
holds(sentence, best[0] > 1e-12 > 1e-14 > best[1])

# %% [markdown]
# In a difference, $\varepsilon$ should be small for the formula and large for the computer:
# the two values agree in more and more digits, and their difference keeps what is left. The
# complex step subtracts nothing.
#
# <details><summary>Deeper: why it works through a long computation, and its price</summary>
#
# Watch one product, with $p'$ and $q'$ the derivatives carried along:
#
# $$ (p + \mathrm{i}\varepsilon p')(q + \mathrm{i}\varepsilon q')
# = pq + \mathrm{i}\varepsilon\,(p'q + pq') - \varepsilon^2 p'q' . $$
#
# The product rule appears by itself in the imaginary part, and with $\varepsilon = 10^{-30}$
# the last term is far below sixteen digits. The price: each operation must make sense for
# complex numbers. Absolute values, maxima, comparisons and conjugates break it (exercise 3).
#
# The package has both witnesses, `gradcheck.complex_step(f, array)` and
# `gradcheck.central_difference(f, array)`.
#
# The slope of $\sigma$: $-(1+e^{-z})^{-2}(-e^{-z})
# = \frac{1}{1+e^{-z}} \cdot \frac{e^{-z}}{1+e^{-z}}$, and the second factor is $1 - \sigma$.
# That of $\tanh = \sinh/\cosh$: $(\cosh^2 - \sinh^2)/\cosh^2 = 1 - \tanh^2$.
#
# </details>


# %%
def slope(f, at):
    """f'(at), measured by complex step."""
    return float(complex_step(f, np.asarray(at, dtype=float)))


same("slope of the sigmoid", sigmoid_backward(1.0, sigma(p)), slope(sigma, 1.0))
of_tanh = slope(lambda z: tanh_forward(z)[0], 1.0)
same("slope of tanh", tanh_backward(1.0, np.tanh(1.0)), of_tanh)

# %% [markdown]
# ## 4. Backward, with a single unit
#
# We walk through the graph against its arrows. One rule does it all.
#
# > **The chain rule on a graph.** If $q$ is used by $y_1, y_2, \dots$, then
# > $\displaystyle dq = \sum_k dy_k \, \frac{\partial y_k}{\partial q}$: every use sends back
# > its own price times its own slope, and the contributions **add**.
#
# **4.1 Eq. 3.** $h = o \cdot \tanh c$, and $o$ is used nowhere else:
#
# $$ do = dh \cdot \tanh c . $$
#
# **4.2 The cell state has two uses**: in this cell's $h$, and in the cells that come next, the
# next joint's and the next frame's. Where there are none, $dc_{\text{out}} = 0$.
#
# $$ dc = \underbrace{dh \cdot o\,(1-\tanh^2 c)}_{\text{through this cell's } h}
# + \underbrace{dc_{\text{out}}}_{\text{from the successors}} . $$
#
# > **Predict.** Someone forgets the second summand, someone else the first. Who will have the
# > wrong *sign* here?

# %%
do = tanh_c * dh
same("do", do, slope(lambda o: loss(o * tanh_c, c), o))
through_h = dh * o * (1 - tanh_c**2)
dc = through_h + dc_out
same("dc", dc, slope(lambda c: loss(o * tanh_forward(c)[0], c), c))
print(f"through h {through_h:.3f}, from the successors {dc_out:.3f}")
holds("they pull in opposite directions; the second wins", through_h > 0 > dc)

# %% [markdown]
# In this section `dc` is this sum from here on. (Functions that go backward take
# $dc_{\text{out}}$ as their `dc`, and add the rest.)
#
# **4.3 Eq. 2.** In $c = i\,u + f_S\,c_S + f_T\,c_T$ the slope by a factor is its partner:
#
# $$
# \begin{aligned}
# di &= dc \cdot u, & df_S &= dc \cdot c_S, & df_T &= dc \cdot c_T, \\
# du &= dc \cdot i, & dc_S &= dc \cdot f_S, & dc_T &= dc \cdot f_T .
# \end{aligned}
# $$
#
# The lower row, second and third column: the gradient that a neighbour's memory gets is our own,
# *times the forget gate*. No matrix, no slope of a nonlinearity: this is the road on which
# gradients travel far.

# %%
pairs = {"i": "u", "f_S": "c_S", "f_T": "c_T"}
partner = pairs | {second: first for first, second in pairs.items()}


def loss_of(i=i, u=u, f_S=f_S, c_S=c_S, f_T=f_T, c_T=c_T):
    """The loss as a function of the six factors of Eq. 2."""
    c = i * u + f_S * c_S + f_T * c_T
    return loss(o * tanh_forward(c)[0], c)


of_product = {name: dc * values[other] for name, other in partner.items()}
for name, derivative in of_product.items():
    measured = slope(lambda value, name=name: loss_of(**{name: value}), values[name])
    same(f"d{name}", derivative, measured)

# %% [markdown]
# **4.4 Eq. 1, its nonlinearities.** $i = \sigma(z_i)$ has the slope $i(1-i)$, so
# $dz_i = di\; i\,(1-i)$, and so for the other gates; $dz_u = du\,(1-u^2)$.
#
# **4.5 Eq. 1, its affine map.** A weight is used by its own gate, and its slope is the number
# that it multiplies: $dW_{x,g} = x\,dz_g$, $dU_{S,g} = h_S\,dz_g$, $db_g = dz_g$. A neighbour's
# $h_S$ is heard by all **five** gates, and five contributions add:
#
# $$ dh_S = \sum_{g} dz_g\,U_{S,g}, \qquad dh_T = \sum_{g} dz_g\,U_{T,g}, \qquad
# dx = \sum_{g} dz_g\,W_{x,g} . $$

# %%
of_product["o"] = do
of_gates = [
    sigmoid_backward(of_product[g], values[g]) for g in ("i", "f_S", "f_T", "o")
]
dz = np.array([*of_gates, tanh_backward(of_product["u"], u)])


def loss_of_affine(x=x, h_S=h_S, h_T=h_T, W_x=W_x, U_S=U_S, U_T=U_T, b=b):
    """The loss as a function of all that enters Eq. 1."""
    z = x * W_x + b + h_S * U_S + h_T * U_T
    (i, f_S, f_T, o), _ = sigmoid_forward(z[:4])
    c = i * tanh_forward(z[4])[0] + f_S * c_S + f_T * c_T
    return loss(o * tanh_forward(c)[0], c)


by_hand = {"x": (dz * W_x).sum(), "h_S": (dz * U_S).sum(), "h_T": (dz * U_T).sum()}
by_hand |= {"W_x": x * dz, "U_S": h_S * dz, "U_T": h_T * dz, "b": dz}
start = {"x": x, "h_S": h_S, "h_T": h_T, "W_x": W_x, "U_S": U_S, "U_T": U_T, "b": b}
for name, derivative in by_hand.items():
    probe = lambda value, name=name: loss_of_affine(**{name: value})  # noqa: E731
    same(f"d{name}", derivative, complex_step(probe, np.asarray(start[name])))

# %% [markdown]
# That is the whole backward pass. Turn it: each orange number is the sum, over the boxes to its
# right that it is joined to, of their number times the slope.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
gradients = {name: by_hand[name] for name in ("x", "h_S", "h_T")} | of_product
gradients |= {
    "h": dh,
    "c": dc,
    "tanh c": dh * o,
    "i u": dc,
    "f_S c_S": dc,
    "f_T c_T": dc,
}
gradients |= {f"z_{gate}": number for gate, number in zip("iSTou", dz, strict=True)}
BACK = [
    "h",
    "tanh c",
    "o",
    "c",
    "i u",
    "f_S c_S",
    "f_T c_T",
    "i",
    "u",
    "f_S",
    "c_S",
    "f_T",
]
BACK += ["c_T", "z_i", "z_S", "z_T", "z_o", "z_u", "x", "h_S", "h_T"]
back = [graph(BACK[:k], gradients, f"d {BACK[k - 1]}") for k in range(1, len(BACK) + 1)]
Dial(back, BACK, "gradient of", len(BACK) - 1)

# %%
prices = np.full((1, 1), dh), np.full((1, 1), dc_out)
theirs = cell.step_backward(*prices, cache)
names = ("da", "dh_S", "dc_S", "dh_T", "dc_T", "dU")
mine = [dz, by_hand["h_S"], of_product["c_S"], by_hand["h_T"], of_product["c_T"]]
mine.append(np.concatenate([by_hand["U_S"], by_hand["U_T"]]))
for name, ours, package in zip(names, mine, theirs[:6], strict=True):
    same(f"{name}, by the package", np.ravel(ours), np.ravel(package))

# %% [markdown]
# ## 5. Vectors and batches
#
# A real cell has $H$ units and is fed $B$ sequences. In Eqs. 2 and 3 unit $m$ never meets unit
# $l$, so all lines of 4.1 to 4.4 stand as they are, entry by entry. Only the affine map is new.
#
# $U$ is used by every sequence, so its uses add up over the batch, with $n$ for the sequence
# and $[h_S, h_T]$ as one row $\mathit{hh}_n$:
#
# $$ dU_{mk} = \sum_n \mathit{hh}_{nm}\,dz_{nk} . $$
#
# For one sequence that is an **outer product**: *what went in* times *what was wanted at the
# other end*. The sum is the matrix product $\mathit{hh}^{\mathsf T}\,dz$. And
# $d\mathit{hh} = dz\; U^{\mathsf T}$: forward through $U$, back through its transpose.
#
# > **Predict.** $U$ is $8 \times 20$ here. What can the rank of its gradient be at most, with
# > three sequences?

# %%
rng = np.random.default_rng(1)
B, D, H = 3, 2, 4
x = rng.standard_normal((B, D))
h_S, c_S, h_T, c_T = rng.standard_normal((4, B, H))
W_x, U = rng.standard_normal((D, 5 * H)), rng.standard_normal((2 * H, 5 * H))
b = rng.standard_normal(5 * H)
dh, dc_out = rng.standard_normal((2, B, H))  # the prices of every entry of h and c
hh = np.concatenate([h_S, h_T], axis=1)  # (B, 2H)
a, affine_cache = affine_forward(x, W_x, b)  # (B, 5H)
_, _, cache = cell.step_forward(a, h_S, c_S, h_T, c_T, U)
dz, *theirs = cell.step_backward(dh, dc_out, cache)
outer = [np.outer(hh[n], dz[n]) for n in range(B)]
same("dU, a product", hh.T @ dz, theirs[4])
same("dU, sequence by sequence", sum(outer), theirs[4], to=1e-11)
same(
    "dh_S and dh_T", dz @ U.T, np.concatenate([theirs[0], theirs[2]], axis=1), to=1e-11
)
rank = np.linalg.matrix_rank(theirs[4])
holds(f"its rank is {rank}, one for each sequence", rank == B)

# %%
figure, axes = plt.subplots(1, 4, figsize=(10, 2.2), layout="constrained")
limit = abs(sum(outer)).max()
titles = ("sequence 0", "sequence 1", "sequence 2", "their sum: $dU$")
for ax, table, title in zip(axes, [*outer, sum(outer)], titles, strict=True):
    image = ax.imshow(table, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
    ax.set(title=title, xticks=[], yticks=[], xlabel="$dz_k$", ylabel="$hh_m$")
figure.colorbar(image, ax=axes)
plt.show()

# %% [markdown]
# A habit that saves hours: **the shapes choose the formula.** $dU$ must be $(2H, 5H)$; out of
# `hh` $(B, 2H)$ and `dz` $(B, 5H)$ only one product has that shape.
#
# Two programs that agree may share a mistake. So measure, one entry at a time, by both
# witnesses:

# %%
arguments = {"a": a, "h_S": h_S, "c_S": c_S, "h_T": h_T, "c_T": c_T, "U": U}


def errors_of(backward, arguments):
    """Relative error of each gradient, by complex step and by central differences."""

    def loss(**arguments):
        h, c, _ = cell.step_forward(**arguments)
        return (dh * h + dc_out * c).sum()

    derived = backward(dh, dc_out, cell.step_forward(**arguments)[2])
    found = {}
    for (name, value), derivative in zip(arguments.items(), derived, strict=False):
        probe = lambda value, name=name: loss(**arguments | {name: value})  # noqa: E731
        witnesses = complex_step(probe, value), central_difference(probe, value)
        found[name] = [relative_error(derivative, measured) for measured in witnesses]
    return found


print("         complex step   central differences")
found = errors_of(cell.step_backward, arguments)
for name, (by_step, by_differences) in found.items():
    print(f"d{name:5} {by_step:12.1e} {by_differences:16.1e}")
holds(
    "13 digits by the one, 9 by the other",
    np.array(list(found.values())) < (1e-13, 1e-9),
)

# %% [markdown]
# ## 6. The gated cell: Eq. 7
#
# In layer 2 every cell has a *score* $r$ between 0 and 1
# ([tutorial 3](03_attention.ipynb) says from where). It mixes the present with the past:
#
# $$ c = r\,\mathit{new} + (1-r)\,\mathit{past}, \qquad \mathit{new} = i \odot u, \quad
# \mathit{past} = f_S \odot c_S + f_T \odot c_T . \qquad (7) $$
#
# By "slope = partner", $d\mathit{new} = r\,dc$ and $d\mathit{past} = (1-r)\,dc$. One number
# $r_n$ serves all $H$ units of sequence $n$, and its uses add:
#
# $$ dr_n = \sum_{m=1}^{H} dc_{nm}\,(\mathit{new}_{nm} - \mathit{past}_{nm}) . $$
#
# > **Predict.** What has become of the gradient that goes to $c_S$ when $r = 1$?


# %%
def gated_backward(dh, dc, cache):
    """The cell's backward; what all units have to say of r is added up."""
    *others, shares = cell.step_backward(dh, dc, cache)
    return *others, shares.sum(axis=1, keepdims=True)


r = np.array([[0.1], [0.5], [0.9]])  # (B, 1): one score per sequence
gated = errors_of(gated_backward, arguments | {"r": r})
holds(f"all {len(gated)} gradients, dr too", np.array(list(gated.values())) < 1e-9)
*_, cache_1 = cell.step_forward(**arguments, r=np.ones((B, 1)))
_, _, dc_S, _, dc_T, *_ = cell.step_backward(dh, dc_out, cache_1)
holds(
    "with r = 1 nothing goes back to c_S and c_T",
    (dc_S == 0).all() and (dc_T == 0).all(),
)

# %% [markdown]
# ## 7. What a gate does to gradients
#
# > **Predict.** With $c_S = 1$: what part of $dc$ reaches the neighbour's memory, and what part
# > $z_S$, to learn from? Where is the latter largest?

# %%
z_S = np.linspace(-6, 6, 121)
told = np.stack([0 * z_S, z_S, 0 * z_S, 0 * z_S, 0 * z_S], axis=1)
ones, zeros = np.ones((121, 1)), np.zeros((121, 1))
*_, valve = cell.step_forward(told, zeros, ones, zeros, zeros, np.zeros((2, 5)))
da, _, passed, *_ = cell.step_backward(zeros, ones, valve)
figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.plot(z_S, passed, color=BLUE, label=r"handed to the neighbour: $f_S$")
ax.plot(z_S, da[:, 1], "--", color=ORANGE, label=r"to learn from: $f_S(1-f_S)$")
ax.set(xlabel=r"$z_S$, what the forget gate is told", ylabel="times $dc$")
ax.legend(frameon=False, loc="upper left")
plt.show()
same("passed on", passed[:, 0], sigma(z_S))
holds("half open it learns most, a quarter", da[:, 1].max() == da[60, 1] == 0.25)

# %% [markdown]
# A gate far out on either side is **saturated**: it hardly learns any more, and comes back
# slowly.
#
# ## 8. A check that proves nothing
#
# Suppose the backward pass mixed up the two cell states. We plant this mistake by exchanging
# them in the cache.
#
# > **Predict.** Which of the six gradients will the check find wrong? And where
# > $c_S = c_T = 0$, as in the first cell?


# %%
def wrong_backward(dh, dc, cache):
    """step_backward with the two cell states exchanged."""
    return cell.step_backward(dh, dc, cache._replace(c_S=cache.c_T, c_T=cache.c_S))


def nearly_right(dh, dc, cache):
    """step_backward that loses a little of a carry, and rounds the weights' gradient."""
    da, dh_S, dc_S, dh_T, dc_T, dU = cell.step_backward(dh, dc, cache)[:6]
    return da, dh_S, dc_S, dh_T, 0.9995 * dc_T, np.float32(dU)


def wrong_ones(backward, arguments, tolerance):
    """Names of the gradients that a check with this tolerance finds wrong."""
    found = errors_of(backward, arguments).items()
    return {name for name, (by_step, _) in found if by_step > tolerance}


corner = arguments | {"c_S": np.zeros((B, H)), "c_T": np.zeros((B, H))}
print("exchanged, found: ", sorted(wrong_ones(wrong_backward, arguments, 1e-3)))
holds("in the corner: nothing", not wrong_ones(wrong_backward, corner, 1e-13))
for tolerance in (1e-3, 1e-6, 1e-10):
    seen = sorted(wrong_ones(nearly_right, arguments, tolerance))
    print(f"nearly right, found with {tolerance:.0e}: {seen}")

# %% [markdown]
# **A gradient check proves something only where every term matters**: neighbours that are not
# zero, more than one sequence, more than one unit, random prices. **And only down to its
# tolerance.** Twenty mistakes were planted in a cell like this one and shown to the checkers
# that people use, each called as its documentation says
# ([bug by bug](../docs/gradient-checkers.md)):
#
# | | finds, of 20 |
# | --- | --- |
# | PyTorch 2.13, `gradcheck` | 17 |
# | the same with `fast_mode=True` | 13 |
# | JAX 0.10, `check_grads` | 17 |
# | autograd 1.9, `check_grads(f)(x, W, b, r)` | 13 |
# | SciPy 1.17, `check_grad` below 1e-6 | 19 |
# | central differences, parameter by parameter, to 1e-6 (ours) | 19 |
# | complex step, parameter by parameter, to 1e-10 (ours) | **20** |
#
# What they let through: a path weighed by 0.9995 (a tolerance of $10^{-3}$), mistakes in a few
# entries (one random direction for all), mistakes in any argument but the first, gradients
# rounded to float32 (differences, to $10^{-6}$, do not see them).
#
# ## Summary
#
# | forward | backward |
# | --- | --- |
# | $h = o \odot \tanh c$ | $do = dh \odot \tanh c$ |
# | $c$ is used by $h$ and by the successors | $dc = dc_{\text{out}} + dh \odot o \odot (1-\tanh^2 c)$ |
# | $c = r\,\mathit{new} + (1-r)\,\mathit{past}$ | $d\mathit{new} = r\,dc$, $\ d\mathit{past} = (1-r)\,dc$ |
# | the same without a score | $d\mathit{new} = d\mathit{past} = dc$ |
# | one $r$ for all units | $dr = \sum_m dc_m\,(\mathit{new}_m - \mathit{past}_m)$ |
# | $\mathit{new} = i \odot u$ | $di = d\mathit{new} \odot u$, $\ du = d\mathit{new} \odot i$ |
# | $\mathit{past} = f_S \odot c_S\ +$ | $df_S = d\mathit{past} \odot c_S$, $dc_S = d\mathit{past} \odot f_S$ |
# | $\quad f_T \odot c_T$ | $df_T = d\mathit{past} \odot c_T$, $\ dc_T = d\mathit{past} \odot f_T$ |
# | $y = \sigma(z)$ and $y = \tanh(z)$ | $dz = dy \odot y (1-y)$ and $dz = dy \odot (1-y^2)$ |
# | $z = a + [h_S, h_T]\,U$ | $da = dz$, $\ d[h_S, h_T] = dz\,U^{\mathsf T}$, $\ dU = [h_S, h_T]^{\mathsf T} dz$ |
#
# What is used more than once collects a sum. Everything else is "price times slope". Now open
# `gca_scratch/network/cell.py`: you can read every line of it.
#
# ## Exercises
#
# Put your answer in the place of `...` and run the cell: it checks itself.
#
# **1 (easy).** A cell at the very first joint and frame has $h_S = c_S = h_T = c_T = 0$. Which
# of $dz_S$, $dc_S$, $dh_S$ and $dU$ are zero?
#
# <details><summary>Hint</summary>
#
# Write each as price times slope. In which is one factor a neighbour's state?
#
# </details>

# %%
zero = {"dz_S": ..., "dc_S": ..., "dh_S": ..., "dU": ...}  # True or False


def in_the_corner():
    none = np.zeros((B, H))
    *_, cache = cell.step_forward(a, none, none, none, none, U)
    da, dh_S, dc_S, *_, dU, _ = cell.step_backward(dh, dc_out, cache)
    got = {"dz_S": da[:, H : 2 * H], "dc_S": dc_S, "dh_S": dh_S, "dU": dU}
    return {name: bool((value == 0).all()) for name, value in got.items()}


check_1 = exercise("1", in_the_corner, "Two of them flow out of the grid.")
check_1(zero)

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1. dc_S = dc f_S flows out of the grid, where nobody wants it; so does dh_S.
assert check_1({"dz_S": True, "dc_S": False, "dh_S": False, "dU": True})

# %% [markdown]
# **2 (easy).** Some LSTMs leave out the tanh of Eq. 3: $h = o \odot c$. What are $do$ and the
# complete $dc$ then?
#
# <details><summary>Hint</summary>
#
# $c$ still has two uses. What is $\partial h/\partial c$ now?
#
# </details>


# %%
def without_tanh(o, c, dh, dc_out):
    """do and dc."""
    return ..., ...


def measured_2():
    o_, c_, dh_, dc_ = 0.3, 1.7, 0.7, -0.4
    by_o = slope(lambda o: dh_ * o * c_ + dc_ * c_, o_)
    return by_o, slope(lambda c: dh_ * o_ * c + dc_ * c, c_)


check_2 = exercise("2", measured_2, "dh/do = c and dh/dc = o.")
check_2(lambda: without_tanh(0.3, 1.7, 0.7, -0.4))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2
assert check_2((0.7 * 1.7, -0.4 + 0.7 * 0.3))

# %% [markdown]
# **3 (medium).** For $f(p) = |p|$, written as `np.abs(p)`, a complex step gives 0: the length
# of a complex number is real. Write $f$ in another way, equal for all real numbers, for which
# the complex step is right.
#
# <details><summary>Hint</summary>
#
# $|p|$ is a root of a square; or $p$ times the sign of its real part.
#
# </details>


# %%
def absolute(p):
    return ...


check_3 = exercise(
    "3", lambda: (2.0, -1.0), "A formula that holds for complex numbers."
)
check_3(
    lambda: (... if absolute(1.0) is ... else absolute(-2.0), slope(absolute, -2.0))
)

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3
assert check_3((np.sqrt((-2.0) ** 2), slope(lambda p: np.sqrt(p * p), -2.0)))
assert check_3((-2.0 * np.sign(-2.0), slope(lambda p: p * np.sign(p.real), -2.0)))

# %% [markdown]
# **4 (medium).** Check *all* gradients at once. Draw a random direction $v_q$ for every argument,
# step along all of them at the same time, and compare $\operatorname{Im} L / \varepsilon$ with a
# sum over all gradients. Which sum? What does this check tell you less well than `complex_step`?
#
# <details><summary>Hint</summary>
#
# The chain rule: the derivative along a direction is the sum over all entries of partial
# derivative times entry of $v$.
#
# </details>

# %%
directions = {name: rng.standard_normal(v.shape) for name, v in arguments.items()}
*_, cache = cell.step_forward(**arguments)
derived = dict(zip(arguments, cell.step_backward(dh, dc_out, cache)[:6], strict=True))


def along(derived, directions):
    """One number out of two dicts of arrays."""
    return ...


def one_evaluation():
    moved = {name: v + 1e-30j * directions[name] for name, v in arguments.items()}
    h, c, _ = cell.step_forward(**moved)
    return (dh * h + dc_out * c).sum().imag / 1e-30


check_4 = exercise("4", one_evaluation, "Entry times entry, all added up.")
check_4(lambda: along(derived, directions))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4. One evaluation instead of hundreds; but if it fails it does not say where, and
# a mistake in a few entries is diluted.
assert check_4(sum((derived[name] * directions[name]).sum() for name in arguments))

# %% [markdown]
# **5 (hard).** A complex step on the *gradient* gives second derivatives,
# $\partial^2 L / \partial a_k \partial a_l$, a matrix of $5H \times 5H$. Which property must it
# have, whatever the numbers? Say whether that finds the exchange of section 8, and a backward pass
# that forgets $dc_{\text{out}}$.
#
# <details><summary>Hint</summary>
#
# Second derivatives do not depend on the order. Of which loss is the forgetful gradient the right
# one?
#
# </details>

# %%
finds_the_exchange, finds_the_forgetful = ..., ...  # True or False


def forgetful(dh, dc, cache):
    return cell.step_backward(dh, np.zeros_like(dc), cache)


def hessian_by(backward):
    first = [value[:1] for value in (h_S, c_S, h_T, c_T)]

    def gradient_of_a(a_row):
        *_, cache = cell.step_forward(a_row[None], *first, U)
        return backward(dh[:1], dc_out[:1], cache)[0][0]

    steps = 1e-30j * np.eye(5 * H)
    return np.stack([gradient_of_a(a[0] + step).imag / 1e-30 for step in steps])


def breaks_symmetry():
    matrices = hessian_by(wrong_backward), hessian_by(forgetful)
    return tuple(bool(np.abs(m - m.T).max() > 1e-9) for m in matrices)


check_5 = exercise("5", breaks_symmetry, "The matrix is symmetric for every loss.")
check_5((finds_the_exchange, finds_the_forgetful))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5. Symmetry is a third witness, which needs no second formula. Not all mistakes
# break it: who forgets dc_out has the right gradient of another loss.
assert check_5((True, False))
right = hessian_by(cell.step_backward)
same("symmetric", right, right.T)

# %% [markdown]
# ## What comes next
#
# (A whole network, number by number: `python -m gca_scratch stepper --out stepper.html`.)
#
# One cell is all there is to compute. But its $dh$ and $dc$ came out of nowhere. In
# [tutorial 2](02_grid.ipynb) the cells are joined to a grid, every cell gets two successors, and
# the gradient finds its way back along billions of paths.
