"""Yosys: maps SystemVerilog to a Xilinx device and counts what it takes, once for every content."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

from shiftwire.errors import ToolError
from shiftwire.tools.json_text import parsed_json
from shiftwire.tools.netlist import top_resources, unit_resources
from shiftwire.tools.process import run
from shiftwire.tools.resources import Resources

MEND = "install it by pip install 'shiftwire[rtl]'"
WORKER = Path(__file__).with_name("yosys_worker.py")
COUNTING = Path(__file__).with_name("netlist.py")

# synth_xilinx itself insists on abc9, which does not end on wide adder designs
MAP = """\
opt_expr -mux_undef -noclkinv
abc -luts 2:2,3,6:5,10,20
clean
xilinx_srl -fixed -minlen 3
techmap -map +/xilinx/lut_map.v -map +/xilinx/cells_map.v -D LUT_WIDTH=6
xilinx_dffopt
opt_lut_ins -tech xilinx
clean
"""


class Family(Enum):
    """Device families, as yosys calls them."""

    SERIES_7 = "xc7"
    ULTRASCALE_PLUS = "xcup"


@dataclass(frozen=True, slots=True)
class Synthesis:
    """A design and how it is mapped; two equal ones give one netlist.

    `sources` hold one module each; `parameters` are those of `top`; without `dsp` products are made of
    LUTs.
    `kept` names modules that stay units of their own, so that each of their instances is counted apart.
    `data` are files that the sources read by name ($readmemh): they decide the netlist too, and are looked for in the
    folder of the first.
    """

    sources: tuple[Path, ...]
    top: str
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    family: Family = Family.SERIES_7
    dsp: bool = False
    kept: tuple[str, ...] = ()
    data: tuple[Path, ...] = ()

    def elaboration(self) -> str:
        """The script up to a design of plain yosys cells, its top module under its own name."""
        lines = [f'read_verilog -sv -defer "{source.resolve()}"' for source in self.sources]
        lines.append(f"hierarchy -top {self.top}" + "".join(f" -chparam {n} {v}" for n, v in self.parameters.items()))
        lines.append(f"rename -top {self.top}")
        return "\n".join(lines) + "\n"

    def mapping(self) -> str:
        """The script from there to a netlist of Xilinx cells."""
        keep = "".join(f"setattr -mod -set keep_hierarchy 1 A:hdlname=\\{name}\n" for name in self.kept)
        dsp = "" if self.dsp else " -nodsp"
        family = f"synth_xilinx -family {self.family.value} -top {self.top}"
        return f"{keep}{family} -flatten -noiopad -noclkbuf{dsp} -run begin:map_luts\n{MAP}"

    def key(self) -> str:
        """SHA-256 of everything that decides the netlist and how it is counted."""
        options = [yosys_version(), self.top, str(sorted(self.parameters.items())), *self.kept, self.mapping()]
        digest = hashlib.sha256("\0".join(options).encode())
        for file in (COUNTING, *self.sources, *self.data):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Netlist:
    """A mapped design: the whole, each kept unit by instance path, and a file of Verilog in Xilinx cells."""

    resources: Resources
    units: Mapping[str, Resources]
    verilog: Path
    tool: str


def synthesised(synthesis: Synthesis, folder: Path) -> Netlist:
    """The netlist of a design, from `folder` when the same content was mapped before."""
    done = folder / synthesis.key()
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as name:
            work = Path(name) / "netlist"
            work.mkdir()
            _map(synthesis, work)
            if not done.exists():  # another process may have been faster
                work.rename(done)
    counts = parsed_json((done / "counts.json").read_text(encoding="utf-8"))
    units = {path: Resources(**unit) for path, unit in counts["units"].items()}
    return Netlist(Resources(**counts["resources"]), units, done / "netlist.v", counts["tool"])


def run_script(script: str, purpose: str, folder: Path) -> str:
    """What yosys says to a script that must succeed, run in `folder` by a process of its own."""
    yosys_version()
    path = folder / "script.ys"
    path.write_text(script, encoding="utf-8")
    return run([sys.executable, "-P", WORKER, path.resolve()], purpose, folder)


@cache
def yosys_version() -> str:
    """Such as pyosys 0.70."""
    try:
        return f"pyosys {version('pyosys')}"
    except PackageNotFoundError:
        raise ToolError(f"found no package pyosys, which is needed to count resources; {MEND}") from None


def _map(synthesis: Synthesis, work: Path) -> None:
    """Write netlist.v and counts.json into `work`."""
    write = "select *\nwrite_verilog -noattr -selected netlist.v\nwrite_json -selected netlist.json\n"
    for file in synthesis.data:
        shutil.copy(file, work)
    run_script(synthesis.elaboration() + synthesis.mapping() + write, f"map {synthesis.top}", work)
    netlist = work / "netlist.json"
    modules = parsed_json(netlist.read_text(encoding="utf-8"))["modules"]
    netlist.unlink()
    counts = {
        "resources": asdict(top_resources(modules, synthesis.top)),
        "units": {path: asdict(unit) for path, unit in unit_resources(modules, synthesis.top).items()},
        "tool": yosys_version(),
    }
    (work / "counts.json").write_text(json.dumps(counts), encoding="utf-8")
