"""One wrong line each in what puts products into DSP blocks."""

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
