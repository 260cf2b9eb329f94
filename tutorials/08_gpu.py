# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8. From NumPy to CuPy
#
# 25 joints, 20 frames, 500 cells. A processor writes orders for a GPU, one for each operation
# on arrays. Turn up the orders written: which cells are done?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# %matplotlib inline
import inspect
import statistics
import sys
import time
from collections import Counter
from types import ModuleType

import matplotlib.pyplot as plt
import numpy as np

from gca_scratch.figures.canvas import BLUE, GREY, ORANGE
from gca_scratch.figures.dial import Dial, Sketch
from gca_scratch.network import GCALSTM, arrays, grid, loss_and_gradients, ops
from gca_scratch.network.ops import sigmoid_backward, tanh_backward
from gca_scratch.network.sweep import raster, wavefront, wavefront_gpu
from gca_scratch.network.sweep.schedules import sweep
from gca_scratch.support.claims import distance, exercise, holds, same
from gca_scratch.support.errors import InputError
from gca_scratch.training import SGD

launched, moved = (
    Counter(),
    Counter(),
)  # how often; how many bytes were read and written
FREE = {"result_type", "split", "array_split", "swapaxes", "broadcast_to"}  # only views


class Counted(np.ndarray):
    """An array that plays device memory: what is done with it is counted."""

    __module__ = "counted"  # what array_module goes by
    __array_priority__ = 1  # what is joined with it is Counted

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        launched[ufunc.__name__] += 1
        if out is not None:
            options["out"] = tuple(map(plain, out))
        result = getattr(ufunc, method)(*map(plain, inputs), **options)
        touched = [v.nbytes for v in (*inputs, result) if isinstance(v, np.ndarray)]
        moved[ufunc.__name__] += sum(touched)
        return counted(result) if out is None else out[0]

    def __array_function__(self, function, types, args, options):
        launched[function.__name__] += function.__name__ not in FREE
        return super().__array_function__(function, types, args, options)

    def __getitem__(self, where):
        return counted(super().__getitem__(where))

    def __iter__(self):
        return (self[k] for k in range(len(self)))

    def __setitem__(self, where, value):
        launched["assignment"] += 1
        moved["assignment"] += 2 * getattr(value, "nbytes", 0)
        super().__setitem__(where, plain(value))

    def refuse(self, *_):
        raise TypeError(
            "a number of the device was wanted: that waits for the whole queue"
        )

    __float__ = __int__ = __index__ = __complex__ = __bool__ = item = tolist = refuse
    __str__ = __repr__ = __format__ = refuse


def plain(array):
    """The same memory as an ordinary array."""
    return array.view(np.ndarray) if isinstance(array, Counted) else array


def counted(array):
    """The same memory as a Counted array."""
    return np.asarray(array).view(Counted)


def maker(name):
    """NumPy's function that makes an array, Counted here; filling it is a launch."""

    def make(*args, **options):
        launched[name] += not name.startswith("empty")
        return counted(getattr(np, name)(*args, **options))

    return make


pretend = ModuleType("counted")  # NumPy, but for the functions that make arrays
MAKERS = ("empty", "zeros", "ones", "empty_like", "zeros_like", "arange")
vars(pretend).update({name: maker(name) for name in MAKERS}, asarray=counted)
pretend.__getattr__ = lambda name: getattr(np, name)
sys.modules["counted"] = pretend


def launches(function, *args, **options):
    """How often each operation was launched by a call, as a Counter."""
    launched.clear(), moved.clear()
    function(*args, **options)
    return +launched  # a copy, without zeros


def arguments(J, T, B, H, seed=0, dtype=np.float64):
    """x, W, b and the gates g of Eq. 7 for a sweep over the grid, as NumPy arrays."""
    rng = np.random.default_rng(seed)
    shapes = {"x": (J * T, B, 3), "W": (3 + 2 * H, 5 * H), "b": (5 * H,)}
    given = {k: rng.normal(0, 0.3, shape).astype(dtype) for k, shape in shapes.items()}
    return given | {"g": rng.uniform(0.05, 0.6, (J * T, B)).astype(dtype)}


def forward_launches(engine, J, T, B=100, H=3):
    """The launches of a forward sweep, by name."""
    given = {name: counted(array) for name, array in arguments(J, T, B, H).items()}
    return launches(engine.forward, **given, J=J, T=T)


def one_frame(engine):
    """What a fourth frame of four joints adds: four cells, or one diagonal."""
    return forward_launches(engine, 4, 4) - forward_launches(engine, 4, 3)


PER_CELL = one_frame(raster).total() // 4
PER_DIAGONAL, PER_FUSED = one_frame(wavefront).total(), 2
WAYS = (
    ("cell by cell", PER_CELL, lambda j, t: 25 * t + j),
    ("by diagonals", PER_DIAGONAL, lambda j, t: j + t),
    ("fused", PER_FUSED, lambda j, t: j + t),
)  # launches a turn, and the turn of each cell


