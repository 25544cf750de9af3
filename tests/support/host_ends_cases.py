"""What a board's processor does before and after the logic, as the specification does it: words, values and codes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.board.manifest import _decode, _encode
from shiftwire.ir.host import ChannelScale, HostInput, HostOutput
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding
from shiftwire.numbers.float_quantizer import FloatQuantizer, FloatRounding
from shiftwire.rtl.axi_stream import container_for
from shiftwire_boards.runtime.host_steps import (
    Arrange,
    Bend,
    Clip,
    Curve,
    FrontStep,
    HostStep,
    Largest,
    Offset,
    Reshape,
    Scale,
    Softmax,
    Whole,
)

FRAMES = 5
SHAPES = [(7,), (3, 5), (2, 3, 3), (4, 1, 1)]
GRIDS = [
    Fixed(*each) for each in ((8, 4, True), (6, 3, False), (1, 0, False), (12, -2, True), (16, 9, False), (24, 3, True))
]
TYPES = [np.float32, np.float64, np.int8, np.uint8, np.bool_]


@dataclass(frozen=True)
class Case:
    """`said` is what a manifest says of both ends, `words` are the bytes (N, bytes of a frame) of `codes`."""

    host: HostInput
    grid: Fixed
    back: HostOutput
    said: dict[str, Any]
    x: npt.NDArray[Any]
    codes: Codes
    words: npt.NDArray[np.uint8]
    values: npt.NDArray[Any]
    scores: npt.NDArray[Any]
    """What answers: the values, or what a ranking at the end ranks."""


def inputs() -> list[HostInput]:
    """Every rounding with every overflow, every float quantizer, and none."""
    grids = [HostInput(True, rounding, overflow) for rounding in Rounding for overflow in Overflow]
    floats = [
        HostInput(quantizes=True, quantizer=FloatQuantizer(scale, zero, lo, hi, rounding))
        for rounding in FloatRounding
        for scale, zero, lo, hi in ((0.0371, 0, -127, 127), (1 / 3, 11, 0, 255))
    ]
    return [HostInput(), *grids, *floats]


def cases(seed: int = 0) -> list[Case]:
    """One for every way a model may begin, with frames of several shapes, grids and types; then one for every step."""
    plain = [_case(np.random.default_rng((seed, at)), at, host) for at, host in enumerate(inputs())]
    ends = [
        *((steps, shape, ()) for steps, shape in fronts()),
        *(((), None, steps) for steps in tails()),
        ((Scale(_row(0.37)), Whole("half_even")), None, (Curve("tanh"), Softmax(1), Largest(2, 2))),
    ]
    return plain + [_stepped(np.random.default_rng((seed, 99, at)), *each) for at, each in enumerate(ends)]


STEPPED = (4, 3, 2)
"""Of the network's tensors that steps stand beside, channels last; the model has (2, 4, 3)."""


def _row(*numbers: float) -> npt.NDArray[np.float32]:
    """One number, or one a channel."""
    return np.array(numbers[0] if len(numbers) == 1 else np.reshape(numbers, (-1, 1, 1)), np.float32)


def _numbers() -> list[tuple[FrontStep, ...]]:
    """Every step that computes each number by itself, with a constant for all, for a channel, a row, a number."""
    image = np.linspace(-2, 3, 24, dtype=np.float32).reshape(2, 4, 3)
    return [
        (Scale(_row(0.37)),),
        (Scale(_row(-1.7, 0.3)),),
        (Scale(_row(0.37), divides=True),),
        (Scale(np.array([0.1, 3, 7], np.float32), divides=True),),
        (Offset(_row(0.41)),),
        (Offset(image), Scale(image)),
        (Clip(-1.3, 2.2),),
        (Clip(0.0, float("inf")),),
        (Bend(_row(0.13)),),
        (Bend(_row(0.13, 1.9)),),
        *((Scale(_row(1.7)), Whole(rounding)) for rounding in ("half_even", "floor", "ceil")),
        (Curve("sigmoid"), Scale(_row(9.0))),
        (Curve("tanh"), Scale(_row(9.0))),
    ]


