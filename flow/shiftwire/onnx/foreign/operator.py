"""What a row of the table of operations says, and the rows of the operations that are rewritten here."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from shiftwire.onnx.foreign.fused import CHANNELS_LAST, MICROSOFT


class Place(enum.Enum):
    """Where in a network an operation may stand."""

    LAYER = "layer"
    QUANTIZER = "quantizer"
    WAITS = "waits for the next quantizer"
    TABLE = "table"
    HOST = "host"
    MOVE = "moves"
    REWRITTEN = "rewritten"


MEANINGS = {
    Place.LAYER: "becomes hardware of its own, on codes of a known grid",
    Place.QUANTIZER: (
        "makes codes: of the input on the host, of weights at conversion, elsewhere as Requantize or Threshold"
    ),
    Place.WAITS: (
        "float arithmetic, channel by channel, that becomes part of the next quantizer's staircase; in front of the "
        "first quantizer and behind the last layer the host computes it"
    ),
    Place.TABLE: (
        "a function of codes that falls and rises; with all float operations up to the next quantizer it becomes a "
        "table of output codes, or thresholds where it never falls or never rises"
    ),
    Place.HOST: "the host computes it behind the last layer, with numpy alone",
    Place.MOVE: "moves values and computes none",
    Place.REWRITTEN: "becomes one of the others before anything is read",
}


@dataclass(frozen=True, slots=True)
class Operator:
    """One operation: under which domains, what becomes of it, and what of it is not read."""

    name: str
    place: Place
    becomes: str
    restrictions: str = ""
    domains: tuple[str, ...] = ("",)
    since: str = "0.1"
    """The version of shiftwire that first read it."""

    @property
    def keys(self) -> Iterator[tuple[str, str]]:
        """Domain and name of each spelling."""
        yield from ((domain, self.name) for domain in self.domains)


_CODES = "scales and zero points are constants, one a tensor (one an output for weights)"

FOREIGN: tuple[Operator, ...] = (
    Operator(
        "QuantizeLinear",
        Place.REWRITTEN,
        "Codes",
        "int4 to int16 and unsigned, one scale and zero point a tensor; no blocks, no float8",
        ("", MICROSOFT),
    ),
    Operator(
        "DequantizeLinear",
        Place.REWRITTEN,
        "a scale; of constants, quantized weights",
        "one scale a tensor, one an output for weights; no blocks",
        ("", MICROSOFT),
    ),
    *(
        Operator(name, Place.REWRITTEN, kind, "constant weights; " + _CODES)
        for name, kind in (
            ("ConvInteger", "Conv of codes"),
            ("MatMulInteger", "Gemm of codes"),
            ("QLinearConv", "Conv of codes, a factor and Codes"),
            ("QLinearMatMul", "Gemm of codes, a factor and Codes"),
        )
    ),
    Operator("QGemm", Place.REWRITTEN, "Gemm of codes, a factor and Codes", "transA = 0; " + _CODES, (MICROSOFT,)),
    *(
        Operator(name, Place.REWRITTEN, f"{kind} of values, and Codes", _CODES, (MICROSOFT,))
        for name, kind in (
            ("QLinearAdd", "Add"),
            ("QLinearMul", "Mul"),
            ("QLinearSigmoid", "Sigmoid"),
            ("QLinearLeakyRelu", "LeakyRelu"),
            ("QLinearSoftmax", "Softmax"),
            ("QLinearGlobalAveragePool", "GlobalAveragePool"),
            ("QLinearAveragePool", "AveragePool"),
            ("QLinearConcat", "Concat"),
        )
    ),
    *(
        Operator(name, Place.REWRITTEN, f"{kind} and its activation", "", (MICROSOFT,))
        for name, kind in (("FusedConv", "Conv"), ("FusedGemm", "Gemm"), ("FusedMatMul", "MatMul and a factor"))
    ),
    *(
        Operator(name, Place.REWRITTEN, f"{name} between two Transposes", "as ONNX's own", (CHANNELS_LAST,))
        for name in ("Conv", "MaxPool", "AveragePool", "BatchNormalization")
    ),
)
"""Integers, fused layers and channels that come last."""
