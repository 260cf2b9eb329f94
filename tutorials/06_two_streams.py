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
# The same body twice, in one of eight frames; each dot is as large as the score of its cell.
# Turn up one score: left, that of the left hand; right, that of the whole left arm.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
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
from gca_scratch.figures.canvas import BLUE, GREY, ORANGE
from gca_scratch.figures.dial import Dial, Sketch
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
from gca_scratch.network.gradcheck import complex_step
from gca_scratch.network.ops import (
    dropout_forward,
    nll_backward,
    nll_forward,
    probabilities,
)
from gca_scratch.network.sweep import raster
from gca_scratch.runs.trained import body
from gca_scratch.settings import Settings, settings_from
from gca_scratch.support.claims import exercise, holds, same
from gca_scratch.training import Engine
from gca_scratch.variants.build import build

np.set_printoptions(precision=3, suppress=True)
ACTIONS = ("wave right hand", "wave left hand", "kick right", "clap", "bow")
data = synthetic.generate(seed=0, subjects=24, repetitions=1, classes=ACTIONS)
small = settings_from(
    "demo", iterations=1, frames=8, hidden=16, batch_size=8, epochs=30, patience=30,
    validation=3, mode="direct"
)  # fmt: skip
source = runs.Source("synthetic", protocol="half")
aligned = runs.make_split(data, source, small).aligned
part_of = body_parts(data.joint_names)  # in the order of the data
parts = tuple(part_of[joint] for joint in aligned.order)  # in the order of the chain
sizes = np.bincount(parts)
joint_names = [data.joint_names[j] for j in aligned.order]
COLOURS = ("currentColor", BLUE, ORANGE, "#56B4E9", "#E69F00")
pose, bones = aligned.x[0, :, 0], body(data, aligned).bones
across, height = -pose[:, (aligned.up + 2) % 3], pose[:, aligned.up]
height = (height - height.min()) / np.ptp(height)  # from the feet, 0, to the head, 1
across = (across - across.mean()) / np.ptp(pose[:, aligned.up])
HAND, ARM, FRAMES = joint_names.index("left hand"), PARTS.index("left arm"), 8


def two_bodies(e):
    """One score raised by e: of a joint among joints, and of a part among parts."""
    sketch = Sketch(480, 350, f"one score raised by {e}")
    streams = (
        ("fine: joints", 25, [j == HAND for j in range(25)]),
        ("coarse: parts", 5, [part == ARM for part in parts]),
    )
    for side, (name, number, raised) in enumerate(streams):
        middle, whole = 120 + 240 * side, np.exp(e) + number * FRAMES - 1
        px, py = middle + 240 * across, 290 - 240 * height
        sketch.lines([(px[a], py[a], px[b], py[b]) for a, b in bones], GREY, 1)
        for j in range(25):
            r = (np.exp(e) if raised[j] else 1) / whole  # one is raised, no other
            sketch.dot(px[j], py[j], 28 * np.sqrt(r), COLOURS[parts[j]])
        sketch.text(middle, 20, name, size=16)
        words = f"{np.exp(e) / whole:.3f}, all others {1 / whole:.4f}"
        sketch.text(middle, 334, words, size=15)
    return sketch


turns = [-3, -2, -1, 0, 1, 2, 3]
Dial([two_bodies(e) for e in turns], [f"{e:+}" for e in turns], "the score e, by", 5)

# %% [markdown]
# In a salute elbow, wrist and hand matter together. A *coarse* stream asks which part of the
# body matters, beside the *fine* stream of the tutorials before, and all joints of a part
# get its score. Note the sizes: with fewer cells to share among, each has more.
#
# **What you will do.** Carry gradients through parts by hand (Eqs. 10-13). Put both streams
# on one layer 1, and find that two ways to average them are not the same. Train the pair,
# and compare it honestly.
#
# **What you need.** Tutorials [3](03_attention.ipynb), [4](04_refinement.ipynb) and
# [5](05_training.ipynb). About 30 minutes of reading; the code runs for a minute, most of it
# the training of section 6.
#
# For the mathematics a smaller body will do: 6 joints in 4 parts (it has no right leg), 3
# frames, 2 sequences, 3 hidden units. Cells lie diagonal by diagonal, as in tutorial 2.

# %%
print(dict(zip(PARTS, sizes.tolist(), strict=True)))  # joints of each part
rng = np.random.default_rng(6)
J, T, B, H = 6, 3, 2, 3
SMALL = (0, 0, 1, 1, 2, 3)  # the parts of six joints: two of the torso, ...
numbers = sorted(set(SMALL))
joint, frame = grid.cell_order(J, T)
h = rng.standard_normal((J * T, B, H))  # what layer 1 puts out

