"""Training of quantized and of float nets, the same every time for one seed and one machine."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.data import DataName, Dataset, OwnData, Source, Split, load_data
from shiftwire_models.data.own import require_channels_first
from shiftwire_models.distribution import binarisations, watched
from shiftwire_models.errors import ModelsError
from shiftwire_models.floats.exchange import exchange
from shiftwire_models.floats.resnet import FloatResNetConfig
from shiftwire_models.grid import Format
from shiftwire_models.nets import NETS, FloatConfig, NetConfig, NetName, build, fitted
from shiftwire_models.quant import CalibratedQuant
from shiftwire_models.terms import ceil_log2
from shiftwire_models.weights import ShiftWeight
from shiftwire_models.weights.flightnn import GatedWeight

_BATCH = 64
_INPUT_BITS = 8
"""Of the user's own samples."""
_LEAST, _MOST = 2.0**-14, 2.0**20
"""Of the largest value in x: beyond them 24 bits do not span the grids of inputs, biases and sums."""
_SCORED = 500
"""Pictures scored at a time."""
_LABEL_SMOOTHING = 0.05
_UNMOVED = 0.5
_THREADS = 2
_SHOWN = 16
"""Pictures that formats are calibrated on where only the weights of a file are wanted."""
_THRESHOLD_RATE = 0.01
"""Of the learning rate, for gates."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Adam with a cosine from the net's own learning rate to 0 over all steps.

    pictures  how many of the training pictures are used, drawn by the seed; None takes all
    distribution_loss  weight of the distribution loss of every quantizer of one bit; 0 trains without
    """

    net: NetName
    epochs: int = 50
    seed: int = 0
    data: Source = DataName.DIGITS
    pictures: int | None = None
    distribution_loss: float = 0.0

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ModelsError(f"training for {self.epochs} epochs does nothing; take at least 1")


@dataclass(frozen=True, slots=True)
class Epoch:
    """What a progress report is told: `number` counts from 1, `loss` is the mean over the epoch's batches."""

    number: int
    epochs: int
    loss: float


Progress = Callable[[Epoch], None]


@dataclass(frozen=True, slots=True)
class TrainResult:
    """A trained net in evaluation mode; accuracies are fractions of the pictures trained on and of the test split."""

    config: TrainConfig
    net_config: NetConfig
    net: nn.Module
    train_accuracy: float
    test_accuracy: float
    seconds: float


def train(config: TrainConfig, progress: Progress, begin: Mapping[str, Tensor] | None = None) -> TrainResult:
    """Train a net of `NETS`; `progress` is called after every epoch. Raises ModelsError.

    It begins with the tensors of `begin`, another net's state, that have names and shapes of its own.
    """
    start = time.perf_counter()
    data = load_data(config.data)
    net_config = _net_config(config, data.train)
    data = Dataset(drawn(data.train, config.pictures, config.seed), data.test)
    net = build(net_config, config.seed)
    if begin is not None:
        take_tensors(net, begin)
    layout = torch.channels_last if isinstance(net_config, FloatConfig) else torch.contiguous_format
    with threads(1 if config.data is DataName.DIGITS else _THREADS):
        lay_out(net, layout)
        if config.distribution_loss and not binarisations(net):
            raise ModelsError(
                f"{config.net.value} has no quantizer of one bit, whose inputs a distribution loss would shape; train "
                "digits-binary, or leave the loss out"
            )
        fit(
            net,
            data.train,
            config,
            net_config.learning_rate,
            progress,
            after_epoch=_projection(config, net_config, data.train),
        )
        scores = accuracy(net, data.train), accuracy(net, data.test)
    lay_out(net, torch.contiguous_format)
    return TrainResult(config, net_config, net, *scores, time.perf_counter() - start)


def _projection(config: TrainConfig, net: NetConfig, split: Split) -> Callable[[nn.Module], None] | None:
    """After every epoch but the last, weights go to the products of factors that a net wants."""
    theta = net.theta if isinstance(net, FloatResNetConfig) else None
    if theta is None:
        return None
    numbers = count(1)

    def after(trained: nn.Module) -> None:
        if next(numbers) < config.epochs:
            exchange(trained, split.x[:_SHOWN], theta)

    return after


def _net_config(config: TrainConfig, split: Split) -> NetConfig:
    """Of the user's own data the net takes classes and range as they are, the others have it as it comes."""
    shape = tuple(split.x.shape[1:])
    if not isinstance(config.data, OwnData):
        return fitted(config.net, shape)
    if shape != NETS[config.net].input_shape:
        require_channels_first(tuple(split.x.shape), f"in {config.data.path}")
    signed, peak = bool((split.x < 0).any()), float(split.x.abs().max())
    if peak and not _LEAST <= peak <= _MOST and not isinstance(NETS[config.net], FloatConfig):
        raise ModelsError(
            f"found values in x up to {peak:.3g} in {config.data.path}, which no exact net adds to its biases; scale x "
            "to about -1..1, (x - x.mean(0)) / x.std(0)"
        )
    whole_bits = ceil_log2(peak) if peak > 0 else 0
    grid = Format(_INPUT_BITS, _INPUT_BITS - int(signed) - whole_bits, signed)
    return fitted(config.net, shape, int(split.y.max()) + 1, grid)


