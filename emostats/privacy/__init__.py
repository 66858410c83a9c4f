"""Disclosure control: what may leave the study office. Looks at outputs, never at a model."""

from emostats.privacy.identifiers import EMAIL, PHONE
from emostats.privacy.public import HIDDEN, REASONS, Mark, SuppressionReport, public_results
from emostats.privacy.scan import IDENTIFIERS, scan
from emostats.privacy.suppression import RULES, Rule, rule_of

__all__ = [
    "EMAIL", "HIDDEN", "IDENTIFIERS", "PHONE", "REASONS", "RULES", "Mark", "Rule", "SuppressionReport",
    "public_results", "rule_of", "scan",
]  # fmt: skip