# %% [markdown]
# ## 1. What a part says, and who hears its score
#
# **In (Eq. 12).** A part speaks by the mean of its $J_P$ joints. Each of them occurs in one
# mean, with the factor $1/J_P$; so that is what comes back:
#
# $$\bar h_{P,t} = \frac{1}{J_P} \sum_{j \in P} h_{j,t}, \qquad
# \mathrm d h_{j,t} = \frac{1}{J_P}\,\mathrm d \bar h_{P,t} .$$
#
# **Out (Eq. 13).** Layer 2 still runs over joints. Each takes the score of its part,
# $r_{j,t} = r_{P,t}$ for $j \in P$, as people share a secret, not as they share a cake:
# nobody gets less. One number used in several places collects all that comes back:
#
# $$\mathrm d r_{P,t} = \sum_{j \in P} \mathrm d r_{j,t} .$$
#
# > **Predict.** A part has two joints, and what comes back for its mean is 1. What does each
# > joint get? And if 1 comes back for the score of each of the two joints, what does the
# > part's score get?

# %%
mean, pool = mean_forward(h, SMALL, T)  # (parts T, B, H); pool is the matrix M
back = mean_backward(np.ones_like(mean), pool)
first = [back[(joint == j) & (frame == 0)].mean() for j in range(J)]
print("to the joints of frame 0:", np.array(first))
price = rng.standard_normal(mean.shape)  # from above: L = sum(price * mean)
measured = complex_step(lambda h: (price * mean_forward(h, SMALL, T)[0]).sum(), h)
same("dh through the mean", mean_backward(price, pool), measured)
r_P = rng.dirichlet(np.ones(len(numbers) * T), B).T  # scores of parts; they sum to 1
r, share = share_forward(r_P, SMALL, T)  # (J T, B); share is the matrix S
back = share_backward(np.ones_like(r), share)
print("to the scores of the parts of frame 0:", back[: len(numbers), 0])
price = rng.standard_normal(r.shape)
measured = complex_step(
    lambda r_P: (price * share_forward(r_P, SMALL, T)[0]).sum(), r_P
)
same("dr through sharing", share_backward(price, share), measured)

# %% [markdown]
# Both are one matrix, there and back: $S$ has a 1 where a cell belongs to a part, $M$ is $S$
# with each row divided by its $J_P$.

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
titles = "$M$: in forward, $M^T$ back", "$S$: out $S^T$, back $S$"
for ax, matrix, title in zip(axes, (pool, share), titles, strict=True):
    image = ax.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
    ax.set(title=title, xlabel="cells of joints", ylabel="parts, frame by frame")
figure.colorbar(image, ax=axes)
plt.show()
same("M is S by the J_P", pool, share / share.sum(axis=1, keepdims=True))

# %% [markdown]
# **The mean goes back as equal portions; handing out copies goes back as a sum.**
#
# ## 2. Between the two: tutorial 3, unchanged
#
# Eqs. 10 and 11 score parts as Eqs. 5 and 6 score joints, with weights of their own:
#
# $$e^{(n)}_{P,t} = W_{e_3} \tanh\!\left( W_{e_4} \begin{pmatrix} \bar h_{P,t} \\
# \mathrm{IF}^{(n-1)}_{(C)} \end{pmatrix} \right), \qquad
# r^{(n)}_{P,t} = \frac{\exp e^{(n)}_{P,t}}{\sum_{u=1}^{5} \sum_{v=1}^{T} \exp e^{(n)}_{u,v}} .$$
#
# The softmax runs over $5T$ cells, so a uniform score is $1/(5T)$, for the paper's 20 frames
# $1/100$ in place of $1/500$: the gates of the coarse stream start five times as wide. Here
# is one attention iteration of it, from the outputs $h$ of layer 1 to $F$:

# %%
IF, We3, We4 = (rng.standard_normal(n) for n in ((B, H), H, (2 * H, H)))
W, b = rng.standard_normal((3 * H, 5 * H)), rng.standard_normal(5 * H)  # layer 2


def attend(h, IF, We4):
    """F (B, H) of one coarse attention iteration, and what its backward needs."""
    mean, pool = mean_forward(h, SMALL, T)  # Eq. 12
    r_P, judge = informativeness_forward(mean, IF, We3, We4)  # Eqs. 10 and 11
    r, share = share_forward(r_P, SMALL, T)  # each joint takes its part's score
    h2, layer2 = raster.forward(h, W, b, J, T, g=r)  # Eqs. 1, 13 and 3
    return h2[-1], (pool, judge, share, layer2)


