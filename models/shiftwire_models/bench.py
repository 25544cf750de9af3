"""One training step of an adder convolution: blocks and matrix products against the plain broadcast form."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from shiftwire_models.adder import AdderConv2d
from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import Format

_GRID = Format(8, 4, True)


class Form(Enum):
    """The two ways to write the layer; both give the same outputs and gradients."""

    BLOCKED = "blocked"
    BROADCAST = "broadcast"


@dataclass(frozen=True, slots=True)
class Workload:
    """A 3 x 3 adder convolution, stride 1, padded, from `channels` to `channels`.

    One thread unless told: beside another job, threads that wait for each other measure the other job.
    """

    images: int = 32
    channels: int = 32
    side: int = 16
    steps: int = 3
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Measurement:
    """Forward and backward; memory is the growth of the process's peak resident set over the imports and input."""

    images_per_second: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class AdderBench:
    """Both forms on one workload, each measured in a process of its own."""

    workload: Workload
    blocked: Measurement
    broadcast: Measurement

    @property
    def speed_gain(self) -> float:
        """Blocked over broadcast, in images a second."""
        return self.blocked.images_per_second / self.broadcast.images_per_second

    @property
    def memory_gain(self) -> float:
        """Broadcast over blocked, in peak memory."""
        return self.broadcast.peak_mib / self.blocked.peak_mib


def bench_adder(workload: Workload | None = None) -> AdderBench:
    """Measured on this machine, now; a peak can only be read from a process that has done nothing else."""
    load = workload or Workload()
    blocked, broadcast = (_in_own_process(form, load) for form in (Form.BLOCKED, Form.BROADCAST))
    return AdderBench(load, blocked, broadcast)


def broadcast_step(x: Tensor, w: Tensor, g: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The textbook form: y, dX and dW (not rescaled) through one (N, out, taps, pixels) tensor, padding 1."""
    taps = functional.unfold(x, w.shape[2], padding=1)
    difference = taps[:, None] - w.flatten(1)[None, :, :, None]
    upstream = g.flatten(2)[:, :, None]
    y = -difference.abs().sum(2).reshape(g.shape)
    dw = (difference * upstream).sum((0, 3)).reshape(w.shape)
    dtaps = ((-difference).clamp(-1.0, 1.0) * upstream).sum(1)
    return y, functional.fold(dtaps, x.shape[2:], w.shape[2], padding=1), dw


def measure(form: Form, load: Workload) -> Measurement:
    """In this process. Peak memory is meaningful only in a fresh one."""
    torch.set_num_threads(load.threads)
    torch.manual_seed(0)
    x = torch.randn(load.images, load.channels, load.side, load.side, requires_grad=True)
    layer = AdderConv2d(load.channels, load.channels, 3, _GRID, padding=1)
    upstream = torch.randn(load.images, load.channels, load.side, load.side)

    def step() -> None:
        if form is Form.BLOCKED:
            torch.autograd.backward(layer(x), upstream)
        else:
            broadcast_step(x.detach(), layer.weight().detach(), upstream)

    before = _peak_mib()
    step()  # the first one also starts threads and touches fresh pages
    start = time.perf_counter()
    for _ in range(load.steps):
        step()
    seconds = time.perf_counter() - start
    return Measurement(load.images * load.steps / seconds, _peak_mib() - before)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints both forms; --form measures one in this process and prints it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m shiftwire_models.bench", description=__doc__)
    parser.add_argument("--form", choices=[form.value for form in Form])
    parser.add_argument("--workload", default="{}", help="JSON with images, channels, side, steps, threads")
    arguments = parser.parse_args(argv)
    load = Workload(**json.loads(arguments.workload))
    text = json.dumps(asdict(measure(Form(arguments.form), load))) if arguments.form else _lines(bench_adder(load))
    sys.stdout.write(text + "\n")
    return 0


def _in_own_process(form: Form, load: Workload) -> Measurement:
    command = [sys.executable, "-m", "shiftwire_models.bench", "--form", form.value]
    done = subprocess.run(
        [*command, "--workload", json.dumps(asdict(load))], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ModelsError(f"the {form.value} form ended with code {done.returncode}: {done.stderr.strip()[-200:]}")
    return Measurement(**json.loads(done.stdout))


def _lines(bench: AdderBench) -> str:
    load = bench.workload
    return (
        f"adder 3x3 {load.channels}->{load.channels} on {load.side}x{load.side}, batch {load.images}, "
        f"threads: {load.threads}, measured: {bench.blocked.images_per_second:.0f} images/s against "
        f"{bench.broadcast.images_per_second:.0f} by broadcast ({bench.speed_gain:.1f}x)\n"
        f"peak memory {bench.blocked.peak_mib:.0f} MiB against {bench.broadcast.peak_mib:.0f} MiB "
        f"({bench.memory_gain:.0f}x less)"
    )


def _peak_mib() -> float:
    """VmHWM of Linux, in KiB: ru_maxrss would do, but a child inherits its parent's through exec."""
    status = Path("/proc/self/status")
    if not status.exists():
        raise ModelsError(f"this system has no {status} to read peak memory from; run the bench on Linux")
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    raise SystemExit(main())
