"""A simulated board for a project: its logic as a program, the files that pynq reads, and a pynq.Device in between."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shiftwire.board.inner import chosen_inner, exported_ip, project_shell, repositories
from shiftwire.board.manifest import board_manifest
from shiftwire.board.program import board_program
from shiftwire.errors import InputError, ToolError
from shiftwire.project.project import Project
from shiftwire.rtl.accelerator import accelerator
from shiftwire.tools.process import Progress
from shiftwire_boards import vivado
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.clock import Clock
from shiftwire_boards.runtime.errors import BoardError, DataError
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.lock import lock_of
from shiftwire_boards.runtime.manifest import SUFFIX, sha256
from shiftwire_boards.runtime.measure import MeasurementPlan, measure
from shiftwire_boards.runtime.record import Record
from shiftwire_boards.runtime.samples import Samples
from shiftwire_boards.sim.fabric import Bases, BusError, Fabric
from shiftwire_boards.sim.program import Logic
from shiftwire_boards.vivado.cells import ACCELERATOR, DMA, INTERRUPTS

if TYPE_CHECKING:
    from shiftwire_boards.sim.device import SimulatedDevice

BASE = "simulated"
SINGLES = 20
"""Frames that are sent alone, for their latency."""

DRAM_BYTES = 1 << 26
MEND = "install it by pip install 'shiftwire[board]'"


@dataclass(frozen=True)
class SimulatedBoard:
    """`device` is active in pynq while the board lasts."""

    device: SimulatedDevice
    bitfile: Path

    @property
    def clock(self) -> Clock:
        """The time of its logic."""
        return self.device.runtime_clock


@contextmanager
def simulated_board(
    project: Project,
    folder: Path,
    dram_bytes: int = DRAM_BYTES,
    fabric: Fabric | None = None,
    inner: Inner | None = None,
) -> Iterator[SimulatedBoard]:
    """A board that lasts as long as the block; `folder` takes the overlay's files.

    Its logic is the shell around the project's own SystemVerilog, Verilated, or around its compiled C++ where `inner`
    asks for that or it has no other, or what stands behind `fabric`. Raises ToolError without pynq.
    """
    warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)  # said when pynq is imported
    try:
        from shiftwire_boards.sim.device import SimulatedDevice, active  # noqa: PLC0415 - pynq is an extra
    except ImportError as error:
        raise ToolError(f"found no {error.name}, which the simulated board stands on; {MEND}") from None
    design = accelerator_design(project, inner)
    bitfile = write_overlay(project, design, folder, inner)
    at = slave_bases(design)
    mhz = 1000 / project.design.clock_ns
    with nullcontext(fabric) if fabric is not None else _logic(project, inner) as logic:
        device = SimulatedDevice(logic, mhz, at, dram_bytes)
        try:
            with active(device):
                yield SimulatedBoard(device, bitfile)
        finally:  # its name was for this process alone
            lock_of(device).unlink(missing_ok=True)


def _logic(project: Project, inner: Inner | None) -> Logic:
    program = board_program(project, inner)
    return Logic(program.path, program.folder)


def accelerator_design(project: Project, inner: Inner | None = None) -> vivado.BlockDesign:
    """The block design around a form of a project; the IPs are found from a script two folders below the project.

    Raises InputError for a clock that the board's PS does not take.
    """
    form = chosen_inner(project, inner)
    shell_repo, network_repo = repositories(form)
    network = exported_ip(project.design.pipeline) if form is Inner.HLS else None
    facts = accelerator(project_shell(project, form), project.design.clock_ns, network)
    try:
        return vivado.block_design(
            project.design.board, facts, ip_repo=f"../../{shell_repo}", network_repo=f"../../{network_repo}"
        )
    except vivado.BlockDesignError as error:
        raise InputError(f"{error}; convert with another --clock-ns") from None


def slave_bases(design: vivado.BlockDesign) -> Bases:
    """Where a processor finds the slaves of a block design."""
    at = {address.slave.cell: address.base for address in design.addresses}
    return Bases(at[DMA], at[INTERRUPTS], at[ACCELERATOR])


def write_overlay(project: Project, design: vivado.BlockDesign, folder: Path, inner: Inner | None = None) -> Path:
    """Write .hwh, a .bit without logic and the manifest side by side; gives the .bit."""
    folder.mkdir(parents=True, exist_ok=True)
    bitfile, hwh = folder / f"{BASE}.bit", folder / f"{BASE}.hwh"
    bitfile.write_bytes(vivado.dummy_bit(design))
    hwh.write_text(vivado.hwh_text(design), encoding="utf-8")
    files = {file.name: sha256(file) for file in (bitfile, hwh)}
    manifest = board_manifest(project, project.path.resolve().name, files, inner=inner)
    (folder / f"{BASE}{SUFFIX}").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return bitfile


def simulated_record(
    project: Project,
    folder: Path,
    samples: Samples,
    batch: int = 64,
    progress: Progress = lambda done, total: None,
    *,
    inner: Inner | None = None,
) -> Record:
    """A record on a simulated board that loads what is written to `folder`.

    Raises ToolError where the board fails.
    """
    plan = MeasurementPlan(seconds=0.0, singles=min(len(samples.codes), SINGLES))
    with (
        board_sentences(project),
        simulated_board(project, folder, inner=inner) as board,
        Accelerator(board.bitfile, batch=batch) as accelerator,
    ):
        return measure(accelerator, samples, plan, progress=progress)


@contextmanager
def board_sentences(project: Project) -> Iterator[None]:
    """What the runtime raises in the block, as errors of the flow."""
    try:
        yield
    except DataError as error:
        raise InputError(str(error)) from None
    except (BoardError, BusError) as error:
        fault = _bus_error(error)
        if fault is None:
            raise ToolError(str(error)) from None
        cache = project.reports_dir / "board"
        raise ToolError(f"{fault}; try again, and if it stays so remove {cache}, which is built anew") from None


def _bus_error(error: BaseException | None) -> BusError | None:
    """What a runtime's error began with, where that is the simulated logic: no board is to blame then."""
    while error is not None and not isinstance(error, BusError):
        error = error.__context__
    return error
