"""The documentation's tables of assumptions are the generator's."""

from __future__ import annotations

import re
from pathlib import Path

from emostats.resources import resource
from emostats.simulate import PUBLISHED_DESIGN, population_values
from emostats.study.instruments import instruments_folder, read_instrument

ROOT = Path(__file__).resolve().parents[2]
SEX = {"Boys": "M", "Girls": "F"}


def documented_means() -> dict[tuple[str, str, str], list[str]]:
    """(label, sex, age band) → the four cells of the documentation's table."""
    page = (ROOT / "docs" / "simulated-study.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z][a-z ]+) \| (Boys|Girls), (\S+) \|(.+)\|$", page, re.MULTILINE)
    return {
        (label, SEX[who], band): [cell.strip() for cell in cells.split("|")]
        for label, who, band, cells in rows
    }


def test_the_documented_means_are_the_population_means():
    instrument = read_instrument(instruments_folder() / "family_questionnaire.toml")
    labels = {subscale.id: subscale.label for subscale in instrument.subscales}
    table = population_values()
    table = table[(table["quantity"] == "mean") & table["parameter"].isin(labels)]
    documented = documented_means()
    assert len(documented) == 16
    for (parameter, sex, band), rows in table.groupby(["parameter", "sex", "age_band"], sort=False):
        cells = documented[labels[parameter], sex, band]
        assert [float(cell.strip("*")) for cell in cells] == rows["value"].tolist()
        assert [cell.startswith("**") for cell in cells] == (rows["source"] == "paper, abstract").tolist()


def test_the_documented_counts_and_percentages_are_the_designs():
    page = (ROOT / "docs" / "simulated-study.md").read_text(encoding="utf-8")
    young_boys, old_boys, young_girls, old_girls = (cell.children for cell in PUBLISHED_DESIGN.cells)
    assert f"{young_boys} boys and {young_girls} girls aged 1–6" in page
    assert f"{old_boys} boys and {old_girls} girls aged 7–12" in page
    missing = PUBLISHED_DESIGN.missing
    for share in (missing.dropout, missing.baseline, missing.gap, missing.page, missing.item):
        assert f"{100 * share:g} %" in page
    assert f"{PUBLISHED_DESIGN.roster.sibling_pairs} pairs of siblings" in page
    assert f"{len(PUBLISHED_DESIGN.ratings.raters)} raters" in page
    accuracy = [value for domain in PUBLISHED_DESIGN.ratings.domains for value in domain.accuracy.values()]
    assert f"{100 * min(accuracy):g}–{100 * max(accuracy):g} %" in page


def test_the_bundled_analysis_says_that_its_data_are_simulated():
    readme = (resource("analyses") / "emomusik_182" / "README.md").read_text(encoding="utf-8")
    assert "Simulated data: no child here exists" in readme
