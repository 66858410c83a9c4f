"""Rules over the whole data set: what single cells cannot show. One rule a file, each a pure function.

A rule takes the data and the study file and gives findings, warnings as a rule: the values are possible, and
people decide. `check_study` runs them all.
"""

from __future__ import annotations

from collections.abc import Callable

from emostats.errors import Finding
from emostats.ingest.matching import unmatched
from emostats.ingest.rules.changes import changed_sources
from emostats.ingest.rules.dates import impossible_dates
from emostats.ingest.rules.identity import changed_identity
from emostats.ingest.rules.outliers import item_total_outliers
from emostats.ingest.rules.siblings import siblings
from emostats.ingest.rules.straight_lining import straight_lines
from emostats.ingest.rules.table_rules import table_schemas
from emostats.ingest.rules.windows import outside_windows
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

Rule = Callable[[StudyData, StudySpec], list[Finding]]
RULES: tuple[Rule, ...] = (
    table_schemas,
    impossible_dates,
    outside_windows,
    changed_sources,
    changed_identity,
    straight_lines,
    item_total_outliers,
    siblings,
    unmatched,
)


def check_study(data: StudyData, spec: StudySpec) -> list[Finding]:
    """The findings of every rule, rule by rule."""
    return [finding for rule in RULES for finding in rule(data, spec)]


__all__ = ["RULES", "check_study"]
