"""SystemVerilog: a network's module, layers as logic, the AXI shell, the files; imports ir, knows no Design."""
