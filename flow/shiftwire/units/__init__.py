"""Units that more than one layer is built of: sums, windows, width converters, forks; imports ir."""
