"""Which form of a network goes behind the shell: the open SystemVerilog, or the IP that Vitis HLS makes of the C++."""

from __future__ import annotations

from collections.abc import Iterator

from shiftwire.errors import InputError
from shiftwire.hls.shell import FOLDER, hls_shell, shell_files
from shiftwire.hls.top import CLOCK, HLS_TOP, INPUT, IP_FOLDER, OUTPUT, RESET, VLNV, word_ports
from shiftwire.ir.pipeline import Pipeline
from shiftwire.project.project import Backend, Project
from shiftwire.rtl.ip import network_shell
from shiftwire.rtl.shell import NETWORK_IN, NETWORK_OUT, NETWORK_RESET, TOP, Shell
from shiftwire_boards import vivado
from shiftwire_boards.runtime.inner import Inner

DESIGN = "shiftwire_design"
"""The module of a simulated block design."""


def chosen_inner(project: Project, asked: Inner | None = None) -> Inner:
    """The form asked for, else rtl/ where a project has it; raises InputError for one that it has not."""
    there = {Inner.RTL: bool(project.rtl_checksums), Inner.HLS: project.hls_dir.is_dir()}
    inner = asked or (Inner.RTL if there[Inner.RTL] or not there[Inner.HLS] else Inner.HLS)
    if not there[inner]:
        raise InputError(f"{project.path} holds no {inner.value}/; {project.again_with(Backend(inner.value))}")
    return inner


def project_shell(project: Project, inner: Inner | None = None) -> Shell:
    """The shell around a form of a project, rtl/ where it has one and none is asked for: the same registers and words.

    Raises InputError for a form that it has not, for a shell that is missing or was changed, and where its ends are too
    wide for one.
    """
    if chosen_inner(project, inner) is Inner.HLS:
        shell = hls_shell(project.design, project.version_hash)
        _check_hls_shell(project)
        return shell
    project.rtl_sources()
    if not (project.rtl_dir / f"{TOP}.sv").is_file():
        raise InputError(f"found no {project.rtl_dir / TOP}.sv; convert the model again")
    return network_shell(project.design.rtl, int(project.version_hash[:8], 16))


def _check_hls_shell(project: Project) -> None:
    """What Vivado is given is what was written: its text says all, so it needs no checksum."""
    folder = project.hls_dir / FOLDER
    for name, text in shell_files(project.design, project.version_hash).items():
        file = folder / name
        if not file.is_file():
            raise InputError(f"found no {file}; {project.again_with(Backend.HLS)}")
        if file.read_text(encoding="utf-8", errors="replace") != text:
            raise InputError(f"{file} was changed by hand; {project.again_with(Backend.HLS)}")


def repositories(inner: Inner) -> tuple[str, str]:
    """Folders of the shell's IP and of its network's, seen from the project; where one IP holds both, it is one."""
    return ("rtl", "rtl") if inner is Inner.RTL else (f"hls/{FOLDER}", f"hls/{IP_FOLDER}")


def exported_ip(pipeline: Pipeline) -> vivado.NetworkIp:
    """What a block design must know of the IP that Vitis HLS exports."""
    source, sink = word_ports(pipeline)
    return vivado.NetworkIp(VLNV, INPUT, OUTPUT, CLOCK, RESET, source.bits, sink.bits)


def design_text(shell: Shell) -> str:
    """SystemVerilog of the links between a shell and the exported HLS IP outside it, as the block design makes them.

    Its ports are those of the shell beyond the network's.
    """
    own = [port for port in shell.ports if port not in shell.network_ports]
    ports = ",\n".join(f"    {port}" for port in own)
    shell_pins = ",\n".join(f"        .{port.name}" for port in shell.ports)
    wires = "\n".join(f"    {str(port).split(maxsplit=1)[1]};" for port in shell.network_ports)
    return f"""// The AXI shell and the exported HLS IP as a block design links them. Written by shiftwire.
module {DESIGN} (
{ports}
);
{wires}

    {TOP} accel_0 (
{shell_pins}
    );

    {HLS_TOP} net_0 (
        .{CLOCK}(aclk), .{RESET}({NETWORK_RESET}),
        {_linked(INPUT, NETWORK_IN)},
        {_linked(OUTPUT, NETWORK_OUT)}
    );
endmodule
"""


def _linked(port: str, wire: str) -> str:
    return ", ".join(_signals(port, wire))


def _signals(port: str, wire: str) -> Iterator[str]:
    for signal in ("TVALID", "TREADY", "TDATA"):
        yield f".{port}_{signal}({wire}_{signal.lower()})"
