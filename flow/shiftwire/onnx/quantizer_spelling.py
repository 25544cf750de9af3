"""A float quantizer as the QONNX node that a file says it by."""

from __future__ import annotations

from collections.abc import Mapping

from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.float_quantizer import FloatQuantizer, FloatRounding
from shiftwire_hls.quantizers import BIPOLAR_QUANT, QUANT

_NAMES = {FloatRounding.HALF_EVEN: "ROUND"}
"""QONNX's words for rounding, where they are not ours in capitals."""


def is_on_grid(quantizer: FloatQuantizer, format: Fixed) -> bool:
    """Whether values are codes of `format`; signs are the same codes at any scale."""
    return _is_plain_sign(quantizer) or quantizer.scale == 2.0**-format.frac


def is_plain(quantizer: FloatQuantizer) -> bool:
    """Whether its codes are quotients rounded half to even; an even zero point sends no tie elsewhere."""
    return quantizer.rounding is FloatRounding.HALF_EVEN and quantizer.zero_point % 2 == 0


def _is_plain_sign(quantizer: FloatQuantizer) -> bool:
    return quantizer.rounding is FloatRounding.SIGN and quantizer.zero_point == 0


def spelled(quantizer: FloatQuantizer, format: Fixed) -> tuple[str, Mapping[str, float], Mapping[str, int | str]]:
    """Operation, inputs behind x by role, and attributes."""
    scale = 2.0**-format.frac
    if _is_plain_sign(quantizer):
        return BIPOLAR_QUANT.name, {"scale": scale}, {}
    signed, is_sign = quantizer.lo < 0, quantizer.rounding is FloatRounding.SIGN
    bits = 1 if is_sign else (quantizer.hi + 1).bit_length() if signed else quantizer.hi.bit_length()
    narrow = (quantizer.lo != -(1 << (bits - 1))) if signed else (quantizer.hi != (1 << bits) - 1)
    mode = "ROUND" if is_sign else _NAMES.get(quantizer.rounding, quantizer.rounding.name)
    inputs = {"scale": scale, "zeropt": float(quantizer.zero_point), "bitwidth": float(bits)}
    return QUANT.name, inputs, {"signed": int(signed), "narrow": int(narrow and not is_sign), "rounding_mode": mode}
