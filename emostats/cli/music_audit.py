"""What a session's log holds, whether it replays, and its page: the end of music replay and music live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from emostats.cli.codes import Exit
from emostats.cli.console import put, say

if TYPE_CHECKING:
    from emostats.music.replay import Replay
    from emostats.music.tracks import Library

Records = list[dict[str, Any]]


def audited(records: Records, tracks: Library, timeline: Path | None) -> Replay:
    """Replays a log and writes its page."""
    from emostats.music.replay import replay
    from emostats.music.timeline import timeline as page
    from emostats.music.timeline import write_timeline

    found = replay(records, tracks)
    if timeline:
        write_timeline(page(records, tracks, found), timeline)
    return found


def say_audit(found: Replay) -> None:
    """What a replay found, in words."""
    put(f"Replay: {'the same' if found.same else 'NOT the same'} {found.n_choices} choices.")
    for line in found.different:
        put(f"  {line}")
    put(f"Safety rules broken: {len(found.violations) or 'none'}.")
    for item in found.violations:
        put(f"  piece {item.place + 1}: {item.rule} ({item.detail})")
    for line in found.remarks:
        say(line)


def fail_unless_clean(found: Replay) -> None:
    """Exit code 1 where a choice differs or a rule was broken."""
    if not found.same or found.violations:
        raise typer.Exit(Exit.FINDINGS)


def as_mapping(found: Replay) -> dict[str, Any]:
    """What a replay found, for JSON."""
    broken = [{"rule": item.rule, "detail": item.detail, "place": item.place} for item in found.violations]
    return {
        "same": found.same,
        "n_choices": found.n_choices,
        "different": found.different,
        "violations": broken,
        "remarks": found.remarks,
    }


def say_decisions(records: Records, *, step: bool = False) -> None:
    """Every decision in words, a line each; `step` waits for Enter after each."""
    for record in records:
        seconds = int(record.get("time") or 0)
        text = _in_words(record)
        if text:
            put(f"{seconds // 60}:{seconds % 60:02d}  {text}")
        if step and record["type"] == "choice":
            typer.prompt("Enter for the next", default="", show_default=False, err=True)


def _in_words(record: dict[str, Any]) -> str:
    kind = record["type"]
    if kind == "choice":
        return f"{record['track'] or 'pause'}  {record['reason']}"
    if kind == "late":
        return "a frame came late or its clock went backwards; kept in the log, not used"
    if kind not in ("veto", "pause"):
        return ""
    what = f"veto of {record['track']}" if record.get("track") else kind
    calm = ", cool-down" if record["distress"] else ""
    return f"{what}{calm}{': ' + record['why'] if record['why'] else ''}"
