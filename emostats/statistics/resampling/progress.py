"""A progress bar with the time left, for programs that run a bootstrap. The computation itself only calls
back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from emostats.statistics.resampling.run import Progress


@contextmanager
def progress_bar(description: str, *, show: bool | None = None) -> Iterator[Progress | None]:
    """A bar on stderr with the resamples done and the time left; None, and nothing shown, where it does not
    belong.

        with progress_bar("Bootstrap") as progress:
            em.bootstrap(data, "mean", unit="USUBJID", seed=1, progress=progress)

    `show`: True or False decides; None shows the bar when stderr is a terminal.
    """
    if not (sys.stderr.isatty() if show is None else show):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Bar(*columns, console=console, transient=console.is_terminal) as bar:
        task = bar.add_task(description, total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield update