F, (pool, judge, share, layer2) = attend(h, IF, We4)

# %% [markdown]
# > **Predict.** On how many ways does the loss reach $h$? Look for `h` in `attend`.

# %%
dF = rng.standard_normal(F.shape)  # what Eq. 8 would send
dh2 = np.zeros_like(h)
dh2[-1] = dF  # only the last cell is read
da, dW, db, dr = raster.backward(dh2, layer2)
dmean, dIF, dWe3, dWe4 = informativeness_backward(share_backward(dr, share), judge)
as_input, as_evidence = da @ W[:H].T, mean_backward(dmean, pool)
measured = complex_step(lambda h: (dF * attend(h, IF, We4)[0]).sum(), h)
same("dh, both ways", as_input + as_evidence, measured)
lost = np.linalg.norm(as_evidence) / np.linalg.norm(measured)
holds(f"as input alone it lacks {lost:.0%} of its length", lost > 1e-3)
measured = complex_step(lambda We4: (dF * attend(h, IF, We4)[0]).sum(), We4)
same("dWe4", dWe4, measured)
measured = complex_step(lambda IF: (dF * attend(h, IF, We4)[0]).sum(), IF)
same("dIF", dIF, measured)

# %% [markdown]
# Two: $h_{j,t}$ is *input* of layer 2, and *evidence* for the score of its part, which gates
# all joints of the part.
#
# ## 3. Two streams on one layer
#
# The two-stream network (the paper's Fig. 5) has one layer 1 and on it two streams, each with
# its own layer 2, memory and classifier. They never hear of each other. But the loss depends
# on $h$ through both, so what they send back adds up, and the *sum* goes through the one
# dropout mask and the one layer 1:
#
# $$\mathrm d h_{j,t} = \mathrm d h_{j,t}\big|_{\text{fine}}
# + \mathrm d h_{j,t}\big|_{\text{coarse}} .$$
#
# That is the whole secret of sharing a layer. Below, $L = \alpha L_{(F)} + (1-\alpha)
# L_{(C)}$: how full a box is says how long the gradient of its weights is.
#
# > **Predict.** Turn $\alpha$ to an end. Which gradients vanish, and what becomes of layer 1's?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
network = TwoStream(J, T, 3, 4, hidden=H, iterations=1, initial="average", parts=SMALL)
params, x, y, masks = gradcheck.problem(network, batch=B)
logits, network_cache = network.forward(params, x, masks)  # (streams, batch, classes)
dlogits = nll_backward(nll_forward(logits, y)[1])


def gradients_for(alpha):
    """The gradients of alpha L_F + (1 - alpha) L_C; the network trains a half each."""
    weigh = 2 * np.array([alpha, 1 - alpha])[:, None, None]
    return network.backward(weigh * dlogits, network_cache)


def length(gradients, prefix):
    """The length of all gradients whose names begin so."""
    mine = [g.ravel() for name, g in gradients.items() if name.startswith(prefix)]
    return np.linalg.norm(np.concatenate(mine))


BOXES = (
    ("layer1.", 20, 105, ORANGE),
    ("fine.", 300, 30, BLUE),
    ("coarse.", 300, 185, BLUE),
)
full = {name: max(length(gradients_for(a), name) for a in (0, 1)) for name, *_ in BOXES}


def streams(alpha):
    """Three boxes, filled as far as their gradients are long."""
    sketch = Sketch(480, 290, f"gradients at alpha = {alpha}")
    found = gradients_for(alpha)
    for weight, at in ((alpha, 75), (1 - alpha, 230)):
        sketch.line(300, at, 180, 150, GREY, 1 + 12 * weight)
    for name, left, top, colour in BOXES:
        filled = 90 * min(length(found, name) / full[name], 1)
        sketch.box(left, top + 90 - filled, 160, filled, colour, colour, 6)
        sketch.box(left, top, 160, 90, "currentColor", round=6)
        words = f"{name[:-1]}: {length(found, name):.3f}"
        sketch.text(left + 80, top - 8, words, size=16)
    return sketch


steps = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]
Dial(
    [streams(alpha) for alpha in steps],
    [f"α = {alpha}" for alpha in steps],
    "fine's share",
    3,
)

