"""What is installed here, and what each thing is for."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tool:
    """A program or a package; `found` is its version or path, None where it is missing."""

    name: str
    purpose: str
    found: str | None
    mend: str
    required: bool = False


_PACKAGES = (
    ("hls4ml", "writes the HLS project", "pip install hls4ml==1.3.0", True),
    ("onnx", "reads models", "pip install onnx", True),
    ("onnxruntime", "runs a model as an independent oracle (verify, demo)", "pip install onnxruntime", True),
    ("torch", "trains and exports networks (shiftwire-train, demo)", "pip install 'shiftwire[train]'", False),
    ("scikit-learn", "has the digits data set (demo)", "pip install 'shiftwire[train]'", False),
)
_PROGRAMS = (
    ("g++", "compiles C-simulations (csim)", "install it, on Debian by apt-get install g++", True),
    ("vitis-run", "Vitis HLS from 2024.1 on: synthesis of hls/ (optional)", "install AMD Vitis", False),
    ("vitis_hls", "Vitis HLS up to 2024.2: synthesis of hls/ (optional)", "install AMD Vitis", False),
)


def inventory() -> Iterator[Tool]:
    """Every tool shiftwire can use, found or not."""
    yield Tool("python", "runs shiftwire", sys.version.split()[0], "install Python 3.11 or later", required=True)
    for name, purpose, mend, required in _PACKAGES:
        yield Tool(name, purpose, _version(name), mend, required)
    for name, purpose, mend, required in _PROGRAMS:
        found = shutil.which(os.environ.get("CXX", name) if name == "g++" else name)
        yield Tool(name, purpose, found, mend, required)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
