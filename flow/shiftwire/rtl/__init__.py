"""SystemVerilog: a network, its layers as logic, the AXI shell and its registers; imports ir, knows no Design."""
