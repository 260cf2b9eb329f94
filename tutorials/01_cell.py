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
# **What you will do.** Compute one cell of the network by hand, forward (Eqs. 1-3 of the paper) and then backward:
# every partial derivative, one line at a time. You start with a cell of a single unit, whose numbers fit into one
# drawing, and go on to vectors and batches. Each derivative is checked on the spot, against a measurement and against
# the package.
#
# **What you will learn.** How to read a computational graph backward. Why the cell state receives its gradient from
# two sides. Why the gradient of a weight matrix is an outer product. How a derivative can be measured to sixteen
# digits with an imaginary step. What a gate does to the gradient that passes it, and to the one it receives itself.
# When a gradient check proves nothing.
#
# **What you need.** [Tutorial 0](00_skeletons.ipynb) for the task, though nothing here depends on its code. The product
# rule and the chain rule, also for several variables; matrix products; complex numbers as far as $i^2 = -1$. About 60
# minutes of reading; the code runs in a few seconds. "The paper" is named in full in tutorial 0; the
# [glossary](../docs/glossary.md) leads from its symbols to the code.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np

from gca_scratch.figures.canvas import BLUE, GREY, ORANGE, STYLE
from gca_scratch.network import cell
from gca_scratch.network.gradcheck import central_difference, complex_step, relative_error
from gca_scratch.network.ops import (
    affine_backward,
    affine_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)

plt.rcParams.update(STYLE)

# %% [markdown]
# ## 1. The equations
#
# The unit at joint $j$ and frame $t$ hears three things: its own input $x_{j,t}$ (in layer 1 the coordinates of the
# joint), the joint before it in the same frame, and the same joint in the frame before. Each neighbour hands over two
# vectors of $H$ numbers: its hidden state $h$, which is what it says, and its cell state $c$, which is what it
# remembers.
#
# $$
# \begin{pmatrix} i_{j,t} \\ f^{S}_{j,t} \\ f^{T}_{j,t} \\ o_{j,t} \\ u_{j,t} \end{pmatrix}
# = \begin{pmatrix} \sigma \\ \sigma \\ \sigma \\ \sigma \\ \tanh \end{pmatrix}
# \left( W \begin{pmatrix} x_{j,t} \\ h_{j-1,t} \\ h_{j,t-1} \end{pmatrix} \right)
# \qquad \text{(1)}
# $$
#
# $$ c_{j,t} = i_{j,t} \odot u_{j,t} + f^{S}_{j,t} \odot c_{j-1,t} + f^{T}_{j,t} \odot c_{j,t-1} \qquad \text{(2)} $$
#
# $$ h_{j,t} = o_{j,t} \odot \tanh(c_{j,t}) \qquad \text{(3)} $$
#
# $\sigma(z) = 1/(1+e^{-z})$ lies between 0 and 1, so $i$, $f^S$, $f^T$ and $o$ work as valves; $\odot$ multiplies entry
# by entry. $W$ is an *affine* map: a matrix and a bias $b$.
#
# In this tutorial there is only one cell, so we drop its indices and name the two neighbours by the direction they lie
# in, S for spatial and T for temporal:
#
# | paper | here and in the code |
# | --- | --- |
# | $h_{j,t},\ c_{j,t}$ | $h,\ c$ |
# | $h_{j-1,t},\ c_{j-1,t}$ | $h_S,\ c_S$ |
# | $h_{j,t-1},\ c_{j,t-1}$ | $h_T,\ c_T$ |
# | $f^{S}_{j,t},\ f^{T}_{j,t}$ | $f_S,\ f_T$ |
#
# **Rows are sequences.** The paper writes $W x$ with columns. The code works on a batch of $B$ sequences at once, one
# per row, and writes $x W$; so its $W$ is the paper's, transposed. The five gates lie side by side on the last axis,
# in the order $i, f_S, f_T, o, u$, each $H$ wide.
#
# **One product or two.** The rows of $W$ that meet $x$ we call $W_x$, the rows that meet $[h_S, h_T]$ we call $U$:
#
# $$ z = [x, h_S, h_T]\, W + b = \underbrace{x W_x + b}_{a} + [h_S, h_T]\, U . $$
#
# The part $a$ needs no neighbour. So it can be computed for all cells of the grid beforehand, and `cell.step_forward`
# takes it as an argument.
#
# ## 2. Forward, with a single unit
#
# Let every quantity be one number: one coordinate, one unit ($H = 1$), one sequence.

# %%
x, h_S, c_S, h_T, c_T = np.array([0.8, 0.5, 0.9, -0.3, -0.6])
#                i     f_S   f_T    o     u
W_x = np.array([0.5, 0.3, -0.4, 0.7, 1.2])
U_S = np.array([0.6, -0.8, 0.2, 0.1, -0.5])  # the row that meets h_S
U_T = np.array([-0.3, 0.4, 0.9, -0.6, 0.8])  # the row that meets h_T
b = np.array([0.1, 0.5, 0.5, 0.0, -0.1])

# %% [markdown]
# Eq. 1: the numbers $z$ before the nonlinearities, then the five gates. The package's operations return their result
# and what they want to remember for the backward pass, here the result itself.

# %%
a = x * W_x + b
z = a + h_S * U_S + h_T * U_T
(i, f_S, f_T, o), _ = sigmoid_forward(z[:4])
u, _ = tanh_forward(z[4])
for name, before, after in zip(("i", "f_S", "f_T", "o", "u"), z, (i, f_S, f_T, o, u), strict=True):
    print(f"z_{name[-1]} = {before:6.3f}   {name:3} = {after:6.3f}")

# %% [markdown]
# > **Predict.** $c_S = 0.9$ and $c_T = -0.6$. Both forget gates are half open or more, and the new input adds
# > $i\,u$. Will $c$ be positive or negative?
#
# Eqs. 2 and 3:

# %%
new = i * u
past = f_S * c_S + f_T * c_T
c = new + past
tanh_c, _ = tanh_forward(c)
h = o * tanh_c
print(f"new {new:.3f} + past {past:.3f} = c {c:.3f};   h = {o:.3f} tanh(c) = {h:.3f}")
assert c > new > 0 and past > 0

# %% [markdown]
# Positive. Of the two memories the positive one is the larger, and its gate is a little further open, so what is kept
# of the past is positive; the new input adds to it, for $u > 0$.
#
# The package does the same for a batch of rows of $H$ units. Ours is one row of one unit, shape (1, 1).

# %%
row = {"a": a[None], "U": np.stack([U_S, U_T])}  # (1, 5) and (2, 5)
states = {"h_S": h_S, "c_S": c_S, "h_T": h_T, "c_T": c_T}
row |= {name: np.full((1, 1), value) for name, value in states.items()}
h_package, c_package, cache = cell.step_forward(**row)
np.testing.assert_allclose([h_package[0, 0], c_package[0, 0]], [h, c], rtol=1e-14)
print(h_package, c_package)

