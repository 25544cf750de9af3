"""What a user may choose about quantization."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shiftwire.errors import InputError
from shiftwire.numbers.escalate import MOST_BASES
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import WIDEST_EXPONENT_RANGE
from shiftwire.numbers.smart_exchange import Theta
from shiftwire.quantize.floats.virtual_pooling import Pooling
from shiftwire.units.names import sanitised

MAX_TERMS = 8
"""More terms than the signed digits of a 15-bit weight."""
DEFAULT_THETA = Theta()
MOST_BLOCK = 64
MAX_ACT_BITS = 24
"""Codes of float32 tensors, and so of onnxruntime, are exact up to here."""


class Method(enum.Enum):
    """How a weight becomes powers of two; the families round differently, so the rule is named, never guessed.

    LINEAR     the nearest power of two, again for what is left; ties to the smaller (SmartExchange's rule)
    LIGHTNN    2^round(log2 |w|), again for what is left (Ding et al. 2018; with gates FLightNN)
    DEEPSHIFT  one term, 2^round(log2 |w|) (Elhoushi et al. 2019)
    APOT       the nearest of {0, 1, 2, 3, 4, 6, 8, 10} times a step per filter (Li et al. 2020, four bits)
    SMARTEXCHANGE  powers of two times a basis of 3x3 codes, which are no sums of powers of two (Zhao et al. 2020)
    ESCALATE   ternary sums of a few basis kernels, which are convolved first (Li et al. 2021)
    CIRCULANT  powers of two in circulant blocks of outputs and inputs (Ding et al. 2017, without their transform)
    BINARY     -1 and 1, scaled filter by filter (Rastegari et al. 2016); first and last layer are left alone
    """

    LINEAR = "linear"
    LIGHTNN = "lightnn"
    DEEPSHIFT = "deepshift"
    APOT = "apot"
    SMARTEXCHANGE = "smartexchange"
    ESCALATE = "escalate"
    CIRCULANT = "circulant"
    BINARY = "binary"

    @property
    def takes_terms(self) -> bool:
        """Whether it gives a weight as many terms as are asked for; the levels of the others fix them."""
        return self in (Method.LINEAR, Method.LIGHTNN, Method.CIRCULANT)

    @property
    def is_product(self) -> bool:
        """Whether weights become products of smaller ones, where kernels allow; the rest is of another method."""
        return self in (Method.SMARTEXCHANGE, Method.ESCALATE, Method.CIRCULANT, Method.BINARY)

    @property
    def title(self) -> str:
        """As its paper spells it, of a method of products."""
        return TITLES.get(self, self.value)


TITLES = {Method.SMARTEXCHANGE: "SmartExchange", Method.ESCALATE: "ESCALATE"}
WITH_TERMS = " or ".join(method.value for method in Method if method.takes_terms)
"""The methods that `--terms` belongs to, in words."""
INSTEAD = {
    Method.SMARTEXCHANGE: "has none; leave it out, or give a smaller theta",
    Method.ESCALATE: "has none; leave it out, or give more bases",
    Method.CIRCULANT: "gives all weights as many; leave it out, or give more --terms or a smaller --block",
    Method.BINARY: "has one a weight; leave it out, or give layers another method with --layers",
}
"""Why a method of products takes no error budget, and what makes its error smaller."""


RANGES = {
    "terms": ("terms", 1, MAX_TERMS),
    "affine_terms": ("affine terms", 1, MAX_TERMS),
    "act_bits": ("activation bits", 1, MAX_ACT_BITS),
    "input_bits": ("input bits", 1, MAX_ACT_BITS),
    "exponents": ("exponents", 1, WIDEST_EXPONENT_RANGE),
    "affine_exponents": ("affine exponents", 1, WIDEST_EXPONENT_RANGE),
    "samples": ("calibration samples", 1, 1 << 20),
    "bases": ("bases", 1, MOST_BASES),
    "block": ("outputs of a circulant block", 2, MOST_BLOCK),
}
"""Numbers among Options: what they are called, the least and the largest."""
NUMBERS = ("terms", "exponents", "bases", "block")
"""Those that layers may have of their own."""


class Knob(enum.Enum):
    """What a user raises so that a layer costs less."""

    TERMS = "--terms"
    AFFINE_TERMS = "--affine-terms"
    ACT_BITS = "--act-bits"
    INPUT_BITS = "--input-bits"
    EXPONENTS = "--exponents"
    AFFINE_EXPONENTS = "--affine-exponents"

    @property
    def field(self) -> str:
        """Its name in Options."""
        return self.value.removeprefix("--").replace("-", "_")

    @property
    def most(self) -> int:
        """Its largest number."""
        match self:
            case Knob.TERMS | Knob.AFFINE_TERMS:
                return MAX_TERMS
            case Knob.ACT_BITS | Knob.INPUT_BITS:
                return MAX_ACT_BITS
            case Knob.EXPONENTS | Knob.AFFINE_EXPONENTS:
                return WIDEST_EXPONENT_RANGE


class Ranging(enum.Enum):
    """How a tensor's format follows from its calibration values."""

    MSE = "mse"
    PERCENTILE = "percentile"
    MINMAX = "minmax"


@dataclass(frozen=True, slots=True)
class Own:
    """What layers have whose whole names `pattern` matches: a method, and numbers where they are not those of all."""

    pattern: str
    method: Method
    terms: int | None = None
    exponents: int | None = None
    bases: int | None = None
    block: int | None = None

    def __post_init__(self) -> None:
        for name, (what, low, high) in RANGES.items():
            number = getattr(self, name, None)
            if number is not None:
                _require(what, number, low, high)

    @property
    def numbers(self) -> dict[str, Any]:
        """Those that are not those of all, by their fields in Options."""
        every = {name: getattr(self, name) for name in NUMBERS}
        return {name: number for name, number in every.items() if number is not None}

    def __str__(self) -> str:
        return f"{self.pattern}={self.method.value}" + "".join(f":{name}={own}" for name, own in self.numbers.items())


@dataclass(frozen=True, slots=True)
class Options:
    """Bits are those of a code with its sign; `terms` is the most that a weight may have.

    `error_budget` is the largest relative root-mean-square error of a filter's weights (of its outputs over the
    calibration samples where `budget_on_outputs`); each filter then takes the smallest k within it.
    `exponents` is how many a shift layer may use, `affine_exponents` the same for the scales of batch norm.
    `formats` are the user's own, by the tensor's name. `theta` is SmartExchange's, `thetas` those of single layers, by
    the tensor that the layer makes. `pooling` says which layers are computed at a quarter of their places.
    `bases` are ESCALATE's, which has no part in the first layer unless it `escalates_first`. `block` is the side of
    circulant blocks. `layers` are the methods and numbers of single layers, the first that matches; `bits` those of
    single tensors.
    """

    method: Method = Method.LINEAR
    terms: int = 3
    act_bits: int = 8
    input_bits: int = 10
    exponents: int = 8
    affine_terms: int = 6
    affine_exponents: int = 12
    ranging: Ranging = Ranging.MSE
    percentile: float = 99.99
    error_budget: float | None = None
    budget_on_outputs: bool = False
    samples: int = 64
    formats: Mapping[str, Fixed] = field(default_factory=dict)
    theta: Theta = DEFAULT_THETA
    thetas: Mapping[str, float] = field(default_factory=dict)
    pooling: Pooling | None = None
    bases: int = 6
    escalates_first: bool = False
    block: int = 4
    layers: tuple[Own, ...] = ()
    bits: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, (what, low, high) in RANGES.items():
            _require(what, getattr(self, name), low, high)
        for name, bits in self.bits.items():
            _require(f"activation bits of '{name}'", bits, 1, MAX_ACT_BITS)
        if not 50 < self.percentile <= 100:
            raise InputError(f"a percentile of {self.percentile} is outside 50..100; give one such as 99.9")
        if self.error_budget is not None and not 0 < self.error_budget < 1:
            raise InputError(f"an error budget of {self.error_budget} is outside 0..1; give a share such as 0.02")
        for method in self.used if self.error_budget is not None else ():
            if method.is_product:
                raise InputError(f"an error budget chooses terms, and {method.value} {INSTEAD[method]}")

    @property
    def used(self) -> tuple[Method, ...]:
        """Those of all layers."""
        return tuple(dict.fromkeys((self.method, *(own.method for own in self.layers))))

    def of(self, layer: str) -> Options:
        """Those of one layer: the first ones whose expression its name matches, else those of all."""
        own = next((own for own in self.layers if is_named(own.pattern, layer)), None)
        if own is None:
            return replace(self, layers=())
        return replace(self, method=own.method, layers=(), **own.numbers)

    def names(self, layer: str) -> bool:
        """Whether a layer has a method of its own."""
        return any(is_named(own.pattern, layer) for own in self.layers)

    def bits_of(self, tensor: str) -> int:
        """Those of one tensor between layers."""
        return self.bits.get(tensor, self.act_bits)

    @property
    def left(self) -> Options:
        """Those of layers that a method of products leaves alone."""
        match self.method:
            case Method.ESCALATE:
                return replace(self, method=Method.LIGHTNN, terms=1)
            case Method.SMARTEXCHANGE | Method.CIRCULANT | Method.BINARY:
                return replace(self, method=Method.LINEAR)
        return self

    def theta_of(self, layer: str) -> Theta:
        """That of a layer."""
        return Theta(self.thetas.get(layer, self.theta.least), self.theta.rows)


def is_named(pattern: str, layer: str) -> bool:
    """Whether a layer's whole name, or what projects make of it, matches; raises InputError for no expression."""
    try:
        return any(re.fullmatch(pattern, name) for name in (layer, sanitised(layer, ())))
    except re.error as error:
        raise InputError(
            f"'{pattern}' of --layers is no regular expression ({error}); write stage3.*=lightnn"
        ) from None


def _require(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(f"{value} {what} are outside {low}..{high}; give a number between")