def orders(number):
    """The cells that so many orders have computed, in three ways."""
    sketch = Sketch(480, 260, f"cells done after {number} orders")
    for place, (name, each, turn) in enumerate(WAYS):
        left, done = 10 + 160 * place, 0
        sketch.box(left, 30, 140, 185, GREY)
        for j in range(25):
            there = sum(turn(j, t) < number // each for t in range(20))
            done += there
            if there:
                y = 37 + 7.2 * j
                ends = [(left + 4, y, left + 4 + 6.9 * there - 3, y)]
                sketch.lines(ends, (BLUE, BLUE, ORANGE)[place], 5)
        sketch.text(left + 70, 20, name, size=15)
        sketch.text(left + 70, 240, f"{done} of 500", size=15)
    return sketch


many = [20, 50, 88, 200, 400, 800, 1600, 3200, 6400, 10_000]
Dial([orders(n) for n in many], [f"{n:,}" for n in many], "orders written", 2)

# %% [markdown]
# An order costs the same however many numbers it is for. So a GPU starves of short ones, and
# this tutorial is about giving it long ones.
#
# **What you will do.** Run the same code on NumPy and, where there is a GPU, on CuPy. Count
# orders with an array that plays a GPU's, read a fused kernel and execute it by hand, and
# learn how measurements lie.
#
# **What you need.** Tutorials [1](01_cell.ipynb) and [2](02_grid.ipynb). No new mathematics.
# About 35 minutes of reading; the code runs in half a minute. **You need no GPU.** Without one
# "on the device" means NumPy, and the next cell says so.
#
# ## 1. The switch
#
# CuPy is NumPy's interface over a GPU's memory. Code that names neither, and asks each array
# where it comes from, runs on both: functions begin with `xp = array_module(x)` and go on with
# `xp.tanh`. `module_for("cuda")` gives CuPy once a small product has really run on the GPU, and
# otherwise an error that says what is missing.

# %%
x = np.ones((2, 3))
holds("an array of NumPy leads to NumPy", arrays.array_module(x) is np)
try:
    xp = arrays.module_for("cuda")
    print("On the device means: on your GPU, through CuPy.")
except InputError as reason:
    xp = np
    print(f"{reason}\nSo 'on the device' means: on this processor, through NumPy.")


def wait():
    """Until the device has done all its work; NumPy has when it returns."""
    if xp is not np:
        xp.cuda.Device().synchronize()


# %% [markdown]
# > **Predict.** The same sweep twice: the definition, `raster`, on NumPy, and `wavefront` on
# > the device. Other order of summation, perhaps another library. How many digits agree?

# %%
J, T, B, H = 5, 4, 3, 6
host = arguments(J, T, B, H)
device = {name: arrays.to_device(array, xp) for name, array in host.items()}
h_host, _ = raster.forward(**host, J=J, T=T)
h_device, _ = sweep("wavefront", device["x"]).forward(**device, J=J, T=T)
same("h, both ways", arrays.to_host(h_device), h_host)

# %% [markdown]
# ## 2. What a launch is
#
# Each operation on arrays becomes a *launch*: the processor writes an order ("add these, put
# the result there") into a queue and goes on; the GPU takes orders from the queue. Slices only
# change the description of an array: no launch. Writing one takes some microseconds, for ten
# numbers or ten million.
#
# So the first thing to know of code for a GPU is how many launches it makes, and that can be
# counted without one. NumPy hands every operation on a subclass to `__array_ufunc__`; ours
# counts, and goes on:

# %%
print(inspect.getsource(Counted.__array_ufunc__))

# %% [markdown]
# > **Predict.** How many launches does `ops.sigmoid_forward` make? It computes
# > $\frac12 + \frac12 \tanh(\frac12 z)$.

# %%
z = counted(np.linspace(-3, 3, 7))
found = launches(ops.sigmoid_forward, z)
print(dict(found))
holds("four", found.total() == 4)
same(
    "and the right result",
    plain(ops.sigmoid_forward(z)[0]),
    1 / (1 + np.exp(-plain(z))),
)

# %% [markdown]
# <details><summary>Deeper: the rest of the array, and what it lets through</summary>
#
# The first cell of this page has it whole. Other functions of NumPy arrive at
# `__array_function__`, readings at `__getitem__`, assignments at `__setitem__`. The module
# that the package finds behind such an array is NumPy but for the functions that make arrays.
# A number that is read stays on the device, as an array without axes; whoever wants it as a
# number of Python's is refused (section 7). Batches have 100 sequences here: the wavefront
# turns diagonals of at most 64 rows over, for the sake of the processor, with one more
# assignment. Reading with an array of indices is a launch, too,
# and goes uncounted; `nonzero` and masks as indices would wait for the device, and are let
# through.
#
# </details>
#
# ## 3. Cell by cell, diagonal by diagonal
#
# `raster` visits cells one by one, `wavefront` the $J + T - 1$ diagonals. If launches are
# $\alpha + \beta J T$ and $\alpha' + \beta' (J + T - 1)$, two grids give both numbers, and
# others test the claim.
#
# > **Predict.** `cell.step_forward` has one product, a sigmoid of all four gates (four
# > launches), two tanh, Eqs. 7 and 3, and two stores. About how many launches is a cell?

# %%
print(f"raster: {PER_CELL} launches a cell; wavefront: {PER_DIAGONAL} a diagonal")
for J, T in ((2, 2), (5, 3), (3, 7)):
    more = forward_launches(raster, J, T) - forward_launches(raster, 1, 1)
    holds(f"{J} x {T}: by the cells", more.total() == PER_CELL * (J * T - 1))
    more = forward_launches(wavefront, J, T) - forward_launches(wavefront, 1, 1)
    holds(f"{J} x {T}: by diagonals", more.total() == PER_DIAGONAL * (J + T - 2))

# %%
kinds = forward_launches(wavefront, 25, 20)
figure, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
names = [name for name, _ in kinds.most_common()]
ax.barh(names, [kinds[name] for name in names], color=BLUE)
ax.barh(["matmul"], [kinds["matmul"]], color=ORANGE)
ax.invert_yaxis()
ax.set(xlabel="launches of the wavefront, 25 joints x 20 frames; orange: products")
plt.show()
holds("one product a diagonal", kinds["matmul"] == 25 + 20 - 1)

# %% [markdown]
# Everything but the product is elementwise: it reads its operands from memory, does one small
# thing, and writes the result back, for the next launch to read again. If all of that were
# *one* launch, a diagonal would take two. That is `wavefront_gpu`, and the dial's third grid.
#
# ## 4. Arithmetic intensity
#
# A device that does $P$ operations (FLOP) and moves $Q$ bytes a second, and needs $\ell$
# seconds to launch, takes at least
#
# $$t \;\ge\; \max\Big(\ell,\; \frac{\text{FLOP}}{P},\; \frac{\text{bytes}}{Q}\Big).$$
#
# Arithmetic is the limit where the *intensity* $I = \text{FLOP}/\text{bytes}$ is above $P/Q$,
# memory where it is below. The product of Eq. 1 for $R = nB$ rows ($n$ cells of a diagonal)
# multiplies $R \times 2H$ by $2H \times 5H$: $20 R H^2$ FLOP. In float32 it reads $2RH$ and
# $10H^2$ numbers and writes $5RH$, of four bytes each:
#
# $$I = \frac{20 R H^2}{4\,(7 R H + 10 H^2)} = \frac{5 R H}{7 R + 10 H}.$$
#
# An elementwise `f_S * c_S` does one FLOP for twelve bytes, at any size.
#
# > **Predict.** $H = 128$, $B = 32$. How does a cell ($R = 32$) compare with a diagonal of 20
# > cells ($R = 640$)?


# %%
def intensity(R, H):
    """FLOP per byte of the product of Eq. 1 with R rows, in float32."""
    return 5 * R * H / (7 * R + 10 * H)


def of_arrays(R, H):
    """The same from the arrays themselves."""
    a, U = np.zeros((R, 2 * H), np.float32), np.zeros((2 * H, 5 * H), np.float32)
    z = a @ U
    return 2 * z.size * a.shape[1] / (a.nbytes + U.nbytes + z.nbytes)


for R in (32, 640):
    same(f"FLOP a byte, {R} rows", intensity(R, 128), of_arrays(R, 128))

# %%
figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
R = np.geomspace(1, 3000, 80)
ax.loglog(R, intensity(R, 128), color=BLUE, label="the product of Eq. 1, $H$ = 128")
ax.axhline(1 / 12, color=ORANGE, label="elementwise")
ax.axhline(20, color=GREY, ls=":", label="$P/Q$ of an H100, by its data sheet")
ax.plot([32, 640], [intensity(32, 128), intensity(640, 128)], "o", color=BLUE)
ax.annotate("a cell", (32, intensity(32, 128)), (40, 7), color=BLUE)
ax.annotate("20 cells", (640, intensity(640, 128)), (640, 30), color=BLUE)
ax.set(xlabel="rows", ylabel="FLOP for each byte")
ax.legend(frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1, 0.12))
plt.show()

