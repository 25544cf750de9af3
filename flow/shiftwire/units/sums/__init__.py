"""Units that sum: what they share, the order of their iterations, one file a unit; imports the rest of units."""
