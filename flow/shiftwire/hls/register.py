"""Make hls4ml know our layers; an explicit call, once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import hls4ml
from hls4ml.model.layers import register_layer

import shiftwire_hls
from shiftwire.hls.layer import LAYER_CLASSES, CallTemplate, ConfigTemplate


@cache
def register() -> None:
    """Give hls4ml our layer classes, and its Vitis backend their templates and headers."""
    backend = hls4ml.backends.get_backend("Vitis")
    for layer in LAYER_CLASSES.values():
        register_layer(layer.__name__, layer)
    backend.register_template(ConfigTemplate)
    backend.register_template(CallTemplate)
    for header in sorted(Path(shiftwire_hls.INCLUDE_DIR).glob("*.h")):
        backend.register_source(str(header))
