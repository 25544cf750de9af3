"""SystemVerilog: a network's module, layers as logic, the AXI shell and its registers, the files; imports ir, knows no Design."""
