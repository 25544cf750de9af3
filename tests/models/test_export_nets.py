"""Every net that comes with shiftwire, through onnxruntime, to the last bit."""

import re

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.data import digits
from shiftwire_models.exact_export import export_model
from shiftwire_models.nets import NETS, NetName, build
from shiftwire_models.size import net_size
from shiftwire_models.training import logits
from tiers import some

SMALL = [name for name in NetName if name.value.startswith("digits") or name is NetName.JETS_MLP]


def briefly_trained(name: NetName) -> nn.Module:
    """Eight steps, so that no weight is its initial one, and then the statistics of the last batch."""
    config = NETS[name]
    net = build(config, 0).train()
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    x, y = digits().train.x[:256], digits().train.y[:256]
    if config.input_shape != (1, 8, 8):
        x, y = torch.randn(256, *config.input_shape), y % 5
    for picked in torch.arange(256).split(32):
        optimiser.zero_grad()
        functional.cross_entropy(net(x[picked]), y[picked]).backward()
        optimiser.step()
    for module in net.modules():
        if isinstance(module, BatchNormAffine):
            module.momentum = 1.0
    net(x)
    return net.eval()


def inputs(name: NetName) -> Tensor:
    """All test pictures (jets: noise), noise, and pictures of blacks, whites and out-of-range values."""
    shape = NETS[name].input_shape
    pictures = digits().test.x if shape == (1, 8, 8) else torch.randn(360, *shape)
    ends = torch.tensor([0.0, 1.0, 1 / 32, -3e38, 3e38])
    extremes = ends[torch.randint(0, 5, (60, *shape))]
    flat = torch.stack([torch.full(shape, float(end)) for end in ends])
    return torch.cat([pictures, torch.rand(60, *shape), torch.randn(60, *shape) * 3, extremes, flat])


@pytest.mark.parametrize(
    "name", some(SMALL, NetName.DIGITS_ADDER, NetName.DIGITS_APOT, NetName.JETS_MLP), ids=lambda name: name.value
)
def test_onnxruntime_equals_torch(name: NetName) -> None:
    torch.manual_seed(7)
    net = briefly_trained(name)
    model = export_model(net, NETS[name].input_shape)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = inputs(name)
    (y,) = session.run(None, {"x": x.numpy()})
    assert np.array_equal(y, logits(net, x).numpy())
    assert len(np.unique(y)) > 150
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z]\w*", word) for node in model.graph.node for word in (*node.input, *node.output))
    assert [node.output[0] for node in model.graph.node] == names


def test_the_demo_net_is_named_after_its_layers() -> None:
    model = export_model(build(NETS[NetName.DIGITS_SHIFTADD], 0), (1, 8, 8))
    block = ("shift", "between", "adder", "bn", "relu", "quant")
    assert [node.name for node in model.graph.node] == [
        *("pixels", "stem_conv", "stem_bn", "stem_relu", "stem_quant"),
        *(f"block1_{layer}" for layer in block),
        *(f"block2_{layer}" for layer in block),
        *("pool", "flatten", "logits"),
    ]
    assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == ["batch", 1, 8, 8]
    assert model.graph.initializer[3].name == "stem_conv_sign"


@pytest.mark.whole
def test_export_is_deterministic_and_leaves_the_net_trainable() -> None:
    net = build(NETS[NetName.JETS_MLP], 4)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    files = [export_model(net, (16,)).SerializeToString() for _ in range(2)]
    after = net.state_dict()
    assert files[0] == files[1]
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert net.training


def test_digits_nets_stay_small_enough_to_be_wires() -> None:
    sizes = {name: net_size(config) for name, config in NETS.items() if name in SMALL}
    assert sizes[NetName.DIGITS_SHIFTADD].weights == 6424
    assert all(size.operations < 60_000 for size in sizes.values())
