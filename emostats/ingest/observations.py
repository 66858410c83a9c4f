"""Observations: scores of every origin in one table with ADaM's names, baseline and change from baseline."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from emostats.ingest.records import ID, VISIT
from emostats.ingest.visits import in_order
from emostats.study.data import OBSERVATION_COLUMNS
from emostats.study.spec import StudySpec


def observations(scores: Sequence[pd.DataFrame], subjects: pd.DataFrame, spec: StudySpec) -> pd.DataFrame:
    """Scores (USUBJID, AVISIT, PARAMCD, AVAL, N_ITEMS, N_ITEMS_ANSWERED, SOURCE_ID) as observations.

    Returns
    -------
    Columns `OBSERVATION_COLUMNS`, sorted by parameter (in the order of the study file), child (in the order
    of the roster) and visit. BASE is the child's baseline value of the parameter at every visit, NaN without
    one; CHG is AVAL − BASE after baseline, NaN at baseline.
    """
    filled = [frame for frame in scores if len(frame)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in OBSERVATION_COLUMNS})
    table = pd.concat(filled, ignore_index=True)
    table = _sorted(table, subjects, spec)
    at_baseline = table[VISIT] == spec.baseline.name
    base = table[at_baseline].set_index([ID, "PARAMCD"])["AVAL"]
    index = pd.MultiIndex.from_frame(table[[ID, "PARAMCD"]])
    table["BASE"] = base.reindex(index).to_numpy()
    table["CHG"] = (table["AVAL"] - table["BASE"]).where(~at_baseline)
    table["AVISITN"] = table[VISIT].astype(object).map(spec.visit_numbers).astype("float64")
    table[["N_ITEMS", "N_ITEMS_ANSWERED"]] = table[["N_ITEMS", "N_ITEMS_ANSWERED"]].astype("float64")
    return table[list(OBSERVATION_COLUMNS)]


def _sorted(table: pd.DataFrame, subjects: pd.DataFrame, spec: StudySpec) -> pd.DataFrame:
    table[VISIT] = in_order(table[VISIT].to_numpy(dtype=object), spec)
    ranks = pd.DataFrame(
        {
            "parameter": table["PARAMCD"].map({code: rank for rank, code in enumerate(spec.parameters)}),
            "child": table[ID].map({child: rank for rank, child in enumerate(subjects[ID])}),
            "visit": table[VISIT].cat.codes,
        }
    )
    return table.loc[ranks.sort_values(["parameter", "child", "visit"], kind="stable").index].reset_index(
        drop=True
    )
