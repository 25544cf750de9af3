"""What runs on the board: numpy and pynq alone, Python 3.8 or later."""

from shiftwire_boards.runtime.accelerator import Accelerator

__all__ = ["Accelerator"]
