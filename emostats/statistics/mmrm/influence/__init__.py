"""Influence of subjects, or units above them such as sites, on the estimates: deletion diagnostics."""

from __future__ import annotations

from emostats.statistics.mmrm.influence.result import InfluenceResult, influence_of

__all__ = ["InfluenceResult", "influence_of"]
