"""Agreement and reliability: intraclass correlation, chance-corrected agreement, internal consistency."""

from emostats.statistics.agreement.icc import icc
from emostats.statistics.agreement.result import ICCResult

__all__ = ["ICCResult", "icc"]
