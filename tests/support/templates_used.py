"""Which of the templates' files some hardware is made with: what it names, what those name, and so on."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import shiftwire_hls
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.rtl.emit import network_text
from shiftwire.rtl.files import MODULES
from shiftwire.schedule.streaming import pipeline

NAME = re.compile(r"\bsw_\w+")


@cache
def _named(file: Path) -> frozenset[str]:
    return frozenset(NAME.findall(file.read_text(encoding="utf-8"))) - {file.stem}


def _used(names: set[str], folder: Path, suffix: str) -> set[str]:
    found: set[str] = set()
    while names:
        file = folder / f"{names.pop()}{suffix}"
        if file.name not in found and file.exists():
            found.add(file.name)
            names |= _named(file)
    return found


def stands_on_header(network: Network, folds: dict[str, Fold], file: str) -> bool:
    """Whether the C++ of a network includes a header, by whatever way."""
    instances = pipeline(network, folds).instances
    headers = {Path(header).stem for instance in instances for header in instance.unit.headers}
    return file in _used(headers | {"sw_code"}, shiftwire_hls.INCLUDE_DIR, ".h")


def stands_on_module(network: RtlNetwork, file: str) -> bool:
    """Whether the SystemVerilog of a network holds a module, by whatever way."""
    own = (text for unit in network.units for text in unit.module.sources.values())
    return file in _used(set(NAME.findall("\n".join([network_text(network, generic=True), *own]))), MODULES, ".sv")