# %% [markdown]
# By the data sheet of that GPU (67 trillion float32 operations and 3.35 trillion bytes a
# second), and by no measurement of ours, the product of one cell would wait for memory, that
# of a long diagonal for arithmetic. Elementwise work waits for memory everywhere. To make it
# faster, move fewer bytes: do several operations between reading and writing.
#
# ## 5. Small launches starve
#
# Now $\ell$, measured on the device that you have: one addition, for arrays of many sizes.
#
# > **Predict.** From 1 to 1000 numbers, how much longer will it take?


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def median_seconds(call, rounds=15, calls=20):
    """Median over rounds of the seconds per call; warmed up, and waited for."""
    call()
    found = []
    for _ in range(rounds):
        wait()
        start = time.perf_counter()
        for _ in range(calls):
            call()
        wait()
        found.append((time.perf_counter() - start) / calls)
    return statistics.median(found)


sizes, took = [4**k for k in range(11 if xp is np else 14)], []  # to a million, or more
for size in sizes:
    numbers, result = xp.ones(size, dtype=xp.float32), xp.empty(size, dtype=xp.float32)
    took.append(median_seconds(lambda a=numbers, out=result: xp.add(a, 1, out=out)))
to_start = took[0]
figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
ax.loglog(sizes, 1e6 * np.array(took), "o-", color=BLUE)
ax.axhline(1e6 * to_start, color=GREY, ls="--")
for numbers, text in ((32 * 128, "a cell"), (20 * 32 * 128, "20 cells")):
    ax.axvline(numbers, color=ORANGE, linestyle=":")
    ax.text(numbers, 1e6 * max(took) / 2, f" {text}", color=ORANGE, fontsize=9)
ax.set(xlabel="numbers in the array", ylabel="microseconds for one addition")
ax.set_title(f"measured here, {xp.__name__}")
plt.show()

# %%
print(f"to start: {1e6 * to_start:.2f} microseconds. A sweep over 25 x 20 cells:")
turns = {"raster": 25 * 20, "wavefront": 25 + 20 - 1, "fused": 25 + 20 - 1}
each = dict(zip(turns, (PER_CELL, PER_DIAGONAL, PER_FUSED), strict=True))
counts = {name: each[name] * turns[name] for name in turns}
for name, number in counts.items():
    print(f"{name:10}{number:7,} launches, {1e3 * number * to_start:8.3f} ms to start")
