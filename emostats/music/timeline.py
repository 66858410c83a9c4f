"""A session's log as one HTML page: state with its uncertainty, target, pieces, vetoes; nothing is loaded.

The page has the drawing for the eye, and the same as a table and in words for everybody. It works without a
script, follows light and dark, and says what its `note` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from emostats.errors import UsageError
from emostats.music.files import private_text, writing
from emostats.music.replay import ENDERS, Replay, setup_of
from emostats.music.state import AXES, FilterSettings, State, observe, predict, unknown
from emostats.music.tracks import Library
from emostats.music.words import CHOOSING

WIDTH, LEFT, RIGHT = 960, 64, 12
LANE, GAP = 130, 26
BAR = 34

NOT_HEARD = (
    "Nobody heard these pieces: the page shows what the policy would have chosen over scores that were there "
    "before, and is no evidence that music did anything."
)

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2730;--muted:#566470;--rule:#c9d2d9;--paper:#fff;--wash:#eef2f5;
--s1:#0072b2;--s2:#b34700;--s3:#00795a;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf1;--muted:#a4b1bc;--rule:#46525c;--paper:#14191e;
--wash:#1f272e;--s1:#4da6e0;--s2:#f0883e;--s3:#34c39a;--bad:#ff8a80}}
*{box-sizing:border-box}body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
margin:0 auto;max-width:1040px;padding:24px}h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.15rem;
margin-top:2rem}.note{background:var(--wash);border-left:4px solid var(--s2);padding:.5rem .8rem}
.drawing,.scroll{overflow-x:auto}.drawing:focus-visible,.scroll:focus-visible{outline:3px solid var(--s1)}
svg{display:block;min-width:720px;width:100%;height:auto}svg text{font:12px system-ui,sans-serif;
fill:var(--ink)}svg .muted{fill:var(--muted)}table{border-collapse:collapse;font-size:.92rem;width:100%}
td:last-child{min-width:19rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--rule)}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:var(--muted)}dd{margin:0}
footer{color:var(--muted);margin-top:2rem;font-size:.9rem}
@media(max-width:640px){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}td:last-child{min-width:11.5rem}tr>:nth-child(3){display:none}}
@media print{body{max-width:none}.drawing,.scroll{overflow:visible}}
"""


def timeline(
    records: Sequence[Mapping[str, Any]],
    library: Library,
    audit: Replay | None = None,
    *,
    note: str = "",
) -> str:
    """The page of a log (`record.read_log`). note: said on top, e.g. that the scores were simulated."""
    header = records[0]
    end = max([record.get("time") or 0.0 for record in records] + [1.0])
    title = f"Music session {header['session']}".strip()
    said = [text for text in (note, "" if header.get("heard", True) else NOT_HEARD) if text]
    noted = "".join(f'<p class="note">{escape(text)}</p>\n' for text in said)
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n{noted}{_facts(records, library, audit, end)}\n"
        f"<h2>State, pieces and decisions</h2>\n{_drawing(records, library, end)}\n"
        f"<h2>Every decision, in words</h2>\n{_table(records, library)}\n</main>\n"
        "<footer>Made by emostats from the session's log. The state is estimated from scores of the face and "
        "is not a diagnosis.</footer>\n</body>\n</html>\n"
    )


def _facts(records: Sequence[Mapping[str, Any]], library: Library, audit: Replay | None, end: float) -> str:
    header = records[0]
    kinds = [record["type"] for record in records]
    facts = {
        "Child": header["child"] or "not named",
        "Length": _clock(end),
        "Target": f"valence {_signed(header['target'][0])}, arousal {_signed(header['target'][1])}",
        "Library": f"{len(library)} tracks (fingerprint {header['library']['digest'][:12]})",
        "How pieces are chosen": CHOOSING[header["policy"]["method"]],
        "Chance": f"drawn from seed {header['seed']}, so that the same choices can be made again",
        "Choices": str(kinds.count("choice")),
        "Vetoes": str(kinds.count("veto")),
        "Ended": next((_sentence(each["why"]) for each in records if each["type"] == "stop"), "not recorded"),
    }
    if audit is not None:
        facts |= _audited(audit)
    items = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    return f"<dl>{items}</dl>"


