"""Covariance of the coefficients: asymptotic, Kenward-Roger adjusted, and empirical (sandwich).

Everything is expressed in the basis C of Φ = CC': an estimate V̂ of Var(β̂) is stored as its middle part V̄ with
V̂ = C V̄ C'. Asymptotic is V̄ = I.
"""

from __future__ import annotations

from emostats.statistics.mmrm.vcov.empirical import EMPIRICAL_KINDS, Sandwich, SubjectScores
from emostats.statistics.mmrm.vcov.kenward_roger import kenward_roger_middle

__all__ = ["EMPIRICAL_KINDS", "Sandwich", "SubjectScores", "kenward_roger_middle"]
