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
# **What you will do.** Run the same code on NumPy and, where there is a GPU, on CuPy. Build a small array type that
# counts operations as a GPU would have to start them, and count the loop, the wavefront and the fused kernels. Read a
# kernel and execute it by hand, thread by thread. Then measure, and learn how measurements lie.
#
# **What you will learn.** What a launch is and why small ones starve a GPU; arithmetic intensity; what code may not
# do if it is to stay on the device; why the order of measuring, warming up and waiting decides what you find.
#
# **What you need.** Tutorials 1 and 2 (the cell, the grid, the wavefront). No new mathematics. About 40 minutes of
# reading and less than half a minute of running. **You need no GPU.** With CuPy and a GPU the cells marked "on the
# device" run there; without, they run on NumPy and say so. No figure below is a GPU's unless your own machine has just
# measured it.

# %%
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
from gca_scratch.network import GCALSTM, arrays, cell, grid, loss_and_gradients, ops
from gca_scratch.network.gradcheck import relative_error
from gca_scratch.network.ops import sigmoid_backward, tanh_backward
from gca_scratch.network.sweep import raster, wavefront, wavefront_gpu
from gca_scratch.network.sweep.schedules import sweep
from gca_scratch.support.errors import InputError
from gca_scratch.training import SGD

# %% [markdown]
# ## 1. The switch
#
# CuPy is NumPy's interface over a GPU's memory: `cupy.tanh` takes an array on the GPU and returns one. So code that
# names neither library, and asks each array where it comes from, runs on both. In the package this takes one line,
# `array_module`: the first part of the name of the module that made the array's type.

# %%
x = np.ones((2, 3))
print(type(x).__module__, "->", arrays.array_module(x).__name__)
assert arrays.array_module(x) is np

# %% [markdown]
# Functions then begin with `xp = array_module(x)` and go on with `xp.tanh`. `module_for` chooses at the start of a
# program; `"cuda"` gives CuPy once a small product has really run on the GPU, and otherwise an error that says what
# is missing.

# %%
try:
    xp = arrays.module_for("cuda")
    print("On the device means: on your GPU, through CuPy.")
except InputError as reason:
    xp = np
    print(
        f"{reason}.\nSo below, 'on the device' means: on this processor, through NumPy."
    )


# %%
def wait():
    """Until the device has done all its work; NumPy has always finished when it returns."""
    if xp is not np:
        xp.cuda.Device().synchronize()


def arguments(J, T, B, H, seed=0, dtype=np.float64):
    """x, W, b, the gates g of Eq. 7, for a sweep over the grid, as NumPy arrays (layouts as in grid.py)."""
    rng = np.random.default_rng(seed)
    shapes = {"x": (J * T, B, 3), "W": (3 + 2 * H, 5 * H), "b": (5 * H,)}
    given = {
        name: rng.normal(0, 0.3, shape).astype(dtype) for name, shape in shapes.items()
    }
    return given | {"g": rng.uniform(0.05, 0.6, (J * T, B)).astype(dtype)}


# %% [markdown]
# (The code has rows as batch, so its $W$ is the paper's transposed: it computes $[x, h_S, h_T]\,W + b$.) Let the same
# sweep run twice: the definition, `raster`, on NumPy, and `wavefront` on the device. `sweep` picks the module by
# where the array lives: on a GPU the name "wavefront" stands for the fused kernels of section 6.
#
# > **Predict.** Same equations, other library, other order of summation. To how many digits will they agree in
# > float64?

# %%
J, T, B, H = 5, 4, 3, 6
host = arguments(J, T, B, H)
device = {name: arrays.to_device(array, xp) for name, array in host.items()}
engine = sweep("wavefront", device["x"])
h_host, _ = raster.forward(**host, J=J, T=T)
h_device, _ = engine.forward(**device, J=J, T=T)
print(
    f"{engine.__name__}: largest difference {np.abs(arrays.to_host(h_device) - h_host).max():.1e}"
)
np.testing.assert_allclose(arrays.to_host(h_device), h_host, rtol=1e-11, atol=1e-13)

# %% [markdown]
# ## 2. What a launch is
#
# On a GPU nothing is computed "in Python". Each operation on arrays becomes a *launch*: the processor writes an order
# ("add these, put the result there") into a queue and goes on; the GPU takes orders from the queue and carries them
# out. Slices and reshapes only change the description of an array: no launch. Writing an order takes time, some
# microseconds, whether the array has ten numbers or ten million.
#
# So the first thing to know about code for a GPU is how many launches it makes. We can count them without a GPU. Here
# is an array that computes like NumPy's and counts. NumPy hands every `ufunc` (`+`, `tanh`, `matmul`, `sum`, ...) of
# a subclass to `__array_ufunc__`, and its other functions to `__array_function__`; readings arrive at `__getitem__`,
# assignments at `__setitem__`. A single number which is read stays on the device, as an array without axes. Whoever
# wants it as a number of Python's, or printed, is refused; section 7 will need that.

