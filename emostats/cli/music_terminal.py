"""The therapist's terminal in music live: single keys, and a view of state, piece and reason."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from emostats.cli.console import say

if TYPE_CHECKING:
    from emostats.music.live import Keys, Latency, Reading
    from emostats.music.session import Session


def both(first: Keys, second: Keys) -> Keys:
    """Keys of two sources."""
    return lambda time: [*first(time), *second(time)]


@contextmanager
def keyboard() -> Iterator[Keys]:
    """Single keys from the terminal, without Enter; none where there is no terminal."""
    if not sys.stdin.isatty():
        yield lambda time: ()
    elif sys.platform == "win32":  # pragma: no cover
        import msvcrt

        yield lambda time: [msvcrt.getwch() for _ in iter(msvcrt.kbhit, False)]
    else:  # pragma: no cover  needs a terminal
        import select
        import termios
        import tty

        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin.fileno())
        try:
            yield lambda time: _waiting(select.select)
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _waiting(select: Any) -> list[str]:  # pragma: no cover  needs a terminal
    text = ""
    while select([sys.stdin], [], [], 0)[0]:
        pressed = os.read(sys.stdin.fileno(), 64)
        if not pressed:
            break
        text += pressed.decode(errors="ignore")
    return list(text)


class View:
    """What is shown of a session: a line a choice, where there is no terminal to draw on; what the therapist
    must know at once is said in any case."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._said = 0

    def show(self, session: Session, reading: Reading, latency: Latency) -> None:
        """After a frame."""
        if not self.quiet and session.playing is not None and session.decisions > self._said:
            self._said = session.decisions
            say(f"{reading.time:.0f} s  {session.reason(session.playing)}")

    def tell(self, text: str) -> None:
        """At once."""
        say(text, "bold red")


class Panel(View):  # pragma: no cover  needs a terminal
    """A panel that renews itself; what was told stays in it until the next choice."""

    def __init__(self, live: Any) -> None:
        super().__init__()
        self.live = live
        self.now: tuple[Session, Latency] | None = None
        self.text = ""

    def show(self, session: Session, reading: Reading, latency: Latency) -> None:
        """After a frame."""
        self.now = session, latency
        if session.decisions > self._said:  # what was to be known before the last choice is past
            self._said, self.text = session.decisions, ""
        self.live.update(picture(session, latency, self.text))

    def tell(self, text: str) -> None:
        """At once."""
        self.text = text
        self.live.update(picture(*self.now, text) if self.now else text)


@contextmanager
def view(*, quiet: bool) -> Iterator[View]:
    """The session on the terminal."""
    if quiet or not sys.stderr.isatty():
        yield View(quiet=quiet)
    else:  # pragma: no cover  needs a terminal
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:
            yield Panel(live)


def picture(session: Session, latency: Latency, warning: str = "") -> Any:
    """What the therapist sees: state, piece, reason, keys, latency, and a warning."""
    from rich.panel import Panel as Frame
    from rich.table import Table

    from emostats.music.live import BUDGET
    from emostats.music.state import AXES

    table = Table.grid(padding=(0, 2))
    for axis, name in enumerate(AXES):
        low = 0.0 if axis == 2 else -1.0
        mean, sd = float(session.state.mean[axis]), float(session.state.sd[axis])
        place = round(30 * (mean - low) / (1.0 - low))
        bar = "".join("●" if spot == place else "·" for spot in range(31))
        table.add_row(name.capitalize(), bar, f"{mean:+.2f} ± {1.96 * sd:.2f}")
    choice = session.playing
    piece = "looking …" if choice is None else "pause"
    if choice is not None and choice.row >= 0:
        piece = f"{session.library.track[choice.row]}: {session.library.title[choice.row]}"
    table.add_row("Piece", piece, "")
    if choice is not None:
        table.add_row("Why", session.reason(choice), "")
    if latency.frames:
        late = 1000 * latency.frames[-1]
        table.add_row(
            "Latency", f"{late:.0f} ms of {1000 * BUDGET:.0f} ms", "LATE" if late > 1000 * BUDGET else ""
        )
    if warning:
        table.add_row("Attention", warning, "", style="bold red")
    return Frame(table, title="emostats music", subtitle="a accept · v veto · d veto, calm down · s stop")
