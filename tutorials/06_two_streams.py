# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6. Two streams
#
# **What you will do.** Divide a body into five parts, give attention to whole parts instead of single joints (Eqs.
# 10-13), and carry the gradients through it by hand. Then put this *coarse* stream beside the *fine* one of the
# tutorials before, on one shared layer 1, and train the pair. At the end you compare fine, coarse and both, with the
# doubts that belong to it.
#
# **What you will learn.** Why a mean goes back in equal portions, and handing out copies goes back as a sum; that two
# readers of one layer send it the sum of their gradients; that "the average" of two predictions and the average of two
# losses are two different things, with different gradients; and what three seeds can and cannot tell.
#
# **What you need.** [Tutorials 3](03_attention.ipynb) and [4](04_refinement.ipynb) for attention and memory,
# [tutorial 5](05_training.ipynb) for the loss and the training methods. About 40 minutes of reading; the code runs in
# about a minute on two quiet cores, and most of that is the training of section 9.

# %%
# %matplotlib inline
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

from gca_scratch import runs, training
from gca_scratch.data import synthetic
from gca_scratch.data.joint_names import body_parts
from gca_scratch.data.skeleton import KINECT_V2, chain
from gca_scratch.experiments import paper
from gca_scratch.figures import charts, localisation
from gca_scratch.network import Coarse, TwoStream, gradcheck, grid, within
from gca_scratch.network.attention import (
    informativeness_backward,
    informativeness_forward,
)
from gca_scratch.network.body_parts import (
    PARTS,
    mean_backward,
    mean_forward,
    share_backward,
    share_forward,
)
from gca_scratch.network.gradcheck import complex_step, relative_error
from gca_scratch.network.ops import (
    dropout_forward,
    nll_backward,
    nll_forward,
    probabilities,
)
from gca_scratch.network.sweep import raster
from gca_scratch.runs.trained import body
from gca_scratch.settings import Settings, settings_from
from gca_scratch.training import Engine
from gca_scratch.variants.build import build

np.set_printoptions(precision=3, suppress=True)

# %% [markdown]
# ## 1. Five body parts
#
# Some actions are done by a whole limb. In a salute elbow, wrist, palm and fingers all matter, and they matter
# together. So besides *which joint* one may ask *which part of the body*: torso, left and right arm, left and right
# leg. Here are our five synthetic actions again; the package finds the parts by the joints' names.
#
# > **Predict.** The skeleton has 25 joints. Which part has the most of them? (Kinect counts fingertips and thumbs.)

# %%
ACTIONS = ("wave right hand", "wave left hand", "kick right", "clap", "bow")
data = synthetic.generate(seed=0, subjects=24, repetitions=1, classes=ACTIONS)
small = settings_from(
    "demo",
    iterations=1,
    frames=8,
    hidden=16,
    batch_size=8,
    epochs=30,
    patience=30,
    validation=3,
    mode="direct",
)
source = runs.Source("synthetic", protocol="half")
aligned = runs.make_split(data, source, small).aligned
part_of = body_parts(data.joint_names)  # in the order of the data
parts = tuple(part_of[joint] for joint in aligned.order)  # in the order of the chain
sizes = np.bincount(parts)
print({name: int(size) for name, size in zip(PARTS, sizes, strict=True)})
assert sizes.sum() == 25 and sizes.argmax() in (1, 2)

# %%
COLOURS, MARKERS = ("#000000", "#0072B2", "#D55E00", "#56B4E9", "#E69F00"), "oDs^v"
person = aligned.x[
    0, :, 0
]  # the first frame of the first sequence, joints in chain order
across, up = (
    -person[:, (aligned.up + 2) % 3],
    person[:, aligned.up],
)  # the right side is on the left of the picture
figure, ax = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
for a, b in body(data, aligned).bones:
    ax.plot(across[[a, b]], up[[a, b]], color="#bbbbbb", zorder=0)
for part, name in enumerate(PARTS):
    at = np.array(parts) == part
    ax.scatter(
        across[at],
        up[at],
        color=COLOURS[part],
        marker=MARKERS[part],
        label=f"{name} ({sizes[part]})",
    )
ax.set(
    aspect="equal",
    title="Five parts",
    xlabel="across (torso lengths)",
    ylabel="up (torso lengths)",
)
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# Arms begin at the shoulder, legs at the hip; what belongs to neither side is torso. The text of the paper does not say
# whose the shoulders are; this is the reading of the package (`docs/readings.md`).
#
# For the mathematics we take a smaller body: 6 joints in 4 parts (it has no right leg), 3 frames, 2 sequences, 3 hidden
# units. Cells lie diagonal by diagonal on axis 0, as in tutorial 2, so we ask `grid.cell_order` which joint and frame
# each cell is.

# %%
rng = np.random.default_rng(6)
J, T, B, H = 6, 3, 2, 3
SMALL = (
    0,
    0,
    1,
    1,
    2,
    3,
)  # the parts of the six joints: two of the torso, two of the left arm, ...
joint, frame = grid.cell_order(J, T)
h = rng.standard_normal((J * T, B, H))  # what layer 1 puts out