def take_tensors(net: nn.Module, state: Mapping[str, Tensor]) -> int:
    """How many tensors of another net's state have a name and a shape of this one's, which takes them.

    Raises ModelsError where that are fewer than half of its own.
    """
    own = net.state_dict()
    taken = {name: value for name, value in state.items() if name in own and value.shape == own[name].shape}
    if 2 * len(taken) < len(own):
        raise ModelsError(
            f"{len(taken)} of the net's {len(own)} tensors are found in the one to begin from, by name and shape; "
            "begin from a net whose layers are called alike, such as resnet8 for resnet8-vip"
        )
    net.load_state_dict({**own, **taken})
    return len(taken)


def nudged(x: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (N, C, H, W), half of them moved by up to one pixel each way; zeros come in from the edge.

    Vectors (N, F) stay as they are.
    """
    if x.dim() != 4:
        return x
    height, width = x.shape[2:]
    moves = torch.randint(0, 3, (len(x), 2), generator=generator)
    moves[torch.rand(len(x), generator=generator) < _UNMOVED] = 1
    wide = functional.pad(x, (1, 1, 1, 1))
    rows = (moves[:, :1] + torch.arange(height))[:, None, :, None]
    columns = (moves[:, 1:] + torch.arange(width))[:, None, None, :]
    return wide[torch.arange(len(x))[:, None, None, None], torch.arange(x.shape[1])[None, :, None, None], rows, columns]


def accuracy(net: nn.Module, split: Split) -> float:
    """Fraction of pictures whose largest logit is the label's; ties take the lowest class."""
    return float((logits(net, split.x).argmax(1) == split.y).float().mean())


def logits(net: nn.Module, x: Tensor) -> Tensor:
    """Evaluation outputs (N, classes), without gradient."""
    net.eval()
    with torch.no_grad():
        return torch.cat([net(part) for part in torch.split(x, _SCORED)])


def lay_out(net: nn.Module, layout: torch.memory_format) -> None:
    """Filters in memory as the convolutions like them."""
    for parameter in net.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)


def drawn(split: Split, pictures: int | None, seed: int) -> Split:
    """As many labelled pictures, drawn by the seed; None takes all."""
    if pictures is None:
        return split
    if pictures < 1:
        raise ModelsError(f"training on {pictures} pictures teaches nothing; take at least 1")
    picked = torch.randperm(len(split.y), generator=torch.Generator().manual_seed(seed))[:pictures]
    return Split(split.x[picked], split.y[picked])


def fit(
    net: nn.Module,
    split: Split,
    config: TrainConfig,
    learning_rate: float,
    progress: Progress,
    *,
    after_epoch: Callable[[nn.Module], None] | None = None,
) -> None:
    """Train a net of any make in place, on all of a split; `after_epoch` may bring its weights somewhere each time."""
    generator = torch.Generator().manual_seed(config.seed)
    batches = -(-len(split.y) // _BATCH)
    optimiser = _optimiser(net, learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.epochs * batches)
    rules = [module for module in net.modules() if isinstance(module, ShiftWeight)]
    net.train()
    with watched(net) as distribution:
        for number in range(1, config.epochs + 1):
            total = 0.0
            for picked in torch.split(torch.randperm(len(split.y), generator=generator), _BATCH):
                target = split.y[picked]
                loss = functional.cross_entropy(
                    net(nudged(split.x[picked], generator)), target, label_smoothing=_LABEL_SMOOTHING
                )
                for rule in rules:
                    loss = loss + rule.penalty()
                shaping = distribution.taken()
                if config.distribution_loss:
                    loss = loss + config.distribution_loss * shaping
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                optimiser.step()
                schedule.step()
                total += float(loss.detach())
            _fix_formats(net)
            if after_epoch is not None:
                after_epoch(net)
            progress(Epoch(number, config.epochs, total / batches))


def _optimiser(net: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """Gates move slowly: at the full rate a threshold outruns the residuals it judges and prunes the net."""
    thresholds = [module.threshold for module in net.modules() if isinstance(module, GatedWeight)]
    slow = {id(threshold) for threshold in thresholds}
    others = [parameter for parameter in net.parameters() if id(parameter) not in slow]
    groups: list[dict[str, Any]] = [{"params": others}, {"params": thresholds, "lr": learning_rate * _THRESHOLD_RATE}]
    return torch.optim.Adam(groups, lr=learning_rate)


@contextlib.contextmanager
def threads(wanted: int) -> Iterator[None]:
    """Nets for digits are too small to share: a second thread gains 15 %, or costs tenfold beside another job."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(wanted, before))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fix_formats(net: nn.Module) -> None:
    """One epoch has shown the ranges; formats that kept moving would move every grid after them."""
    for module in net.modules():
        if isinstance(module, CalibratedQuant):
            module.fix_format()
