"""The board itself: which it is, its memory, its logic, its clock, its disk, and who else uses it."""

from __future__ import annotations

import re
import shutil
from math import isfinite, nan
from pathlib import Path

from shiftwire_boards.runtime.doctor.finding import Finding, error, fine, warning
from shiftwire_boards.runtime.doctor.machine import Machine
from shiftwire_boards.runtime.doctor.software import Pynq, Trial
from shiftwire_boards.runtime.family import family_of
from shiftwire_boards.runtime.manifest import Manifest

NAMES = {
    "pynq-z1": ("pynq-z1",),
    "pynq-z2": ("pynq-z2",),
    "zcu104": ("zcu104",),
    "kv260": ("kv260", "k26"),
    "ultra96-v2": ("ultra96",),
    "aup-zu3": ("aup-zu3", "aupzu3"),
}
"""Words for each board in a device tree or in the image's BOARD; a PYNQ-Z1 or Z2 often has none but the latter."""

BOARD_NAME = "etc/profile.d/boardname.sh"
MANAGER = "sys/class/fpga_manager/fpga0/state"
SPARE_BYTES = 16 << 20
BUFFER_PAIRS = 2
CLOCKS = re.compile(r'NAME="(?:PCW_FPGA0_PERIPHERAL_FREQMHZ|PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ)"\s+VALUE="([0-9.]+)"')
"""What an overlay asks of the processor's first clock to the logic, in a .hwh."""
SAME_CLOCK = 0.01


def board_finding(machine: Machine, manifest: Manifest | None) -> Finding:
    """A bitstream of another part is refused by the logic, one of another board of the same part is not."""
    model = " ".join(machine.strings("proc/device-tree/model"))
    named = re.search(r"BOARD=[\"']?([\w.-]+)", machine.text(BOARD_NAME))
    identity = ", ".join([model or "no model", *([f"BOARD={named.group(1)}"] if named else [])])
    family = machine.family()
    if family is None:
        return error("board", f"found no Zynq ({identity}), wanted a PYNQ board", "run this on the board")
    if manifest is None:
        return fine("board", f"{family.title}: {identity}")
    if family is not family_of(manifest.part):
        what = f"found {family.title} ({identity}), wanted {family_of(manifest.part).title} for {manifest.board}"
        return error("board", what, "convert and build the model for this board")
    words = " ".join([identity, *machine.strings("proc/device-tree/compatible")]).lower()
    known = [board for board, names in NAMES.items() if any(name in words for name in names)]
    if known and manifest.board not in known:
        what = f"found {', '.join(known)} ({identity}), wanted {manifest.board}: its pins and memory may differ"
        return error("board", what, "convert and build the model for this board")
    if not known:
        what = f"found {family.title} ({identity}), which names no board; wanted {manifest.board}"
        return warning("board", what, "see that it is one")
    return fine("board", f"{manifest.board}: {identity}")


def memory_finding(machine: Machine, manifest: Manifest | None, batch: int) -> Finding:
    """Buffers of the DMA lie in the contiguous memory area (CMA)."""
    total, free = (_kilobytes(machine, name) for name in ("CmaTotal", "CmaFree"))
    if total is None or free is None:
        what = "found no contiguous memory (CMA) in /proc/meminfo, wanted some for the DMA's buffers"
        return error("memory", what, "boot PYNQ's own Linux kernel, or add cma=128M to its command line")
    reserve = f"{free >> 20:,} of {total >> 20:,} MiB of contiguous memory free"
    if manifest is None:
        return fine("memory", reserve)
    need = BUFFER_PAIRS * batch * (manifest.input.frame_bytes + manifest.output.frame_bytes)
    wanted = f"{need:,} bytes for batches of {batch}"
    if need > total:
        return error("memory", f"found {reserve}, wanted {wanted}", "give a smaller batch, or boot with a larger cma=")
    if need > free:
        mend = "end other notebooks, which hold buffers, or give a smaller batch"
        return error("memory", f"found {reserve}, wanted {wanted}", mend)
    return fine("memory", f"{reserve}, {wanted} wanted")


