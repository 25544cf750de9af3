"""The bench around networks for co-simulation: a module that shows their streams, and the C++ that drives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shiftwire.ir.rtl_network import RtlNetwork, RtlUnit, Stream
from shiftwire.rtl.emit import wire
from shiftwire.tools.template import filled

WORD = 32
NARROWEST = 3
"""Words of a port; Verilator keeps wider ports than 64 bits as arrays of words, narrower ones not."""

WAVE = "SHIFTWIRE_WAVE"
"""Environment variable of the simulation program: the file of its waves."""

BENCH = "bench"


@dataclass(frozen=True)
class Bench:
    """Networks of different names, in plain operators or in primitives."""

    members: tuple[RtlNetwork, ...]
    generic: bool = True

    @property
    def networks(self) -> dict[str, RtlNetwork]:
        """By the name of their module."""
        return {network.name: network for network in self.members}

    def streams(self, name: str) -> list[Stream]:
        """The streams that are watched, in the order of the log."""
        return list(self.networks[name].streams.values())

    def text(self) -> str:
        """The module `bench`."""
        ports = [port for name in self.networks for port in self._ports(name)]
        lines = [f"module {BENCH} (", "    input logic clk,", ",\n".join(f"    {port}" for port in ports), ");"]
        for name in self.networks:
            lines += self._instance(name)
        return "\n".join([*lines, "endmodule"]) + "\n"

    def driver(self, wave: str | None = None) -> str:
        """C++ of the simulation program; with `wave`, .vcd or .fst, all signals go into the file that WAVE names."""
        networks = (line for name, network in self.networks.items() for line in self._network_lines(name, network))
        return filled(
            "cosim_driver.cpp",
            wave_header="" if wave is None else f'#include "verilated_{wave[1:]}_c.h"',
            trace="" if wave is None else "    Verilated::traceEverOn(true);",
            networks="\n".join(networks),
            wave="" if wave is None else "\n".join(_wave_lines(wave)),
            record="" if wave is None else "        wave.dump(uint64_t(2 * cycle + clk));",
        )

    def _ports(self, name: str) -> Iterator[str]:
        network, streams = self.networks[name], self.streams(name)
        for port in ("rst", "s_valid", "m_ready"):
            yield f"input logic {name}_{port}"
        for port in ("s_ready", "m_valid"):
            yield f"output logic {name}_{port}"
        yield f"input logic [{_bits(network.streams[network.input].width) - 1}:0] {name}_s_data"
        for port in ("valids", "readys"):
            yield f"output logic [{_bits(len(streams)) - 1}:0] {name}_{port}"
        yield f"output logic [{_bits(WORD * len(streams)) - 1}:0] {name}_helds"
        yield f"output logic [{_bits(sum(_tap_bits(s) for s in streams)) - 1}:0] {name}_taps"

    def _instance(self, name: str) -> Iterator[str]:
        network, streams = self.networks[name], self.streams(name)
        data = f"{name}_s_data[{network.streams[network.input].width - 1}:0]"
        yield f"    logic [{network.streams[network.output].width - 1}:0] {name}_m_data;"
        ports = [f".{port}({name}_{port})" for port in ("rst", "s_valid", "s_ready", "m_valid", "m_ready", "m_data")]
        yield f"    {name} #(.GENERIC({int(self.generic)})) dut_{name} (.clk, .s_data({data}), {', '.join(ports)});"
        at = 0
        writers = {stream: unit for unit in network.units for stream in unit.outputs}
        for number, stream in enumerate(streams):
            here = f"dut_{name}.{wire(stream.name)}"
            yield f"    assign {name}_valids[{number}] = {here}_valid;"
            yield f"    assign {name}_readys[{number}] = {here}_ready;"
            # the input has no buffer of ours
            writer = writers.get(stream.name)
            count = f"dut_{name}.{_beats_held(network, writer, stream.name)}" if writer else "1'b0"
            yield f"    assign {name}_helds[{number * WORD}+:{WORD}] = {WORD}'({count});"
            if stream.tensor is not None:
                yield f"    assign {name}_taps[{at}+:{stream.width}] = {here}_data;"
                at += _tap_bits(stream)

    def _network_lines(self, name: str, network: RtlNetwork) -> Iterator[str]:
        source, sink = network.streams[network.input], network.streams[network.output]
        yield "    {"
        yield "        sw::network net;"
        yield f'        net.name = "{name}";'
        for port in ("rst", "s_valid", "m_ready", "s_ready", "m_valid"):
            yield f"        net.{port} = &top.{name}_{port};"
        for port in ("s_data", "valids", "readys", "helds", "taps"):
            yield f"        net.{port} = top.{name}_{port}.data();"
        work = sum(actor.iterations for unit in network.units for actor in unit.actors)
        yield f"        net.words_in = {words(source)};"
        yield f"        net.beats_in = {source.port.beats};"
        yield f"        net.beats_out = {sink.port.beats};"
        yield f"        net.patience = {work + 1000};"
        tap = 0
        for stream in self.streams(name):
            place = -1 if stream.tensor is None else tap
            yield f'        net.streams.push_back(sw::stream{{"{stream.name}", {place}, {words(stream)}}});'
            tap += _tap_bits(stream) // WORD
        yield "        nets.push_back(net);"
        yield "    }"


def _wave_lines(wave: str) -> list[str]:
    kind = wave[1:].capitalize()
    opened = f'    wave.open(std::getenv("{WAVE}"));'
    return [f"    Verilated{kind}C wave;", "    top.trace(&wave, 99);", opened]


def words(stream: Stream) -> int:
    """32-bit words of a beat."""
    return -(-stream.width // WORD)


def _bits(needed: int) -> int:
    return max(-(-needed // WORD), NARROWEST) * WORD


def _tap_bits(stream: Stream) -> int:
    return 0 if stream.tensor is None else words(stream) * WORD


def _beats_held(network: RtlNetwork, unit: RtlUnit, stream: str) -> str:
    """Where the number of beats in a unit's buffer stands in the hierarchy."""
    here = f"unit_{unit.name}"
    if unit.module.is_buffer:
        is_lone = network.depths[stream] == 1
        return f"{here}.elements.single.is_held" if is_lone else f"{here}.elements.many.fifo.held"
    return f"{here}.fifo.held" if stream == unit.outputs[0] else f"{here}.fifo_b.held"
