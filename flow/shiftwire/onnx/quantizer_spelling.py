"""A float quantizer as the QONNX node that a file says it by."""

from __future__ import annotations

from collections.abc import Mapping

from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.float_quantizer import FloatQuantiser, FloatRounding

_NAMES = {FloatRounding.HALF_EVEN: "ROUND"}
"""QONNX's words for rounding, where they are not ours in capitals."""


def is_on_grid(quantiser: FloatQuantiser, format: Fixed) -> bool:
    """Whether values are codes of `held`; signs are the same codes at any scale."""
    return _is_plain_sign(quantiser) or quantiser.scale == 2.0**-format.frac


def _is_plain_sign(quantiser: FloatQuantiser) -> bool:
    return quantiser.rounding is FloatRounding.SIGN and quantiser.zero_point == 0


def spelled(quantiser: FloatQuantiser, format: Fixed) -> tuple[str, Mapping[str, float], Mapping[str, int | str]]:
    """Operation, inputs behind x by role, and attributes."""
    scale = 2.0**-format.frac
    if _is_plain_sign(quantiser):
        return "BipolarQuant", {"scale": scale}, {}
    signed, is_sign = quantiser.lo < 0, quantiser.rounding is FloatRounding.SIGN
    bits = 1 if is_sign else (quantiser.hi + 1).bit_length() if signed else quantiser.hi.bit_length()
    narrow = (quantiser.lo != -(1 << (bits - 1))) if signed else (quantiser.hi != (1 << bits) - 1)
    mode = "ROUND" if is_sign else _NAMES.get(quantiser.rounding, quantiser.rounding.name)
    inputs = {"scale": scale, "zeropt": float(quantiser.zero_point), "bitwidth": float(bits)}
    return "Quant", inputs, {"signed": int(signed), "narrow": int(narrow and not is_sign), "rounding_mode": mode}
