"""What a user may choose about quantization."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import WIDEST_EXPONENT_RANGE
from shiftwire.numbers.smart_exchange import Theta
from shiftwire.quantize.floats.virtual_pooling import Pooling
from shiftwire.quantize.methods.rules import NUMBERS, Method, Number
from shiftwire.units.names import sanitised

MAX_TERMS = 8
"""More terms than the signed digits of a 15-bit weight."""
DEFAULT_THETA = Theta()
MAX_ACT_BITS = 24
"""Codes of float32 tensors, and so of onnxruntime, are exact up to here."""


RANGES = {
    "terms": ("terms", 1, MAX_TERMS),
    "affine_terms": ("affine terms", 1, MAX_TERMS),
    "act_bits": ("activation bits", 1, MAX_ACT_BITS),
    "input_bits": ("input bits", 1, MAX_ACT_BITS),
    "exponents": ("exponents", 1, WIDEST_EXPONENT_RANGE),
    "affine_exponents": ("affine exponents", 1, WIDEST_EXPONENT_RANGE),
    "samples": ("calibration samples", 1, 1 << 20),
}
"""Numbers of all methods among Options: what they are called, the least and the largest."""


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
    """What layers have whose whole names `pattern` matches: a method, and numbers where they are not those of all.

    `numbers` are those of the method alone, by name.
    """

    pattern: str
    method: Method
    terms: int | None = None
    exponents: int | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, number in self._shared.items():
            _require(number, *RANGES[name])
        _check(self.numbers)

    @property
    def _shared(self) -> dict[str, int]:
        every = {"terms": self.terms, "exponents": self.exponents}
        return {name: number for name, number in every.items() if number is not None}

    @property
    def by_name(self) -> dict[str, int]:
        """Numbers by name, those that are not those of all."""
        return {**self._shared, **self.numbers}

    def applied(self, options: Options) -> Options:
        """Those of a layer that it speaks of."""
        shared: dict[str, Any] = self._shared
        return replace(options, method=self.method, numbers={**options.numbers, **self.numbers}, **shared)

    def __str__(self) -> str:
        return f"{self.pattern}={self.method.value}" + "".join(f":{name}={own}" for name, own in self.by_name.items())


@dataclass(frozen=True, slots=True)
class Options:
    """Bits are those of a code with its sign; `terms` is the most that a weight may have.

    `error_budget` is the largest relative root-mean-square error of a filter's weights (of its outputs over the
    calibration samples where `budget_on_outputs`); each filter then takes the smallest k within it.
    `exponents` is how many a shift layer may use, `affine_exponents` the same for the scales of batch norm.
    `formats` are the user's own, by the tensor's name. `theta` is SmartExchange's, `thetas` those of single layers, by
    the tensor that the layer makes. `pooling` says which layers are computed at a quarter of their places.
    `numbers` are those of single methods, where they are not the usual ones. ESCALATE has no part in the first layer
    unless it `escalates_first`. `layers` are the methods and numbers of single layers, the first that matches; `bits`
    those of single tensors.
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
    numbers: Mapping[str, int] = field(default_factory=dict)
    escalates_first: bool = False
    layers: tuple[Own, ...] = ()
    bits: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, limits in RANGES.items():
            _require(getattr(self, name), *limits)
        for name, bits in self.bits.items():
            _require(bits, f"activation bits of '{name}'", 1, MAX_ACT_BITS)
        _check(self.numbers)
        if not 50 < self.percentile <= 100:
            raise InputError(f"a percentile of {self.percentile} is outside 50..100; give one such as 99.9")
        if self.error_budget is not None and not 0 < self.error_budget < 1:
            raise InputError(f"an error budget of {self.error_budget} is outside 0..1; give a share such as 0.02")
        for method in self.used if self.error_budget is not None else ():
            if method.is_product:
                raise InputError(f"an error budget chooses terms, and {method.value} {method.rule.instead}")

    @property
    def used(self) -> tuple[Method, ...]:
        """Those of all layers."""
        return tuple(dict.fromkeys((self.method, *(own.method for own in self.layers))))

    def of(self, layer: str) -> Options:
        """Those of one layer: the first ones whose expression its name matches, else those of all."""
        own = next((own for own in self.layers if is_named(own.pattern, layer)), None)
        options = replace(self, layers=())
        return options if own is None else own.applied(options)

    def number(self, number: Number) -> int:
        """One of a method."""
        return self.numbers.get(number.name, number.usual)

    def names(self, layer: str) -> bool:
        """Whether a layer has a method of its own."""
        return any(is_named(own.pattern, layer) for own in self.layers)

    def bits_of(self, tensor: str) -> int:
        """Those of one tensor between layers."""
        return self.bits.get(tensor, self.act_bits)

    @property
    def left(self) -> Options:
        """Those of layers that a method of products leaves alone."""
        rule = self.method.rule
        if rule.instead is None:
            return self
        return replace(self, method=Method(rule.left), terms=rule.left_terms or self.terms)

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


def _check(numbers: Mapping[str, int]) -> None:
    """Raise InputError for one that is out of its method's range."""
    for name, value in numbers.items():
        _require(value, NUMBERS[name].what, NUMBERS[name].least, NUMBERS[name].most)


def _require(value: int, what: str, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(f"{value} {what} are outside {low}..{high}; give a number between")
