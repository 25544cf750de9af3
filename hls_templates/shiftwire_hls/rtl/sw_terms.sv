// Counts the terms of the fold at work; `last` tells that the next step belongs to the next weight.
// In: `step` and the fold. Out: `last`, in the same cycle as the fold. Initiation interval: one cycle a step.
module sw_terms #(
    parameter int FOLDS = 1,
    parameter int TERM_BITS = 1,
    parameter logic [FOLDS*TERM_BITS-1:0] FOLD_TERMS = '1,
    localparam int FOLD = FOLDS > 1 ? $clog2(FOLDS) : 1
) (
    input logic clk,
    input logic rst,
    input logic step,
    input logic [FOLD-1:0] fold,
    output logic last
);
    generate
        if (TERM_BITS == 1) begin : one
            assign last = 1'b1;
            wire unused = ^{clk, rst, step, fold, FOLD_TERMS};
        end else begin : many
            logic [TERM_BITS-1:0] term;
            logic [TERM_BITS-1:0] terms;
            sw_pick #(.COUNT(FOLDS), .WIDTH(TERM_BITS)) of_fold (.words(FOLD_TERMS), .number(fold), .word(terms));
            assign last = term == terms - 1'b1;
            always_ff @(posedge clk)
                if (rst) term <= '0;
                else if (step) term <= last ? '0 : term + 1'b1;
        end
    endgenerate
endmodule
