"""What only the host computes behind a network's last layer."""

from __future__ import annotations

from dataclasses import dataclass

from shiftwire_boards.runtime.host_steps import HostStep


@dataclass(frozen=True)
class Tail:
    """`source` is the ONNX name of the tensor in front of the steps, `kind` the operation that began them.

    `shape` is a sample's behind them, in the file's own layout.
    """

    source: str
    kind: str = ""
    steps: tuple[HostStep, ...] = ()
    shape: tuple[int, ...] = ()