# %% [markdown]
# Here is what we just did, as a **computational graph**. Every box is one number, every arrow says "is used to
# compute". (The drawing is made by the folded cell.)


# %% jupyter={"source_hidden": true} tags=["hide-input"]
PLACES = {  # column, row
    **{"x": (0, 5), "h_S": (0, 3), "h_T": (0, 1)},
    **{"z_u": (1.35, 6), "z_i": (1.35, 5), "z_S": (1.35, 4), "z_T": (1.35, 2), "z_o": (1.35, 0)},
    **{"u": (2.6, 6), "i": (2.6, 5), "f_S": (2.6, 4), "c_S": (2.6, 3), "f_T": (2.6, 2), "c_T": (2.6, 1), "o": (2.6, 0)},
    **{"i u": (3.9, 5.5), "f_S c_S": (3.9, 3.5), "f_T c_T": (3.9, 1.5)},
    **{"c": (5.2, 3.5), "tanh c": (6.3, 3.5), "h": (7.3, 2)},
}
ARROWS = [(s, f"z_{g}") for s in ("x", "h_S", "h_T") for g in "uiSTo"]
ARROWS += [("z_u", "u"), ("z_i", "i"), ("z_S", "f_S"), ("z_T", "f_T"), ("z_o", "o"), ("u", "i u"), ("i", "i u")]
ARROWS += [("f_S", "f_S c_S"), ("c_S", "f_S c_S"), ("f_T", "f_T c_T"), ("c_T", "f_T c_T"), ("i u", "c")]
ARROWS += [("f_S c_S", "c"), ("f_T c_T", "c"), ("c", "tanh c"), ("tanh c", "h"), ("o", "h")]
SYMBOLS = {"i u": r"$i\,u$", "f_S c_S": "$f_S c_S$", "f_T c_T": "$f_T c_T$", "tanh c": r"$\tanh\,c$"}


def draw(values, gradients=None):
    """The graph of one unit: each number in its box, and in orange below it the gradient that arrived there."""
    _, ax = plt.subplots(figsize=(9.5, 6), layout="constrained")
    back = gradients is not None
    for start, end in ARROWS:
        style = {"arrowstyle": "<|-" if back else "-|>", "color": ORANGE if back else GREY, "lw": 0.8}
        style |= {"shrinkA": 25 if back else 22, "shrinkB": 25 if back else 22}
        ax.annotate("", PLACES[end], PLACES[start], arrowprops=style, zorder=1)
    for name, (column, height) in PLACES.items():
        text = f"{SYMBOLS.get(name, f'${name}$')}\n{values[name]:.3f}" + "\n" * back  # room for the gradient
        box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": BLUE}
        ax.text(column, height, text, ha="center", va="center", bbox=box, fontsize=9, zorder=3)
        if back:
            text = f"\n\n{gradients[name]:.3f}"
            ax.text(column, height, text, ha="center", va="center", fontsize=9, color=ORANGE, zorder=4)
    outside = {
        "h": (0.75, 0, "to the layer above,\nthe next joint,\nthe next frame"),
        "c": (0.75, 1.15, "to the next joint,\nthe next frame"),
    }
    for name, (right, up, label) in outside.items():
        column, height = PLACES[name]
        if back:
            label = f"from {label[3:]}:\n{dh if name == 'h' else dc_out:.3f}"
        style = {"arrowstyle": "<|-" if back else "-|>", "color": ORANGE if back else GREY, "ls": ":"}
        style["shrinkA"] = 25 if back and name == "c" else 18
        ax.annotate("", (column + right, height + up), (column, height), arrowprops=style)
        color = ORANGE if back else GREY
        ax.text(column + right + 0.05, height + up, label, va="center", fontsize=8, color=color)
    ax.set(xlim=(-0.4, 9.4), ylim=(-0.65, 6.4))
    ax.axis("off")


# %%
values = states | {"x": x, "i": i, "f_S": f_S, "f_T": f_T, "o": o, "u": u, "c": c, "h": h}
values |= {f"z_{gate}": number for gate, number in zip("iSTou", z, strict=True)}
values |= {"i u": i * u, "f_S c_S": f_S * c_S, "f_T c_T": f_T * c_T, "tanh c": tanh_c}
draw(values)

# %% [markdown]
# ## 3. What a gradient is here, and how to measure one
#
# Training ends in one number, the loss $L$. We write
#
# $$ dq = \frac{\partial L}{\partial q} $$
#
# for the derivative of the loss with respect to any quantity $q$; in the code `dq`. It has the shape of `q`. Read it as
# a price: *if $q$ grew by a little $\delta$, everything that is not computed from $q$ being what it is, the loss would
# grow by $dq\,\delta$*.
#
# A single cell does not see the loss. It only hears, from whatever comes after it, the prices of the two things that it
# hands on: $dh$ of its hidden state and $dc_{\text{out}}$ of its cell state. (Why not plainly $dc$? Because the cell
# also uses $c$ itself, for its own $h$. The price of $c$ has two parts, and $dc_{\text{out}}$ is the one that comes
# from outside. Section 4.2 puts them together.) For small changes nothing else matters, because
#
# $$ L(h + \delta h,\; c + \delta c) \approx L(h, c) + dh\,\delta h + dc_{\text{out}}\,\delta c . $$
#
# So we may put in the place of the rest of the network the simplest loss that has these two derivatives:
#
# $$ L = dh \cdot h + dc_{\text{out}} \cdot c \qquad \text{with } dh, dc_{\text{out}} \text{ fixed.} $$

# %%
dh, dc_out = 0.7, -1.0  # as if the rest of the network had sent them


def loss(h, c):
    """Stands for everything that happens to h and c after this cell."""
    return dh * h + dc_out * c


print("loss", loss(h, c))

# %% [markdown]
# ### The two nonlinearities
#
# Before we go through the graph we need two slopes. With $\sigma(z) = (1+e^{-z})^{-1}$ the chain rule gives
#
# $$
# \sigma'(z) = -(1+e^{-z})^{-2} \cdot (-e^{-z}) = \frac{1}{1+e^{-z}} \cdot \frac{e^{-z}}{1+e^{-z}}
# = \sigma(z)\,(1-\sigma(z)),
# $$
#
# because $1 - \sigma = \frac{(1+e^{-z}) - 1}{1+e^{-z}} = \frac{e^{-z}}{1+e^{-z}}$. For $\tanh = \sinh/\cosh$, with
# $\sinh' = \cosh$, $\cosh' = \sinh$ and $\cosh^2 - \sinh^2 = 1$, the quotient rule gives
#
# $$ \tanh'(z) = \frac{\cosh^2 z - \sinh^2 z}{\cosh^2 z} = 1 - \tanh^2 z . $$
#
# Both slopes need only the *result* of the forward pass, never $z$ itself. That is why the package keeps the gates and
# forgets $z$.
#
# ### A first measurement: differences
#
# How do we know that we made no mistake? The obvious test is a difference quotient,
# $(f(p+\varepsilon)-f(p))/\varepsilon$.
#
# > **Predict.** We measure $\sigma'(1)$ this way with $\varepsilon = 10^{-2}, 10^{-8}$ and $10^{-15}$. Which of the
# > three has the most correct digits?


