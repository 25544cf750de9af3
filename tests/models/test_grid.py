"""Grids round and saturate as the contract says, and gradients pass where they should."""

import pytest
import torch

from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import Format, Rounding, quantize, to_codes
from shiftwire_models.quant import ActivationQuant, CalibratedQuant

HALVES = torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997])


@pytest.mark.parametrize(
    ("rounding", "codes"),
    [
        (Rounding.FLOOR, [-3, -2, -1, 0, 1, 2, 0]),
        (Rounding.HALF_UP, [-2, -1, 0, 1, 2, 3, 0]),
        (Rounding.HALF_EVEN, [-2, -2, 0, 0, 2, 2, 0]),
    ],
)
def test_ties_round_as_named_and_the_float_below_a_half_stays_down(rounding: Rounding, codes: list[int]) -> None:
    assert to_codes(HALVES, Format(4, 0, True), rounding).int().tolist() == codes


def test_codes_saturate_even_at_infinity() -> None:
    extremes = torch.tensor([-torch.inf, -1e38, -8.1, 7.9, 1e38, torch.inf])
    assert to_codes(extremes, Format(4, 0, True), Rounding.HALF_EVEN).tolist() == [-8, -8, -8, 7, 7, 7]
    assert to_codes(extremes, Format(4, 0, False), Rounding.FLOOR).tolist() == [0, 0, 0, 7, 15, 15]


def test_gradient_passes_inside_the_range_and_stops_outside() -> None:
    x = torch.tensor([-3.0, -1.9, 0.3, 1.7, 9.0], requires_grad=True)
    y = quantize(x, Format(4, 2, True), Rounding.HALF_EVEN)
    y.sum().backward()
    assert y.tolist() == [-2.0, -2.0, 0.25, 1.75, 1.75]
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 1, 1, 0]


def test_calibrated_format_covers_the_peak_and_then_stays() -> None:
    quant = CalibratedQuant(8, signed=True)
    quant(torch.tensor([0.5, -3.0]))
    assert str(quant.grid) == "s8.5"  # -3 needs two whole bits
    quant.fix_format()
    quant(torch.tensor([100.0]))
    assert str(quant.grid) == "s8.5"


def test_calibrated_format_ignores_evaluation() -> None:
    quant = CalibratedQuant(6, signed=False).eval()
    quant(torch.tensor([100.0]))
    assert str(quant.grid) == "u6.6"


def test_quantizer_speaks_qonnx_where_qonnx_can_say_it() -> None:
    ops = {rounding: ActivationQuant(Format(8, 4, True), rounding).frozen().op for rounding in Rounding}
    assert ops[Rounding.FLOOR] == ops[Rounding.HALF_EVEN] == "qonnx.custom_op.general::Quant"
    assert ops[Rounding.HALF_UP] == "shiftwire::Requantize"


def test_a_format_too_wide_for_float32_is_refused() -> None:
    with pytest.raises(ModelsError, match="a format of 32 bits does not fit a float32 model; take 1 to 24 bits"):
        Format(32, 0, True)
