"""Missing answers by scale and visit, dropout by subgroup, monotone and other patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from emostats.statistics.descriptives.summary import Groups


def scale_missingness(
    items: pd.DataFrame, scales: Mapping[str, Sequence[str]], visits: Sequence[str]
) -> pd.DataFrame:
    """Missing answers by scale and visit, among questionnaires that were begun.

    Parameters
    ----------
    items: rows USUBJID, AVISIT, ITEM, VALUE (NaN where unanswered). scales: PARAMCD → its items.

    Returns
    -------
    Columns parameter, visit, n_forms (with at least one answer), n_answers (expected), n_missing,
    proportion_missing, n_complete (forms without a gap in the scale).
    """
    begun = items[items["VALUE"].notna()].drop_duplicates(["USUBJID", "AVISIT"])
    forms = set(zip(begun["USUBJID"], begun["AVISIT"].astype(object), strict=True))
    at = pd.Series(
        list(zip(items["USUBJID"], items["AVISIT"].astype(object), strict=True)), index=items.index
    )
    kept = items[at.isin(forms)]
    rows = []
    for parameter, names in scales.items():
        scale = kept[kept["ITEM"].isin(list(names))]
        for visit in visits:
            here = scale[scale["AVISIT"] == visit]
            gaps = here["VALUE"].isna().groupby(here["USUBJID"]).sum()
            rows.append(_row(parameter, visit, len(gaps), len(here), int(gaps.sum()), int((gaps == 0).sum())))
    return pd.DataFrame(rows, columns=list(_row("", "", 0, 0, 0, 0)))


def _row(
    parameter: str, visit: str, forms: int, answers: int, missing: int, complete: int
) -> dict[str, object]:
    return {
        "parameter": parameter, "visit": visit, "n_forms": forms, "n_answers": answers, "n_missing": missing,
        "proportion_missing": missing / answers if answers else float("nan"), "n_complete": complete,
    }  # fmt: skip


def dropout_table(observed: pd.DataFrame, visits: Sequence[str], groups: Groups) -> pd.DataFrame:
    """After which visit children were seen no more, by group.

    Returns
    -------
    Columns level, last_visit ("" for children without any value), n, n_group, proportion. The last visit is
    the completers' row.
    """
    order = {visit: number for number, visit in enumerate(visits)}
    known = observed[observed["AVISIT"].isin(list(visits))]
    last = known["AVISIT"].astype(object).map(order).groupby(known["USUBJID"]).max().to_dict()
    rows = []
    for level, children in groups.items():
        members = set(children)
        for number, visit in [(-1, ""), *enumerate(visits)]:
            n = sum(last.get(child, -1) == number for child in members)
            share = n / len(members) if members else float("nan")
            rows.append(
                {"level": level, "last_visit": visit, "n": n, "n_group": len(members), "proportion": share}
            )
    return pd.DataFrame(rows, columns=["level", "last_visit", "n", "n_group", "proportion"])


def pattern_kind(pattern: str) -> str:
    """What a missingness pattern is, 1 observed and 0 missing in time order: ``1100`` is ``monotone``.

    Kinds: ``complete``, ``monotone`` (nothing after the first gap), ``intermittent`` (a value after a gap),
    ``none`` (no value at all).

    Raises
    ------
    ValueError: the pattern holds anything but 0 and 1, or nothing.
    """
    if not pattern or set(pattern) - {"0", "1"}:
        raise ValueError(f"expected a pattern of 0 and 1; found {pattern!r}")
    if "0" not in pattern:
        return "complete"
    if "1" not in pattern:
        return "none"
    return "intermittent" if "01" in pattern else "monotone"


def pattern_kinds(patterns: pd.DataFrame) -> pd.DataFrame:
    """Counts by parameter and kind from a table of patterns (columns parameter, pattern, n)."""
    kinds = patterns.assign(kind=[pattern_kind(text) for text in patterns["pattern"]])
    return kinds.groupby(["parameter", "kind"], sort=False)["n"].sum().reset_index()
