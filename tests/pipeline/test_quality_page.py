"""The data-quality page: its numbers are those of the data."""

from __future__ import annotations

from dataclasses import replace

import pytest

import emostats as em
from emostats.errors import Finding, Severity
from emostats.pipeline.quality_page import MOST_ROWS, quality_page
from emostats.simulate import write_study
from emostats.study import read_spec


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = write_study(tmp_path_factory.mktemp("quality") / "study")
    file = path / "study.toml" if path.is_dir() else path
    return read_spec(file), em.read_study(file)


def table(model, name):
    return next(block for block in model.blocks() if block.kind == "table" and block.id == name)


def test_gaps_and_losses_are_those_of_the_data(study):
    spec, data = study
    model = quality_page(spec, data, data.findings)
    rows = {row.header: row.cells for row in table(model, "table-items").rows}
    items = data.items[data.items["ITEM"].isin([f"SI{n}" for n in range(1, 7)])]
    for cell, visit in zip(rows["Social interest"], spec.visit_names, strict=True):
        here = items[items["AVISIT"] == visit]
        forms = data.items[(data.items["AVISIT"] == visit) & data.items["VALUE"].notna()]["USUBJID"]
        asked = here[here["USUBJID"].isin(set(forms))]
        assert cell.value == asked["VALUE"].isna().sum() > 0
    lost = table(model, "table-lost").rows[0].cells
    assert sum(cell.value for cell in lost) == len(data.subjects)
    gaps = {row.header: [cell.value for cell in row.cells] for row in table(model, "table-patterns").rows}
    scores = data.observations[data.observations["PARAMCD"] == "SOCINT"].dropna(subset=["AVAL"])
    visits = scores.groupby("USUBJID")["AVISIT"].apply(lambda seen: [spec.visit_names.index(v) for v in seen])
    expected = [
        sum(len(seen) == len(spec.visit_names) for seen in visits),
        sum(sorted(seen) == list(range(len(seen))) and len(seen) < len(spec.visit_names) for seen in visits),
        sum(sorted(seen) != list(range(len(seen))) for seen in visits),
        len(data.subjects) - len(visits),
    ]
    assert gaps["Social interest"] == expected and min(expected[:3]) > 0
    hashes = {row.cells[1].text for row in table(model, "table-sources").rows}
    assert hashes == set(data.provenance["SHA256"])
    assert model.simulated


def test_findings_are_listed_by_severity_and_the_rest_counted(study):
    spec, _ = study
    one = Finding("value-out-of-range", "expected 0 to 4; found 9.", "Look.", subject="007", cell="C3")
    many = [one] * (MOST_ROWS + 2) + [replace(one, severity=Severity.WARNING, subject="", action="")]
    model = quality_page(spec, None, many)
    errors = table(model, "table-errors")
    assert len(errors.rows) == MOST_ROWS
    assert "2 more" in str(errors.footnotes)
    assert [column.label for column in errors.columns] == ["Child", "What was found", "What to do"]
    assert [column.label for column in table(model, "table-warnings").columns] == ["What was found"]
    assert len(model.sections) == 1