# %%
launched, moved = (
    Counter(),
    Counter(),
)  # how often, and how many bytes were read and written
FREE = {
    "result_type",
    "split",
    "array_split",
    "swapaxes",
    "broadcast_to",
}  # they look at arrays, or make views


class Counted(np.ndarray):
    """An array that plays device memory: what is done with it is counted, and no number leaves it unasked."""

    __module__ = "counted"  # what array_module goes by
    __array_priority__ = 1  # what is joined with it is Counted

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        launched[ufunc.__name__] += 1
        if out is not None:
            options["out"] = tuple(map(plain, out))
        result = getattr(ufunc, method)(*map(plain, inputs), **options)
        moved[ufunc.__name__] += sum(
            v.nbytes for v in (*inputs, result) if isinstance(v, np.ndarray)
        )
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
            "a number of the device was wanted on the host: that would wait for the whole queue"
        )

    __float__ = __int__ = __index__ = __complex__ = __bool__ = item = tolist = refuse
    __str__ = __repr__ = __format__ = refuse


# %%
def plain(array):
    """The same memory as an ordinary array."""
    return array.view(np.ndarray) if isinstance(array, Counted) else array


def counted(array):
    """The same memory as a Counted array."""
    return np.asarray(array).view(Counted)


def maker(name):
    """NumPy's function that makes an array, with a Counted one as the result; filling it is a launch."""

    def make(*args, **options):
        launched[name] += not name.startswith("empty")
        return counted(getattr(np, name)(*args, **options))

    return make


# %% [markdown]
# (Reading with an array of indices is a launch, too, and goes uncounted here: a handful in a whole training step.
# `nonzero`, and a mask as an index, wait as well, for the size of the result depends on the numbers; our array lets
# them through.)
#
# The package will ask for the module of these arrays, so we give it one: NumPy, but for the functions that make
# arrays.

# %%
MAKERS = ("empty", "zeros", "ones", "empty_like", "zeros_like", "arange")
pretend = ModuleType("counted")
vars(pretend).update({name: maker(name) for name in MAKERS}, asarray=counted)
pretend.__getattr__ = lambda name: getattr(np, name)  # everything else is NumPy's
sys.modules["counted"] = pretend


def launches(function, *args, **options):
    """How often each operation was launched by a call, as a Counter."""
    launched.clear(), moved.clear()
    function(*args, **options)
    return +launched  # a copy, without zeros


# %% [markdown]
# > **Predict.** How many launches does `ops.sigmoid_forward` make? It computes $\frac12 + \frac12 \tanh(\frac12 z)$.

# %%
z = counted(np.linspace(-3, 3, 7))
found = launches(ops.sigmoid_forward, z)
print(dict(found))
assert found.total() == 4 and arrays.array_module(z) is pretend
np.testing.assert_allclose(
    plain(ops.sigmoid_forward(z)[0]), 1 / (1 + np.exp(-plain(z))), rtol=1e-14
)

# %% [markdown]
# ## 3. Counting: cell by cell, diagonal by diagonal
#
# `raster` visits cells one by one, so its launches should grow with $J T$. `wavefront` visits the $J + T - 1$
# diagonals. If the counts are $\alpha + \beta J T$ and $\alpha' + \beta' (J + T - 1)$, two grids give both numbers,
# and a third one tests the claim.
#
# Here is what `raster` calls for every cell. (The sigmoid makes four launches, as you have just seen, and slices make
# none.)

# %%
print(inspect.getsource(cell.step_forward))

# %% [markdown]
# > **Predict.** Count: how many launches does one cell of `raster` make? It gives `r`, and it stores $h$ and $c$.


# %%
def forward_launches(engine, J, T, B=2, H=3):
    """The launches of a forward sweep, by name."""
    given = {name: counted(array) for name, array in arguments(J, T, B, H).items()}
    return launches(engine.forward, **given, J=J, T=T)


four_cells = forward_launches(raster, 4, 4) - forward_launches(
    raster, 4, 3
)  # one frame of four joints
per_cell = four_cells.total() / 4
print(
    f"raster: {per_cell:.0f} launches a cell:",
    {name: times / 4 for name, times in four_cells.items()},
)
for J, T in ((2, 2), (5, 3), (3, 7)):
    more = forward_launches(raster, J, T) - forward_launches(raster, 1, 1)
    assert more.total() == per_cell * (J * T - 1)

# %% [markdown]
# For the wavefront we must keep to diagonals of more than 64 rows: shorter products are turned over, for the sake of
# the processor, which costs another assignment (`docs/engine.md`, "what did not pay"). A batch of 100 will do.

# %%
one_diagonal = forward_launches(wavefront, 4, 4, B=100) - forward_launches(
    wavefront, 4, 3, B=100
)
per_diagonal = one_diagonal.total()
print(f"wavefront: {per_diagonal} launches a diagonal:", dict(one_diagonal))
for J, T in ((2, 2), (5, 3), (3, 7)):
    more = forward_launches(wavefront, J, T, B=100) - forward_launches(
        wavefront, 1, 1, B=100
    )
    assert more.total() == per_diagonal * (J + T - 2)

