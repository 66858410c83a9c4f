"""Multiplicity: adjusted p-values, simultaneous intervals, and graphical procedures.

`p_values` adjusts p-values alone; `multivariate_t` integrates the multivariate t (`product_correlation`,
`directions` and `lattice` are its parts); `contrasts` and `groups` test with it; `graph` holds strategies as
data.
"""

from emostats.statistics.multiplicity.contrasts import ADJUSTMENTS, adjust_contrasts, step_down
from emostats.statistics.multiplicity.graph import (
    Graph,
    GraphResult,
    bonferroni_graph,
    closed_test,
    fallback,
    fixed_sequence,
    graph_from_edges,
    holm_graph,
    run_graph,
    simultaneous_bounds,
)
from emostats.statistics.multiplicity.groups import dunnett, group_means, tukey
from emostats.statistics.multiplicity.multivariate_t import (
    max_abs_t_quantile,
    max_abs_t_upper,
    max_t_quantile,
    max_t_upper,
    mvt_adjust,
    studentized_range_quantile,
)
from emostats.statistics.multiplicity.p_values import P_VALUE_METHODS, adjust_p_values
from emostats.statistics.multiplicity.product_correlation import studentized_range_tail

__all__ = [
    "ADJUSTMENTS",
    "P_VALUE_METHODS",
    "Graph",
    "GraphResult",
    "adjust_contrasts",
    "adjust_p_values",
    "bonferroni_graph",
    "closed_test",
    "dunnett",
    "fallback",
    "fixed_sequence",
    "graph_from_edges",
    "group_means",
    "holm_graph",
    "max_abs_t_quantile",
    "max_abs_t_upper",
    "max_t_quantile",
    "max_t_upper",
    "mvt_adjust",
    "run_graph",
    "simultaneous_bounds",
    "step_down",
    "studentized_range_quantile",
    "studentized_range_tail",
    "tukey",
]
