"""Power and energy on a board: sensors give traces; traces and windows of work give an energy."""
