"""Simulation programs on a host's vectors, of the kernels' own headers; imports hls, schedule and tools."""
