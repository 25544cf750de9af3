"""Torch layers, nets, training and export of multiplication-free networks; the only user of torch."""

from importlib.util import find_spec

from shiftwire_models.errors import ModelsError

if find_spec("torch") is not None:  # without it `shiftwire-train` is to say what is missing
    from shiftwire_models import nn
    from shiftwire_models.conversion.net import MultiplicationFreeNet, to_multiplication_free
    from shiftwire_models.conversion.writing import export, from_exact

__all__ = ["ModelsError", "MultiplicationFreeNet", "export", "from_exact", "nn", "to_multiplication_free"]
