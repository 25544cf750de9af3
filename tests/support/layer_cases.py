"""Layers whose tests lie in one file: a new one is a line here."""

import test_lookup
import test_moves
import test_multiply
import test_partial_pool
import test_spread
import test_unflatten
import test_upsample
from layer_case import LayerCase

LAYER_CASES: tuple[LayerCase, ...] = (
    test_lookup.LAYER,
    test_multiply.LAYER,
    test_partial_pool.LAYER,
    test_spread.LAYER,
    test_unflatten.LAYER,
    test_upsample.LAYER,
    *test_moves.LAYERS,
)