def _audited(audit: Replay) -> dict[str, str]:
    same = f"the same {audit.n_choices} choices" if audit.same else "; ".join(audit.different)
    broken = "; ".join(f"piece {each.place + 1}: {each.rule} ({each.detail})" for each in audit.violations)
    remarks = {"To know": " ".join(audit.remarks)} if audit.remarks else {}
    return {"Replay of the log": same, "Safety rules broken": broken or "none", **remarks}


def write_timeline(page: str, path: Path) -> None:
    """Writes a page that its owner alone can read, in place of an earlier one: it holds what the log holds.

    Raises
    ------
    UsageError: see `check_page`; the file cannot be written.
    """
    check_page(path)
    with writing(path, "the timeline"):
        private_text(path, page)


def check_page(path: Path | None) -> None:
    """Raises UsageError where a page must not go: over a file that is no page, such as a log."""
    if path is not None and path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{path}: the timeline is a page; name a file that ends in .html.")


def path_of_states(records: Sequence[Mapping[str, Any]], points: int = 400) -> list[State]:
    """The filtered state over the session, from the observations of a log, at most about `points` of them."""
    settings: FilterSettings = setup_of(records[0]).filter
    seen = [
        (time, [np.nan if value is None else value for value in scores])
        for record in records
        if record["type"] == "observe"
        for time, scores in zip(record["times"], record["scores"], strict=True)
    ]
    state = unknown(settings)
    states = [state]
    every = max(1, len(seen) // points)
    for number, (time, scores) in enumerate(seen):
        if time - state.time > 5.0:  # a gap: show how the uncertainty grows
            states += [predict(state, when, settings) for when in np.linspace(state.time, time, 20)[1:-1]]
        state = observe(state, time, scores, settings)
        if number % every == 0 or number == len(seen) - 1:
            states.append(state)
    return states


def _drawing(records: Sequence[Mapping[str, Any]], library: Library, end: float) -> str:
    states = path_of_states(records)
    target = records[0]["target"]
    height = 3 * (LANE + GAP) + BAR + 64

    def x(time: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * time / end

    parts = []
    for axis, name in enumerate(AXES):
        low, high = (-1.0, 1.0) if axis < 2 else (0.0, 1.0)
        top = 20 + axis * (LANE + GAP)
        aim = target[axis] if axis < 2 else None
        parts.append(_lane(states, axis, name, low, high, top, aim, x, end))
    top = 20 + 3 * (LANE + GAP)
    parts.append(_pieces(records, library, end, top, x))
    parts.append(_vetoes(records, top, x))
    words = _in_words(records, library, states)
    return (
        '<div class="drawing" role="region" aria-label="Drawing of the session, scrollable" tabindex="0">'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t" aria-describedby="d">'
        '<title id="t">State over time, with the target and the pieces</title>'
        f'<desc id="d">{escape(words)}</desc>'
        f"{''.join(parts)}{_time_axis(end, top + BAR + 16, x)}</svg></div>"
        f"<p>{escape(words)} Shaded: 95 % bounds of the estimate. Dashed: target. Triangles: vetoes.</p>"
    )


def _lane(
    states: Sequence[State],
    axis: int,
    name: str,
    low: float,
    high: float,
    top: float,
    aim: Any,
    x: Any,
    end: float,
) -> str:
    def y(value: float) -> float:
        return top + LANE * (1.0 - (min(max(value, low), high) - low) / (high - low))

    colour = f"var(--s{axis + 1})"
    upper = [f"{x(s.time):.1f},{y(s.mean[axis] + 1.96 * s.sd[axis]):.1f}" for s in states]
    lower = [f"{x(s.time):.1f},{y(s.mean[axis] - 1.96 * s.sd[axis]):.1f}" for s in reversed(states)]
    line = " ".join(f"{x(s.time):.1f},{y(s.mean[axis]):.1f}" for s in states)
    ticks = (low, (low + high) / 2, high)
    grid = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="var(--rule)"/>'
        f'<text class="muted" x="{LEFT - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{_signed(v, 1)}</text>'
        for v in ticks
    )
    goal = (
        ""
        if aim is None
        else f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(aim):.1f}" y2="{y(aim):.1f}" stroke="{colour}" '
        'stroke-width="2" stroke-dasharray="7 5"/>'
    )
    return (
        f'{grid}<polygon points="{" ".join(upper + lower)}" fill="{colour}" opacity=".18"/>{goal}'
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{LEFT}" y="{top - 6}" font-weight="bold">{name.capitalize()}</text>'
    )


