"""What a weight scheme says of itself: the contract between layers, the units that sum, and one file a scheme."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.cfg import Cfg, CodeType, Element, Setting
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Op, Operations
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval

Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PeCodes:
    """ROM codes as a processing element of the SystemVerilog reads them.

    `exponent_bits` and `has_zero` lay out the fields of shift codes; other elements have none.
    """

    pe: Pe
    codes: Codes
    type: CodeType
    exponent_bits: int = 0
    has_zero: bool = True


@dataclass(frozen=True, eq=False)
class TapSums:
    """What the C++ of a unit adds up, tap by tap.

    members  those of the Cfg that the element asks for, itself among them; reach  range of what each plane's taps add
    to a sum, lo and hi (terms, out, taps), 0 included; whole  range of what the sums mean in the end, lo and hi (out,);
    owed  (out,) what the bias adds for the weights, in units of the sums.
    """

    members: tuple[Setting, ...]
    reach: Interval
    whole: Interval
    owed: Codes

    @cached_property
    def sum_type(self) -> CodeType:
        """Holds every partial sum."""
        lows, highs = self.reach.lo.sum(axis=(0, 2)), self.reach.hi.sum(axis=(0, 2))
        low, high = np.minimum(lows, self.whole.lo).min(), np.maximum(highs, self.whole.hi).max()
        return CodeType(Fixed.covering(int(low), int(high), 0).signed_bits)


@dataclass(frozen=True, eq=False)
class Stored:
    """What a ROM holds that a decoder makes words of weights (pe, simd) of, in the order in which a unit meets them.

    codes (folds, rows, pe, simd, n): what each lane of a row is made of; a row makes `columns` words, one behind the
    other. context (folds, pieces, columns, pe, m): what the decoder needs beside that for each output, the same for
    `piece_rows` rows. members  those of the Cfg that the decoder asks for, parameters  those of the module; decoder_lut
    of one lane, modelled.
    """

    decoder: Element
    codes: Codes
    type: CodeType
    context: Codes
    context_type: CodeType
    columns: int = 1
    piece_rows: int = 1
    members: tuple[Setting, ...] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)
    decoder_lut: float = 0.0

    @classmethod
    def whole(cls, codes: Codes, kind: CodeType) -> Stored:
        """Weights themselves, (folds, synapses, pe, simd)."""
        return cls(
            Element.WHOLE, codes[..., None], kind, np.zeros((1, 1, 1, 1, 1), np.int64), CodeType(1, signed=False)
        )

    @property
    def lane_bits(self) -> int:
        """Stored bits of a lane."""
        return self.codes.shape[-1] * self.type.bits

    def words(self, parts: int) -> Codes:
        """(folds * rows * parts, pe * simd / parts * n): every part has its share of each output's taps."""
        folds, rows, pe, simd, each = self.codes.shape
        apart = self.codes.reshape(folds, rows, pe, parts, simd // parts, each)
        return apart.transpose(0, 1, 3, 2, 4, 5).reshape(folds * rows * parts, -1)

    @property
    def contexts(self) -> Codes:
        """(folds * pieces * columns, pe * m)."""
        return self.context.reshape(-1, self.context.shape[3] * self.context.shape[4])


class Weights(ABC):
    """How a row of taps becomes one output; dense layers and convolutions only decide which taps.

    weights  (out, in...). Everything below is exact: intervals hold every sum, and `apply` is the specification.
    """

    element: ClassVar[Element]
    """The C++ of one weight on one input."""

    kind: ClassVar[str]
    """First part of the names of its layers in the ONNX contract."""

    skips_zeros: ClassVar[bool] = False
    """Whether a ROM code of 0 adds nothing, whatever its input."""

    has_bias: ClassVar[bool] = True
    """Whether the ONNX contract gives its layers a bias; an Affine behind the others holds theirs."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """(out, in...)."""

    @abstractmethod
    def frac(self, x: Fixed) -> int:
        """Grid of the sums of an input on the grid of `x`; raises InputError for a grid that cannot be read."""

    @abstractmethod
    def interval(self, x: Fixed) -> Interval:
        """Range of each output's sum, lo and hi (out,)."""

    @abstractmethod
    def apply(self, taps: Codes, rows: slice) -> Codes:
        """Sums (..., rows) of taps (..., in) for the output rows."""

    @property
    @abstractmethod
    def rows(self) -> Codes:
        """(out, taps) as integers; for sums of powers of two in units of the smallest."""

    @property
    @abstractmethod
    def planes(self) -> Codes:
        """ROM codes (terms, out, taps); a filter reads the planes of its own k alone."""

    @cached_property
    def live(self) -> Bits:
        """The ROM codes (terms, out, taps) that add something."""
        planes = self.planes
        return planes != 0 if self.skips_zeros else np.ones(planes.shape, np.bool_)

    @property
    @abstractmethod
    def rom_type(self) -> CodeType:
        """What holds a ROM code."""

    @property
    def filter_terms(self) -> Codes:
        """How many planes each filter reads, (out,), at least 1."""
        return np.ones(self.shape[0], np.int64)

    @abstractmethod
    def tap_sums(self, x: Fixed, *, is_depthwise: bool) -> TapSums:
        """How the C++ adds up its taps; a unit of depthwise layers may take another element."""

    def decoded(self, cfg: Cfg) -> Cfg:
        """A Cfg of this scheme for native types, whose table `weight` needs no decoding where it is read."""
        return cfg

    @abstractmethod
    def pe_codes(self, rom: Codes, x: Fixed, *, is_depthwise: bool) -> PeCodes:
        """ROM codes, any order, for the SystemVerilog; a unit of depthwise layers may take another element."""

    is_storable: ClassVar[bool] = False
    """Whether there is another form than the weights themselves."""

    def in_stream(self, order: Codes) -> Weights:
        """The same weights as (out, taps), tap i the old order[i] of those of a filter, one behind the other.

        Raises InputError for weights that are never stored in any other form.
        """
        raise InputError(f"weights of kind {self.kind} are not rebuilt; give a fold without turns")

    def stored(self, pe: int, simd: int) -> Stored | None:
        """What words of `pe` outputs and `simd` of the taps (out, taps) are rebuilt from; None if from nothing."""
        return None

    @property
    @abstractmethod
    def element_lut(self) -> tuple[float, float]:
        """Modelled LUTs of a processing element at 8-bit inputs: once, and for each of its SIMD inputs."""

    @abstractmethod
    def operations(self, uses: int) -> Operations:
        """Scalar operations when every weight is used `uses` times."""

    @property
    def circle(self) -> int:
        """Side of blocks of outputs and inputs whose rows are each the one above, turned on by one; 1 for none."""
        return 1

    @property
    def bits(self) -> int:
        """Bits that the weights take."""
        return self.planes.size * self.rom_type.bits

    @property
    def own_bits(self) -> int:
        """The same of what the weights are made of: of factors, and not of their products."""
        return self.bits

    @property
    def terms(self) -> float | None:
        """Mean k over the filters, None where weights are no sums of powers of two."""
        return None

    def compacted(self) -> Weights:
        """The same weights without terms that none of them uses."""
        return self

    @abstractmethod
    def with_moved(self, axis: int, to: int) -> Weights:
        """The same weights with an axis of a filter, (in...), at another place."""

    @abstractmethod
    def with_taps(self, order: Codes) -> Weights:
        """The same weights (out, in) with inputs in another order: tap i is the old tap order[i]."""

    @abstractmethod
    def with_rows(self, order: Codes) -> Weights:
        """The same weights (out, in...) with outputs in another order: output i is the old output order[i]."""


@dataclass(frozen=True, eq=False)
class Weighted(Op):
    """A layer whose taps meet weights; energy, synthesis and whatever else asks for weights knows it by this class."""

    weights: Weights
    bias: Bias

    @property
    def weight_bits(self) -> int:
        return self.weights.bits + self.bias.bits

    @property
    def terms(self) -> float | None:
        return self.weights.terms
