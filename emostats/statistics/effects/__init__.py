"""Effects of an intervention as studies report them, with intervals.

`paired` and `two_groups` hold standardized differences, `percent_change` the ratio of means, `dominance` and
`rank_tests` what order alone says, `responders`, `proportions`, `mcnemar` and `reliable_change` shares of
subjects, `ancova`, `one_way` and `repeated` comparisons of groups and conditions. `tables` gathers the usual
ones, each with an analytic and a bootstrap interval. `claims` checks published figures against their own
rounding.
"""

from emostats.statistics.effects.ancova import Ancova, ancova
from emostats.statistics.effects.claims import ClaimCheck, Range, check_claim, exactly, printed
from emostats.statistics.effects.dominance import (
    cliff_delta,
    cliff_delta_paired,
    paired_dominance,
    probability_of_superiority,
    rank_biserial,
    rank_biserial_paired,
)
from emostats.statistics.effects.effect import Effect, effects_frame
from emostats.statistics.effects.mcnemar import McNemar, mcnemar, paired_difference, paired_table
from emostats.statistics.effects.noncentral import (
    nct_cdf,
    noncentral_f_limits,
    noncentrality_limits,
    small_sample_factor,
)
from emostats.statistics.effects.one_way import (
    OneWay,
    cohen_f,
    epsilon_squared,
    eta_squared,
    kruskal_wallis,
    omega_squared,
    one_way,
    welch_anova,
)
from emostats.statistics.effects.paired import (
    common_language_paired,
    d_av,
    d_rm,
    d_z,
    glass_pre,
    mean_change,
    meta_analytic_paired,
    standardized_response_mean,
)
from emostats.statistics.effects.percent_change import fieller, percent_change
from emostats.statistics.effects.proportions import (
    TwoByTwo,
    chi_square,
    cohen_h,
    d_from_odds_ratio,
    fisher,
    number_needed_to_treat,
    odds_ratio,
    proportion,
    risk_difference,
    risk_ratio,
    two_by_two,
)
from emostats.statistics.effects.rank_tests import (
    brunner_munzel,
    mann_whitney,
    pratt,
    sign_test,
    wilcoxon,
)
from emostats.statistics.effects.reliable_change import ReliableChange, reliable_change
from emostats.statistics.effects.repeated import cochran_q, friedman
from emostats.statistics.effects.responders import is_responder, responder_table, responders
from emostats.statistics.effects.spread_tests import (
    kolmogorov_smirnov,
    levene,
    shapiro_wilk,
    variance_ratio,
)
from emostats.statistics.effects.tables import (
    Resampling,
    pairs_from_long,
    pre_post_effects,
    two_group_effects,
)
from emostats.statistics.effects.two_groups import (
    cohen_d,
    cohen_u3,
    common_language,
    d_unpooled,
    glass_delta,
    hedges_g,
    mean_difference,
    meta_analytic,
    overlap,
    point_biserial,
)

__all__ = [
    "Ancova",
    "ClaimCheck",
    "Effect",
    "McNemar",
    "OneWay",
    "Range",
    "ReliableChange",
    "Resampling",
    "TwoByTwo",
    "ancova",
    "brunner_munzel",
    "check_claim",
    "chi_square",
    "cliff_delta",
    "cliff_delta_paired",
    "cochran_q",
    "cohen_d",
    "cohen_f",
    "cohen_h",
    "cohen_u3",
    "common_language",
    "common_language_paired",
    "d_av",
    "d_from_odds_ratio",
    "d_rm",
    "d_unpooled",
    "d_z",
    "effects_frame",
    "epsilon_squared",
    "eta_squared",
    "exactly",
    "fieller",
    "fisher",
    "friedman",
    "glass_delta",
    "glass_pre",
    "hedges_g",
    "is_responder",
    "kolmogorov_smirnov",
    "kruskal_wallis",
    "levene",
    "mann_whitney",
    "mcnemar",
    "mean_change",
    "mean_difference",
    "meta_analytic",
    "meta_analytic_paired",
    "nct_cdf",
    "noncentral_f_limits",
    "noncentrality_limits",
    "number_needed_to_treat",
    "odds_ratio",
    "omega_squared",
    "one_way",
    "overlap",
    "paired_difference",
    "paired_dominance",
    "paired_table",
    "pairs_from_long",
    "percent_change",
    "point_biserial",
    "pratt",
    "pre_post_effects",
    "printed",
    "probability_of_superiority",
    "proportion",
    "rank_biserial",
    "rank_biserial_paired",
    "reliable_change",
    "responder_table",
    "responders",
    "risk_difference",
    "risk_ratio",
    "shapiro_wilk",
    "sign_test",
    "small_sample_factor",
    "standardized_response_mean",
    "two_by_two",
    "two_group_effects",
    "variance_ratio",
    "welch_anova",
    "wilcoxon",
]
