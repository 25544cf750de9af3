"""Designs as open SystemVerilog."""
