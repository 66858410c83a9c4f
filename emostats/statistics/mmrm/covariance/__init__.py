"""Covariance structures, registered by their formula token. A new structure is a new file and a line here."""

from __future__ import annotations

from emostats.statistics.mmrm.covariance.ad import ad
from emostats.statistics.mmrm.covariance.adh import adh
from emostats.statistics.mmrm.covariance.ar1 import ar1
from emostats.statistics.mmrm.covariance.ar1h import ar1h
from emostats.statistics.mmrm.covariance.base import Structure
from emostats.statistics.mmrm.covariance.cs import cs
from emostats.statistics.mmrm.covariance.csh import csh
from emostats.statistics.mmrm.covariance.ind import ind, indh
from emostats.statistics.mmrm.covariance.sp_exp import sp_exp
from emostats.statistics.mmrm.covariance.sp_gau import sp_gau
from emostats.statistics.mmrm.covariance.toep import toep
from emostats.statistics.mmrm.covariance.toeph import toeph
from emostats.statistics.mmrm.covariance.us import us

_ALL: tuple[Structure, ...] = (us, toep, toeph, ar1, ar1h, ad, adh, cs, csh, ind, indh, sp_exp, sp_gau)

STRUCTURES: dict[str, Structure] = {structure.token: structure for structure in _ALL}

__all__ = ["STRUCTURES", "Structure"]
