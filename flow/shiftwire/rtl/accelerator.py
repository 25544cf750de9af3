"""The shell's top as the plain facts that a block design needs: boards know nothing of the flow."""

from __future__ import annotations

from shiftwire.errors import InputError
from shiftwire.rtl.ipxact import LIBRARY, NAME, VENDOR, VERSION
from shiftwire.rtl.registers import ADDRESS_BITS, REGISTERS, Access, Register
from shiftwire.rtl.shell import Shell
from shiftwire_boards import vivado


def accelerator(shell: Shell, clock_ns: float, network: vivado.NetworkIp | None = None) -> vivado.Accelerator:
    """`network` is the IP outside of a shell that holds none.

    Raises InputError for a clock or a width of words that no block design of ours has.
    """
    try:
        return vivado.Accelerator(
            vlnv=f"{VENDOR}:{LIBRARY}:{NAME}:{VERSION}",
            input_bits=shell.input.word_bits,
            output_bits=shell.output.word_bits,
            clock_mhz=1000 / clock_ns,
            register_bytes=1 << ADDRESS_BITS,
            registers=tuple(_register(register, shell.version) for register in REGISTERS),
            network=network,
        )
    except vivado.BlockDesignError as error:
        raise InputError(str(error)) from None


def _register(register: Register, version: int) -> vivado.Register:
    """A register as PYNQ shows it; of the reset values that a design decides, the version alone is known."""
    access = vivado.Access.READ_ONLY if register.access is Access.READ_ONLY else vivado.Access.READ_WRITE
    reset = version if register.name == "version" else register.reset or 0
    fields = tuple(vivado.RegisterField(field.name, field.low, field.bits, field.meaning) for field in register.fields)
    return vivado.Register(register.name, register.offset, access, register.meaning, reset, fields)
