"""Speed of reading, validating and scoring a workbook, beside the readers alone.

    python tests/benchmarks/ingest_benchmark.py [--rows 50000] [--repeat 3] [--openpyxl] [--csv 1000000]

Writes one sheet of `rows` questionnaires with 36 items and four more columns, and times in one run:
python-calamine alone, pandas on calamine, ours (read, checked, scored, traced), and with ``--openpyxl`` also
pandas on openpyxl (slow). ``--csv`` times a text file of so many rows of scored values besides. Medians, one
thread. Prints Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import openpyxl
import pandas as pd
from python_calamine import CalamineWorkbook

import emostats as em

ITEMS = [f"Q{number}" for number in range(1, 37)]
STUDY = """
[study]
id = "benchmark"
title = "Benchmark"
[sources.w]
file = "answers.xlsx"
[subjects]
source = "w"
columns = { USUBJID = "Child ID" }
[[visits]]
name = "V0"
baseline = true
[[instruments]]
name = "instrument.toml"
source = "w"
sheets = { V0 = "Answers" }
columns = { USUBJID = "Child ID", DATE = "Date", INFORMANT = "Informant", FORM = "Form" }
"""


def instrument() -> str:
    """Six subscales of six items, every third item reversed."""
    head = '[instrument]\nid = "b"\ntitle = "b"\nlicence = "x"\nsource = "x"\n[answers]\nrange = [0, 4]\n'
    head += "[scoring]\nmax_missing = 2\n"
    for number, item in enumerate(ITEMS):
        head += f'[[items]]\nid = "{item}"\nreverse = {"true" if number % 3 == 2 else "false"}\n'
    for scale in range(6):
        items = ITEMS[scale * 6 : scale * 6 + 6]
        head += f'[[subscales]]\nid = "S{scale}"\nlabel = "S{scale}"\nitems = {items}\n'
    return head.replace("'", '"')


def write_study(folder: Path, rows: int) -> Path:
    """The study folder with its workbook."""
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    (folder / "instrument.toml").write_text(instrument(), encoding="utf-8")
    draws = np.random.default_rng(1).integers(0, 6, (rows, len(ITEMS)))
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Answers")
    sheet.append(["Child ID", "Date", "Informant", "Form", *ITEMS])
    for number, row in enumerate(draws.tolist()):
        answers = [None if value == 5 else value for value in row]
        sheet.append([f"C{number:06}", "2025-03-01", "mother", "A", *answers])
    book.save(folder / "answers.xlsx")
    return folder / "answers.xlsx"


def seconds(task: Callable[[], object], repeat: int) -> float:
    """Median time of a task."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return median(times)


def calamine(path: Path) -> object:
    """The values alone."""
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name("Answers").to_python(skip_empty_area=False)


CSV_STUDY = """
[study]
id = "benchmark"
title = "Benchmark"
[sources.t]
file = "scores.csv"
[subjects]
source = "t"
columns = { USUBJID = "id" }
[[visits]]
name = "V0"
baseline = true
[[visits]]
name = "V1"
[[measurements]]
source = "t"
columns = { USUBJID = "id", AVISIT = "visit" }
[measurements.parameters]
SCORE = { column = "score", range = [0, 100] }
"""


def write_scores(folder: Path, rows: int) -> None:
    """A study whose one CSV file has `rows` rows: two visits a child."""
    (folder / "study.toml").write_text(CSV_STUDY, encoding="utf-8")
    with (folder / "scores.csv").open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("id,visit,score\n")
        stream.writelines(f"C{row // 2:07},V{row % 2},{row % 101}\n" for row in range(rows))


def time_csv(rows: int, repeat: int) -> None:
    """Prints the row of the text file."""
    with tempfile.TemporaryDirectory() as name:
        write_scores(Path(name), rows)
        print(f"| emostats: CSV of {rows:,} rows | {seconds(lambda: em.read_study(name), repeat):.2f} |")


def main() -> None:
    """Runs the cases and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--openpyxl", action="store_true")
    parser.add_argument("--csv", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = write_study(Path(name), options.rows)
        cases: dict[str, Callable[[], object]] = {
            "python-calamine, values only": lambda: calamine(path),
            "pandas on calamine, values only": lambda: pd.read_excel(path, engine="calamine"),
            "emostats: read, checked, scored, traced": lambda: em.read_study(name),
        }
        if options.openpyxl:
            cases["pandas on openpyxl, values only"] = lambda: pd.read_excel(path, engine="openpyxl")
        em.read_study(name)
        print(f"| {options.rows:,} × {len(ITEMS) + 4} cells | seconds |\n|---|---|")
        for case, task in cases.items():
            print(f"| {case} | {seconds(task, options.repeat):.2f} |")
    if options.csv:
        time_csv(options.csv, options.repeat)


if __name__ == "__main__":
    main()
