"""Operations that put values on a grid, written once: what reads, rewrites, runs or trains files goes by this table."""

import enum
from dataclasses import dataclass

QONNX_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
"""The names under which the tools around QONNX have written its operations."""

CONTRACT_DOMAIN = "shiftwire"


class Reading(enum.Enum):
    """How codes follow from values."""

    INTEGER = "scale, zero point and bit width are inputs"
    BIPOLAR = "-1 and 1 times a scale"
    SIGN = "-1, 0 and 1"
    TRUNCATION = "low bits of codes are dropped"
    GRID = "a power-of-two grid named by attributes"
    CODES = "whole numbers within bounds named by attributes, of values divided by a scale"
    SCALED = "whole numbers of a constant times a scale"
    MINIFLOAT = "floats of few bits, which are on no grid"


@dataclass(frozen=True, slots=True)
class Quantizer:
    """One operation under each of its domains; its output is as large as its first input.

    functions  names of ONNX functions of this package that say what it does, by the number of inputs they take: none
               for ONNX's own operations and for what nothing here computes.
    """

    name: str
    domains: tuple[str, ...]
    reading: Reading
    functions: tuple[tuple[int, str], ...] = ()
    takes_floats: bool = True
    """Whether it makes codes of any values, and so may be the first node; truncation reads codes alone."""

    @property
    def is_read(self) -> bool:
        """Whether its values lie on a grid, so that a file with it can be converted."""
        return self.reading is not Reading.MINIFLOAT

    @property
    def is_standard(self) -> bool:
        """Whether it is one of ONNX's own operations, which every runtime has."""
        return self.domains == ("",)

    def function(self, inputs: int) -> str | None:
        """The function for a node of so many inputs."""
        return dict(self.functions).get(inputs)


QUANT = Quantizer("Quant", QONNX_DOMAINS, Reading.INTEGER, ((4, "Quant"),))
BIPOLAR_QUANT = Quantizer("BipolarQuant", QONNX_DOMAINS, Reading.BIPOLAR, ((2, "BipolarQuant"),))
"""The two that our own files are written with."""

QUANTIZERS = (
    QUANT,
    Quantizer("IntQuant", QONNX_DOMAINS, Reading.INTEGER, ((4, "Quant"),)),
    BIPOLAR_QUANT,
    Quantizer("Trunc", QONNX_DOMAINS, Reading.TRUNCATION, ((5, "Trunc1"), (6, "Trunc2")), takes_floats=False),
    Quantizer("FloatQuant", QONNX_DOMAINS, Reading.MINIFLOAT),
    Quantizer("Requantize", (CONTRACT_DOMAIN,), Reading.GRID, ((1, "Requantize"),)),
    Quantizer("Codes", (CONTRACT_DOMAIN,), Reading.CODES, ((2, "Codes"),)),
    Quantizer("Scaled", (CONTRACT_DOMAIN,), Reading.SCALED, ((2, "Scaled"),), takes_floats=False),
    Quantizer("Sign", ("",), Reading.SIGN),
)

_BY_KEY = {(domain, quantizer.name): quantizer for quantizer in QUANTIZERS for domain in quantizer.domains}


def find_quantizer(domain: str, name: str) -> Quantizer | None:
    """The quantizer of a node's domain and operation, None for any other operation."""
    return _BY_KEY.get(("" if domain == "ai.onnx" else domain, name))