# %% [markdown]
# About as many operations, but for a whole diagonal at a time. The grid of the benchmarks has 500 cells and 44
# diagonals.

# %%
kinds = forward_launches(wavefront, 25, 20, B=100)
print(
    kinds.total(),
    "launches:",
    ", ".join(f"{name} {times}" for name, times in kinds.most_common(6)),
)
assert kinds["matmul"] == 25 + 20 - 1

# %% [markdown]
# One `matmul` per diagonal, and everything else is elementwise: each reads its operands from memory, does one small
# thing, and writes the result back, for the next launch to read again. If all of it were *one* launch, a diagonal
# would take two. That is what `wavefront_gpu` does.

# %% [markdown]
# ## 4. Arithmetic intensity
#
# How long must an operation take? It does a number of floating-point operations (FLOP) and moves a number of bytes. A
# device that can do $P$ operations and move $Q$ bytes a second, and needs $\ell$ seconds to launch, takes at least
#
# $$t \;\ge\; \max\Big(\ell,\; \frac{\text{FLOP}}{P},\; \frac{\text{bytes}}{Q}\Big).$$
#
# Which of the last two is larger depends on the *arithmetic intensity* $I = \text{FLOP}/\text{bytes}$: the arithmetic
# is the limit where $I > P/Q$, the memory where $I < P/Q$.
#
# **The product of Eq. 1.** A diagonal of $n$ cells and a batch of $B$ gives $R = n B$ rows. Multiplying $R \times 2H$
# by $2H \times 5H$ takes one multiplication and one addition for each of the $R \cdot 2H \cdot 5H$ pairs: $20 R H^2$
# FLOP. In float32, four bytes each, it reads $2 R H$ and $10 H^2$ numbers and writes $5 R H$. So
#
# $$I = \frac{20 R H^2}{4\,(7 R H + 10 H^2)} = \frac{5 R H}{7 R + 10 H}.$$
#
# With few rows ($R \ll H$) it is about $R/2$: each weight is fetched for the sake of few sequences. With many it
# tends to $5H/7$.
#
# **An elementwise operation** such as `f_S * c_S` does one FLOP for two numbers read and one written: $I = 1/12$, for
# any size.
#
# > **Predict.** $H = 128$, $B = 32$. How does $I$ of a raster step ($R = 32$) compare with that of a long diagonal of
# > a grid of 25 x 20 ($R = 640$)?


# %%
def intensity(R, H):
    """FLOP per byte of the product of Eq. 1 with R rows, in float32."""
    return 5 * R * H / (7 * R + 10 * H)


def intensity_of_arrays(R, H):
    """The same from the arrays themselves."""
    a, U = np.zeros((R, 2 * H), np.float32), np.zeros((2 * H, 5 * H), np.float32)
    z = a @ U
    return 2 * z.size * a.shape[1] / (a.nbytes + U.nbytes + z.nbytes)


print(
    f"a cell {intensity(32, 128):.0f}, a long diagonal {intensity(640, 128):.0f}, at most {5 * 128 / 7:.0f} FLOP a byte"
)
for R, width in ((1, 2), (32, 16), (640, 128)):
    np.testing.assert_allclose(
        intensity(R, width), intensity_of_arrays(R, width), rtol=1e-12
    )

# %% [markdown]
# To put these numbers beside a machine: the data sheet of a large GPU (NVIDIA's H100) names 67 trillion float32
# operations and 3.35 trillion bytes a second, so $P/Q = 20$. By the data sheet, and not by a measurement of ours, the
# product of a single cell would wait for memory there and that of a long diagonal for arithmetic. All elementwise
# work waits for memory, everywhere: the only way to make it faster is to move fewer bytes, that is, to do several
# operations between reading and writing.

# %% [markdown]
# ## 5. Small launches starve
#
# Now $\ell$. We measure it, on the device that you have: the time of one elementwise operation against the size of
# its arrays.
#
# > **Predict.** From 1 to 1000 numbers, how much longer will it take?


# %%
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


sizes = [
    4**k for k in range(11 if xp is np else 14)
]  # from 1 to a million, or on a GPU to 67 millions
took = []
for size in sizes:
    numbers, result = xp.ones(size, dtype=xp.float32), xp.empty(size, dtype=xp.float32)
    took.append(median_seconds(lambda a=numbers, out=result: xp.add(a, 1, out=out)))

# %%
launch = took[0]
through = next(
    (k for k, seconds in enumerate(took) if seconds > 3 * launch), len(took) - 1
)  # where numbers prevail
each = (took[through] - launch) / sizes[through]
fit = [launch + each * size for size in sizes[: through + 1]]
print(f"{1e6 * launch:.2f} microseconds to start, {1e9 * each:.4f} ns a number")
print(f"both count alike at {launch / each:,.0f} numbers")