# %%
fine, coarse, both = (gradients_for(alpha) for alpha in (1, 0, 0.5))
holds("without coarse: no gradient there", length(fine, "coarse.") == 0)
holds("without fine: no gradient there", length(coarse, "fine.") == 0)
half_each = (fine["layer1.W"] + coarse["layer1.W"]) / 2
same("layer 1 adds up", half_each, both["layer1.W"])
h_1, _ = raster.forward(grid.pack(x), params["layer1.W"], params["layer1.b"], J, T)
h_1, _ = dropout_forward(h_1, masks["layer1"])
for s, (prefix, stream) in enumerate(network.streams().items()):
    mask = masks[prefix + "classifier"]
    alone, _ = stream.forward(within(params, prefix), h_1, mask, network.iterations)
    same(f"{prefix} on the same h", alone, logits[s])

# %% [markdown]
# <details><summary>Deeper: do the streams agree? What does the pair cost?</summary>
#
# A backward pass is linear in what comes from above, hence the sum. The angle between the two
# gradients of layer 1 says whether the streams want the same of it: below 90 degrees a step
# for one also helps the other. Exercise 5 measures it in training.
#
# The coarse network has as many parameters as the fine one, for $W_{e_3}$ and $W_{e_4}$ have
# the shapes of $W_{e_1}$ and $W_{e_2}$, however many cells they judge. The pair has both, and
# saves one layer 1. A feed-forward initial memory, of which the pair has two, outweighs all
# else.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
INITIALS = ("average", "feedforward")


def count(name, initial):
    """Parameters with the paper's sizes, for NTU RGB+D: two persons in 3-D."""
    settings = Settings(network=name, initial=initial)
    network = build(settings, joints=25, channels=2 * 3, classes=60, parts=parts)
    return sum(int(np.prod(shape)) for shape in network.shapes().values())


counts = {
    name: np.array([count(name, initial) for initial in INITIALS])
    for name in ("gca", "coarse", "two-stream")
}
print(f"{'network':12}" + "".join(f"{initial + ' memory':>20}" for initial in INITIALS))
for name, found in counts.items():
    print(f"{name:12}" + "".join(f"{number:>20,}" for number in found))
layer1_size = (2 * 3 + 2 * 128) * 5 * 128 + 5 * 128
holds("fine and coarse cost the same", counts["gca"] == counts["coarse"])
saved = counts["gca"] + counts["coarse"] - counts["two-stream"]
holds(f"the pair saves one layer 1, {layer1_size:,}", saved == layer1_size)

# %% [markdown]
# ## 4. Predicting: an average of probabilities
#
# "The prediction scores of these two streams are averaged for action recognition", says the
# paper: $\hat y = \tfrac12 (\hat y_{(F)} + \hat y_{(C)})$.
#
# > **Predict.** Fine gives three classes 50, 45 and 5 %, coarse gives them 5, 45 and 50 %.
# > What does the pair answer?

# %%
doubt = np.log([[[0.50, 0.45, 0.05]], [[0.05, 0.45, 0.50]]])  # their logits: (2, 1, 3)
average = probabilities(doubt)
same("the average", average, np.array([[0.275, 0.45, 0.275]]))
holds("the second, which neither would have chosen", average.argmax() == 1)

# %% [markdown]
# ## 5. Training: an average of losses
#
# The paper says that "we simultaneously optimize the two attention streams", and not by which
# loss. There are two natural ones. Let $p_s$ be what stream $s$ gives to the true class:
#
# $$L_{\text{mean of losses}} = \tfrac12 \sum_{s} \left(-\ln p_s\right), \qquad
# L_{\text{loss of mean}} = -\ln\Big( \tfrac12 \sum_s p_s \Big).$$
#
# Since the logarithm is concave, the second is never the larger. Their gradients by the
# logits have the same bracket, with other weights (the folded box derives them):
#
# $$\frac{\partial L}{\partial z_{(s),k}} = w_s \left( \hat y_{(s),k} - [k = y] \right), \qquad
# w_s = \tfrac12 \quad\text{or}\quad \rho_s = \frac{p_s}{\sum_{s'} p_{s'}} .$$
#
# > **Predict.** The fine stream gives the truth 90 %. Turn down what the coarse one gives it.
# > Which of the two needs to learn, and which loss teaches it?


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def pulls(p_coarse):
    """How hard each loss pulls at the true logit of each stream: w_s (1 - p_s)."""
    p = np.array([0.9, p_coarse])
    sketch = Sketch(480, 230, f"pulls where coarse gives the truth {p_coarse}")
    losses = (("mean of losses", np.full(2, 0.5)), ("loss of mean", p / p.sum()))
    for side, (name, w) in enumerate(losses):
        left = 10 + 250 * side
        sketch.text(left + 105, 20, name, size=16)
        for k, stream in enumerate(("fine", "coarse")):
            pull, at = 260 * w[k] * (1 - p[k]), left + 15 + 105 * k
            sketch.box(at, 190 - pull, 75, pull, (BLUE, ORANGE)[k], (BLUE, ORANGE)[k])
            sketch.text(at + 37, 182 - pull, f"{w[k] * (1 - p[k]):.3f}", size=15)
            sketch.text(at + 37, 212, f"{stream} {p[k]:.0%}", size=15)
        sketch.line(left, 190.5, left + 210, 190.5)
    return sketch


