"""One wrong line each in the SystemVerilog modules."""

from layer_cases import LAYER_CASES
from mutant import Mutant

RTL_MUTANTS = (
    Mutant("tree: a sign lost", "sw_tree.sv", "b ^ {OUT_BITS{differ}}", "b"),
    Mutant("sums: signed codes not moved to offset binary", "sw_sums.sv",
           "wide ^ (BITS'(W_SIGNED) << (BITS - 1))", "wide"),
    Mutant("sums: a reset leaves half a frame", "sw_sums.sv", "is_end[STAGES] | rst", "is_end[STAGES]"),
    Mutant("fifo: always room", "sw_fifo.sv", "room <= ~taken | held != COUNT'(DEPTH - 1);", "room <= 1'b1;"),
    Mutant("fifo: one place less", "sw_fifo.sv", "held != COUNT'(DEPTH - 1)",
           "held < COUNT'(DEPTH > 2 ? DEPTH - 2 : DEPTH - 1)"),
    Mutant("narrow: a beat let go without room for its last part", "sw_narrow.sv", "s_ready = fire & is_last",
           "s_ready = is_last"),
    Mutant("widen: parts upside down", "sw_widen.sv", "assign word = {s_data, held};",
           "assign word = {held, s_data};"),
    Mutant("window: padding ignored at the right", "sw_window_tap.sv", "U < 0 || U >= IN_WIDTH", "U < 0"),
    Mutant("window: rows given a row too early", "sw_window.sv", "COUNT_BITS'(first_row(0) - end_row(0))",
           "COUNT_BITS'(first_row(0) - end_row(0) + 1)"),
    Mutant("window: ring overrun", "sw_window.sv", "spare <= COUNT_BITS'(CAPACITY - 1)",
           "spare <= COUNT_BITS'(CAPACITY)"),
    Mutant("window: stride forgotten at a row's end", "sw_window.sv", "NEXT_Y = STRIDE_HEIGHT * ROW", "NEXT_Y = ROW"),
    Mutant("terms: one term too many", "sw_terms.sv", "terms - 1'b1", "terms"),
    Mutant("replay: always the first", "sw_replay.sv", "from <= place", "from <= '0"),
    Mutant("finish: bias on another grid", "sw_finish.sv", "(sum - total) << GRID", "(sum - total)"),
    Mutant("finish: sum of x not taken off", "sw_finish.sv", "(sum - total)", "sum"),
    Mutant("round: half always up", "sw_round.sv", "is_half & (is_more | floor[0])", "is_half"),
    Mutant("round: lowest code for the highest", "sw_round.sv", "is_negative ? ~LARGEST : LARGEST", "~LARGEST"),
    Mutant("affine: minus is plus", "sw_scale.sv", "negate ? from - sum", "negate ? from + sum"),
    Mutant("staircase: greater instead of at least", "sw_staircase.sv", ">= $signed(bound)", "> $signed(bound)"),
    Mutant("pool: smallest", "sw_reduce.sv", "$signed(a) > $signed(b)", "$signed(b) > $signed(a)"),
    Mutant("pool: windows run on", "sw_pool.sv", "is_first ? part : total", "total"),
    Mutant("add: grids not aligned", "sw_align.sv", "<<< SHIFT", "<<< 0"),
    Mutant("concat: second first", "sw_concat.sv", "is_a ? a : b", "is_a ? b : a"),
    Mutant("reorder: order kept", "sw_reorder.sv", "held[sources[l*(PLACE+LANE)+LANE+:PLACE]]", "held[place]"),
    Mutant("counter: a step short", "sw_counter.sv", "BITS'(STEPS - 2)", "BITS'(STEPS > 2 ? STEPS - 3 : STEPS - 2)"),
    *(mutant for layer in LAYER_CASES for mutant in layer.rtl_mutants),
)  # fmt: skip