# %% [markdown]
# ## 2. What a part says: the mean of its joints (Eq. 12)
#
# $$\bar h_{P,t} = \frac{1}{J_P} \sum_{j \in P} h_{j,t},$$
#
# with $J_P$ the number of joints of part $P$. The means lie frame by frame, the parts of each frame side by side.

# %%
mean, pool = mean_forward(h, SMALL, T)
numbers = sorted(set(SMALL))
by_hand = [
    np.mean(
        [h[(joint == j) & (frame == t)][0] for j in range(J) if SMALL[j] == part],
        axis=0,
    )
    for t in range(T)
    for part in numbers
]
print(f"{h.shape} cells of joints -> {mean.shape} cells of parts")
np.testing.assert_allclose(mean, by_hand, rtol=1e-14)

# %% [markdown]
# The package computes all means as one matrix product, $\bar h = M h$, where row $(P, t)$ of $M$ has $1/J_P$ at the
# cells of its joints and 0 elsewhere.
#
# ### Its backward
#
# Let $\partial L / \partial \bar h_{P,t}$ be given. The joint $j$ of part $P$ in frame $t$ occurs in one mean only, in
# $\bar h_{P,t}$, and there with the factor $1/J_P$. So
#
# $$\frac{\partial L}{\partial h_{j,t}} = \frac{1}{J_P}\,\frac{\partial L}{\partial \bar h_{P,t}}
# \qquad\text{for each } j \in P:$$
#
# the gradient is *divided* into equal portions, one for each joint of the part. As a matrix this is $M^{\mathsf T}$.
#
# > **Predict.** A part has two joints, and the gradient of its mean is 1. What does each joint get? And the torso of
# > the 25 joints above?

# %%
weights = rng.standard_normal(
    mean.shape
)  # any gradient from above: the loss is then sum(weights * mean)
dh = mean_backward(weights, pool)
measured = complex_step(lambda h: (weights * mean_forward(h, SMALL, T)[0]).sum(), h)
np.testing.assert_allclose(dh, measured, rtol=1e-13)
ones = mean_backward(np.ones_like(mean), pool)
print(
    "a gradient of 1 for every part gives the joints",
    [float(ones[(joint == j) & (frame == 0)][0, 0, 0]) for j in range(J)],
)
np.testing.assert_array_equal(ones[joint == 0], 1 / 2)

# %% [markdown]
# Joints 1 to 4 lie in parts of two and get one half; the last two are a part of their own and get all. (A torso of five
# gives each of its joints a fifth.)
#
# ## 3. How much a part matters (Eqs. 10 and 11)
#
# From here on it is tutorial 3, with the means in place of the joints and weights of its own:
#
# $$e^{(n)}_{P,t} = W_{e_3} \tanh\!\left( W_{e_4} \begin{pmatrix} \bar h_{P,t} \\ \mathrm{IF}^{(n-1)}_{(C)}
# \end{pmatrix} \right), \qquad
# r^{(n)}_{P,t} = \frac{\exp(e^{(n)}_{P,t})}{\sum_{u=1}^{5} \sum_{v=1}^{T} \exp(e^{(n)}_{u,v})} .$$
#
# So the package uses the same function. (As always the code has rows: `We4` is the paper's $W_{e_4}$ transposed.)
#
# > **Predict.** Over how many cells does this softmax run in our small body? What would a uniform guess be, and what is
# > it on the paper's NTU skeletons (25 joints, 20 frames), in the fine and in the coarse stream?

# %%
IF = rng.standard_normal((B, H))
We3, We4 = rng.standard_normal(H), rng.standard_normal((2 * H, H))
r_P, judge = informativeness_forward(mean, IF, We3, We4)
print(r_P[:, 0].reshape(T, -1), "scores of one sequence: frames down, parts across")
np.testing.assert_allclose(r_P.sum(axis=0), 1, rtol=1e-14)
assert r_P.shape == (len(numbers) * T, B)
print(f"uniform guess: here 1/{len(r_P)}; NTU fine 1/{25 * 20}, coarse 1/{5 * 20}")

# %% [markdown]
# Five times as much per cell in the coarse stream. Remember from tutorial 3 what a small $r$ does to the gate: the new
# input enters the cell state with weight $r$, the past with weight $1 - r$. The coarse stream lets more of each input
# in, before it has learned anything.
#
# ## 4. All joints of a part share its score (Eq. 13)
#
# Layer 2 still runs over joints and frames. Each joint takes the score of its part:
#
# $$c_{j,t} = r^{(n)}_{P,t} \odot i_{j,t} \odot u_{j,t} + (1 - r^{(n)}_{P,t}) \odot f^S_{j,t} \odot c_{j-1,t}
# + (1 - r^{(n)}_{P,t}) \odot f^T_{j,t} \odot c_{j,t-1}, \qquad j \in P .$$
#
# It is Eq. 7 with $r_{j,t} = r_{P,t}$. So all that is new is one function which hands scores out, `share_forward`. Mind
# the word: as people share a secret, not as they share a cake. Nothing is divided; each joint gets the whole score.

