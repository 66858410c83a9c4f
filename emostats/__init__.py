"""emostats: the statistics and reports of a paediatric intervention study.

    import emostats as em
    fit = em.mmrm("AVAL ~ AVISIT * ARMCD + us(AVISIT | USUBJID)", data)
    fit.emmeans("ARMCD | AVISIT").contrasts("pairwise").table()

The names below load their module on first use, so that the import itself stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from emostats._version import __version__

if TYPE_CHECKING:
    from emostats.ingest import read_study
    from emostats.pipeline import run_study
    from emostats.statistics.agreement.icc import icc
    from emostats.statistics.mmrm import mmrm
    from emostats.statistics.resampling import bootstrap
    from emostats.statistics.subgroups import subgroups

_HOME = {
    "mmrm": "emostats.statistics.mmrm",
    "icc": "emostats.statistics.agreement",
    "bootstrap": "emostats.statistics.resampling",
    "subgroups": "emostats.statistics.subgroups",
    "read_study": "emostats.ingest",
    "run_study": "emostats.pipeline",
}

__all__ = ["__version__", "bootstrap", "icc", "mmrm", "read_study", "run_study", "subgroups"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'emostats' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
