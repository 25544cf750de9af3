"""Powers of two times a small basis in the contract."""

from __future__ import annotations

from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.weights import Weights
from shiftwire.numbers.factored import Factors
from shiftwire.numbers.smart_exchange import basis_codes
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.weights import read_bias, terms
from shiftwire.onnx.context.writer import Inputs, Writer
from shiftwire.onnx.ops.weights.adder import on_one_grid
from shiftwire.onnx.ops.weights.scheme import OnnxWeights
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.factored import Factored, FactoredAdder
from shiftwire.ops.weights.factors import OfFactors
from shiftwire.ops.weights.integer import Int


def _factors(view: View) -> tuple[Factors, tuple[int, ...]]:
    """Inputs 1 to 3 and the shape of a filter."""
    sign, exponent = view.integers(1, "sign"), view.integers(2, "exponent")
    if sign.shape != exponent.shape:
        raise InputError(
            f"sign {sign.shape} and exponent {exponent.shape} differ in shape; give both (out, matrices, rows, 3)"
        )
    frac, shape = view.frac("basis_frac"), view.attribute("shape")
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size > 0 for size in shape):
        raise InputError(f"attribute shape = {shape} is not handled; give that of one filter, (in) or (channels, ...)")
    basis = basis_codes(np.ldexp(view.integers(3, "basis").astype(np.float64), -frac), frac)
    return Factors(*terms(sign, exponent), basis.astype(np.int8), frac, prod(shape)), tuple(shape)


def _read(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    factors, shape = _factors(view)
    return Factored.of(factors, shape), read_bias(view, 4, len(factors.sign)), graph.source(view.inputs[0])


def _read_adder(view: View, graph: Graph) -> tuple[Weights, Bias, str]:
    """Factors, unless their weights meet a finer input: then hardware takes the weights themselves."""
    factors, shape = _factors(view)
    return on_one_grid(view, graph, FactoredAdder.of(factors, view.frac("weight_frac"), shape))


def _write(writer: Writer, weights: OfFactors, name: str) -> Inputs:
    factors = weights.factors
    arrays = {"sign": factors.sign, "exponent": factors.exponent, "basis": factors.basis}
    names = [writer.constant(f"{name}_{role}", array) for role, array in arrays.items()]
    return names, {"basis_frac": factors.basis_frac, "shape": list(weights.places.shape)}


def _write_adder(writer: Writer, weights: FactoredAdder, name: str) -> Inputs:
    names, attributes = _write(writer, weights, name)
    return names, attributes | {"weight_frac": weights.grid}


def _sayable(weights: Factored) -> Weights:
    """Factors whose numbers were permuted are integers."""
    return weights if weights.is_in_order else Int(weights.codes, weights.grid)


def _sayable_adder(weights: FactoredAdder) -> Weights:
    return weights if weights.is_in_order else Adder(weights.codes, weights.grid)


FACTORED = OnnxWeights(Factored, _read, _write, _sayable)
FACTORED_ADDER = OnnxWeights(FactoredAdder, _read_adder, _write_adder, _sayable_adder)
