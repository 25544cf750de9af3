"""Runs a yosys script inside libyosys: python -P yosys_worker.py SCRIPT.

A process of its own, because libyosys ends the one it lives in when a pass fails or is interrupted.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pyosys import libyosys


def main(script: Path) -> None:
    """Run the lines of a script one by one; a pass that fails ends this process."""
    design = libyosys.Design()
    for line in script.read_text(encoding="utf-8").splitlines():
        libyosys.run_pass(line, design)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
