"""The simulated board as an engine: unmodified pynq and our runtime over the project's own logic."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shiftwire.board.simulated import board_sentences, simulated_board
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.project.engine import Engine, EngineName, Outcome
from shiftwire.project.project import Project
from shiftwire_boards.runtime.accelerator import Accelerator

FRAMES = 1 << 16
"""As many as anybody sends: the runtime itself makes DMA transfers of them."""


@dataclass
class SimulatedBoardEngine(Engine):
    """A board gives the network's output alone; `batch` is frames of a DMA transfer."""

    project: Project
    batch: int = 64
    _open: list[Accelerator] = field(default_factory=list)
    name = EngineName.BOARD
    chunk = layers_chunk = FRAMES

    @property
    def network(self) -> Network:
        return self.project.design.network

    @contextmanager
    def ready(self) -> Iterator[None]:
        with (
            tempfile.TemporaryDirectory(prefix="shiftwire-board-") as folder,
            board_sentences(self.project),
            simulated_board(self.project, Path(folder)) as board,
            Accelerator(board.bitfile, batch=self.batch) as accelerator,
        ):
            self._open.append(accelerator)
            try:
                yield
            finally:
                self._open.clear()

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        (accelerator,) = self._open
        with board_sentences(self.project):
            start = time.perf_counter()
            output = accelerator.predict_codes(codes)
            seconds = time.perf_counter() - start
        return Outcome({self.network.output_name: output.reshape(-1, *self.network.output.shape)}, seconds)