def fronts() -> list[tuple[tuple[FrontStep, ...], tuple[int, ...] | None]]:
    """Steps in front of the first quantizer, and the shape that the model has where that is another."""
    return [
        *((steps, None) for steps in _numbers()),
        ((Arrange((0, 3, 1, 2)),), (4, 3, 2)),
        ((Reshape((24,), (2, 4, 3)), Offset(_row(0.5, -0.25))), (24,)),
        ((Scale(_row(0.7)), Reshape((2, 1, 4, 3), (2, 4, 3))), (2, 1, 4, 3)),
        ((Arrange((0, 2, 1)), Reshape((2, 12), (2, 4, 3))), (12, 2)),
    ]


def tails() -> list[tuple[HostStep, ...]]:
    """Steps behind the last layer."""
    return [
        *_numbers(),
        *((Softmax(axis, is_log),) for axis in (1, 3) for is_log in (False, True)),
        (Arrange((0, 2, 3, 1)),),
        (Reshape((2, 4, 3), (2, 12)), Arrange((0, 2, 1)), Softmax(2)),
        *((Largest(axis, count),) for axis, count in ((1, 1), (2, 3), (3, 2))),
        (Largest(1, keeps=False),),
    ]


def _stepped(
    rng: np.random.Generator, front: tuple[FrontStep, ...], shape: tuple[int, ...] | None, behind: tuple[HostStep, ...]
) -> Case:
    """Few codes, so that rankings tie."""
    host, grid = HostInput(True, steps=front, shape=shape), Fixed(4, 1, signed=True)
    x = (rng.normal(size=(FRAMES, *host.model_shape(STEPPED))) * 3).astype(np.float32)
    x[0], x[1], x[2] = 1e30, -1e30, 0
    return _ended(x, host, grid, HostOutput(scale=0.37, steps=behind), 8)


def _ended(x: npt.NDArray[Any], host: HostInput, grid: Fixed, back: HostOutput, word_bytes: int) -> Case:
    codes, bits = host.encode(x, grid), container_for(grid)
    shape = list(codes.shape[1:])
    port = {"format": str(grid), "shape": shape, "container_bits": bits, "word_bytes": word_bytes}
    said = json.loads(json.dumps({**port, "encode": _encode(host), "decode": _decode(back)}))
    words, values = _words(codes, bits // 8, word_bytes), back.decode(codes, grid)
    return Case(host, grid, back, said, x, codes, words, values, back.scores(codes, grid))


def _case(rng: np.random.Generator, at: int, host: HostInput) -> Case:
    shape = SHAPES[at % len(SHAPES)]
    grid = host.quantizer.format if host.quantizer else GRIDS[at % len(GRIDS)]
    x = _values(rng, grid, host, shape, TYPES[at % len(TYPES)])
    channels = ChannelScale(rng.normal(size=shape[-1]), rng.normal(size=shape[-1]))
    back = (HostOutput(), HostOutput(scale=0.37), HostOutput(channels=channels))[at % 3]
    return _ended(x, host, grid, back, (4, 8, 16)[at % 3])


def _values(
    rng: np.random.Generator, grid: Fixed, host: HostInput, shape: tuple[int, ...], kind: type[Any]
) -> npt.NDArray[Any]:
    """Ties, ends, far values and random ones, channels first; codes alone where nothing quantizes."""
    size = FRAMES * math.prod(shape)
    step = 2.0**-grid.frac
    codes = rng.integers(grid.lo, grid.hi + 1, size)
    values = codes * step
    if host.quantizes:
        kinds = [values, (codes + 0.5) * step, rng.normal(size=size) * grid.hi * step, rng.normal(size=size) * 1e30]
        values = np.choose(rng.integers(0, len(kinds), size), kinds)
        values[:4] = grid.lo * step, grid.hi * step, (grid.hi + 0.5) * step, 1e-40
        if kind in {np.int8, np.uint8, np.bool_}:
            values = rng.integers(0, {np.int8: 128, np.uint8: 256, np.bool_: 2}[kind], size)
        values = values.astype(kind)
    return np.ascontiguousarray(np.moveaxis(values.reshape(FRAMES, *shape), -1, 1))


def _words(codes: Codes, code_bytes: int, word_bytes: int) -> npt.NDArray[np.uint8]:
    """Little-endian containers one by one, and zeros up to whole words."""
    frames = []
    for frame in codes.reshape(len(codes), -1):
        held = b"".join((int(code) % (1 << 8 * code_bytes)).to_bytes(code_bytes, "little") for code in frame)
        frames.append(held + bytes(-len(held) % word_bytes))
    return np.frombuffer(b"".join(frames), np.uint8).reshape(len(codes), -1)
