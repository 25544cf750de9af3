"""A project folder: design.json and the weights say all, hls/ and rtl/ are written from them."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from shiftwire.errors import InputError, noted
from shiftwire.ir.fold import Fold
from shiftwire.ir.frames import InputPart, joined
from shiftwire.ir.network import Network, Tensor
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.numbers.fixed import Codes
from shiftwire.project.codec import ArrayFolder, decode, encode
from shiftwire.project.hls_folder import write_hls
from shiftwire.rtl.files import check_rtl, checksums, write_modules, write_shell
from shiftwire.schedule.adder_blocks import DspUse
from shiftwire.schedule.depths import interval
from shiftwire.schedule.design import Design, folded
from shiftwire.tools.atomic import replaced
from shiftwire.tools.json_text import parsed_json
from shiftwire_boards.catalog import CatalogError, UnknownBoardError, recalled_board

SCHEMA = 7
"""Of design.json; another one is refused, for its classes have other fields."""

DESIGN_FILE = "design.json"
VERSION_FILE = "version.txt"
GOLDEN_FRAMES = 16
REPORTS = "reports"
OWN = frozenset((DESIGN_FILE, VERSION_FILE, "weights", "hls", "rtl", REPORTS))
"""What a project folder holds; converting again replaces all of it and nothing else."""


class Backend(enum.Enum):
    """What a project holds: C++ for HLS, SystemVerilog, or both."""

    HLS = "hls"
    RTL = "rtl"
    BOTH = "both"


@dataclass(frozen=True)
class Project:
    """A folder on disk and the design it was written from.

    `rtl_checksums` are SHA-256 of the files in rtl/ but its shell, by name; empty where the project has no rtl/.
    """

    path: Path
    design: Design
    version_hash: str
    rtl_checksums: Mapping[str, str] = field(default_factory=dict)

    @property
    def hls_dir(self) -> Path:
        """The hls4ml project; missing where the back end was rtl alone."""
        return self.path / "hls"

    @property
    def rtl_dir(self) -> Path:
        """SystemVerilog, constants and component.xml; missing where the back end was hls alone."""
        return self.path / "rtl"

    @property
    def reports_dir(self) -> Path:
        """Where tools leave what they make; outside the version hash."""
        return self.path / REPORTS

    @property
    def is_there(self) -> bool:
        """Whether its folder still holds this version, and no other was written there since."""
        written = self.path / VERSION_FILE
        return written.is_file() and written.read_text(errors="replace").strip() == self.version_hash

    def rtl_sources(self) -> tuple[Path, ...]:
        """The SystemVerilog; raises InputError where the project has none or somebody changed a file of rtl/."""
        if not self.rtl_checksums:
            raise InputError(f"{self.path} holds no rtl/; {self.again_with(Backend.RTL)}")
        check_rtl(self.rtl_dir, self.rtl_checksums, self.again_with(Backend.RTL))
        return tuple(sorted(self.rtl_dir.glob("*.sv")))

    def again_with(self, wanted: Backend) -> str:
        """How to get what is missing of a back end; both are named where one alone would delete the other's folder."""
        own = {Backend.RTL if self.rtl_checksums else Backend.HLS, wanted}
        if self.hls_dir.is_dir():
            own.add(Backend.HLS)
        return f"convert the model again with --backend {(wanted if own == {wanted} else Backend.BOTH).value}"

    def rtl_data(self) -> tuple[Path, ...]:
        """The files of constants that the SystemVerilog reads by name; `rtl_sources` is what checks them too."""
        return tuple(sorted(self.rtl_dir.glob("*.mem")))


def shiftwire_version() -> str:
    """That of the installed package; a folder of sources that was never installed raises PackageNotFoundError."""
    return importlib.metadata.version("shiftwire")


