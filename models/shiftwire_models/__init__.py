"""Torch layers, nets, training and export of multiplication-free networks; the only user of torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shiftwire_models.errors import ModelsError

if TYPE_CHECKING:
    from shiftwire_models import nn
    from shiftwire_models.conversion.net import MultiplicationFreeNet, to_multiplication_free
    from shiftwire_models.conversion.writing import export, from_exact

__all__ = ["ModelsError", "MultiplicationFreeNet", "export", "from_exact", "nn", "to_multiplication_free"]

_PLACES = {
    "shiftwire_models.conversion.net": ("MultiplicationFreeNet", "to_multiplication_free"),
    "shiftwire_models.conversion.writing": ("export", "from_exact"),
}


def __getattr__(name: str) -> Any:
    """What needs torch, imported when it is first asked for: `shiftwire-train` says what is missing, or interrupted."""
    if name == "nn":
        return import_module("shiftwire_models.nn")
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(place), name)
    raise AttributeError(f"module 'shiftwire_models' has no attribute '{name}'")