holds("raster, over ten times wavefront", counts["raster"] > 10 * counts["wavefront"])
holds("wavefront, over five times fused", counts["wavefront"] > 5 * counts["fused"])

# %% [markdown]
# On the flat part the device does next to nothing: it waits for orders. A processor's flat
# part is short. A GPU has thousands of arithmetic units, and starting is no quicker: the flat
# part reaches much further to the right. With CuPy and a GPU you see yours above.
#
# ## 6. A fused kernel, read aloud
#
# A kernel is the program that every thread of a launch executes. `cupy.ElementwiseKernel`
# takes its source as C, with `i` for the number of the thread: one thread per number of the
# result. Arrays are flat memory there. A diagonal's numbers lie cell by cell, in each cell
# sequence by sequence, in each sequence unit by unit; the five gates of a row lie side by
# side. Turn the thread.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def thread(i, n=2, B=2, H=3):
    """Where thread i works: on which number of h, and on which five of z."""
    row, unit = i // H, i % H
    sketch = Sketch(480, 210, f"thread {i} works on row {row}, unit {unit}")
    sketch.text(10, 18, "h: cells, sequences, units", size=15, anchor="start")
    sketch.text(10, 108, "z: the row's five gates", size=15, anchor="start")
    for k in range(n * B * H):
        mine, gap = k == i, 10 * (k // (B * H)) + 3 * (k // H)
        sketch.box(10 + 33 * k + gap, 28, 30, 34, GREY, ORANGE if mine else "none")
        sketch.text(25 + 33 * k + gap, 51, k, size=15)
    for k in range(5 * H):
        mine = k % H == unit
        left = 10 + 28 * k + 6 * (k // H)
        sketch.box(left, 118, 26, 34, GREY, ORANGE if mine else "none")
        sketch.text(left + 13, 141, 5 * H * row + k, size=15)
    for k, name in enumerate(("i", "f_S", "f_T", "o", "u")):
        sketch.text(53 + 90 * k, 172, name, size=15)
    where = f"i = {i}: row {i} // 3 = {row}, unit {unit}, cell {row} // 2 = {row // B}"
    sketch.text(240, 200, where, size=15)
    return sketch


Dial([thread(i) for i in range(12)], range(12), "thread i", 4)

# %%
print(wavefront_gpu.FORWARD)

# %% [markdown]
# (`T` there is CuPy's word for the type of the numbers; the equations stand in a file of their
# own, for the processor compiles them, too.) Two lines deserve a derivation. With
# $p = f^S \odot c_S + f^T \odot c_T$ Eq. 7 is $g\, i u + (1 - g)\, p = p + g\,(i u - p)$, one
# multiplication fewer. And the last two store $h$ where the *next* diagonal's product will
# read it.
#
# Let us be the GPU, and write the kernel in NumPy, with *all* thread numbers at once in `i`:


# %%
def st_lstm_forward(
    a, b, c_S, c_T, g, gated, B, H, cells_S, next_S, skip_T, next_T, z, c, tanh_c, h, hh
):
    """The kernel above, line by line; the flat views of z and hh are written to."""
    i = np.arange(h.size)
    row, col = i // H, i % H
    cell, at = row // B, row * 5 * H + col
    z, a, hh = z.reshape(-1), a.reshape(-1), hh.reshape(-1)
    c_S, c_T, g = (np.broadcast_to(v, h.shape).reshape(-1) for v in (c_S, c_T, g))
    sums = [z[at + k * H] + a[at + k * H] + b[col + k * H] for k in range(5)]  # Eq. 1
    gate_i, f_S, f_T, o = (1 / (1 + np.exp(-s)) for s in sums[:4])
    u = np.tanh(sums[4])
    for k, gate in enumerate((gate_i, f_S, f_T, o, u)):
        z[at + k * H] = gate
    past, new = f_S * c_S + f_T * c_T, gate_i * u
    new_c = past + g * (new - past) if gated else past + new  # Eq. 7, Eq. 2
    new_h = o * np.tanh(new_c)  # Eq. 3
    for target, value in ((c, new_c), (tanh_c, np.tanh(new_c)), (h, new_h)):
        target[...] = value.reshape(h.shape)
    on_S, on_T = cell < cells_S, cell >= skip_T
    hh[((next_S * B + row) * 2 * H + col)[on_S]] = new_h[on_S]
    hh[(((next_T - skip_T) * B + row) * 2 * H + H + col)[on_T]] = new_h[on_T]


# %% [markdown]
# Is it the same program? Let the package's own `wavefront_gpu` decide. It asks its module for
# `ElementwiseKernel`; our pretended module answers with the transcription, as one launch.

# %%
TRANSCRIBED = {"st_lstm_forward": st_lstm_forward}


def kernel(inputs, outputs, source, name, preamble):
    """What stands for cupy.ElementwiseKernel: the transcription of that name."""

    def run(*arguments):
        launched[name] += 1
        TRANSCRIBED[name](*map(plain, arguments))

    return run


pretend.ElementwiseKernel = kernel
J, T, B, H = 5, 4, 3, 6
host = arguments(J, T, B, H)
on_device = {name: counted(array) for name, array in host.items()}
found = launches(wavefront_gpu.forward, **on_device, J=J, T=T)
print(dict(found))
holds("a kernel for each diagonal", found["st_lstm_forward"] == J + T - 1)
holds("and a product, with one for x W before", found["matmul"] == J + T)
h_fused, _ = wavefront_gpu.forward(**on_device, J=J, T=T)
same("h, by the definition", plain(h_fused), raster.forward(**host, J=J, T=T)[0])

# %% [markdown]
# How much traffic does fusing save? Our array has also added up bytes. The kernel reads `z` and
# `a` (5 numbers each for a unit), $c_S$ and $c_T$, and writes the gates (5), $c$, $\tanh c$,
# $h$ and two copies of it: $5 + 5 + 2 + 5 + 3 + 2 = 22$. All between lives in registers.
#
# > **Predict.** The plain wavefront: `exp` of the five gates, in place. How many numbers for
# > a unit are read and written?

# %%
forward_launches(wavefront, J=25, T=20, B=100, H=16)
units = 25 * 20 * 100 * 16
numbers = {k: size / 8 / units for k, size in moved.items() if k != "matmul"}  # 8 bytes
print(", ".join(f"{name} {n:.0f}" for name, n in numbers.items() if n > 1))
holds("exp: five read, five written", numbers["exp"] == 10)
total = sum(numbers.values())
holds(f"plain {total:.0f} numbers a unit, fused 22: over twice as many", total > 44)

# %% [markdown]
# <details><summary>Deeper: where the next diagonal reads</summary>
#
# The last two lines store $h$ as $h_S$ of the cell with the next joint and as $h_T$ of the
# cell with the next frame. `cells_S` cells of this diagonal have a next joint (the last one
# may not), and all but the first `skip_T` have a next frame. On the next diagonal `next_S` is
# the cell that gets the first of the former, and the others follow in order; `next_T` is the
# same for the first cell that has a next frame. As the first `skip_T` have none, cell number
# `skip_T` belongs to place `next_T`: hence the subtraction. The bias and the gate of Eq. 7 are
# small, and left out of the 22.
#
# </details>
#
# ## 7. What may not be asked
#
# The queue helps as long as the processor runs ahead. Whoever asks for a *number*
# (`float(loss)`, `if norm > 1`, `print(x)`) makes it wait until the queue is empty, and the
# GPU then waits for new orders. Here are twelve orders; writing one takes one tick, carrying
# it out one and a half. Turn the questions.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def queue_of(every):
    """When twelve orders are written and carried out, with a question after some."""
    sketch, now, free, asked = Sketch(480, 150, f"a question: {every}"), 0.0, 0.0, 0
    scale, last = 430 / 32, 12
    for k in range(last):
        sketch.box(10 + scale * now, 35, scale - 2, 26, BLUE, BLUE)
        now += 1
        begun = max(now, free)
        free = begun + 1.5
        sketch.box(10 + scale * begun, 85, 1.5 * scale - 2, 26, ORANGE, ORANGE)
        if every and (k + 1) % every == 0:
            now, asked = free, asked + 1
    sketch.text(10, 26, "processor", size=15, anchor="start")
    sketch.text(10, 80, "GPU", size=15, anchor="start")
    sketch.text(240, 138, f"{asked} questions: {free:.1f} ticks", size=15)
    return sketch


often = [0, 6, 4, 3, 2, 1]
words = ["never", *(f"after {k}" for k in often[1:])]
Dial([queue_of(k) for k in often], words, "a question", 0)

# %% [markdown]
# CuPy permits questions, silently. Our array refuses them, so it can show whether code asks
# any.
#
# > **Predict.** Clipping a gradient ("scale it if its norm exceeds a limit") sounds like an
# > `if`. How would you write it without one?


# %%
def clipped_with_if(g, limit):
    """Clipping as one would write it on a processor."""
    norm = arrays.array_module(g).sqrt((g * g).sum())
    return g * (limit / norm) if norm > limit else g


def clipped(g, limit):
    """The same without a question: the factor, at most 1, stays on the device."""
    xp = arrays.array_module(g)
    return g * xp.minimum(1, limit / xp.sqrt((g * g).sum()))


def refused(call):
    """Does this ask the device for a number?"""
    try:
        call()
    except TypeError:
        return True
    return False


z = counted(np.linspace(-3, 3, 7))
holds("float(z[0]) is refused", refused(lambda: float(z[0])))
holds("if z[0] > 3, too", refused(lambda: bool(z[0] > 3)))
holds("print(z), too", refused(lambda: print(z)))
holds(
    "clipping with if, too", refused(lambda: clipped_with_if(counted([3.0, 4.0]), 1.0))
)
for g in (np.array([3.0, 4.0]), np.array([0.3, 0.4])):
    same("without", plain(clipped(counted(g), 1.0)), clipped_with_if(g, 1.0))

# %% [markdown]
# Now a whole training step of the package, clipping included: forward, loss, backward, update.
# If anything in it asked for a number, it would end with an error.

# %%
network = GCALSTM(4, 3, 3, classes=5, hidden=6, iterations=2, initial="average")
rng = np.random.default_rng(0)
params, masks = network.init(rng), network.masks(rng, 2)
batch = rng.standard_normal((2, 3, 4, 3)).astype(np.float32)
labels = np.array([1, 3])


def training_step(params, x, y, masks):
    """Loss, gradients, and the updated parameters, in place."""
    loss, gradients, _ = loss_and_gradients(network, params, x, y, masks)
    SGD(0.1, 0.9, clip=0.5).step(params, gradients)
    return loss


theirs, their_masks = (
    {name: counted(value.copy()) for name, value in given.items()}
    for given in (params, masks)
)
found = launches(training_step, theirs, counted(batch), counted(labels), their_masks)
ours = {name: value.copy() for name, value in params.items()}
training_step(ours, batch, labels, masks)
holds(f"{found.total()} launches, and not one question", found.total() > 0)
apart = max(distance(plain(theirs[name]), ours[name]) for name in ours)
holds(f"all parameters as on NumPy, {apart:.0e} apart, in float32", apart < 1e-4)

# %% [markdown]
# <details><summary>Deeper: three more things that do no harm on NumPy</summary>
#
# - **Mixing.** `device_array + numpy_array` is an error in CuPy. What is needed on the device
#   is sent there once, with `to_device`, and fetched with `to_host`, as few times as possible:
#   once an epoch in `training.run_epoch`.
# - **Widening.** A single float64 array turns what it meets into float64: twice the bytes and,
#   on most GPUs, a small fraction of the speed.
# - **Loops over elements.** Each `x[k]` is a launch.
#
# If you have a GPU, the folded cell shows CuPy's own refusals.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
single, double = np.ones(3, np.float32), np.ones(1)
holds("one float64 widens", (single * double).dtype == np.float64)
kept = {value.dtype for value in ours.values()}
holds("the package's step stays in float32", kept == {np.dtype(np.float32)})
if xp is np:
    print("No GPU here, so nothing to refuse.")
else:
    for attempt in (lambda: xp.ones(2) + np.ones(2), lambda: np.asarray(xp.ones(2))):
        try:
            attempt()
        except TypeError as error:
            print(f"{type(error).__name__}: {error}")

# %% [markdown]
# ## 8. How measurements lie
#
# **Not waiting.** A launch returns before the work is done. Let us pretend a device that works
# off its queue when somebody waits, and not before.
#
# > **Predict.** We launch, stop the clock, and then wait. What has the clock measured?

# %%
queue, results = [], []


def launch(order):
    """Write an order into the queue: it returns at once."""
    queue.append(order)


def synchronize():
    """Wait until every order is done."""
    while queue:
        results.append(queue.pop(0)())


launch(lambda: sum(range(1_000_000)))  # and here the clock is stopped
holds("nothing is done yet", not results)
synchronize()
holds("now it is", results == [499_999_500_000])

# %% [markdown]
# The writing of an order. So wait before the clock starts (the queue may hold older work) and
# before it stops.
#
# **Not warming up.** First calls do other things: CuPy compiles kernels, libraries choose
# algorithms, the package works out where the diagonals lie, and keeps it:

# %%
grid.diagonals.cache_clear()
for call in ("first", "second"):
    wavefront.forward(**host, J=J, T=T)
    kept = grid.diagonals.cache_info()
    print(f"{call} call: {kept.misses} worked out, {kept.hits} found")
holds("once worked out, once found", kept[:2] == (1, 1))

# %% [markdown]
# **One after the other.** Machines heat up, and others use them. Suppose A takes 9 ms and B
# takes 10, on a machine that slows down by half in the course of forty measurements. (These
# times are made up, so that we know the truth.)
#
# > **Predict.** First all of A, then all of B: which ratio do you find? The other way round?
# > In turns?

# %%
drift = np.random.default_rng(1).lognormal(0, 0.03, 40) * np.linspace(1, 1.5, 40)
TRUE = {"A": 9.0, "B": 10.0}
ORDERS = {"A first": "A" * 20 + "B" * 20, "B first": "B" * 20 + "A" * 20}
ORDERS |= {"in turns": "ABBA" * 10}
ratio = {}
figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), layout="constrained", sharey=True)
for ax, (name, order) in zip(axes, ORDERS.items(), strict=True):
    middle = {}
    for task, colour in (("A", BLUE), ("B", ORANGE)):
        turns = np.array([turn == task for turn in order])
        ax.plot(np.flatnonzero(turns), TRUE[task] * drift[turns], ".", color=colour)
        middle[task] = statistics.median(TRUE[task] * drift[turns])
        ax.axhline(middle[task], color=colour, ls=":")
    ratio[name] = middle["B"] / middle["A"]
    ax.set(title=f"{name}: B/A = {ratio[name]:.2f}", xlabel="measurement")
