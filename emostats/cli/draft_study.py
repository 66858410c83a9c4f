"""A study file to fill in, for a workbook whose sheets and columns are known.

What can be seen in the workbook is filled in (ids, sex, age, visits, by the names of columns); what only
people know is marked TODO. The draft is valid TOML from the start, so that `emostats validate` can guide on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emostats.cli.one_table import opened
from emostats.errors import UsageError

_ID = re.compile(r"\b(child|subject|participant|patient|usubjid)?[ _]?(id|no|nr|number|code)\b|usubjid", re.I)
_SEX = re.compile(r"\b(sex|gender)\b", re.I)
_AGE = re.compile(r"\bage\b", re.I)
_VISIT = re.compile(r"\b(visit|avisit|time ?point|wave|occasion)\b", re.I)
FEW = 12


@dataclass(frozen=True)
class Sheet:
    """A sheet as it was found: its name ('' for a text file), the rows below its header, and its columns."""

    name: str
    n_rows: int
    columns: dict[str, tuple[Any, ...]]

    def find(self, pattern: re.Pattern[str]) -> str | None:
        """The first column whose header fits."""
        return next((name for name in self.columns if pattern.search(name)), None)

    def values(self, column: str) -> list[str]:
        """The different values of a column as text, in order, at most `FEW` of them, else none."""
        found = {str(value).strip() for value in self.columns[column] if str(value).strip()}
        return sorted(found, key=_by_number) if len(found) <= FEW else []

    @property
    def visit_column(self) -> str | None:
        """The column that tells the visits of one child apart, where children have several rows.

        By its name, else the first with few values that no child has twice.
        """
        child = self.find(_ID)
        if child is None or len(set(self.columns[child])) == len(self.columns[child]):
            return None
        return self.find(_VISIT) or next(
            (name for name in self.columns if name != child and self._tells_apart(child, name)), None
        )

    def _tells_apart(self, child: str, column: str) -> bool:
        pairs = list(zip(self.columns[child], self.columns[column], strict=True))
        return bool(self.values(column)) and len(set(pairs)) == len(pairs)


def _by_number(text: str) -> tuple[float, str]:
    return (float(text), text) if _parses(text) else (float("inf"), text)


def read_sheets(workbook: Path) -> list[Sheet]:
    """All sheets that have a header, in order.

    Raises
    ------
    UsageError: the file cannot be read or has nothing in it.
    """
    with opened(workbook) as reader:
        found = [(name, reader.read(name)) for name in reader.sheets]
    sheets = [Sheet(name, raw.n_rows - 1, _by_header(raw.columns)) for name, raw in found if raw.n_rows > 0]
    if not sheets:
        raise UsageError(f"{workbook} has nothing in it.")
    return sheets


def _by_header(columns: Sequence[Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    return {str(column[0]).strip(): tuple(column[1:]) for column in columns if str(column[0]).strip()}


def only_table(folder: Path) -> Path:
    """The workbook or text table of a folder that has just one.

    Raises
    ------
    UsageError: there is none, or there are several.
    """
    endings = (".xlsx", ".xlsm", ".csv", ".tsv")
    found = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in endings and path.name[0] not in "~."
    )
    if len(found) != 1:
        there = ", ".join(path.name for path in found) or "none"
        raise UsageError(f"say which workbook or table to start from; in this folder there is: {there}.")
    return found[0]


def draft_study(workbook: Path, target: Path) -> str:
    """The text of a study file for `workbook`, to stand at `target`.

    Raises
    ------
    UsageError: the workbook cannot be read, or does not lie in the folder of `target` or below.
    """
    sheets = read_sheets(workbook)
    try:
        file = workbook.resolve().relative_to(target.resolve().parent).as_posix()
    except ValueError:
        raise UsageError(
            f"a study file reads data from its own folder and below; {workbook} is elsewhere. "
            "Put both into one folder."
        ) from None
    roster = next((sheet for sheet in sheets if sheet.find(_ID) and sheet.find(_AGE)), None)
    roster = roster or next((sheet for sheet in sheets if sheet.find(_ID)), sheets[0])
    long = next((sheet for sheet in sheets if sheet.visit_column), None)
    parts = (_head(file, sheets), _subjects(roster), _visits(long), _outcomes(long), _analyses(long))
    return "\n".join([*parts, _OUTPUTS])


def write_draft(text: str, target: Path) -> None:
    """Writes a new file.

    Raises
    ------
    UsageError: there is one already, or it cannot be written.
    """
    try:
        with target.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(f"'{target}' exists already; nothing is overwritten. Give another name.") from None
    except OSError as error:
        raise UsageError(f"'{target}' cannot be written: {error.strerror}.") from None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _commented(lines: Iterable[str]) -> str:
    return "\n".join(f"# {line}".rstrip() for line in lines)


def _head(file: str, sheets: Sequence[Sheet]) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(file).stem).strip("-.") or "study"
    found = [f"  {_described(sheet)}" for sheet in sheets]
    return f"""# A study file for {file}, written by `emostats init`. What is marked TODO is yours to fill in.
# What each key means: the page "study-file" of the documentation. Check it with: emostats validate

schema = 1

[study]
id = {_quoted(stem)}
title = "TODO: the title of the study"
design = "TODO: for example single-group pre/post"
simulated = false
seed = 1                      # any whole number: the same number gives the same results

{_commented(["What the file holds:", *found])}

