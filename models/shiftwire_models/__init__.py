"""Torch layers, nets, training and export of multiplication-free networks; the only user of torch."""
