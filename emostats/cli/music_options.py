"""What the music commands share: options, and how they become a library, limits and a setup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emostats.cli.console import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emostats.errors import Finding
    from emostats.music.scores import Scores
    from emostats.music.session import Setup
    from emostats.music.tracks import Library

LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", "-l", help="The library (CSV); by default the bundled synthesized pieces."),
]
ScoresOption = Annotated[
    Path,
    typer.Option("--scores", "-s", help="Scores or frames of a session (CSV or Parquet), one row a frame."),
]
SessionOption = Annotated[str | None, typer.Option("--session", help="Which session of the scores.")]
TargetOption = Annotated[
    tuple[float, float], typer.Option("--target", help="Valence and arousal to lead to, each −1 to 1.")
]
PolicyOption = Annotated[str, typer.Option("--policy", help="thompson, linucb, iso, random or popularity.")]
LimitsOption = Annotated[
    Path | None, typer.Option("--limits", help="Safety limits of this child (TOML; keys: docs/music.md).")
]
AvoidOption = Annotated[
    list[str] | None, typer.Option("--avoid", help="A contraindication tag that bars a track; repeat it.")
]
ChildOption = Annotated[str, typer.Option("--child", help="Code of the child, for the log.")]
LogsOption = Annotated[
    list[Path] | None,
    typer.Option("--learn-from", help="Logs of earlier sessions (files or folders); repeat it."),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of the choices; it stands in the log.", min=0)]
PieceOption = Annotated[
    float, typer.Option("--piece-seconds", help="How long a piece plays before the next choice.", min=1.0)
]
PageOption = Annotated[Path | None, typer.Option("--timeline", help="Write the timeline page here (.html).")]
TARGET = (0.4, 0.0)


def notes(findings: Iterable[Finding]) -> None:
    """Findings on standard error."""
    from emostats.cli.listing import shortened

    for line in shortened(findings):
        say(line)


def open_library(path: Path | None) -> Library:
    """The library, its bad rows said."""
    from emostats.music.library import bundled_library, read_library

    library, findings = read_library(path or bundled_library())
    notes(findings)
    if path is None:
        say("Using the bundled library: 24 pieces synthesized by a script, rated by nobody.")
    return library


def open_scores(path: Path, session: str | None) -> Scores:
    """The scores of a session, what is noteworthy about them said."""
    from emostats.music.scores import read_scores

    seen = read_scores(path, session)
    notes(seen.findings)
    return seen


def make_setup(
    library: Library,
    *,
    target: tuple[float, float],
    child: str = "",
    session: str = "",
    policy: str = "thompson",
    limits: Path | None = None,
    avoid: list[str] | None = None,
    learn_from: list[Path] | None = None,
    seed: int = 0,
    heard: bool = True,
) -> Setup:
    """The setup of a session, with what earlier logs teach."""
    from datetime import UTC, datetime

    from emostats.music.memory import remember
    from emostats.music.policy import PolicySettings
    from emostats.music.record import read_logs
    from emostats.music.safety import read_limits, unmatched
    from emostats.music.session import Setup

    bounds = read_limits(limits, avoid or ())
    notes(unmatched(bounds, library))
    memory = remember(read_logs(learn_from or []), library)
    notes(memory.findings)
    return Setup(
        target=target,
        child=child,
        session=session,
        limits=bounds,
        policy=PolicySettings(method=policy),  # type: ignore[arg-type]
        belief=memory.belief(child),
        seed=seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        heard=heard,
    )