# %%
def sigma(z):
    return sigmoid_forward(z)[0]


p = np.float64(1.0)
exact = sigma(p) * (1 - sigma(p))
for step in (1e-2, 1e-8, 1e-15):
    difference = (sigma(p + step) - sigma(p)) / step
    print(f"step {step:.0e}: {difference:.16f}   error {abs(difference - exact):.1e}")
print(f"by hand:     {exact:.16f}")

# %% [markdown]
# Two errors fight. The quotient is off by about $\varepsilon f''/2$, so we want $\varepsilon$ small. But the two
# values agree in more and more digits as $\varepsilon$ shrinks; their difference keeps only what is left of sixteen
# digits, and dividing by $\varepsilon$ blows that rest up: an error of about $10^{-16}/\varepsilon$. This loss of
# digits is called **cancellation**. The best compromise leaves eight digits.
#
# ### A better measurement: the complex step
#
# Step in the imaginary direction instead. Taylor's series, with $\mathrm{i}^2 = -1$:
#
# $$
# f(p + \mathrm{i}\varepsilon) = f(p) + \mathrm{i}\varepsilon f'(p) - \tfrac{1}{2}\varepsilon^2 f''(p)
# - \tfrac{1}{6}\mathrm{i}\varepsilon^3 f'''(p) + \dots
# $$
#
# $f(p)$, $f'(p)$, … are real. So the even terms are the real part and the odd ones the imaginary part:
#
# $$
# \frac{\operatorname{Im} f(p + \mathrm{i}\varepsilon)}{\varepsilon} = f'(p) - \tfrac{1}{6}\varepsilon^2 f'''(p) + \dots
# $$
#
# There is **no subtraction**: the computer stores the real and the imaginary part as two separate numbers, and $f(p)$,
# which was what cancelled, lies in the other one. Hence there is nothing to trade off. With $\varepsilon = 10^{-30}$
# the term that is left out is of relative size $10^{-60}$, far below the sixteen digits of a float64.

# %%
measured = sigma(p + 1e-30j).imag / 1e-30
print(f"complex step {measured:.16f}   error {abs(measured - exact):.1e}")
np.testing.assert_allclose(measured, exact, rtol=1e-14)

# %% [markdown]
# The whole story in one figure: error against step, for the one-sided difference, the symmetric one
# $(f(p+\varepsilon)-f(p-\varepsilon))/2\varepsilon$, and the complex step.

# %%
steps = 10.0 ** np.arange(-30, 0)
with np.errstate(all="ignore"):
    errors = {
        "one-sided difference": abs((sigma(p + steps) - sigma(p)) / steps - exact),
        "symmetric difference": abs((sigma(p + steps) - sigma(p - steps)) / (2 * steps) - exact),
        "complex step": abs(sigma(p + 1j * steps).imag / steps - exact),
    }
figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for (name, error), (colour, mark) in zip(errors.items(), ((GREY, "^"), (BLUE, "s"), (ORANGE, "o")), strict=True):
    ax.loglog(steps, np.maximum(error, 1e-17), mark + "-", color=colour, markersize=4, label=name)
ax.set(xlabel=r"step $\varepsilon$", ylabel="absolute error (0 drawn at $10^{-17}$)", title=r"Measuring $\sigma'(1)$")
ax.legend(frameon=False)
assert errors["one-sided difference"].min() > 1e-12 > 1e-14 > errors["complex step"][steps < 1e-8].max()

# %% [markdown]
# Why does this work through a long computation? Watch one product, with $p'$ and $q'$ the derivatives carried along:
#
# $$
# (p + \mathrm{i}\varepsilon p')(q + \mathrm{i}\varepsilon q')
# = pq + \mathrm{i}\varepsilon\,(p'q + pq') - \varepsilon^2 p'q' .
# $$
#
# The product rule appears by itself in the imaginary part. Every operation does this, so the derivative travels along
# with the value. The price: each operation must be a formula that makes sense for complex numbers. Absolute values,
# maxima, comparisons, conjugates and arrays that only hold real numbers all break it (exercise 3).
#
# The package has both witnesses: `gradcheck.complex_step(f, array)` and `gradcheck.central_difference(f, array)`, a
# symmetric difference of higher order. They measure one entry after the other. For single numbers we wrap the first.


# %%
def slope(f, at):
    """f'(at), measured by complex step."""
    return float(complex_step(f, np.asarray(at, dtype=float)))


print(slope(sigma, 1.0), slope(lambda z: tanh_forward(z)[0], 1.0))
np.testing.assert_allclose(slope(sigma, 1.0), sigmoid_backward(1.0, sigma(p)), rtol=1e-14)
np.testing.assert_allclose(slope(lambda z: tanh_forward(z)[0], 1.0), tanh_backward(1.0, np.tanh(1.0)), rtol=1e-14)

# %% [markdown]
# ## 4. Backward, with a single unit
#
# Now we walk through the graph against its arrows, from $h$ to the left. One rule does it all.
#
# > **The chain rule on a graph.** If $q$ is used by the boxes $y_1, y_2, \dots$ and by nothing else, then
# > $\displaystyle dq = \sum_k dy_k \, \frac{\partial y_k}{\partial q}$: every use of $q$ sends back
# > its own price, times its own local slope, and the contributions **add**.
#
# ### 4.1 Eq. 3: the output gate
#
# $h = o \cdot \tanh c$, and $o$ is used nowhere else. With $\tanh c$ held fixed, $\partial h/\partial o = \tanh c$:
#
# $$ do = dh \cdot \tanh c . $$

# %%
do = tanh_c * dh
np.testing.assert_allclose(do, slope(lambda o: loss(o * tanh_c, c), o), rtol=1e-13)
print(f"do = {do:.6f}")

