"""SystemVerilog: units as modules, the AXI shell and its registers, the files; imports ir, knows no Design."""