# %%
r, share = share_forward(r_P, SMALL, T)
of_part = (
    frame * len(numbers) + np.array([numbers.index(part) for part in SMALL])[joint]
)
np.testing.assert_array_equal(r, r_P[of_part])
print(
    f"{r_P.shape} scores of parts -> {r.shape} scores of joints; they now add up to",
    r.sum(axis=0),
)

# %% [markdown]
# They add up to more than 1, since a part of two joints counts twice (exercise 1).
#
# ### Its backward
#
# Now the one number $r_{P,t}$ has been used in several places: in all its joints. By the chain rule every use
# contributes, and the contributions add:
#
# $$\frac{\partial L}{\partial r_{P,t}} = \sum_{j \in P} \frac{\partial L}{\partial r_{j,t}}\,
# \frac{\partial r_{j,t}}{\partial r_{P,t}} = \sum_{j \in P} \frac{\partial L}{\partial r_{j,t}} .$$
#
# > **Predict.** Handing out is multiplication by a matrix. By which matrix is going back, and how is it related to the
# > $M$ of section 2?

# %%
weights = rng.standard_normal(r.shape)
dr_P = share_backward(weights, share)
measured = complex_step(
    lambda r_P: (weights * share_forward(r_P, SMALL, T)[0]).sum(), r_P
)
np.testing.assert_allclose(dr_P, measured, rtol=1e-13)
np.testing.assert_allclose(
    dr_P[0], weights[(joint < 2) & (frame == 0)].sum(axis=0), rtol=1e-13
)

# %% [markdown]
# Let $S$ be the matrix with 1 where a cell belongs to a part. Handing out is $S^{\mathsf T}$, going back is $S$.
# Averaging was $M$, which is $S$ with each row divided by its $J_P$, and going back through it was $M^{\mathsf T}$. So
# here are two operations that are each other's backward but for a factor: **the mean goes back as equal portions;
# handing out copies goes back as a sum.**

# %%
joints_of_part = share.sum(axis=1, keepdims=True)
np.testing.assert_allclose(pool, share / joints_of_part, rtol=1e-15)
print("joints of each part:", joints_of_part[: len(numbers), 0])

# %% [markdown]
# ## 5. Coarse attention from end to end
#
# Put the pieces together: one attention iteration of the coarse stream, from the outputs $h$ of layer 1 to the
# attention representation $F$, the output of layer 2's last cell.

# %%
W, b = rng.standard_normal((3 * H, 5 * H)), rng.standard_normal(5 * H)  # layer 2


def attend(h, IF, We4):
    """F (B, H) of one coarse attention iteration, and what its backward needs."""
    mean, pool = mean_forward(h, SMALL, T)  # Eq. 12
    r_P, judge = informativeness_forward(mean, IF, We3, We4)  # Eqs. 10 and 11
    r, share = share_forward(r_P, SMALL, T)  # each joint takes its part's score
    h2, layer2 = raster.forward(h, W, b, J, T, g=r)  # Eqs. 1, 13 and 3
    return h2[-1], (pool, judge, share, layer2)


F, caches = attend(h, IF, We4)
print("F:", F.shape)

# %% [markdown]
# Backward is the same list from the bottom to the top.
#
# > **Predict.** On how many ways does the loss reach $h$? Look for `h` in `attend`.

# %%
dF = rng.standard_normal(F.shape)  # the gradient that Eq. 8 would send
pool, judge, share, layer2 = caches
dh2 = np.zeros_like(h)
dh2[-1] = dF  # only the last cell is read
da, dW, db, dr = raster.backward(dh2, layer2)
dr_P = share_backward(dr, share)
dmean, dIF, dWe3, dWe4 = informativeness_backward(dr_P, judge)
as_input, as_evidence = da @ W[:H].T, mean_backward(dmean, pool)
dh = as_input + as_evidence

# %% [markdown]
# Two ways: $h_{j,t}$ is the *input* of layer 2, and it is *evidence* for the score of its part, which then gates all
# joints of the part. (In the network there is a third way, by the initial memory.) Are both needed?

# %%
measured = complex_step(lambda h: (dF * attend(h, IF, We4)[0]).sum(), h)
for name, derived in (
    ("both ways", dh),
    ("as input only", as_input),
    ("as evidence only", as_evidence),
):
    print(f"{name:18} relative error {relative_error(derived, measured):.0e}")
assert relative_error(dh, measured) < 1e-12 < 1e-3 < relative_error(as_input, measured)
for derived, measured in (
    (dWe4, complex_step(lambda We4: (dF * attend(h, IF, We4)[0]).sum(), We4)),
    (dIF, complex_step(lambda IF: (dF * attend(h, IF, We4)[0]).sum(), IF)),
):
    assert relative_error(derived, measured) < 1e-12

