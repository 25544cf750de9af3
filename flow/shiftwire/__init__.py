"""ONNX in, verified hardware project out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_PLACES = {
    "shiftwire.api": ("convert", "load_network", "to_hls4ml"),
    "shiftwire.errors": ("CheckFailedError", "InputError", "ShiftwireError", "ToolError"),
    "shiftwire.project.project": ("Project", "load_project"),
}


def __getattr__(name: str) -> Any:
    """What the package gives, imported when it is first asked for: the program is to catch Ctrl-C before that."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(place), name)
    raise AttributeError(f"module 'shiftwire' has no attribute '{name}'")
