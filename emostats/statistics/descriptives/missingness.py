"""Which visits were observed together: the missingness patterns of each parameter."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping

import pandas as pd


def missingness_table(
    observations: pd.DataFrame, visits: Mapping[str, str], subjects: Collection[Hashable]
) -> pd.DataFrame:
    """Count the subjects by pattern: one digit a visit in time order, 1 observed and 0 missing.

    Parameters
    ----------
    observations: rows with USUBJID, AVISIT, PARAMCD, AVAL.
    visits: visit name → label, in time order.
    subjects: all who could have answered; one without any value has the pattern ``"000…"``.

    Returns
    -------
    Columns parameter, pattern, n: most complete first, then most frequent.
    """
    rows = []
    for parameter in dict.fromkeys(observations["PARAMCD"]):
        values = observations[(observations["PARAMCD"] == parameter) & observations["AVAL"].notna()]
        counts = _patterns(values, list(visits), list(subjects)).value_counts()
        order = sorted(counts.index, key=lambda text: (-text.count("1"), -counts[text], text))
        rows += [{"parameter": parameter, "pattern": pattern, "n": int(counts[pattern])} for pattern in order]
    return pd.DataFrame(rows, columns=["parameter", "pattern", "n"])


def _patterns(values: pd.DataFrame, visits: list[str], subjects: list[Hashable]) -> pd.Series:
    seen = set(zip(values["USUBJID"], values["AVISIT"], strict=True))
    return pd.Series(
        ["".join("1" if (subject, visit) in seen else "0" for visit in visits) for subject in subjects],
        dtype=object,
    )
