"""One archive for a board: overlay, golden frames, runtime, manifest with checksums."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from shiftwire.board.inner import chosen_inner
from shiftwire.board.manifest import NOTHING, About, board_manifest
from shiftwire.errors import InputError
from shiftwire.hls.top import VLNV as HLS_IP
from shiftwire.project.project import Project, golden_codes
from shiftwire.tools.atomic import replaced_file
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.manifest import SUFFIX
from shiftwire_boards.runtime.overlay import SYNC, VLNV

GOLDEN = "golden.npz"
NOTEBOOK = "start.ipynb"
"""Without a checksum: Jupyter saves it with what its cells said."""

RUNTIME = "shiftwire_boards"
ON_BOARD = ("__init__.py", "runtime")
"""What of the package RUNTIME runs on a board."""


def package(
    project: Project, bit: Path, hwh: Path, archive: Path, about: About = NOTHING, *, inner: Inner | None = None
) -> Path:
    """Write a .tar.gz, the same bytes for the same overlay; raises InputError for files that are missing.

    So it does for an overlay of another form of the network than `inner`.
    """
    form = chosen_inner(project, inner)
    name = project.path.resolve().name
    for file in (bit, hwh):
        if not file.is_file():
            raise InputError(
                f"found no file {file}; run 'shiftwire build' on a machine with Vivado, or name a bitstream with its "
                ".hwh beside it"
            )
    _check_overlay(bit, hwh, form)
    files = {f"{name}.bit": bit.read_bytes(), f"{name}.hwh": hwh.read_bytes(), GOLDEN: golden_file(project)}
    files |= runtime_files()
    files[NOTEBOOK] = files.pop(f"{RUNTIME}/runtime/{NOTEBOOK}")  # what a user opens first
    sums = {path: hashlib.sha256(data).hexdigest() for path, data in files.items() if path != NOTEBOOK}
    manifest = board_manifest(project, name, sums, GOLDEN, about, inner=form)
    files[f"{name}{SUFFIX}"] = (json.dumps(manifest, indent=1) + "\n").encode()
    replaced_file(archive, _tar(folder_of(project), files))
    return archive


def _check_overlay(bit: Path, hwh: Path, inner: Inner) -> None:
    """Whether both are what they are called; that they are of this project, the logic itself tells on the board."""
    if SYNC not in bit.read_bytes():
        raise InputError(f"{bit} holds no configuration of an FPGA; name a whole bitstream")
    try:
        names = {module.get("VLNV", "") for module in ElementTree.parse(hwh).iter("MODULE")}
    except ElementTree.ParseError as error:
        raise InputError(f"{hwh} is no whole description of a block design ({error}); build it again") from None
    if not any(vlnv.startswith(VLNV) for vlnv in names):
        raise InputError(f"{hwh} describes no shiftwire network; name the overlay that 'shiftwire build' made")
    form = Inner.HLS if HLS_IP in names else Inner.RTL
    if form is not inner:
        raise InputError(
            f"{hwh} describes a network in its form {form.value}, wanted {inner.value}; give --inner {form.value}, or "
            f"run 'shiftwire build --inner {inner.value}' first"
        )


def folder_of(project: Project) -> str:
    """The folder that an archive unpacks into: versions lie side by side."""
    return f"{project.path.resolve().name}-{project.version_hash[:8]}"


def golden_file(project: Project) -> bytes:
    """An .npz of input codes `x` and output codes `y`: extremes and random frames."""
    codes = golden_codes(project.design.network)
    arrays = {"x": codes, "y": project.design.network.evaluate(codes)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:  # np.savez would write the time into it
        for name, array in arrays.items():
            entry = io.BytesIO()
            np.save(entry, array)
            packed.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue())
    return buffer.getvalue()


def runtime_files() -> dict[str, bytes]:
    """The runtime's own sources, by path in the archive."""
    spec = find_spec(RUNTIME)
    assert spec is not None and spec.origin is not None
    root = Path(spec.origin).parent
    files = [root / ON_BOARD[0], *sorted((root / ON_BOARD[1]).rglob("*"))]
    wanted = (file for file in files if file.suffix in (".py", ".json", ".ipynb"))
    return {f"{RUNTIME}/{file.relative_to(root).as_posix()}": file.read_bytes() for file in wanted}


def _tar(folder: str, files: Mapping[str, bytes]) -> bytes:
    """Names sorted, no times, no owners."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(f"{folder}/{path}")
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
