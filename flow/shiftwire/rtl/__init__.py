"""Open SystemVerilog: the same design without a vendor's tool, from the network to the AXI ports of a board."""
