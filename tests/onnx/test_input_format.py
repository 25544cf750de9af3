"""Inputs that no quantizer of the file puts on a grid: their format is named by the user or declared by the file."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import onnx
from foreign_files import File, encoded, executed, spread
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model

ROW = (6,)


def drawn(*shape: int) -> np.ndarray:
    """Numbers from 0.3 to 1.7, none of them a power of two."""
    return np.random.default_rng(shape).uniform(0.3, 1.7, shape).astype(np.float32)


def unquantized(*nodes: tuple[Any, ...], metadata: str = "") -> onnx.ModelProto:
    """Quantized weights behind a float input, and a quantizer behind the sums."""
    file = File(ROW, metadata={"shiftwire.input": metadata} if metadata else {})
    w = file.quant(np.random.default_rng(8).normal(0, 0.4, (4, 6)), 0.13, 4)
    last = "x"
    for kind, *constants in nodes:
        last = file.add(kind, last, *constants)
    file.quant(file.add("Gemm", last, w, transB=1), 0.37, 6, out="y")
    return file.model()


@pytest.mark.parametrize("format", ["u8.8", "s8.4", "s16.10", "s4.0", "u8.0"])
def test_the_format_of_an_input_without_a_quantizer(format: str, count: Any) -> None:
    """Values are rounded half to even to it, which the file itself does not do; it then is run with those."""
    wish = Fixed.parse(format)
    model = unquantized()
    network = network_from_model(model, input_format=wish)
    assert network.input.format == wish and network.host_input.quantizes and not network.host_input.steps
    reach = float(wish.decode(np.array(wish.hi)))
    x = spread(np.random.default_rng(9), ROW, reach=reach / 2)
    scaled = [[Fraction(float(each)) * 2**wish.frac for each in row] for row in x]
    codes = np.array([[min(max(round(each), wish.lo), wish.hi) for each in row] for row in scaled])
    assert np.array_equal(encoded(network, x), codes)
    expected = executed(model, wish.decode(codes))
    assert np.array_equal(
        network.host_output.nearest(expected, network.output.format), network.evaluate(encoded(network, x))
    )
    assert len(np.unique(expected)) > 5
    count(onnxruntime_outputs=expected.size)


def test_the_format_of_an_input_that_is_normalized(count: Any) -> None:
    """Codes of the input's own format, as they come behind the file's division by 255."""
    model = unquantized(("Div", 255.0))
    network = network_from_model(model, input_format=Fixed.parse("u8.0"))
    x = np.random.default_rng(10).integers(0, 256, (200, 6)).astype(np.float32)
    x[0], x[1] = 0, 255
    expected = executed(model, x)
    codes = network.evaluate(encoded(network, x))
    assert np.array_equal(network.host_output.nearest(expected, network.output.format), codes)
    assert len(np.unique(codes)) > 10
    count(onnxruntime_outputs=expected.size)


def test_a_format_where_the_file_has_its_own_is_refused() -> None:
    file = File(ROW)
    a = file.quant(file.add("Mul", "x", 0.37), 0.173, 6)
    file.add("Gemm", a, file.quant(drawn(4, 6), 0.25, 3), transB=1, out="y")
    model = file.model()
    with pytest.raises(InputError, match=r"the file quantizes 'x' to s6\.\d; leave --input-format out"):
        network_from_model(model, input_format=Fixed.parse("u8.8"))


def test_an_input_of_no_format_is_refused() -> None:
    words = (
        "it reads 'x', a float tensor on no known grid; quantize it by a quantizer behind the graph input, or name "
        "the input's format by --input-format or in the metadata 'shiftwire.input'"
    )
    with pytest.raises(InputError, match=words):
        network_from_model(unquantized())


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([("Mul", drawn(6))], "step"),
        ([("Sigmoid",)], "the input is on a grid and bent by a curve behind it; put a quantizer behind the curve"),
        ([("Add", 0.3)], "an offset that is no multiple of the input's steps; put a quantizer in front of the layer"),
        (
            [("Round",)],
            "rounded to steps of 1 and not clipped to a range that a format holds; clip it behind the round",
        ),
    ],
    ids=["factors", "curve", "offset", "no range"],
)
def test_steps_that_end_on_no_grid_are_refused(nodes: list[tuple[Any, ...]], words: str) -> None:
    wish = None if nodes == [("Round",)] else Fixed.parse("u8.8")
    with pytest.raises(InputError, match=words):
        network_from_model(unquantized(*nodes), input_format=wish)


def read_back(network: Network) -> Network:
    return network_from_model(to_onnx(network))


@pytest.mark.parametrize("format", ["s8.4", "u4.0"])
def test_a_declared_input_survives_the_file(format: str) -> None:
    """A grid without a quantizer is none for the host, whatever layer reads it first."""
    network = network_from_model(unquantized(metadata=format))
    assert not network.host_input.quantizes and not network.host_input.steps
    assert str(network.input.format) == format and str(read_back(network).input.format) == format
    assert not read_back(network).host_input.quantizes