# %% [markdown]
# ## 6. Two streams on one layer
#
# The two-stream network (the paper's Fig. 5) has *one* layer 1, and on it two attention streams: the fine one with
# scores of joints and the coarse one with scores of parts. Each has its own layer 2, its own memory
# ($\mathrm{IF}_{(F)}$ and $\mathrm{IF}_{(C)}$) and its own classifier. In the dict of parameters their names begin with
# `fine.` and `coarse.`.

# %%
network = TwoStream(
    J, T, channels=3, classes=4, hidden=H, iterations=1, initial="average", parts=SMALL
)
params, x, y, masks = gradcheck.problem(network, batch=B)
for prefix, stream in network.streams().items():
    print(f"{prefix:8}", ", ".join(stream.shapes()))
print("dropout:", {name: mask.shape for name, mask in masks.items()})

# %% [markdown]
# Forward by hand: layer 1 and its dropout once, then each stream on the same $h$. The streams never hear of each other.

# %%
h, _ = raster.forward(grid.pack(x), params["layer1.W"], params["layer1.b"], J, T)
h, _ = dropout_forward(h, masks["layer1"])
logits, caches = [], []
for prefix, stream in network.streams().items():
    own = within(params, prefix)  # the stream's own parameters, without the prefix
    logits_of_stream, cache = stream.forward(
        own, h, masks[prefix + "classifier"], network.iterations
    )
    logits.append(logits_of_stream)
    caches.append(cache)
logits = np.stack(logits)  # (streams, batch, classes)
theirs, network_cache = network.forward(params, x, masks)
np.testing.assert_allclose(logits, theirs, rtol=1e-12)

# %% [markdown]
# Backward: each stream returns its gradient by $h$. Because $L$ depends on $h$ through both,
#
# $$\frac{\partial L}{\partial h_{j,t}} = \left.\frac{\partial L}{\partial h_{j,t}}\right|_{\text{fine}}
# + \left.\frac{\partial L}{\partial h_{j,t}}\right|_{\text{coarse}} .$$
#
# The *sum* goes back through the one dropout mask and the one layer 1. There it is, the whole secret of sharing a
# layer.

# %%
dlogits = rng.standard_normal(logits.shape)
gradients = network.backward(dlogits, network_cache)
direction = rng.standard_normal(
    params["layer1.W"].shape
)  # all weights of layer 1 at once
moved = params | {"layer1.W": params["layer1.W"] + 1e-30j * direction}
measured = (dlogits * network.forward(moved, x, masks)[0]).sum().imag / 1e-30
np.testing.assert_allclose(
    (gradients["layer1.W"] * direction).sum(), measured, rtol=1e-10
)

# %% [markdown]
# > **Predict.** Set the gradient of the coarse logits to zero. Which parameters' gradients vanish? Then the fine ones'.
# > What do the two gradients of layer 1 add up to?

# %%
silent = np.zeros_like(dlogits[0])
fine = network.backward(np.stack([dlogits[0], silent]), network_cache)
coarse = network.backward(np.stack([silent, dlogits[1]]), network_cache)
assert all((fine[name] == 0).all() for name in fine if name.startswith("coarse."))
assert all((coarse[name] == 0).all() for name in coarse if name.startswith("fine."))
np.testing.assert_allclose(
    fine["layer1.W"] + coarse["layer1.W"], gradients["layer1.W"], rtol=1e-10, atol=1e-12
)
one, other = fine["layer1.W"].ravel(), coarse["layer1.W"].ravel()
cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
print(f"angle between them: {np.degrees(np.arccos(cosine)):.0f} degrees")

# %% [markdown]
# A backward pass is linear in what comes from above, so the two gradients add up to the whole. The angle says whether
# the streams want the same of layer 1: below 90 degrees a step for one also helps the other, above it they hinder each
# other. (Here, with random gradients, it means nothing. Exercise 5 measures it in training.)
#
# ## 7. Two averages that are not the same
#
# To *predict*, the paper averages: "the prediction scores of these two streams are averaged for action recognition".
# With $\hat y_{(F)}$ and $\hat y_{(C)}$ the probabilities of the streams,
# $\hat y = \tfrac12 (\hat y_{(F)} + \hat y_{(C)})$.
#
# > **Predict.** Fine gives three classes 50, 45 and 5 %, coarse gives them 5, 45 and 50 %. What does the pair answer?

# %%
doubt = np.log(
    [[[0.50, 0.45, 0.05]], [[0.05, 0.45, 0.50]]]
)  # logits whose softmax is just this: (2, 1, 3)
average = probabilities(doubt)
print("average", average, "answer: class", average.argmax() + 1)
np.testing.assert_allclose(average, [[0.275, 0.45, 0.275]], rtol=1e-12)

