"""Every layer from which a multiplication-free net is composed, and the numbers that it is given."""

from shiftwire_models.adder import AdderConv1d, AdderConv2d, AdderLinear
from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.block import Arithmetic, ConvBlock, ConvNorm, ShiftAddBlock, ShiftAddNorm, VirtualNorm
from shiftwire_models.circulant import CirculantConv2d, CirculantLinear
from shiftwire_models.escalate import BasisConv2d, EscalateNorm
from shiftwire_models.grid import Format, Rounding
from shiftwire_models.interpolation import Interpolation
from shiftwire_models.pool import PictureMean
from shiftwire_models.quant import ActivationQuant, CalibratedQuant
from shiftwire_models.shift import ShiftConv1d, ShiftConv2d, ShiftLinear
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightRule, WeightSpec

__all__ = [
    "ActivationQuant",
    "AdderConv1d",
    "AdderConv2d",
    "AdderLinear",
    "Arithmetic",
    "BasisConv2d",
    "BatchNormAffine",
    "CalibratedQuant",
    "CirculantConv2d",
    "CirculantLinear",
    "ConvBlock",
    "ConvNorm",
    "EscalateNorm",
    "ExponentRange",
    "Format",
    "Interpolation",
    "PictureMean",
    "Rounding",
    "ShiftAddBlock",
    "ShiftAddNorm",
    "ShiftConv1d",
    "ShiftConv2d",
    "ShiftLinear",
    "VirtualNorm",
    "WeightRule",
    "WeightSpec",
]