levels = [0.99, 0.9, 0.7, 0.5, 0.3, 0.1, 0.02]
turned = [f"{p:.0%}" for p in levels]
Dial([pulls(p) for p in levels], turned, "coarse gives the truth", 2)

# %%
z = 2 * rng.standard_normal((2, 5, 4))  # streams, sequences, classes
y = np.array([0, 1, 2, 3, 0])


def mean_of_losses(z):
    return nll_forward(z, y)[0]


def loss_of_mean(z):
    return -np.log(probabilities(z)[np.arange(5), y]).mean()


yhat = np.stack([probabilities(of_stream) for of_stream in z])
p = yhat[:, np.arange(5), y]  # (streams, sequences)
bracket, rho = yhat - np.eye(4)[y], p / p.sum(axis=0)
same("dz, mean of losses", bracket / 2 / 5, complex_step(mean_of_losses, z))
same("dz, loss of mean", rho[..., None] * bracket / 5, complex_step(loss_of_mean, z))
same("the package trains", nll_backward(nll_forward(z, y)[1]), bracket / 2 / 5)
holds("the loss of the mean is the smaller", loss_of_mean(z) < mean_of_losses(z))

# %% [markdown]
# The loss of the mean is content as soon as *one* stream is right, and lets the other fall
# asleep. The mean of losses teaches each as if it were alone, and **it is what the package
# trains.** Stepwise training works as before: in step $n$ both streams are read at iteration
# $n$.
#
# <details><summary>Deeper: the second gradient</summary>
#
# $\partial p_s / \partial z_{(s),k} = p_s\,([k = y] - \hat y_{(s),k})$, by the quotient rule.
# The factor $\tfrac12$ inside the logarithm cancels, and
#
# $$\frac{\partial L}{\partial z_{(s),k}}
# = -\frac{1}{\sum_{s'} p_{s'}} \cdot p_s \left( [k=y] - \hat y_{(s),k} \right) .$$
#
# The folded cell proves every gradient of the whole network with the loss that is trained.
#
# </details>

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
rows = gradcheck.check_network(network, label="two streams", witnesses=("complex",))
worst = max(row.complex_error for row in rows)
holds(
    f"{len(rows)} gradients, the worst {worst:.0e} apart", [row.passed for row in rows]
)

# %% [markdown]
# ## 6. Trained small, compared honestly
#
# The four rows of the paper's Table II on five synthetic actions, three seeds each: direct
# training of 30 epochs, and the pair also stepwise, twice 15. One attention iteration; 45
# sequences to train on, 60 to test.
#
# > **Predict.** Before you look: how large would a difference have to be for you to believe
# > it?

# %%
STEPWISE = {"mode": "stepwise", "epochs": 15, "patience": 15}
ROWS = {
    "coarse only": {"network": "coarse"},
    "fine only": {"network": "gca"},
    "two streams": {"network": "two-stream"},
    "two streams, stepwise": {"network": "two-stream"} | STEPWISE,
}


def trained(seed, changes):
    """A network, its trained state, the split, and the accuracy on new people."""
    settings = replace(small, seed=seed, **changes)
    split = runs.make_split(data, source, settings)
    network = split.network(settings)
    state = training.start(network, settings)
    people = split.aligned, split.fit, split.validate
    training.train(network, state, *people, settings)
    test = split.aligned, split.test, settings
    _, p = training.evaluate(Engine(network), state.params, *test)
    right = p.argmax(axis=1) == split.aligned.label[split.test]
    return network, state, split, float(right.mean())


found = {name: [trained(seed, row) for seed in range(3)] for name, row in ROWS.items()}

# %%
accuracy = {name: np.array([one[3] for one in of]) for name, of in found.items()}
figure, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
for k, values in enumerate(accuracy.values()):
    ax.plot(values, [k] * 3, "o", color=BLUE, mfc="none", ms=8)
    ax.plot(values.mean(), k, "|", color=ORANGE, ms=18, mew=2)
