"""The host's C++ compiler: builds C-simulations, once for every content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from shiftwire.errors import InputError, ToolError
from shiftwire.tools.precompiled import forget, precompiled
from shiftwire.tools.process import attempt, require_tool, run, run_together

NATIVE = "-march=native"
"""For the CPU at hand; a program built so may not run on another one, so the CPU is part of its key."""

FORCED = {"": (), "avx2": ("-mno-avx512f", "-mno-avxvnni"), "vectors": ("-mno-avx",)}
"""Instructions that SHIFTWIRE_SIMD may leave out; without it a program uses what the processor has."""


@dataclass(frozen=True, slots=True)
class Processor:
    """What a native program may ask of the processor."""

    has_avx2: bool = False
    has_byte_products: bool = False

    @classmethod
    def of(cls, flags: Sequence[str]) -> Processor:
        """What the compiler makes use of under these flags."""
        macros = _macros(find_compiler(), tuple(flags))
        has_byte_products = "__AVX512VNNI__ " in macros or "__AVXVNNI__ " in macros
        return cls("__AVX2__ " in macros, has_byte_products)


def native_flags() -> tuple[str, ...]:
    """For the processor at hand, or for as much of it as the environment variable SHIFTWIRE_SIMD leaves."""
    asked = os.environ.get("SHIFTWIRE_SIMD", "")
    if asked not in FORCED:
        known = ", ".join(f"'{name}'" for name in FORCED if name)
        raise InputError(f"found SHIFTWIRE_SIMD={asked}; set it to one of {known}, or unset it for all instructions")
    flags = _known(find_compiler(), (NATIVE, *FORCED[asked]))
    if asked == "avx2" and not Processor.of(flags).has_avx2:
        raise InputError(
            "found SHIFTWIRE_SIMD=avx2, and no AVX2 in what the compiler knows of this processor; set it to 'vectors', "
            "or unset it for the instructions that are there"
        )
    return flags


@cache
def _known(compiler: Path, flags: tuple[str, ...]) -> tuple[str, ...]:
    """Those that a compiler takes; what it does not know it does not make use of either."""
    with suppress(ToolError):
        _macros(compiler, flags)
        return flags
    return tuple(flag for flag in flags if attempt([compiler, flag, "-E", "-x", "c++", os.devnull]).status == 0)


@cache
def _macros(compiler: Path, flags: tuple[str, ...]) -> str:
    return run([compiler, *flags, "-dM", "-E", "-x", "c++", os.devnull], "tell its target")


STANDARD = "c++14"
"""What Vitis HLS documents; units must compile under it."""


@dataclass(frozen=True, slots=True)
class Build:
    """A source and how it is compiled; two equal builds give one program.

    With several `parts` it is compiled so many times, side by side, each time with SHIFTWIRE_PART defined as the number
    of a part. `prefix` are lines that include what the source includes first anyhow: headers that are the same for
    every program, which may be precompiled.
    """

    source: Path
    include_dirs: tuple[Path, ...]
    standard: str = STANDARD
    flags: tuple[str, ...] = ("-O1",)
    parts: int = 1
    prefix: str = ""

    @property
    def options(self) -> list[str | Path]:
        """Everything but source and output; warnings are the business of the header tests."""
        return [f"-std={self.standard}", *self.flags, "-w", *(f"-I{folder}" for folder in self.include_dirs)]

    def identity(self, compiler: Path) -> str:
        """The compiler, its flags and, where it matters, the CPU that it compiles for."""
        version = run([compiler, "--version"], "tell its version")
        target = _macros(compiler, self.flags) if NATIVE in self.flags else ""
        return "\0".join([version, target, self.standard, *self.flags])

    def key(self, compiler: Path, identity: str) -> str:
        """SHA-256 of everything that decides the program: the preprocessed source, the flags, the compiler, the CPU."""
        text = run([compiler, "-E", "-P", *self.options, self.source], "preprocess the units")
        return hashlib.sha256(f"{identity}\0{text}".encode()).hexdigest()


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
    identity = build.identity(compiler)
    program = cache / build.key(compiler, identity)[:32]
    if not program.exists():
        _compile(build, compiler, identity, program)
    return program


def _compile(build: Build, compiler: Path, identity: str, program: Path) -> None:
    command: list[str | Path] = [compiler, *build.options]
    prefix = precompiled(command, identity, build.prefix) if build.prefix else []
    if prefix:
        with suppress(ToolError):
            _compile_parts(build, [*command, *prefix], program)
            return
        forget(prefix)  # damaged, or removed since: the program's own fault shows without them too
    _compile_parts(build, command, program)


def _compile_parts(build: Build, command: Sequence[str | Path], program: Path) -> None:
    """What is being made is in a folder that goes with it, what the compiler keeps for itself too."""
    with _folder_in(program.parent) as folder:
        work, variables, purpose = Path(folder), {"TMPDIR": folder}, f"compile {build.source.name}"
        if build.parts == 1:
            run([*command, build.source, "-o", work / "program"], purpose, variables=variables)
        else:
            objects = [work / f"{part}.o" for part in range(build.parts)]
            commands = [
                [*command, f"-DSHIFTWIRE_PART={part}", "-c", build.source, "-o", file]
                for part, file in enumerate(objects)
            ]
            run_together(commands, purpose, variables)
            run([command[0], *objects, "-o", work / "program"], f"link {build.source.stem}", variables=variables)
        (work / "program").rename(program)


def _folder_in(cache: Path) -> TemporaryDirectory[str]:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        return TemporaryDirectory(dir=cache)
    except OSError as error:
        raise InputError(
            f"cannot write {cache} ({error.strerror}); free space, or work on a copy of the project where you may write"
        ) from error
