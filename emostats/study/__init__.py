"""What a study is: its file, its plan and lock, its instruments, its data set.

- `read_spec`: the study file as a frozen `StudySpec`; `lock_plan`, `compare_plan`: the plan, before outcomes.
- `read_instrument`, `score`: questionnaires as data, answers to scores.
- `StudyData`: the tables of a study; `analysis_set`: whom an analysis covers.
"""

from emostats.study.analysis_sets import analysis_set, observed_visits, subjects_by_rule
from emostats.study.checked import StudyFileError
from emostats.study.data import StudyData
from emostats.study.instruments import Instrument, read_instrument, shipped_instruments
from emostats.study.lock import PlanChange, PlanLock, PlanStatus, compare_plan, lock_plan
from emostats.study.plan import plan_hash
from emostats.study.scoring import score
from emostats.study.spec import StudySpec, read_spec
from emostats.study.subgroups import AgeBand, age_bands, band_of

__all__ = [
    "AgeBand",
    "Instrument",
    "PlanChange",
    "PlanLock",
    "PlanStatus",
    "StudyData",
    "StudyFileError",
    "StudySpec",
    "age_bands",
    "analysis_set",
    "band_of",
    "compare_plan",
    "lock_plan",
    "observed_visits",
    "plan_hash",
    "read_instrument",
    "read_spec",
    "score",
    "shipped_instruments",
    "subjects_by_rule",
]
