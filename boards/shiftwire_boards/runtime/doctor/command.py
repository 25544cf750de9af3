"""All checks in one order, printed line by line or as one JSON object."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from shiftwire_boards.runtime.accelerator import BATCH
from shiftwire_boards.runtime.doctor.finding import Finding, Level
from shiftwire_boards.runtime.doctor.hardware import (
    board_finding,
    clock_finding,
    device_finding,
    disk_finding,
    lock_finding,
    logic_finding,
    memory_finding,
)
from shiftwire_boards.runtime.doctor.machine import Machine
from shiftwire_boards.runtime.doctor.package import Package, package_finding, package_of
from shiftwire_boards.runtime.doctor.power import power_finding
from shiftwire_boards.runtime.doctor.software import (
    Pynq,
    load_pynq,
    numpy_finding,
    pandas_finding,
    pycparser_finding,
    pynq_finding,
    python_finding,
    setuptools_finding,
    user_finding,
    xrt_finding,
)
from shiftwire_boards.runtime.exit_code import ExitCode
from shiftwire_boards.runtime.family import family_of


def examine(machine: Machine, package: Package, pynq: Pynq, batch: int = BATCH) -> tuple[Finding, ...]:
    """Every finding; nothing is loaded, reset or written."""
    manifest = package.manifest
    family = machine.family() or (family_of(manifest.part) if manifest else None)
    bitfile = package.bitfile
    return (
        python_finding(machine),
        pynq_finding(machine, family, pynq),
        numpy_finding(machine),
        pandas_finding(machine),
        pycparser_finding(machine),
        setuptools_finding(machine),
        xrt_finding(machine),
        user_finding(machine),
        board_finding(machine, manifest),
        package_finding(package),
        memory_finding(machine, manifest, batch),
        logic_finding(machine),
        device_finding(pynq),
        clock_finding(pynq, manifest, bitfile.with_suffix(".hwh") if bitfile else None),
        power_finding(machine, manifest, pynq),
        disk_finding(bitfile.parent if bitfile else Path()),
        lock_finding(machine),
    )


def main(argv: list[str]) -> int:
    """ExitCode.OK without an error, FAILED_CHECK with one; each finding says how to mend it."""
    parser = argparse.ArgumentParser(prog="shiftwire_boards.runtime doctor", description=__doc__)
    parser.add_argument("bitfile", type=Path, nargs="?", help="the bitstream of a package (default: the one here)")
    parser.add_argument("--batch", type=int, default=BATCH, help=f"frames of a transfer ({BATCH})")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--root", type=Path, default=Path("/"), help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    package = package_of(arguments.bitfile, Path())
    findings = examine(Machine(arguments.root), package, load_pynq(), arguments.batch)
    errors = sum(finding.level is Level.ERROR for finding in findings)
    print(_json(findings, errors) if arguments.json else _text(findings, errors))  # noqa: T201
    return ExitCode.FAILED_CHECK if errors else ExitCode.OK


def _text(findings: tuple[Finding, ...], errors: int) -> str:
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    verdict = "this board cannot run the package yet" if errors else "nothing here keeps the package from running"
    return "\n".join([*map(str, findings), f"{errors} errors, {warnings} warnings: {verdict}"])


def _json(findings: tuple[Finding, ...], errors: int) -> str:
    rows = [{"check": f.check, "level": f.level.value, "what": f.what, "mend": f.mend} for f in findings]
    return json.dumps({"findings": rows, "errors": errors}, indent=1)
