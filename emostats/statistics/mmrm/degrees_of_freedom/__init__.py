"""Denominator degrees of freedom. Every method ends in `t_test` (rows) or `f_test` (sets)."""

from __future__ import annotations

from emostats.statistics.mmrm.degrees_of_freedom.choose import Ingredients, choose_method
from emostats.statistics.mmrm.degrees_of_freedom.inference import Inference, f_test, t_test
from emostats.statistics.mmrm.degrees_of_freedom.methods import (
    DF_METHODS,
    BetweenWithin,
    DfMethod,
    KenwardRoger,
    Residual,
    Sandwiched,
    Satterthwaite,
)

__all__ = [
    "DF_METHODS", "BetweenWithin", "DfMethod", "Inference", "Ingredients", "KenwardRoger", "Residual",
    "Sandwiched", "Satterthwaite", "choose_method", "f_test", "t_test",
]  # fmt: skip