def write_project(design: Design, path: Path, backend: Backend = Backend.BOTH) -> Project:
    """Write a project whole or not at all; what tools reported of this very version stays.

    Raises InputError where `path` holds anything but an older project of ours, or cannot be written; ToolError where
    the design is unrolled and no optimiser is installed.
    """
    with replaced(path, is_project, _keep_reports) as work:
        arrays = ArrayFolder(work / "weights")
        manifest = _manifest(design, arrays)
        sums: dict[str, str] = {}
        rtl = design.rtl if backend is not Backend.HLS else None
        if rtl is not None:
            write_modules(rtl, work / "rtl", generic=design.is_generic)
            # the shell holds the version hash, so it is not under it
            sums = checksums(work / "rtl")
            manifest["rtl"] = _rtl_manifest(rtl, sums)
        text = json.dumps(manifest, indent=1) + "\n"
        (work / DESIGN_FILE).write_text(text, encoding="utf-8")
        version = _version_hash(text)
        (work / VERSION_FILE).write_text(f"{version}\n", encoding="utf-8")
        if rtl is not None:
            write_shell(rtl, work / "rtl", version)
        if backend is not Backend.RTL:
            write_hls(design, work / "hls", version, golden_codes(design.network))
    return Project(path, design, version, sums)


def _keep_reports(old: Path, new: Path) -> None:
    """What tools made of this very project stays, beside what they have made since."""
    versions = [folder / VERSION_FILE for folder in (old, new)]
    if not (old / REPORTS).is_dir() or not all(file.is_file() for file in versions):
        return
    if len({file.read_text(errors="replace").strip() for file in versions}) == 1:
        (new / REPORTS).mkdir(exist_ok=True)
        for report in (old / REPORTS).iterdir():
            if not (new / REPORTS / report.name).exists():
                report.rename(new / REPORTS / report.name)


def load_project(path: str | Path) -> Project:
    """Read a project back: units, FIFOs and times are derived anew from its network and folds.

    Raises InputError for a folder that is none, is of another schema, or whose design.json or weights were changed.
    """
    path = Path(path)
    file = path / DESIGN_FILE
    if not file.is_file():
        raise InputError(f"found no {DESIGN_FILE} in {path}; name a folder that 'shiftwire convert' wrote")
    with noted(f"in {file}"):
        text = file.read_text(encoding="utf-8", errors="replace")
        manifest = _parsed(text)
        _check_version(path, text)
        arrays = ArrayFolder(path / "weights")
        try:
            network: Network = decode(manifest["network"], arrays)
            board = recalled_board(manifest["board"])
            price = float(manifest["bram36_lut"])
            folds = {stage["name"]: Fold(**stage["fold"]) for stage in manifest["stages"]}
            memories = {each["name"]: float(each["bram36_lut"]) for each in manifest["stages"] if "bram36_lut" in each}
            design = folded(network, board, manifest["clock_ns"], folds, price, memories=memories)
            dsp = DspUse(manifest.get("dsp", DspUse.NONE.value))
            design = replace(design, unroll=bool(manifest["unroll"]), dsp=dsp)
            sums: dict[str, str] = dict(manifest["rtl"]["files"]) if "rtl" in manifest else {}
        except (CatalogError, UnknownBoardError) as error:
            raise InputError(f"its board is not to be had: {error}; convert the model again") from None
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"it is damaged ({error}); convert the model again") from None
    return Project(path, design, _version_hash(text), sums)


def _check_version(path: Path, text: str) -> None:
    """Raise InputError where design.json is not what `convert` wrote; its checksums are of weights and rtl/."""
    written = path / VERSION_FILE
    if not written.is_file() or written.read_text(errors="replace").strip() != _version_hash(text):
        raise InputError(f"the project was changed by hand: it does not match {VERSION_FILE}; convert the model again")


