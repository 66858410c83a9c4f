"""From formula and data to cross-products by visit pattern."""

from __future__ import annotations

from emostats.statistics.mmrm.design.encode import Encoding, columns_from_frame
from emostats.statistics.mmrm.design.formula import CovarianceTerm, ModelFormula, parse_formula
from emostats.statistics.mmrm.design.frame import ModelFrame, build_frame
from emostats.statistics.mmrm.design.scaling import Scaling, find_scaling
from emostats.statistics.mmrm.design.stack import Stack, SubjectRows, build_stack, locate_rows, subject_rows
from emostats.statistics.mmrm.design.variables import Categorical, Expression, Numeric

__all__ = [
    "Categorical", "CovarianceTerm", "Encoding", "Expression", "ModelFormula", "ModelFrame", "Numeric",
    "Scaling", "Stack", "SubjectRows", "build_frame", "build_stack", "columns_from_frame", "find_scaling",
    "locate_rows", "parse_formula", "subject_rows",
]  # fmt: skip
