"""Network, Board and target to Design: folds, streams, FIFO depths, timing; imports ops and rtl/unrolled."""
