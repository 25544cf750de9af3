"""What a search writes, of few trials, as a page reads it."""

from __future__ import annotations

from typing import Any

from shiftwire_boards.catalog import load_board

FAMILIES = ("lightnn:terms=1", "lightnn:terms=2", "smartexchange")


def explored_data() -> dict[str, Any]:
    """Nine trials, one of them as fast as is asked for by no folds, and five points."""
    tried = [
        {"loss": 8.0 + at % 4, "samples": 100 if at % 3 else 25, "lut": 4000 - 300 * at, "family": FAMILIES[at % 3]}
        for at in range(8)
    ]
    tried.append({"loss": 3.0, "samples": 100, "lut": None, "family": FAMILIES[0]})
    return {
        "model": "a folder/float <net>.onnx",
        "calibrate": "x.npz",
        "board": load_board("pynq-z2").recorded(),
        "clock_ns": 10.0,
        "measure": "answers that are wrong, %",
        "samples": 100,
        "trials": 9,
        "scored": 6,
        "cycles": 2000,
        "tried": tried,
        "points": [_point(at) for at in range(5)],
    }


def _point(at: int) -> dict[str, Any]:
    lut = 4000 - 500 * at
    return {
        "name": str(at + 1),
        "loss": 8.0 + at,
        "frames_per_second": 100_000.0 / (at + 1),
        "lut": lut - 200,
        "fifo_lut": 100,
        "bram36": 3.5,
        "fifo_bram36": 0.5,
        "dsp": 34,
        "latency_cycles": 12_345,
        "predicted_lut": {"lut": lut, "least": lut - 150, "most": lut + 150},
        "energy_pj": 123_456.0,
        "model": f"front_models/{at + 1:03d}.onnx",
        "quantize": f"--method lightnn --layers {','.join(f'conv{layer}=lightnn:terms=1' for layer in range(20))}",
    }
