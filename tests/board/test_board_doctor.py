"""doctor on a board: every finding provoked once on a /proc, a /sys and a Python of files; healthy boards have none."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from doctor_bench import BOARDS, SITE, Bench, install, lay, other_pynq, packed
from shiftwire_boards.catalog import board_names, load_board
from shiftwire_boards.runtime.doctor.command import examine
from shiftwire_boards.runtime.doctor.finding import Level
from shiftwire_boards.runtime.doctor.hardware import NAMES, disk_finding, lock_finding
from shiftwire_boards.runtime.doctor.package import package_of
from shiftwire_boards.runtime.doctor.software import Pynq, pynq_finding
from shiftwire_boards.runtime.family import Family, family_of


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {board: packed(board, tmp_path_factory.mktemp("package")) for board in BOARDS}


@pytest.fixture
def pynq_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Pynq]]:
    with other_pynq(monkeypatch.syspath_prepend) as load:
        yield load


@pytest.fixture
def bench(packages: dict[str, Path], tmp_path: Path, pynq_at: Callable[[Path], Pynq]) -> Bench:
    return Bench(tmp_path / "root", "pynq-z2", packages["pynq-z2"], pynq_at)


@pytest.mark.parametrize("board", BOARDS)
def test_a_healthy_board(
    board: str, packages: dict[str, Path], tmp_path: Path, pynq_at: Callable[[Path], Pynq]
) -> None:
    found = Bench(tmp_path, board, packages[board], pynq_at).found()
    assert {finding.level for finding in found} == {Level.OK}, [str(finding) for finding in found]
    assert not [finding for finding in found if finding.mend]
    said = {finding.check: finding.what for finding in found}
    assert len(said) == len(found) == 17
    assert said["pynq"] == "3.1.2, and it can be imported" and said["device"] == board
    assert said["board"].startswith(f"{board}: ")
    assert "117 of 128 MiB of contiguous memory free" in said["memory"]
    assert "behind a clock wizard, is" in said["clock"]
    watts = {"kv260": "5 V input of the K26 module", "zcu104": "12V at 12 V input of the board reads 14.05 W"}
    assert watts.get(board, "no power sensor is known on board 'pynq-z2'") in said["power"]


FILES: list[tuple[str, str, str | None, Level, str]] = [
    ("xrt", "proc/self/environ", "HOME=/root\0", Level.ERROR, "source /etc/profile.d/xrt_setup.sh"),
    ("xrt", "proc/self/environ", "XILINX_XRT=/opt/xrt\0", Level.ERROR, "there is no such folder"),
    ("user", "proc/self/status", "Uid:\t1000\t1000\t1000\t1000\n", Level.ERROR, "found user 1000, wanted root"),
    ("board", "proc/device-tree/compatible", "raspberrypi,4\0", Level.ERROR, "found no Zynq"),
    ("board", "proc/device-tree/compatible", "xlnx,zynqmp\0", Level.ERROR, "wanted Zynq-7000 for pynq-z2"),
    ("board", "etc/profile.d/boardname.sh", "export BOARD=Pynq-Z1\n", Level.ERROR, "found pynq-z1 (no model, BOARD="),
    ("board", "etc/profile.d/boardname.sh", None, Level.WARNING, "which names no board; wanted pynq-z2"),
    ("package", "package/simulated.bit", None, Level.ERROR, "missing: simulated.bit; copy the whole package again"),
    ("package", "package/simulated.manifest.json", None, Level.ERROR, "copy the whole package"),
    ("package", "package/simulated.manifest.json", "{}", Level.ERROR, "is damaged (KeyError"),
    ("memory", "proc/meminfo", "MemTotal: 500000 kB\n", Level.ERROR, "found no contiguous memory (CMA)"),
    ("memory", "proc/meminfo", "CmaTotal: 1024 kB\nCmaFree: 1 kB\n", Level.ERROR, "end other notebooks"),
    ("memory", "proc/meminfo", "CmaTotal: 2 kB\nCmaFree: 1 kB\n", Level.ERROR, "or boot with a larger cma="),
    ("logic", "sys/class/fpga_manager/fpga0/state", None, Level.ERROR, "nothing can load a bitstream"),
    ("logic", "sys/class/fpga_manager/fpga0/state", "write error\n", Level.ERROR, "says 'write error'; see dmesg"),
    ("logic", "sys/class/fpga_manager/fpga0/state", "write init\n", Level.WARNING, "wait until the load"),
    ("setuptools", f"{SITE}/pkg_resources/__init__.py", None, Level.ERROR, 'pip install "setuptools<81"'),
]  # fmt: skip


@pytest.mark.parametrize("case", FILES, ids=lambda case: case[4])
def test_one_file_is_not_as_it_should_be(case: tuple[str, str, str | None, Level, str], bench: Bench) -> None:
    check, name, text, level, words = case
    if text is None:
        (bench.root / name).unlink()
    else:
        (bench.root / name).write_text(text)
    if check == "setuptools":
        (bench.root / SITE / "pkg_resources").rmdir()
    found = bench.found() if name.endswith((".json", "compatible")) else (bench.one(check),)
    finding = next(finding for finding in found if finding.check == check)
    assert finding.level is level and words in str(finding) and finding.mend, str(finding)


@pytest.mark.parametrize(
    ("package", "version", "level", "words"),
    [
        ("pynq", "4.0.0", Level.ERROR, "Clocks.set_pl_clk); pip install pynq==3.1.2, or flash a 3.1 image"),
        ("pynq", "2.7.0", Level.WARNING, "found 2.7.0, wanted 3.0 or later"),
        ("numpy", "2.4.0", Level.ERROR, 'found 2.4.0, wanted below 2 for pynq; pip install "numpy<2"'),
        ("pandas", "3.0.1", Level.WARNING, 'pip install "numpy<2" "pandas<3" in one command'),
        ("pycparser", "3.0", Level.ERROR, 'pip install "pycparser<3"'),
    ],
)
def test_a_package_of_the_wrong_version(package: str, version: str, level: Level, words: str, bench: Bench) -> None:
    install(bench.root, package, version)
    finding = bench.one(package)
    assert finding.level is level and words in str(finding)


def test_pandas_that_lifted_numpy(bench: Bench) -> None:
    install(bench.root, "numpy", "2.4.0")
    install(bench.root, "pandas", "2.3.0")
    assert "pandas 2.3.0 may have lifted it" in bench.one("numpy").what


def test_packages_that_are_missing(bench: Bench) -> None:
    for name in ("numpy", "pycparser"):
        shutil.rmtree(next((bench.root / SITE).glob(f"{name}-*")))
    said = {finding.check: finding for finding in bench.found()}
    assert said["numpy"].level is Level.ERROR and said["pycparser"].level is Level.WARNING


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise AttributeError('numpy.core')", "AttributeError: numpy.core"),
        ("a = ", "SyntaxError: "),
    ],
)
def test_pynq_that_is_broken(text: str, reason: str, bench: Bench) -> None:
    (bench.root / SITE / "pynq" / "__init__.py").write_text(text)
    finding = bench.one("pynq")
    assert finding.level is Level.ERROR and f"3.1.2 cannot be imported ({reason}" in finding.what


def test_pynq_that_is_missing(bench: Bench) -> None:
    """In another Python than the image's own environment, as sudo and ssh give one."""
    shutil.rmtree(bench.root / SITE / "pynq")
    shutil.rmtree(bench.root / SITE / "pynq-3.1.2.dist-info")
    bench.load = lambda site: Pynq(None, "ModuleNotFoundError: No module named 'pynq'")
    finding = bench.one("pynq")
    assert finding.level is Level.ERROR and "source /etc/profile.d/pynq_venv.sh" in finding.mend
    (bench.root / "etc/profile.d/pynq_venv.sh").unlink()
    assert "flash PYNQ's image" in bench.one("pynq").mend
    said = {finding.check: finding for finding in bench.found()}
    assert said["device"].level is said["clock"].level is Level.WARNING