ax.axvline(0.2, color=GREY, ls=":")
ax.set(yticks=range(4), yticklabels=list(accuracy), xlim=(0, 1.03))
ax.set(xlabel="accuracy of three seeds (o), and their mean (|); dotted: guessing")
ax.invert_yaxis()
plt.show()

# %%
for (name, values), row in zip(accuracy.items(), paper.table_II().rows, strict=True):
    cs, cv = row.paper
    print(f"{name:22} {values.mean():4.0%} here; the paper, NTU: CS {cs} %, CV {cv} %")
means = np.array([values.mean() for values in accuracy.values()])
widest = max(np.ptp(values) for values in accuracy.values())
words = "less than" if np.ptp(means) < widest else "as much as"
print(
    f"the rows' means are up to {np.ptp(means):.0%} apart, {words} one row's seeds are"
)
print(f"from each other ({widest:.0%}); one test sequence is {1 / 60:.1%}")
holds("all four are far above guessing, 20 %, on average", means > 0.4)

# %% [markdown]
# What may one conclude? That all four learn the task. *Not* which is best: another
# processor, which only rounds differently, may put the rows in another order. An order
# that rounding changes is no result; nor does it refute the paper's, which has 60 actions
# in 56,000 sequences. The paper's own table deserves the same look: from fine to both it
# gains two points, with one number for each row and no spread.
#
# Is the pair at least better than its own two halves? That is a fairer question, for all
# three share one training.

# %%
for seed, (network, state, split, both) in enumerate(found["two streams"]):
    test_x, labels = split.aligned.batch(split.test, network.frames)
    logits = Engine(network).forward(state.params, test_x)  # (2, sequences, classes)
    alone = [float((z.argmax(axis=1) == labels).mean()) for z in logits]
    print(
        f"seed {seed}: fine {alone[0]:.0%}, coarse {alone[1]:.0%}, average {both:.0%}"
    )
    halves = np.mean([float(nll_forward(z, labels)[0]) for z in logits])
    pair = -np.log(probabilities(logits)[np.arange(len(labels)), labels]).mean()
    words = (
        f"the average's loss, {pair:.2f}, is not above the halves' mean, {halves:.2f}"
    )
    holds(words, pair <= halves + 1e-6)

# %% [markdown]
# In accuracy the average need not beat the better half. Its *loss* is never above the mean of
# the halves' losses: the inequality of section 5, for any two predictors.
#
# ## 7. What the two streams look at
#
# The scores of one clap, as multiples of a uniform score, in both streams.
#
# > **Predict.** How will you tell the coarse maps from the fine ones at a glance?

# %%
network, state, split, _ = found["two streams"][0]
n = next(n for n in split.test if data.class_names[data.label[n]] == "clap")
_, cache = network.forward(state.params, split.aligned.batch([n], network.frames)[0])
of_fine, of_coarse = (network.scores(cache, stream=s) for s in (0, 1))  # (1, 1, T, J)
scores = np.concatenate([of_fine, of_coarse * len(PARTS) / network.joints])
truth = localisation.truth_at(data, split.aligned, [n], network.frames)
charts.score_maps(["clap"], truth, scores, joint_names, ("fine", "coarse"))

# %%
bands = [of_coarse[..., np.array(parts) == part] for part in range(len(PARTS))]
holds("all joints of a part have one score", [(b == b[..., :1]).all() for b in bands])
first_of_part = [parts.index(part) for part in range(len(PARTS))]
once = of_coarse[..., first_of_part].sum(axis=(2, 3))
same("parts, each once, sum to", once, np.ones_like(once), to=1e-5)

# %% [markdown]
# By its bands. Where they are bright is a gate that training found useful, and nothing in the
# loss asks it to point at the action; tutorial 7 measures how well it does.
#
# ## Summary
#
# - A part speaks by a mean, which goes back as equal portions; it hands its score to all its
#   joints, and what comes back adds up.
# - Between the two lies tutorial 3's attention, over $5T$ cells instead of $JT$.
# - Two streams read one layer 1; its gradient is the sum of what both send.
# - Probabilities are averaged to predict, losses to train.
# - A difference between networks needs seeds and test sequences enough to be seen.
#
# ## Exercises
#
# Put your answer in the place of `...` and run the cell: it checks itself.
#
# **1 (easy). More than one.** The shared scores of section 1 add up to more than 1. Give a
# formula of their sum over all cells, for parts of the sizes `sizes` and scores `r_P` (5, T),
# and the smallest and the largest value that it can have for the 25 joints.
#
# <details><summary>Hint</summary>
#
# Each part's score counts as often as it has joints; the sum is a weighted mean of the $J_P$.
#
# </details>


