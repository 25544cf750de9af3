"""A measurement on a board over SSH: the runtime runs there on its own, so that it outlives a line that breaks."""

from __future__ import annotations

import posixpath
import secrets
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.board.deploy import HOME, form_of
from shiftwire.board.doctor import PYTHON, START_S, runtime_command
from shiftwire.board.inner import chosen_inner
from shiftwire.board.package import folder_of
from shiftwire.errors import InputError, ToolError
from shiftwire.ir.network import Network
from shiftwire.project.data import Data, load_data, wanted_codes
from shiftwire.project.project import Project
from shiftwire.tools import ssh
from shiftwire.tools.json_text import parsed_json
from shiftwire.tools.ssh import LineError, Remote, SlowError
from shiftwire_boards.runtime.errors import RecordError
from shiftwire_boards.runtime.exit_code import ExitCode
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.labels import label_key
from shiftwire_boards.runtime.manifest import SUFFIX
from shiftwire_boards.runtime.record import Record
from shiftwire_boards.runtime.record_json import record_from_json

ENERGY_S = 120.0
"""Five spans of ten seconds and an idle one."""

RUN = ".run"
"""In the package's folder while a measurement lasts: token, pid, out, err, status, data.npz, record.json."""

BUSY, DIED = 9, 8
"""Statuses of the scripts below."""

_CLAIM = """\
cd "$1" || exit 1
[ "$(cat .run/token 2>/dev/null)" != "$2" ] || exit 0
pid=$(cat .run/pid 2>/dev/null)
[ -z "$pid" ] || [ -e .run/status ] || ! grep -q shiftwire_boards "/proc/$pid/cmdline" 2>/dev/null || exit 9
rm -rf .run && mkdir .run && echo "$2" >.run/token
"""
_RUN = """\
cd "$1" || exit 1
shift
text='"$@" >.run/out 2>.run/err; echo $? >.run/code; mv .run/code .run/status'
if [ ! -e .run/pid ]; then
    setsid sh -c "$text" sh "$@" </dev/null >/dev/null 2>&1 &
    echo $! >.run/pid
fi
until [ -e .run/status ]; do
    pid=$(cat .run/pid 2>/dev/null) && [ -d "/proc/${pid:-none}" ] || [ -e .run/status ] || exit 8
    sleep 0.5
done
cat .run/status
tail -n 1 .run/err | tr -d '\\n'
echo
cat .run/record.json 2>/dev/null || :
"""
"""Begins a run unless it was begun, waits for its end, and tells its status, its last words and its record."""

_STOP = 'cd "$1" && pid=$(cat .run/pid) && shift && "$@" kill -TERM -- "-$pid"'


@dataclass(frozen=True, slots=True)
class Run:
    """How to measure: `seconds` of sustained work at least; `data` is an .npz of which `frames` samples are taken.

    Without data the package's golden frames are taken. With `sudo` it is root who measures. `marker` is a file of
    Linux's on the board that is 1 in the spans of the energy. `inner` is the form that must be there, the project's own
    choice where it is None.
    """

    seconds: float = 10.0
    data: Path | None = None
    frames: int | None = None
    batch: int | None = None
    python: str = PYTHON
    sudo: bool = False
    marker: str | None = None
    inner: Inner | None = None


def measure_there(project: Project, remote: Remote, run: Run) -> Record:
    """Run the runtime where the project was deployed and bring its record home; nothing stays there.

    Raises InputError where this version was not deployed, ToolError where the board says why nothing was measured, and
    LineError where the line did not come back in time: the record waits there then.
    """
    folder = posixpath.join(HOME, folder_of(project))
    form = chosen_inner(project, run.inner)
    _check_deployed(project, remote, folder, form)
    if remote.script(_CLAIM, folder, secrets.token_hex(8), passing=(0, BUSY)).status == BUSY:
        raise ToolError(f"another measurement of this version runs on {remote.address}; wait until it has ended")
    is_over = False
    try:
        data = _sent_data(project, remote, folder, run)
        status, words, text = _ended(remote, folder, run, _command(project, run, data))
        if status not in (ExitCode.OK, ExitCode.FAILED_CHECK):
            raise ToolError(f"on {remote.address}: {words or f'the measurement ended with status {status}'}")
        record = _record(project, remote, text, form)
        is_over = True
    except LineError:
        is_over = True  # it goes on there
        raise
    finally:
        if not is_over:
            _stop(remote, folder, run)
    with suppress(LineError):  # the record is here
        remote.script('rm -rf "$1/.run"', folder)
    return record


