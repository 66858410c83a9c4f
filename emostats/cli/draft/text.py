"""A study file to fill in, for a workbook whose sheets and columns are known.

What can be seen in the workbook is filled in (ids, sex, age, visits, by the names of columns); what only
people know is marked TODO. The draft is valid TOML from the start, so that `emostats validate` can guide on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from emostats.cli.draft.roles import Roles, Wave, code, find_roles, scores, visit_column
from emostats.cli.draft.sheets import AGE, CLIP, GUESS, ID, RATER, SESSION, SEX, Sheet, read_sheets
from emostats.errors import UsageError


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
    roles = find_roles(sheets)
    parts = (_head(file, sheets), _subjects(roles.roster), _visits(roles.waves), _outcomes(roles, file))
    return "\n".join(
        [*parts, *_ratings(roles.ratings), *_sessions(roles.sessions), _analyses(roles.long), _OUTPUTS]
    )


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
    found = {"USUBJID": sheet.find(ID), "SEX": sheet.find(SEX), "AGE": sheet.find(AGE)}
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


def _visits(waves: Sequence[Wave]) -> str:
    if not waves:
        return """[[visits]]                    # TODO: the planned visits in time order
name = "BASELINE"
label = "Baseline"
baseline = true

[[visits]]
name = "FOLLOWUP"
label = "Follow-up"
"""
    tables = [_visit(wave, first=position == 0) for position, wave in enumerate(waves)]
    return "# TODO: put the visits in time order, with baseline = true at the first\n" + "\n".join(tables)


def _visit(wave: Wave, *, first: bool) -> str:
    value = f"value = {_quoted(wave.value)}\n" if wave.value is not None else ""
    flag = "baseline = true\n" if first else ""
    return f"[[visits]]\nname = {_quoted(wave.name)}\nlabel = {_quoted(wave.label)}\n{value}{flag}"


def _outcomes(roles: Roles, file: str) -> str:
    return (
        f"{_measurements(roles.long)}\n\n{_instrument(roles, file)}\n"
        if roles.long
        else f"{_instrument(roles, file)}\n"
    )


def _measurements(long: Sheet) -> str:
    identifier, visit = str(long.find(ID)), str(visit_column(long) or long.visit_column)
    lines = [
        f"{code(name)} = {{ column = {_quoted(name)}, label = {_quoted(name)} }}" for name in scores(long)
    ]
    return f"""[[measurements]]              # values that are scored already, one row a child × visit
source = "data"{_sheet_line(long)}
columns = {{ USUBJID = {_quoted(identifier)}, AVISIT = {_quoted(visit)} }}
[measurements.parameters]     # TODO: keep the outcomes; add unit = "…" and range = [lowest, highest]
{chr(10).join(lines)}"""


def _instrument(roles: Roles, file: str) -> str:
    """A block to uncomment: it needs an instrument file, which `emostats schema new` begins."""
    sheets = {wave.name: wave.sheet for wave in roles.waves if wave.sheet}
    begin = f'emostats schema new "{file}"'
    if sheets:
        begin += f' --sheet "{roles.forms[0].name}"'
    listed = ", ".join(f"{name} = {_quoted(sheet)}" for name, sheet in sheets.items())
    child = str(roles.forms[0].find(ID)) if roles.forms else "…"
    return _commented(
        f"""TODO: answers to single items are scored by emostats. Begin an instrument file with
  {begin} --output mine.toml
fill it in, and take away the # below:
[[instruments]]
name = "mine.toml"            # items, range, reverse keys, subscales; see the documentation
source = "data"
sheets = {{ {listed or 'BASELINE = "…", FOLLOWUP = "…"'} }}
columns = {{ USUBJID = {_quoted(child)} }}""".splitlines()
    )


def _ratings(sheet: Sheet | None) -> list[str]:
    if sheet is None:
        return []
    columns = {"USUBJID": sheet.find(ID), "CLIP": sheet.find(CLIP), "RATER": sheet.find(RATER)}
    columns |= {"GUESS": sheet.find(GUESS), "AVISIT": visit_column(sheet)}
    domains = [
        f"{code(name)} = {{ column = {_quoted(name)}, label = {_quoted(name)} }}" for name in scores(sheet)
    ]
    values = [float(value) for name in scores(sheet) for value in sheet.columns[name] if str(value).strip()]
    return [
        f"""[ratings]                     # blind expert ratings, one row a clip × rater
source = "data"{_sheet_line(sheet)}
columns = {{ {_pairs(columns)} }}
range = [{min(values):g}, {max(values):g}]   # TODO: lowest and highest of the scale; these occur in the data
[ratings.domains]
{chr(10).join(domains)}
"""
    ]


def _sessions(sheet: Sheet | None) -> list[str]:
    if sheet is None:
        return []
    columns = {"USUBJID": sheet.find(ID), "SESSION": sheet.find(SESSION), "AVISIT": visit_column(sheet)}
    lines = [
        f"{code(name)} = {{ column = {_quoted(name)}, label = {_quoted(name)} }}" for name in scores(sheet)
    ]
    return [
        f"""[session_scores]              # one row a child × session
source = "data"{_sheet_line(sheet)}
columns = {{ {_pairs(columns)} }}
[session_scores.parameters]   # TODO: keep what is an outcome; add range = [lowest, highest]
{chr(10).join(lines)}
"""
    ]


def _pairs(columns: dict[str, str | None]) -> str:
    return ", ".join(f"{name} = {_quoted(column)}" for name, column in columns.items() if column)


def _analyses(long: Sheet | None) -> str:
    parameters = [code(name) for name in scores(long)] if long is not None else []
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