def is_project(path: Path) -> bool:
    """Whether a folder is one of ours, whatever its version; raises InputError for one that also holds other files."""
    try:
        is_design = "shiftwire" in parsed_json((path / DESIGN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False
    foreign = sorted(item.name for item in path.iterdir() if item.name not in OWN)
    if is_design and foreign:
        raise InputError(f"{path} holds '{foreign[0]}', which is none of ours; move it away or name another folder")
    return is_design


def golden_codes(network: Network) -> Codes:
    """Input frames for test benches: all lowest, all highest, zeros, then seeded random codes."""
    return joined([_golden_part(part) for part in network.entries]).reshape(GOLDEN_FRAMES, *network.input.shape)


def _golden_part(part: InputPart) -> Codes:
    lo, hi = part.format.lo, part.format.hi
    codes = np.random.default_rng(0).integers(lo, hi + 1, (GOLDEN_FRAMES, *part.shape))
    codes[0], codes[1], codes[2] = lo, hi, 0
    return codes


def _parsed(text: str) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = parsed_json(text)
        schema = manifest["shiftwire"]["schema"]
    except (ValueError, KeyError, TypeError):
        raise InputError("it is no design that shiftwire wrote, or it is damaged; convert the model again") from None
    if schema != SCHEMA:
        raise InputError(f"it has schema {schema}, this shiftwire reads {SCHEMA}; convert the model again")
    return manifest


def _manifest(design: Design, arrays: ArrayFolder) -> dict[str, Any]:
    """design.json but for its part on rtl/: what was built, for what, with which tools in mind."""
    network = design.network
    return {
        "shiftwire": {"schema": SCHEMA, "version": shiftwire_version()},
        "written_for": {"hls4ml": importlib.metadata.version("hls4ml"), "c++": "c++14", "vitis_hls": "2022.2 or later"},
        "board": design.board.recorded(),
        "clock_ns": design.clock_ns,
        "bram36_lut": design.bram36_lut,
        "unroll": design.unroll,
        **({} if design.dsp is DspUse.NONE else {"dsp": design.dsp.value}),
        "tensors": {name: _tensor(tensor) for name, tensor in network.tensors.items()},
        "stages": [
            {
                "name": node.name,
                "kind": node.kind,
                "reads": list(node.inputs),
                "fold": {key: size for key, size in dataclasses.asdict(design.folds[node.name]).items() if size},
                **({"bram36_lut": design.memories[node.name]} if node.name in design.memories else {}),
            }
            for node in network.nodes
        ],
        "units": [
            {
                "name": instance.name,
                "function": instance.unit.function,
                "reads": list(instance.inputs),
                "writes": list(instance.outputs),
                "cycles": instance.unit.iterations,
                "hls_latency": instance.unit.hls_latency,
            }
            for instance in design.pipeline.instances
        ],
        "fifos": [
            {"name": fifo.name, "format": str(fifo.format), **dataclasses.asdict(fifo.port), "depth": fifo.depth}
            for fifo in design.pipeline.fifos.values()
        ],
        "timing": {
            "interval_cycles": design.timing.interval,
            "hls_interval_cycles": design.timing.hls_interval,
            "hls_latency_cycles": design.timing.latency,
        },
        "network": encode(network, arrays),
    }


def _rtl_manifest(network: RtlNetwork, sums: Mapping[str, str]) -> dict[str, Any]:
    """What rtl/ holds: units, streams with their depth, the checksum of each file."""
    streams = (stream for stream in network.streams.values() if stream.name not in network.inputs)
    return {
        "interval_cycles": interval(network),
        "units": [{"name": unit.name, "module": unit.module.name, "layer": unit.layer} for unit in network.units],
        "streams": [{"name": s.name, "bits": s.width, "depth": network.depths[s.name]} for s in streams],
        "files": dict(sums),
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"shape": list(tensor.shape), "format": str(tensor.format)}


def _version_hash(text: str) -> str:
    """SHA-256 of design.json, and through the checksums in it of every weight file and of rtl/ without its shell."""
    return hashlib.sha256(text.encode()).hexdigest()
