"""What a design takes, counted: open netlists and the reports of vendors' tools; imports project and tools."""
