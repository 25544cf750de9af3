"""Tensors that are the host's: in front of the first quantizer, and behind what only the host computes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.host import ChannelScale, HostInput, HostOutput
from shiftwire.ir.network import Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.float_quantizer import FloatQuantizer, FloatRounding, Floats, shortest
from shiftwire.onnx.context.pending import Pending
from shiftwire_boards.runtime.host_steps import (
    Arrange,
    Clip,
    FrontStep,
    HostStep,
    Offset,
    Reshape,
    Scale,
    Whole,
    as_json,
    run_steps,
)

MOST_CODES = 1 << 24
"""Codes of a grid that plain operations make are exact in float32 up to here."""

FAR = 1e30
"""Beyond every range of a quantizer."""

NEARLY = 1e-6
"""Of a step: what float32 leaves of a whole number."""

RANKS = (1, 2, 3)
"""Axes of a sample that layers read."""


HOST_ROUNDINGS = {
    FloatRounding.HALF_EVEN: "half_even",
    FloatRounding.FLOOR: "floor",
    FloatRounding.CEIL: "ceil",
}
"""What the host's own step calls them."""


@dataclass(frozen=True, slots=True)
class InputWish:
    """The format of an input that no quantizer names: the user's word, to which the host `rounds`, or the type's.

    What stands in front of the first layer is the host's all the same.
    """

    format: Fixed
    rounds: bool
    host: HostInput | None = None
    """How another reading of the file made codes of `format`, which this one then does too."""


@dataclass(frozen=True)
class Raw:
    """A float tensor of the host's; shapes are a sample's in the file's own layout, `entry` in front of all steps."""

    entry: tuple[int, ...]
    shape: tuple[int, ...]
    steps: tuple[FrontStep, ...] = ()
    source: str = ""
    """The graph input that it is made of."""

    def then(self, *steps: FrontStep) -> Raw:
        """The same with more steps behind, which keep its shape."""
        return replace(self, steps=(*self.steps, *steps))

    def arranged(self, perm: tuple[int, ...]) -> Raw:
        """The same transposed; `perm` counts the batch, which stays in front."""
        shape = tuple(self.shape[axis - 1] for axis in perm[1:])
        return replace(self, shape=shape, steps=(*self.steps, Arrange(perm)))

    def reshaped(self, shape: tuple[int, ...]) -> Raw:
        """The same with samples of another shape."""
        step = Reshape(self.shape, shape)
        return self if shape == self.shape else replace(self, shape=shape, steps=(*self.steps, step))

    @property
    def channels_last(self) -> tuple[int, ...]:
        """Shape of a sample in the flow; raises InputError for one that no layer reads."""
        if len(self.shape) not in RANKS:
            raise InputError(
                f"it quantizes samples of shape {self.shape}; give (N, C), (N, C, L) or (N, C, H, W) tensors"
            )
        channels, *spatial = self.shape
        return (*spatial, channels)

    @property
    def model_shape(self) -> tuple[int, ...] | None:
        """A sample's as the file reads it; None where it is the flow's with the channels first."""
        return None if self.entry == self.shape else self.entry

    @property
    def is_moved_only(self) -> bool:
        """Whether no step computes."""
        return all(isinstance(step, (Arrange, Reshape)) for step in self.steps)

    def is_like(self, other: Raw) -> bool:
        """Whether both are the same values of the same input."""
        return self.shape == other.shape and list(map(as_json, self.steps)) == list(map(as_json, other.steps))

    @property
    def rounds(self) -> bool:
        """Whether the steps themselves make a grid."""
        return any(isinstance(step, Whole) for step in self.steps)

    def quantizer(self, entry: Fixed | None) -> FloatQuantizer | None:
        """What makes codes of the values where the steps round and clip, or the graph input is of the format `entry`.

        None where neither is so. Raises InputError for steps that end on no grid of one scale, or on one without
        bounds.
        """
        if entry is None and not self.rounds:
            return None
        last = max((at for at, step in enumerate(self.steps) if isinstance(step, Whole)), default=-1)
        unit = _unit(self.steps[last + 1 :], 1.0 if entry is None or self.rounds else 2.0**-entry.frac)
        low, high = (-FAR, FAR) if entry is None else (float(entry.decode(np.array(e))) for e in (entry.lo, entry.hi))
        far = np.stack([np.full(self.entry, end, np.float32) for end in (low, high)])
        ends = run_steps(self.steps, far).astype(np.float64) / unit
        if not np.abs(ends).max() < MOST_CODES:
            raise InputError(
                f"the input is rounded to steps of {shortest(unit)} and not clipped to a range that a format holds; "
                "clip it behind the rounding"
            )
        return FloatQuantizer(unit, 0, round(ends.min()), round(ends.max()), FloatRounding.HALF_EVEN)


