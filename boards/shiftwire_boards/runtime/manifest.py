"""manifest.json, which lies beside a bitstream and says what the logic is and what belongs to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shiftwire_boards.runtime.errors import DataError, PackageError
from shiftwire_boards.runtime.frames import Entry, Exit, read_entries, read_exits
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.labels import check_labels
from shiftwire_boards.runtime.port import Port
from shiftwire_boards.runtime.preprocessing import Preprocessing

SCHEMAS = (2, 3, 4)
"""From 3 on a processor may have steps to do beyond a quantizer; those of 4 have several inputs or outputs."""
MOST = 1 << 63
SUFFIX = ".manifest.json"
"""model.bit goes with model.manifest.json."""


@dataclass(frozen=True)
class Manifest:
    """What a package holds.

    version_hash  SHA-256 of the project; files  SHA-256 of each file of the package, by name; labels  one word a class.
    Cycles are predicted: interval  initiation interval of a frame, words of the AXI ports included; latency and layers
    of the network alone. Older packages do not say which form `inner` is: it is the SystemVerilog.
    """

    name: str
    version_hash: str
    board: str
    part: str
    clock_ns: float
    input: Port
    output: Port
    entries: tuple[Entry, ...]
    exits: tuple[Exit, ...]
    interval_cycles: int
    latency_cycles: int | None
    layer_cycles: tuple[tuple[str, int], ...]
    preprocessing: Preprocessing | None
    labels: tuple[str, ...] | None
    golden: str | None
    files: dict[str, str]
    inner: Inner = Inner.RTL

    @property
    def version(self) -> int:
        """What the shell's version register holds."""
        return int(self.version_hash[:8], 16)

    def labelled(self, labels: Any) -> dict[str, Any]:
        """Labels by the name of their output: a dict of arrays, or an array for the first output that they fit.

        Raises DataError for labels that fit not what the model gives.
        """
        if labels is None:
            return {}
        exits = {end.name: end for end in self.exits}
        if not isinstance(labels, Mapping):
            return self._first_that_fits(np.asarray(labels))
        for name, each in labels.items():
            if name not in exits:
                raise DataError(f"found labels '{name}', wanted those of an output, {', '.join(exits)}")
            _check_labels(exits[name], np.asarray(each))
        return {name: np.asarray(labels[name]) for name in exits if name in labels}

    def _first_that_fits(self, labels: Any) -> dict[str, Any]:
        faults = {end.name: _fault(end, labels) for end in self.exits}
        fitting = [name for name, fault in faults.items() if fault is None]
        if not fitting:
            raise DataError(next(filter(None, faults.values())))
        return {fitting[0]: labels}


def _fault(end: Exit, labels: Any) -> str | None:
    try:
        _check_labels(end, labels)
    except DataError as fault:
        return str(fault)
    return None


def _check_labels(end: Exit, labels: Any) -> None:
    check_labels(labels, end.decoder.scores_shape(end.shape))
    if labels.dtype.kind == "f" and end.decoder.ranks:
        raise DataError("found labels that are values, and the model gives indices; give classes as integers")


def manifest_of(bitfile: Path) -> Path:
    """The manifest that goes with a bitstream."""
    return bitfile.with_name(bitfile.stem + SUFFIX)


def load_manifest(path: Path) -> Manifest:
    """Raises PackageError for a file that is missing, damaged or of another version."""
    if not path.is_file():
        raise PackageError(f"found no {path}, which 'shiftwire package' writes; copy the whole package")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        schema = content["shiftwire_package"]
        if schema not in SCHEMAS:
            known = " and ".join(map(str, SCHEMAS))
            raise PackageError(f"{path} has schema {schema}, this runtime reads {known}; package the project again")
        return _read(content)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise PackageError(f"{path} is damaged ({error!r}); package the project again") from None


def check_files(manifest: Manifest, folder: Path) -> None:
    """Raise PackageError for the first file of the package that is missing or not as it was written."""
    for name, wanted in sorted(manifest.files.items()):
        path = folder / name
        if not path.is_file():
            raise PackageError(f"found no {path}; copy the whole package")
        if sha256(path) != wanted:
            raise PackageError(f"{path} does not match its checksum in the manifest; copy the package again")


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()


def _read(content: dict[str, Any]) -> Manifest:
    pixels, predicted = content["preparation"], content["foreseen"]
    (source,), (sink,) = content["inputs"], content["outputs"]  # the shell has one port each way
    latency = predicted["latency_cycles"]
    return Manifest(
        name=str(content["name"]),
        version_hash=bytes.fromhex(content["version_hash"]).hex(),
        board=str(content["board"]),
        part=str(content["part"]),
        clock_ns=_positive(float(content["clock_ns"])),
        input=Port.read(source),
        output=Port.read(sink),
        entries=read_entries(source),
        exits=read_exits(sink),
        interval_cycles=_positive(int(predicted["interval_cycles"])),
        latency_cycles=None if latency is None else _positive(int(latency)),
        layer_cycles=tuple((str(name), int(cycles)) for name, cycles in predicted["layers"]),
        preprocessing=None if pixels is None else Preprocessing.read(pixels, source["shape"][-1]),
        labels=None if content["labels"] is None else tuple(content["labels"]),
        golden=None if content["golden"] is None else Path(content["golden"]).name,
        files=dict(content["files"]),
        inner=Inner(content.get("inner", Inner.RTL.value)),
    )


def _positive(number: Any) -> Any:
    if not 0 < number < MOST:
        raise ValueError(f"{number} is no number of cycles or nanoseconds")
    return number
