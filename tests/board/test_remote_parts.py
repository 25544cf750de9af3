"""What the runtime does otherwise over PYNQ.remote, piece by piece; the whole of it is in test_remote.py."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shiftwire_boards.runtime.energy.result import Unavailable
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind
from shiftwire_boards.runtime.errors import HardwareError
from shiftwire_boards.runtime.lock import lock_of
from shiftwire_boards.runtime.remote import answered, reachable, refresh


class Buffer(np.ndarray[Any, Any]):
    """Counts how much was read anew."""

    read = 0

    def invalidate(self) -> None:
        Buffer.read = self.size


class RemoteBuffer(Buffer):
    buffer_id = "0:0"


@pytest.mark.parametrize(("kind", "wanted"), [(Buffer, 10), (RemoteBuffer, 64)])
def test_a_part_of_a_remote_buffer_is_read_with_the_rest(kind: type[Buffer], wanted: int) -> None:
    whole = kind(64, np.uint8)
    refresh(whole[:10])
    assert Buffer.read == wanted
    refresh(whole)
    assert Buffer.read == 64


@pytest.mark.parametrize("kind", SensorKind)
def test_sensors_of_this_computer_are_none_of_the_board(kind: SensorKind) -> None:
    sensor = SimpleNamespace(describe=lambda: SensorDescription("12V", kind, "input", 60.0))
    found = reachable(sensor)
    if kind in (SensorKind.HWMON, SensorKind.PMBUS):
        assert isinstance(found, Unavailable) and "this computer is another" in found.reason
    else:
        assert found is sensor
    assert reachable(Unavailable("none")) == Unavailable("none")


def test_every_board_has_its_lock() -> None:
    names = {lock_of(SimpleNamespace(tag="remote0", ip_addr=f"10.0.0.{at}")) for at in (1, 2)}
    names |= {lock_of(SimpleNamespace(tag=tag)) for tag in ("embedded_0", "embedded_1")}
    assert len(names) == 4


def test_words_of_grpc(monkeypatch: pytest.MonkeyPatch) -> None:
    class RpcError(Exception):
        pass

    monkeypatch.delitem(sys.modules, "grpc", raising=False)
    with pytest.raises(RpcError, match="as it is"), answered():
        raise RpcError("as it is")
    monkeypatch.setitem(sys.modules, "grpc", SimpleNamespace(RpcError=RpcError))
    with pytest.raises(HardwareError, match=r"gave up \(no route\); look at its network"), answered():
        raise RpcError("no route")
