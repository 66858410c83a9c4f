"""How well the music matched, by the blind experts: matching accuracy and ICC, overall and by subgroup."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from emostats.errors import EmostatsError, UsageError
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
    groups = [("", np.ones(len(ratings), dtype=bool))]
    if by is not None:
        level = ratings["USUBJID"].map(by)
        groups += [(str(name), (level == name).to_numpy()) for name in sorted(by.dropna().unique(), key=str)]
    rows = []
    for domain in domains:
        for name, keep in groups:
            part = ratings[keep & ratings[domain].notna().to_numpy()]
            sizes = {
                "n_ratings": len(part),
                "n_clips": part["CLIP"].nunique(),
                "n_raters": part["RATER"].nunique(),
            }
            common = {"domain": domain, "level": name, "conf_level": conf_level, **sizes}
            rows.append(common | _accuracy(part, domain, threshold, conf_level))
            rows.append(common | _icc(part, domain, form, conf_level))
    names = ["domain", "level", "quantity", "estimate", "conf_low", "conf_high", "conf_level", "n_ratings"]
    return pd.DataFrame(rows)[[*names, "n_clips", "n_raters", "method", "error"]]


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
