"""The top function that is synthesised: plain words around hls4ml's own function, and what runs and builds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shiftwire.hls.wrapper import BYTE
from shiftwire.ir.fold import divisors
from shiftwire.ir.pipeline import SHALLOWEST, Fifo, Pipeline
from shiftwire.ir.rtl_network import NETWORK
from shiftwire.rtl.shell import Port
from shiftwire.schedule.design import Design
from shiftwire.tools.template import filled

HLS_TOP = "shiftwire_hls_top"
"""The function, and the IP that Vitis HLS exports of it."""

INPUT, OUTPUT = "s_data", "m_data"
"""Its ports: the exported IP adds _TDATA, _TVALID and _TREADY."""

VLNV = f"shiftwire:hls:{HLS_TOP}:1.0"
"""What the exported IP is called."""

IP_FOLDER = f"{HLS_TOP}_prj/solution1/impl/ip"
"""Where Vitis HLS leaves it, seen from the hls folder."""

CLOCK, RESET = "ap_clk", "ap_rst_n"
"""What the exported IP calls its clock and its reset, which is low while it lasts."""

WORD_BITS = 512
"""The widest word; what is wider in a beat comes in several."""


@dataclass(frozen=True, slots=True)
class WordPort:
    """A stream of the top: words of `lanes` codes, code 0 in the low bits, padded to whole bytes."""

    name: str
    fifo: Fifo
    lanes: int

    @classmethod
    def of(cls, name: str, fifo: Fifo) -> WordPort:
        """As many codes of a beat as a word holds."""
        most = WORD_BITS // fifo.format.bits
        return cls(name, fifo, max(lanes for lanes in divisors(fifo.port.lanes) if lanes <= most))

    @property
    def bits(self) -> int:
        """Of a word."""
        return -(-self.lanes * self.fifo.format.bits // BYTE) * BYTE

    @property
    def parts(self) -> int:
        """Words of a beat."""
        return self.fifo.port.lanes // self.lanes

    @property
    def words(self) -> int:
        """Of a frame."""
        return self.fifo.port.beats * self.parts


def word_ports(pipeline: Pipeline) -> tuple[WordPort, WordPort]:
    """What comes into the top and what leaves it."""
    fifos = pipeline.fifos
    return WordPort.of(INPUT, fifos[pipeline.input]), WordPort.of(OUTPUT, fifos[pipeline.output])


def ip_ports(pipeline: Pipeline) -> tuple[Port, ...]:
    """All ports of the exported IP: a clock, a reset, and the streams of words without TKEEP or TLAST."""
    source, sink = word_ports(pipeline)
    return (
        Port(True, 1, CLOCK),
        Port(True, 1, RESET),
        Port(True, 1, f"{INPUT}_TVALID"),
        Port(False, 1, f"{INPUT}_TREADY"),
        Port(True, source.bits, f"{INPUT}_TDATA"),
        Port(False, 1, f"{OUTPUT}_TVALID"),
        Port(True, 1, f"{OUTPUT}_TREADY"),
        Port(False, sink.bits, f"{OUTPUT}_TDATA"),
    )


def top_files(design: Design, frames: int) -> Mapping[str, str]:
    """Files of an hls folder, by name: the top, its test bench on `frames` golden frames, and the script for Vitis."""
    pipeline, network = design.pipeline, design.network
    source, sink = word_ports(pipeline)
    words = {"top": HLS_TOP, "in_bits": source.bits, "out_bits": sink.bits}
    ports = {"input": INPUT, "output": OUTPUT}
    header = filled("hls_top.h", **words, **ports)
    text = filled(
        "hls_top.cpp",
        net=NETWORK,
        depth=source.fifo.depth,
        configs="\n".join([*_configs("source", source), *_configs("sink", sink)]),
        read="\n".join(_reading(source)),
        written="\n".join(_writing(sink)),
        **words,
        **ports,
    )
    bench = filled(
        "hls_top_bench.cpp",
        frames=frames,
        n_in=network.input.size,
        n_out=network.output.size,
        in_lanes=source.lanes,
        out_lanes=sink.lanes,
        in_code_bits=source.fifo.format.bits,
        out_code_bits=sink.fifo.format.bits,
        **words,
    )
    script = filled("hls_top.tcl", top=HLS_TOP, net=NETWORK, part=design.board.part, clock=design.clock_ns)
    return {
        f"firmware/{HLS_TOP}.h": header,
        f"firmware/{HLS_TOP}.cpp": text,
        f"{HLS_TOP}_test.cpp": bench,
        "build_top.tcl": script,
    }


def _configs(name: str, port: WordPort) -> Iterator[str]:
    yield f"struct {name}_words {{"
    yield f"    static const int iterations = {port.words};"
    yield f"    static const int code_bits = {port.fifo.format.bits};"
    yield "};"
    if port.parts > 1:
        beat = "input_t" if name == "source" else "result_t"
        yield f"typedef nnet::array<{beat}::value_type, {port.lanes}> part_of_{beat};"
        yield f"struct {name}_parts {{"
        yield f"    static const int iterations = {port.words};"
        yield f"    static const int parts = {port.parts};"
        yield f"    static const int lanes = {port.lanes};"
        yield "};"


def _reading(port: WordPort) -> Iterator[str]:
    word = f"ap_uint<{port.bits}>"
    if port.parts == 1:
        yield f"    sw::unpack<{word}, input_t, source_words>({INPUT}, x);"
        return
    yield from _narrow("input_t", port)
    yield f"    sw::unpack<{word}, part_of_input_t, source_words>({INPUT}, part_of_x);"
    yield "    sw::widen<part_of_input_t, input_t, source_parts>(part_of_x, x);"


def _writing(port: WordPort) -> Iterator[str]:
    word = f"ap_uint<{port.bits}>"
    if port.parts == 1:
        yield f"    sw::pack<result_t, {word}, sink_words>(y, {OUTPUT});"
        return
    yield from _narrow("result_t", port)
    yield "    sw::narrow<result_t, part_of_result_t, sink_parts>(y, part_of_y);"
    yield f"    sw::pack<part_of_result_t, {word}, sink_words>(part_of_y, {OUTPUT});"


def _narrow(beat: str, port: WordPort) -> Iterator[str]:
    """The stream of the parts of beats."""
    name = "part_of_x" if beat == "input_t" else "part_of_y"
    yield f'    hls::stream<part_of_{beat}> {name}("{name}");'
    yield f"#pragma HLS STREAM variable = {name} depth = {SHALLOWEST}"
