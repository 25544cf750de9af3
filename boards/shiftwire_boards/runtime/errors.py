"""The errors of the board: each is one sentence that says what was found, what would do, and the mend."""


class BoardError(Exception):
    """Anything that keeps the board from running or from being measured."""


class SensorError(BoardError):
    """A power sensor is missing, stopped answering, or gives numbers that cannot be powers."""


class RecordError(BoardError):
    """A record of a measurement, or its file, contradicts itself."""
