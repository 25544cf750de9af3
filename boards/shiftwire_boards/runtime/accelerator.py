"""The accelerator as a user of a board sees it: values in, values out.

with Accelerator("model.bit") as acc:
    y = acc.predict(x)
"""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from shiftwire_boards.runtime.board import active_device, check_family, check_pynq, imported_pynq
from shiftwire_boards.runtime.clock import REAL, Clock
from shiftwire_boards.runtime.energy.choice import choose_sensor
from shiftwire_boards.runtime.energy.marker import Marker
from shiftwire_boards.runtime.energy.sensor import Sensor
from shiftwire_boards.runtime.errors import BoardError, DataError, PackageError
from shiftwire_boards.runtime.frames import Values, classes_of, decoded, encoded
from shiftwire_boards.runtime.host_ends import array_of
from shiftwire_boards.runtime.lock import locked
from shiftwire_boards.runtime.manifest import check_files, load_manifest, manifest_of
from shiftwire_boards.runtime.measure import MeasurementPlan, measure
from shiftwire_boards.runtime.overlay import dma_of, shell_of
from shiftwire_boards.runtime.pipeline import Pipeline
from shiftwire_boards.runtime.record import Record
from shiftwire_boards.runtime.registers import Shell
from shiftwire_boards.runtime.remote import answered, is_remote, load
from shiftwire_boards.runtime.samples import samples_of
from shiftwire_boards.runtime.transfers import DmaTransfers

Array = Any
BATCH = 64
"""Frames of a transfer unless more are asked for."""

TIMEOUT_S = 2.0


