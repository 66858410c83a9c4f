"""The study file: what a study is, where its data are, and what is to be computed.

`read_spec` gives a `StudySpec`; every problem of a file is reported together (`StudyFileError`, exit code 2).
"""

from emostats.study.spec.analyses import (
    DEFAULT_FORMULA,
    Analysis,
    BootstrapAnalysis,
    IccAnalysis,
    MmrmAnalysis,
    SubgroupsAnalysis,
    TippingAnalysis,
)
from emostats.study.spec.plan import AnalysisSet, Estimand, Outputs, Study, Subgroups, Visit
from emostats.study.spec.read import read_spec
from emostats.study.spec.reporting import REPORTING_LABELS, Reporting
from emostats.study.spec.sources import (
    Domain,
    Events,
    InstrumentUse,
    Matching,
    Measurements,
    Parameter,
    Ratings,
    SessionScores,
    Source,
    Subjects,
)
from emostats.study.spec.study import ParameterInfo, StudySpec

__all__ = [
    "DEFAULT_FORMULA",
    "REPORTING_LABELS",
    "Analysis",
    "AnalysisSet",
    "BootstrapAnalysis",
    "Domain",
    "Estimand",
    "Events",
    "IccAnalysis",
    "InstrumentUse",
    "Matching",
    "Measurements",
    "MmrmAnalysis",
    "Outputs",
    "Parameter",
    "ParameterInfo",
    "Ratings",
    "Reporting",
    "SessionScores",
    "Source",
    "Study",
    "StudySpec",
    "Subgroups",
    "SubgroupsAnalysis",
    "Subjects",
    "TippingAnalysis",
    "Visit",
    "read_spec",
]
