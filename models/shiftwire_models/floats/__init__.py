"""Ordinary float nets: where trained weights come from before `shiftwire quantize` makes codes of them."""
