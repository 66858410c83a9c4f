"""A table of predictions: who is seen, what it shows, and the probability of each class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.classification.arrays import ROUNDING

PREFIX = "p_"
"""Columns ``p_happy``, ``p_sad`` … hold the probabilities; their order is the order of the classes."""

FEMALE, MALE = frozenset({"f", "female", "w"}), frozenset({"m", "male"})


@dataclass(frozen=True, eq=False)
class Predictions:
    """Scored rows.

    Attributes
    ----------
    classes: (K,) their names. truth: (n,) number of the true class. prob: (n, K) probabilities, rows sum to 1
        but for rounding. subject: (n,) who is seen; rows of one subject are not independent.
    sex: (n,) ``"F"``, ``"M"`` or ``""``. age: (n,) years, NaN where unknown.
    unscored: (U, 2) subject and label of rows without probabilities: no face, too dark … They are counted,
        and never taken for right.
    """

    classes: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    prob: npt.NDArray[np.float64]
    subject: npt.NDArray[np.str_]
    sex: npt.NDArray[np.str_]
    age: npt.NDArray[np.float64]
    unscored: npt.NDArray[np.str_]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """(n,) the most probable class; of equal ones the first."""
        return np.asarray(np.argmax(self.prob, axis=1), dtype=np.int64)

    @property
    def n_subjects(self) -> int:
        """Subjects with a scored row."""
        return len(np.unique(self.subject))

    def where(self, rows: npt.NDArray[np.bool_]) -> Predictions:
        """The chosen rows; what was not scored stays behind."""
        return Predictions(
            self.classes,
            self.truth[rows],
            self.prob[rows],
            self.subject[rows],
            self.sex[rows],
            self.age[rows],
            self.unscored[:0],
        )


def predictions(table: pd.DataFrame) -> Predictions:
    """Checks a table of predictions.

    Parameters
    ----------
    table: columns ``subject``, ``label`` (a class), ``p_<class>`` for every class; optional ``sex`` and
        ``age``. A row without any probability is not scored. Other columns are left alone.

    Raises
    ------
    UsageError: a column is missing; a label has no probability column; probabilities are partly missing,
        outside 0 to 1, or do not sum to 1; no row is scored.
    """
    classes = _classes(table)
    prob = _numbers(table, [PREFIX + name for name in classes])
    subject, label = _texts(table, "subject"), _texts(table, "label")
    truth = _truth(label, classes)
    scored = np.asarray(~np.isnan(prob).all(axis=1))
    _check_probabilities(prob, scored)
    if not scored.any():
        raise UsageError("No row has probabilities: nothing was scored.")
    unscored = np.array([subject[~scored], label[~scored]], dtype=str).T.reshape(-1, 2)
    return Predictions(
        classes,
        truth[scored],
        prob[scored],
        subject[scored],
        _sexes(table)[scored],
        _ages(table)[scored],
        unscored,
    )


def read_predictions(path: str | Path) -> Predictions:
    """`predictions` of a CSV file (UTF-8).

    Raises
    ------
    UsageError: the file cannot be read; see `predictions`.
    """
    return predictions(read_table(path))


def read_table(path: str | Path) -> pd.DataFrame:
    """A CSV file (UTF-8) of predictions, names as text; with semicolons and decimal commas as well.

    Raises
    ------
    UsageError: the file cannot be read.
    """
    options: dict[str, Any] = {
        "dtype": dict.fromkeys(("subject", "label", "sex", "clip"), str),
        "keep_default_na": False,
        "na_values": ["", "NA", "NaN", "nan"],
        "encoding": "utf-8-sig",
    }
    try:
        with Path(path).open(encoding="utf-8-sig") as handle:
            header = handle.readline()
        if ";" in header and "," not in header:
            options |= {"sep": ";", "decimal": ","}
        table: pd.DataFrame = pd.read_csv(path, **options)
        return table
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UsageError(f"{path} cannot be read as a CSV table: {error}") from None


def predictions_frame(made: Predictions) -> pd.DataFrame:
    """The scored rows as the table that `predictions` reads."""
    columns: dict[str, Any] = {"subject": made.subject, "label": [made.classes[i] for i in made.truth]}
    columns |= {PREFIX + name: made.prob[:, k] for k, name in enumerate(made.classes)}
    return pd.DataFrame({**columns, "sex": made.sex, "age": made.age})


def _classes(table: pd.DataFrame) -> tuple[str, ...]:
    for column in ("subject", "label"):
        if column not in table:
            raise UsageError(
                f"The predictions have no column '{column}'. {did_you_mean(column, map(str, table.columns))}"
            )
    names = [str(name) for name in table.columns if str(name).startswith(PREFIX)]
    if len(names) < 2:
        raise UsageError(
            f"The predictions need one column of probabilities a class, e.g. p_happy, p_sad; found "
            f"{', '.join(names) or 'none'} among {', '.join(map(str, table.columns))}."
        )
    return tuple(name.removeprefix(PREFIX) for name in names)


def _texts(table: pd.DataFrame, column: str) -> npt.NDArray[np.str_]:
    values = table[column]
    if values.isna().any():
        row = int(np.flatnonzero(values.isna())[0]) + 1
        raise UsageError(f"Row {row} below the header has no {column}; {int(values.isna().sum())} in all.")
    return np.array([str(value).strip() for value in values], dtype=str)


def _numbers(table: pd.DataFrame, columns: list[str]) -> npt.NDArray[np.float64]:
    try:
        return table[columns].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The columns {', '.join(columns)} must hold numbers: {error}") from None


def _truth(label: npt.NDArray[np.str_], classes: tuple[str, ...]) -> npt.NDArray[np.int64]:
    number = {name: index for index, name in enumerate(classes)}
    for row, name in enumerate(label, start=1):
        if name not in number:
            raise UsageError(
                f"Row {row} below the header is labelled '{name}', but there is no column {PREFIX}{name}. "
                f"{did_you_mean(name, classes)}"
            )
    return np.array([number[name] for name in label], dtype=np.int64)


def _check_probabilities(prob: npt.NDArray[np.float64], scored: npt.NDArray[np.bool_]) -> None:
    off = np.abs(np.nansum(prob, axis=1) - 1)
    problems = (
        (np.isnan(prob).any(axis=1) & scored, "has some probabilities and lacks others"),
        (((prob < 0) | (prob > 1)).any(axis=1), "has a probability outside 0 to 1"),
        (scored & (off > ROUNDING * prob.shape[1] + 1e-9), "has probabilities that do not sum to 1"),
    )
    for rows, problem in problems:
        if rows.any():
            first = int(np.flatnonzero(rows)[0])
            raise UsageError(
                f"Row {first + 1} below the header {problem}: {_shown(prob[first])}; "
                f"rows of this kind: {int(rows.sum())}."
            )


def _shown(values: npt.NDArray[np.float64]) -> str:
    return ", ".join("blank" if np.isnan(value) else f"{value:.4g}" for value in values)


def _sexes(table: pd.DataFrame) -> npt.NDArray[np.str_]:
    if "sex" not in table:
        return np.full(len(table), "", dtype="<U1")
    texts = ["" if value is None or value != value else str(value).strip().lower() for value in table["sex"]]
    return np.array(["F" if text in FEMALE else "M" if text in MALE else "" for text in texts], dtype="<U1")


def _ages(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    if "age" not in table:
        return np.full(len(table), np.nan)
    return np.asarray(pd.to_numeric(table["age"], errors="coerce"), dtype=float)
