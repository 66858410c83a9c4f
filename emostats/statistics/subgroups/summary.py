"""What rows say together: the joint test of a division, and whether outcomes agree about a difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emostats.estimates import Estimate


def overall_p(rows: Sequence[Estimate], subgroup: str) -> float | None:
    """p of the joint test over all visits of one division; of its last visit where there is only one."""
    tests = [row for row in rows if row.kind == "test" and row.subgroup == subgroup and not row.error]
    over_all = [row for row in tests if not row.visit]
    found = over_all or tests
    return found[-1].p_value if found else None


def consistency(
    differences: Mapping[str, Sequence[Estimate]], subgroup: str
) -> Mapping[str, tuple[int, int]]:
    """By outcome: how many outcomes agree with the sign of its largest difference, and how many are known.

    The comparison is the one in which the two levels differ most in that outcome; the other outcomes are
    asked about the same two levels. differences: outcome → its differences at one visit.
    """
    known = {
        outcome: {
            row.level: row.estimate for row in rows if row.subgroup == subgroup and row.estimate is not None
        }
        for outcome, rows in differences.items()
    }
    found = {}
    for outcome, own in known.items():
        if own:
            level = max(own, key=lambda name: abs(own[name]))
            others = [values[level] for values in known.values() if level in values]
            found[outcome] = (sum((value > 0) == (own[level] > 0) for value in others), len(others))
    return found
