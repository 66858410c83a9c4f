"""Small-cell suppression over all tables of a report together, audited by an attack."""

from emostats.privacy.suppression.attack import Interval, attack, disclosed
from emostats.privacy.suppression.protect import LINKED, SMALL, Pattern, primary, protect
from emostats.privacy.suppression.rules import DEFAULT, RULES, Rule, rule_of
from emostats.privacy.suppression.system import Cell, Counts, Relation, Table, linked

__all__ = [
    "DEFAULT", "LINKED", "RULES", "SMALL", "Cell", "Counts", "Interval", "Pattern", "Relation", "Rule",
    "Table", "attack", "disclosed", "linked", "primary", "protect", "rule_of",
]  # fmt: skip
