"""What earlier sessions taught, as the belief with which a child's next session starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emostats.errors import Finding, Severity, UsageError
from emostats.music.belief import Belief, Evidence, Prior, new_child, updated
from emostats.music.record import UNHEARD, unheard
from emostats.music.replay import run_again
from emostats.music.tracks import Library

Log = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Memory:
    """Evidence by child. n_sessions: logs that count; findings: logs that do not, and why."""

    evidence: Mapping[str, Evidence]
    n_sessions: int
    findings: tuple[Finding, ...] = ()

    def belief(self, child: str, prior: Prior | None = None) -> Belief:
        """Belief about a child: from the others by partial pooling, then from its own sessions."""
        prior = prior or Prior()
        others = [found for name, found in self.evidence.items() if name != child]
        return updated(new_child(prior, others), self.evidence.get(child, Evidence()))


def remember(logs: Iterable[tuple[str, Log]], library: Library) -> Memory:
    """The evidence of logs (name, records). A log of another library is left out with a warning: what its
    tracks were is not known here. So is one of a walk through recorded scores, whose pieces nobody heard."""
    evidence: dict[str, Evidence] = {}
    findings = []
    count = 0
    for name, records in logs:
        if unheard(records):
            what = f"The log is left out: {UNHEARD}"
            findings.append(Finding("log-left-out", what, severity=Severity.WARNING, file=name))
            continue
        try:
            found = run_again(records, library).evidence
        except UsageError as error:
            findings.append(Finding("log-left-out", str(error), severity=Severity.WARNING, file=name))
            continue
        child = records[0]["child"] or f"({name})"
        before = evidence.get(child, Evidence())
        evidence[child] = Evidence(
            before.precision + found.precision, before.information + found.information, before.n + found.n
        )
        count += 1
    return Memory(evidence, count, tuple(findings))
