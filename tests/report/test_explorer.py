"""What the explorer embeds: the run's estimates with their texts, groups told apart, and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from emostats.estimates import AnalysisResults, estimates_frame
from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.explorer import explorer
from emostats.report.explorer.groups import factors_of, groups_of, sides


def context_of(handmade, rows=None, spec=None, manifest=None) -> Context:
    results = handmade.results()
    if rows is not None:
        results = AnalysisResults(estimates_frame(rows), results.tables, results.facts)
    return Context.of(spec or handmade.spec(), results, manifest or handmade.manifest())


@pytest.fixture(scope="module")
def made(handmade):
    return explorer(context_of(handmade))


@pytest.fixture(scope="module")
def data(made):
    return json.loads(made.data)


def every_cell(data):
    """Cells with the beginning of their id and their visit."""
    for outcome in data["outcomes"].values():
        for scale in outcome["scales"].values():
            series = [(scale["id"], scale["changes"])]
            if scale["means"]:
                series.append((scale["means"]["id"], scale["means"]["changes"]))
            if scale["differences"]:
                pairs = scale["differences"]["pairs"]
                series.append((scale["differences"]["id"], [pair["changes"] for pair in pairs]))
            for begin, rows in series:
                for row in rows:
                    for visit, cell in zip(data["visits"], row, strict=True):
                        if cell:
                            yield begin, visit["name"], cell


def id_of(data, begin, visit, cell):
    return f"{begin}/{visit}/{data['ends'][cell[5]]}" if isinstance(cell[5], int) else cell[5]


def test_every_cell_is_an_estimate_of_the_run_with_its_id(data, handmade):
    rows = {row.estimate_id: row for row in handmade.estimates()}
    seen = 0
    for begin, visit, cell in every_cell(data):
        row = rows[id_of(data, begin, visit, cell)]
        seen += 1
        if row.error:
            assert cell[:4] == [None, None, None, rounding.MISSING]
            assert row.error[1:] in data["notes"][cell[6]]
        else:
            assert cell[:3] == [row.estimate, row.conf_low, row.conf_high]
            assert row.visit == visit and cell[4] == rounding.count(row.n)
            digits = rounding.fixed(row.estimate, 1).replace(rounding.MINUS, "")[:1]
            assert digits in cell[3]
    assert seen > 300


def test_every_change_by_subgroup_is_there(data, handmade):
    shown = {id_of(data, begin, visit, cell) for begin, visit, cell in every_cell(data)}
    kinds = ("ls_mean", "change", "percent_change", "effect_size", "difference_of_changes")
    expected = {
        row.estimate_id for row in handmade.estimates() if row.kind in kinds and row.analysis == "primary"
    }
    assert shown == expected


def test_it_holds_estimates_texts_and_axes_and_no_other_number(data, handmade):
    """Nothing about a single child can be in it: each number is an estimate, a limit, a visit or an axis."""
    rows = handmade.estimates()
    known = {number for row in rows for number in (row.estimate, row.conf_low, row.conf_high)}
    known |= {visit["at"] for visit in data["visits"]}
    allowed_keys = {"visits", "factors", "groups", "outcomes", "notes", "ends"}
    assert set(data) == allowed_keys
    for _, _, cell in every_cell(data):
        assert {number for number in cell[:3] if number is not None} <= known
    assert set(data["ends"]) <= {row.estimate_id.split("/", 4)[4] for row in rows if row.visit}


def test_the_texts_are_those_of_the_static_tables(data, handmade):
    from emostats.render import html
    from emostats.report import build_report

    page = html(build_report(handmade.spec(), handmade.results(), handmade.manifest()))
    static = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    texts = {cell[3] for begin, _, cell in every_cell(data) if begin == "primary/SOCINT/change"}
    assert len(texts) > 20
    for text in texts - {rounding.MISSING}:
        number, limits = re.fullmatch(r"(.*) \((.*)\)", text).groups()
        assert f">{number}</data>" in static and limits in static


def test_groups_are_told_by_factor_and_level(made, data):
    assert [(f.name, f.levels, f.divides) for f in made.factors] == [
        ("SEX", ("Boys", "Girls"), True),
        ("AGEBAND", ("1–6", "7–12"), True),
    ]
    levels = {group["label"]: group["levels"] for group in data["groups"]}
    assert levels["All children"] == [None, None]
    assert levels["Girls, 1–6"] == [1, 0]
    assert levels["Boys"] == [0, None]
    assert levels["7–12"] == [None, 1]


def test_labels_with_commas_are_still_told_apart(handmade):
    name = {"Boys": "Boys, young, or old", "Girls": "Girls − all (of them)"}

    def renamed(text):
        for old, new in name.items():
            text = text.replace(old, new)
        return text

    rows = [replace(row, level=renamed(row.level)) for row in handmade.estimates() if row.subgroup]
    changes = [row for row in rows if row.kind == "change" and row.analysis == "primary"]
    factors = factors_of(context_of(handmade), changes)
    assert factors[0].levels == tuple(name.values())
    places = {group.level: group.levels for group in groups_of(changes, factors)}
    assert places["Boys, young, or old, 7–12"] == (0, 1)


def test_differences_know_their_two_groups(data):
    pairs = data["outcomes"]["primary-socint"]["scales"]["points"]["differences"]["pairs"]
    labels = [group["label"] for group in data["groups"]]
    found = {pair["label"]: tuple(labels[i] for i in pair["groups"]) for pair in pairs}
    assert found["(Boys, 1–6) − (Girls, 7–12)"] == ("Boys, 1–6", "Girls, 7–12")
    assert found["Boys − Girls"] == ("Boys", "Girls")


def test_sides_are_known_in_both_orders(handmade):
    changes = [row for row in handmade.estimates() if row.kind == "change" and row.analysis == "primary"]
    factors = factors_of(context_of(handmade), changes)
    groups = groups_of(changes, factors)
    both = sides(groups)
    assert both["SEX", "Boys − Girls"] == both["SEX", "Girls − Boys"][::-1]
    assert ("SEX", "Boys − 1–6") not in both


def test_one_axis_serves_all_groups_and_has_texts_for_its_ticks(data):
    for outcome in data["outcomes"].values():
        for scale in outcome["scales"].values():
            axis = scale["axis"]
            assert axis["low"] < 0 < axis["high"] or axis["low"] <= 0 <= axis["high"]
            assert 2 <= len(axis["ticks"]) <= 12
            for value, text in axis["ticks"]:
                assert axis["low"] <= value <= axis["high"]
                assert float(text.replace(rounding.MINUS, "-").rstrip("%")) == pytest.approx(value)


def test_a_scale_without_estimates_is_not_offered(made, data):
    assert [value for value, _ in made.scales] == ["points", "percent", "standardized"]
    assert set(data["outcomes"]["primary-valence"]["scales"]) == {"points", "standardized"}


@pytest.mark.parametrize(
    ("locked", "planned", "expected"),
    [
        ("2025-11-20T09:00:00+00:00", True, "was planned"),
        ("2025-11-20T09:00:00+00:00", False, "was not planned"),
        (None, True, "nothing vouches"),
    ],
)
def test_a_division_says_whether_it_was_planned(handmade, locked, planned, expected):
    manifest = handmade.manifest()
    manifest["plan"] = {**manifest["plan"], "locked": locked}
    rows = [replace(row, planned=planned) for row in handmade.estimates()]
    data = json.loads(explorer(context_of(handmade, rows, manifest=manifest)).data)
    assert data["groups"][0]["division"] == ""
    assert all(expected in group["division"] for group in data["groups"][1:])


def test_without_subgroups_there_is_no_explorer(handmade):
    rows = [row for row in handmade.estimates() if not row.subgroup]
    assert explorer(context_of(handmade, rows)) is None


def test_the_same_run_embeds_the_same_text(made, handmade):
    assert explorer(context_of(handmade)) == made


def test_very_many_comparisons_are_a_table_and_no_drawing(handmade):
    from emostats.report import build_report

    rows = handmade.estimates()
    one = next(r for r in rows if r.kind == "difference_of_changes" and r.parameter == "SOCINT")
    many = [
        replace(one, estimate_id=f"{one.estimate_id}/{i}", visit="WEEK12", level=f"A{i} − B{i}")
        for i in range(100)
    ]
    results = AnalysisResults(estimates_frame([*rows, *many]), handmade.results().tables, {})
    report = build_report(handmade.spec(), results, handmade.manifest())
    figures = {figure.id for figure in report.figures()}
    assert "fig-differences-primary-socint" not in figures
    assert "fig-differences-primary-emoresp" in figures
    table = next(t for t in report.tables() if t.id == "table-differences-primary-socint")
    assert len([row for row in table.rows if row.header.startswith("(A")]) == 100
