"""The path through the house: study file → data → estimates → report, in one immutable run folder.

Reading order: `load` → `analyse` (with `runners`) → `assemble` → `write`, put together in `run`. `verify`,
`rerender` and `compare` start from finished runs.
"""

from __future__ import annotations

from emostats.pipeline.compare import RunDifference, compare_runs
from emostats.pipeline.progress import Progress
from emostats.pipeline.public import note_edition
from emostats.pipeline.rerender import rerender
from emostats.pipeline.run import Outcome, execute, run_study
from emostats.pipeline.verify import Verification, verify_run

__all__ = [
    "Outcome",
    "Progress",
    "RunDifference",
    "Verification",
    "compare_runs",
    "execute",
    "note_edition",
    "rerender",
    "run_study",
    "verify_run",
]
