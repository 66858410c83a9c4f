"""Findings on the terminal: all kinds, and of a kind that comes in hundreds the first few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emostats.errors import Finding

SHOWN = 5
"""Findings of one rule in one sheet that are listed before the rest is counted."""


def shortened(findings: Iterable[Finding], shown: int | None = SHOWN) -> Iterator[str]:
    """One line a finding; of more than `shown` of one rule in one sheet, a line counts the rest."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        key = (finding.severity, finding.rule, finding.file, finding.sheet)
        groups.setdefault(key, []).append(finding)
    for (severity, rule, _, _), group in groups.items():
        kept = group if shown is None or len(group) <= shown + 1 else group[:shown]
        yield from (f"{finding.severity}: {finding}" for finding in kept)
        if len(kept) < len(group):
            yield f"{severity}: … and {len(group) - len(kept)} more of this kind ({rule})."
