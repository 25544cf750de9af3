"""The host's C++ compiler: builds C-simulations, once for every content."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from shiftwire.tools.process import attempt, require_tool, run

NATIVE = "-march=native"
"""For the CPU at hand; a program built so may not run on another one, so the CPU is part of its key."""

STANDARD = "c++14"
"""What Vitis HLS documents; units must compile under it."""


@dataclass(frozen=True, slots=True)
class Build:
    """A source and how it is compiled; two equal builds give one program.

    With several `parts` it is compiled so many times, side by side, each time with SHIFTWIRE_PART defined as the number
    of a part.
    """

    source: Path
    include_dirs: tuple[Path, ...]
    standard: str = STANDARD
    flags: tuple[str, ...] = ("-O1",)
    parts: int = 1

    @property
    def _options(self) -> list[str | Path]:
        """Everything but the output; warnings are the business of the header tests."""
        return [
            f"-std={self.standard}",
            *self.flags,
            "-w",
            *(f"-I{folder}" for folder in self.include_dirs),
            self.source,
        ]

    def command(self, compiler: Path, output: Path) -> list[str | Path]:
        """What compiles all of it to `output`, as a list of arguments."""
        return [compiler, *self._options, "-o", output]

    def part_command(self, compiler: Path, part: int, output: Path) -> list[str | Path]:
        """What compiles one of its parts to an object file."""
        return [compiler, *self._options, f"-DSHIFTWIRE_PART={part}", "-c", "-o", output]

    def key(self, compiler: Path) -> str:
        """SHA-256 of everything that decides the program: the preprocessed source, the flags, the compiler, the CPU."""
        text = run([compiler, "-E", "-P", *self._options], "preprocess the units")
        version = run([compiler, "--version"], "tell its version")
        target = run([compiler, *self.flags, "-Q", "--help=target"], "tell its target") if NATIVE in self.flags else ""
        return hashlib.sha256("\0".join([version, target, self.standard, *self.flags, text]).encode()).hexdigest()


def find_compiler() -> Path:
    """g++, or the program that the environment variable CXX names."""
    return require_tool(os.environ.get("CXX", "g++"), "C-simulate", "install it, on Debian by apt-get install g++")


def has_headers(*names: str) -> bool:
    """Whether the compiler finds all headers of other libraries."""
    included = [part for name in names for part in ("-include", name)]
    return attempt([find_compiler(), "-E", "-x", "c++", *included, os.devnull]).status == 0


def compiled(build: Build, cache: Path) -> Path:
    """The program of a build, from `cache` when the same content was built before."""
    compiler = find_compiler()
    program = cache / build.key(compiler)[:32]
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = program.with_suffix(f".{os.getpid()}")
        _compile(build, compiler, unfinished)
        unfinished.rename(program)
    return program


def _compile(build: Build, compiler: Path, program: Path) -> None:
    purpose = f"compile {build.source.name}"
    if build.parts == 1:
        run(build.command(compiler, program), purpose)
        return
    with TemporaryDirectory(dir=program.parent) as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [Path(folder) / f"{part}.o" for part in range(build.parts)]
        commands = [build.part_command(compiler, part, file) for part, file in enumerate(objects)]
        for _ in pool.map(lambda command: run(command, purpose), commands):
            pass
        run([compiler, *objects, "-o", program], f"link {build.source.stem}")
