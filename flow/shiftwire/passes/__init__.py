"""Passes: pure functions from Network to Network, run once, in the order of PIPELINE; imports ops and schedule."""
