"""Pages, tables and sentences about designs, builds and measurements; imports synth, verify and board."""