# %%
figure, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
ax.loglog(
    sizes, 1e6 * np.array(took), "o", color=BLUE, label=f"measured here ({xp.__name__})"
)
ax.loglog(
    sizes[: through + 1],
    1e6 * np.array(fit),
    color=GREY,
    label="start + size x time of a number",
)
for numbers, text in ((32 * 128, "a cell"), (20 * 32 * 128, "a long diagonal")):
    ax.axvline(numbers, color=ORANGE, linestyle=":")
    ax.text(numbers, ax.get_ylim()[1] * 0.5, f" {text}", color=ORANGE, fontsize=8)
ax.set(xlabel="numbers in the array", ylabel="microseconds for one addition")
ax.legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# The line goes through the first point and through the first that takes three times as long. It ends there, because
# what lies to the right may follow another law: on a processor the last points rise above it, where the arrays no
# longer fit into the cache and each number comes from memory.
#
# On the flat part the device does next to nothing: it waits for orders. The dotted lines are the elementwise work of
# one cell and of a long diagonal ($H = 128$, $B = 32$). A processor's flat part is short. On a GPU the slope is far
# smaller, since it has thousands of arithmetic units, while starting is no quicker: the flat part reaches much
# further to the right. With CuPy and a GPU you see yours above.
#
# Launches alone put a floor under a sweep. With what you have just measured ($\ell$) and what we counted:

# %%
J, T = 25, 20
counts = {
    "raster": per_cell * J * T,
    "wavefront": per_diagonal * (J + T - 1),
    "fused": 2 * (J + T - 1),
}
for name, number in counts.items():
    print(
        f"{name:10}{number:7,.0f} launches forward, {1e3 * number * launch:8.3f} ms before any arithmetic"
    )
assert counts["raster"] > 10 * counts["wavefront"] > 50 * counts["fused"]

# %% [markdown]
# ## 6. A fused kernel, read aloud
#
# A kernel is the program that every thread of a launch executes. `cupy.ElementwiseKernel` takes its source as C, with
# `i` for the number of the thread: one thread per number of the result. Here is the forward kernel of
# `wavefront_gpu`; the middle of it, the equations, stands in a file of its own, for the CPU compiles it, too.
# (`T` in it is not our number of frames: it is CuPy's placeholder for the
# type of the numbers, float or double.)

# %%
print(wavefront_gpu.FORWARD)

# %% [markdown]
# Arrays in a kernel are flat memory. A diagonal's $n B H$ numbers lie cell by cell, in each cell sequence by
# sequence, in each sequence unit by unit. So thread $i$ works on row $\lfloor i/H \rfloor$ (of $n B$) and unit $i
# \bmod H$, in cell $\lfloor \text{row}/B \rfloor$. The five gates lie side by side, $5H$ to a row: gate number $k$ of
# this unit stands at $5H\,\text{row} + kH + \text{unit}$.
#
# Two lines of Eqs. 2 and 7 deserve a derivation. With $p = f^S \odot c_S + f^T \odot c_T$,
#
# $$g\, i u + (1 - g)\, p = p + g\,(i u - p),$$
#
# which saves a multiplication. And the last two lines store $h$ where the *next* diagonal's product will read it: as
# $h_S$ of the cell with the next joint, and as $h_T$ of the cell with the next frame. `cells_S` cells of this
# diagonal have a next joint (the last one may not), and all but the first `skip_T` have a next frame. On the next
# diagonal, `next_S` is the cell that gets the first of the former, and the others follow in order; `next_T` is the
# same for the first cell that has a next frame. The first `skip_T` have none, so that cell number `skip_T` belongs to
# place `next_T`: hence the subtraction.
#
# Let us be the GPU. We write the kernel in NumPy, with *all* thread numbers at once in an array `i`:


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
    past = f_S * c_S + f_T * c_T
    new_c = (
        past + g * (gate_i * u - past) if gated else past + gate_i * u
    )  # Eq. 7, Eq. 2
    new_h = o * np.tanh(new_c)  # Eq. 3
    for target, value in ((c, new_c), (tanh_c, np.tanh(new_c)), (h, new_h)):
        target[...] = value.reshape(h.shape)
    on_S, on_T = cell < cells_S, cell >= skip_T
    hh[((next_S * B + row) * 2 * H + col)[on_S]] = new_h[on_S]
    hh[(((next_T - skip_T) * B + row) * 2 * H + H + col)[on_T]] = new_h[on_T]


# %% [markdown]
# Is it the same program? Let the package's own `wavefront_gpu.forward` decide. It asks its module for
# `ElementwiseKernel`; our pretended module answers with the transcription, and counts it as one launch.

# %%
TRANSCRIBED = {"st_lstm_forward": st_lstm_forward}


def kernel(inputs, outputs, source, name, preamble):
    """What stands for cupy.ElementwiseKernel: the transcription of that name, at the price of one launch."""

    def run(*arguments):
        launched[name] += 1
        TRANSCRIBED[name](*map(plain, arguments))

    return run


pretend.ElementwiseKernel = kernel

# %% [markdown]
# > **Predict.** How many launches for a grid of 5 x 4: two for each of the 8 diagonals, and a few before?

