"""Recompute the published percentages from the published means.

    python analyses/published_claims/check.py

For each claim in claims.toml: what the printed means give, what the unrounded means may give, and whether the
printed percentage is among that. Another study can check its own figures with a file of the same form:

    python analyses/published_claims/check.py other_claims.toml
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from emostats.statistics.effects import ClaimCheck, check_claim

CLAIMS = Path(__file__).with_name("claims.toml")


def checks(path: Path = CLAIMS) -> list[ClaimCheck]:
    """One verdict a claim, in the order of the file."""
    claims = tomllib.loads(path.read_text(encoding="utf-8"))["claims"]
    return [
        check_claim(
            claim["claimed"],
            claim["formula"],
            claim["inputs"],
            name=claim["name"],
            exact_inputs=tuple(claim.get("exact_inputs", ())),
        )
        for claim in claims
    ]


def main(path: Path = CLAIMS) -> int:
    """Print the verdicts; 1 if a claim cannot come from its own figures, else 0."""
    found = checks(path)
    for check in found:
        print(check.sentence())
    return 0 if all(check.consistent for check in found) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else CLAIMS))
