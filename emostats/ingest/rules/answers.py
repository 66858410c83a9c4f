"""Answers as a grid, for rules about how a questionnaire was filled in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from emostats.ingest.cells import Floats
from emostats.study.data import StudyData
from emostats.study.instruments import Instrument
from emostats.study.spec import StudySpec


def grids(data: StudyData, spec: StudySpec) -> Iterator[tuple[Instrument, pd.DataFrame, Floats]]:
    """For each instrument its questionnaires (rows of `data.visits`) and their answers, rows × items."""
    for instrument in spec.loaded_instruments.values():
        mine = data.items[data.items["INSTRUMENT"] == instrument.id]
        visits = data.visits[data.visits["INSTRUMENT"] == instrument.id].reset_index(drop=True)
        n_items = len(instrument.item_ids)
        if len(visits) and len(mine) == len(visits) * n_items:
            yield instrument, visits, mine["VALUE"].to_numpy(dtype=np.float64).reshape(-1, n_items)
