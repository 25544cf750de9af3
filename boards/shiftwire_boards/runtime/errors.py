"""What can go wrong on a board, each as one sentence: what was found, what was wanted, how to mend it."""


class BoardError(Exception):
    """Anything this package raises on purpose."""


class PackageError(BoardError):
    """The files beside the bitstream are missing, damaged or of another version."""


class DataError(BoardError):
    """Frames of a wrong shape, type or range."""


class HardwareError(BoardError):
    """The logic that answers is not what the manifest says."""


class TransferError(BoardError):
    """A transfer did not end in time or ended wrongly; the message says where it stands still."""


class SensorError(BoardError):
    """A power sensor is missing, stopped answering, or gives numbers that cannot be powers."""


class RecordError(BoardError):
    """A record of a measurement, or its file, contradicts itself."""
