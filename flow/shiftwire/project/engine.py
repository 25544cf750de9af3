"""Engines: what can run a network. Codes in, codes out, every layer's codes on request; any two can be compared."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes


class EngineName(enum.Enum):
    """Every engine, by the name that the command line knows."""

    REFERENCE = "reference"
    ONNXRUNTIME = "onnxruntime"
    CSIM = "csim"
    NATIVE = "native"
    BOUNDED = "bounded"
    VERILATOR = "verilator"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Codes (N, *shape) by layer, the network's output always among them, and the seconds that the engine ran."""

    layers: Mapping[str, Codes]
    seconds: float = 0.0


class Engine(ABC):
    """One execution of a network.

    `chunk` samples are run at a time, `layers_chunk` where every layer's codes come back, in as many processes as
    `workers` tells. Where outputs alone come faster, `has_fast_outputs`.
    """

    name: ClassVar[EngineName]
    chunk: ClassVar[int] = 32
    layers_chunk: ClassVar[int] = 32
    has_fast_outputs: ClassVar[bool] = False

    @property
    @abstractmethod
    def network(self) -> Network:
        """What is run."""

    @property
    def workers(self) -> int:
        """How many runs may go on at once."""
        return 1

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Everything built that `run` needs, for as long as the block lasts; raises ToolError where it cannot be."""
        yield

    @abstractmethod
    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        """Codes of input codes (N, *shape), of every layer that the engine can tell with `all_layers`.

        Raises CheckFailedError where the engine stands still or breaks a rule that it is checked against.
        """