# %%
J, T, B, H = 5, 4, 3, 6
host = arguments(J, T, B, H)
on_device = {name: counted(array) for name, array in host.items()}
found = launches(wavefront_gpu.forward, **on_device, J=J, T=T)
print(dict(found))
assert (
    found["st_lstm_forward"] == J + T - 1 and found["matmul"] == J + T
)  # one product more, for x W of all cells

# %%
h_fused, _ = wavefront_gpu.forward(**on_device, J=J, T=T)
h_definition, _ = raster.forward(**host, J=J, T=T)
print(
    f"largest difference to the definition: {np.abs(plain(h_fused) - h_definition).max():.1e}"
)
np.testing.assert_allclose(plain(h_fused), h_definition, rtol=1e-11, atol=1e-13)

# %% [markdown]
# It is the same program, down to rounding. How much memory traffic does fusing save? Our array has also added up the
# bytes which every launch reads and writes. The kernel reads `z` and `a` (5 numbers each per unit), `c_S` and `c_T`,
# and writes the gates (5), $c$, $\tanh c$, $h$ and two copies of $h$: $5 + 5 + 2 + 5 + 3 + 2 = 22$ numbers a unit;
# everything between lives in registers. (The bias and the gate of Eq. 7 are small, and we leave them out.)
#
# The plain wavefront does the same in small operations, in place where it can: it multiplies seven times a diagonal,
# adds three times, and so on.
#
# > **Predict.** Take one of them: `exp` of the five gates, in place. How many numbers a unit are read and written?

# %%
forward_launches(wavefront, J=25, T=20, B=100, H=16)
units = 25 * 20 * 100 * 16
numbers = {
    name: size / 8 / units for name, size in moved.items() if name != "matmul"
}  # float64: 8 bytes
print(
    ", ".join(
        f"{name} {n:.0f}"
        for name, n in sorted(numbers.items(), key=lambda item: -item[1])
        if n > 1
    )
)
print(f"plain: {sum(numbers.values()):.0f} numbers a unit, fused: 22")
assert numbers["exp"] == 5 + 5 and sum(numbers.values()) > 2 * 22

# %% [markdown]
# Five read and five written, so ten for `exp` alone, and ten more for the division. Each gate goes to memory and back
# again and again; the kernel fetches it once.

# %% [markdown]
# ## 7. What may not be used
#
# The queue only helps as long as the processor runs ahead of the GPU. Whoever asks for a *number* (`float(loss)`, `if
# norm > 1`, `print(x)`) makes the processor wait until the queue is empty, and the GPU then waits for new orders.
# CuPy permits these, silently. Our Counted arrays refuse them, also for a single number that was read out of an array,
# so they can show whether a training step of the package contains any.

# %%
z = counted(np.linspace(-3, 3, 7))
questions = {
    "float(z[0])": lambda: float(z[0]),
    "if z[0] > 3": lambda: bool(z[0] > 3),
    "f'{z[0]:.1f}'": lambda: f"{z[0]:.1f}",
    "print(z)": lambda: print(z),
    "max of Python": lambda: max(z),
    "as an index": lambda: [10, 20][counted([0, 1])[1]],
}
answered = []
for name, question in questions.items():
    try:
        question()
        answered.append(name)
    except TypeError:
        print(f"{name:15} refused")
assert not answered

# %% [markdown]
# > **Predict.** Clipping a gradient (`scale` it if its norm exceeds a limit) sounds like an `if`. How would you write
# > it without one?


# %%
def clipped_with_if(g, limit):
    """Clipping as one would write it on a processor."""
    norm = arrays.array_module(g).sqrt((g * g).sum())
    return g * (limit / norm) if norm > limit else g


def clipped(g, limit):
    """The same without a question: the factor is at most 1. It stays an array of one number, on the device."""
    xp = arrays.array_module(g)
    return g * xp.minimum(1, limit / xp.sqrt((g * g).sum()))


# %%
refused = False
try:
    clipped_with_if(counted([3.0, 4.0]), 1.0)
except TypeError as error:
    refused = True
    print(error)
assert refused
for g in ([3.0, 4.0], [0.3, 0.4]):
    np.testing.assert_allclose(
        plain(clipped(counted(g), 1.0)), clipped_with_if(np.array(g), 1.0), rtol=1e-14
    )

# %% [markdown]
# Now a whole training step of the package, clipping included: forward, loss, backward, update. If anything in it
# asked for a number, it would end with the error above.

# %%
network = GCALSTM(
    joints=4, frames=3, channels=3, classes=5, hidden=6, iterations=2, initial="average"
)
rng = np.random.default_rng(0)
params, masks = network.init(rng), network.masks(rng, 2)
batch, labels = rng.standard_normal((2, 3, 4, 3)).astype(np.float32), np.array([1, 3])


def training_step(params, x, y, masks):
    """Loss, gradients, and the updated parameters, in place."""
    loss, gradients, _ = loss_and_gradients(network, params, x, y, masks)
    SGD(0.1, 0.9, clip=0.5).step(params, gradients)
    return loss