@pytest.mark.parametrize(
    ("text", "check", "level", "words"),
    [
        ("Device.devices = []", "device", Level.ERROR, "pynq finds no device; mend xrt"),
        ("del Device.devices", "device", Level.ERROR, "(AttributeError: "),
        ("Clocks.fclk0_mhz = 50.0", "clock", Level.WARNING, "FCLK0 is 50 MHz, wanted 100 once the package is loaded"),
        ("Clocks.fclk0_mhz = 0.0", "clock", Level.ERROR, "FCLK0 is 0 MHz, wanted one above 0"),
        ("del Clocks.fclk0_mhz", "clock", Level.WARNING, "cannot be read (AttributeError"),
    ],
)
def test_what_pynq_says(text: str, check: str, level: Level, words: str, bench: Bench) -> None:
    with (bench.root / SITE / "pynq" / "__init__.py").open("a") as file:
        file.write(f"\n{text}\n")
    finding = bench.one(check)
    assert finding.level is level and words in str(finding)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "60000000\n",
            "ina260_u14 at 5 V input of the K26 module, without the carrier card reads 60 W, wanted above 0",
        ),
        ("0\n", "reads 0 W, wanted above 0 and at most 30"),
        ("-4\n", "reads -4e-06 W"),
        ("rubbish\n", "cannot be read ("),
        (None, "has neither power1_input nor curr1_input"),
    ],
)
def test_a_kernel_sensor_that_is_wrong(
    text: str | None, words: str, packages: dict[str, Path], tmp_path: Path, pynq_at: Callable[[Path], Pynq]
) -> None:
    bench = Bench(tmp_path, "kv260", packages["kv260"], pynq_at)
    file = tmp_path / "sys/class/hwmon/hwmon2/power1_input"
    file.unlink() if text is None else file.write_text(text)
    finding = bench.one("power")
    assert finding.level is Level.WARNING and words in finding.what


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("_Reading.value = None", "reads nan W"),
        ("def get_rails(): return {}", "pynq finds no power rail"),
        ("def get_rails(): return {'INT': _Rail}", "pynq finds no rail '12V'; it offers INT"),
        ("def get_rails(): raise OSError('libsensors.so')", "pynq's rails cannot be read (OSError: libsensors.so)"),
    ],
)
def test_a_rail_that_is_wrong(
    text: str, words: str, packages: dict[str, Path], tmp_path: Path, pynq_at: Callable[[Path], Pynq]
) -> None:
    bench = Bench(tmp_path, "zcu104", packages["zcu104"], pynq_at)
    with (tmp_path / SITE / "pynq" / "pmbus.py").open("a") as file:
        file.write(f"\n{text}\n")
    finding = bench.one("power")
    assert finding.level is Level.WARNING and words in finding.what