# %% [markdown]
# ### 4.2 The cell state: two sources
#
# Look at box $c$ in the drawing. It has **two** arrows out: one into $\tanh c$ and so into $h$, one straight to the
# cells that come next, whose Eq. 2 contains our $c$. So $c$ enters the loss by two doors. Give the second one a name of
# its own, $c'$, and write the loss as $L(h(c), c')$ with $c' = c$. The chain rule for two arguments:
#
# $$
# dc
# = \underbrace{\frac{\partial L}{\partial h}\cdot\frac{\partial h}{\partial c}}_{\text{through this cell's } h}
# + \underbrace{\frac{\partial L}{\partial c'}\cdot\frac{\partial c'}{\partial c}}_{\text{through the successors' } c}
# = dh \cdot o\,(1-\tanh^2 c) + dc_{\text{out}} ,
# $$
#
# for $\partial L/\partial c' = dc_{\text{out}}$ and $\partial c'/\partial c = 1$.
#
# The first summand is made here. The second was sent by the successors; `step_backward` takes it as its argument `dc`.
# (The successors hear our $h$ too. But that is a use of $h$, so it has already been counted in $dh$.)
#
# > **Predict.** Someone forgets the second summand. Someone else forgets the first. Which of them will have a gradient
# > of the wrong *sign* here?

# %%
through_h = dh * o * (1 - tanh_c**2)
dc = through_h + dc_out
measured = slope(lambda c: loss(o * tanh_forward(c)[0], c), c)
print(f"through h {through_h:.6f}   from the successors {dc_out:.6f}   sum {dc:.6f}   measured {measured:.6f}")
np.testing.assert_allclose(dc, measured, rtol=1e-13)
assert through_h * measured < 0 < dc_out * measured

# %% [markdown]
# Who forgets the second summand is left with the first, whose sign is wrong: the two pull in opposite directions here,
# and the successors are the stronger. Who forgets the first only gets the size wrong.
#
# In the program `tanh_backward` takes the price of $\tanh c$ through the slope.
#
# From here on `dc` means this complete sum. Everything to the left of $c$ hears only of it.
#
# ### 4.3 Eq. 2: a sum of products
#
# $c = i\,u + f_S\,c_S + f_T\,c_T$. Each of the six factors appears once, and the slope with respect to a factor is its
# partner:
#
# $$
# \begin{aligned}
# di &= dc \cdot u, & df_S &= dc \cdot c_S, & df_T &= dc \cdot c_T, \\
# du &= dc \cdot i, & dc_S &= dc \cdot f_S, & dc_T &= dc \cdot f_T .
# \end{aligned}
# $$
#
# Read the last column twice. The gradient that this cell hands to its neighbours' memories is its own, *times the
# forget gate*. No matrix, no slope of a nonlinearity: this is the road on which gradients travel far. Tutorial 2
# follows it.
#
# > **Predict.** $c_T$ is negative. What does that say about the sign of $df_T$, when $dc$ is negative?

# %%
pairs = {"i": "u", "f_S": "c_S", "f_T": "c_T"}
partner = pairs | {second: first for first, second in pairs.items()}


def loss_of(i=i, u=u, f_S=f_S, c_S=c_S, f_T=f_T, c_T=c_T):
    """The loss as a function of the six factors of Eq. 2."""
    c = i * u + f_S * c_S + f_T * c_T
    return loss(o * tanh_forward(c)[0], c)


# %%
of_product = {name: dc * values[other] for name, other in partner.items()}
for name, derivative in of_product.items():
    measured = slope(lambda value, name=name: loss_of(**{name: value}), values[name])
    print(f"d{name:4} by hand {derivative:9.6f}   measured {measured:9.6f}")
    np.testing.assert_allclose(derivative, measured, rtol=1e-13)
assert dc < 0 and c_T < 0 < of_product["f_T"]

# %% [markdown]
# $df_T$ is positive. The loss would fall if $c$ grew; a wider gate for a negative memory makes $c$ smaller, so the
# loss rises with $f_T$.
#
# ### 4.4 Eq. 1, its nonlinearities
#
# $i = \sigma(z_i)$ has the slope $i(1-i)$, and so for the other gates; $u = \tanh(z_u)$ has $1-u^2$:
#
# $$
# dz_i = di\; i\,(1-i), \quad
# dz_S = df_S\; f_S(1-f_S), \quad
# dz_T = df_T\; f_T(1-f_T), \quad
# dz_o = do\; o\,(1-o), \quad
# dz_u = du\,(1-u^2).
# $$


# %%
of_product["o"] = do
dz = np.array([sigmoid_backward(of_product[gate], values[gate]) for gate in ("i", "f_S", "f_T", "o")])
dz = np.append(dz, tanh_backward(of_product["u"], u))


def loss_of_z(z):
    """The loss as a function of the five numbers of Eq. 1."""
    (i, f_S, f_T, o), _ = sigmoid_forward(z[:4])
    c = i * tanh_forward(z[4])[0] + f_S * c_S + f_T * c_T
    return loss(o * tanh_forward(c)[0], c)


np.testing.assert_allclose(dz, complex_step(loss_of_z, z), rtol=1e-13)
print("dz =", dz)

# %% [markdown]
# ### 4.5 Eq. 1, its affine map
#
# For each gate $g$ of the five,
#
# $$ z_g = x\,W_{x,g} + b_g + h_S\,U_{S,g} + h_T\,U_{T,g} . $$
#
# A weight is used by its own gate only, and its slope is the number it multiplies. The bias has slope 1:
#
# $$
# dW_{x,g} = x\,dz_g, \qquad dU_{S,g} = h_S\,dz_g, \qquad
# dU_{T,g} = h_T\,dz_g, \qquad db_g = dz_g .
# $$
#
# The neighbour's $h_S$, however, is heard by all **five** gates. Five uses, five contributions, which add:
#
# $$
# dh_S = \sum_{g} dz_g\,U_{S,g}, \qquad dh_T = \sum_{g} dz_g\,U_{T,g}, \qquad
# dx = \sum_{g} dz_g\,W_{x,g} .
# $$

# %%
dW_x, dU_S, dU_T, db = x * dz, h_S * dz, h_T * dz, dz
dx, dh_S, dh_T = (dz * W_x).sum(), (dz * U_S).sum(), (dz * U_T).sum()
print("dh_S, gate by gate:", np.round(dz * U_S, 4), " sum:", round(dh_S, 4))

# %% [markdown]
# Each of them against the complex step. The quantities appear in $z$ only, so we can reuse `loss_of_z`.


# %%
def loss_of_affine(x=x, h_S=h_S, h_T=h_T, W_x=W_x, U_S=U_S, U_T=U_T, b=b):
    return loss_of_z(x * W_x + b + h_S * U_S + h_T * U_T)