# %%
pretended = [
    {name: counted(value.copy()) for name, value in given.items()}
    for given in (params, masks)
]
found = launches(
    training_step, pretended[0], counted(batch), counted(labels), pretended[1]
)
after = {name: value.copy() for name, value in params.items()}
loss = training_step(after, batch, labels, masks)
print(f"{found.total()} launches, not one question; loss {loss:.4f}")
for name, value in after.items():
    np.testing.assert_allclose(
        plain(pretended[0][name]), value, rtol=1e-4, atol=1e-6, err_msg=name
    )
    assert (value != params[name]).any()  # every parameter was moved

# %% [markdown]
# Three more things that do no harm on NumPy:
#
# - **Mixing.** `device_array + numpy_array` is an error in CuPy: "Unsupported type numpy.ndarray".
#   `numpy.asarray(device_array)` is refused, too. What is needed on the device is sent there once, with `to_device`,
#   and what is wanted back is fetched with `to_host`, as few times as possible: once an epoch in
#   `training.run_epoch`.
# - **Widening.** A single float64 array turns what it meets into float64, twice the bytes and, on most GPUs, a small
#   fraction of the speed.
# - **Python loops over elements.** Each `x[k]` is a launch.

# %%
single, double = np.ones(3, np.float32), np.ones(1)
print((single * 2.0).dtype, (single * double).dtype)
assert (single * 2.0).dtype == np.float32 and (single * double).dtype == np.float64
assert {value.dtype for value in after.values()} == {
    np.dtype(np.float32)
}  # the package's step stays single

# %% [markdown]
# If you have a GPU, here are both refusals from CuPy itself.

# %%
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
# **Not waiting.** A launch returns before the work is done. Let us pretend a device: a queue of orders, which it works
# off when somebody waits, and not before. So there is no doubt about the order of events.
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


start = time.perf_counter()
launch(lambda: sum(range(1_000_000)))
clock = time.perf_counter() - start
done_when_clock_stopped = not queue
synchronize()  # only now is the work done
print(
    f"the clock says {1e6 * clock:.0f} microseconds; was the work done? {done_when_clock_stopped}"
)
assert not done_when_clock_stopped and results == [499_999_500_000]

# %% [markdown]
# The clock had measured how long it takes to write an order. Hence `wait()` before the clock starts (the queue may
# still hold older work) and before it stops.
#
# **Not warming up.** First calls do other things: CuPy compiles kernels, libraries choose algorithms, memory is
# fetched, and the package works out where the diagonals lie. The last of these we can watch, for it is kept in a
# cache:

# %%
host = arguments(J, T, B, H)
grid.diagonals.cache_clear()
for call in ("first", "second"):
    wavefront.forward(**host, J=J, T=T)
    print(
        f"{call} call: {grid.diagonals.cache_info().misses} computed, {grid.diagonals.cache_info().hits} found"
    )
assert grid.diagonals.cache_info()[:2] == (1, 1)  # hits, misses

# %% [markdown]
# **Measuring one after the other.** Machines grow slower and faster: they heat up, others use them. Suppose A takes 9
# ms and B takes 10, on a machine whose times grow by half in the course of twenty measurements of each. Here we make up
# the times, so that we know the truth.
#
# > **Predict.** First all of A, then all of B: what is the ratio? And the other way round? And in turns?

# %%
rng = np.random.default_rng(1)
speed = np.linspace(1, 1.5, 40) * rng.lognormal(
    0, 0.03, 40
)  # the machine, at 40 moments
TRUE = {"A": 9.0, "B": 10.0}


def ratio(order):
    """Median of B over that of A where the tasks had their turns in this order."""
    took = {
        name: [TRUE[name] * speed[k] for k, turn in enumerate(order) if turn == name]
        for name in TRUE
    }
    return statistics.median(took["B"]) / statistics.median(took["A"])


A_first, B_first = ratio("A" * 20 + "B" * 20), ratio("B" * 20 + "A" * 20)
in_turns = ratio("ABBA" * 10)
print(
    f"A first {A_first:.2f}, B first {B_first:.2f}, in turns {in_turns:.2f}; the truth is {10 / 9:.2f}"
)
assert A_first > 1.3 and B_first < 1 and abs(in_turns - 10 / 9) < 0.02

# %% [markdown]
# One order makes A look a third faster than B, the other makes it *slower*. In turns, both meet the same machine. The
# package's `benchmarks/timing.py` goes one step further and takes the ratio within each round, then its median and
# quartiles.
#
# **Not checking.** The fastest program is one that leaves something out. So results come first, and only those who
# agree are timed. Three candidates, forward and backward; one of them has forgotten Eq. 7.


# %%
def task(engine, given, dh):
    """Forward and backward sweep of an engine: h and the gradients, a list."""
    h, cache = engine.forward(**given, J=J, T=T)
    return [h, *engine.backward(dh, cache)]


