"""The same designs as open SystemVerilog: what the modules of shiftwire_hls/rtl promise, and what is written around them."""
