"""How training shows that it is alive: a bar on a terminal, a plain line now and then elsewhere."""

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shiftwire_models.training import Epoch
from shiftwire_models.training import Progress as Listener

_PLAIN_LINES = 8
"""Lines a whole training prints into a log."""


@contextlib.contextmanager
def epoch_progress(console: Console, title: str, epochs: int) -> Iterator[Listener]:
    """A listener for `train` that writes to the console."""
    if not console.is_terminal:
        yield _plain_listener(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=epochs)
        yield lambda epoch: bar.update(task, completed=epoch.number, description=f"{title}  loss {epoch.loss:.3f}")


def _plain_listener(console: Console) -> Listener:
    def listen(epoch: Epoch) -> None:
        every = max(1, epoch.epochs // _PLAIN_LINES)
        if epoch.number % every == 0 or epoch.number == epoch.epochs:
            line = f"epoch {epoch.number}/{epoch.epochs}  loss {epoch.loss:.3f}"
            console.print(line, markup=False, highlight=False)

    return listen
