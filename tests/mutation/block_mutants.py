"""One wrong line each in what puts products and adders into DSP blocks."""

from mutant import Mutant

BLOCK_MUTANTS = (
    Mutant("pair: what was borrowed is not owed", "sw_product_pair.sv", "= IS_SIGNED & result[FIELD-1]", "= 1'b0"),
    Mutant(
        "pair: the first weight twice", "sw_product_pair.sv", "WBITS'(w[2*W_BITS-1:W_BITS])", "WBITS'(w[W_BITS-1:0])"
    ),
    Mutant("pair: products overlap", "sw_product_pair.sv", "<< FIELD;", "<< (FIELD - 1);"),
    Mutant("pair: weights are unsigned", "sw_product_pair.sv", "WIDE'($signed(held_high))", "WIDE'(held_high)"),
    Mutant("sums: channels share their codes", "sw_sums.sv", "KIND == 4 && SHARED && LEAST", "KIND == 4 && LEAST"),
    Mutant(
        "int: first lane of the second output", "sw_int_pe.sv", "{w[NEXT*W_BITS+:W_BITS], ", "{w[SIMD*W_BITS+:W_BITS], "
    ),
    Mutant("int: the second output owes nothing", "sw_int_pe.sv", ".owed(owed[NEXT])", ".owed(owed[i])"),
)

ADDER_MUTANTS = (
    Mutant("add: sums begin again each cycle", "sw_dsp_add.sv", "{1'b0, goes_on, 5'b01111}", "{1'b0, 1'b0, 5'b01111}"),
    Mutant("add: the first operand alone", "sw_dsp_add.sv", "goes_on, 5'b01111", "goes_on, 5'b00011"),
    Mutant("adds: four wide sums", "sw_dsp_adds.sv", "OUT_BITS <= 12", "OUT_BITS <= 14"),
    Mutant("adds: a block's first operand in all parts", "sw_dsp_adds.sv", "ROOM'(a[(k+i)*BITS+:BITS])",
           "ROOM'(a[k*BITS+:BITS])"),
    Mutant("tree: the odd operand is the first", "sw_dsp_tree.sv", "value[(e*N+N-1)*BITS+:BITS]",
           "value[e*N*BITS+:BITS]"),
    Mutant("tree: elements share operands", "sw_dsp_tree.sv", "value[(e*N+2*i+1)*BITS+:BITS]",
           "value[(2*i+1)*BITS+:BITS]"),
    Mutant("sums: no sum but the first starts", "sw_dsp_sums.sv", "starts <= finish_early", "starts <= 1'b0"),
    Mutant("sums: a reset leaves half a sum", "sw_dsp_sums.sv", "if (rst) starts <= 1'b1;\n        else if", "if"),
    Mutant("sums: half a sum shows", "sw_dsp_sums.sv", "if (last) y <= sum", "y <= sum"),
    Mutant("items: pairs share a lane", "sw_min_items.sv", "lane_w[2*i*BITS+:2*BITS]", "lane_w[0+:2*BITS]"),
)  # fmt: skip
