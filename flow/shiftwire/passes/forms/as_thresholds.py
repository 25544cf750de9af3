"""Every form of a rescaled layer as the Threshold that it came from, so that forms can be compared anew."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.affine import Affine
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.passes.forms.rescale import IN_FRONT

MOST_BITS = 13
"""Of the codes that leave a form: no Threshold of the importer has more than 12 bits of steps."""


def as_thresholds(network: Network) -> Network:
    """The network with the nodes of each form that `rescaled` wrote as one Threshold again; its codes are the same."""
    parts = {node.name: form for node in network.nodes if (form := _form(network, node))}
    inside = {node.name for form in parts.values() for node in form[:-1]}
    nodes = tuple(
        _threshold(network, parts[node.name]) if node.name in parts else node
        for node in network.nodes
        if node.name not in inside
    )
    return replace(network, nodes=nodes)


def _form(network: Network, last: Node) -> list[Node]:
    """The nodes that stand for one Threshold, in order; none where a layer is no form's last."""
    if not isinstance(last.op, Requantize | Affine):
        return []
    form = [last]
    by_name = {node.name: node for node in network.nodes}
    while form[0].inputs[0].startswith(last.name + IN_FRONT) and form[0].inputs[0] in by_name:
        form.insert(0, by_name[form[0].inputs[0]])
    return form if len(form) > 1 and network.tensors[last.name].format.bits <= MOST_BITS else []


def _threshold(network: Network, form: Sequence[Node]) -> Node:
    """Steps by bisection over the codes of the input's format."""
    (x,), y = network.sources(form[0]), network.tensors[form[-1].name].format
    channels = x.shape[-1]
    ends = _through(network, form, np.tile([[x.format.lo], [x.format.hi]], channels), x)
    step = np.where(ends[1] < ends[0], -1, 1)
    levels = np.arange(int(ends.min()) + 1, int(ends.max()) + 1)[:, None]
    low, high = (np.full((len(levels), channels), end) for end in (x.format.lo, x.format.hi + 1))
    while (low < high).any():
        middle = low + ((high - low) >> 1)
        codes = _through(network, form, np.minimum(middle, x.format.hi), x)
        is_there, is_open = (codes >= levels) == (step > 0), low < high
        high, low = np.where(is_open & is_there, middle, high), np.where(is_open & ~is_there, middle + 1, low)
    base = np.where(step > 0, int(ends.min()), int(ends.max()))
    return Node(form[-1].name, Threshold(np.sort(low.T, axis=1), base, step, x.format.frac, y.frac), form[0].inputs)


def _through(network: Network, form: Sequence[Node], codes: Codes, x: Tensor) -> Codes:
    """Codes (n, channels) that leave the nodes of a form for codes (n, channels) of its input."""
    values = codes.reshape(-1, *[1] * (len(x.shape) - 1), x.shape[-1])
    for node in form:
        values = node.op.evaluate(network.sources(node), values)
    return values.reshape(codes.shape)
