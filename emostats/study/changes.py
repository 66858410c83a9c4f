"""Who answered, on which form, and whether that changed since the child's first visit."""

from __future__ import annotations

import pandas as pd

VISIT_COVARIATES = ("ANSWERED_BY", "FORM", "INFORMANT_CHANGED", "FORM_CHANGED")
"""What a model formula may name of the questionnaire behind a value."""


def with_changes(visits: pd.DataFrame) -> pd.DataFrame:
    """The visits with INFORMANT_CHANGED and FORM_CHANGED: True where it differs from the child's first one.

    Returns
    -------
    Rows as given, sorted by child, instrument and visit, with the columns FIRST_VISIT, FIRST_INFORMANT,
    FIRST_FORM besides. A blank informant or form is no change.
    """
    table = visits.sort_values(["USUBJID", "INSTRUMENT", "AVISIT"], kind="stable").reset_index(drop=True)
    table["FIRST_VISIT"] = table["AVISIT"].astype(object)
    groups = table.groupby(["USUBJID", "INSTRUMENT"], observed=True, sort=False)
    table["FIRST_VISIT"] = groups["FIRST_VISIT"].transform("first")
    for variable in ("INFORMANT", "FORM"):
        values = table[variable].astype(object)
        first = groups[variable].transform("first").astype(object)
        table[f"FIRST_{variable}"] = first
        table[f"{variable}_CHANGED"] = (values.notna() & first.notna() & (values != first)).to_numpy(
            dtype=bool
        )
    return table


def visit_covariates(observations: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """`VISIT_COVARIATES` of the questionnaire behind each observation, row by row.

    ANSWERED_BY and FORM are text, missing where the value stands in no questionnaire; the changes are 0 or 1,
    so that a formula takes them as numbers, and 0 where nothing is known.
    """
    table = with_changes(visits).drop_duplicates("SOURCE_ID").set_index("SOURCE_ID")
    found = table.reindex(observations["SOURCE_ID"].to_numpy(dtype=object))
    changed = {
        name: found[name].astype("boolean").fillna(False).to_numpy(dtype=float)
        for name in VISIT_COVARIATES[2:]
    }
    texts = {"ANSWERED_BY": found["INFORMANT"].to_numpy(), "FORM": found["FORM"].to_numpy()}
    return pd.DataFrame({**texts, **changed}, index=observations.index)
