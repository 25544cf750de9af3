"""What a network and its hardware are made of, as data: tensors, ops, host ends, units, streams; imports numbers."""
