"""The L1 distance and AdderNet's gradients, in matrix products and small blocks."""

import math
from typing import Any

import torch
from torch import Tensor

_BLOCK_ELEMENTS = 1 << 18
"""1 MiB of float32: one block of |x - w| stays in the second-level cache."""


class _NegativeDistance(torch.autograd.Function):
    """cdist with p = 1 takes differences and sums of absolutes alone: exact while sums stay below 2**24 codes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        ctx.save_for_backward(x, w)
        return -torch.cdist(x, w, p=1.0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        (g,) = gradients
        x, w = ctx.saved_tensors
        dx = _clipped_gradient(x, w, g) if ctx.needs_input_grad[0] else torch.zeros_like(x)
        return dx, g.T @ x - w * g.sum(0)[:, None]


def _clipped_gradient(x: Tensor, w: Tensor, g: Tensor) -> Tensor:
    """dX = sum_o clip(w - x, -1, 1) * g, never more than one block of the (rows, out, taps) broadcast at a time."""
    rows = max(1, _BLOCK_ELEMENTS // w.numel())
    dx = torch.empty_like(x)
    for start in range(0, x.shape[0], rows):
        block = slice(start, start + rows)
        slope = (w - x[block, None, :]).clamp_(-1.0, 1.0)
        torch.bmm(g[block, None, :], slope, out=dx[block, None, :])
    return dx


class _AdaptiveRate(torch.autograd.Function):
    """The identity; its gradient is rescaled to the norm eta * sqrt(numel)."""

    @staticmethod
    def forward(ctx: Any, w: Tensor, eta: float) -> Tensor:
        ctx.eta = eta
        return w.view_as(w)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (g,) = gradients
        tiny = torch.finfo(g.dtype).tiny  # a layer that no gradient reaches keeps its zeros
        return g * (ctx.eta * math.sqrt(g.numel()) / g.norm().clamp_min(tiny)), None


def negative_distance(x: Tensor, w: Tensor) -> Tensor:
    """y[p,o] = -sum_i |x[p,i] - w[o,i]| for x (rows, taps), w (out, taps).

    dW = sum (x - w) * g in full precision, dX = sum clip(w - x, -1, 1) * g.
    Source: Chen et al., AdderNet, CVPR 2020, equations 4 to 7.
    """
    y: Tensor = _NegativeDistance.apply(x, w)  # type: ignore[no-untyped-call]
    return y


def adaptive_rate(w: Tensor, eta: float) -> Tensor:
    """The layer-wise learning rate of AdderNet, equation 12: the gradient's norm becomes eta * sqrt(numel)."""
    scaled: Tensor = _AdaptiveRate.apply(w, eta)  # type: ignore[no-untyped-call]
    return scaled
