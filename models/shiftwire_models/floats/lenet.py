"""LeNet-5 in float, with ReLU and maximum pools as it is trained today."""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class FloatLeNetConfig:
    """28 x 28 pictures; widths: filters of the two 5 x 5 convolutions, units of the two hidden layers.

    Source: LeCun et al., Gradient-based learning applied to document recognition, 1998.
    """

    input_shape: tuple[int, int, int] = (1, 28, 28)
    widths: tuple[int, int, int, int] = (6, 16, 120, 84)
    classes: int = 10
    learning_rate: float = 0.003


class FloatLeNet(nn.Module):
    """x (N, 1, 28, 28) -> logits (N, classes)."""

    def __init__(self, config: FloatLeNetConfig) -> None:
        super().__init__()
        first, second, third, fourth = config.widths
        channels, height, width = config.input_shape
        area = ((height // 2 - 4) // 2) * ((width // 2 - 4) // 2)
        self.conv1 = nn.Conv2d(channels, first, 5, padding=2)
        self.relu1, self.pool1 = nn.ReLU(), nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(first, second, 5)
        self.relu2, self.pool2 = nn.ReLU(), nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1, self.relu3 = nn.Linear(second * area, third), nn.ReLU()
        self.fc2, self.relu4 = nn.Linear(third, fourth), nn.ReLU()
        self.fc3 = nn.Linear(fourth, config.classes)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *input_shape) -> logits (N, classes)."""
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.conv2(x)))
        x = self.relu4(self.fc2(self.relu3(self.fc1(self.flatten(x)))))
        logits: Tensor = self.fc3(x)
        return logits
