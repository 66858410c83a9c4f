"""Writes an evaluation: a page, the numbers at full precision, the drawings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from emostats.errors import UsageError
from emostats.figures.svg import standalone
from emostats.inference.evaluation import Evaluation, predictions_frame
from emostats.inference.evaluation.drawings import DRAWINGS, drawing
from emostats.pipeline.evaluation_page import evaluation_page
from emostats.pipeline.tables_io import write_csv, write_json
from emostats.render import html

PAGE = "evaluation.html"


def write_evaluation(
    found: Evaluation,
    folder: str | Path,
    *,
    title: str,
    subtitle: str = "",
    card: Sequence[tuple[str, str]] = (),
    robustness: pd.DataFrame | None = None,
    scored: pd.DataFrame | None = None,
) -> Path:
    """Writes evaluation.html, evaluation.json, metrics.csv, classes.csv, confusion.csv, predictions.csv and
    figures/*.svg into `folder`, and robustness.csv where it is given; returns the page.

    Raises
    ------
    UsageError: `folder` is a file, or cannot be written.
    """
    place = Path(folder)
    try:
        (place / "figures").mkdir(parents=True, exist_ok=True)
        _write_tables(found, place, robustness, scored)
        for name in DRAWINGS:
            (place / "figures" / f"{name}.svg").write_text(standalone(drawing(found, name)), encoding="utf-8")
        page = html(evaluation_page(found, title=title, subtitle=subtitle, card=card, robustness=robustness))
        (place / PAGE).write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The evaluation cannot be written to '{place}': {error.strerror or error}."
        ) from None
    return place / PAGE


def _write_tables(
    found: Evaluation, place: Path, robustness: pd.DataFrame | None, scored: pd.DataFrame | None
) -> None:
    classes = found.predictions.classes
    write_json(found.summary(), place / "evaluation.json")
    write_csv(found.metrics, place / "metrics.csv")
    write_csv(found.classes, place / "classes.csv")
    counts = pd.DataFrame(found.counts, columns=[f"said_{name}" for name in classes])
    counts.insert(0, "truth", list(classes))
    write_csv(counts, place / "confusion.csv")
    write_csv(predictions_frame(found.predictions) if scored is None else scored, place / "predictions.csv")
    if robustness is not None:
        write_csv(robustness, place / "robustness.csv")
