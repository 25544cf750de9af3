"""What stands between the layers of a pipeline, counted unit by unit."""

from __future__ import annotations

from shiftwire.ir.pipeline import Pipeline
from shiftwire.ir.unit import Unit
from shiftwire.units.sums.dot_product import DotProduct
from shiftwire.units.sums.rebuild import RebuildUnit
from shiftwire.units.width import Narrow


def between(units: Pipeline) -> int:
    """LUTs of forks and converters; what narrows the beats of a sum is part of the sum."""
    writers = {output: instance.unit for instance in units.instances for output in instance.outputs}
    return sum(
        instance.unit.cost.lut
        for instance in units.instances
        if instance.is_between and not (isinstance(instance.unit, Narrow) and sums(writers.get(instance.inputs[0])))
    )


def sums(unit: Unit | None) -> bool:
    return isinstance(unit, DotProduct | RebuildUnit)
