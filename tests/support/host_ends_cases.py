"""What a board's processor does before and after the logic, as the specification does it: words, values and codes."""

from __future__ import annotations

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

FRAMES = 5
SHAPES = [(7,), (3, 5), (2, 3, 3), (4, 1, 1)]
GRIDS = [
    Fixed(*each) for each in ((8, 4, True), (6, 3, False), (1, 0, False), (12, -2, True), (16, 9, False), (24, 3, True))
]
TYPES = [np.float32, np.float64, np.int8, np.uint8, np.bool_]


@dataclass(frozen=True)
class Case:
    """`said` is what a manifest says of both ends, `words` are the bytes (N, bytes of a frame) of `codes`."""

    said: dict[str, Any]
    x: npt.NDArray[Any]
    codes: Codes
    words: npt.NDArray[np.uint8]
    values: npt.NDArray[np.float64]


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
    """One for every way a model may begin, with frames of several shapes, grids and types."""
    return [_case(np.random.default_rng((seed, at)), at, host) for at, host in enumerate(inputs())]


def _case(rng: np.random.Generator, at: int, host: HostInput) -> Case:
    shape = SHAPES[at % len(SHAPES)]
    grid = host.quantizer.format if host.quantizer else GRIDS[at % len(GRIDS)]
    x = _values(rng, grid, host, shape, TYPES[at % len(TYPES)])
    codes = host.encode(x, grid)
    channels = ChannelScale(rng.normal(size=shape[-1]), rng.normal(size=shape[-1]))
    back = (HostOutput(), HostOutput(scale=0.37), HostOutput(channels=channels))[at % 3]
    bits, word_bytes = container_for(grid), (4, 8, 16)[at % 3]
    port = {"format": str(grid), "shape": list(shape), "container_bits": bits, "word_bytes": word_bytes}
    said = {**port, "encode": _encode(host), "decode": _decode(back)}
    return Case(said, x, codes, _words(codes, bits // 8, word_bytes), back.decode(codes, grid))


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
