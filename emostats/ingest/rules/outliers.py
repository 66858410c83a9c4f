"""Items that do not go with their subscale, and questionnaires that contradict themselves.

An item whose correlation with the rest of its subscale is clearly negative is probably keyed the wrong way
round in the instrument file, or was entered so: the most costly error that no single cell shows.
"""

from __future__ import annotations

import numpy as np

from emostats.errors import Finding, Severity
from emostats.ingest.cells import Floats
from emostats.ingest.rules.answers import grids
from emostats.ingest.trace import counted
from emostats.study.data import StudyData
from emostats.study.instruments import Instrument
from emostats.study.spec import StudySpec

AT_LEAST = 20
"""Complete questionnaires before a correlation says anything."""
NEGATIVE = -0.2


def item_total_outliers(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Items whose corrected item–total correlation (item against the sum of the others, complete answers) is
    below `NEGATIVE`, per subscale of at least three items."""
    found = []
    for instrument, _, answers in grids(data, spec):
        keyed = _keyed(instrument, answers)
        column = {item: number for number, item in enumerate(instrument.item_ids)}
        for subscale in instrument.subscales:
            block = keyed[:, [column[item] for item in subscale.items]]
            for item, correlation in zip(subscale.items, item_rest_correlations(block), strict=True):
                if correlation < NEGATIVE:
                    message = f"item {item} goes against the rest of '{subscale.label}' "
                    message += f"(item–total correlation {correlation:.2f})."
                    action = "Compare its key (reverse) with the form's manual."
                    found.append(
                        Finding(
                            "item-against-scale", message, action, Severity.WARNING, parameter=subscale.id
                        )
                    )
    return found


def item_rest_correlations(block: Floats) -> Floats:
    """Corrected item–total correlations of keyed answers, questionnaires × items, from complete rows.

    NaN where an item or the sum of the others does not vary, with fewer than three items, or with fewer than
    `AT_LEAST` complete rows.
    """
    complete = block[~np.isnan(block).any(axis=1)]
    n_rows, n_items = complete.shape
    result = np.full(n_items, np.nan)
    if n_rows < AT_LEAST or n_items < 3:
        return result
    total = complete.sum(axis=1)
    for item in range(n_items):
        own, rest = complete[:, item], total - complete[:, item]
        if np.ptp(own) > 0 and np.ptp(rest) > 0:
            result[item] = np.corrcoef(own, rest)[0, 1]
    return result


def _keyed(instrument: Instrument, answers: Floats) -> Floats:
    keyed = answers.copy()
    for position, item in enumerate(instrument.item_ids):
        given = np.unique(answers[~np.isnan(answers[:, position]), position])
        for value in given:
            keyed[answers[:, position] == value, position] = counted(instrument, item, float(value))
    return keyed
