"""Observations: scores of every origin in one table with ADaM's names, baseline and change from baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emostats.ingest.cells import Rows
from emostats.ingest.records import ID, VISIT
from emostats.study.data import OBSERVATION_COLUMNS
from emostats.study.spec import StudySpec


def observations(scores: list[pd.DataFrame], subjects: pd.DataFrame, spec: StudySpec) -> pd.DataFrame:
    """Scores (USUBJID, AVISIT, PARAMCD, AVAL, SOURCE_ID and, if made of items, N_ITEMS, N_ITEMS_ANSWERED).

    AVISIT and PARAMCD are categories of the study file's visits and outcomes. The list of scores is emptied:
    a large study is not held twice.

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
    del filled
    scores.clear()
    child, n_children = _numbered(subjects[ID], table[ID])
    series = table["PARAMCD"].cat.codes.to_numpy(dtype=np.intp) * n_children + child
    order = np.lexsort((table[VISIT].cat.codes.to_numpy(), series))
    table, series = table.take(order).reset_index(drop=True), series[order]
    visits = table[VISIT].cat.codes.to_numpy()
    at_baseline = visits == spec.visit_names.index(spec.baseline.name)
    base = np.full(len(spec.parameters) * n_children, np.nan)
    base[series[at_baseline]] = table["AVAL"].to_numpy()[at_baseline]
    table["BASE"] = base[series]
    table["CHG"] = (table["AVAL"] - table["BASE"]).where(~at_baseline)
    numbers = [*(spec.visit_numbers[name] for name in spec.visit_names), np.nan]
    table["AVISITN"] = np.array(numbers, dtype=np.float64)[visits]
    for name in ("N_ITEMS", "N_ITEMS_ANSWERED"):
        table[name] = table[name].astype("float64") if name in table else np.nan
    table["PARAMCD"] = table["PARAMCD"].astype(table["PARAMCD"].cat.categories.dtype)
    return table[list(OBSERVATION_COLUMNS)]


def _numbered(known: pd.Series, found: pd.Series) -> tuple[Rows, int]:
    """The place of each of `found` among `known` (what is not there comes last), and how many there are."""
    codes, _ = pd.factorize(pd.concat([known, found], ignore_index=True))
    places = codes[len(known) :].astype(np.intp)
    places[(places < 0) | (places >= len(known))] = len(known)
    return places, len(known) + 1
