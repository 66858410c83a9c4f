"""Speed of the public profile: from finished results to a page in which small groups are hidden.

    python tests/benchmarks/privacy_benchmark.py [--outcomes 50] [--bands 12] [--rule cms] [--write FILE]

Simulated children of sex × age band (2 × 12 = 24 subgroups), four visits, one child in ten lost before the
last, one value in fifty missing. Flow and means by visit of every outcome and subgroup, and the estimates of
`report_benchmark.py`. No model is fitted. One thread, CPU time. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy is loaded
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import report_benchmark as report  # noqa: E402

from emostats.estimates import AnalysisResults, estimates_frame  # noqa: E402
from emostats.privacy import public_results  # noqa: E402
from emostats.render import html  # noqa: E402
from emostats.report import build_report  # noqa: E402
from emostats.statistics.descriptives import flow_stages, flow_table, visits_table  # noqa: E402
from emostats.study.spec import StudySpec  # noqa: E402

PER_GROUP = 40


def results_of(spec: StudySpec, bands: int, seed: int = 1) -> AnalysisResults:
    """Tables of simulated children, and the estimates with the number of children behind each."""
    codes = spec.analysis("primary").parameters
    rng = np.random.default_rng(seed)
    levels = [f"{sex}, {age}" for sex in ("Boys", "Girls") for age in range(1, bands + 1)]
    ids = [f"S{number}" for number in range(PER_GROUP * len(levels))]
    level = rng.integers(0, len(levels), len(ids))
    visits = {visit.name: visit.shown for visit in spec.visits}
    stayed = rng.random(len(ids)) > 0.1
    seen = rng.random((len(ids), len(visits), len(codes))) > 0.02
    seen[:, -1] &= stayed[:, None]
    child, visit, code = np.nonzero(seen)
    observed = pd.DataFrame(
        {
            "USUBJID": np.array(ids)[child],
            "AVISIT": np.array(list(visits))[visit],
            "PARAMCD": np.array(codes)[code],
            "AVAL": rng.normal(size=len(child)),
        }
    )
    groups = {"": ids} | {
        name: [i for i, own in zip(ids, level, strict=True) if own == k] for k, name in enumerate(levels)
    }
    stages = flow_stages(ids, observed, visits, {"FAS": ids})
    tables = {"flow": flow_table(stages, groups), "visits": visits_table(observed, visits, groups)}
    rows = estimates_frame([row for item in codes for row in report.rows_of(item, bands)])
    return AnalysisResults(rows.assign(n=_sizes(rows, tables["visits"])), tables, {})


def _sizes(rows: pd.DataFrame, visits: pd.DataFrame) -> list[float]:
    """Children behind each estimate; of a difference, those of both groups."""
    keys = zip(visits["parameter"], visits["visit"], visits["level"], strict=True)
    known: Mapping[tuple[str, str, str], float] = dict(zip(keys, visits["n"].astype(float), strict=True))
    return [
        sum(known[parameter, visit, side.strip("()")] for side in (level.split(" − ") if level else [""]))
        for parameter, visit, level in zip(rows["parameter"], rows["visit"], rows["level"], strict=True)
    ]


def measured(spec: StudySpec, results: AnalysisResults, rule: str) -> str:
    """One line of the table: time to hide, and to make the page of what is left."""
    found = []
    to_hide = report.seconds(lambda: found.append(public_results(results, spec, rule=rule)), 1)
    public, told = found[0]
    manifest = report.handmade.manifest()
    to_page = report.seconds(lambda: html(build_report(spec, public, manifest)), 1)
    counts = f"{told.protected:,} | {told.small:,} | {told.linked:,}"
    return f"| {rule} | {counts} | {to_hide:.1f} s | {to_page:.1f} s |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--outcomes", type=int, default=50)
    parser.add_argument("--bands", type=int, default=12)
    parser.add_argument("--rule", action="append")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory() as place:
        spec = report.spec_of(options.outcomes, options.bands, Path(place))
        results = results_of(spec, options.bands)
        lines = [measured(spec, results, rule) for rule in options.rule or ("cms", "trial")]
    table = "\n".join(
        (
            f"{options.outcomes} outcomes × {2 * options.bands} subgroups, {len(results.estimates):,} "
            f"estimates. Python {platform.python_version()}, {platform.machine()}, one thread, CPU time.",
            "",
            "| Rule | Small counts to protect | Hidden, small | Hidden, others | To hide | To HTML |",
            "|---|---|---|---|---|---|",
            *lines,
        )
    )
    print(table)
    if options.write:
        options.write.write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