axes[0].set_ylabel("ms (blue A, orange B)")
plt.show()

# %%
holds("A first: B looks a third slower", ratio["A first"] > 1.3)
holds("B first: B looks faster", ratio["B first"] < 1)
same("in turns: nearly the truth", ratio["in turns"], 10 / 9, to=0.02)

# %% [markdown]
# **Not checking.** The fastest program is one that leaves something out. So results come
# first, and only those that agree are timed. Of these three one has forgotten Eq. 7.


# %%
def task(engine, given, dh):
    """Forward and backward sweep of an engine: h and the gradients, a list."""
    h, cache = engine.forward(**given, J=J, T=T)
    return [h, *engine.backward(dh, cache)]


J, T, B, H = 25, 10, 16, 64
host = arguments(J, T, B, H)
dh = np.random.default_rng(2).standard_normal((J * T, B, H))
reference = task(raster, host, dh)
device = {name: arrays.to_device(v, xp) for name, v in host.items()}
dh_device = arrays.to_device(dh, xp)
forgetful = {name: v for name, v in device.items() if name != "g"}
fast = sweep("wavefront", dh_device)
candidates = {
    "raster": lambda: task(raster, device, dh_device),
    "wavefront": lambda: task(fast, device, dh_device),
    "forgetful": lambda: task(fast, forgetful, dh_device),
}
accepted = {}
for name, call in candidates.items():
    pairs = [(a, b) for a, b in zip(call(), reference, strict=True) if a is not None]
    error = max(distance(arrays.to_host(a), b) for a, b in pairs)
    if error < 1e-9:
        accepted[name] = call
