"""A perceptron of shift layers, of any shape."""

from dataclasses import dataclass, field
from itertools import pairwise

from torch import Tensor, nn

from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.block import Arithmetic
from shiftwire_models.circulant import linear
from shiftwire_models.grid import Format
from shiftwire_models.quant import ActivationQuant, CalibratedQuant


@dataclass(frozen=True, slots=True)
class MlpConfig:
    """sizes  inputs, hidden units, classes; input_shape  without batch, of sizes[0] values in all.

    block  side of the circulant blocks of layers whose sides it divides; 1 for none.
    """

    sizes: tuple[int, ...]
    input_shape: tuple[int, ...]
    input_grid: Format
    numbers: Arithmetic = field(default_factory=Arithmetic)
    learning_rate: float = 0.04
    block: int = 1


class ShiftMlp(nn.Module):
    """Shift layer -> batch norm -> ReLU -> quantizer whose range is learnt; the last layer gives the logits.

    Activations of one bit are 1 above half a step, whatever the range, and need no ReLU.
    """

    def __init__(self, config: MlpConfig) -> None:
        super().__init__()
        numbers = config.numbers
        self.input = ActivationQuant(config.input_grid)
        self.flatten = nn.Flatten() if len(config.input_shape) > 1 else None
        *hidden, last = pairwise(config.sizes)
        self.layers = nn.Sequential()
        for number, (inputs, outputs) in enumerate(hidden, 1):
            self.layers.add_module(f"fc{number}", linear(inputs, outputs, config.block, numbers.weight))
            norm = BatchNormAffine(outputs, exponent_range=numbers.shift_scale, bias_frac=numbers.bias_frac)
            self.layers.add_module(f"bn{number}", norm)
            grid = numbers.activation
            if grid.bits == 1:
                self.layers.add_module(f"quant{number}", ActivationQuant(grid))
                continue
            self.layers.add_module(f"relu{number}", nn.ReLU())
            self.layers.add_module(f"quant{number}", CalibratedQuant(grid.bits, grid.signed))
        self.classifier = linear(*last, config.block, numbers.weight, numbers.bias_frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *input_shape) -> logits (N, classes)."""
        x = self.input(x)
        x = x if self.flatten is None else self.flatten(x)
        logits: Tensor = self.classifier(self.layers(x))
        return logits
