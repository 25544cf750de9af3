"""Windows of convolutions and pools, read and written."""

from __future__ import annotations

from shiftwire.ir.window import Window
from shiftwire.onnx.context.view import View


def read_window(view: View, kernel: tuple[int, ...]) -> Window:
    """Window of a convolution or a pool; ONNX lists all begins, then all ends."""
    axes = len(kernel)
    view.insist_ones("dilations", axes)
    view.insist("auto_pad", "NOTSET", default="NOTSET")
    pads = view.wholes("pads", 2 * axes, [0] * 2 * axes)
    return Window(kernel, view.wholes("strides", axes, [1] * axes), pads[:axes], pads[axes:])


def window_attributes(window: Window) -> dict[str, list[int]]:
    """Strides and pads as ONNX has them: all begins, then all ends."""
    return {"strides": list(window.stride), "pads": [*window.begin, *window.end]}
