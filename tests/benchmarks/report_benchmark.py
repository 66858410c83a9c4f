"""Speed and size of the report, from finished results to files.

    python tests/benchmarks/report_benchmark.py [--outcomes 50] [--bands 12] [--repeat 3] [--write FILE]

The results are made by hand: every outcome has LS means, changes, percent and standardized changes of all
children and of sex × age band (2 × 12 = 24 subgroups) at four visits, and the differences of all pairs of
subgroups. No model is fitted. One thread; the median CPU time of the repeats. Prints Markdown with the goals
beside the figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy is loaded

from emostats.estimates import AnalysisResults, Estimate, estimates_frame  # noqa: E402
from emostats.figures import png  # noqa: E402
from emostats.render import docx, html  # noqa: E402
from emostats.report import build_report  # noqa: E402
from emostats.study.spec import StudySpec, read_spec  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))
import handmade  # noqa: E402

VISITS = handmade.VISITS
DIVISION = "SEX:AGEBAND"


def spec_of(outcomes: int, bands: int, folder: Path) -> StudySpec:
    """The hand-made study file with as many outcomes and age bands as wanted."""
    codes = [f"P{number:03d}" for number in range(1, outcomes + 1)]
    lines = handmade.STUDY.read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("SOCINT ="))
    lines[first : first + 2] = [
        f'{code} = {{ column = "{code}", label = "Outcome {code}", unit = "points", range = [0, 4] }}'
        for code in codes
    ]
    text = "\n".join(lines).replace(
        '"SOCINT", "EMORESP", "VALENCE"', ", ".join(f'"{code}"' for code in codes)
    )
    text = text.replace('"SOCINT", "EMORESP"', f'"{codes[0]}"')
    text = text.replace('"SOCINT"', f'"{codes[0]}"').replace('"EMORESP"', f'"{codes[-1]}"')
    text = text.replace("age_bands = [1, 7, 13]", f"age_bands = {list(range(1, bands + 2))}")
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return read_spec(path)


def rows_of(code: str, bands: int) -> Iterator[Estimate]:
    """All estimates of one outcome."""
    levels = [f"{sex}, {age}" for sex in ("Boys", "Girls") for age in range(1, bands + 1)]
    places = [("", ""), *((DIVISION, level) for level in levels)]
    for size, (subgroup, level) in enumerate(places, start=1):
        for step, visit in enumerate(VISITS):
            yield row("ls_mean", code, visit, subgroup, level, 1 + 0.3 * step + 0.01 * size, "points")
            if step:
                change = 0.3 * step + 0.005 * size
                yield row("change", code, visit, subgroup, level, change, "points")
                yield row("percent_change", code, visit, subgroup, level, 30 * change, "%")
                yield row("effect_size", code, visit, subgroup, level, 1.5 * change, "SD")
    for (i, first), (j, second) in combinations(enumerate(levels), 2):
        for visit in VISITS[1:]:
            level = f"({first}) − ({second})"
            yield row("difference_of_changes", code, visit, DIVISION, level, 0.005 * (i - j), "points")


def row(kind: str, code: str, visit: str, subgroup: str, level: str, value: float, unit: str) -> Estimate:
    place = f"{subgroup}={level}" if subgroup else "overall"
    return Estimate(
        f"primary/{code}/{kind}/{visit}/{place}", "primary", kind, code, "FAS", unit, visit, subgroup, level,
        estimate=value, std_error=0.0712, num_df=1.0, den_df=168.43, conf_low=value - 0.14,
        conf_high=value + 0.14, conf_level=0.95, statistic=value / 0.0712, p_value=0.0312, n=40,
        method="MMRM (REML), us, kenward-roger-linear",
    )  # fmt: skip


def seconds(call: Callable[[], object], repeat: int) -> float:
    """Median CPU time, which other work on the machine does not stretch as it does the clock."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return median(times)


def measured(name: str, spec: StudySpec, results: AnalysisResults, goal: str, repeat: int) -> str:
    """One line of the table: time to the page and its size, time to the Word file."""
    manifest = handmade.manifest()
    page = html(build_report(spec, results, manifest))
    to_page = seconds(lambda: html(build_report(spec, results, manifest)), repeat)
    model = build_report(spec, results, manifest)
    to_word = seconds(lambda: docx(model, png), 1) if len(results.estimates) < 5000 else None
    word = "—" if to_word is None else f"{to_word:.2f} s"
    n = len(results.estimates)
    return f"| {name} | {n:,} | {to_page:.2f} s | {goal} | {len(page.encode()) / 1e6:.2f} MB | {word} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--outcomes", type=int, default=50)
    parser.add_argument("--bands", type=int, default=12)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory() as place:
        spec = spec_of(options.outcomes, options.bands, Path(place))
        codes = spec.analysis("primary").parameters
        rows = [estimate for code in codes for estimate in rows_of(code, options.bands)]
        results = AnalysisResults(estimates_frame(rows), handmade.tables(), {})
        small = measured("hand-made study, 3 outcomes × 8 subgroups", handmade.spec(), handmade.results(),
                         "≤ 3 s, ≤ 1.5 MB", options.repeat)  # fmt: skip
        name = f"{options.outcomes} outcomes × {2 * options.bands} subgroups"
        large = measured(name, spec, results, "≤ 20 s", options.repeat)
    table = "\n".join(
        (
            f"Python {platform.python_version()}, {platform.machine()}, one thread, CPU time.",
            "",
            "| Report | Estimates | To HTML | Goal | Size | To Word |",
            "|---|---|---|---|---|---|",
            small,
            large,
        )
    )
    print(table)
    if options.write:
        options.write.write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