# %% [markdown]
# The second, which neither of them would have chosen alone. An average of probabilities trusts what both hold possible.
#
# To *train*, the paper says that "we simultaneously optimize the two attention streams", and not by which loss. There
# are two natural readings, for the probabilities $\hat y_{(s),y}$ that the streams give to the true class:
#
# $$L_{\text{mean of losses}} = \tfrac12 \sum_{s} \left(-\ln \hat y_{(s),y}\right), \qquad
# L_{\text{loss of mean}} = -\ln\Big( \tfrac12 \sum_s \hat y_{(s),y} \Big).$$
#
# **The package trains the first, the mean of the streams' losses.** Since the logarithm is concave, $\ln$ of a mean is
# at least the mean of the $\ln$, so the second loss is never the larger one.

# %%
logits = 2 * rng.standard_normal((2, 5, 4))  # streams, sequences, classes
y = np.array([0, 1, 2, 3, 0])
loss, cache = nll_forward(logits, y)
each = [nll_forward(logits[s], y)[0] for s in (0, 1)]
loss_of_mean = -np.log(probabilities(logits)[np.arange(5), y]).mean()
print(
    f"fine {each[0]:.3f}, coarse {each[1]:.3f}; mean of losses {loss:.3f}; loss of mean {loss_of_mean:.3f}"
)
np.testing.assert_allclose(loss, np.mean(each), rtol=1e-14)
assert loss_of_mean < loss

# %% [markdown]
# ### Their gradients
#
# *Mean of losses.* The logits of stream $s$ occur in its own loss alone. With the result of tutorial 5 for one
# sequence,
#
# $$\frac{\partial L}{\partial z_{(s),k}} = \tfrac12 \left( \hat y_{(s),k} - [k = y] \right).$$
#
# *Loss of mean.* From tutorial 3, or by the quotient rule:
# $\partial \hat y_y / \partial z_k = \hat y_y\,([k = y] - \hat y_k)$. The factor $\tfrac12$ inside the logarithm
# cancels, and
#
# $$\frac{\partial L}{\partial z_{(s),k}}
# = -\frac{1}{\sum_{s'} \hat y_{(s'),y}} \cdot \hat y_{(s),y} \left( [k=y] - \hat y_{(s),k} \right)
# = \underbrace{\frac{\hat y_{(s),y}}{\sum_{s'} \hat y_{(s'),y}}}_{\rho_s} \left( \hat y_{(s),k} - [k=y] \right).$$
#
# The same bracket, with other weights: $\tfrac12$ and $\tfrac12$ there; here $\rho_s$, which adds up to 1 over the
# streams.
#
# > **Predict.** For one sequence the fine stream is right with 90 %, the coarse one has given the true class only 10 %.
# > Which of the two needs to learn more? What weight does each loss give it?

# %%
p = np.stack([probabilities(z) for z in logits])  # (streams, sequences, classes)
bracket = p - np.eye(4)[y]
of_truth = p[:, np.arange(5), y]  # (streams, sequences)
rho = of_truth / of_truth.sum(axis=0)
np.testing.assert_allclose(nll_backward(cache), bracket / 2 / 5, rtol=1e-11, atol=1e-16)
measured = complex_step(lambda z: nll_forward(z, y)[0], logits)
np.testing.assert_allclose(nll_backward(cache), measured, rtol=1e-11, atol=1e-16)
measured = complex_step(
    lambda z: -np.log(probabilities(z)[np.arange(5), y]).mean(), logits
)
np.testing.assert_allclose(
    rho[..., None] * bracket / 5, measured, rtol=1e-11, atol=1e-16
)
print(
    "probability of the truth, streams down:",
    of_truth,
    "weights of the loss of the mean:",
    rho,
    sep="\n",
)

# %% [markdown]
# With 90 % and 10 % the weights $\rho$ are 0.9 and 0.1: the loss of the mean is content as soon as *one* stream is
# right, and hardly teaches the one that is wrong. That may make specialists, but it also lets a stream fall asleep. The
# mean of losses teaches each stream as if it were alone, which is what "optimise the two attention streams" suggests.
#
# And the whole network with the loss that the package trains, every parameter of it:

# %%
rows = gradcheck.check_network(network, label="two streams", witnesses=("complex",))
print(
    f"{len(rows)} gradients; largest relative error {max(row.complex_error for row in rows):.0e}"
)
assert all(row.passed for row in rows)

# %% [markdown]
# Stepwise training works as before: in training step $n$ both streams are read at iteration $n$.
#
# ## 8. Fine, coarse, both: what they cost
#
# > **Predict.** Which has more parameters, the fine network or the coarse one? And the pair: as many as both together?

# %%
INITIALS = ("average", "feedforward")


def count(name, initial):
    """The number of parameters with the paper's sizes, on NTU RGB+D: two persons with three coordinates each."""
    settings = Settings(network=name, initial=initial)
    network = build(settings, joints=25, channels=2 * 3, classes=60, parts=parts)
    return sum(int(np.prod(shape)) for shape in network.shapes().values())


