"""Synthesis in which yosys' peepopt has no say: it turns multiplied strides into wires, which other tools need not."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from shiftwire.tools.yosys import Synthesis, run_script

PREPARE = """\
proc
flatten
tribuf -logic
deminout
opt_expr
opt_clean
opt -nodffe -nosdff
fsm
opt
wreduce
opt_clean
pmux2shiftx
clean
sort
"""
"""What synth_xilinx of pyosys 0.70 does under its label `prepare`, less peepopt."""


class WithoutPeepopt(Synthesis):
    """The same design mapped by the same passes less one."""

    def mapping(self) -> str:
        before, family, behind = super().mapping().partition("synth_xilinx")
        command, _, rest = behind.partition(" -run begin:map_luts\n")
        assert rest, "found no synth_xilinx up to map_luts in the mapping; look there what became of it"
        command = family + command
        return f"{before}{command} -run begin:prepare\n{PREPARE}{command} -run map_dsp:map_luts\n{rest}"


def without_peepopt(synthesis: Synthesis) -> WithoutPeepopt:
    """The same synthesis less one pass."""
    own = {name: getattr(synthesis, name) for name in Synthesis.__dataclass_fields__}
    return WithoutPeepopt(**own)


def multiplications(synthesis: Synthesis) -> set[str]:
    """Names of the files in which a product is left that is more than wires, before any pass rewrites a stride."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in synthesis.data:
            (folder / file.name).symlink_to(file)
        top = f"synth_xilinx -top {synthesis.top} -run begin:prepare\n"
        look = "select -none\nselect * t:$mul %i\nwrite_json -selected mul.json\n"
        script = synthesis.elaboration() + top + PREPARE + look
        run_script(script, f"look for products in {synthesis.top}", folder)
        modules = json.loads((folder / "mul.json").read_text(encoding="utf-8"))["modules"]
    cells = [cell for module in modules.values() for cell in module["cells"].values() if cell["type"] == "$mul"]
    return {Path(cell["attributes"]["src"].split(":")[0]).name for cell in cells}
