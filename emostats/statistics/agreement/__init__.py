"""Agreement and reliability: intraclass correlation, chance-corrected agreement, internal consistency."""

from emostats.statistics.agreement.bands import KOO_LI, interpretation
from emostats.statistics.agreement.icc import icc
from emostats.statistics.agreement.matching import MatchingAccuracy, matching_accuracy
from emostats.statistics.agreement.result import FormEstimate, ICCResult
from emostats.statistics.agreement.subgroups import SubgroupICC, icc_by_subgroup

__all__ = [
    "KOO_LI",
    "FormEstimate",
    "ICCResult",
    "MatchingAccuracy",
    "SubgroupICC",
    "icc",
    "icc_by_subgroup",
    "interpretation",
    "matching_accuracy",
]