counts = {
    name: [count(name, initial) for initial in INITIALS]
    for name in ("gca", "coarse", "two-stream")
}
print(f"{'network':12}" + "".join(f"{initial + ' memory':>20}" for initial in INITIALS))
for name, numbers_of in counts.items():
    print(f"{name:12}" + "".join(f"{number:>20,}" for number in numbers_of))
layer1_size = (2 * 3 + 2 * 128) * 5 * 128 + 5 * 128
for fine, coarse, both in zip(*counts.values(), strict=True):
    assert fine == coarse and both == fine + coarse - layer1_size

# %% [markdown]
# Equal: $W_{e_3}$ and $W_{e_4}$ have the shapes of $W_{e_1}$ and $W_{e_2}$, however many cells they judge. The pair
# saves one layer 1. Note how the feed-forward initial memory, which looks at the concatenated outputs of all 500 cells,
# outweighs all else: in the pair there are two of it. For small data, as here, the average of Eq. 4 is the better
# choice.
#
# ## 9. Trained small, compared honestly
#
# Now train the four rows of the paper's Table II on the five synthetic actions, with three seeds each: direct training
# of 30 epochs, and the pair also stepwise with two steps of 15. To keep it short there is one attention iteration
# instead of two. This is a sketch of an experiment: 45 sequences to train on, 60 to test.
#
# > **Predict.** Before you run it: how large would the difference of two networks have to be for you to believe it?

# %%
STEPWISE = {"mode": "stepwise", "epochs": 15, "patience": 15}
ROWS = {
    "coarse only": {"network": "coarse"},
    "fine only": {"network": "gca"},
    "two streams": {"network": "two-stream"},
    "two streams, stepwise": {"network": "two-stream"} | STEPWISE,
}


def trained(seed, changes):
    """Trained weights with their network and settings, what they were trained on, and the accuracy on new people."""
    settings = replace(small, seed=seed, **changes)
    split = runs.make_split(data, source, settings)
    network = split.network(settings)
    state = training.start(network, settings)
    training.train(network, state, split.aligned, split.fit, split.validate, settings)
    _, p = training.evaluate(
        Engine(network), state.params, split.aligned, split.test, settings
    )
    return (
        network,
        state,
        split,
        float((p.argmax(axis=1) == split.aligned.label[split.test]).mean()),
    )


found = {
    name: [trained(seed, changes) for seed in range(3)]
    for name, changes in ROWS.items()
}

# %%
table = paper.table_II()
print(f"{'':24}{'here: three seeds':>22}{'mean':>8}{'paper: NTU CS':>16}{'CV':>8}")
accuracy = {
    name: np.array([result[3] for result in results]) for name, results in found.items()
}
for (name, values), row in zip(accuracy.items(), table.rows, strict=True):
    seeds = "  ".join(f"{value:.0%}" for value in values)
    print(
        f"{name:24}{seeds:>22}{values.mean():8.0%}{row.paper[0]:15.1f}%{row.paper[1]:7.1f}%"
    )
widest = max(np.ptp(values) for values in accuracy.values())
means = np.array([values.mean() for values in accuracy.values()])
print(f"\nfrom the best row's mean to the worst's: {np.ptp(means):.0%}")
print(
    f"the seeds of one row: up to {widest:.0%} apart; one test sequence: {1 / 60:.1%}"
)
assert all(values.mean() > 0.4 for values in accuracy.values())  # guessing gets 0.2

# %% [markdown]
# What may one conclude? That all four learn the task, far above the 20 % of guessing. *Not* which is best: compare the
# last two lines above. On another processor, which only rounds differently, seeds fail that do not fail here, and the
# rows come in another order. An order that rounding changes is no result; nor does it refute the paper's. The paper's
# numbers are of 60 actions in more than 56,000 sequences, with two iterations and eight times as many units; ours of 5
# actions in 120 sequences. Columns like these may stand side by side, but not be compared.
#
# The paper's own rows (Table II) deserve the same look. From fine to both it gains 1.9 and 1.9 points with direct
# training, and stepwise training adds 0.9 and 0.4. It reports one number per row, without a spread.
# `python -m gca_scratch table II --data ntu.npz` trains these rows on NTU RGB+D (and `table IV` on SYSU-3D), with as
# many seeds as you give it; what the package has measured is in `docs/results.md`.
#
# Is the pair at least better than its own two halves? That is a fairer question, for all three share one training.

# %%
print("seed   fine  coarse  average")
for seed, (network, state, split, both) in enumerate(found["two streams"]):
    test_x, labels = split.aligned.batch(split.test, network.frames)
    logits = Engine(network).forward(state.params, test_x)  # (2, sequences, classes)
    alone = [float((z.argmax(axis=1) == labels).mean()) for z in logits]
    print(f"{seed:4}{alone[0]:7.0%}{alone[1]:8.0%}{both:9.0%}")
    losses = [float(nll_forward(z, labels)[0]) for z in logits]
    of_average = -np.log(probabilities(logits)[np.arange(len(labels)), labels]).mean()
    assert of_average <= np.mean(losses) + 1e-6