holds("the forgetful one is not timed", set(accepted) == {"raster", "wavefront"})

# %% [markdown]
# Now those two, in turns: warmed up (by the check), waited for, with the ratio of each round.
# The quartiles say how far to trust it.

# %%
rounds = {name: [] for name in accepted}
for k in range(7):
    for name in list(accepted)[:: 1 if k % 2 else -1]:
        wait()
        start = time.perf_counter()
        accepted[name]()
        wait()
        rounds[name].append(time.perf_counter() - start)
low, middle, high = np.percentile(np.divide(*rounds.values()), (25, 50, 75))
for name, seconds in rounds.items():
    print(f"{name:10} median {1e3 * statistics.median(seconds):7.1f} ms")
print(f"on {xp.__name__}: ratio {middle:.1f} (quartiles {low:.1f} to {high:.1f})")

# %% [markdown]
# That is your machine's, at this size, today. `python -m benchmarks` does all of the above at
# the sizes that matter, beside other libraries (`--device cuda` where there is a GPU).
#
# ## Summary
#
# - One code serves two libraries, because every function asks its arrays where they live.
# - A launch costs the same however many numbers it is for: the loop launches per cell, the
#   wavefront per diagonal, the fused engine twice per diagonal.
# - Products of many rows use each weight often; elementwise work is bound by memory, and
#   fusing it saves the trips.
# - A step that asks for no number never makes the device wait.
# - Check first; warm up; wait; take turns; give ratios and quartiles.
#
# ## Exercises
#
# Put your answer in the place of `...` and run the cell: it checks itself.
#
# **1 (easy). Half of the limit.** For which $R$ does the product of Eq. 1 reach half of its
# largest intensity, $5H/7$?
#
# <details><summary>Hint</summary>
#
# Solve $5RH / (7R + 10H) = 5H/14$.
#
# </details>


