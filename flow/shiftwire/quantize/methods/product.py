"""What the ways to make weights of smaller parts share: layers that none of them takes, costs, forms beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.numbers.fixed import Values
from shiftwire.project.scores import relative_error
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Knob
from shiftwire.quantize.report import LayerCost, centred_error
from shiftwire.quantize.scaling import Step
from shiftwire.quantize.terms import Form, grid_of, levels_of, rivals
from shiftwire.quantize.weighted import IDEAL_SAMPLES, FloatLayer, ideal_sums


@dataclass(frozen=True, slots=True)
class Product:
    """A method; `own` says why it has no part in a layer with weights (out, channels, kernel...), None where it has."""

    method: Method
    emit: Callable[[NetworkDraft, FloatLayer], None]
    own: Callable[[NetworkDraft, FloatLayer, Values], str | None]

    def left_alone(self, draft: NetworkDraft, layer: FloatLayer) -> str | None:
        """Why it has no part in a layer, None where it has."""
        weights = np.moveaxis(layer.weights, -1, 1)
        if weights.ndim > 2 and weights.shape[1] == 1 < draft.tensor(layer.source).shape[-1]:
            return "its kernels read one channel each"
        return self.own(draft, layer, weights) or _no_floats(layer.weights)


def kernel_of(weights: Values) -> str:
    """3x3."""
    return "x".join(map(str, weights.shape[2:]))


def _no_floats(weights: Values) -> str | None:
    if not weights.any():
        return "its weights are all 0"
    if grid_of(weights) is not None or levels_of(weights) is not None:
        return "its weights are whole numbers already"
    return None


def forms(wanted: Values, own: Form) -> tuple[Form, ...]:
    """A form of the weights `wanted`, and those of its rivals."""
    return (own, *(Form(name, bits, float(np.linalg.norm(off))) for name, bits, off in rivals(wanted)))


def cost_of(draft: NetworkDraft, layer: FloatLayer, steps: Sequence[Step], right: Values) -> LayerCost:
    """That of a layer as it was emitted."""
    output = steps[-1].output
    return LayerCost(
        name=draft.graph.known[layer.name],
        kind=steps[0].op.kind,
        format=str(output.tensor.format),
        own_error=centred_error(output.values[:IDEAL_SAMPLES], layer.scale * ideal_sums(draft, layer)),
        knob=Knob.TERMS,
        error=relative_error(output.values, right),
    )
