"""Checkpoints of the families' own repositories, read by their names and equations."""