# %%
def rows_for_half(H):
    """The number of rows, not rounded."""
    return ...


def by_halving():
    low, high = 1.0, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if intensity(middle, 128) < 5 * 128 / 14 else (low, middle)
        )
    return low


check_1 = exercise("1", by_halving, "It grows with H.")
check_1(lambda: rows_for_half(128))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1. 14 R = 7 R + 10 H. With B = 32 diagonals of 6 cells get there.
assert check_1(10 * 128 / 7)

# %% [markdown]
# **2 (easy). A question in disguise.** This standardises columns and leaves constant ones
# alone. Rewrite it so that a GPU need not wait, with the same result.
#
# ```python
# for k in range(x.shape[1]):
#     deviation = float(x[:, k].std())
#     if deviation > 0:
#         x[:, k] /= deviation
# ```
#
# <details><summary>Hint</summary>
#
# All columns at once; where the deviation is 0, add 1 to it. `x.mean(axis=0)` is no question.
#
# </details>


# %%
def standardise(x):
    """x (n, columns), each column by its standard deviation, unless that is 0."""
    return ...


table = np.array([[1.0, 5.0, 2.0], [3.0, 5.0, 4.0], [8.0, 5.0, 0.0]])


def column_by_column():
    x = table.copy()
    for k in range(x.shape[1]):
        deviation = float(x[:, k].std())
        if deviation > 0:
            x[:, k] /= deviation
    return x


check_2 = exercise(
    "2", column_by_column, "No float, no if: (deviation == 0) is an array."
)
check_2(lambda: plain(standardise(counted(table))))


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2
def standardised(x):
    deviation = ((x - x.mean(axis=0)) ** 2).mean(axis=0) ** 0.5
    return x / (deviation + (deviation == 0))


assert check_2(lambda: plain(standardised(counted(table))))

# %% [markdown]
# **3 (medium). Going back.** Count the launches of the *backward* sweep: for a cell of
# `raster`, for a diagonal of `wavefront`. `backward_launches(engine, J, T)` counts a grid's.
#
# <details><summary>Hint</summary>
#
# As in section 3: what does a fourth frame of four joints add?
#
# </details>


# %%
def backward_launches(engine, J, T, B=100, H=3):
    """The launches of a backward sweep: a number."""
    given = {name: counted(array) for name, array in arguments(J, T, B, H).items()}
    h, cache = engine.forward(**given, J=J, T=T)
    return launches(engine.backward, counted(np.ones(h.shape)), cache).total()


a_cell, a_diagonal = ..., ...


def from_large_grids():
    more = backward_launches(raster, 6, 5) - backward_launches(raster, 2, 2)
    longer = backward_launches(wavefront, 6, 5) - backward_launches(wavefront, 2, 2)
    return more / (30 - 4), longer / (10 - 3)


check_3 = exercise("3", from_large_grids, "Four cells, but one diagonal.")
check_3((a_cell, a_diagonal))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3
added = [
    backward_launches(e, 4, 4) - backward_launches(e, 4, 3) for e in (raster, wavefront)
]
print(f"{added[0] / 4:.0f} a cell, {added[1]} a diagonal")
assert check_3((added[0] / 4, added[1]))

