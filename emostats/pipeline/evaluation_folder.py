"""Writes an evaluation: a page, the numbers at full precision, the drawings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from emostats.errors import UsageError, hindrance
from emostats.figures.svg import standalone
from emostats.inference import cards
from emostats.inference.assessment import Assessment
from emostats.inference.evaluation.drawings import DRAWINGS, drawing
from emostats.pipeline.evaluation_page import evaluation_page
from emostats.pipeline.tables_io import write_csv, write_json
from emostats.render import html

PAGE = "evaluation.html"


def write_evaluation(
    made: Assessment, folder: str | Path, *, title: str = "", card: Sequence[tuple[str, str]] = ()
) -> Path:
    """Writes evaluation.html, evaluation.json, metrics.csv, classes.csv, confusion.csv, predictions.csv and
    figures/*.svg into `folder`, and robustness.csv where it was measured; returns the page.

    title: of the page. card: rows of a model card, by default of the assessment's own.

    Raises
    ------
    UsageError: `folder` is a file, or cannot be written.
    """
    place, shown = Path(folder), card or (cards.rows(made.card) if made.card else ())
    try:
        (place / "figures").mkdir(parents=True, exist_ok=True)
        _write_tables(made, place)
        for name in DRAWINGS:
            svg = standalone(drawing(made.found, name))
            (place / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
        page = evaluation_page(
            made.found,
            title=title or f"Evaluation of {made.name}",
            subtitle=" ".join(made.notes),
            card=shown,
            robustness=made.robustness,
            stability=made.stability,
        )
        (place / PAGE).write_text(html(page), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The evaluation cannot be written to '{place}': {hindrance(place, error)}"
        ) from None
    return place / PAGE


def _write_tables(made: Assessment, place: Path) -> None:
    found = made.found
    classes = found.predictions.classes
    write_json(made.summary(), place / "evaluation.json")
    write_csv(found.metrics, place / "metrics.csv")
    write_csv(found.classes, place / "classes.csv")
    counts = pd.DataFrame(found.counts, columns=[f"said_{name}" for name in classes])
    counts.insert(0, "truth", list(classes))
    write_csv(counts, place / "confusion.csv")
    write_csv(made.scored, place / "predictions.csv")
    if made.robustness is not None:
        write_csv(made.robustness, place / "robustness.csv")
