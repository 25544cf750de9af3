"""ONNX in, verified hardware project out."""

from shiftwire.api import convert, load_network, to_hls4ml
from shiftwire.errors import CheckFailedError, InputError, ShiftwireError, ToolError
from shiftwire.project.project import Project, load_project

__all__ = [
    "CheckFailedError",
    "InputError",
    "Project",
    "ShiftwireError",
    "ToolError",
    "convert",
    "load_network",
    "load_project",
    "to_hls4ml",
]
