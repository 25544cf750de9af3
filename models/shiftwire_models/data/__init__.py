"""Data sets that install like packages; none is shipped with shiftwire."""

from enum import Enum

from shiftwire_models.data.digits import digits
from shiftwire_models.data.fashion import fashion_mnist
from shiftwire_models.data.mnist import mnist
from shiftwire_models.data.split import Dataset, Split
from shiftwire_models.errors import ModelsError

__all__ = ["DataName", "Dataset", "Split", "data_name", "digits", "load_data", "picture_shape"]


class DataName(Enum):
    """What a user types after --data."""

    DIGITS = "digits"
    MNIST = "mnist"
    FASHION = "fashion-mnist"


def data_name(text: str) -> DataName:
    """The data set a user typed. Raises ModelsError."""
    try:
        return DataName(text)
    except ValueError:
        names = ", ".join(name.value for name in DataName)
        raise ModelsError(f"no data set is called '{text}'; take one of {names}") from None


def picture_shape(name: DataName) -> tuple[int, int, int]:
    """(channels, height, width), known without loading."""
    return (1, 8, 8) if name is DataName.DIGITS else (1, 28, 28)


def load_data(name: DataName) -> Dataset:
    """Raises ModelsError with the command that installs a set which is not here."""
    match name:
        case DataName.DIGITS:
            return digits()
        case DataName.MNIST:
            return mnist()
        case DataName.FASHION:
            return fashion_mnist()
