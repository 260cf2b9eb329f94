"""Elementary operations, each a forward and a backward that stand side by side.

`name_forward(...) -> (output, cache)` and `name_backward(doutput, cache) -> gradients`, where `dq` means the derivative
of the loss with respect to `q` and has the shape of `q`. Every operation also accepts complex numbers, because the
gradient checks differentiate with an imaginary step; that is why comparisons look at the real part only.
"""

import math
from typing import NamedTuple

from .arrays import array_module, on_host


def rows(x):
    """x (..., D) as a matrix of rows (-1, D), a view where x is contiguous."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def matmul(x, W, out=None):
    """`x W` over the last axis of x (..., D) with W (D, E): one large product instead of many small ones.

    The result (..., E) is written to `out` where that is given.
    """
    y = array_module(x).matmul(rows(x), W, out=None if out is None else rows(out))
    return y.reshape(*x.shape[:-1], W.shape[1])


def matmul_dW(x, dy):
    """Gradient of W in `y = matmul(x, W)`: x (..., D) and dy (..., E) give dW (D, E)."""
    return rows(x).T @ rows(dy)


class Product(NamedTuple):
    """A weight gradient x^T dy that is not multiplied out yet: x (B, D), dy (B, E).

    Where W is large and the batch small, the factors are far smaller than the product.
    """

    x: object
    dy: object

    def squared_norm(self):
        """The sum of the gradient's squared entries: sum_ab (x x^T)_ab (dy dy^T)_ab, without the gradient itself."""
        return ((self.x @ self.x.T) * (self.dy @ self.dy.T)).sum()


def affine_forward(x, W, b):
    """y = x W + b over the last axis: x (..., D), W (D, E), b (E,) give y (..., E)."""
    return matmul(x, W) + b, (x, W)


def affine_backward(dy, cache):
    """dy (..., E) gives dx (..., D), dW (D, E), db (E,)."""
    x, W = cache
    return matmul(dy, W.T), matmul_dW(x, dy), rows(dy).sum(axis=0)


def sigmoid_forward(z):
    """Logistic function of any shape, as 1/2 + tanh(z/2)/2, which cannot overflow."""
    y = 0.5 + 0.5 * array_module(z).tanh(0.5 * z)
    return y, y


def sigmoid_backward(dy, y):
    """dz = dy y (1 - y)."""
    return dy * y * (1 - y)


def tanh_forward(z):
    """Hyperbolic tangent of any shape."""
    y = array_module(z).tanh(z)
    return y, y


def tanh_backward(dy, y):
    """dz = dy (1 - y^2)."""
    return dy * (1 - y * y)


def relu_forward(z):
    """Positive part of any shape; its derivative at 0 is taken as 0."""
    return array_module(z).multiply(z, z.real > 0), z


def relu_backward(dy, z):
    """dy where z was positive, 0 elsewhere."""
    return dy * (z.real > 0)


def softmax_forward(e):
    """Softmax over axis 0: e (K, ...) gives y of the same shape, which sums to 1 over K (the form of Eqs. 6 and 11)."""
    xp = array_module(e)
    y = xp.exp(e - xp.max(e.real, axis=0))  # the shift cancels; it keeps exp from overflowing
    y /= y.sum(axis=0)
    return y, y


def softmax_backward(dy, y):
    """de = y (dy - sum_k y_k dy_k): each output depends on every input through the shared denominator."""
    return y * (dy - (y * dy).sum(axis=0))


def dropout_mask(rng, shape, p, dtype):
    """Inverted dropout mask: 0 with probability p, 1/(1-p) otherwise, so that the mean stays 1.

    It lives where the generator does, on the host or on the GPU; dtype is a scalar type such as float32's. On the host
    random bits decide, which are sooner drawn than numbers: one bit on each entry where p is a half, eight where it is
    another multiple of 1/256, and else sixteen, with p in steps of 1/65536.
    """
    if not on_host(rng):
        return (rng.random(shape, dtype="float32") >= p) * dtype(1 / (1 - p))
    n = math.prod(shape)
    count = next((bits for bits in (1, 8) if (2.0**bits * p).is_integer()), 16)
    drawn = rng.integers(0, 1 << 64, -(-n * count // 64), dtype="uint64")
    drawn = array_module(drawn).unpackbits(drawn.view("uint8"))[:n] if count == 1 else drawn.view(f"uint{count}")[:n]
    return (drawn.reshape(shape) >= round(p * 2**count)) * dtype(1 / (1 - p))


def dropout_forward(x, mask, out=None):
    """x times its mask (of the same shape), in `out` if given; a mask of None, as in testing, changes nothing."""
    return (x if mask is None else array_module(x).multiply(x, mask, out=out)), mask


def dropout_backward(dy, mask, out=None):
    """dy times the same mask."""
    return dy if mask is None else array_module(dy).multiply(dy, mask, out=out)


def nll_forward(logits, y):
    """Mean negative log-likelihood of softmax(logits) (Eq. 9 and the loss below it).

    logits (B, classes) and the true labels y (B,), integers, give a loss of shape (), on the device. Where a network
    classifies several times, (S, B, classes), it is the mean over all of them.
    """
    xp = array_module(logits)
    shifted = logits - logits.real.max(axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.exp(shifted).sum(axis=-1, keepdims=True))  # (B, classes)
    rows = xp.arange(len(y))
    return -log_p[..., rows, y].mean(), (xp.exp(log_p), rows, y)


def nll_backward(cache):
    """dlogits = (softmax(logits) - onehot(y)) / B, for a loss whose own gradient is 1."""
    p, rows, y = cache
    dlogits = p.copy()
    dlogits[..., rows, y] -= 1
    return dlogits / math.prod(p.shape[:-1])


def probabilities(logits):
    """Probabilities of the classes (B, classes) from logits of that shape; of several, (S, B, classes), their mean."""
    p, _ = softmax_forward(logits.T)  # (classes, B) or (classes, B, S)
    return (p if p.ndim == 2 else p.mean(axis=2)).T
