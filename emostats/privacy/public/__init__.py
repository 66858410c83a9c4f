"""Results as they may be published: small groups hidden over all tables together."""

from emostats.privacy.public.report import HIDDEN, REASONS, Mark, SuppressionReport
from emostats.privacy.public.results import public_results

__all__ = ["HIDDEN", "REASONS", "Mark", "SuppressionReport", "public_results"]
