"""The study as tables and as files: the sheets that study.toml names, the same bytes for a seed."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
from openpyxl import load_workbook

from emostats.errors import UsageError
from emostats.resources import resource
from emostats.simulate import DEFAULT_SEED, PUBLISHED_DESIGN, simulate_study, write_study
from emostats.simulate.workbook import write_workbook
from emostats.study.instruments import instruments_folder, read_instrument

SMALL = PUBLISHED_DESIGN.with_children(12)


@pytest.fixture(scope="module")
def study():
    return simulate_study()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_study(tmp_path_factory.mktemp("simulated") / "study").parent


@pytest.fixture(scope="module")
def plan() -> dict:
    return tomllib.loads((resource("analyses") / "emomusik_182" / "study.toml").read_text(encoding="utf-8"))


def same(first, second) -> bool:
    return all(first.sheets[name].equals(second.sheets[name]) for name in first.sheets)


def test_the_same_seed_gives_the_same_study_and_another_seed_another():
    assert same(simulate_study(SMALL, 7), simulate_study(SMALL, 7))
    first, other = simulate_study(SMALL, 7), simulate_study(SMALL, 8)
    assert not any(first.sheets[name].equals(other.sheets[name]) for name in first.sheets)


def test_a_change_of_one_part_leaves_the_others_alone():
    first = simulate_study(SMALL, 7)
    ratings = replace(SMALL.ratings, raters=("R1", "R2"))
    second = simulate_study(replace(SMALL, ratings=ratings), 7)
    assert set(second.ratings["Rater"]) == {"R1", "R2"}
    for name in first.sheets:
        assert first.sheets[name].equals(second.sheets[name]) == (name != "Expert ratings")


def test_182_children_of_the_stated_counts_and_ages(study):
    children = study.children
    assert len(children) == 182
    assert children["Child ID"].is_unique
    assert "007" in set(children["Child ID"])
    age = children["Age at baseline (years)"]
    assert age.between(1.5, 12.9).all()
    band = age.lt(7.0).map({True: "1–6", False: "7–12"})
    counts = children.groupby([children["Sex"].map({"boy": "M", "girl": "F"}), band]).size()
    assert counts.to_dict() == {(cell.sex, cell.age_band): cell.children for cell in PUBLISHED_DESIGN.cells}
    assert (age != age.round()).any()


def test_siblings_share_family_site_and_informant(study):
    families = study.children.groupby("Family ID")
    assert (families.size() == 2).sum() == PUBLISHED_DESIGN.roster.sibling_pairs
    assert families.size().max() == 2
    assert (families[["Site", "Answered by"]].nunique() == 1).all(axis=None)


def test_forms_ratings_and_sessions_belong_to_children_and_are_there_once(study):
    known = set(study.children["Child ID"])
    for form in study.questionnaires.values():
        assert form["Child ID"].is_unique
        assert set(form["Child ID"]) <= known
    assert set(study.ratings["Child ID"]) <= known
    assert not study.ratings.duplicated(["Clip", "Rater"]).any()
    assert not study.sessions.duplicated(["Child ID", "Session"]).any()


def test_withdrawn_children_answer_nothing_more_and_everybody_lost_is_listed(study):
    order = [visit.name for visit in PUBLISHED_DESIGN.visits]
    withdrawn = study.events[study.events["Category"] == "Withdrawal"].set_index("Child ID")["Visit"]
    assert withdrawn.index.is_unique
    for child, visit in withdrawn.items():
        for name in order[order.index(visit) :]:
            assert child not in set(study.questionnaires[name]["Child ID"])
            assert not ((study.sessions["Child ID"] == child) & (study.sessions["Visit"] == name)).any()
    last = set(study.questionnaires[order[-1]]["Child ID"])
    assert set(study.children["Child ID"]) - last == set(withdrawn.index)
    stopped = study.events[study.events["Category"] == "Intercurrent event"].set_index("Child ID")["Visit"]
    assert set(stopped.index) <= last
    for child, visit in stopped.items():
        held = set(study.sessions.loc[study.sessions["Child ID"] == child, "Visit"])
        assert held.isdisjoint(order[order.index(visit) :])


def test_there_is_dropout_and_there_are_gaps_and_missed_ratings_and_skipped_items(study):
    forms = {name: set(form["Child ID"]) for name, form in study.questionnaires.items()}
    gap = (forms["WEEK12"] | forms["WEEK08"]) - forms["WEEK04"]
    assert 2 <= len(gap) <= 30
    assert 10 <= 182 - len(forms["WEEK12"]) <= 60
    assert study.ratings["Rhythm match (1-7)"].isna().any()
    assert all(form.iloc[:, 2:].isna().any(axis=None) for form in study.questionnaires.values())


def test_the_study_file_and_the_design_say_the_same(plan):
    assert plan["study"]["simulated"] is True
    assert plan["study"]["seed"] == DEFAULT_SEED
    assert [(visit["name"], visit["week"]) for visit in plan["visits"]] == [
        (visit.name, visit.week) for visit in PUBLISHED_DESIGN.visits
    ]
    (instrument,) = plan["instruments"]
    assert instrument["name"] == PUBLISHED_DESIGN.instrument
    assert instrument["sheets"] == {visit.name: visit.sheet for visit in PUBLISHED_DESIGN.visits}
    assert {name: domain["column"] for name, domain in plan["ratings"]["domains"].items()} == {
        domain.name: domain.header for domain in PUBLISHED_DESIGN.ratings.domains
    }
    ratings = PUBLISHED_DESIGN.ratings
    assert plan["ratings"]["range"] == [ratings.low, ratings.high]
    (agreement,) = (each for each in plan["analyses"] if each["type"] == "icc")
    assert agreement["matching_threshold"] == ratings.threshold


def test_the_workbook_has_every_sheet_and_column_that_the_study_file_names(folder, plan):
    workbook = folder / plan["sources"]["workbook"]["file"]
    assert workbook.is_file()
    book = load_workbook(workbook)
    headers = {sheet.title: {cell.value for cell in sheet[1]} for sheet in book}
    for table in ("subjects", "ratings", "session_scores", "events"):
        assert set(plan[table]["columns"].values()) <= headers[plan[table]["sheet"]], table
    for table, key in (("ratings", "domains"), ("session_scores", "parameters")):
        named = {each["column"] for each in plan[table][key].values()}
        assert named <= headers[plan[table]["sheet"]]
    items = {
        item.column for item in read_instrument(instruments_folder() / "family_questionnaire.toml").items
    }
    for use in plan["instruments"]:
        for sheet in use["sheets"].values():
            assert set(use["columns"].values()) | items <= headers[sheet]
    words = {row[0].value for row in book["Children"].iter_rows(min_row=2, min_col=2, max_col=2)}
    assert words == set(plan["subjects"]["values"]["SEX"])


def test_the_first_sheet_says_simulated_and_so_do_readme_and_printed_pages(folder, plan):
    book = load_workbook(folder / plan["sources"]["workbook"]["file"])
    first = book.worksheets[0]
    assert book.active is first
    assert "SIMULATED DATA" in first["A1"].value
    assert "SIMULATED DATA" in book.properties.title
    assert all("SIMULATED" in sheet.oddHeader.center.text for sheet in book.worksheets[1:])
    assert "SIMULATED DATA" in (folder / "README.md").read_text(encoding="utf-8")


def test_cells_have_the_types_of_a_study_office(folder, plan):
    book = load_workbook(folder / plan["sources"]["workbook"]["file"])
    children, form = book["Children"], book["Family week 4"]
    assert isinstance(children["A2"].value, str)
    assert form["B2"].is_date
    assert form["B2"].value.date() > dt.date(2023, 9, 4)
    assert form["B2"].number_format == "yyyy-mm-dd"
    answers = [cell.value for row in form.iter_rows(min_row=2, min_col=3) for cell in row]
    assert {type(value) for value in answers} == {int, type(None)}
    assert form.freeze_panes == "B2"
    assert form["A1"].font.bold
    assert form.column_dimensions["B"].width >= 9


def test_the_workbook_read_back_is_the_tables(study, folder, plan):
    for name, table in study.sheets.items():
        read = pd.read_excel(
            folder / plan["sources"]["workbook"]["file"],
            sheet_name=name,
            dtype={"Child ID": str},
            engine="openpyxl",
        )
        expected = table.replace("", None)
        pd.testing.assert_frame_equal(read, expected, check_dtype=False)


def test_a_seed_gives_the_same_bytes(tmp_path):
    first = write_study(tmp_path / "first", seed=3, design=SMALL).parent
    second = write_study(tmp_path / "second", seed=3, design=SMALL).parent
    other = write_study(tmp_path / "other", seed=4, design=SMALL).parent
    name = "data/emomusik_182_simulated.xlsx"
    assert (first / name).read_bytes() == (second / name).read_bytes()
    assert (first / name).read_bytes() != (other / name).read_bytes()
    with ZipFile(first / name) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        write_study(tmp_path, design=SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    book = tmp_path / "book.xlsx"
    book.write_bytes(b"mine")
    with pytest.raises(UsageError, match="not overwritten"):
        write_workbook(book, {}, ["SIMULATED DATA"])
    assert book.read_bytes() == b"mine"
    with pytest.raises(UsageError, match="not empty"):
        write_study(book, design=SMALL)


def test_a_folder_that_cannot_be_created_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("keep", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be created"):
        write_study(tmp_path / "file" / "study", design=SMALL)


def test_an_empty_folder_is_fine_and_the_study_file_is_a_plain_copy(tmp_path):
    written = write_study(tmp_path, design=SMALL)
    assert written == tmp_path / "study.toml"
    assert written.read_bytes() == (resource("analyses") / "emomusik_182" / "study.toml").read_bytes()


@pytest.mark.parametrize("step", ["simulate_study", "shutil.copyfile"])
def test_a_study_that_is_interrupted_leaves_the_folder_empty(tmp_path, monkeypatch, step):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"emostats.simulate.study.{step}", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_study(tmp_path, design=SMALL)
    assert list(tmp_path.iterdir()) == []
    assert write_study(tmp_path, design=SMALL).is_file()
