"""component.xml of the IP that Vitis HLS would export of a project, and a stand-in for the tool that leaves it."""

from __future__ import annotations

from pathlib import Path

from csynth_texts import Altered, csynth_text
from shiftwire.hls.top import IP_FOLDER, word_ports
from shiftwire.project.project import Project
from vendor_texts import BANNER, SAMPLES, sample


def component_text(project: Project, *changes: tuple[str, str]) -> str:
    """The sample at the widths of a project; each change replaces a text everywhere."""
    source, sink = word_ports(project.design.pipeline)
    widths = {"@IN_LEFT@": source.bits - 1, "@OUT_LEFT@": sink.bits - 1}
    widths |= {"@IN_BYTES@": source.bits // 8, "@OUT_BYTES@": sink.bits // 8}
    text = sample("component_2022.2.xml")
    for old, new in (*((name, str(value)) for name, value in widths.items()), *changes):
        assert old in text, old
        text = text.replace(old, new)
    return text


def install_vitis(
    project: Project, folder: Path, *changes: tuple[str, str], altered: Altered | None = None, cosim: str = "PASS"
) -> Path:
    """A `vitis_hls` in a folder on PATH that leaves reports and the IP of a project; gives where it counts its runs."""
    made = folder / "made"
    made.mkdir(exist_ok=True)
    (made / "csynth.xml").write_text(csynth_text(project.design, "2022.2", altered), encoding="utf-8")
    (made / "component.xml").write_text(component_text(project, *changes), encoding="utf-8")
    solution = Path(IP_FOLDER).parents[1]
    program, told = folder / "vitis_hls", BANNER["vitis_hls"].format("2022.2")
    program.write_text(f"""#!/bin/sh
case "$1" in -version|--version) printf '{told}\\n'; exit 0;; esac
grep -c ' 1$' build_opt.tcl >>{folder}/runs
mkdir -p {solution}/syn/report {solution}/sim/report {IP_FOLDER}
cp {made}/csynth.xml {solution}/syn/report/csynth.xml
cp {SAMPLES}/lenet_cosim.rpt {solution}/sim/report/shiftwire_hls_top_cosim.rpt
cp {made}/component.xml {IP_FOLDER}/component.xml
echo 'INFO: [COSIM 212-1000] *** C/RTL co-simulation finished: {cosim} ***'
""")
    program.chmod(0o755)
    return folder / "runs"
