"""The validation page in the docs covers what the engine offers, within what the tests allow."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmrm_references import METHODS, r_cases

from emostats.statistics.mmrm.covariance import STRUCTURES

PAGE = Path(__file__).parents[3] / "docs" / "mmrm-validation.md"


def table(heading: str) -> list[dict[str, str]]:
    """The rows of the table under a heading of the page."""
    text = PAGE.read_text(encoding="utf-8").split(f"## {heading}")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    header, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line
    ]
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_every_structure_is_compared_with_the_papers() -> None:
    seen = {row["model"].split("-")[0] for row in table("Against the papers")}
    assert seen == set(STRUCTURES)


def test_every_fit_and_method_is_compared_with_r() -> None:
    structures = {case["covariance"].split("(")[0] for case in r_cases().values()}
    rows = table("Against R mmrm")
    assert {row["structure"].split(",")[0] for row in rows} == structures
    methods = {df if vcov == "asymptotic" else f"{df}, {vcov}" for df, vcov in METHODS.values()}
    for structure in structures:
        assert {row["method"] for row in rows if row["structure"] == structure} == methods


@pytest.mark.parametrize(
    ("column", "limit"), [("−2 log L", 1e-8), ("standard errors", 1e-7), ("df", 1e-7), ("p", 1e-5)]
)
def test_the_page_shows_differences_within_the_tolerances(column: str, limit: float) -> None:
    assert max(float(row[column]) for row in table("Against R mmrm")) < limit
