"""The same designs as open SystemVerilog: what the modules of shiftwire_hls/rtl promise, and how they are wired."""