# %%
def sum_of_shared(sizes, r_P):
    """The sum over all joints and frames of the shared scores."""
    return ...


smallest, largest = ..., ...
r_1 = rng.dirichlet(np.ones(5 * 8)).reshape(8, 5).T  # scores (5, T) of 8 frames


def by_sharing():
    shared, _ = share_forward(r_1.T.reshape(-1, 1), parts, 8)
    single = []
    for part in range(5):  # all of the score in one cell
        one, _ = share_forward(np.eye(40)[:, part : part + 1], parts, 8)
        single.append(one.sum())
    return shared.sum(), min(single), max(single)


check_1 = exercise("1", by_sharing, "Sum over parts and frames of J_P r_P.")
check_1(lambda: (sum_of_shared(sizes, r_1), smallest, largest))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 1
assert check_1(((sizes[:, None] * r_1).sum(), sizes.min(), sizes.max()))

# %% [markdown]
# **2 (easy). A walk that comes back.** With ST-LSTM's tree traversal the chain is 49 places
# long, for the walk comes back through joints. The mean of Eq. 12 then runs over *places*.
# Which weights have the spine's upper end and the head in the torso's mean?
#
# <details><summary>Hint</summary>
#
# Count how often each occurs among `torso`; arms and neck hang from one of the two.
#
# </details>

# %%
walk = chain(25, KINECT_V2.edges, root=0, revisit=True)
torso = [data.joint_names[j] for j in walk if part_of[j] == 0]  # its places, in order
spine_shoulder, head = ..., ...


def by_the_matrix():
    along = [part_of[j] for j in walk]
    _, places = mean_forward(np.zeros((len(walk), 1, 1)), along, 1)  # (5, 49)
    names = np.array([data.joint_names[j] for j in walk])
    return tuple(float(places[0, names == n].sum()) for n in ("spine shoulder", "head"))


check_2 = exercise("2", by_the_matrix, "Its places, by all places of the torso.")
check_2((spine_shoulder, head))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 2
print({name: f"{torso.count(name)} of {len(torso)}" for name in dict.fromkeys(torso)})
assert check_2(tuple(torso.count(n) / len(torso) for n in ("spine shoulder", "head")))

# %% [markdown]
# **3 (medium). Unequal streams.** $L = \alpha L_{(F)} + (1-\alpha) L_{(C)}$. `dz` is the
# gradient by the logits (2, B, classes) of the mean of both losses, $\alpha = \tfrac12$. Which
# single change of it does another $\alpha$ take?
#
# <details><summary>Hint</summary>
#
# Stream 0 has the factor $\tfrac12$ in `dz`, and is to have $\alpha$.
#
# </details>


# %%
def reweighed(dz, alpha):
    """The gradient by the logits of the weighed loss."""
    return ...


tiny = TwoStream(6, 3, 3, 4, hidden=3, iterations=1, initial="average", parts=SMALL)
params, x, y = gradcheck.problem(tiny)[:3]


def weighted_loss(W):
    z, _ = tiny.forward(params | {"layer1.W": W}, x)
    return 0.8 * nll_forward(z[0], y)[0] + 0.2 * nll_forward(z[1], y)[0]


def through_the_network(reweighed):
    z, cache = tiny.forward(params, x)
    changed = reweighed(nll_backward(nll_forward(z, y)[1]), 0.8)
    return changed if changed is ... else tiny.backward(changed, cache)["layer1.W"]


stepped = complex_step(weighted_loss, params["layer1.W"])
check_3 = exercise("3", lambda: stepped, "Twice alpha, and twice the rest.")
check_3(lambda: through_the_network(reweighed))

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 3
assert check_3(
    lambda: through_the_network(
        lambda dz, alpha: 2 * np.array([alpha, 1 - alpha])[:, None, None] * dz
    )
)

# %% [markdown]
# **4 (medium). Parts of your own.** Divide the small body of six joints into an upper and a
# lower half: any two of the part numbers 0 to 4. Over how many cells does its softmax run?
# `gradcheck` proves the gradients of your network.
#
# <details><summary>Hint</summary>
#
# A tuple of six numbers, one for each joint; three frames.
#
# </details>

# %%
my_parts, cells_of_softmax = ..., ...


