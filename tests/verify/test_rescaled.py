"""Rescaled layers in every form, built: C-simulation, native, bounded and SystemVerilog give the thresholds' codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import shiftwire
from random_networks import random_codes
from rescaled_nets import rescaled_image_and_vector
from shiftwire.api import engine
from shiftwire.passes.forms.rescale import Form, rescaled
from shiftwire.passes.forms.rescale_choice import Rescale
from shiftwire.project.engine import EngineName

FORMS = {"conv_out": Form.AFFINE, "deep_out": Form.MULTIPLY, "fc1_out": Form.MULTIPLY, "fc2_out": Form.AFFINE}
ENGINES = (EngineName.CSIM, EngineName.NATIVE, EngineName.BOUNDED, EngineName.VERILATOR)


@pytest.mark.whole
def test_every_engine_gives_the_codes_of_the_thresholds(tmp_path: Path) -> None:
    network = rescaled_image_and_vector(1)
    project = shiftwire.convert(rescaled(network, FORMS), output=tmp_path / "net", rescale=Rescale.THRESHOLD)
    codes = random_codes(network, 7, 40)
    wanted = network.evaluate_layers(codes)
    assert all(len(np.unique(wanted[layer])) > 10 for layer in FORMS)
    for each in ENGINES:
        runner = engine(each, project)
        with runner.ready():
            layers = runner.run(codes, all_layers=True).layers
        for layer in FORMS:
            assert np.array_equal(layers[layer], wanted[layer]), (each, layer)
