"""A design as SystemVerilog: units, the memories they read, the beats that flow between them, and the text."""
