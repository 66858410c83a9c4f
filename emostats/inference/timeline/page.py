"""A self-contained HTML page for a session: style and drawing inside; no script, picture or address."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emostats.inference.batch import Scored
from emostats.inference.frames import FrameStatus
from emostats.inference.scores.session import SessionScores
from emostats.inference.scores.table import durations
from emostats.inference.timeline.bands import bands_of
from emostats.inference.timeline.drawing import clock, drawing
from emostats.render import rounding
from emostats.resources import resource

if TYPE_CHECKING:
    from jinja2 import Environment

PARTS = 10
"""Rows of the table that says in numbers what the drawing shows."""


@dataclass(frozen=True)
class Entry:
    """A score on the page: its name in the table of scores, in words, as a text, and what it means."""

    code: str
    label: str
    text: str
    meaning: str


def timeline_page(scored: Scored, *, note: str = "") -> str:
    """The page of a session that could be read; the same session gives the same text, byte for byte.

    `note` stands at the top, e.g. to say that a clip is made up.

    Raises
    ------
    ValueError: the video could not be read; there is nothing to show.
    """
    if scored.result is None:
        raise ValueError(f"{scored.session.video.name} has no timeline: {scored.reason}")
    bands = bands_of(scored.result)
    template = _environment(resource("templates")).get_template("session_timeline.html.j2")
    page: str = template.render(
        title=_title(scored),
        note=note,
        scored=scored,
        wide=drawing(bands),
        narrow=drawing(bands, narrow=True),
        summary=_summary(scored.result),
        entries=entries(scored.result),
        answers=_answers(scored.result),
        parts=parts(scored.result),
    )
    return page.strip() + "\n"


@cache
def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    loader = FileSystemLoader(folder, encoding="utf-8")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["drawing"] = Markup  # made here; its texts are escaped already
    environment.globals["style"] = Markup((folder / "style.css").read_text(encoding="utf-8"))
    return environment


def _title(scored: Scored) -> str:
    session = scored.session
    child = f"Child {session.child}, " if session.child else ""
    visit = f", {session.visit}" if session.visit else ""
    return f"{child}{'session' if child else 'Session'} {session.session}{visit}"


def _percent(share: float) -> str:
    return rounding.percent(100 * share, 0)


def _summary(result: SessionScores) -> list[tuple[str, str]]:
    quality = result.quality
    return [
        ("Length", f"{clock(quality['SECONDS'])} min"),
        ("Usable", f"{_percent(quality['USABLE'])}, {rounding.fixed(quality['USABLE_S'], 0)} s"),
        ("Frames", rounding.fixed(quality["FRAMES"], 0)),
        ("Most faces at once", rounding.fixed(quality["MAX_FACES"], 0)),
    ]


def entries(result: SessionScores) -> list[Entry]:
    """The scores in words, in the order of their importance; empty if the session was not scored."""
    if not result.scores:
        return []
    scores = result.scores
    found = [
        Entry(code, label, _shown(scores[code], unit), meaning)
        for code, label, unit, meaning in DESCRIBED
        if not np.isnan(scores[code])
    ]
    shares = ("HAPPINESS", "SADNESS", "SURPRISE", "FEAR", "ANGER", "DISGUST", "NEUTRAL")
    rule = "share of the usable time that meets the prototype; a rule over movements, not a feeling"
    return found + [
        Entry(code, code.capitalize(), _percent(scores[code]), rule) for code in shares if scores[code] > 0
    ]


DESCRIBED = (
    ("VALENCE", "Mean valence", "", "smile muscle minus frown muscle, −1 to 1"),
    ("VALENCE_SD", "Variability of valence", "", "standard deviation over the usable time"),
    ("SMILE_RATE", "Smiles a minute", "", "episodes in a usable minute"),
    ("SMILE_SHARE", "Time smiling", "%", "share of the usable time"),
    (
        "SMILE_MODEL",
        "Smile, trained model",
        "%",
        "mean probability of a smile, by a network trained on posed adults",
    ),
    ("EXPRESSIVITY", "Expressivity", "", "movement of the face in eye distances a second"),
    ("LATENCY", "Response latency", "s", "median time to the first lasting change after a stimulus"),
    (
        "RESPONSES",
        "Stimuli answered",
        "%",
        "share that a lasting change followed, of the stimuli with enough usable time",
    ),
    (
        "STABILITY",
        "Stability",
        "%",
        "share of neighbouring usable frames with the same expression by the rule",
    ),
)


def _shown(value: float, unit: str) -> str:
    return _percent(value) if unit == "%" else rounding.fixed(value, 2) + (f" {unit}" if unit else "")


def _answers(result: SessionScores) -> list[tuple[str, str]]:
    """Each stimulus and what followed."""
    return [
        (
            f"{rounding.fixed(each.time, 1)} s",
            "too little was seen"
            if not each.evaluable
            else "no lasting change in time"
            if np.isnan(each.latency)
            else f"after {rounding.fixed(each.latency, 2)} s",
        )
        for each in result.answers
    ]  # fmt: skip


def parts(result: SessionScores, count: int = PARTS) -> list[dict[str, Any]]:
    """Equal parts of the session: time, usable share, mean valence, smiles that begin in it, as texts."""
    frames = result.frames
    time = frames["TIME"].to_numpy(float)
    weight = durations(time)
    usable = (frames["STATUS"] == FrameStatus.OK).to_numpy()
    edges = np.linspace(0.0, float(weight.sum()), count + 1)
    rows = []
    for low, high in pairwise(edges.tolist()):
        here = (time >= low) & (time < high)
        seen = here & usable
        share = weight[seen].sum() / weight[here].sum() if here.any() else float("nan")
        valence = frames["VALENCE"].to_numpy(float)[seen]
        rows.append(
            {
                "time": f"{clock(low)} to {clock(high)}",
                "usable": rounding.MISSING if np.isnan(share) else _percent(share),
                "valence": rounding.fixed(float(valence.mean()) if valence.size else None, 2),
                "smiles": str(sum(low <= begin < high for begin, _ in result.smiles)),
            }
        )
    return rows
