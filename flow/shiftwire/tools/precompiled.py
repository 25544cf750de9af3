"""Fixed headers that a C++ compiler reads once a machine instead of once a program."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from shiftwire.errors import ToolError
from shiftwire.tools.process import run

KEPT = 6
"""Precompiled headers that stay, however old; one takes up to 90 MB."""

AN_HOUR = 3600
"""Seconds that every other one stays."""

NAME = "prefix.h"


GCC = "Free Software Foundation"
"""Stands in what g++ tells of its version; other compilers keep the folder of a header in what they precompile."""


def user_folder() -> Path:
    """Where they are kept, as the XDG base directory specification says; raises RuntimeError for nobody's home."""
    wanted = Path(os.environ.get("XDG_CACHE_HOME") or ".")
    return (wanted if wanted.is_absolute() else Path.home() / ".cache") / "shiftwire" / "headers"


def precompiled(command: Sequence[str | Path], identity: str, text: str) -> list[str | Path]:
    """Arguments that put what `text` includes in front of a source, read before; none where that is not to be had.

    `command` is the compiler with its options, `identity` tells its version, target and flags. Headers of a content are
    precompiled when they are wanted for the second time, for a single program would wait longer for that than it saves.
    Whatever stands in the way (a folder that cannot be written, a compiler without them) makes programs slower to
    compile and is no error.
    """
    if GCC not in identity:
        return []
    try:
        with TemporaryDirectory(prefix="shiftwire-headers-") as work:
            return _arguments(command, identity, text, Path(work) / NAME)
    except (OSError, RuntimeError, ToolError):
        return []


def _arguments(command: Sequence[str | Path], identity: str, text: str, header: Path) -> list[str | Path]:
    header.write_text(text)
    content = run([*command, "-E", "-P", "-x", "c++", header], "preprocess headers")
    # assertions hold the path of their header; what is elsewhere and the same else is the same
    for path in sorted((str(word)[2:] for word in command if str(word).startswith("-I")), key=len, reverse=True):
        content = content.replace(path, "")
    folder = user_folder() / hashlib.sha256(f"{identity}\0{content}".encode()).hexdigest()[:32]
    finished = folder / f"{NAME}.gch"
    if not folder.exists():
        folder.mkdir(parents=True)
        _forget_old(folder.parent)
        return []
    if not finished.exists():
        unfinished = folder / f"{os.getpid()}.part"
        try:
            unfinished.touch()  # before minutes of work that nobody could keep
            shutil.copy(header, folder / NAME)
            precompiled_here = header.with_suffix(".h.gch")
            words, kept = [*command, "-x", "c++-header", header, "-o", precompiled_here], str(header.parent)
            run(words, "precompile headers", variables={"TMPDIR": kept})
            shutil.move(precompiled_here, unfinished)
            unfinished.rename(finished)
        finally:
            unfinished.unlink(missing_ok=True)
    with suppress(PermissionError):
        os.utime(folder)
    return ["-include", folder / NAME]


def forget(arguments: Sequence[str | Path]) -> None:
    """Remove the headers of such arguments, which a compiler would not have."""
    with suppress(OSError):
        Path(f"{arguments[1]}.gch").unlink()


def _forget_old(parent: Path) -> None:
    """Remove those that nobody has used lately; a program that is being compiled now may need any other."""
    used = {folder: folder.stat().st_mtime for folder in parent.iterdir()}
    for folder in sorted(used, key=lambda folder: used[folder])[:-KEPT]:
        if time.time() - used[folder] > AN_HOUR:
            shutil.rmtree(folder, ignore_errors=True)
