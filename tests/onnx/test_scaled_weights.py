"""Factors and offsets behind quantizers of weights: one a tensor or one an output, which layers take in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnx
from qonnx_nets import Net
from rounding_ties import held
from shiftwire.api import load_network
from shiftwire.errors import InputError


def behind(net: Net, weight: str, kind: str, constant: Any, *, first: bool = False) -> str:
    """An operation on a weight, its constant second unless it is `first`; the activations stay what is last."""
    last = net.last
    made = net.add(kind, *([constant, weight] if first else [weight, constant]))
    net.last = last
    return made


def by_signs() -> Net:
    """Rastegari et al., XNOR-Net, 2016: signs of weights, and a size for each filter."""
    net = Net(3, 5, 5)
    net.quant(0.0937, 6)
    last, values = net.last, net.rng.normal(size=(6, 3, 3, 3))
    signs, net.last = net.bipolar(1.0, net.constant(values)), last
    net.conv(behind(net, signs, "Mul", np.abs(values).mean((1, 2, 3), keepdims=True)), net.rng.normal(0, 0.3, 6))
    net.add("Relu", None)
    net.quant(0.1931, 4, signed=0)
    net.add("Flatten", None)
    net.gemm(net.weight(4, 150, scale=0.11))
    net.quant(0.317, 8)
    return net


def by_factors() -> Net:
    """Negative ones and a zero, the constant first; a division behind one scale, and a kernel with holes."""
    net = Net(2, 7, 7, seed=1)
    net.quant(0.0937, 6)
    factors = np.array([0.31, -0.27, 0.0, 0.19]).reshape(4, 1, 1, 1)
    weight = behind(net, net.weight(4, 2, 3, 3, scale=1.0), "Mul", factors, first=True)
    net.conv(weight, net.rng.normal(0, 0.3, 4), pads=2, dilations=[2, 2])
    net.quant(0.51037, 6)
    net.add("Flatten", None)
    weight = behind(net, net.weight(196, 5, scale=0.25), "Div", np.array([3.1, 4.7, 5.3, 2.9, 6.1]))
    net.add("MatMul", None, weight)
    net.quant(0.417, 8)
    return net


def by_offsets() -> Net:
    """Codes moved, then scaled; a dilated kernel, whose holes nothing is added to, and a weight that is turned."""
    net = Net(2, 7, 7, seed=2)
    net.quant(0.0937, 6)
    whole = net.weight(4, 2, 3, 3, scale=1.0, signed=0, zero=7, narrow=0)
    moved = behind(net, behind(net, whole, "Add", 3.0), "Mul", net.rng.uniform(0.1, 0.3, (4, 1, 1, 1)))
    bias = behind(net, net.weight(4, scale=1.0, bits=6), "Mul", 0.0171)
    net.conv(moved, bias, pads=2, dilations=[2, 2])
    net.quant(0.70391, 6)
    net.add("Flatten", None)
    net.add("MatMul", None, behind(net, behind(net, net.weight(196, 3, scale=0.5), "Sub", 1.5), "Mul", 0.1873))
    net.quant(0.317, 8)
    return net


def unlike() -> Net:
    """What stands in front of a quantizer of scale 1 and what stands behind it are two numbers."""
    net = Net(5, seed=3)
    net.add("Div", None, 0.0937)
    net.quant(1.0, 6)
    x = net.add("Mul", None, 0.0811)
    weight = net.add("Div", net.constant(net.rng.normal(0, 0.3, (8, 5))), np.full((8, 1), 0.17))
    weight = behind(net, net.quant(1.0, 4, weight), "Mul", net.rng.uniform(0.1, 0.3, (8, 1)))
    net.last = x
    net.gemm(weight)
    net.add("Relu", None)
    net.add("Div", None, 0.1131)
    net.add("Add", None, 2.0)
    net.quant(1.0, 4, signed=0)
    net.add("Sub", None, 2.0)
    net.add("Mul", None, 0.1207)
    net.gemm(net.weight(4, 8, scale=0.11))
    net.quant(0.0917, 8)
    return net


NETS = {make.__name__: make for make in (by_signs, by_factors, by_offsets, unlike)}


@pytest.mark.parametrize("name", NETS)
def test_what_stands_behind_a_weights_quantizer_is_taken_in(name: str, tmp_path: Path, count: Any) -> None:
    net = NETS[name]()
    x = net.values()
    onnx.save(net.model(len(x)), tmp_path / "net.onnx")
    held(tmp_path / "net.onnx", x, "scaled_weights", count)


def refused(kind: str, constant: Any) -> Callable[[], Net]:
    def make() -> Net:
        net = Net(6)
        net.quant(0.1, 6)
        net.gemm(behind(net, net.weight(4, 6, scale=0.5), kind, constant))
        net.quant(0.3, 8)
        return net

    return make


REFUSED = {
    "along the inputs": (refused("Mul", np.arange(1, 7) / 8), "along another axis than their outputs"),
    "no whole step": (refused("Add", 0.3), "no whole number of their steps"),
    "no divisor": (refused("Div", 0.0), "divides by 0"),
    "more weights": (refused("Mul", np.arange(48).reshape(2, 4, 6) / 8), r"shape \(2, 4, 6\) does not fit weights"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused(name: str, tmp_path: Path) -> None:
    make, words = REFUSED[name]
    onnx.save(make().model(), tmp_path / "net.onnx")
    with pytest.raises(InputError, match=words):
        load_network(tmp_path / "net.onnx")
