"""What the music commands share: options, and how they become a library, limits and a setup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emostats.cli.console import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emostats.errors import Finding
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


def read_limits(path: Path | None, avoid: list[str] | None) -> Any:
    """Limits from a TOML file, with more tags to avoid.

    Raises
    ------
    UsageError: no TOML, an unknown key, a value of the wrong kind.
    """
    import tomllib
    from dataclasses import fields

    from emostats.errors import UsageError, did_you_mean
    from emostats.music.safety import Limits

    known = {item.name: item for item in fields(Limits)}
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8")) if path else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML file: {error}.") from None
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"{path}: there is no limit '{name}'. {did_you_mean(name, known)}")
        is_list = name in ("avoid", "never")
        if is_list != isinstance(value, list) or not (is_list or isinstance(value, int | float)):
            raise UsageError(f"{path}: {name} must be a {'list of texts' if is_list else 'number'}.")
    sets: dict[str, Any] = {
        name: frozenset(map(str, value)) for name, value in given.items() if isinstance(value, list)
    }
    sets["avoid"] = frozenset(tag.casefold() for tag in sets.get("avoid", frozenset()) | set(avoid or []))
    numbers: dict[str, Any] = {name: float(value) for name, value in given.items() if name not in sets}
    return Limits(**numbers, **sets)


def read_logs(paths: Iterable[Path]) -> list[tuple[str, Any]]:
    """Logs by name, from files and from all ``.jsonl`` files of folders."""
    from emostats.errors import UsageError
    from emostats.music.record import read_log

    found = []
    for path in paths:
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not files:
            raise UsageError(f"{path} holds no session log (.jsonl).")
        found += [(file.name, read_log(file)) for file in files]
    return found


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
) -> Setup:
    """The setup of a session, with what earlier logs teach."""
    from datetime import UTC, datetime

    from emostats.music.memory import remember
    from emostats.music.policy import PolicySettings
    from emostats.music.session import Setup

    memory = remember(read_logs(learn_from or []), library)
    notes(memory.findings)
    return Setup(
        target=target,
        child=child,
        session=session,
        limits=read_limits(limits, avoid),
        policy=PolicySettings(method=policy),  # type: ignore[arg-type]
        belief=memory.belief(child),
        seed=seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
