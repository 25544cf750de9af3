"""Layers of integer weights: what they take as sums of powers of two, and what as products of the same pace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from shiftwire.ir.cost import multiplier_blocks
from shiftwire.ir.network import Node
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.shift_weights import signed_digits
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.forms.rescale import IN_FRONT
from shiftwire.schedule.design import Design
from shiftwire.schedule.fold_choice import Choice, choice_at

FEW_TERMS = 2.0
"""Mean terms of weights up to which a layer is one that was trained to shift, and no product is asked after."""


@dataclass(frozen=True, slots=True)
class WeightForm:
    """A layer with one form of its weights, modelled; k is the mean over its filters, None for products.

    dsp  multiplier blocks where products lie in blocks, as in HLS C++, and not in the `lut` of the SystemVerilog.
    """

    form: str
    k: float | None
    pe: int
    simd: int
    cycles: int
    lut: int
    bram36: float
    dsp: int


@dataclass(frozen=True, slots=True)
class WeightChoice:
    """A layer, the form that a design has, and both."""

    layer: str
    chosen: str
    forms: tuple[WeightForm, WeightForm]

    @property
    def terms(self) -> WeightForm:
        """As sums of powers of two."""
        return self.forms[0]

    @property
    def products(self) -> WeightForm:
        """As products."""
        return self.forms[1]


def weight_choices(design: Design) -> tuple[WeightChoice, ...]:
    """Every layer whose weights are integers of several signed digits, as it is built and in its other form.

    The other form has the cheapest fold that is as fast as the slowest unit of the design, or its fastest one.
    """
    return tuple(_choices(design))


def _choices(design: Design) -> Iterator[WeightChoice]:
    inner = {node.name for node in design.network.nodes if node.name.endswith(IN_FRONT)}
    for node in design.network.nodes:
        op = node.op
        if node.name in inner or not isinstance(op, Weighted):
            continue
        match op.weights:
            case Shift(weights) if op.weights.circle == 1 and (op.weights.terms or 0) > FEW_TERMS:
                other = replace(op, weights=Int(weights.integers, -weights.exponent_range[0]))
                yield WeightChoice(node.name, "terms", (_built(design, node), _form(design, node, other)))
            case Int(codes, grid) if _digits(codes) > FEW_TERMS:
                other = replace(op, weights=Shift(signed_digits(codes, grid)))
                yield WeightChoice(node.name, "multiply", (_form(design, node, other), _built(design, node)))
            case _:
                pass


def _digits(codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> float:
    return float(signed_digits(codes, 0).terms_per_filter.mean())


def _built(design: Design, node: Node) -> WeightForm:
    inputs, output = design.network.sources(node), design.network.tensors[node.name]
    assert isinstance(node.op, Weighted)
    return _figures(design, node, node.op, choice_at(node.op, inputs, output, design.folds[node.name], for_hls=False))


def _form(design: Design, node: Node, op: Weighted) -> WeightForm:
    inputs, output = design.network.sources(node), design.network.tensors[node.name]
    every = [choice_at(op, inputs, output, fold, for_hls=False) for fold in op.folds(inputs, output)]
    able = [choice for choice in every if choice.cycles <= design.timing.interval]
    if able:
        return _figures(design, node, op, min(able, key=lambda choice: (choice.price, choice.cycles, choice.fold)))
    return _figures(design, node, op, min(every, key=lambda choice: (choice.cycles, choice.price, choice.fold)))


def _figures(design: Design, node: Node, op: Weighted, choice: Choice) -> WeightForm:
    (x,) = design.network.sources(node)
    is_product = isinstance(op.weights, Int)
    products = choice.fold.pe * choice.fold.simd if is_product else 0
    return WeightForm(
        "multiply" if is_product else "terms",
        op.terms,
        choice.fold.pe,
        choice.fold.simd,
        choice.cycles,
        choice.cost.lut,
        choice.cost.bram36,
        products * multiplier_blocks(x.format.signed_bits, op.weights.rom_type.bits),
    )
