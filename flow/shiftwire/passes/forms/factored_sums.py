"""Convolutions of factors as two layers: sums by coefficients along columns, then products with bases along rows.

W[o] = Ce[o] B[o] with a row of Ce for each channel and row of the 3x3 kernel, so

    s[o, j](row, column) = sum over channels c and kernel rows i of Ce[o, (c, i), j] * x[c](row + i, column)
    y[o](row, column)    = bias[o] + sum over j and kernel columns k of B[o, j, k] * s[o, j](row, column + k)

exactly: both are sums of products of integers, and a padded column is a sum of zeros. Coefficients are signed powers of
two, so that the first layer, which has all but nine of an output's operations, multiplies nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node
from shiftwire.ir.window import Window
from shiftwire.numbers.factored import SIDE
from shiftwire.numbers.fixed import Codes
from shiftwire.numbers.shift_weights import ShiftWeights, Signs
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.factored import Factored
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

IN_FRONT = "_factors"
"""What is added to the name of a layer for the one that sums by its coefficients."""


def has_sums(node: Node) -> bool:
    """Whether a layer is a convolution of 3x3 kernels whose filters have a basis each."""
    op = node.op
    if not isinstance(op, Conv) or not isinstance(op.weights, Factored) or op.groups > 1:
        return False
    return op.window.kernel == (SIDE, SIDE) and op.weights.factors.basis.shape[1] == 1 and bool(_rows(op.weights).size)


def factored_sums(network: Network, layers: Collection[str]) -> Network:
    """The network with those layers as two; a layer stays that has no such form, or whose other name is taken."""
    taken = network.tensors
    able = {name for name in layers if name + IN_FRONT not in taken}
    nodes = [part for node in network.nodes for part in (_parts(node) if node.name in able else (node,))]
    return replace(network, nodes=tuple(nodes))


def _parts(node: Node) -> Iterator[Node]:
    op = node.op
    if not has_sums(node):
        yield node
        return
    assert isinstance(op, Conv) and isinstance(op.weights, Factored)
    window, factors = op.window, op.weights.factors
    coefficients = ShiftWeights(*(_by_sums(of, op.weights) for of in (factors.sign, factors.exponent)))
    bases = factors.basis[:, 0].swapaxes(1, 2)[:, None].astype(np.int64)  # (out, 1, kernel column, j)
    first = Conv(Shift(coefficients), Bias.none(SIDE * len(bases)), _along(window, 0))
    second = Conv(Int(bases, factors.basis_frac), op.bias, _along(window, 1), len(bases))
    yield Node(node.name + IN_FRONT, first, node.inputs)
    yield replace(node, op=second, inputs=(node.name + IN_FRONT,))


def _rows(weights: Factored) -> Codes:
    """The row of the coefficients (kernel rows, channels) that each row of a kernel has; none where columns differ."""
    row, column = np.divmod(weights.places, SIDE)
    is_plain = (column == np.arange(SIDE)[None, :, None]).all() and (row == row[:, :1]).all()
    return row[:, 0] if is_plain else np.zeros(0, np.int64)


def _by_sums(coefficients: Signs, weights: Factored) -> Signs:
    """(1, (out, j), kernel rows, 1, channels) of coefficients (out, 1, rows, j)."""
    chosen = coefficients[:, 0][:, _rows(weights)]
    return np.moveaxis(chosen, -1, 1).reshape(-1, *chosen.shape[1:3])[None, :, :, None]


def _along(window: Window, axis: int) -> Window:
    """A window's part along one of its two axes."""

    def part(sizes: tuple[int, ...], other: int) -> tuple[int, ...]:
        return tuple(size if at == axis else other for at, size in enumerate(sizes))

    return Window(part(window.kernel, 1), part(window.stride, 1), part(window.begin, 0), part(window.end, 0))
