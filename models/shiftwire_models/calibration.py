"""Life for nets that nobody trained: batch norms and formats that know what pictures do to them."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.contract import Freezable
from shiftwire_models.errors import ModelsError
from shiftwire_models.nets import NetConfig, build
from shiftwire_models.quant import CalibratedQuant
from shiftwire_models.shift import ShiftConv2d, ShiftLinear

_COARSE = 8
"""Pixels between the corners of the smooth part of a picture."""
_GRAIN = 0.3
_CALIBRATING = 32
_WATCHED = 8
"""Pictures, which adder layers take their time over."""


def calibrate(net: nn.Module, x: Tensor) -> None:
    """Statistics of every batch norm and every calibrated format become those of x, layer after layer, in one pass.

    An adder's outputs are all negative; its batch norm brings them back around zero, or ReLU would leave nothing.
    Biases bring the logits around zero too, or one class would win every time.
    """
    norms = [module for module in net.modules() if isinstance(module, BatchNormAffine)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    biased = [module for module in net.modules() if isinstance(module, (ShiftLinear, ShiftConv2d))]
    hooks = [layer.register_forward_hook(_centre) for layer in biased if layer.bias is not None]
    with torch.no_grad():
        net.train()(x)
    for hook in hooks:
        hook.remove()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    for module in net.modules():
        if isinstance(module, CalibratedQuant):
            module.fix_format()
    net.eval()


def _centre(layer: nn.Module, inputs: tuple[Tensor], y: Tensor) -> Tensor:
    """Move a layer's bias so that the mean of every output is 0, and give the outputs as they are then."""
    bias = layer.get_submodule("bias")
    bias.get_parameter("latent").sub_(y.transpose(0, 1).flatten(1).mean(1))
    moved: Tensor = layer.forward(*inputs)
    return moved


def constant_layers(net: nn.Module, x: Tensor) -> tuple[str, ...]:
    """Names of the layers whose output is one and the same number everywhere: a check of such a net proves nothing."""
    constant: list[str] = []

    def listen(name: str, y: Tensor) -> None:
        if bool((y == y.flatten()[0]).all()):
            constant.append(name)

    hooks = [layer.register_forward_hook(lambda _, __, y, name=name: listen(name, y)) for name, layer in layers(net)]
    with torch.no_grad():
        net.eval()(x)
    for hook in hooks:
        hook.remove()
    return tuple(constant)


def layers(net: nn.Module, path: str = "") -> Iterator[tuple[str, nn.Module]]:
    """What has an output of its own, by name: a shift layer is one, its weight rule is none."""
    if isinstance(net, Freezable) or not any(True for _ in net.children()):
        yield path, net
        return
    for name, child in net.named_children():
        yield from layers(child, f"{path}.{name}".lstrip("."))


def random_pictures(config: NetConfig, count: int, seed: int) -> Tensor:
    """float32 (count, *input_shape) that vary slowly with some grain, as pictures and spectra do.

    On 0..1 for nets that read unsigned codes, of mean 0 and deviation about 1 for the others; vectors are plain noise.
    """
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.stack([_random_picture(config.input_shape, generator) for _ in range(count)])
    signed = getattr(getattr(config, "input_grid", None), "signed", True)
    return pictures if signed else (pictures / 4 + 0.5).clamp(0.0, 1.0)


def _random_picture(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    grain = torch.randn(shape, generator=generator)
    if len(shape) != 3:
        return grain
    coarse = [max(2, -(-side // _COARSE)) for side in shape[1:]]
    waves = torch.randn(1, shape[0], *coarse, generator=generator)
    smooth = functional.interpolate(waves, size=shape[1:], mode="bilinear", align_corners=True)
    return smooth[0] + _GRAIN * grain


def calibrated_net(config: NetConfig, seed: int, count: int) -> tuple[nn.Module, Tensor]:
    """A net of random weights, every layer alive, and `count` random pictures for it. Raises ModelsError."""
    if count < 1:
        raise ModelsError(f"{count} pictures show nothing; take at least 1")
    net, x = build(config, seed), random_pictures(config, max(count, _CALIBRATING), seed)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums of statistics depend on how many threads share them
    try:
        calibrate(net, x[:_CALIBRATING])
    finally:
        torch.set_num_threads(threads)
    constant = constant_layers(net, x[:_WATCHED])
    if constant:
        raise ModelsError(f"layer '{constant[0]}' gives one number for every input; take another seed")
    return net, x[:count]
