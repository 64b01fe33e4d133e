"""One progress bar for every long step, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(
    label: str, total: int | None, visible: bool = True, done: int = 0
) -> Iterator[Callable[[int], None]]:
    """Show a bar and yield a function that takes the number of jets just finished.

    ``total`` jets are expected (None if unknown), of which ``done`` were finished before.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns: tuple[ProgressColumn, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    if total is None:
        columns = (columns[0], columns[1], TextColumn("{task.completed} jets"), columns[3])
    with Progress(*columns, console=Console(stderr=True), disable=not visible) as bar:
        task = bar.add_task(label, total=total, completed=done, rate="")

        def advance(jets: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, advance=jets, rate=f"{speed:,.0f} jets/s" if speed else "")

        yield advance
