"""What the public edition shows of numbers that are given in steps, and of those that are hidden."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from emostats.pipeline.public import public_edition
from emostats.report import build_report


@pytest.fixture(scope="module")
def edition(handmade):
    """The public results, and the report of them."""
    spec = handmade.spec()
    results, manifest = public_edition(handmade.results(), spec, handmade.manifest(), "cms")
    return results, build_report(spec, results, manifest)


def cells_of(report):
    return [cell for table in report.tables() for row in table.rows for cell in row.cells]


def longest(text: str) -> int:
    """The most decimals of a number in a text."""
    return max((len(found) for found in re.findall(r"\d\.(\d+)", text)), default=0)


def decimals(value: float) -> int:
    """Decimals that a value has as it is written in full."""
    return len(f"{value!r}".rpartition(".")[2].removesuffix("0")) if value == value else 0


def test_no_shown_number_has_more_decimals_than_its_step(edition):
    results, report = edition
    rows = results.estimates.set_index("estimate_id")
    kinds = ("ls_mean", "change", "difference_of_changes", "effect_size", "percent_change", "coefficient")
    looked_at = 0
    for cell in cells_of(report):
        if cell.reason or cell.estimate_id not in rows.index or not isinstance(cell.value, float):
            continue
        row = rows.loc[cell.estimate_id]
        if row["kind"] not in kinds or cell.value != row["estimate"]:
            continue
        most = max(decimals(float(row[name])) for name in ("estimate", "conf_low", "conf_high"))
        assert longest(f"{cell.text} {cell.detail}") <= most, (cell, most)
        looked_at += 1
    assert looked_at > 20


def test_the_raw_values_are_the_published_ones(edition):
    results, report = edition
    known = set(results.estimates["estimate"].dropna())
    shown = {cell.value for cell in cells_of(report) if cell.estimate_id and isinstance(cell.value, float)}
    assert len(shown & known) > 10


def test_a_hidden_difference_is_said_to_be_hidden(edition):
    _, report = edition
    table = next(table for table in report.tables() if table.id == "table-baseline-lost")
    gone = [row.cells[-1] for row in table.rows if row.cells and any(cell.reason for cell in row.cells[:-1])]
    assert gone and all(cell.reason.startswith("Hidden: a small group") for cell in gone)


def test_a_difference_without_spread_is_said_to_be_undefined(handmade):
    results = handmade.results()
    bare = results.tables["baseline"].assign(smd=float("nan"))
    results = replace(results, tables={**results.tables, "baseline": bare})
    report = build_report(handmade.spec(), results, handmade.manifest())
    table = next(table for table in report.tables() if table.id == "table-baseline-lost")
    assert {row.cells[-1].reason for row in table.rows if row.cells} == {
        "Not defined: no spread in one of the groups"
    }


def first_words(report) -> str:
    section = next(section for section in report.sections if section.id == "provenance")
    return "".join(part for part in section.blocks[0].parts if isinstance(part, str))


@pytest.mark.parametrize(("language", "told"), [("en", "are not published"), ("zh", "不予公开")])
def test_only_the_internal_edition_points_to_the_file_of_estimates(handmade, language, told):
    spec = handmade.spec()
    results, manifest = public_edition(handmade.results(), spec, handmade.manifest(), "cms")
    public = first_words(build_report(spec, results, manifest, language=language))
    assert told in public and "estimates.csv" not in public
    internal = build_report(spec, handmade.results(), handmade.manifest(), language=language)
    assert "estimates.csv" in first_words(internal)