def proved(chosen):
    """How many parts there are, how many cells, and whether all gradients pass."""
    if chosen is ...:
        return ...
    network = Coarse(
        6, 3, 3, 4, hidden=3, iterations=1, initial="average", parts=chosen
    )
    rows = gradcheck.check_network(network, label="halves", witnesses=("complex",))
    _, cache = network.forward(*gradcheck.problem(network)[:2])
    cells = cache.streams[0].rounds[0].r.shape[0]
    return len(set(chosen)), cells, all(row.passed for row in rows)


check_4 = exercise("4", lambda: (2, 6, True, 6), "Two parts, in three frames.")
check_4(
    lambda: (
        proved(my_parts) if my_parts is ... else (*proved(my_parts), cells_of_softmax)
    )
)

# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 4
assert check_4(lambda: (*proved((0, 0, 0, 3, 3, 3)), 6))

# %% [markdown]
# **5 (hard). Do the streams agree?** Split `dz` into what the fine half of the loss sends and
# what the coarse half sends. Then the solution measures the angle between both gradients of
# `layer1.W`. At an exact minimum of the loss, what is that angle, in degrees?
#
# <details><summary>Hint</summary>
#
# Zeros in the place of the other stream. At a minimum both gradients add up to zero.
#
# </details>


# %%
def split_in_two(dz):
    """Two arrays of the shape of dz (2, B, classes): fine's part, and coarse's."""
    return ..., ...


angle_at_a_minimum = ...
direction = rng.standard_normal(params["layer1.W"].shape)


def slopes(split_in_two):
    """How each half of the loss changes in a direction of layer1.W."""
    z, cache = tiny.forward(params, x)
    two = split_in_two(nll_backward(nll_forward(z, y)[1]))
    if any(dz is ... for dz in two):
        return ...
    found = (tiny.backward(dz, cache)["layer1.W"] for dz in two)
    return tuple(float((g * direction).sum()) for g in found)


def by_small_steps():
    moved = params | {"layer1.W": params["layer1.W"] + 1e-30j * direction}
    z, _ = tiny.forward(moved, x)
    halves = [nll_forward(of_stream, y)[0].imag / 1e-30 / 2 for of_stream in z]
    return tuple(map(float, halves)), 180


check_5 = exercise("5", by_small_steps, "Opposite vectors of equal length.")
check_5(lambda: (slopes(split_in_two), angle_at_a_minimum))


# %% jupyter={"source_hidden": true} tags=["hide-cell"]
# Solution 5
def apart(dz):
    zeros = np.zeros_like(dz[0])
    return np.stack([dz[0], zeros]), np.stack([zeros, dz[1]])


def agreement(network, weights, x, labels):
    """The angle between the streams' gradients by layer1.W, and how alike they fail."""
    exact = {name: value.astype(float) for name, value in weights.items()}
    z, cache = network.forward(exact, x.astype(float))
    dz = nll_backward(nll_forward(z, labels)[1])
    one, other = (network.backward(d, cache)["layer1.W"].ravel() for d in apart(dz))
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    withheld = -dz[:, np.arange(len(labels)), labels]  # 1 - p of the truth, scaled
    return np.degrees(np.arccos(cosine)), np.corrcoef(withheld)[0, 1]


assert check_5(lambda: (slopes(apart), 180))
for seed, (network, state, split, _) in enumerate(found["two streams"]):
    fit_x, labels = split.aligned.batch(split.fit, network.frames)
    fresh = network.init(np.random.default_rng(seed))
    for name, now in (("fresh", fresh), ("trained", state.params)):
        angle, alike = agreement(network, now, fit_x, labels)
        print(
            f"seed {seed}, {name:8} angle {angle:3.0f}, failures correlate {alike:5.2f}"
        )
        if name == "fresh":
            holds("a fresh pair is near a right angle", 50 < angle < 130)

# %% [markdown]
# <details><summary>Solution 5, the explanation</summary>
#
# In the beginning each stream reads $h$ through random weights of its own: near a right angle.
# Later the mistakes decide. A sequence that a stream has right counts for what it lacks to
# certainty, so each stream pulls where the few sequences tell it to that it does not yet have.
# Where both fail on the same ones they pull alike, and the angle shrinks; three pairs make no
# law. At a minimum both add up to zero: unless both vanish, they are opposite.
#
# </details>

# %% [markdown]
# ## What comes next
#
# [Tutorial 7](07_what_it_looks_at.ipynb) asks what a trained network looks at, and measures it
# against the truth.
