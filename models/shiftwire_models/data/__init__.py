"""Data sets that install like packages, none of them shipped with shiftwire, and the user's own."""

from enum import Enum
from pathlib import Path

from shiftwire_models.data.digits import digits
from shiftwire_models.data.fashion import fashion_mnist
from shiftwire_models.data.mnist import mnist
from shiftwire_models.data.own import OwnData, own_data
from shiftwire_models.data.split import Dataset, Split
from shiftwire_models.errors import ModelsError

__all__ = [
    "SOURCES",
    "DataName",
    "Dataset",
    "OwnData",
    "Source",
    "Split",
    "digits",
    "load_data",
    "picture_shape",
    "shape_of",
    "source_named",
    "source_text",
]


class DataName(Enum):
    """What a user types after --data."""

    DIGITS = "digits"
    MNIST = "mnist"
    FASHION = "fashion-mnist"


Source = DataName | OwnData
SOURCES = f"one of {', '.join(name.value for name in DataName)}, or your own MINE.npz with x and y"
"""What may stand after --data, in words."""


def source_named(text: str) -> Source:
    """The data set that a user typed; what ends in .npz or is a file is their own. Raises ModelsError."""
    if text.endswith(".npz") or Path(text).is_file():
        return OwnData(Path(text))
    try:
        return DataName(text)
    except ValueError:
        raise ModelsError(f"no data set is called '{text}'; take {SOURCES}") from None


def source_text(source: Source) -> str:
    """What a user typed."""
    return source.value if isinstance(source, DataName) else str(source.path)


def picture_shape(name: DataName) -> tuple[int, int, int]:
    """(channels, height, width), known without loading."""
    return (1, 8, 8) if name is DataName.DIGITS else (1, 28, 28)


def shape_of(source: Source) -> tuple[int, ...]:
    """Of a sample; a user's own file is read for it."""
    return picture_shape(source) if isinstance(source, DataName) else tuple(own_data(source).train.x.shape[1:])


def load_data(source: Source) -> Dataset:
    """Raises ModelsError with the command that installs a set which is not here."""
    match source:
        case DataName.DIGITS:
            return digits()
        case DataName.MNIST:
            return mnist()
        case DataName.FASHION:
            return fashion_mnist()
        case OwnData():
            return own_data(source)