def _check_deployed(project: Project, remote: Remote, folder: str, inner: Inner) -> None:
    """Its folder bears 8 digits of the version; its manifest tells them all."""
    name = project.path.resolve().name
    text = 'cat "$1" 2>/dev/null || { ls -1 "$2" 2>/dev/null; exit 1; }'
    outcome = remote.script(text, posixpath.join(folder, f"{name}{SUFFIX}"), HOME, passing=(0, 1))
    mend = "run 'shiftwire deploy' first"
    if outcome.status:
        others = [each for each in outcome.output.split("\n") if each.rpartition("-")[0] == name]
        deployed = f"found {', '.join(others)}" if others else f"found nothing of {name}"
        raise InputError(f"{deployed} on {remote.address}, wanted {folder_of(project)}; {mend}")
    form = None
    try:
        version = str(parsed_json(outcome.output)["version_hash"])
        form = form_of(outcome.output)
    except (ValueError, KeyError, TypeError, AttributeError):
        version = "a damaged manifest"
    if version != project.version_hash:
        raise InputError(f"found version {version} on {remote.address}, wanted {project.version_hash}; {mend}")
    if form is not None and form is not inner:
        raise InputError(
            f"found the form {form.value} of {name} on {remote.address}, wanted {inner.value}; give --inner "
            f"{form.value}, or run 'shiftwire deploy --inner {inner.value}' first"
        )


def _sent_data(project: Project, remote: Remote, folder: str, run: Run) -> str | None:
    """Samples with the codes that the specification makes of them, so that the board can compare every one."""
    if run.data is None:
        return None
    network = project.design.network
    data = load_data(run.data, network)
    count = len(data.codes) if run.frames is None else run.frames
    sent = data.in_turn(count)
    arrays = sent_arrays(network, sent) | {"wanted": wanted_codes(network, data.codes, count)}
    with tempfile.TemporaryDirectory(prefix="shiftwire-data-") as here:
        file = Path(here) / "data.npz"
        np.savez_compressed(file, **arrays)
        remote.send(file, posixpath.join(folder, RUN, file.name))
    return posixpath.join(RUN, file.name)


def sent_arrays(network: Network, data: Data) -> dict[str, npt.NDArray[Any]]:
    """Samples and labels under the names by which the runtime reads them."""
    values = dict(data.values) if len(network.entries) > 1 else {"x": next(iter(data.values.values()))}
    is_only = len(network.exits) == 1
    return values | {
        label_key(list(values)) if is_only else name: labels.values for name, labels in data.labels.items()
    }


def _command(project: Project, run: Run, data: str | None) -> tuple[str, ...]:
    samples = () if data is None else ("--data", data)
    batch = () if run.batch is None else ("--batch", str(run.batch))
    marker = () if run.marker is None else ("--marker", run.marker)
    record = ("--seconds", f"{run.seconds:g}", "-o", posixpath.join(RUN, "record.json"))
    bit = f"./{project.path.resolve().name}.bit"
    return runtime_command(run.python, run.sudo, bit, *samples, *batch, *marker, *record)


def _ended(remote: Remote, folder: str, run: Run, command: tuple[str, ...]) -> tuple[int, str, str]:
    """The runtime's status, its last words of error and its record; while there is no line, it is looked for again."""
    most = START_S + ENERGY_S + 10 * run.seconds
    deadline = time.monotonic() + most
    while True:
        left = max(1.0, deadline - time.monotonic())
        try:
            outcome = remote.run("sh", "-c", _RUN, "sh", folder, *command, seconds=left, passing=(0, DIED))
        except SlowError:
            raise ToolError(
                f"the measurement on {remote.address} did not end within {most:g} s and was stopped; look at the board"
            ) from None
        except LineError as error:
            if time.monotonic() < deadline:
                time.sleep(ssh.PAUSE_S)
                continue
            path = posixpath.join(folder, RUN, "record.json")
            raise LineError(
                f"{error}; the measurement went on there: fetch its record with scp {remote.address}:{path} record.json"
            ) from None
        if outcome.status == DIED:
            raise ToolError(f"the measurement on {remote.address} was killed; look whether its memory ran out")
        status, words, record = outcome.output.split("\n", 2)
        return int(status), words, record


def _record(project: Project, remote: Remote, text: str, inner: Inner) -> Record:
    try:
        record = record_from_json(parsed_json(text))
    except (ValueError, RecordError) as error:
        raise ToolError(f"{remote.address} sent no record that can be read ({error}); deploy again") from None
    if record.identity.version_hash != project.version_hash:
        raise ToolError(f"{remote.address} measured version {record.identity.version_hash}; deploy again")
    if record.identity.inner is not inner:
        raise ToolError(f"{remote.address} measured the form {record.identity.inner.value}; deploy again")
    return record


def _stop(remote: Remote, folder: str, run: Run) -> None:
    """What was begun there ends, and its files go, as far as the line holds."""
    root = ("sudo", "-n") if run.sudo else ("env",)
    try:
        remote.run("sh", "-c", _STOP, "sh", folder, *root, passing=tuple(range(255)), seconds=10.0)
        remote.run("rm", "-rf", posixpath.join(folder, RUN), seconds=10.0)
    except ToolError:
        pass  # why it is stopped is the news
