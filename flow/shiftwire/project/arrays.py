"""Arrays in .npz and .npy files, whole or some rows at a time."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from shiftwire.errors import InputError

Array = npt.NDArray[Any]
VERSION: Callable[[IO[bytes]], tuple[int, int]] = npy.read_magic
HEADERS: Mapping[tuple[int, int], Callable[[IO[bytes]], tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}
"""Of the versions that arrays of plain numbers are written in: shape, whether columns come first, and type."""


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of an .npz file by name, or that of an .npy file as `x`; nothing pickled."""
    with _plain_numbers(path), path.open("rb") as file:  # numpy leaves one open that it refuses
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"x": loaded}
        with loaded:
            return {name: np.asarray(loaded[name]) for name in loaded.files}


@dataclass(frozen=True)
class Rows:
    """An array in a file, of which no more is in memory than is asked for."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    file: IO[bytes]
    start: int

    @property
    def outline(self) -> Array:
        """An array of its shape and type that takes no memory."""
        return np.broadcast_to(np.zeros((), self.dtype), self.shape)

    @property
    def of_a_row(self) -> int:
        """Bytes."""
        return prod(self.shape[1:]) * self.dtype.itemsize

    def __getitem__(self, some: slice) -> Array:
        """Rows of a slice without a step; raises InputError where the file is damaged there."""
        start, stop, _ = some.indices(self.shape[0])
        with _plain_numbers():
            self.file.seek(self.start + start * self.of_a_row)
            content = self.file.read((stop - start) * self.of_a_row)
            if stop == self.shape[0]:
                self.file.read(1)  # a zip archive's checksum is compared at the end
            return np.frombuffer(content, self.dtype).reshape(stop - start, *self.shape[1:])


@contextmanager
def opened_arrays(path: Path) -> Iterator[Mapping[str, Rows | Array]]:
    """What `read_arrays` gives, as rows of the file where they lie one behind the other, else whole."""
    with ExitStack() as stack:
        with _plain_numbers(path):
            arrays = dict(_opened(path, stack))
        yield arrays


def _opened(path: Path, stack: ExitStack) -> Iterator[tuple[str, Rows | Array]]:
    file = stack.enter_context(path.open("rb"))  # numpy leaves one open that it refuses
    is_single = file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX
    file.seek(0)
    rows = _rows(file, path.stat().st_size) if is_single else None
    if rows:
        yield "x", rows
        return
    file.seek(0)
    loaded = np.load(file, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        yield "x", loaded
        return
    archive = stack.enter_context(loaded).zip
    members = {info.filename: info for info in archive.infolist()}
    for name in loaded.files:
        info = members.get(f"{name}.npy")
        rows = info and _rows(stack.enter_context(archive.open(info)), info.file_size)
        yield name, rows or np.asarray(loaded[name])


def _rows(file: IO[bytes], size: int) -> Rows | None:
    """The array that begins here; None where its rows do not lie one behind the other, or are no plain numbers."""
    reader = HEADERS.get(VERSION(file))
    if reader is None:
        return None
    shape, is_fortran, dtype = reader(file)
    if is_fortran or not shape or dtype.kind not in "fiub":
        return None
    rows = Rows(shape, dtype, file, file.tell())
    if size < rows.start + shape[0] * rows.of_a_row:
        raise EOFError(f"it ends before the last of {shape[0]} samples")
    return rows


@contextmanager
def _plain_numbers(path: Path | None = None) -> Iterator[None]:
    """What an unreadable file raises becomes an InputError."""
    if path is not None and not path.is_file():
        raise InputError(f"found no file {path}; name an .npz or .npy file")
    try:
        yield
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"it is no .npz or .npy file of plain numbers ({reason}); save it with np.savez") from None