# %% [markdown]
# The average need not beat the better half in accuracy. But its *loss* is never above the mean of the halves' losses:
# this is the inequality of section 7, and it holds for any two predictors.
#
# ## 10. What the two streams look at
#
# The scores of one clap, in both streams. Scores of parts are multiplied by 5/25 before they are drawn, so that in both
# maps 1 is a uniform guess.
#
# > **Predict.** How will you tell the coarse maps from the fine ones at a glance?

# %%
network, state, split, _ = found["two streams"][0]
n = next(n for n in split.test if data.class_names[data.label[n]] == "clap")
_, cache = network.forward(state.params, split.aligned.batch([n], network.frames)[0])
of_fine, of_coarse = (
    network.scores(cache, stream=s) for s in (0, 1)
)  # (iterations, 1, T, J)
scores = np.concatenate([of_fine, of_coarse * len(PARTS) / network.joints])
truth = localisation.truth_at(data, split.aligned, [n], network.frames)
joint_names = [data.joint_names[j] for j in split.aligned.order]
charts.score_maps(["clap"], truth, scores, joint_names, ("fine", "coarse"))

# %% [markdown]
# The coarse maps have bands: within a frame all joints of a part have one colour. Do not read too much into where they
# are bright. The scores are a gate that the training found useful, and nothing in the loss asks them to point at the
# action; tutorial 7 measures how well they do.

# %%
for part in range(len(PARTS)):
    band = of_coarse[..., np.array(parts) == part]
    np.testing.assert_array_equal(band, band[..., :1] + np.zeros_like(band))
first_of_part = [parts.index(part) for part in range(len(PARTS))]
np.testing.assert_allclose(of_coarse[..., first_of_part].sum(axis=(2, 3)), 1, rtol=1e-5)
np.testing.assert_allclose(of_fine.sum(axis=(2, 3)), 1, rtol=1e-5)

# %% [markdown]
# ## Summary
#
# - A part speaks by the mean of its joints (Eq. 12) and hands its score to all of them (Eq. 13). Going back, the mean
#   divides its gradient into equal portions, $1/J_P$ to each joint, and the copied score adds its joints' gradients up.
# - Between the two lies tutorial 3's attention, unchanged, over $5T$ instead of $JT$ cells.
# - Two streams read one layer 1, and its gradient is the sum of what both send. All else is separate.
# - Probabilities are averaged to predict, losses are averaged to train. The loss of the averaged probabilities would
#   weigh the streams by how right they already are.
# - A difference between networks needs seeds and test sequences enough to be seen.
#
# ## Exercises
#
# **Exercise 1 (easy).** In section 4 the shared scores added up to more than 1. Give a formula of their sum in terms of
# $J_P$ and $r_{P,t}$, and its smallest and largest possible value for the 25 joints of section 1. Check it with random
# scores.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1
# sum over joints and frames of r = sum over parts and frames of J_P r_{P,t}: a weighted mean of the J_P, from 4 to 6
scores_of_parts = rng.dirichlet(np.ones(5 * 8), size=3).T  # (P T, B)
shared, _ = share_forward(scores_of_parts, parts, 8)
formula = (np.tile(sizes, 8)[:, None] * scores_of_parts).sum(axis=0)
np.testing.assert_allclose(shared.sum(axis=0), formula, rtol=1e-13)
assert ((formula > sizes.min()) & (formula < sizes.max())).all()
print(formula, "between", sizes.min(), "and", sizes.max())

# %% [markdown]
# **Exercise 2 (easy).** With ST-LSTM's tree traversal the walk comes back through the joints, so the chain is 49 places
# long. The mean of Eq. 12 then runs over *places*. What weight has each joint of the torso in the torso's mean? Use
# `chain(..., revisit=True)` and `mean_forward`.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2
walk = chain(25, KINECT_V2.edges, root=0, revisit=True)
along = [part_of[j] for j in walk]
_, weights_of_places = mean_forward(
    np.zeros((len(walk), 1, 1)), along, 1
)  # one frame: (5, 49)
torso = {}
for place, j in enumerate(walk):
    if along[place] == 0:
        name = data.joint_names[j]
        torso[name] = torso.get(name, 0) + weights_of_places[0, place]
print(len(walk), {name: round(float(weight), 3) for name, weight in torso.items()})
np.testing.assert_allclose(sum(torso.values()), 1, rtol=1e-14)
assert (
    torso["spine shoulder"] > torso["head"]
)  # the joint that the arms hang from is met most often