J, T, B, H = 25, 10, 16, 64
host = arguments(J, T, B, H)
dh = np.random.default_rng(2).standard_normal((J * T, B, H))
reference = task(raster, host, dh)
device, dh_device = (
    {name: arrays.to_device(v, xp) for name, v in host.items()},
    arrays.to_device(dh, xp),
)
without_scores = {name: v for name, v in device.items() if name != "g"}
engine = sweep("wavefront", dh_device)
candidates = {
    "raster": lambda: task(raster, device, dh_device),
    engine.__name__.removeprefix("gca_scratch."): lambda: task(
        engine, device, dh_device
    ),
    "forgetful": lambda: task(engine, without_scores, dh_device),
}

# %%
accepted = {}
for name, call in candidates.items():
    pairs = [
        (arrays.to_host(a), b)
        for a, b in zip(call(), reference, strict=True)
        if a is not None
    ]
    error = max(relative_error(a, b) for a, b in pairs)
    print(
        f"{name:15} largest error {error:.1e}",
        "" if error < 1e-9 else "<- is not timed",
    )
    if error < 1e-9:
        accepted[name] = call
assert len(accepted) == 2 and "forgetful" not in accepted

# %% [markdown]
# Now time those two, in turns, on the device: warmed up (they were, by the check), waited for, medians over rounds
# and the ratio within each round. The quartiles say how far to trust it.

# %%
rounds = {name: [] for name in accepted}
for k in range(7):
    for name in list(accepted)[:: 1 if k % 2 else -1]:
        wait()
        start = time.perf_counter()
        accepted[name]()
        wait()
        rounds[name].append(time.perf_counter() - start)
slow, fast = rounds.values()
low, middle, high = np.percentile(np.divide(slow, fast), (25, 50, 75))
for name, seconds in rounds.items():
    print(f"{name:15} median {1e3 * statistics.median(seconds):7.1f} ms")
print(f"on {xp.__name__}: ratio {middle:.1f} (quartiles {low:.1f} to {high:.1f})")

# %% [markdown]
# Whatever you read there is your machine's, at this size, today. To compare with other libraries, at the sizes that
# matter, run `python -m benchmarks` (and `--device cuda` where there is a GPU): it does all of the above.
#
# ## Summary
#
# - One code serves two libraries, because every function asks its arrays where they live.
# - Starting a launch costs the same however many numbers it is for. The loop launches per cell, the wavefront per
#   diagonal, and the fused engine twice per diagonal.
# - Products of many rows use each weight often; elementwise work is bound by memory, and fusing it saves the trips.
# - A step that asks for no number never makes the device wait. An array that refuses to answer shows it.
# - Check first; warm up; wait; take turns; give medians, ratios and quartiles.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 (easy). Half of the limit
#
# For which $R$ does the product of Eq. 1 reach half of its largest intensity, $5H/7$? Give the formula, and the batch
# size $B$ at which a single cell ($n = 1$) gets there with $H = 128$.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1. 5RH / (7R + 10H) = 5H/14 gives 14R = 7R + 10H, so R = 10H/7.
for width in (7, 70, 128):
    np.testing.assert_allclose(
        intensity(10 * width / 7, width), 5 * width / 14, rtol=1e-14
    )
print(
    f"B = {10 * 128 / 7:.0f} for H = 128; the wavefront gets there with B = 32 on diagonals of 6 cells"
)

# %% [markdown]
# ### Exercise 2 (easy). A question in disguise
#
# This function standardises columns and leaves constant ones alone. Which lines would make a GPU wait? Rewrite it so
# that Counted arrays accept it, with the same result.
#
# ```python
# def standardise(x):
#     for k in range(x.shape[1]):
#         deviation = float(x[:, k].std())
#         if deviation > 0:
#             x[:, k] /= deviation
#     return x
# ```

# %%
# your answer here


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2. float() and the if it feeds wait once for each column; and the loop launches per column. All columns at
# once, and where the deviation is 0, add 1 to it.
def standardise(x):
    deviation = ((x - x.mean(axis=0)) ** 2).mean(axis=0) ** 0.5
    return x / (deviation + (deviation == 0))


table = np.array([[1.0, 5.0, 2.0], [3.0, 5.0, 4.0], [8.0, 5.0, 0.0]])
expected = table / np.where(table.std(axis=0) > 0, table.std(axis=0), 1)
print(dict(launches(standardise, counted(table))))
np.testing.assert_allclose(plain(standardise(counted(table))), expected, rtol=1e-14)

# %% [markdown]
# ### Exercise 3 (medium). Going back
#
# Count the launches of the *backward* sweep: for each cell of `raster` and each diagonal of `wavefront`. Show that
# the counts grow as they should.

# %%
# your answer here


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3. As before: the difference of two grids, and other grids as a test.
def backward_launches(engine, J, T, B=100, H=3):
    given = {name: counted(array) for name, array in arguments(J, T, B, H).items()}
    h, cache = engine.forward(**given, J=J, T=T)
    return launches(engine.backward, counted(np.ones(h.shape)), cache).total()