@dataclass
class Entered:
    """A graph input that has codes: what was quantized first, its tensor in the flow, and the host end of both.

    `is_given` tells that no quantizer of the file's made them.
    """

    name: str
    raw: Raw
    tensor: Tensor
    host: HostInput
    is_given: bool = False

    def require_alike(self, raw: Raw, format: Fixed, host: HostInput) -> None:
        """Raise InputError for a second quantizer that does not do what the first one did."""
        own = replace(self.host, steps=(), shape=None)
        if not raw.is_like(self.raw) or (format, host) != (self.tensor.format, own):
            raise InputError(
                f"the graph input '{raw.source}' has two quantizers that differ, and the network takes its codes "
                "of one; give both the same scale and range, or quantize the input once in front of both"
            )


@dataclass(frozen=True)
class Tail:
    """`source` is the ONNX name of the tensor in front of the steps, `kind` the operation that began them.

    `shape` is a sample's behind them, in the file's own layout.
    """

    source: str
    kind: str = ""
    steps: tuple[HostStep, ...] = ()
    shape: tuple[int, ...] = ()


def _unit(steps: tuple[FrontStep, ...], start: float) -> float:
    """What a step of a grid becomes."""
    unit = np.array(start)
    for step in steps:
        match step:
            case Scale(by, divides):
                unit = unit / np.float64(by) if divides else unit * np.float64(by)
            case Offset(by):
                if (np.abs(np.rint(by / unit) - by / unit) > NEARLY).any():
                    raise InputError(
                        "in front of the first layer stands an offset that is no multiple of the input's steps; put a "
                        "quantizer in front of the layer"
                    )
            case Clip() | Arrange() | Reshape():
                pass
            case _:
                raise InputError(
                    "the input is on a grid and bent by a curve behind it; put a quantizer behind the curve"
                )
    if unit.ndim or unit <= 0:
        raise InputError("the input has another step in each channel; use one for the whole tensor, above 0")
    return float(unit)


def codes_on_host(scale: Floats, quantizer: FloatQuantizer) -> list[FrontStep]:
    """What makes codes of values behind the last layer; each is worth `scale`, which broadcasts as in the file."""
    if quantizer.rounding not in HOST_ROUNDINGS:
        raise InputError(
            f"it rounds by {quantizer.rounding.value} behind what only the host computes; use round, floor or ceil"
        )
    zero = np.float32(quantizer.zero_point)
    steps: list[FrontStep] = [
        Scale(scale, divides=True),
        Offset(zero),
        Clip(float(quantizer.lo), float(quantizer.hi)),
        Whole(HOST_ROUNDINGS[quantizer.rounding]),
        Offset(-zero),
    ]
    return [step for step in steps if zero or not isinstance(step, Offset)]


def host_output(pending: Pending, tensor: Tensor, tail: Tail) -> HostOutput:
    """What turns codes into the file's own values."""
    if not pending.is_linear:
        steps = pending.on_host(len(tensor.shape) + 1)
        return replace(host_output(Pending(pending.scale), tensor, tail), steps=(*steps, *tail.steps))
    if not pending.steps and not pending.scale.ndim:
        return HostOutput(float(pending.scale), steps=tail.steps)
    scale, offset = pending.line(tensor.shape[-1])
    return HostOutput(channels=ChannelScale(scale, offset), steps=tail.steps)