by_hand = {"x": dx, "h_S": dh_S, "h_T": dh_T, "W_x": dW_x, "U_S": dU_S, "U_T": dU_T, "b": db}
start = {"x": x, "h_S": h_S, "h_T": h_T, "W_x": W_x, "U_S": U_S, "U_T": U_T, "b": b}
for name, derivative in by_hand.items():
    measured = complex_step(lambda value, name=name: loss_of_affine(**{name: value}), np.asarray(start[name]))
    np.testing.assert_allclose(derivative, measured, rtol=1e-13)
    print(f"d{name:4} {np.round(derivative, 4)}")

# %% [markdown]
# The backward pass is done. Here it is in the drawing: values in black as before, and in orange below each value the
# gradient that arrived there. Follow any orange number: it is the sum, over the boxes to its right that it is joined
# to, of (orange number there) times (local slope). Into $h$ and $c$ comes, in addition, what the dotted arrow brings.

# %%
gradients = {"x": dx, "h_S": dh_S, "h_T": dh_T, "c": dc, "h": dh} | of_product
gradients |= {f"z_{gate}": number for gate, number in zip("iSTou", dz, strict=True)}
gradients |= {"i u": dc, "f_S c_S": dc, "f_T c_T": dc, "tanh c": dh * o}
draw(values, gradients)

# %% [markdown]
# ### 4.6 Every line is a line of the package
#
# `cell.step_backward(dh, dc, cache)` takes our $dc_{\text{out}}$ as its `dc` and returns $da$, $dh_S$, $dc_S$, $dh_T$,
# $dc_T$, $dU$ and $dr$ (of which more in section 6). Since $z = a + \dots$, we have $da = dz$.

# %%
theirs = cell.step_backward(np.full((1, 1), dh), np.full((1, 1), dc_out), cache)
ours = dz, dh_S, of_product["c_S"], dh_T, of_product["c_T"], np.stack([dU_S, dU_T])
names = ("da", "dh_S", "dc_S", "dh_T", "dc_T", "dU")
for name, mine, package in zip(names, ours, theirs[:6], strict=True):
    np.testing.assert_allclose(np.ravel(mine), np.ravel(package), rtol=1e-13)
    print(f"{name:5} {np.round(np.ravel(package), 4)}")
assert theirs[6] is None  # no score r, so no dr

# %% [markdown]
# If you would like to see such numbers in a whole small network, one step at a time, forward and backward:
# `python -m gca_scratch stepper --out stepper.html` writes a page for your browser.
#
# ## 5. Vectors and batches
#
# A real cell has $H$ units, and we feed it $B$ sequences at once. Two things change, and only one of them is new.

# %%
rng = np.random.default_rng(1)
B, D, H = 3, 2, 4
x = rng.standard_normal((B, D))
h_S, c_S, h_T, c_T = rng.standard_normal((4, B, H))
W_x, U, b = rng.standard_normal((D, 5 * H)), rng.standard_normal((2 * H, 5 * H)), rng.standard_normal(5 * H)
dh, dc_out = rng.standard_normal((2, B, H))  # the prices of every entry of h and c

# %% [markdown]
# ### 5.1 Entry by entry: nothing new
#
# In Eqs. 2 and 3 unit $m$ never meets another unit $l$: $h_m = o_m \tanh(c_m)$. The matrix of all partial derivatives,
# the **Jacobian**, is therefore diagonal:
#
# $$ \frac{\partial h_m}{\partial c_l} = \begin{cases} o_m\,(1-\tanh^2 c_m) & m = l \\ 0 & m \neq l \end{cases} $$
#
# The chain rule asks for $\sum_m dh_m\,\partial h_m/\partial c_l$ as the share of $dc_l$ that comes through $h$, and
# of this sum one term is left, $dh_l\, o_l\,(1-\tanh^2 c_l)$; $dc_{\text{out},l}$ is added as before. That is the line
# of 4.2, entry by entry. All lines of 4.1 to 4.4 stand as they are, with arrays in place of numbers.
#
# > **Predict.** How many of the 16 entries of the Jacobian of $h$ with respect to $c$ are not zero, for $H = 4$?

# %%
c_row, o_row = rng.standard_normal(H), rng.uniform(size=H)
jacobian = np.stack([complex_step(lambda c, m=m: (o_row * tanh_forward(c)[0])[m], c_row) for m in range(H)])
print(np.round(jacobian, 3))
np.testing.assert_allclose(jacobian, np.diag(o_row * (1 - np.tanh(c_row) ** 2)), rtol=1e-13)

# %% [markdown]
# Four, one for each unit. So everything down to $z$ is exactly as before, and we let the package do it. (In a course,
# to write it for whole arrays is the first assignment.) One entry we follow by hand: the gate $i$ of sequence 1 and
# unit 2, with the numbers of that entry in the lines of section 4. We write $[h_S, h_T]$ as `hh`, of width $2H$.

# %%
hh = np.concatenate([h_S, h_T], axis=1)  # (B, 2H)
a, affine_cache = affine_forward(x, W_x, b)  # (B, 5H)
h, c, cache = cell.step_forward(a, h_S, c_S, h_T, c_T, U)
i, f_S, f_T, o, u, tanh_c = cache.i, cache.f_S, cache.f_T, cache.o, cache.u, cache.tanh_c  # (B, H) each
dz = cell.step_backward(dh, dc_out, cache)[0]  # (B, 5H)
one = 1, 2
price = dc_out[one] + dh[one] * o[one] * (1 - tanh_c[one] ** 2)  # of c, from two sources
np.testing.assert_allclose(dz[one], sigmoid_backward(price * u[one], i[one]), rtol=1e-13)
print("dz", dz.shape)

# %% [markdown]
# ### 5.2 The affine map: outer products
#
# This is the new part. From here on $n$ counts the sequences: with $n = 1, \dots, B$ the sequence, $m = 1, \dots, 2H$
# the entry of `hh`, and $k = 1, \dots, 5H$ the entry of $z$:
#
# $$ z_{nk} = a_{nk} + \sum_{m} \mathit{hh}_{nm}\, U_{mk} . $$
#
# **The gradient of $U$.** Which $z$ use the entry $U_{mk}$? Column $k$ of every sequence, each with slope
# $\partial z_{nk} / \partial U_{mk} = \mathit{hh}_{nm}$. The uses add:
#
# $$
# dU_{mk} = \sum_{n} dz_{nk}\,\frac{\partial z_{nk}}{\partial U_{mk}}
# = \sum_n \mathit{hh}_{nm}\,dz_{nk} .
# $$
#
# For a single sequence this is the table of all products $\mathit{hh}_m\,dz_k$: an **outer product**, a
# matrix of rank one. What a weight learns from one sequence is *what went in* times *what was wanted at the other
# end*. For a batch the outer products add up, and this sum is precisely what the matrix product
# $\mathit{hh}^{\mathsf T}\,dz$ computes.
#
# > **Predict.** $U$ is $8 \times 20$ here. What can the rank of its gradient be at most, with three sequences?

