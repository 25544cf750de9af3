"""Python, its packages and the environment that pynq needs."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from typing import Any

from shiftwire_boards.runtime.board import PYNQ_WITHOUT_ZYNQ_7000
from shiftwire_boards.runtime.doctor.finding import Finding, error, fine, warning
from shiftwire_boards.runtime.doctor.machine import Machine
from shiftwire_boards.runtime.family import Family
from shiftwire_boards.runtime.versions import numbers

XRT_SETUP = "etc/profile.d/xrt_setup.sh"
VENV = "etc/profile.d/pynq_venv.sh"


class Trial:
    """A block of foreign code: whatever it raises ends the block and becomes words in `problem`."""

    problem = ""

    def __enter__(self) -> Trial:
        self._quiet = warnings.catch_warnings()
        self._quiet.__enter__()
        warnings.simplefilter("ignore")
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, _: Any) -> bool:
        self._quiet.__exit__(None, None, None)
        if problem is not None:
            self.problem = " ".join(f"{type(problem).__name__}: {problem}".split())
        return isinstance(problem, Exception)


@dataclass(frozen=True)
class Pynq:
    """The module, or why there is none."""

    module: Any
    reason: str = ""


def load_pynq() -> Pynq:
    """Import it, whatever state it is in."""
    module = None
    with Trial() as trial:
        module = importlib.import_module("pynq")
    return Pynq(module, trial.problem)


def python_finding(machine: Machine) -> Finding:
    """The runtime wants 3.8; images bring up to 3.12."""
    version = ".".join(str(part) for part in machine.python)
    if machine.python < (3, 8):
        return error("python", f"found {version}, wanted 3.8 or later", "flash an image of PYNQ 3.0 or later")
    if machine.python >= (3, 13):
        what = f"found {version}, wanted 3.8 to 3.12, which PYNQ's images have"
        return warning("python", what, "use the image's own python3")
    return fine("python", version)


def pynq_finding(machine: Machine, family: Family | None, pynq: Pynq) -> Finding:
    """PYNQ 4 loads no overlay on Zynq-7000: the last line for it is 3.1."""
    version = machine.version("pynq")
    if version is None and not machine.can_import("pynq"):
        return error("pynq", "found no pynq in this Python", _other_python(machine))
    line = numbers(version or "")
    if family is Family.ZYNQ_7000 and line >= (PYNQ_WITHOUT_ZYNQ_7000,):
        what = (
            f"found {version}, wanted 3.0 to 3.1.x on Zynq-7000: this one loads no overlay there "
            "(TypeError in Clocks.set_pl_clk)"
        )
        return error("pynq", what, "pip install pynq==3.1.2, or flash a 3.1 image")
    if pynq.module is None:
        return error("pynq", f"{version or 'pynq'} cannot be imported ({pynq.reason})", "mend what it names")
    if line < (3,):
        return warning("pynq", f"found {version or 'no version'}, wanted 3.0 or later", "flash a newer image")
    return fine("pynq", f"{version}, and it can be imported")


def numpy_finding(machine: Machine) -> Finding:
    """pynq pins numpy below 2, and a later pip forgets that."""
    version, pandas = machine.version("numpy"), machine.version("pandas")
    if version is None:
        return error("numpy", "found no numpy in this Python", 'pip install "numpy<2"')
    if numbers(version) < (2,):
        return fine("numpy", version)
    culprit = f"; pandas {pandas} may have lifted it" if pandas else ""
    mend = 'pip install "numpy<2" "pandas<3" in one command' if pandas else 'pip install "numpy<2"'
    return error("numpy", f"found {version}, wanted below 2 for pynq{culprit}", mend)


def pandas_finding(machine: Machine) -> Finding:
    """Nothing here needs it; its next installation may lift numpy."""
    version = machine.version("pandas")
    if version is None:
        return fine("pandas", "not installed, and not needed")
    if numbers(version) < (3,):
        return fine("pandas", version)
    what = f"found {version}, wanted below 3: it asks for a numpy that pynq does not work with"
    return warning("pandas", what, 'pip install "numpy<2" "pandas<3" in one command')


def pycparser_finding(machine: Machine) -> Finding:
    """pynq.lib imports a module that pycparser 3 dropped."""
    version = machine.version("pycparser")
    if version is None:
        return warning("pycparser", "found none, wanted one below 3 for pynq.lib", 'pip install "pycparser<3"')
    if numbers(version) < (3,):
        return fine("pycparser", version)
    what = f"found {version}, wanted below 3: pynq.lib cannot be imported"
    return error("pycparser", what, 'pip install "pycparser<3"')


def setuptools_finding(machine: Machine) -> Finding:
    """pynqutils imports pkg_resources, which later setuptools leave out."""
    version = machine.version("setuptools") or "none"
    if machine.can_import("pkg_resources"):
        return fine("setuptools", f"{version}, with pkg_resources")
    what = f"found setuptools {version} without pkg_resources, which pynq imports"
    return error("setuptools", what, 'pip install "setuptools<81"')


def xrt_finding(machine: Machine) -> Finding:
    """pynq imports its devices only where XILINX_XRT is set, which a login shell does."""
    folder = machine.variable("XILINX_XRT")
    has_setup = machine.path(XRT_SETUP).is_file()
    if not folder:
        mend = f"source /{XRT_SETUP}, and keep it by sudo -E" if has_setup else "use an image of PYNQ 3.0 or later"
        what = "found no XILINX_XRT in the environment: pynq sees no device"
        return error("xrt", what, mend)
    if not machine.path(folder.lstrip("/")).is_dir():
        return error("xrt", f"XILINX_XRT is {folder}, and there is no such folder", f"source /{XRT_SETUP} again")
    return fine("xrt", f"XILINX_XRT is {folder}")


def user_finding(machine: Machine) -> Finding:
    """pynq opens /dev/mem and loads firmware, which root may."""
    user = machine.user()
    if user == 0:
        return fine("user", "root")
    what = f"found {'an unknown user' if user is None else f'user {user}'}, wanted root: pynq opens /dev/mem"
    return error("user", what, 'sudo -E "$(command -v python3)" -m shiftwire_boards.runtime ...')


def _other_python(machine: Machine) -> str:
    if machine.path(VENV).is_file():
        return f"source /{VENV}, or name that environment's python3: sudo and ssh take another"
    return "flash PYNQ's image for this board, or pip install pynq==3.1.2 there"