[sources.data]
file = {_quoted(file)}
"""


def _described(sheet: Sheet) -> str:
    name = f"sheet {_quoted(sheet.name)}: " if sheet.name else ""
    columns = ", ".join(map(_quoted, list(sheet.columns)[:40]))
    more = f" and {len(sheet.columns) - 40} more" if len(sheet.columns) > 40 else ""
    return f"{name}{sheet.n_rows} rows; columns {columns}{more}"


def _sheet_line(sheet: Sheet) -> str:
    return f"\nsheet = {_quoted(sheet.name)}" if sheet.name else ""


def _subjects(sheet: Sheet) -> str:
    found = {"USUBJID": sheet.find(_ID), "SEX": sheet.find(_SEX), "AGE": sheet.find(_AGE)}
    columns = {name: column for name, column in found.items() if column}
    columns = {"USUBJID": "TODO: the column with the child's id", **columns}
    listed = ", ".join(f"{name} = {_quoted(column)}" for name, column in columns.items())
    sex = _sex_lines(sheet, columns["SEX"]) if "SEX" in columns else ""
    bands = _AGE_BANDS if "AGE" in columns else ""
    factors = [name for name, there in (("SEX", sex), ("AGEBAND", bands)) if there]
    return f"""[subjects]                    # one row a child
source = "data"{_sheet_line(sheet)}
columns = {{ {listed} }}
{sex}
[subgroups]
factors = {json.dumps(factors)}
{bands}"""


_AGE_BANDS = "age_bands = [1, 7, 13]        # TODO: [1, 7) is shown as 1–6, [7, 13) as 7–12\n"


def _sex_lines(sheet: Sheet, column: str) -> str:
    values = sheet.values(column)
    girls = [value for value in values if value.lower() in ("f", "female", "girl", "girls", "w", "2")]
    codes = {value: "F" if value in girls else "M" for value in values} if len(values) == 2 else {}
    pairs = ", ".join(f"{_quoted(value)} = {_quoted(code)}" for value, code in codes.items())
    values_line = f"values = {{ SEX = {{ {pairs} }} }}   # TODO: check\n" if pairs and len(girls) == 1 else ""
    if not values_line:
        there = ", ".join(map(_quoted, values))
        values_line = f"# values = {{ SEX = {{ … }} }}   # TODO: the file has {there}\n"
    return values_line + 'levels = { SEX = ["M", "F"] }\nlabels = { SEX = { M = "Boys", F = "Girls" } }\n'


def _visits(long: Sheet | None) -> str:
    written = long.values(str(long.visit_column)) if long else []
    if not written:
        return """[[visits]]                    # TODO: the planned visits in time order
name = "BASELINE"
label = "Baseline"
baseline = true

[[visits]]
name = "FOLLOWUP"
label = "Follow-up"
"""
    tables = [_visit(value, first=position == 0) for position, value in enumerate(written)]
    return "# TODO: put the visits in time order, with baseline = true at the first\n" + "\n".join(tables)


def _visit(value: str, *, first: bool) -> str:
    name = re.sub(r"\W+", "_", value, flags=re.ASCII).strip("_").upper()
    name = name if re.match(r"[A-Z]", name) else f"VISIT_{name}".rstrip("_")
    flag = "\nbaseline = true" if first else ""
    return f"[[visits]]\nname = {_quoted(name)}\nlabel = {_quoted(value)}\nvalue = {_quoted(value)}{flag}\n"


def _outcomes(long: Sheet | None) -> str:
    instrument = _commented(
        """If answers to single items are in the file, let emostats score them:
[[instruments]]
name = "instruments/mine.toml"     # items, range, reverse keys, subscales; see the documentation
source = "data"
sheets = { BASELINE = "…", FOLLOWUP = "…" }
columns = { USUBJID = "…" }""".splitlines()
    )
    if long is None:
        example = """Values that are scored already, one row a child × visit:
[[measurements]]
source = "data"
columns = { USUBJID = "…", AVISIT = "…" }
[measurements.parameters]
SCORE = { column = "…", label = "…", unit = "points", range = [0, 100] }"""
        return f"{_commented(example.splitlines())}\n\n{instrument}\n"
    identifier, visit = str(long.find(_ID)), str(long.visit_column)
    scores = [name for name in long.columns if name not in (identifier, visit) and _is_number(long, name)]
    lines = [f"{_code(name)} = {{ column = {_quoted(name)}, label = {_quoted(name)} }}" for name in scores]
    return f"""[[measurements]]              # values that are scored already, one row a child × visit
source = "data"{_sheet_line(long)}
columns = {{ USUBJID = {_quoted(identifier)}, AVISIT = {_quoted(visit)} }}
[measurements.parameters]     # TODO: keep the outcomes; add unit = "…" and range = [lowest, highest]
{chr(10).join(lines) or "# no column of numbers was found"}

{instrument}
"""


def _is_number(sheet: Sheet, column: str) -> bool:
    filled = [value for value in sheet.columns[column] if str(value).strip()]
    return bool(filled) and all(_parses(value) for value in filled)


def _parses(value: Any) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _code(name: str) -> str:
    code = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").upper()
    return code if re.match(r"[A-Z]", code) else f"SCORE_{code}".rstrip("_")


def _analyses(long: Sheet | None) -> str:
    parameters = []
    if long is not None:
        keys = (long.find(_ID), long.visit_column)
        parameters = [_code(name) for name in long.columns if name not in keys and _is_number(long, name)]
    block = f"""[[analysis_sets]]
name = "FAS"
label = "Full analysis set"
rule = "any_outcome"          # children with at least one outcome value

[[analyses]]
name = "primary"
type = "mmrm"
parameters = {json.dumps(parameters[:1] or ["TODO"])}
analysis_set = "FAS"
formula = "AVAL ~ AVISIT + us(AVISIT | USUBJID)"   # TODO: the model of your plan
df_method = "kenward-roger-linear"
"""
    if parameters:
        return block
    return f"# TODO: when the outcomes are described, say what to analyse\n{_commented(block.splitlines())}\n"


_OUTPUTS = """[outputs]
report = true
tables = true
figures = true
"""
