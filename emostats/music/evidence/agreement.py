"""How well the music matched, by the blind experts: matching accuracy and ICC, overall and by subgroup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import EmostatsError, Finding, Severity, UsageError, did_you_mean
from emostats.music.files import expecting
from emostats.statistics.agreement import icc, matching_accuracy


def evidence(
    ratings: pd.DataFrame,
    domains: Sequence[str],
    *,
    threshold: float,
    by: pd.Series | None = None,
    form: str = "ICC(A,1)",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """One row a domain × subgroup × quantity.

    Parameters
    ----------
    ratings: as `returned.Returned.table`. threshold: lowest rating that counts as a match.
    by: subgroup of each child, indexed by USUBJID; children without one stand in the overall rows alone.

    Returns
    -------
    Columns domain, level ('' overall), quantity (``"matching accuracy"``, ICC's form), estimate, conf_low,
    conf_high, conf_level, n_ratings, n_clips, n_raters, method, error (why a row has no numbers).

    Raises
    ------
    UsageError: an unknown domain.
    """
    unknown = [name for name in domains if name not in ratings.columns]
    if unknown:
        raise UsageError(f"The ratings have no domain '{unknown[0]}'.")
    rows = []
    for domain in domains:
        for level, keep in _groups(ratings, by):
            part = ratings[keep & ratings[domain].notna().to_numpy()]
            rows.append(_sizes(part, domain, level) | _accuracy(part, domain, threshold, conf_level))
            rows.append(_sizes(part, domain, level) | _icc(part, domain, form, conf_level))
    names = ["domain", "level", "quantity", "estimate", "conf_low", "conf_high", "conf_level", "n_ratings"]
    return pd.DataFrame(rows).assign(conf_level=conf_level)[
        [*names, "n_clips", "n_raters", "method", "error"]
    ]


def _groups(ratings: pd.DataFrame, by: pd.Series | None) -> list[tuple[str, NDArray[np.bool_]]]:
    """Level and rows: all of them, then each subgroup."""
    groups = [("", np.ones(len(ratings), dtype=bool))]
    if by is not None:
        level = ratings["USUBJID"].map(by)
        groups += [(str(name), (level == name).to_numpy()) for name in sorted(by.dropna().unique(), key=str)]
    return groups


def _sizes(part: pd.DataFrame, domain: str, level: str) -> dict[str, object]:
    n_clips, n_raters = part["CLIP"].nunique(), part["RATER"].nunique()
    return {
        "domain": domain, "level": level, "n_ratings": len(part), "n_clips": n_clips, "n_raters": n_raters,
    }  # fmt: skip


def read_subgroups(path: str | Path, by: Sequence[str]) -> pd.Series:
    """Subgroup of each child, labels joined by a comma, indexed by USUBJID; missing where a label is blank.

    Raises
    ------
    UsageError: no such file, no table, a column is missing, a child stands twice.
    """
    path = Path(path)
    with expecting(path, "a list of children (CSV with USUBJID and the columns of --by)"):
        text = path.read_text(encoding="utf-8-sig")
    head = text.partition("\n")[0]
    try:
        table = pd.read_csv(
            StringIO(text),
            dtype=str,
            keep_default_na=False,
            sep=";" if head.count(";") > head.count(",") else ",",
        )
    except ValueError as error:
        raise UsageError(f"{path.name} is no table of children ({error}). Save it as CSV (UTF-8).") from None
    for name in ("USUBJID", *by):
        if name not in table.columns:
            raise UsageError(f"{path.name} has no column '{name}'. {did_you_mean(name, table.columns)}")
    table = table.apply(lambda column: column.str.strip())
    if table["USUBJID"].duplicated().any():
        raise UsageError(f"{path.name} has a child twice; one row a child is needed.")
    labels = table.set_index("USUBJID")[list(by)]
    joined: pd.Series = labels.agg(", ".join, axis=1).where((labels != "").all(axis=1))
    return joined


def without_group(ratings: pd.DataFrame, by: pd.Series) -> Iterator[Finding]:
    """A warning where rated children have no subgroup: they count in the overall rows alone."""
    lost = sorted({child for child in ratings["USUBJID"] if pd.isna(by.get(child))})
    if lost:
        few = ", ".join(lost[:5]) + (" …" if len(lost) > 5 else "")
        who = "rated child has" if len(lost) == 1 else "rated children have"
        what = f"{len(lost)} {who} no subgroup ({few}): in the overall rows alone."
        yield Finding("no-subgroup", what, "Complete the list of children.", Severity.WARNING)


def _accuracy(part: pd.DataFrame, domain: str, threshold: float, conf_level: float) -> dict[str, object]:
    empty = _failed("matching accuracy", "")
    try:
        found = matching_accuracy(
            part, threshold=threshold, targets="CLIP", raters="RATER", ratings=domain, within="USUBJID",
            conf_level=conf_level,
        )  # fmt: skip
    except EmostatsError as error:
        return _failed("matching accuracy", str(error))
    return empty | {
        "estimate": found.estimate,
        "conf_low": found.conf_low,
        "conf_high": found.conf_high,
        "method": found.method,
    }


def _icc(part: pd.DataFrame, domain: str, form: str, conf_level: float) -> dict[str, object]:
    try:
        found = icc(part, targets="CLIP", raters="RATER", ratings=domain, conf_level=conf_level)
    except EmostatsError as error:
        return _failed(form, str(error))
    rows = found.table()
    row = rows[rows["form"] == form]
    if row.empty:
        raise UsageError(f"There is no ICC form '{form}'; there are {', '.join(rows['form'])}.")
    picked = {name: row.iloc[0][name] for name in ("estimate", "conf_low", "conf_high", "method")}
    return {"quantity": form, **picked, "error": str(row.iloc[0]["reason"])}


def _failed(quantity: str, error: str) -> dict[str, object]:
    nan = float("nan")
    return {
        "quantity": quantity,
        "estimate": nan,
        "conf_low": nan,
        "conf_high": nan,
        "method": "",
        "error": error,
    }