# %% [markdown]
# **Exercise 3 (medium).** Weigh the streams unequally: $L = \alpha L_{(F)} + (1-\alpha) L_{(C)}$. Which single change
# of `dlogits` does it take? Prove the gradient of `layer1.W` for $\alpha = 0.8$ with the complex step, on the small
# network of section 6. Its name has gone to others since, so build it anew, as `TwoStream(6, 3, 3, 4, hidden=3,
# iterations=1, initial="average", parts=SMALL)`, with the inputs of `gradcheck.problem`.

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3
tiny = TwoStream(6, 3, 3, 4, hidden=3, iterations=1, initial="average", parts=SMALL)
params, x, y, masks = gradcheck.problem(tiny)
alpha = np.array([0.8, 0.2])


def weighted_loss(value):
    z, _ = tiny.forward(params | {"layer1.W": value}, x, masks)
    return sum(a * nll_forward(z_of, y)[0] for a, z_of in zip(alpha, z, strict=True))


z, cache = tiny.forward(params, x, masks)
dz = (
    2 * alpha[:, None, None] * nll_backward(nll_forward(z, y)[1])
)  # alpha in place of one half
gradient = tiny.backward(dz, cache)["layer1.W"]
error = relative_error(gradient, complex_step(weighted_loss, params["layer1.W"]))
print(f"relative error {error:.0e}")
assert error < 1e-11

# %% [markdown]
# **Exercise 4 (medium).** Parts of your own: divide the small body of six joints into an upper and a lower half,
# build a coarse network for it and let `gradcheck` prove all its gradients. How many cells does its softmax run over?

# %%
# your answer here

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4
halves = (0, 0, 0, 3, 3, 3)  # any two of the numbers 0 to 4
divided = Coarse(6, 3, 3, 4, hidden=3, iterations=1, initial="average", parts=halves)
rows = gradcheck.check_network(
    divided, label="upper and lower half", witnesses=("complex",)
)
print(
    f"{len(rows)} gradients, largest error {max(row.complex_error for row in rows):.0e}"
)
assert all(row.passed for row in rows)
_, cache = divided.forward(*gradcheck.problem(divided)[:2])
assert cache.streams[0].rounds[0].r.shape[0] == 2 * 3  # two parts in three frames

# %% [markdown]
# **Exercise 5 (hard).** Do the streams agree? Take the two-stream networks trained with the three seeds, and a fresh
# one for each. Compute the gradients that the fine and the coarse half of the loss send to `layer1.W`, over all
# training sequences and without dropout, and the angle between them. Compute also how alike the streams fail: the
# correlation, over the sequences, of the probability $1 - \hat y_{(s),y}$ that each stream withholds from the truth.
# What do the two numbers have to do with each other? And what would the angle be at an exact minimum of the loss?

# %%
# your answer here


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5
def agreement(network, weights, x, labels):
    """The angle between the streams' gradients by layer1.W, in degrees, and how alike they fail, from -1 to 1."""
    exact = {name: value.astype(float) for name, value in weights.items()}
    z, cache = network.forward(exact, x.astype(float))
    dz = nll_backward(nll_forward(z, labels)[1])
    halves_of = [np.stack([dz[0], 0 * dz[1]]), np.stack([0 * dz[0], dz[1]])]
    one, other, whole = (
        network.backward(d, cache)["layer1.W"].ravel() for d in (*halves_of, dz)
    )
    np.testing.assert_allclose(one + other, whole, atol=1e-10 * np.abs(whole).max())
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    withheld = -dz[
        :, np.arange(len(labels)), labels
    ]  # 1 - the probability of the truth, times a constant
    return np.degrees(np.arccos(cosine)), np.corrcoef(withheld)[0, 1]


for seed, (network, state, split, _) in enumerate(found["two streams"]):
    fit_x, labels = split.aligned.batch(split.fit, network.frames)
    for name, weights_now in (
        ("fresh", network.init(np.random.default_rng(seed))),
        ("trained", state.params),
    ):
        angle, alike = agreement(network, weights_now, fit_x, labels)
        print(
            f"seed {seed}, {name:8} angle {angle:3.0f} degrees, correlation of the failures {alike:5.2f}"
        )
        assert name == "trained" or 50 < angle < 130

# %% [markdown]
# <details><summary>Solution 5, the explanation</summary>
#
# In the beginning each stream reads $h$ through random weights of its own, and how far their wishes coincide is a
# matter of chance: the fresh pairs stand near a right angle.
#
# Later the mistakes decide. In the gradient of section 7 a sequence that a stream has right with 99 % counts for about
# a hundredth, so each stream pulls where the few sequences tell it to that it does not yet have. Both streams learn on
# one layer 1, and often they come to fail on much the same sequences (a correlation near 1): then they pull alike, and
# the angle shrinks. Where they fail differently it does not. This is what the gradient lets us expect, but three pairs
# make no law, and another processor has other pairs.
#
# At an exact minimum of the loss the two gradients add up to zero. Unless both vanish they are then opposite, at 180
# degrees. A short training is far from that.
#
# </details>

# %% [markdown]
# ## What comes next
#
# [Tutorial 7](07_what_it_looks_at.ipynb) asks what a trained network looks at, and measures it against the truth.
