"""Descriptive tables of a study: participant flow, baseline, visits, missingness, classical pre/post tests.

Each is a pure function of tables and of *groups*: a mapping from a shown label to the subjects it covers,
``{"All": {...}, "Boys, 1–6": {...}}``. Numbers come out raw; the report rounds them.
"""

from __future__ import annotations

from emostats.statistics.descriptives.baseline import baseline_table
from emostats.statistics.descriptives.courses import courses_table
from emostats.statistics.descriptives.events import burden_table, events_table
from emostats.statistics.descriptives.flow import FlowStage, flow_stages, flow_table
from emostats.statistics.descriptives.missingness import missingness_table
from emostats.statistics.descriptives.prepost import prepost_table
from emostats.statistics.descriptives.summary import Groups, standardized_difference
from emostats.statistics.descriptives.visits import visits_table

__all__ = [
    "FlowStage",
    "Groups",
    "baseline_table",
    "burden_table",
    "courses_table",
    "events_table",
    "flow_stages",
    "flow_table",
    "missingness_table",
    "prepost_table",
    "standardized_difference",
    "visits_table",
]