# %%
dU = hh.T @ dz  # (2H, 5H)
one_by_one = sum(np.outer(hh[n], dz[n]) for n in range(B))
np.testing.assert_allclose(dU, one_by_one, atol=1e-15)
print("shape", dU.shape, " rank", np.linalg.matrix_rank(dU))
assert np.linalg.matrix_rank(dU) == B

# %% [markdown]
# **The gradient of `hh`.** The entry $\mathit{hh}_{nm}$ is used by all of $z_{n1}, \dots, z_{n,5H}$, of its own
# sequence only, with slopes $\partial z_{nk}/\partial \mathit{hh}_{nm} = U_{mk}$:
#
# $$
# d\mathit{hh}_{nm} = \sum_k dz_{nk}\,U_{mk} = \left(dz\; U^{\mathsf T}\right)_{nm} .
# $$
#
# Going forward, row vectors are multiplied by $U$. Going back, by its transpose. The first $H$ columns of the result
# belong to $h_S$, the others to $h_T$.
#
# **Input and bias.** The same argument for $a = x W_x + b$: $dW_x = x^{\mathsf T} dz$,
# $dx = dz\, W_x^{\mathsf T}$. The bias is used once by every sequence, with slope 1, so
# $db = \sum_n dz_n$.
#
# A habit that saves hours: **the shapes choose the formula.** $dU$ must be $(2H, 5H)$. Out of `hh` $(B, 2H)$
# and `dz` $(B, 5H)$ there is only one product with that shape.

# %%
dhh = dz @ U.T  # (B, 2H)
dh_S, dh_T = dhh[:, :H], dhh[:, H:]
dx, dW_x, db = dz @ W_x.T, x.T @ dz, dz.sum(axis=0)
for mine, package in zip((dx, dW_x, db), affine_backward(dz, affine_cache), strict=True):
    np.testing.assert_allclose(mine, package, rtol=1e-13)
print("dh_S", dh_S.shape, " dx", dx.shape, " dW_x", dW_x.shape, " db", db.shape)

# %% [markdown]
# ### 5.3 Against the package
#
# > **Predict.** The package's `step_backward` and our lines do the same arithmetic. To how many digits will they agree?

# %%
theirs = dict(zip(names, cell.step_backward(dh, dc_out, cache)[:6], strict=True))
for name, mine in (("dh_S", dh_S), ("dh_T", dh_T), ("dU", dU)):
    package = theirs[name]
    np.testing.assert_allclose(mine, package, rtol=1e-11, atol=1e-14)
    print(f"{name:5} {mine.shape!s:9} relative error {relative_error(mine, package):.0e}")

# %% [markdown]
# To about sixteen, all that a float64 has. (The error shown is the largest difference over the largest entry; where
# only a tiny entry differs it can be far below $10^{-16}$. On another machine some may be exactly 0.)
#
# ### 5.4 All of it, against both witnesses
#
# Two programs that agree may share a mistake. So we also measure, one entry at a time: each entry of $a$, $h_S$,
# $c_S$, $h_T$, $c_T$ and $U$ gets its imaginary step, and, for a second witness that knows nothing of complex numbers,
# its real steps. The loss is that of section 3, with a sum over all entries:
# $\sum dh \odot h + \sum dc_{\text{out}} \odot c$.

# %%
arguments = {"a": a, "h_S": h_S, "c_S": c_S, "h_T": h_T, "c_T": c_T, "U": U}


def errors_of(backward, arguments):
    """Relative error of every gradient that `backward` returns, by complex step and by central differences."""

    def loss(**arguments):
        h, c, _ = cell.step_forward(**arguments)
        return (dh * h + dc_out * c).sum()

    derived = backward(dh, dc_out, cell.step_forward(**arguments)[2])
    table = {}
    for (name, value), derivative in zip(arguments.items(), derived, strict=False):
        probe = lambda value, name=name: loss(**arguments | {name: value})  # noqa: E731
        table[name] = [
            relative_error(derivative, measure(probe, value)) for measure in (complex_step, central_difference)
        ]
    return table


# %%
print("         complex step   central differences")
for name, (complex_error, central_error) in errors_of(cell.step_backward, arguments).items():
    print(f"d{name:5} {complex_error:12.1e} {central_error:16.1e}")
    assert complex_error < 1e-13 and central_error < 1e-9

# %% [markdown]
# This is what `python -m gca_scratch gradcheck` does for every parameter of every network in the package.
#
# ## 6. The gated cell: Eq. 7
#
# In layer 2 every cell has an *informativeness score* $r_{j,t}$ between 0 and 1, one number per sequence. Where it
# comes from is the subject of [tutorial 3](03_attention.ipynb). What it does to the cell:
#
# $$
# c_{j,t} = r_{j,t}\; i_{j,t} \odot u_{j,t} + (1 - r_{j,t})\; f^{S}_{j,t} \odot c_{j-1,t}
# + (1 - r_{j,t})\; f^{T}_{j,t} \odot c_{j,t-1} \qquad \text{(7)}
# $$
#
# With the names of the code, $\mathit{new} = i \odot u$ and $\mathit{past} = f_S \odot c_S + f_T \odot c_T$, this is
# $c = r\,\mathit{new} + (1-r)\,\mathit{past}$: the score mixes the present with the past.
#
# The derivatives, again by "slope = the partner". First the two parts, which used to receive all of $dc$:
#
# $$ d\mathit{new} = r\,dc, \qquad d\mathit{past} = (1-r)\,dc . $$
#
# Everything to the left is as before, with $d\mathit{new}$ in place of $dc$ for $i$ and $u$, and
# $d\mathit{past}$ for $f_S, c_S, f_T, c_T$. Then the score itself. One number $r_n$ serves all $H$ units of
# sequence $n$, with the slope $\partial c_{nm}/\partial r_n = \mathit{new}_{nm} - \mathit{past}_{nm}$; its uses add:
#
# $$ dr_n = \sum_{m=1}^{H} dc_{nm}\,(\mathit{new}_{nm} - \mathit{past}_{nm}) . $$
#
# A cell "wants" a higher score where the new content would lower the loss more than the old. The package's cell takes
# $r$ as a column $(B, 1)$ and returns the $H$ terms of this sum one by one, $(B, H)$: whoever gave one score to all
# units adds them up.

# %%
r = np.array([[0.1], [0.5], [0.9]])  # (B, 1): one score per sequence
h, c, cache = cell.step_forward(a, h_S, c_S, h_T, c_T, U, r)
new, past = i * u, f_S * c_S + f_T * c_T
np.testing.assert_allclose(c, r * new + (1 - r) * past, rtol=1e-13)
dc = dc_out + dh * o * (1 - np.tanh(c) ** 2)  # Eq. 3 is as before, at another c
dr = (dc * (new - past)).sum(axis=1, keepdims=True)
print("dr =", dr[:, 0])


