"""The global context memory IF: initialised in one of two ways (Eq. 4 or a feed-forward layer), refined by Eq. 8."""

from typing import NamedTuple

from .arrays import FRESH, Array, Workspace, array_module
from .ops import Product, affine_backward, affine_forward, matmul, relu_backward, relu_forward


class FeedforwardCache(NamedTuple):
    """What `feedforward_forward` keeps."""

    sizes: tuple  # (K, B, H) of h
    everything: Array  # (B, K H): all outputs of layer 1 side by side
    W: Array
    workspace: Workspace
    z: Array  # (B, M): what goes into the ReLU


class RefineCache(NamedTuple):
    """What `refine_forward` keeps."""

    H: int
    affine: tuple
    z: Array  # (B, M): what goes into the ReLU


def average_forward(h):
    """IF(0) as the mean of layer 1's outputs over all cells (Eq. 4): h (K, B, H) gives IF (B, H)."""
    return h.mean(axis=0), h.shape


def average_backward(dIF, shape):
    """dIF (B, H) gives dh (K, B, H): every cell receives 1/K of it."""
    xp = array_module(dIF)
    return xp.broadcast_to(dIF / shape[0], shape)


def feedforward_forward(h, W, b, workspace=FRESH):
    """IF(0) from the concatenated outputs of layer 1.

    h (K, B, H): these outputs.
    W (K H, M), b (M,): rows of W belong to cells in the order of axis 0 (diagonal by diagonal), H to each.

    Returns IF (B, M) and a FeedforwardCache.
    """
    K, B, H = h.shape
    everything = h.swapaxes(0, 1).copy().reshape(B, K * H)  # not from the workspace: the gradient will refer to it
    z, _ = affine_forward(everything, W, b)
    IF, _ = relu_forward(z)
    return IF, FeedforwardCache(h.shape, everything, W, workspace, z)


def feedforward_backward(dIF, cache):
    """dIF (B, M) gives dh (K, B, H), dW (K H, M) and db (M,).

    dW comes as a Product, for W is by far the largest parameter.
    """
    (K, B, H), everything, W, workspace, z = cache
    dz = relu_backward(dIF, z)
    deverything = workspace.empty(array_module(z), "deverything", (B, K * H), dz.dtype)
    matmul(dz, W.T, out=deverything)
    return deverything.reshape(B, K, H).swapaxes(0, 1), Product(everything, dz), dz.sum(axis=0)


def refine_forward(F, IF, W, b):
    """The memory refined by what attention saw (Eq. 8): ReLU([F, IF] W_F + b).

    F (B, H): attention representation, the output of the last cell of layer 2.
    IF (B, M): the memory before.
    W (H + M, M), b (M,): W_F and its bias.

    Returns the new memory (B, M) and a RefineCache.
    """
    xp = array_module(F)
    z, affine = affine_forward(xp.concatenate([F, IF], axis=1), W, b)
    refined, _ = relu_forward(z)
    return refined, RefineCache(F.shape[1], affine, z)


def refine_backward(dIF, cache):
    """dIF (B, M) of the new memory gives dF (B, H), dIF (B, M) of the memory before, dW (H + M, M), db (M,)."""
    H, affine, z = cache
    dboth, dW, db = affine_backward(relu_backward(dIF, z), affine)
    return dboth[:, :H], dboth[:, H:], dW, db


def relu_input(cache):
    """What went into the ReLU of a memory (B, M): with it every cache of this module ends."""
    return cache[-1]
