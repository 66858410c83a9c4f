"""The rating kit: balanced blocks, blinded sheets, and ratings that come back into the report."""

from __future__ import annotations

import csv
import json
import stat
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from emostats.errors import FindingsError, UsageError
from emostats.music.evidence.agreement import evidence, read_subgroups, without_group
from emostats.music.evidence.blocks import assign
from emostats.music.evidence.clips import Clip, read_clips
from emostats.music.evidence.returned import check_threshold, read_sheets, study_block, write_ratings
from emostats.music.evidence.sheets import HEADER_ROW, Questions, make_sheets

RATERS = ["A", "B", "C", "D"]
CLIPS = [Clip(f"clip{i:02d}.mp4", f"{i // 2:03d}", ("BASELINE", "WEEK12")[i % 2]) for i in range(24)]
VISITS = Questions(visits=("BASELINE", "WEEK12"))


@pytest.mark.parametrize(
    ("clips", "raters", "per_clip", "balanced"),
    [
        (20, 6, 3, True),
        (10, 5, 2, True),
        (12, 4, 3, True),
        (60, 6, 3, True),
        (7, 3, 3, True),
        (7, 7, 3, True),  # no multiple of the 35 groups, and yet a design exists (Fano's plane)
        (10, 6, 3, True),
        (11, 11, 5, True),
        (26, 13, 3, True),
        (37, 6, 3, False),
        (23, 5, 2, False),
    ],
)
def test_blocks_are_balanced(clips: int, raters: int, per_clip: int, balanced: bool) -> None:
    design = assign(clips, raters, per_clip, np.random.default_rng(0))
    assert all(len(set(who)) == per_clip for who in design.raters) and len(design.raters) == clips
    load = [sum(r in who for who in design.raters) for r in range(raters)]
    pairs = [sum({i, j} <= set(who) for who in design.raters) for i, j in combinations(range(raters), 2)]
    assert design.balanced is balanced and tuple(load) == design.per_rater
    assert max(load) - min(load) <= (0 if balanced else 1)
    assert max(pairs) - min(pairs) <= (0 if balanced else 1)
    if balanced:  # Cochran & Cox: λ = r (k − 1) / (v − 1)
        assert pairs[0] == load[0] * (per_clip - 1) / (raters - 1)


