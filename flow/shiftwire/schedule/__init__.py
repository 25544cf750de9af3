"""Network, Board and target to Design: folds, streams, FIFO depths, timing; imports ops and rtl/unrolled."""

from shiftwire.schedule.design import Design, Target, schedule

__all__ = ["Design", "Target", "schedule"]
