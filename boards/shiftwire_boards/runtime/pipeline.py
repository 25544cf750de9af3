"""Batches through the DMA, double-buffered: while one is moved, the processor packs the next and unpacks the last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from shiftwire_boards.runtime.errors import DataError
from shiftwire_boards.runtime.manifest import Manifest
from shiftwire_boards.runtime.transfers import DmaTransfers

Array = Any
PAIRS = 2
"""Of buffers: one is moved, the other packed and unpacked."""


class Pipeline:
    """Two pairs of DMA buffers for `batch` frames each; `packing_s` are the processor's seconds with them, so far.

    Raises DataError for a batch beyond one DMA transfer or beyond the contiguous memory that is left.
    """

    def __init__(self, manifest: Manifest, transfers: DmaTransfers, batch: int, allocate: Any, device: Any) -> None:
        self._manifest, self._transfers = manifest, transfers
        self.packing_s = 0.0
        _check_batch(manifest, transfers.most_bytes, batch)
        self._buffers = [_buffer_pair(manifest, batch, allocate, device) for _ in range(PAIRS)]

    def outputs(self, batches: list[Array]) -> Iterator[Array]:
        """Output codes (n, *shape) of each batch of input codes (n, *shape); raises TransferError."""
        views = [self._packed(batches[0], 0)]
        for at, batch in enumerate(batches):
            source, sink = views[-1]
            self._transfers.start(source, sink, len(batch), self._seconds(len(batch)))
            if at:
                yield self._unpacked(views.pop(0)[1], batches[at - 1])
            if at + 1 < len(batches):
                views.append(self._packed(batches[at + 1], at + 1))
            self._transfers.finish()
        yield self._unpacked(views[-1][1], batches[-1])

    def release(self) -> None:
        """Give the buffers back; nothing can be moved from then on."""
        self._buffers = []

    def _packed(self, batch: Array, number: int) -> tuple[Array, Array]:
        """The buffers of a batch, cut to its length, with its codes in the first."""
        source, sink = self._buffers[number % PAIRS]
        input_port, output_port = self._manifest.input, self._manifest.output
        start = time.perf_counter()
        input_port.pack(batch, np.asarray(source))
        self.packing_s += time.perf_counter() - start
        return source[: len(batch) * input_port.frame_bytes], sink[: len(batch) * output_port.frame_bytes]

    def _unpacked(self, sink: Array, batch: Array) -> Array:
        start = time.perf_counter()
        codes = self._manifest.output.unpack(np.asarray(sink), len(batch))
        self.packing_s += time.perf_counter() - start
        return codes

    def _seconds(self, frames: int) -> float:
        cycles = self._manifest.interval_cycles * frames + (self._manifest.latency_cycles or 0)
        return cycles * self._manifest.clock_ns * 1e-9


def _check_batch(manifest: Manifest, most_bytes: int, batch: int) -> None:
    most = most_bytes // max(manifest.input.frame_bytes, manifest.output.frame_bytes)
    if batch > most:
        raise DataError(
            f"found a batch of {batch} frames, wanted at most {most}: the DMA moves {most_bytes} bytes at once; "
            "give a smaller batch"
        )


def _buffer_pair(manifest: Manifest, batch: int, allocate: Any, device: Any) -> tuple[Array, Array]:
    sizes = [batch * port.frame_bytes for port in (manifest.input, manifest.output)]
    try:
        source, sink = (allocate((size,), np.uint8, target=device) for size in sizes)
    except (MemoryError, RuntimeError) as error:
        raise DataError(
            f"found no {sum(sizes)} bytes of contiguous memory for a batch of {batch} frames ({error}); "
            "give a smaller batch"
        ) from None
    return source, sink
