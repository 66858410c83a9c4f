"""Observations: scores of every origin in one table with ADaM's names, baseline and change from baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from emostats.ingest.cells import Rows
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
    table[VISIT] = in_order(table[VISIT].to_numpy(dtype=object), spec)
    series, n_series = _series(table, subjects, spec)
    order = np.lexsort((table[VISIT].cat.codes.to_numpy(), series))
    table, series = table.iloc[order].reset_index(drop=True), series[order]
    at_baseline = (table[VISIT] == spec.baseline.name).to_numpy()
    base = np.full(n_series, np.nan)
    base[series[at_baseline]] = table["AVAL"].to_numpy()[at_baseline]
    table["BASE"] = base[series]
    table["CHG"] = (table["AVAL"] - table["BASE"]).where(~at_baseline)
    table["AVISITN"] = table[VISIT].astype(object).map(spec.visit_numbers).astype("float64")
    table[["N_ITEMS", "N_ITEMS_ANSWERED"]] = table[["N_ITEMS", "N_ITEMS_ANSWERED"]].astype("float64")
    return table[list(OBSERVATION_COLUMNS)]


def _series(table: pd.DataFrame, subjects: pd.DataFrame, spec: StudySpec) -> tuple[Rows, int]:
    """A number for each parameter of each child, in the order of study file and roster, and how many."""
    parameters, n_children = list(spec.parameters), len(subjects) + 1
    parameter = pd.Index(parameters, dtype=object).get_indexer(pd.Index(table["PARAMCD"], dtype=object))
    child = pd.Index(subjects[ID], dtype=object).get_indexer(pd.Index(table[ID], dtype=object))
    last = np.where(child < 0, n_children - 1, child)  # a child that is not in the roster comes last
    block = np.where(parameter < 0, len(parameters), parameter)
    return block * n_children + last, (len(parameters) + 1) * n_children
