"""A folder of labelled stills: pictures beside ``labels.csv`` (file, subject, expression, age, sex)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import Finding, FindingsError, UsageError, did_you_mean
from emostats.inference.datasets.frames import read_image
from emostats.inference.errors import VideoError
from emostats.inference.frames import Image

COLUMNS = ("file", "subject", "expression")
SAME = {"smile": "smiling", "happy": "smiling", "happiness": "smiling"}
"""Words for the same expression."""

Progress = Callable[[str, float, float], None]


@dataclass(frozen=True)
class Still:
    """A picture with its label. sex, age: as written, ``""`` where unknown."""

    path: Path
    subject: str
    expression: str
    sex: str = ""
    age: str = ""


class StillScorer(Protocol):
    """What gives a picture its probabilities."""

    @property
    def name(self) -> str: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    def __call__(self, image: Image) -> npt.NDArray[np.float64] | None:
        """(K,) probabilities of `classes` for one RGB picture; None where no face can be scored."""
        ...


def read_stills(folder: str | Path) -> tuple[Still, ...]:
    """The stills of ``labels.csv`` in `folder`, in its order.

    Raises
    ------
    UsageError: there is no ``labels.csv``, or it lacks a column. FindingsError: all rows without a value or
        whose picture is not there.
    """
    root = Path(folder)
    rows = _rows(root / "labels.csv")
    findings = [
        Finding("still", problem, file="labels.csv", cell=f"row {number}")
        for number, row in enumerate(rows, start=2)
        if (problem := _problem(root, row))
    ]
    if findings:
        raise FindingsError(findings, f"{len(findings)} row(s) of labels.csv cannot be used.")
    return tuple(
        Still(root / row["file"], row["subject"], row["expression"], row.get("sex", ""), row.get("age", ""))
        for row in rows
    )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise UsageError(
            f"'{path.parent}' has no labels.csv; expected pictures and a table of {', '.join(COLUMNS)}, age, "
            "sex."
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, restval="")
            names = list(reader.fieldnames or ())
            for column in COLUMNS:
                if column not in names:
                    raise UsageError(f"{path} has no column '{column}'. {did_you_mean(column, names)}")
            rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as a CSV table in UTF-8: {error}") from None
    if not rows:
        raise UsageError(f"{path} has no rows below its header.")
    return rows


def _problem(root: Path, row: dict[str, str]) -> str:
    empty = [column for column in COLUMNS if not row[column]]
    if empty:
        return f"The row has no {' and no '.join(empty)}."
    return "" if (root / row["file"]).is_file() else f"There is no picture '{row['file']}'."


def chosen_stills(stills: Sequence[Still], classes: Sequence[str]) -> tuple[list[tuple[Still, str]], int]:
    """The stills that show one of `classes`, each with its class, and how many show something else.

    Raises
    ------
    UsageError: none does.
    """
    named = [(still, SAME.get(still.expression.lower(), still.expression.lower())) for still in stills]
    known = [(still, name) for still, name in named if name in classes]
    if not known:
        found = ", ".join(sorted({name for _, name in named}))
        raise UsageError(f"The model tells {', '.join(classes)} apart; the stills show {found}.")
    return known, len(named) - len(known)


def score_stills(
    stills: Sequence[Still], scorer: StillScorer, progress: Progress | None = None
) -> pd.DataFrame:
    """A table of predictions (see `predictions.predictions`) with the column ``file``; pictures without a
    score, or that cannot be read, have no probabilities and the reason in ``reason``."""
    chosen, _ = chosen_stills(stills, scorer.classes)
    return pd.DataFrame([*_scored(chosen, scorer, progress)])


def _scored(
    chosen: Sequence[tuple[Still, str]], scorer: StillScorer, progress: Progress | None
) -> Iterator[dict[str, object]]:
    for number, (still, name) in enumerate(chosen):
        if progress is not None:
            progress("Scoring stills", number, len(chosen))
        reason, prob = "", None
        try:
            prob = scorer(read_image(still.path))
        except VideoError as error:
            reason = str(error)
        if prob is None:
            reason = reason or "no face that can be scored"
            prob = np.full(len(scorer.classes), np.nan)
        yield {
            "file": still.path.name,
            "subject": still.subject,
            "label": name,
            **{f"p_{label}": float(value) for label, value in zip(scorer.classes, prob, strict=True)},
            "sex": still.sex,
            "age": still.age,
            "reason": reason,
        }
