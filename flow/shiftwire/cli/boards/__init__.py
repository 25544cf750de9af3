"""Verbs for boards: bitstreams, packages, measurements, and what there is; imports the rest of cli."""
