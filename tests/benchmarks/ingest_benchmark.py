"""Speed of reading, validating and scoring a workbook, beside the readers alone.

    python tests/benchmarks/ingest_benchmark.py [--rows 50000] [--repeat 3] [--openpyxl] [--csv 1000000]

Writes one sheet of `rows` questionnaires with 36 items and four more columns, and times in one run:
python-calamine alone, pandas on calamine, ours (read, checked, scored, traced), and with ``--openpyxl`` also
pandas on openpyxl (slow). ``--csv`` times a text file of so many rows of scored values besides. Medians, one
thread. Prints Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import zipfile
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


def seconds(task: Callable[[], object], repeat: int) -> str:
    """Median time of a task by the clock and of the processor, as two cells."""
    walls, busy = [], []
    for _ in range(repeat):
        start, begun = time.perf_counter(), time.process_time()
        task()
        walls.append(time.perf_counter() - start)
        busy.append(time.process_time() - begun)
    return f"{median(walls):.2f} | {median(busy):.2f}"


PEAK = """
import re, sys
from pathlib import Path
import emostats as em
em.read_study
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
em.read_study(sys.argv[1])
print(peak() - before)
"""


def memory(folder: str, path: Path) -> str:
    """Peak memory of reading a study (Linux), above that of the program, and as a multiple of its data."""
    run = subprocess.run([sys.executable, "-c", PEAK, folder], capture_output=True, text=True, check=True)
    extra = int(run.stdout) * 1024
    size = path.stat().st_size
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            size = sum(part.file_size for part in book.infolist())
    return (
        f"{extra / 1e6:.0f} MB, {extra / size:.0f} × the file{' unpacked' if path.suffix == '.xlsx' else ''}"
    )


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
        row = seconds(lambda: em.read_study(name), repeat)
        print(f"| emostats: CSV of {rows:,} rows | {row} | {memory(name, Path(name) / 'scores.csv')} |")


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
        head = f"| {options.rows:,} × {len(ITEMS) + 4} cells | seconds | of the processor | memory |"
        print(f"{head}\n|---|---|---|---|")
        for case, task in cases.items():
            used = memory(name, path) if case.startswith("emostats") else "–"
            print(f"| {case} | {seconds(task, options.repeat)} | {used} |")
    if options.csv:
        time_csv(options.csv, options.repeat)


if __name__ == "__main__":
    main()
