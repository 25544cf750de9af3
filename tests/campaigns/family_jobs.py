"""A family from one seed, and what all of them have in common; part of families.py and pareto.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from family_nets import FAMILIES, NAME, Family
from shiftwire.api import load_network
from shiftwire.ir.network import Network
from shiftwire.onnx.context.parameter import IntegerWeights


@dataclass(frozen=True)
class Choices:
    """What is the same for every family."""

    net: str = NAME
    data: str = "fashion-mnist"
    pictures: int = 2000
    tested: int = 2000
    epochs: int = 5
    board: str = "pynq-z2"
    frames_per_second: int = 1300
    calibrated: int = 128
    compared: int = 64
    simulated: int = 1024
    theta: float = 4e-3
    settled: int = 1280


CHOICES = Choices()
SEEDS = 3


@dataclass(frozen=True)
class Job:
    """A family from one seed, and its files."""

    family: Family
    seed: int
    folder: Path
    common: Choices = CHOICES

    @property
    def name(self) -> str:
        return f"{self.family.name}, seed {self.seed}"

    def file(self, name: str) -> Path:
        return self.folder / self.family.name / f"seed{self.seed}" / name

    @property
    def of_float(self) -> Job:
        """The float net of the same seed."""
        return replace(self, family=FAMILIES[0])

    @property
    def choices(self) -> str:
        """All that its figures depend on."""
        return f"{self.common} {self.family}"

    @property
    def options(self) -> tuple[str, ...]:
        """Of convert."""
        return ("--integer-weights", "multiply") if self.family.products else ()

    @property
    def network(self) -> Network:
        """Of the exact file."""
        how = IntegerWeights.MULTIPLY if self.family.products else IntegerWeights.TERMS
        return load_network(self.model, how)

    @property
    def model(self) -> Path:
        """The exact file; a float family's own."""
        return self.file("model.onnx")
