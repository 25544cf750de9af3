"""A deliberate breach of each rule, in a header or in a project's top function."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hls_structure.faults import Rule


@dataclass(frozen=True)
class Breach:
    """Edits of one file, each (old, new) where `old` first stands, that break `rule` and no other."""

    rule: Rule
    what: str
    file: str
    edits: tuple[tuple[str, str], ...]

    def apply(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        for old, new in self.edits:
            assert old in text, f"{self.what}: '{old}' is no longer in {path.name}"
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")


def breach(rule: Rule, what: str, file: str, old: str, new: str, *more: tuple[str, str]) -> Breach:
    return Breach(rule, what, file, ((old, new), *more))


def layout(how: str, name: str, dim: int) -> str:
    return f"#pragma HLS ARRAY_{how} variable = {name} dim = {dim} complete\n"


UNROLL = "#pragma HLS UNROLL\n"
MADE = "        Y made;\n"
LANE = "struct int_lane {\n"
BEAT = "const X beat = x.read();"
POINTERS = "\n        const X *one = &beat, **two = &one;\n        (void)two;"
ALLOCATED = "\n        int *spare = new int[1];\n        delete[] spare;"
SHIM = '#include "sw_code.h"'
SPACE = "namespace sw {\n"
TWO_BANKS = "#pragma HLS ARRAY_PARTITION variable = weight dim = 2 cyclic factor = 2\n"
ITSELF = "if (C::simd < 0) return add<C>(part, x, weight);\n        "
TAKE = "        if (grown_in >= phase_steps) window_take<X, C>(beat, SHIFTWIRE_STANDING(Y, line), in);\n"
GIVE = "        if (grown_out >= phase_steps) {\n"
NEST = "for (int p = 0; p < C::iterations; p++) {\n    for (int i = 0; i < 1; i++) {"

IN_HEADERS = (
    breach(Rule.ONE_LOOP, "a lane loop left rolled", "sw_reorder.h", UNROLL, ""),
    breach(Rule.ONE_LOOP, "unrolled by two", "sw_relu.h", UNROLL, "#pragma HLS UNROLL factor = 2\n"),
    breach(Rule.ONE_LOOP, "two cycles an iteration", "sw_add.h", "II = 1", "II = 2"),
    breach(Rule.ONE_LOOP, "no style", "sw_add.h", " style = frp", ""),
    breach(
        Rule.ONE_LOOP,
        "a nest",
        "sw_fork.h",
        "for (int i = 0; i < C::iterations; i++) {",
        NEST,
        ("        b.write(made_b);\n    }", "        b.write(made_b);\n    }\n    }"),
    ),
    breach(
        Rule.ONE_LOOP, "work behind the loop", "sw_sum_pool.h", "+ 1;\n    }\n}", "+ 1;\n    }\n    synapse = 0;\n}"
    ),
    breach(Rule.BOUND, "a bound of run time", "sw_sum_pool.h", "s < C::simd", "s < (synapse < 0 ? 0 : C::simd)"),
    breach(
        Rule.BOUND, "a way out", "sw_max_pool.h", "const A code = A(", "if (synapse < 0) break;\n const A code = A("
    ),
    breach(Rule.TRIP_COUNT, "one iteration more", "sw_relu.h", "i < C::iterations", "i < C::iterations + 1"),
    breach(Rule.TRIP_COUNT, "one beat less", "sw_fork.h", "a.write(made_a)", "if (i != 0) a.write(made_a)"),
    breach(
        Rule.DIVISION, "by a value of run time", "sw_concat.h", "fold < C::folds_a", "fold % (fold + 1) < C::folds_a"
    ),
    breach(
        Rule.DIVISION,
        "by what is no power of two",
        "sw_mvu.h",
        "cycle = cycle == C::cycles - 1 ? 0 : cycle + 1;",
        "cycle = (cycle + 1) % C::cycles;",
    ),
    breach(Rule.PORTS, "weights word by word", "sw_mvu.h", layout("RESHAPE", "weight", 2), ""),
    breach(Rule.PORTS, "too few banks", "sw_mvu.h", layout("RESHAPE", "weight", 2), TWO_BANKS),
    breach(Rule.PORTS, "an array in a struct", "sw_relu.h", SPACE, f"{SPACE}\nstruct lines {{\n    int of[4];\n}};\n"),
    breach(Rule.PORTS, "columns in one bank", "sw_window.h", layout("PARTITION", "line", 2), ""),
    breach(Rule.PORTS, "lanes of one copy", "sw_reorder.h", layout("PARTITION", "held", 1), ""),
    breach(Rule.PORTS, "bounds of all lanes together", "sw_threshold.h", layout("PARTITION", "bound", 1), ""),
    breach(
        Rule.PORTS,
        "half a word written",
        "sw_reorder.h",
        "held[l][word][from] =",
        "if (from > 0 || C::lanes == 1) held[l][word][from] =",
    ),
    breach(
        Rule.BEATS,
        "a beat at a place of run time",
        "sw_max_pool.h",
        "A(to_code(beat[p]))",
        "A(to_code(beat[p + synapse]))",
    ),
    breach(Rule.BYPASS, "a row written, then read", "sw_window.h", TAKE, "", (GIVE, TAKE + GIVE)),
    breach(
        Rule.STREAMS,
        "two writes at once",
        "sw_fork.h",
        "a.write(made_a);",
        "if ((i & 1) == 0) a.write(made_a);\n        if ((i & 1) == 0) a.write(made_a);",
    ),
    breach(
        Rule.DEPENDENCE,
        "told what is not proven",
        "sw_window.h",
        "    window_input in =",
        "#pragma HLS DEPENDENCE variable = line inter false\n    window_input in =",
    ),
    breach(
        Rule.RECURSION,
        "a circle",
        "sw_finish.h",
        "return from_code<T>(",
        "if (C::grid_shift < 0) return finished<T, C>(sum, bias);\n    return from_code<T>(",
    ),
    breach(Rule.RECURSION, "a lane in itself", "sw_int_lane.h", "return P(part + ", f"{ITSELF}return P(part + "),
    breach(Rule.HEAP, "an array on the heap", "sw_relu.h", BEAT, BEAT + ALLOCATED),
    breach(Rule.LIBRARY, "a header of the library", "sw_relu.h", SHIM, f"{SHIM}\n#include <cstdlib>"),
    breach(
        Rule.LIBRARY, "a function of the compiler", "sw_relu.h", BEAT, f"{BEAT}\n        __builtin_prefetch(&beat);"
    ),
    breach(Rule.SHIFTS, "by a weight", "sw_taps.h", "<< exponent", "<< (field - 1)"),
    breach(Rule.SHIFTS, "by a counter", "sw_add.h", "<< C::shift_b", "<< (C::shift_b + i - i)"),
    breach(Rule.STATE, "a counter that stays", "sw_max_pool.h", "    int synapse = 0;", "    static int synapse = 0;"),
    breach(Rule.STATE, "a variable of all", "sw_relu.h", SPACE, f"{SPACE}\nstatic int last = 0;\n"),
    breach(Rule.PRAGMAS, "of no array", "sw_relu.h", MADE, MADE + layout("PARTITION", "code", 1)),
    breach(
        Rule.PRAGMAS,
        "of no dimension",
        "sw_widen.h",
        "variable = held dim = 0",
        "variable = held dim = 3",
        ("    int part = 0;\n", layout("PARTITION", "held", 0) + "    int part = 0;\n"),
    ),
    breach(Rule.PRAGMAS, "under no loop", "sw_relu.h", MADE, MADE + UNROLL),
    breach(Rule.PRAGMAS, "a kernel inlined", "sw_relu.h", "&y) {\n", "&y) {\n#pragma HLS INLINE\n"),
    breach(Rule.LANGUAGE, "a pointer to a pointer", "sw_relu.h", BEAT, BEAT + POINTERS),
    breach(Rule.LANGUAGE, "a virtual function", "sw_int_lane.h", LANE, f"{LANE}    virtual void told() {{}}\n"),
    breach(Rule.SIZE, "sixty lines", "sw_relu.h", MADE, MADE + "\n" * 50),
    breach(
        Rule.DISTANCE,
        "a difference a tap",
        "sw_adder_lane.h",
        "return P(part + P(",
        "return P(part + P(D(D(x) - D(weight)) + ",
    ),
)

PROCESS = "    sw::mvu<"
IN_PROJECTS = (
    breach(Rule.DATAFLOW, "no region", "", "#pragma HLS DATAFLOW", ""),
    breach(Rule.DATAFLOW, "a stream without depth", "", "STREAM variable=conv_out", "STREAM variable=sum_out"),
    breach(Rule.DATAFLOW, "a process in a loop", "", PROCESS, f"    for (int i = 0; i < 2; i++)\n    {PROCESS}"),
    breach(Rule.DATAFLOW, "a statement between", "", PROCESS, f"    int spare = 0;\n    {PROCESS}"),
    breach(Rule.DATAFLOW, "two readers", "", "(x_fork_b_out, x_fork", "(x_fork_a_out, x_fork"),
    breach(Rule.DATAFLOW, "a frame more", "", PROCESS, f"    if (conv_out.empty()) return;\n    {PROCESS}"),
)
"""Of the top function of a residual network."""