@pytest.mark.parametrize(("clips", "raters", "per_clip"), [(0, 3, 2), (5, 3, 1), (5, 3, 4)])
def test_impossible_designs(clips: int, raters: int, per_clip: int) -> None:
    with pytest.raises(UsageError):
        assign(clips, raters, per_clip, np.random.default_rng(0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_sheets(CLIPS, RATERS, tmp_path / "r", per_clip=3, questions=VISITS, seed=4)
    return tmp_path / "r"


def key_of(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "key.csv").open(encoding="utf-8") as stream:
        return {row["CODE"]: row for row in csv.DictReader(stream)}


def fill(folder: Path, rating: Any = None) -> None:
    """Ratings that depend on the clip, the rater and the domain; `rating(code, rater, domain)` overrides."""
    key = key_of(folder)
    for path in sorted(folder.glob("ratings_*.xlsx")):
        book = load_workbook(path)
        sheet = book.active
        rater = path.stem.removeprefix("ratings_")
        for row in sheet.iter_rows(min_row=HEADER_ROW + 1):
            code = row[0].value
            true = 3 + int(key[code]["CLIP"][4:6]) % 4
            for column, domain in ((1, "RHYTHM"), (2, "EMOTION")):
                row[column].value = rating(code, rater, domain) if rating else min(7, true + (rater == "D"))
            row[3].value = "WEEK12"
        book.save(path)


def test_sheets_tell_nothing_and_the_key_is_apart(folder: Path) -> None:
    assert stat.S_IMODE((folder / "key.csv").stat().st_mode) == 0o600
    orders = []
    for rater in RATERS:
        cells = [
            cell
            for row in load_workbook(folder / f"ratings_{rater}.xlsx").active.iter_rows(values_only=True)
            for cell in row
            if cell
        ]
        text = " ".join(map(str, cells))
        assert not any(clip.clip in text for clip in CLIPS)
        assert not any(f" {clip.child} " in text for clip in CLIPS)
        orders.append(cells[-18:])
    assert len({tuple(order) for order in orders}) == 4
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    assert plan["balanced"] and plan["per_rater"] == [18] * 4
    assert "seed" not in plan and "clip00" not in (folder / "plan.json").read_text(encoding="utf-8")


def test_codes_do_not_follow_the_list(folder: Path) -> None:
    codes = list(key_of(folder))
    assert len(set(codes)) == 24 and codes != sorted(codes)


def test_cells_take_the_scale_only(folder: Path) -> None:
    sheet = load_workbook(folder / "ratings_A.xlsx").active
    rules = {rule.type: rule for rule in sheet.data_validations.dataValidation}
    assert (rules["whole"].formula1, rules["whole"].formula2) == ("1", "7")
    assert "WEEK12" in rules["list"].formula1
    formulas = [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert not formulas


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    questions = Questions(domains={"RHYTHM": '=HYPERLINK("x")'})
    make_sheets(CLIPS[:4], ["A", "B"], tmp_path / "r", per_clip=2, questions=questions, seed=1)
    sheet = load_workbook(tmp_path / "r" / "ratings_A.xlsx").active
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_same_seed_same_sheets_and_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    make_sheets(CLIPS, RATERS, tmp_path / "again", per_clip=3, questions=VISITS, seed=4)
    assert key_of(folder) == key_of(tmp_path / "again")
    with pytest.raises(UsageError, match="not empty"):
        make_sheets(CLIPS, RATERS, folder, per_clip=3, seed=4)


@pytest.mark.parametrize("raters", [["A"], ["A", "A"], ["a", "A"], ["A", "../B"]])
def test_bad_raters(raters: list[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        make_sheets(CLIPS, raters, tmp_path / "r", per_clip=2, seed=1)


def test_ratings_come_back_joined(folder: Path) -> None:
    fill(folder)
    returned = read_sheets(folder)
    assert len(returned.table) == 72 and not returned.findings
    row = returned.table[(returned.table["CLIP"] == "clip05.mp4")].iloc[0]
    assert row["USUBJID"] == "002" and row["AVISIT"] == "WEEK12" and row["GUESS"] == "WEEK12"
    assert set(returned.table.loc[returned.table["CLIP"] == "clip05.mp4", "RHYTHM"]) <= {4.0, 5.0}


def edit(folder: Path, rater: str, change: Any) -> None:
    book = load_workbook(folder / f"ratings_{rater}.xlsx")
    change(book.active)
    book.save(folder / f"ratings_{rater}.xlsx")


def _set(cell: str, value: Any) -> Any:
    def change(sheet: Any) -> None:
        sheet[cell].value = value

    return change


@pytest.mark.parametrize(
    ("cell", "value", "rule"),
    [
        ("B7", 9, "rating-invalid"),
        ("B7", 4.5, "rating-invalid"),
        ("B7", "good", "rating-invalid"),
        ("A7", "ZZ999", "clip-unknown"),
        ("A7", None, "clip-blank"),
        ("A1", "Rater X", "rater-unknown"),
        ("B6", "Rhythmus", "sheet-header"),
    ],
)
def test_what_comes_back_wrong_is_found(folder: Path, cell: str, value: Any, rule: str) -> None:
    fill(folder)
    edit(folder, "B", _set(cell, value))
    with pytest.raises(FindingsError) as caught:
        read_sheets(folder)
    assert rule in {finding.rule for finding in caught.value.findings}
    assert any(finding.file == "ratings_B.xlsx" for finding in caught.value.findings)


@pytest.mark.parametrize(
    ("cell", "value", "says"),
    [
        ("C9", "3/4", "EMOTION '3/4' is no whole number from 1 to 7"),
        ("B8", "2 5", "RHYTHM '2 5'"),
        ("B8", "0_5", "RHYTHM '0_5'"),
        ("B8", True, "RHYTHM 'True'"),
        ("C7", "five", "EMOTION 'five'"),
    ],
)
def test_double_marks_and_words_are_found_in_their_cell(
    folder: Path, cell: str, value: Any, says: str
) -> None:
    fill(folder)
    edit(folder, "B", _set(cell, value))
    with pytest.raises(FindingsError) as caught:
        read_sheets(folder)
    (finding,) = caught.value.findings
    assert finding.place == f"ratings_B.xlsx, sheet 'Ratings', cell {cell}" and says in finding.message
    assert finding.action


def test_swapped_sheets_and_broken_workbooks_are_all_listed(folder: Path) -> None:
    """Two raters whose sheets were swapped share clips, so their codes alone would not tell."""
    fill(folder)
    edit(folder, "A", _set("A1", "Rater B"))
    (folder / "ratings_C.xlsx").write_bytes(b"PK no workbook")
    edit(folder, "D", _set("B7", "x"))
    with pytest.raises(FindingsError) as caught:
        read_sheets(folder)
    found = {finding.rule: finding for finding in caught.value.findings}
    assert set(found) == {"rater-swapped", "sheet-unreadable", "rating-invalid"}
    assert found["rater-swapped"].place == "ratings_A.xlsx, sheet 'Ratings', cell A1"


def test_another_sheet_in_front_and_odd_guesses(folder: Path) -> None:
    fill(folder)
    book = load_workbook(folder / "ratings_A.xlsx")
    book["Ratings"]["D7"].value = "no idea"
    book["Ratings"]["D8"].value = "week12"
    book.create_sheet("Notes", 0)
    book.save(folder / "ratings_A.xlsx")
    returned = read_sheets(folder)
    (finding,) = returned.findings
    assert finding.rule == "guess-unknown" and finding.cell == "D7"
    mine = returned.table[returned.table["RATER"] == "A"]["GUESS"].value_counts()
    assert mine[""] == 1 and mine["WEEK12"] == len(returned.table[returned.table["RATER"] == "A"]) - 1


@pytest.mark.parametrize("text", ["", "[]", "{}", "no json"])
def test_a_damaged_plan_is_said(folder: Path, text: str) -> None:
    (folder / "plan.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"plan\.json is damaged"):
        read_sheets(folder)


def test_a_sheet_prints_on_one_page_and_shows_every_question(tmp_path: Path) -> None:
    asked = {name: f"Question {name}?" for name in ("ONE", "TWO", "THREE", "FOUR")}
    make_sheets(CLIPS, RATERS, tmp_path / "q", per_clip=2, questions=Questions(domains=asked), seed=1)
    sheet = load_workbook(tmp_path / "q" / "ratings_A.xlsx").active
    above = " ".join(str(sheet.cell(row=row, column=1).value) for row in range(1, HEADER_ROW))
    assert all(question in above for question in asked.values())
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
    wide = {str(area) for area in sheet.merged_cells.ranges}
    assert {"A1:F1", "A2:F2", "A5:F5"} <= wide


def test_visits_that_no_list_can_hold_get_no_list(tmp_path: Path) -> None:
    visits = Questions(visits=("WEEK 1, early", "WEEK 12"))
    make_sheets(CLIPS, RATERS, tmp_path / "q", per_clip=2, questions=visits, seed=1)
    sheet = load_workbook(tmp_path / "q" / "ratings_A.xlsx").active
    assert [rule.type for rule in sheet.data_validations.dataValidation] == ["whole"]


def test_subgroups_come_from_a_list_of_children(folder: Path, tmp_path: Path) -> None:
    fill(folder)
    table = read_sheets(folder).table
    path = tmp_path / "children.csv"
    lines = [
        f"{child};{'MF'[int(child) % 2]};{'' if child == '003' else 'old'}" for child in set(table.USUBJID)
    ]
    path.write_text("\n".join(["USUBJID;SEX;AGE", *lines[1:]]), encoding="utf-8")
    by = read_subgroups(path, ["SEX", "AGE"])
    assert set(by.dropna()) == {"M, old", "F, old"}
    (finding,) = without_group(table, by)
    gone = {lines[0].split(";")[0]} | ({"003"} & set(table.USUBJID))
    assert f"{len(gone)} rated" in finding.message and "003" in finding.message
    rows = evidence(table, ["RHYTHM"], threshold=5, by=by)
    assert list(rows["level"].unique()) == ["", "F, old", "M, old"]
    with pytest.raises(UsageError, match="Did you mean 'SEX'"):
        read_subgroups(path, ["SEKS"])
    path.write_text("USUBJID,SEX\n1,M\n1,F\n", encoding="utf-8")
    with pytest.raises(UsageError, match="a child twice"):
        read_subgroups(path, ["SEX"])


@pytest.mark.parametrize("threshold", [1.0, 7.5, float("nan")])
def test_a_match_lies_on_the_scale(folder: Path, threshold: float) -> None:
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    check_threshold(7.0, plan)
    with pytest.raises(UsageError, match="above 1 and at most 7"):
        check_threshold(threshold, plan)


def test_missing_sheets_rows_and_blanks_are_said(folder: Path) -> None:
    fill(folder)
    (folder / "ratings_A.xlsx").unlink()
    edit(folder, "B", lambda sheet: sheet.delete_rows(HEADER_ROW + 1))
    edit(folder, "C", _set("B7", None))
    returned = read_sheets(folder)
    found = {finding.rule: finding for finding in returned.findings}
    assert set(found) == {"sheet-missing", "rows-missing", "blank-ratings"} and len(returned.findings) == 3
    assert found["blank-ratings"].place == "ratings_C.xlsx, sheet 'Ratings', cell B7"
    assert len(returned.table) == 72 - 18 - 1


def test_key_kept_elsewhere_and_missing_parts(folder: Path, tmp_path: Path) -> None:
    fill(folder)
    (folder / "key.csv").rename(tmp_path / "safe.csv")
    with pytest.raises(UsageError, match="--key"):
        read_sheets(folder)
    assert len(read_sheets(folder, key=tmp_path / "safe.csv").table) == 72
    with pytest.raises(UsageError, match=r"plan\.json: expected the plan .* found nothing"):
        read_sheets(tmp_path)


def test_figures_are_those_of_the_agreement_room(folder: Path) -> None:
    from emostats.statistics.agreement import icc, matching_accuracy

    fill(folder)
    table = read_sheets(folder).table
    by = pd.Series({child: ("F", "M")[int(child) % 2] for child in set(table["USUBJID"])})
    rows = evidence(table, ["RHYTHM", "EMOTION"], threshold=5, by=by).set_index(
        ["domain", "level", "quantity"]
    )
    assert len(rows) == 2 * 3 * 2
    girls = table[table["USUBJID"].map(by) == "F"]
    direct = matching_accuracy(
        girls, threshold=5, targets="CLIP", raters="RATER", ratings="RHYTHM", within="USUBJID"
    )
    assert rows.loc[("RHYTHM", "F", "matching accuracy"), "estimate"] == direct.estimate
    of_girls = icc(girls, targets="CLIP", raters="RATER", ratings="RHYTHM").table().set_index("form")
    row, form = rows.loc[("RHYTHM", "F", "ICC(A,1)")], of_girls.loc["ICC(A,1)"]
    for name in ("estimate", "conf_low", "conf_high"):
        np.testing.assert_equal(row[name], form[name])
    whole = icc(table, targets="CLIP", raters="RATER", ratings="EMOTION").table().set_index("form")
    assert rows.loc[("EMOTION", "", "ICC(A,1)"), "estimate"] == whole.loc["ICC(A,1)", "estimate"]
    assert rows.loc[("EMOTION", "", "ICC(A,1)"), "estimate"] > 0.7


def test_a_subgroup_that_cannot_be_estimated_keeps_its_row(folder: Path) -> None:
    fill(folder)
    table = read_sheets(folder).table
    only = pd.Series({"000": "one"})
    rows = evidence(table.assign(RHYTHM=np.nan), ["RHYTHM"], threshold=5, by=only)
    assert len(rows) == 4 and rows["estimate"].isna().all() and rows["error"].str.len().gt(0).all()


def test_clip_lists(tmp_path: Path) -> None:
    path = tmp_path / "clips.csv"
    path.write_text("CLIP,USUBJID\na,007\nb,\na,008\n", encoding="utf-8")
    with pytest.raises(FindingsError) as caught:
        read_clips(path)
    assert [finding.rule for finding in caught.value.findings] == ["blank", "clip-twice"]
    path.write_text("CLIP,CHILD\na,1\n", encoding="utf-8")
    with pytest.raises(FindingsError, match="no column 'USUBJID'"):
        read_clips(path)
    path.write_text("CLIP,USUBJID\na,007\n", encoding="utf-8")
    assert read_clips(path) == (Clip("a", "007"),)


STUDY = """
schema = 1
[study]
id = "blind"
title = "Blind ratings"
simulated = true
design = "single-group pre/post"
seed = 1
[sources.children]
file = "children.csv"
{ratings}
[subjects]
source = "children"
columns = {{ USUBJID = "USUBJID", SEX = "SEX" }}
levels = {{ SEX = ["M", "F"] }}
labels = {{ SEX = {{ M = "Boys", F = "Girls" }} }}
[subgroups]
factors = ["SEX"]
[[visits]]
name = "BASELINE"
baseline = true
week = 0
[[visits]]
name = "WEEK12"
week = 12
{domains}
[[analyses]]
name = "agreement"
type = "icc"
domains = ["RHYTHM", "EMOTION"]
by = ["SEX"]
form = "ICC(A,1)"
matching_threshold = 5
"""


def test_ratings_reach_the_report(folder: Path, tmp_path: Path) -> None:
    """From sheets to the [ratings] block, the pipeline and its report: the same figures as printed."""
    from emostats.pipeline import run_study

    fill(folder)
    returned = read_sheets(folder)
    write_ratings(returned, tmp_path / "ratings.csv")
    block = study_block(returned.plan, "ratings.csv", visits=True)
    sources, domains = block.split("\n\n", 1)
    children = sorted(set(returned.table["USUBJID"]))
    lines = ["USUBJID,SEX", *(f"{child},{'MF'[int(child) % 2]}" for child in children)]
    (tmp_path / "children.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY.format(ratings=sources, domains=domains), encoding="utf-8")
    run = run_study(tmp_path / "study.toml", tmp_path / "runs")
    estimates = pd.read_csv(run / "results" / "estimates.csv", keep_default_na=False)
    by = pd.Series({child: "MF"[int(child) % 2] for child in children})
    printed = evidence(returned.table, ["RHYTHM", "EMOTION"], threshold=5, by=by)
    for kind, quantity in (("icc", "ICC(A,1)"), ("proportion", "matching accuracy")):
        rows = estimates[(estimates["kind"] == kind) & (estimates["parameter"] == "RHYTHM")]
        mine = printed[(printed["quantity"] == quantity) & (printed["domain"] == "RHYTHM")]
        found = sorted(round(float(value), 9) for value in rows["estimate"])
        for value in mine["estimate"]:
            assert round(float(value), 9) in found, (kind, value, found)
    assert "Rhythm matching" in (run / "report.html").read_text(encoding="utf-8")
