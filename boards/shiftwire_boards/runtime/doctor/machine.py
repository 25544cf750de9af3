"""The machine as files below a folder: Linux's, the image's, and the folders that Python imports from."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path

from shiftwire_boards.runtime.family import Family, family_of_machine


@dataclass(frozen=True)
class Machine:
    """`root` is another folder than / in tests; `site` are the folders of packages, `python` is its version."""

    root: Path = Path("/")
    site: tuple[str, ...] = field(default_factory=lambda: tuple(sys.path))
    python: tuple[int, ...] = tuple(sys.version_info[:3])

    def path(self, name: str) -> Path:
        """Of a file by its path from the root, such as proc/meminfo."""
        return self.root / name

    def text(self, name: str) -> str:
        """Of a file that may be missing or closed to this user: then it is empty."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def strings(self, name: str) -> tuple[str, ...]:
        """Of a file in which zeros end them, as in /proc."""
        return tuple(part for part in self.text(name).split("\0") if part)

    def variable(self, name: str) -> str:
        """Of this process's environment, as it was started; empty where unset."""
        variables = (part.partition("=") for part in self.strings("proc/self/environ"))
        return next((value for key, _, value in variables if key == name), "")

    def user(self) -> int | None:
        """The effective user: 0 is root."""
        for line in self.text("proc/self/status").splitlines():
            if line.startswith("Uid:"):
                return int(line.split()[2])
        return None

    def family(self) -> Family | None:
        """None on a machine that is neither."""
        return family_of_machine(self.strings("proc/device-tree/compatible"))

    def version(self, package: str) -> str | None:
        """Of an installed package; the first folder that has it counts, as for an import."""
        distributions = importlib.metadata.distributions(name=package, path=list(self.site))
        return next((each.version for each in distributions), None)

    def can_import(self, module: str) -> bool:
        """Whether the module is there; it may break all the same."""
        return PathFinder.find_spec(module, list(self.site)) is not None
