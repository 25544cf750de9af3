"""Power and energy on a board: sensors give traces; traces and spans of work give an energy."""
