"""Agreement and reliability: intraclass correlation, chance-corrected agreement, internal consistency.

Ratings of targets (clips, children) by raters come long (one row a rating) or wide (targets × raters). The
functions return frozen results whose `.table()` is a DataFrame.
"""

from emostats.statistics.agreement.bands import KOO_LI, interpretation
from emostats.statistics.agreement.bland_altman import BlandAltman, bland_altman
from emostats.statistics.agreement.blinding import BlindingCheck, blinding_check
from emostats.statistics.agreement.chance_corrected import (
    AgreementCoefficient,
    brennan_prediger,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
)
from emostats.statistics.agreement.cohen import CohenKappa, cohen_kappa, cohen_kappa_of_counts
from emostats.statistics.agreement.concordance import Concordance, concordance_correlation
from emostats.statistics.agreement.consistency import Reliability, cronbach_alpha, item_analysis
from emostats.statistics.agreement.form_estimate import FormEstimate
from emostats.statistics.agreement.generalizability import GStudy, d_study, g_study
from emostats.statistics.agreement.grras import GrrasItem, GrrasSection, grras_section
from emostats.statistics.agreement.guide import Guidance, choose_form
from emostats.statistics.agreement.icc import icc
from emostats.statistics.agreement.kendall import KendallW, kendall_w
from emostats.statistics.agreement.krippendorff import KrippendorffAlpha, krippendorff_alpha
from emostats.statistics.agreement.matching import MatchingAccuracy, matching_accuracy
from emostats.statistics.agreement.omega import mcdonald_omega
from emostats.statistics.agreement.oneway import OneWayICC, icc_oneway
from emostats.statistics.agreement.planning import (
    PlannedICC,
    SampleSize,
    expected_width,
    icc_power,
    plan_table,
    raters_for_reliability,
    simulate_plan,
    targets_for_test,
    targets_for_width,
)
from emostats.statistics.agreement.result import ICCResult
from emostats.statistics.agreement.subgroups import SubgroupICC, icc_by_subgroup

__all__ = [
    "KOO_LI",
    "AgreementCoefficient",
    "BlandAltman",
    "BlindingCheck",
    "CohenKappa",
    "Concordance",
    "FormEstimate",
    "GStudy",
    "GrrasItem",
    "GrrasSection",
    "Guidance",
    "ICCResult",
    "KendallW",
    "KrippendorffAlpha",
    "MatchingAccuracy",
    "OneWayICC",
    "PlannedICC",
    "Reliability",
    "SampleSize",
    "SubgroupICC",
    "bland_altman",
    "blinding_check",
    "brennan_prediger",
    "choose_form",
    "cohen_kappa",
    "cohen_kappa_of_counts",
    "concordance_correlation",
    "conger_kappa",
    "cronbach_alpha",
    "d_study",
    "expected_width",
    "fleiss_kappa",
    "g_study",
    "grras_section",
    "gwet_ac",
    "icc",
    "icc_by_subgroup",
    "icc_oneway",
    "icc_power",
    "interpretation",
    "item_analysis",
    "kendall_w",
    "krippendorff_alpha",
    "matching_accuracy",
    "mcdonald_omega",
    "plan_table",
    "raters_for_reliability",
    "simulate_plan",
    "targets_for_test",
    "targets_for_width",
]