def logic_finding(machine: Machine) -> Finding:
    """The Linux kernel's FPGA manager loads the bitstream; before the first one its state is unknown."""
    state = machine.text(MANAGER).strip()
    if not state:
        what = f"found no /{MANAGER}: nothing can load a bitstream"
        return error("logic", what, "boot PYNQ's own Linux kernel, as root")
    if state.endswith("error"):
        return error("logic", f"the FPGA manager says '{state}'", "see dmesg, then switch the board off and on")
    if state in ("operating", "unknown"):
        return fine("logic", f"the FPGA manager says '{state}'")
    return warning("logic", f"the FPGA manager says '{state}'", "wait until the load that is under way has ended")


def device_finding(pynq: Pynq) -> Finding:
    """What pynq itself finds to load a bitstream into."""
    if pynq.module is None:
        return warning("device", "not asked: pynq cannot be imported", "mend pynq first")
    names: list[str] = []
    with Trial() as trial:
        names = [str(device.name) for device in pynq.module.Device.devices]
    if not names:
        why = f" ({trial.problem})" if trial.problem else ""
        return error("device", f"pynq finds no device{why}", "mend xrt, user and logic first")
    return fine("device", ", ".join(names))


def clock_finding(pynq: Pynq, manifest: Manifest | None, hwh: Path | None) -> Finding:
    """The processor's first clock to the logic; the overlay's clock wizard makes the network's own of it."""
    if pynq.module is None:
        return warning("clock", "not read: pynq cannot be imported", "mend pynq first")
    mhz = nan
    with Trial() as trial:
        mhz = float(pynq.module.Clocks.fclk0_mhz)
    if trial.problem:
        return warning("clock", f"cannot be read ({trial.problem})", "be root on a board")
    reading = f"FCLK0 is {mhz:.6g} MHz"
    if not (isfinite(mhz) and mhz > 0):
        return error("clock", f"{reading}, wanted one above 0", "switch the board off and on")
    if manifest is None:
        return fine("clock", reading)
    network = f"the network's own, behind a clock wizard, is {1000 / manifest.clock_ns:.6g} MHz nominal"
    wanted = CLOCKS.search(hwh.read_text(encoding="utf-8", errors="replace")) if hwh and hwh.is_file() else None
    if wanted and abs(mhz / float(wanted.group(1)) - 1) > SAME_CLOCK:
        what = f"{reading}, wanted {float(wanted.group(1)):g} once the package is loaded ({network})"
        return warning("clock", what, "loading sets it; if it stays so behind a measurement, see the image's version")
    return fine("clock", f"{reading}; {network}")


def disk_finding(folder: Path, need: int = SPARE_BYTES) -> Finding:
    """Records and notebooks are written beside the package."""
    free = shutil.disk_usage(folder).free
    if free < need:
        mend = "remove older versions and records"
        return error("disk", f"found {free:,} bytes free in {folder}, wanted {need:,}", mend)
    return fine("disk", f"{free >> 20:,} MiB free")


def lock_finding(machine: Machine) -> Finding:
    """The runtime locks a file a device in /tmp; asking changes nothing."""
    import fcntl  # noqa: PLC0415 - a host may be no Unix

    for path in sorted(machine.path("tmp").glob("shiftwire-*.lock")):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            what = f"another process uses the board ({_holder(machine, path)} holds {path.name})"
            return error("lock", what, "end it first, or wait")
        except OSError as problem:
            return warning("lock", f"{path} cannot be opened ({problem.strerror})", "be root, or remove it")
        owner = path.stat().st_uid
        if machine.user() not in (owner, None):
            what = f"{path} belongs to user {owner}: the Linux kernel may refuse it to others, root included"
            return warning("lock", what, "remove it")
    return fine("lock", "nobody else uses the board")


def _holder(machine: Machine, path: Path) -> str:
    """The process in /proc/locks, whose sixth word ends with the file's inode."""
    inode = path.stat().st_ino
    for line in machine.text("proc/locks").splitlines():
        words = line.split()
        if len(words) > 5 and words[5].rpartition(":")[2] == str(inode):
            return f"process {words[4]}"
    return "a process"


def _kilobytes(machine: Machine, name: str) -> int | None:
    """Of a line of /proc/meminfo, in bytes."""
    match = re.search(rf"^{name}:\s+(\d+) kB", machine.text("proc/meminfo"), re.MULTILINE)
    return int(match.group(1)) << 10 if match else None