class Accelerator:
    """A bitstream that is loaded, the DMA and two pairs of buffers; several threads may use it.

    `batch` frames at most make a transfer; while one is moved, the processor packs the next and unpacks the last.
    Raises PackageError for files that do not belong together, HardwareError for logic that is not theirs, BoardError
    where another process holds the board.
    """

    def __init__(
        self,
        bitfile: str | Path,
        batch: int = BATCH,
        timeout_s: float = TIMEOUT_S,
        clock: Clock | None = None,
        device: Any = None,
    ) -> None:
        path = Path(bitfile)
        if not isinstance(batch, (int, np.integer)) or isinstance(batch, bool) or batch < 1:
            raise DataError(f"found a batch of {batch!r} frames, wanted a whole number from 1")
        for needed in (path, path.with_suffix(".hwh")):
            if not needed.is_file():
                raise PackageError(f"found no {needed}; copy the whole package")
        self.manifest = load_manifest(manifest_of(path))
        check_family(self.manifest.part)
        check_files(self.manifest, path.parent)
        self.bitfile = path
        self.clock = clock or REAL
        self.batch = int(batch)
        self._turn = threading.RLock()
        self._worker: ThreadPoolExecutor | None = None
        self._pipeline: Pipeline | None = None
        self._needs_reset = False
        self._lock: Any = None
        is_open = False
        try:
            with answered():
                self._open(path, timeout_s, clock, device)
            is_open = True
        finally:
            if not is_open:
                self.close()

    def _open(self, path: Path, timeout_s: float, clock: Clock | None, device: Any) -> None:
        pynq = imported_pynq()
        check_pynq(self.manifest.part, str(pynq.__version__))
        active = device or active_device(pynq)
        own: Clock = getattr(active, "runtime_clock", REAL)  # a simulated board has a time of its own
        self.clock = clock or own
        self.is_remote = is_remote(active)
        self._lock = locked(active)
        try:
            self.overlay = load(path.resolve(), device, active)
        except (RuntimeError, OSError, ValueError) as error:
            mend = "be root there, as by sudo" if "permission" in str(error).lower() else "copy the package again"
            raise PackageError(f"pynq cannot load {path} ({error}); {mend}") from error
        self.shell = Shell(shell_of(self.overlay).mmio)
        self.shell.check(self.manifest)
        self._transfers = DmaTransfers(dma_of(self.overlay), self.shell, self.clock, timeout_s)
        self._pipeline = Pipeline(self.manifest, self._transfers, self.batch, pynq.allocate, device)
        self._transfers.recover()
        self.shell.check_clock(self.clock)
        self._needs_reset = False

    def predict(self, x: Values) -> Values:
        """float64 values (N, ...) in the model's own layout for values (N, ...) in it; raises DataError.

        Several inputs are a dict of arrays by their names, several outputs come as one, in the model's order.
        """
        return decoded(self.manifest.exits, self.predict_codes(encoded(self.manifest.entries, x)))

    def classes(self, x: Values) -> Values:
        """The index (N,) of each frame's largest output; `labels` of the manifest has their names.

        Of several outputs a dict by their names.
        """
        return classes_of(self.manifest.exits, self.predict_codes(encoded(self.manifest.entries, x)))

    def prepare(self, pixels: Array) -> Array:
        """Values (N, C, ...) as `predict` takes them for pixels (N, ..., C), such as bytes; raises DataError."""
        preprocessing = self.manifest.preprocessing
        if preprocessing is None:
            raise DataError(
                "this package does not say how pixels become values; package with --scale, --mean and --std"
            )
        return preprocessing.values(pixels, self.manifest.input.shape)

    def predict_codes(self, codes: Array) -> Array:
        """Output codes (N, *shape) for input codes (N, *shape), channel last, in batches.

        Raises DataError for codes that do not fit, TransferError for a transfer that does not end; the next
        call resets everything first, and works if the hardware does.
        """
        codes = array_of(codes)
        self.manifest.input.check(codes)
        batches = [codes[at : at + self.batch] for at in range(0, len(codes), self.batch)]
        with self._turn:
            pipeline = self._opened()
            if self._needs_reset:
                self.reset()
            self._needs_reset = True  # until the end, whatever ends it
            with answered():
                outputs = np.concatenate(list(pipeline.outputs(batches)))
            self._needs_reset = False
            return outputs

    def measure(
        self,
        seconds: float = 10.0,
        data: Path | None = None,
        sensor: Sensor | None = None,
        marker: Marker | None = None,
    ) -> Record:
        """A record of so much sustained work on the golden frames, or on an .npz; `record_json` writes it to a file.

        `sensor` is a meter of yours in place of the board's; `marker` is set for a meter that this board cannot read.
        """
        samples = samples_of(self.manifest, self.bitfile.parent, data)
        return measure(
            self, samples, MeasurementPlan(seconds, marker=marker), sensor or choose_sensor(self.manifest.board)
        )

    def submit(self, x: Values) -> Future[Values]:
        """The same as `predict`, in turn and without waiting."""
        with self._turn:
            self._opened()
            if self._worker is None:
                self._worker = ThreadPoolExecutor(1, "shiftwire")
            return self._worker.submit(self.predict, x)

    @property
    def transfer_s(self) -> float:
        """Seconds in which a DMA transfer was under way, so far."""
        return self._transfers.transfer_s

    @property
    def packing_s(self) -> float:
        """Seconds in which the processor packed and unpacked, so far."""
        return self._pipeline.packing_s if self._pipeline else 0.0

    def reset(self) -> None:
        """Begin anew without loading the overlay; raises HardwareError where the hardware does not come back."""
        with self._turn:
            self._opened()
            with answered():
                self._transfers.recover()
            self._needs_reset = False

    def _opened(self) -> Pipeline:
        if self._pipeline is None or self._lock is None:
            raise BoardError("this accelerator is closed; open another")
        return self._pipeline

    def close(self) -> None:
        """Give buffers and board back; a second time does nothing."""
        with self._turn:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.shutdown()  # what was submitted takes its turn first
        with self._turn:
            if self._needs_reset:  # the DMA may still write into buffers that go
                with contextlib.suppress(BoardError), answered():
                    self._transfers.recover()
            self._needs_reset = False
            if self._pipeline is not None:
                self._pipeline.release()
            if self._lock is not None:
                self._lock.close()
            self._lock = None

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