# %%
def gated_backward(dh, dc, cache):
    """The cell's backward, with the shares of all units in dr added up."""
    *others, shares = cell.step_backward(dh, dc, cache)
    return *others, shares.sum(axis=1, keepdims=True)


da, _, dc_S, _, _, dU, dr_package = gated_backward(dh, dc_out, cache)
np.testing.assert_allclose(dr, dr_package, rtol=1e-13)
np.testing.assert_allclose(dc_S, (1 - r) * dc * f_S, rtol=1e-13)
np.testing.assert_allclose(da[:, :H], sigmoid_backward(r * dc * u, i), rtol=1e-12)
gated = errors_of(gated_backward, arguments | {"r": r})
print({name: f"{complex_error:.0e}" for name, (complex_error, _) in gated.items()})
assert len(gated) == 7 and max(max(pair) for pair in gated.values()) < 1e-9

# %% [markdown]
# > **Predict.** With $r = \tfrac12$ everywhere, how is $c$ of Eq. 7 related to $c$ of Eq. 2? And what has become of the
# > gradient that goes to $c_S$ when $r = 1$?

# %%
_, c_half, _ = cell.step_forward(a, h_S, c_S, h_T, c_T, U, np.full((B, 1), 0.5))
np.testing.assert_allclose(2 * c_half, cell.step_forward(a, h_S, c_S, h_T, c_T, U)[1], rtol=1e-13)
*_, cache = cell.step_forward(a, h_S, c_S, h_T, c_T, U, np.ones((B, 1)))
_, _, dc_S, _, dc_T, _, _ = cell.step_backward(dh, dc_out, cache)
print("with r = 1, dc_S and dc_T are", np.unique(np.abs([dc_S, dc_T])))
assert (dc_S == 0).all() and (dc_T == 0).all()

# %% [markdown]
# A score of 1 closes the road to the past: the cell starts afresh, and no gradient goes back through $c$. A score near
# 0, which is what a softmax over hundreds of cells gives on average, closes the door to the present instead. Tutorial
# 3 measures what follows from that.
#
# ## 7. What a gate does to gradients
#
# Two lines about the same gate $f_S$, from 4.3 and 4.4:
#
# $$
# \frac{dc_S}{dc} = f_S, \qquad\qquad
# \frac{dz_S}{dc} = c_S \; f_S\,(1-f_S) .
# $$
#
# These are ratios of two prices. The first says how much of the gradient the gate lets through, the second how much it
# takes to learn from, for $c_S = 1$.
#
# > **Predict.** Where is the gate's own gradient largest: fully open, half open, or closed? How large can it be at
# > most?

# %%
z_S = np.linspace(-6, 6, 121)
gate = sigma(z_S)
_, _, valve = cell.step_forward(
    np.stack([np.zeros(121), z_S, np.zeros(121), np.zeros(121), np.zeros(121)], axis=1),
    *(np.full((121, 1), value) for value in (0.0, 1.0, 0.0, 0.0)),
    np.zeros((2, 5)),
)
da, _, passed, _, _, _, _ = cell.step_backward(np.zeros((121, 1)), np.ones((121, 1)), valve)
np.testing.assert_allclose(passed[:, 0], gate, rtol=1e-12)
np.testing.assert_allclose(da[:, 1], gate * (1 - gate), rtol=1e-12)
assert da[:, 1].max() == da[60, 1] == 0.25

# %%
figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.plot(z_S, passed, color=BLUE, label=r"handed to the neighbour: $dc_S / dc = f_S$")
ax.plot(z_S, da[:, 1], "--", color=ORANGE, label=r"kept to learn from: $dz_S / dc = f_S(1-f_S)$")
ax.set(xlabel=r"$z_S$, what the forget gate is told", ylabel=r"share of $dc$  (with $c_S = 1$)", ylim=(0, 1.05))
ax.legend(frameon=False, loc="upper left")
plt.show()

# %% [markdown]
# A wide open gate passes the gradient on unharmed, and hardly learns any more. A closed gate neither passes the
# gradient nor learns. Half open, at $z_S = 0$, it learns most: a quarter of the price, and never more. A gate far out
# on either side is called **saturated**; it comes back slowly, which is why weights start small.
#
# ## 8. A check that proves nothing
#
# Suppose the backward pass mixed up the two cell states: $df_S = dc \odot c_T$ and
# $df_T = dc \odot c_S$. We can plant this mistake without touching the package: its cache holds
# $c_S$ and $c_T$, so we exchange them there.
#
# > **Predict.** Which of the six gradients will the check find wrong? Go by the graph: what lies to the left of $f_S$?


# %%
def wrong_backward(dh, dc, cache):
    """step_backward with the two cell states exchanged."""
    return cell.step_backward(dh, dc, cache._replace(c_S=cache.c_T, c_T=cache.c_S))


wrong = {name: pair[0] for name, pair in errors_of(wrong_backward, arguments).items()}
print({name: f"{error:.0e}" for name, error in wrong.items()})
assert {name for name, error in wrong.items() if error > 1e-3} == {"a", "h_S", "h_T", "U"}

# %% [markdown]
# $dc_S$ and $dc_T$ are right, everything behind the forget gates is wrong. The pattern of a failed
# check points at the line.
#
# > **Predict.** The same mistake, checked on a cell in the corner of the grid, whose predecessors do not exist:
# > $c_S = c_T = 0$. What will the check say?

# %%
corner = arguments | {"c_S": np.zeros((B, H)), "c_T": np.zeros((B, H))}
unseen = {name: pair[0] for name, pair in errors_of(wrong_backward, corner).items()}
print({name: f"{error:.0e}" for name, error in unseen.items()})
assert max(unseen.values()) < 1e-13

# %% [markdown]
# All is well, it says, and it is wrong: $0$ exchanged for $0$. **A gradient check proves something only where every
# term matters**: neighbours that are not zero, more than one sequence, more than one unit, random prices $dh$
# and $dc$. The package's `gradcheck.problem` looks for inputs on which that is so.
#
# **And it proves something only down to its tolerance.** Many checkers allow a relative error of $10^{-3}$, since
# differences in single precision get no better. Two more mistakes: $dc_T$ is weighed by 0.9995, and $dU$ is rounded to
# single precision on its way.
#
# > **Predict.** How large are the errors of the two? Which of them would you see with a tolerance of $10^{-3}$, with
# > $10^{-6}$, with $10^{-10}$?


# %%
def nearly_right(dh, dc, cache):
    """step_backward with a little of the carry in time gone astray, and a rounded gradient of the weights."""
    da, dh_S, dc_S, dh_T, dc_T, dU = cell.step_backward(dh, dc, cache)[:6]
    return da, dh_S, dc_S, dh_T, 0.9995 * dc_T, np.float32(dU)


