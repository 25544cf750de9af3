"""Layers whose tests lie in one file: a new one is a line here."""

from layer_case import LayerCase

LAYER_CASES: tuple[LayerCase, ...] = ()
