"""Trip counts as an optimising compiler proves them: clang's, of units on streams of which it knows nothing."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import shiftwire_hls
from hls_structure.faults import Fault, Rule, fault
from hls_structure.source import HERE, TYPES, needs
from hls_structure.units import Subject, opaque_text

PLAIN = ("-fno-unroll-loops", "-fno-vectorize", "-fno-slp-vectorize", "-mllvm", "-inline-threshold=1000000")
COMPILE = ("clang", "-xc++", "-std=c++14", "-O2", *PLAIN, "-Wno-everything", "-D__SYNTHESIS__", "-S", "-emit-llvm")
ANALYSE = ("opt", "-disable-output", "-passes=print<loops>,print<scalar-evolution>")
WRITTEN_OUT = 2
FUNCTION = re.compile(r"Classifying expressions for: @(\w+)")
OUTER = re.compile(r"^Loop at depth 1 containing: %([\w.]+)<header>")
COUNT = re.compile(r"Loop %([\w.]+): backedge-taken count is (\d+)\n")


def trips(many: Sequence[Subject], folder: Path, headers: Path = shiftwire_hls.INCLUDE_DIR) -> list[list[int | None]]:
    """How often the outer loops of each unit run, None where clang can't tell; `folder` keeps what it said.

    Loops within are HLS's to unroll: that their bounds are constants shows in the headers.
    """
    needs("clang", "opt")
    folder.mkdir(parents=True, exist_ok=True)
    text = opaque_text(many)
    sources = [TYPES.read_text(), *(path.read_text() for path in sorted(headers.glob("*.h")))]
    key = hashlib.sha256("\0".join([text, *COMPILE, *ANALYSE, *sources]).encode()).hexdigest()
    known = folder / f"{key[:32]}.txt"
    if not known.exists():
        known.write_text(_analysed(text, folder / key[:32], headers))
    loops = _loops(known.read_text())
    return [loops.get(f"unit{at}", []) for at in range(len(many))]


def _analysed(text: str, stem: Path, headers: Path) -> str:
    source, made = stem.with_suffix(".cpp"), stem.with_suffix(".ll")
    source.write_text(text)
    types = (f'-DSHIFTWIRE_CODE_TYPES="{TYPES}"', f"-I{headers}", f"-I{HERE}")
    subprocess.run([*COMPILE, *types, str(source), "-o", str(made)], check=True)
    done = subprocess.run([*ANALYSE, str(made)], check=True, capture_output=True, text=True)
    made.unlink()
    return done.stderr


def _loops(text: str) -> dict[str, list[int | None]]:
    """By function; its loops are printed, then its name, then their counts."""
    found: dict[str, dict[str, int | None]] = {}
    outer: dict[str, int | None] = {}
    counts: dict[str, int | None] = {}
    for line in text.splitlines(keepends=True):
        if match := OUTER.search(line):
            outer[match[1]] = None
        elif match := FUNCTION.search(line):
            counts = found[match[1]] = outer
            outer = {}
        elif (match := COUNT.match(line)) and match[1] in counts:
            counts[match[1]] = int(match[2]) + 1
    return {name: list(loops.values()) for name, loops in found.items()}


def trip_faults(one: Subject, found: Sequence[int | None]) -> Iterator[Fault]:
    """One loop that runs as often as the nest says; a compiler may write out a loop of one or two iterations."""
    iterations = one.unit.iterations
    if iterations > WRITTEN_OUT and list(found) != [iterations]:
        told = " and ".join("a loop of unknown length" if n is None else f"{n} iterations" for n in found)
        wanted = f"one loop of {iterations} iterations, as the nest has"
        yield fault(Rule.TRIP_COUNT, one.name, told or "no loop", wanted)