def test_changed_files_are_named(bench: Bench) -> None:
    bench.bitfile.write_bytes(b"another")
    with bench.bitfile.with_suffix(".hwh").open("a") as file:
        file.write(" ")
    finding = bench.one("package")
    assert finding.level is Level.ERROR
    assert finding.what == "not as they were packaged: simulated.bit, simulated.hwh"


def test_memory_for_batches(bench: Bench) -> None:
    finding = bench.one("memory", batch=10_000_000)
    assert finding.level is Level.ERROR and "bytes for batches of 10000000; give a smaller batch" in str(finding)


@pytest.fixture
def lock(bench: Bench) -> Path:
    """The file of a runtime that ran before, as this user."""
    lay(bench.root, {"tmp/shiftwire-embedded_xrt0.lock": "", "proc/self/status": f"Uid:\t0\t{os.getuid()}\n"})
    return bench.root / "tmp/shiftwire-embedded_xrt0.lock"


def test_a_lock_that_is_held(bench: Bench, lock: Path) -> None:
    assert lock_finding(bench.machine).level is Level.OK
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        finding = lock_finding(bench.machine)
        assert finding.level is Level.ERROR and "(a process holds shiftwire-embedded_xrt0.lock)" in finding.what
        lay(bench.root, {"proc/locks": f"1: FLOCK  ADVISORY  WRITE 4321 08:01:{lock.stat().st_ino} 0 EOF\n"})
        assert "(process 4321 holds" in lock_finding(bench.machine).what
        assert lock_finding(bench.machine) in bench.found()
    assert lock_finding(bench.machine).level is Level.OK


def test_a_lock_of_another_user(bench: Bench, lock: Path) -> None:
    lay(bench.root, {"proc/self/status": f"Uid:\t0\t{os.getuid() + 1}\n"})
    finding = lock_finding(bench.machine)
    assert finding.level is Level.WARNING and f"belongs to user {os.getuid()}" in finding.what


def test_a_full_disk(tmp_path: Path) -> None:
    finding = disk_finding(tmp_path, need=1 << 62)
    assert finding.level is Level.ERROR and "remove older versions and records" in finding.mend
    assert disk_finding(tmp_path, need=1).level is Level.OK


@pytest.mark.parametrize(("python", "level"), [((3, 7, 9), Level.ERROR), ((3, 13, 0), Level.WARNING)])
def test_a_python_of_another_time(python: tuple[int, ...], level: Level, bench: Bench) -> None:
    bench.machine = replace(bench.machine, python=python)
    assert bench.one("python").level is level


def test_no_package_is_named(bench: Bench, tmp_path: Path) -> None:
    found = examine(bench.machine, package_of(None, tmp_path), bench.load(bench.root / SITE))
    assert {f.check for f in found if f.level is not Level.OK} == {"package"}
    assert package_of(None, bench.bitfile.parent).manifest is not None, "the only one is taken"


def test_it_knows_what_the_catalog_knows(bench: Bench, packages: dict[str, Path]) -> None:
    """The runtime has no catalog; families, names and versions must agree with it."""
    boards = [load_board(name) for name in board_names()]
    assert set(NAMES) == {board.name for board in boards}
    for version in ("3.0.1", "3.1.2", "4.0.0"):
        install(bench.root, "pynq", version)
        for board in boards:
            family = board.family
            finding = pynq_finding(bench.machine, family, Pynq(object()))
            assert (finding.level is Level.OK) == board.pynq.admits(version), (board.name, version)
    for name, bitfile in packages.items():
        manifest = package_of(bitfile, Path()).manifest
        assert manifest is not None and load_board(name).part == manifest.part
        assert (family_of(manifest.part) is Family.ZYNQ_7000) == (name == "pynq-z2")


def test_the_command(bench: Bench) -> None:
    """As a user runs it in the package's folder; versions are those of this Python, the rest is the board's."""
    done = bench.run(bench.bitfile.name)
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, last = done.stdout.splitlines()
    assert len(lines) == 17 and "nothing here keeps the package from running" in last and not done.stderr
    (bench.root / "proc/self/environ").write_text("")
    (bench.root / SITE / "pynq/__init__.py").write_text("1 / 0")
    done = bench.run("--json")
    assert done.returncode == 1, done.stderr
    said = {row["check"]: row for row in json.loads(done.stdout)["findings"]}
    assert said["xrt"]["level"] == said["pynq"]["level"] == "error"
    assert "ZeroDivisionError" in said["pynq"]["what"]
