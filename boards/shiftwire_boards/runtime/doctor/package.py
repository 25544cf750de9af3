"""The files beside the bitstream."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shiftwire_boards.runtime.doctor.finding import Finding, error, fine, warning
from shiftwire_boards.runtime.errors import BoardError
from shiftwire_boards.runtime.manifest import Manifest, load_manifest, manifest_of, sha256

MOST_NAMED = 3


@dataclass(frozen=True)
class Package:
    """A bitstream and its manifest; None and why where there is none to look at."""

    bitfile: Path | None
    manifest: Manifest | None
    reason: str = ""


def package_of(bitfile: Path | None, folder: Path) -> Package:
    """The one named, or the only bitstream of a folder."""
    if bitfile is None:
        bitfiles = sorted(folder.glob("*.bit"))
        if len(bitfiles) != 1:
            return Package(None, None, f"found {len(bitfiles)} bitstreams in {folder}, none was named")
        (bitfile,) = bitfiles
    try:
        return Package(bitfile, load_manifest(manifest_of(bitfile)))
    except BoardError as problem:
        return Package(bitfile, None, str(problem))


def package_finding(package: Package) -> Finding:
    """Every file of the manifest by its checksum."""
    if package.bitfile is None:
        return warning("package", package.reason, "name one: ... doctor model.bit")
    if package.manifest is None:
        reason, _, mend = package.reason.partition("; ")
        return error("package", reason, mend)
    folder, files = package.bitfile.parent, package.manifest.files
    wanted = (package.bitfile, package.bitfile.with_suffix(".hwh"))
    absent = [file.name for file in wanted if not file.is_file()]
    absent += [name for name in sorted(files) if name not in absent and not (folder / name).is_file()]
    changed = [name for name, sum_ in sorted(files.items()) if name not in absent and sha256(folder / name) != sum_]
    faults = [*_named("missing", absent), *_named("not as they were packaged", changed)]
    if faults:
        return error("package", "; ".join(faults), "copy the whole package again")
    version = package.manifest.version_hash[:8]
    return fine("package", f"{package.manifest.name} {version}: {len(files)} files as they were packaged")


def _named(fault: str, names: list[str]) -> list[str]:
    shown = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else "")
    return [f"{fault}: {shown}"] if names else []
