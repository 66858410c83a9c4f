"""Raw values by visit, beside what the model says about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from emostats.statistics.descriptives.summary import Groups, summarize

VISIT_COLUMNS = (
    "parameter", "visit", "level", "n", "mean", "sd", "median", "minimum", "maximum", "n_missing",
)  # fmt: skip


def visits_table(observations: pd.DataFrame, visits: Mapping[str, str], groups: Groups) -> pd.DataFrame:
    """Describe AVAL by parameter, visit and group.

    Parameters
    ----------
    observations: rows with USUBJID, AVISIT, PARAMCD, AVAL; one row a subject × visit × parameter.
    visits: visit name → label, in time order.
    groups: label → subjects; ``n_missing`` counts those of the group without a value at the visit.

    Returns
    -------
    Columns `VISIT_COLUMNS`; ``visit`` is the name. A visit at which nobody answered keeps its row.
    """
    rows: list[dict[str, Any]] = []
    for parameter in dict.fromkeys(observations["PARAMCD"]):
        of_parameter = observations[observations["PARAMCD"] == parameter]
        for visit in visits:
            values = of_parameter[of_parameter["AVISIT"] == visit].set_index("USUBJID")["AVAL"]
            for level, who in groups.items():
                numbers = summarize(values[values.index.isin(list(who))])
                numbers["n_missing"] = len(who) - numbers["n"]
                rows.append({"parameter": parameter, "visit": visit, "level": level, **numbers})
    return pd.DataFrame(rows, columns=list(VISIT_COLUMNS))