# %% [markdown]
# **4 (hard). The kernel that goes back.** `wavefront_gpu.BACKWARD` collects `dh_all` and `dc`
# from the next diagonal; then it goes back through one unit. Write that middle part, all
# threads at once, with the gates of Eq. 7. What it is held against is `raster.backward`.
#
# <details><summary>Hint</summary>
#
# Tutorial 1 backwards, with $g$ on the new and $1 - g$ on the past; `sigmoid_backward(d, gate)`
# and `tanh_backward(d, u)` take what comes back and the output.
#
# </details>


# %%
def unit_backward(dh_all, dc, gate_i, f_S, f_T, o, u, c_S, c_T, tanh_c, g):
    """dz of the gates i, f_S, f_T, o, u (a list), dg, dc_S and dc_T."""
    return ..., ..., ..., ...


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def around(unit_backward):
    """The kernel with this middle part: reads, goes through the unit, writes."""

    def run(gates, tanh_c, c_S, c_T, g, gated, dh, back_h, back_c, B, H,
            cells_S, from_S, skip_T, from_T, dz, dg, new_back_c):  # fmt: skip
        i = np.arange(dh.size)
        row, col = i // H, i % H
        cell, at, shape = row // B, row * 5 * H + col, dh.shape
        gates, dz, new_back_c = (v.reshape(-1) for v in (gates, dz, new_back_c))
        tanh_c, c_S, c_T, g, dh_all = (
            np.broadcast_to(v, shape).ravel().copy() for v in (tanh_c, c_S, c_T, g, dh)
        )
        dc = np.zeros(dh.size)
        to_S, to_T = row * 2 * H + col, row * 2 * H + H + col
        for there, place in (
            (cell < cells_S, to_S + from_S * B * 2 * H),
            (cell >= skip_T, to_T + from_T * B * 2 * H),
        ):
            dh_all[there] += back_h.reshape(-1)[place[there]]
            dc[there] += back_c.reshape(-1)[place[there]]
        states = (gates[at + k * H] for k in range(5))
        made = unit_backward(dh_all, dc, *states, c_S, c_T, tanh_c, g)
        if any(part is ... for part in made):
            raise TypeError("the answer has an Ellipsis, a blank")
        of_gates, of_g, new_back_c[to_S], new_back_c[to_T] = made
        for k, part in enumerate(of_gates):
            dz[at + k * H] = part
        dg[...] = of_g.reshape(shape)

    return run


small, dh_small = (
    arguments(5, 4, 3, 6),
    np.random.default_rng(5).normal(size=(20, 3, 6)),
)


def swept_back(unit_backward):
    """da, dW, db and dg by the fused engine, with this unit."""
    TRANSCRIBED["st_lstm_backward"] = around(unit_backward)
    on_device = {name: counted(v) for name, v in small.items()}
    _, cache = wavefront_gpu.forward(**on_device, J=5, T=4)
    return tuple(map(plain, wavefront_gpu.backward(counted(dh_small), cache)))


def by_definition():
    _, cache = raster.forward(**small, J=5, T=4)
    return tuple(raster.backward(dh_small, cache))


check_4 = exercise("4", by_definition, "Eq. 3 first, then Eq. 7, then Eq. 1.")
check_4(lambda: swept_back(unit_backward))


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4
def through_the_unit(dh_all, dc, gate_i, f_S, f_T, o, u, c_S, c_T, tanh_c, g):
    dc = dc + dh_all * o * (1 - tanh_c**2)  # Eq. 3
    dnew, dpast = g * dc, dc - g * dc  # Eq. 7
    of_g = dc * (gate_i * u - f_S * c_S - f_T * c_T)
    through = ((dnew * u, gate_i), (dpast * c_S, f_S), (dpast * c_T, f_T))
    of_gates = [sigmoid_backward(d, gate) for d, gate in through]  # Eq. 1
    of_gates += [sigmoid_backward(dh_all * tanh_c, o), tanh_backward(dnew * gate_i, u)]
    return of_gates, of_g, dpast * f_S, dpast * f_T


assert check_4(lambda: swept_back(through_the_unit))

# %% [markdown]
# **5 (a discussion). A benchmark in a README.** "Our CUDA version takes 0.04 ms per training
# step, PyTorch takes 31 ms: a speed-up of 775 x." The script times 100 steps of one, then 100
# of the other, with `time.time()` around each loop. What would you ask?
#
# <details><summary>Hint</summary>
#
# Section 8 has four ways to lie; and what would the hardware allow at best?
#
# </details>
#
# <details><summary>Solution</summary>
#
# - Does the clock wait for the device? 0.04 ms is about what a few launches take to *write*.
# - Are first calls excluded, for both? PyTorch may have been compiling.
# - Do both compute the same thing? Compare losses and gradients first.
# - Same precision, same sizes, same batch on the device beforehand?
# - In turns, or one after the other? Medians and quartiles, or one number?
# - What is the limit? The step's arithmetic divided by the device's peak gives a time that
#   nobody can beat; if 0.04 ms is below it, the question is settled.
#
# </details>
#
# ## What comes next
#
# [Tutorial 9](09_real_skeletons.ipynb) leaves the synthetic human and goes to recordings of
# real people, from files to a table of the paper.
