"""How C++ spells the FIFOs of a native simulation: their beats, their depths, and what makes a file of their logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from shiftwire.hls.cpp import code_type
from shiftwire.ir.cfg import CodeType
from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.native.fusion import Fusion
from shiftwire.native.packing import Packing
from shiftwire.native.widths import BYTE_BITS, between_units, rounded
from shiftwire.ops.affine import AffineUnit
from shiftwire.ops.relu import ReluUnit
from shiftwire.ops.requantize import RequantizeUnit
from shiftwire.units.fork import Fork


@dataclass(frozen=True)
class Fifos:
    """Spells them; `capacities` in beats, `configs` the name of the Cfg struct of each instance."""

    pipeline: Pipeline
    capacities: Mapping[str, int]
    packed: Packing
    fusion: Fusion
    configs: Mapping[str, str]

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """FIFO `name` is the variable f<number>."""
        return {name: at for at, name in enumerate(self.pipeline.fifos)}

    @property
    def declared(self) -> Iterator[tuple[str, str]]:
        """Each as a variable, and what it is initialised with."""
        for name, at in self.numbers.items():
            yield f"sw::stream<{self.written(name)} > f{at}", f"({self._initial(name)})"

    def read(self, name: str) -> str:
        """The type of the beats that a FIFO's reader sees."""
        return f"sw::view<{self._carried(name)} >"

    def written(self, name: str) -> str:
        """The type of the beats that its writer makes."""
        lanes = self.pipeline.fifos[name].port.lanes
        if (stage := self.fusion.stages.get(name)) is not None:
            ends = ", ".join(self.written(output) for output in stage.outputs)
            kind, first = self._stage(stage)
            return f"sw::{kind}<{self._worked_on(stage, name)}, {lanes}, {first}{ends} >"
        if name not in self.packed.edges:
            return self._carried(name)
        packed = self.packed.fifos[name]
        return f"sw::packing<{self._made(name)}, {lanes}, sw::{packed.type}, {packed.lowest}>"

    def log_function(self, name: str) -> str:
        """What writes down a log of its beats."""
        if (stage := self.fusion.stages.get(name)) is not None:
            return f"sw::write_log<{self._worked_on(stage, name)}::element>"
        packed, fifo = self.packed.fifos.get(name), self.pipeline.fifos[name]
        if packed is None:
            return f"sw::write_log<{between_units(fifo.format)}::element>"
        sign = f"{packed.bits}, {str(fifo.format.signed).lower()}, {packed.lowest}"
        return f"sw::write_packed_log<sw::{packed.type}, {sign}, {fifo.port.lanes}>"

    def _initial(self, name: str) -> str:
        """A name and a depth, beats that are kept behind the one that is read; or a stage and what is behind it."""
        if (stage := self.fusion.stages.get(name)) is not None:
            tables = ", ".join(self.tables(stage))
            outputs = [f"f{self.numbers[output]}" for output in stage.outputs]
            return ", ".join(outputs if isinstance(stage.unit, Fork) else [f"{{{tables}}}", *outputs])
        depth = self.packed.depths.get(name, self._depths[name])
        kept = [self.packed.kept[name]] if name in self.packed.kept else []
        return ", ".join([f'"{name}"', *map(str, [depth, *kept])])

    def tables(self, instance: Instance) -> list[str]:
        """Names of the variables of an instance's tables."""
        at = self.pipeline.instances.index(instance)
        return [f"t{at}_{table.name}" for table in instance.unit.native_cfg.tables]

    @cached_property
    def _depths(self) -> Mapping[str, int]:
        return self.fusion.depths(self.pipeline, self.capacities)

    def _stage(self, stage: Instance) -> tuple[str, str]:
        """The template of beats that pass a unit, and its arguments in front of what they become."""
        config = self.configs[stage.name]
        match stage.unit:
            case RequantizeUnit():
                return "fused", f"sw::requantizing<{config}>, "
            case AffineUnit():
                return "fused", f"sw::scaling<{config}>, "
            case ReluUnit():
                return "fused", "sw::rectifying, "
        return "forked", ""

    def _worked_on(self, stage: Instance, name: str) -> str:
        """The type of codes on their way to a unit in registers: what it turns them into before it works on them."""
        works_in = {"wide_t", "sum_t"}
        wide = [each.value for each in stage.unit.native_cfg.members if each.name in works_in]
        if isinstance(stage.unit, Fork) or not wide:
            return between_units(self.pipeline.fifos[name].format)
        assert isinstance(wide[0], CodeType)
        return code_type(rounded(wide[0]))

    def _made(self, name: str) -> str:
        """The type of codes that are packed: as wide as their writer works on them, bytes where it has read such."""
        read = [source for each in self.pipeline.instances if name in each.outputs for source in each.inputs]
        bits = [self.pipeline.fifos[source].format.bits for source in read]
        is_byte = min(bits, default=0) <= BYTE_BITS
        return between_units(self.pipeline.fifos[name].format) if is_byte else "sw::lanes<int32_t>"

    def _carried(self, name: str) -> str:
        fifo, packed = self.pipeline.fifos[name], self.packed.fifos.get(name)
        lanes, code = fifo.port.lanes, between_units(fifo.format)
        code, size = (f"sw::{packed.type}", packed.elements(lanes)) if packed else (code, lanes)
        each = self.packed.words.get(name)
        kind = "columns" if name in self.packed.columns else "words"
        return f"sw::{kind}<{code}, {size}, {each}>" if each else f"sw::beat<{code}, {size}>"