nearly = {name: pair[0] for name, pair in errors_of(nearly_right, arguments).items()}
print({name: f"{error:.0e}" for name, error in nearly.items()})
assert {name for name, error in nearly.items() if error > 1e-3} == set()
assert {name for name, error in nearly.items() if error > 1e-6} == {"c_T"}
assert {name for name, error in nearly.items() if error > 1e-10} == {"c_T", "U"}

# %% [markdown]
# A tolerance has to lie above what the witness itself gets wrong. Where nothing is subtracted it may be $10^{-10}$, as
# in the package, and nothing hides below. [Twenty mistakes and ten ways to check](../docs/gradient-checkers.md) shows
# what the usual checkers let through.
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
# **1 (easy).** A cell at the very first joint and frame has $h_S = c_S = h_T = c_T = 0$. Which of $dz_S$,
# $dc_S$, $dh_S$ and $dU$ are zero? Write down your answer, then check it with
# `cell.step_backward`.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1
# dz_S = dc c_S f_S (1 - f_S) is zero, for c_S is.  dU = hh^T dz is zero, for hh is.
# dc_S = dc f_S is not: the gradient does flow out of the grid, where nobody wants it.  Nor is dh_S = dz U^T.
none = np.zeros((B, H))
*_, cache = cell.step_forward(a, none, none, none, none, U)
da, dh_S, dc_S, *_, dU, _ = cell.step_backward(dh, dc_out, cache)
assert (da[:, H : 3 * H] == 0).all() and (dU == 0).all()
assert (dc_S != 0).all() and (dh_S != 0).all()

# %% [markdown]
# **2 (easy).** Some LSTMs leave out the tanh of Eq. 3: $h = o \odot c$. Derive $do$ and the complete $dc$,
# and check both by complex step for the scalars $o = 0.3$, $c = 1.7$, $dh = 0.7$,
# $dc_{\text{out}} = -0.4$.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2
# h = o c: dh/do = c and dh/dc = o, so do = dh c, and dc = dc_out + dh o.
o_, c_, dh_, dc_ = 0.3, 1.7, 0.7, -0.4
np.testing.assert_allclose(dh_ * c_, slope(lambda o: dh_ * o * c_ + dc_ * c_, o_), rtol=1e-13)
np.testing.assert_allclose(dc_ + dh_ * o_, slope(lambda c: dh_ * o_ * c + dc_ * c, c_), rtol=1e-13)

# %% [markdown]
# **3 (medium).** What is the imaginary part of $f(p + \mathrm{i}\varepsilon)$ for $f(p) = |p|$ at $p = -2$, written as
# `np.abs(p)`? Why does it not hold the slope, $-1$, so that `complex_step` refuses? Write $f$ in another way, equal for
# all real numbers, for which the complex step is right.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3
# np.abs of a complex number is its length, sqrt(p^2 + step^2): real, so the imaginary part that carries the derivative
# is gone.  sqrt(p^2) is a formula that holds for complex numbers too; so is p times the sign of its real part, which
# is how ops.relu_forward is written.
assert np.abs(-2.0 + 1e-30j).imag == 0
np.testing.assert_allclose(slope(lambda p: np.sqrt(p * p), -2.0), -1, rtol=1e-14)
np.testing.assert_allclose(slope(lambda p: p * np.sign(p.real), -2.0), -1, rtol=1e-14)

# %% [markdown]
# **4 (medium).** Check *all* gradients at once with a single evaluation. Draw a random direction $v$ for every
# argument, put $q + \mathrm{i}\varepsilon v_q$ in the place of each argument $q$ at the same time, and compare
# $\operatorname{Im} L / \varepsilon$ with $\sum_q \langle dq, v_q \rangle$. Why are they equal? What does
# this check tell you less well than `complex_step`?

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4
# Im L / step is the derivative of L along the direction v, and the chain rule says that it is the sum over all entries
# of (partial derivative) x (entry of v).  One evaluation instead of hundreds; but if it fails it does not say where.
directions = {name: rng.standard_normal(value.shape) for name, value in arguments.items()}
moved = {name: value + 1e-30j * directions[name] for name, value in arguments.items()}
h_moved, c_moved, _ = cell.step_forward(**moved)
along = (dh * h_moved + dc_out * c_moved).sum().imag / 1e-30
derived = cell.step_backward(dh, dc_out, cell.step_forward(**arguments)[2])
total = sum((dq * v).sum() for dq, v in zip(derived, directions.values(), strict=False))
np.testing.assert_allclose(along, total, rtol=1e-12)

# %% [markdown]
# **5 (hard).** The gradient is itself a function, and `cell.step_backward` accepts complex numbers. Use a complex step
# on the *gradient* to compute the second derivatives $\partial^2 L / \partial a_k \partial a_l$ of one sequence: a
# matrix of $5H \times 5H$. What property must it have, whatever the numbers? Check it. Then ask which mistakes this
# finds: try the exchange of section 8, and a backward pass that forgets $dc_{\text{out}}$.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5
# Second derivatives do not depend on the order (Schwarz), so the matrix is symmetric: a third witness, which needs no
# second formula.  Many mistakes break it, such as the exchange of section 8.  Not all: who forgets dc_out has the right
# gradient of another loss, and that is symmetric as well.
first = [value[:1] for value in (h_S, c_S, h_T, c_T)]


def hessian_by(backward):
    def gradient_of_a(a_row):
        *_, cache = cell.step_forward(a_row[None], *first, U)
        return backward(dh[:1], dc_out[:1], cache)[0][0]

    return np.stack([gradient_of_a(a[0] + 1e-30j * e).imag / 1e-30 for e in np.eye(5 * H)])


def forgetful(dh, dc, cache):
    return cell.step_backward(dh, np.zeros_like(dc), cache)


hessian, exchanged, forgotten = (hessian_by(backward) for backward in (cell.step_backward, wrong_backward, forgetful))
np.testing.assert_allclose(hessian, hessian.T, atol=1e-14)
assert np.abs(exchanged - exchanged.T).max() > 0.01  # found
np.testing.assert_allclose(forgotten, forgotten.T, atol=1e-14)  # not found, and yet
assert np.abs(forgotten - hessian).max() > 0.01

# %% [markdown]
# ## What comes next
#
# One cell is all there is to compute. But its $dh$ and $dc$ came out of nowhere, and its
# $dh_S$, $dc_S$, $dh_T$, $dc_T$ went nowhere. In [tutorial 2](02_grid.ipynb) the
# cells are joined to a grid of joints and frames, every cell gets two successors, and the gradient finds its way back
# along billions of paths.
