"""An actor and its critic, which learn by trying: two inputs and two heads, from torch to a simulated board."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

import shiftwire
from shiftwire.ir.network import Network
from torch_files import quiet
from verbs import run_verb

ACTIONS = 4
SEEN = 1_297
"""Digits that it plays with; the other 500 are for its figures."""
PLAYS = 1_500


class Agent(nn.Module):
    """Policy (N, 4) and value (N, 1) of a digit (N, 1, 8, 8) and what is to be done with it, (N, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.look, self.hear = nn.Conv2d(1, 8, 3, padding=1), nn.Linear(3, 8)
        self.both, self.more = nn.Linear(8 * 16 + 8, 64), nn.Linear(64, 32)
        self.policy, self.value = nn.Linear(32, ACTIONS), nn.Linear(32, 1)

    def forward(self, image: torch.Tensor, order: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        sight = torch.flatten(functional.max_pool2d(functional.relu(self.look(image)), 2), 1)
        known = torch.cat([sight, functional.relu(self.hear(order))], 1)
        state = functional.relu(self.more(functional.relu(self.both(known))))
        return self.policy(state), self.value(state)


@dataclass(frozen=True)
class World:
    """Pictures of digits, orders to count none, one or two further, and the action that is paid."""

    image: np.ndarray
    order: np.ndarray
    right: np.ndarray
    paid: np.ndarray
    """For the right action, what the critic should foretell: the more for brighter pictures."""

    @staticmethod
    def of(digits: slice, rng: np.random.Generator) -> World:
        x, y = load_digits(return_X_y=True)
        image = (x[digits] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
        further = rng.integers(0, 3, len(image))
        order = np.eye(3)[further] + rng.normal(0, 0.1, (len(image), 3))
        paid = 4 * image.mean(axis=(1, 2, 3))
        return World(image, order.astype(np.float32), (y[digits] + further) % ACTIONS, paid)


def trained(world: World) -> Agent:
    """By advantages of the actions that it chose (Sutton and Barto 2018, section 13.5, episodes of one step)."""
    torch.manual_seed(0)
    agent, rng = Agent(), np.random.default_rng(1)
    optimiser = torch.optim.Adam(agent.parameters(), 0.005)
    image, order = torch.from_numpy(world.image), torch.from_numpy(world.order)
    right, paid = torch.from_numpy(world.right), torch.from_numpy(world.paid)
    for _ in range(PLAYS):
        some = torch.from_numpy(rng.integers(0, len(image), 256))
        scores, value = agent(image[some], order[some])
        chance = torch.distributions.Categorical(logits=scores)
        action = chance.sample()  # type: ignore[no-untyped-call]
        reward = torch.where(action == right[some], paid[some], 0.0)
        advantage = (reward - value[:, 0]).detach()
        gained = (chance.log_prob(action) * advantage).mean()  # type: ignore[no-untyped-call]
        loss = 0.5 * functional.mse_loss(value[:, 0], reward) - gained - 0.1 * chance.entropy().mean()  # type: ignore[no-untyped-call]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return agent.eval()


def saved(agent: Agent, world: World, folder: Path) -> Path:
    with quiet():
        batch = {0: torch.export.Dim("batch")}
        torch.onnx.export(agent, (torch.from_numpy(world.image[:2]), torch.from_numpy(world.order[:2])),
                          str(folder / "agent.onnx"), dynamo=True, verbose=False, dynamic_shapes=(batch, batch),
                          input_names=["image", "order"], output_names=["policy", "value"])  # fmt: skip
    return folder / "agent.onnx"


def heads(network: Network, world: World) -> dict[str, np.ndarray]:
    """What the exact network's outputs mean."""
    codes = network.evaluate(network.encode({"image": world.image, "order": world.order}))
    parts = zip(network.exits, network.exit_codes(codes), strict=True)
    return {part.name: np.asarray(part.scores(own)) for part, own in parts}


@pytest.mark.whole
def test_from_torch_to_a_simulated_board(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No code of either head differs; it acts as it did, and foretells what it did but for a little."""
    rng = np.random.default_rng(0)
    seen, new = World.of(slice(SEEN), rng), World.of(slice(SEEN, None), rng)
    agent = trained(seen)
    model, exact, project = saved(agent, new, tmp_path), tmp_path / "exact.onnx", tmp_path / "project"
    np.savez(tmp_path / "calibrate.npz", image=seen.image[:256], order=seen.order[:256])
    np.savez(tmp_path / "test.npz", image=new.image, order=new.order, policy=new.right, value=new.paid[:, None])

    def run(*argv: object) -> str:
        status, out, err = run_verb(capsys, *argv)
        assert status == 0, err
        return out

    run("quantize", model, "--calibrate", tmp_path / "calibrate.npz", "-o", exact)
    run("convert", exact, "-o", project, "--fps", 20_000)
    with torch.no_grad():
        policy, value = (head.numpy() for head in agent(torch.from_numpy(new.image), torch.from_numpy(new.order)))
    made = heads(shiftwire.load_network(exact), new)
    before, after = ((scores.argmax(axis=1) == new.right).mean() for scores in (policy, made["policy"]))
    off, spread = np.sqrt(np.mean(np.square(made["value"] - value))), float(np.std(value))
    print(f"acts rightly: {before:.2%} in float, {after:.2%} exact; values: {off:.3g} off, of a spread of {spread:.3g}")
    assert before > 0.85 and after > before - 0.015 and off < 0.1 * spread
    said = run("csim", project, "--data", tmp_path / "test.npz", "--native")
    assert re.search(r": 500 samples, 0 of \d+ codes differ", said)
    assert "policy: accuracy: " in said and "value: against the labels: rms error" in said
    cosim = json.loads(run("cosim", project, "--data", tmp_path / "test.npz", "--frames", 1, "--json"))
    assert cosim["interval"] == cosim["interval_predicted"]
    measured = json.loads(run("measure", project, "--sim", "--data", tmp_path / "test.npz", "--frames", 2, "--json"))
    assert measured["exactness"]