back_cell = (backward_launches(raster, 4, 4) - backward_launches(raster, 4, 3)) / 4
back_diagonal = backward_launches(wavefront, 4, 4) - backward_launches(wavefront, 4, 3)
print(
    f"backward: {back_cell:.0f} a cell, {back_diagonal} a diagonal (forward {per_cell:.0f} and {per_diagonal})"
)
for grid_J, grid_T in ((2, 2), (5, 3), (3, 7)):
    cells, diagonals = grid_J * grid_T - 1, grid_J + grid_T - 2
    assert (
        backward_launches(raster, grid_J, grid_T) - backward_launches(raster, 1, 1)
        == back_cell * cells
    )
    assert (
        backward_launches(wavefront, grid_J, grid_T)
        - backward_launches(wavefront, 1, 1)
        == back_diagonal * diagonals
    )

# %% [markdown]
# ### Exercise 4 (hard). The kernel that goes back
#
# Print `wavefront_gpu.BACKWARD` and transcribe it as in section 6. Its arguments are, in order, `gates, tanh_c, c_S,
# c_T, g, gated, dh, back_h, back_c, B, H, cells_S, from_S, skip_T, from_T` and the results `dz, dg, new_back_c`.
# Enter it into `TRANSCRIBED` as `"st_lstm_backward"` and hold `wavefront_gpu.backward` against `raster.backward`.
# (With the gates of Eq. 7; `dg` is then to be filled, too.)

# %%
# your answer here


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4
def st_lstm_backward(
    gates,
    tanh_c,
    c_S,
    c_T,
    g,
    gated,
    dh,
    back_h,
    back_c,
    B,
    H,
    cells_S,
    from_S,
    skip_T,
    from_T,
    dz,
    dg,
    new_back_c,
):
    i = np.arange(dh.size)
    row, col = i // H, i % H
    cell, at = row // B, row * 5 * H + col
    shape, gates, dz = dh.shape, gates.reshape(-1), dz.reshape(-1)
    back_h, back_c, new_back_c = (
        back_h.reshape(-1),
        back_c.reshape(-1),
        new_back_c.reshape(-1),
    )
    tanh_c, c_S, c_T, g, dh_all = (
        np.broadcast_to(v, shape).reshape(-1).copy() for v in (tanh_c, c_S, c_T, g, dh)
    )
    gate_i, f_S, f_T, o, u = (gates[at + k * H] for k in range(5))
    dc = np.zeros(dh.size)
    for there, place in (
        (cell < cells_S, (from_S * B + row) * 2 * H + col),
        (cell >= skip_T, (from_T * B + row) * 2 * H + H + col),
    ):
        dh_all[there] += back_h[place[there]]
        dc[there] += back_c[place[there]]
    dc += dh_all * o * (1 - tanh_c**2)  # Eq. 3
    dnew, dpast = (g * dc, dc - g * dc) if gated else (dc, dc)  # Eq. 7, Eq. 2
    if gated:
        dg[...] = (dc * (gate_i * u - f_S * c_S - f_T * c_T)).reshape(shape)
    dz[at], dz[at + 4 * H] = (
        sigmoid_backward(dnew * u, gate_i),
        tanh_backward(dnew * gate_i, u),
    )  # Eq. 1
    dz[at + H], dz[at + 2 * H] = (
        sigmoid_backward(dpast * c_S, f_S),
        sigmoid_backward(dpast * c_T, f_T),
    )
    dz[at + 3 * H] = sigmoid_backward(dh_all * tanh_c, o)
    new_back_c[row * 2 * H + col] = dpast * f_S
    new_back_c[row * 2 * H + H + col] = dpast * f_T


TRANSCRIBED["st_lstm_backward"] = st_lstm_backward
small = arguments(5, 4, 3, 6)
dh_small = np.random.default_rng(5).standard_normal((20, 3, 6))
_, cache = wavefront_gpu.forward(
    **{name: counted(v) for name, v in small.items()}, J=5, T=4
)
ours = wavefront_gpu.backward(counted(dh_small), cache)
_, cache = raster.forward(**small, J=5, T=4)
for mine, theirs in zip(ours, raster.backward(dh_small, cache), strict=True):
    np.testing.assert_allclose(plain(mine), theirs, rtol=1e-10, atol=1e-12)
print("da, dW, db and dg agree with the definition")

# %% [markdown]
# ### Exercise 5 (a discussion). A benchmark in a README
#
# "Our CUDA version takes 0.04 ms per training step, PyTorch takes 31 ms: a speed-up of 775 x." The script times 100
# steps of one, then 100 of the other, with `time.time()` around each loop. What would you ask?
#
# <details><summary>Solution</summary>
#
# - Does the clock wait for the device? 0.04 ms is about what a few launches take to *write*.
# - Are first calls excluded, for both? PyTorch may have been compiling.
# - Do both compute the same thing? Compare losses and gradients first.
# - Same precision, same sizes, same batch on the device beforehand?
# - In turns, or one after the other? Medians and quartiles, or one number?
# - What is the limit? The step's arithmetic divided by the device's peak gives a time that nobody can beat; if 0.04
#   ms is below it, the question is settled.
#
# </details>

# %% [markdown]
# **What comes next.** [Tutorial 9](09_real_skeletons.ipynb) leaves the synthetic human and goes to recordings of real
# people, from files to a table of the paper.
