"""What is evaluated: a table of predictions, a folder of stills, or clips; all end in one `Assessment`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from emostats.inference.evaluation import (
    Evaluation,
    StabilityReading,
    evaluate,
    predictions,
    read_stills,
    read_table,
    robustness,
    score_stills,
    stability_readings,
)

if TYPE_CHECKING:
    from emostats.inference.cards import ModelCard

Progress = Callable[[str, float, float], None]


@dataclass(frozen=True, eq=False)
class Assessment:
    """An evaluation with all that belongs to it.

    Attributes
    ----------
    name: of what was evaluated. found: the figures. scored: the table of predictions. stability: three
        readings, each measured or with its reason. robustness: figures of perturbed pictures or thinned
        videos, None where not asked for. model, card: what scored, `""` and None for predictions from
        elsewhere. notes: what a reader must know beyond `found.notes`.
    """

    name: str
    found: Evaluation
    scored: pd.DataFrame
    stability: tuple[StabilityReading, ...]
    robustness: pd.DataFrame | None = None
    model: str = ""
    card: ModelCard | None = None
    notes: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """Everything but the rows, for JSON."""
        values = self.found.summary()
        values["notes"] = [*values["notes"], *self.notes]
        values["model"] = self.model
        values["stability"] = [vars(item) for item in self.stability]
        if self.robustness is not None:
            values["robustness"] = self.robustness.to_dict("records")
        return values


def assess_table(path: Path, **options: Any) -> Assessment:
    """A CSV of predictions; `options` are those of `evaluation.evaluate`.

    Raises
    ------
    UsageError: see `evaluation.predictions`.
    """
    table = read_table(path)
    found = evaluate(predictions(table), **options)
    return Assessment(path.name, found, table, stability_readings(table, conf_level=found.conf_level))


def assess_stills(
    folder: Path,
    model: str | None = None,
    *,
    robust: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Assessment:
    """A folder of labelled stills, scored by weights or by the rule (see `evaluation.scorers.scorer`).

    Raises
    ------
    UsageError, FindingsError: see `evaluation.read_stills` and `scorer`.
    """
    from emostats.inference.evaluation.scorers import face_finder, scorer, seen_in_training

    stills = read_stills(folder)
    judge = scorer(model)
    table = score_stills(stills, judge, progress)
    worse = robustness(stills, judge, face_finder(), progress=progress, **_level(options)) if robust else None
    notes = []
    if len(stills) > len(table):
        left = len(stills) - len(table)
        notes.append(f"{left} of {len(stills)} stills show an expression that the model does not know.")
    seen = seen_in_training(judge.card, [folder / file for file in table["file"]]) if judge.card else 0
    if seen:
        notes.append(_seen(seen, len(table), "stills"))
    found = evaluate(predictions(table), **options)
    stability = stability_readings(table, worse, **_level(options))
    name = folder.resolve().name
    return Assessment(name, found, table, stability, worse, judge.name, judge.card, tuple(notes))


def assess_clips(
    path: Path, model: str, *, robust: bool = False, progress: Progress | None = None, **options: Any
) -> Assessment:  # fmt: skip
    """Labelled clips (a CSV of `datasets.table`), scored by weights of `emostats train` or shipped ones.

    With `robust` the videos are thinned to fewer frames a second as well.

    Raises
    ------
    UsageError, FindingsError: see `datasets.table` and `lab.clips.ClipScorer`.
    """
    from emostats.inference.lab.clips import ClipScorer

    judge = ClipScorer(model)
    scored = judge.score(path, progress)
    worse = judge.thinned(path, scored, progress, **_level(options)) if robust else None
    found = evaluate(predictions(scored.clips), **options)
    stability = stability_readings(scored.frames, worse, **_level(options))
    seen = len(judge.seen & scored.sha256)
    notes = (_seen(seen, len(scored.sha256), "clips"),) if seen else ()
    name = judge.card.name
    return Assessment(path.name, found, scored.clips, stability, worse, name, judge.card, notes)


def _level(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"conf_level": options["conf_level"]} if "conf_level" in options else {}


def _seen(seen: int, n: int, what: str) -> str:
    return (
        f"{seen} of {n} {what} were in the training data of these weights: the figures flatter. The model "
        "card has figures of people who were held out."
    )