def _pieces(records: Sequence[Mapping[str, Any]], library: Library, end: float, top: float, x: Any) -> str:
    parts = [f'<text x="{LEFT}" y="{top - 6}" font-weight="bold">Pieces</text>']
    for place, record in enumerate(records):
        if record["type"] != "choice":
            continue
        until = next((each["time"] for each in records[place + 1 :] if each["type"] in ENDERS), end)
        width = max(0.0, x(until) - x(record["time"]) - 2)
        if width < 1:
            continue
        fill = "var(--wash)" if record["track"] else "none"
        label = record["track"] or "pause"
        shown = label if width > 7 * len(label) else ""
        left = x(record["time"])
        parts.append(
            f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{fill}" '
            f'stroke="var(--muted)" rx="3"/><text x="{left + width / 2:.1f}" y="{top + BAR / 2 + 4}" '
            f'text-anchor="middle">{escape(shown)}</text>'
        )
    return "".join(parts)


def _vetoes(records: Sequence[Mapping[str, Any]], top: float, x: Any) -> str:
    marks = []
    for record in records:
        if record["type"] == "veto":
            at = x(record["time"])
            corners = f"{at:.1f},{top} {at - 6:.1f},{top - 11} {at + 6:.1f},{top - 11}"
            marks.append(f'<polygon points="{corners}" fill="var(--bad)"/>')
    return "".join(marks)


def _time_axis(end: float, y: float, x: Any) -> str:
    step = next((s for s in (10, 30, 60, 120, 300, 600, 1800) if end / s <= 12), 3600)
    ticks = np.arange(0.0, end + 1e-9, step)
    return "".join(
        f'<text class="muted" x="{x(t):.1f}" y="{y + 12}" text-anchor="middle">{_clock(t)}</text>'
        for t in ticks
    )


def _in_words(records: Sequence[Mapping[str, Any]], library: Library, states: Sequence[State]) -> str:
    seen = [state for state in states if state.n_frames > 0]
    if not seen:
        return "No frame had a score; the state stayed unknown."
    first, last = seen[min(len(seen) - 1, 5)], seen[-1]
    pieces = sum(record["type"] == "choice" and bool(record["track"]) for record in records)
    vetoes = sum(record["type"] == "veto" for record in records)
    return (
        f"Estimated valence went from {_signed(first.mean[0])} to {_signed(last.mean[0])} and arousal from "
        f"{_signed(first.mean[1])} to {_signed(last.mean[1])}; {pieces} pieces were chosen, {vetoes} vetoed."
    )


DONE = {"accept": "Accepted", "pause": "Music paused", "stop": "Stopped"}
"""What the therapist or the loop did, beside choices, vetoes and outcomes."""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if text else "–"


def _table(records: Sequence[Mapping[str, Any]], library: Library) -> str:
    rows = []
    header = records[0]
    for record in records:
        if record["type"] == "choice":
            track = record["track"]
            title = library.title[library.index[track]] if track else "Pause"
            what, text = f"{track}: {title}" if track else title, record["reason"]
            chance = f"{record['propensity']:.2f}"
        elif record["type"] == "veto":
            what, chance = "Veto", ""
            text = (record["why"] or "no reason given") + ("; cool-down" if record["distress"] else "")
        elif record["type"] == "outcome":
            what, chance, text = "Outcome", "", _outcome(record["progress"], header.get("heard", True))
        elif record["type"] in DONE:
            what, chance, text = DONE[record["type"]], "", _sentence(record.get("why", ""))
            text += "; cool-down" if record.get("distress") else ""
        else:
            continue
        rows.append(
            f'<tr><td class="number">{_clock(record["time"])}</td><td>{escape(what)}</td>'
            f'<td class="number">{chance}</td><td>{escape(text)}</td></tr>'
        )
    return (
        '<div class="scroll" role="region" aria-label="Table of decisions, scrollable" tabindex="0"><table>'
        '<thead><tr><th scope="col" class="number">Time</th><th scope="col">What</th>'
        '<th scope="col" class="number">Probability</th><th scope="col">Why</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _outcome(progress: float, heard: bool) -> str:
    when = "during the piece" if heard else "in this time, without the piece,"
    if abs(progress) < 0.005:
        return f"{when} the estimated state stayed as far from the target"
    way = "nearer to the target" if progress > 0 else "away from the target"
    return f"{when} the estimated state moved {_signed(abs(progress))} {way}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _signed(value: float, places: int = 2) -> str:
    return f"{float(value):.{places}f}".replace("-", "−")
