"""What units take of a device: facts of a unit, physical terms, models fitted to netlists of our own; imports ir."""
