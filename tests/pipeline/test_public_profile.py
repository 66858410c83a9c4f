"""The public profile of a real run: nothing small in any file, the rule stated, identifiers refused."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from emostats.cli.app import app
from emostats.errors import PrivacyError, UsageError
from emostats.pipeline import Outcome, execute, rerender

HIDDEN = "Hidden: a small group, or one from which a small group could be computed"


@pytest.fixture(scope="module")
def page(finished: Outcome, tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("public") / "report.html"
    return rerender(finished.folder, target, profile="public").read_text(encoding="utf-8")


def embedded(page: str) -> dict:
    text = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert text is not None
    return json.loads(text[1])


def cells_of(data: dict) -> list[list]:
    """Every cell of the explorer."""
    found = []
    for outcome in data["outcomes"].values():
        for scale in outcome["scales"].values():
            series = [scale["changes"], *([scale["means"]["changes"]] if scale["means"] else [])]
            if scale["differences"]:
                series.append([pair["changes"] for pair in scale["differences"]["pairs"]])
            found += [cell for rows in series for row in rows for cell in row if cell]
    return found


def counts_in(data: dict) -> set[int]:
    """The n of every cell."""
    return {int(cell[4].replace(",", "")) for cell in cells_of(data) if len(cell) > 4 and cell[4]}


def test_the_internal_page_has_small_groups_so_the_test_can_fail(finished: Outcome) -> None:
    page = (finished.folder / "report.html").read_text(encoding="utf-8")
    shown = {int(n) for n in re.findall(r'title="(\d+) children[ "]', page)}
    assert shown & set(range(1, 11))


def test_no_small_group_of_children_is_on_the_page_or_in_the_explorer(page: str) -> None:
    shown = {int(n) for n in re.findall(r'title="(\d+) children[ "]', page)}
    assert shown and not shown & set(range(1, 11))
    drawn = {int(n) for n in re.findall(r">(\d+) child(?:ren)?<", page)}
    assert not drawn & set(range(1, 11))
    behind = counts_in(embedded(page))
    assert behind and not behind & set(range(1, 11))


def test_what_is_hidden_is_a_dash_with_the_reason(page: str) -> None:
    assert f"{HIDDEN}." in page
    assert re.search(r"<bdi>—</bdi><sup>[a-z]</sup>|>—</data><sup>", page)
    assert "hidden: the group is too small" not in page


def test_the_page_says_which_rule_was_used(page: str) -> None:
    assert "Public edition" in page
    assert "public, rule ‘cms’: counts from 1 to 10 are hidden" in page
    assert "It is the internal edition" not in page


def test_another_rule_hides_less(finished: Outcome, tmp_path: Path, page: str) -> None:
    other = rerender(finished.folder, tmp_path / "r.html", profile="public", rule="five").read_text("utf-8")
    assert "rule ‘five’: counts from 1 to 4 are hidden" in other
    assert other.count(">—<") < page.count(">—<")
    with pytest.raises(UsageError, match="Did you mean 'cms'"):
        rerender(finished.folder, tmp_path / "s.html", profile="public", rule="cmss")


def test_the_data_in_the_page_hold_no_child(finished: Outcome, page: str) -> None:
    internal = (finished.folder / "report.html").read_text(encoding="utf-8")
    scores = pd.read_csv(finished.folder.parent.parent / "study" / "scores.csv", dtype=str)
    children = set(scores["child"])
    assert len(children) == 36
    values = {float(value) for column in ("social", "mood") for value in scores[column]}
    for text in (internal, page):
        data = embedded(text)
        words = set(re.findall(r"\w+", json.dumps(data, ensure_ascii=False)))
        assert not words & children
        numbers = {number for cell in cells_of(data) for number in cell[:3] if number is not None}
        assert len(numbers) > 20 and not numbers & values


@pytest.mark.parametrize("format", ["xlsx", "docx"])
def test_office_files_are_public_too(finished: Outcome, tmp_path: Path, format: str) -> None:
    made = rerender(finished.folder, tmp_path / f"out.{format}", format=format, profile="public")
    with zipfile.ZipFile(made) as archive:
        text = "".join(archive.read(name).decode("utf-8", "ignore") for name in archive.namelist())
    assert "counts from 1 to 10 are hidden" in text
    if format == "xlsx":
        book = load_workbook(made)
        estimates = pd.DataFrame(book["estimates"].values)
        counts = pd.to_numeric(estimates[list(estimates.iloc[0]).index("n")].iloc[1:]).dropna()
        assert len(counts) and not ((counts > 0) & (counts < 11)).any()


def test_an_identifier_stops_the_file(finished: Outcome, tmp_path: Path) -> None:
    run = tmp_path / finished.folder.name
    shutil.copytree(finished.folder, run)
    flow = run / "results" / "tables" / "flow.csv"
    table = pd.read_csv(flow)
    table["stage"] = table["stage"].replace({"Entered": "Entered by jane.doe@clinic.example"})
    table.to_csv(flow, index=False)
    with pytest.raises(PrivacyError, match="e-mail"):
        rerender(run, tmp_path / "out.html", profile="public")
    assert not (tmp_path / "out.html").exists()
    done = CliRunner().invoke(app, ["report", str(run), "--profile", "public"])
    assert done.exit_code == 4
    assert "jane.doe" not in done.output


def test_an_unknown_profile_is_told(finished: Outcome, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'public'"):
        rerender(finished.folder, tmp_path / "out.html", profile="publik")


def test_a_run_can_write_its_views_in_the_public_profile(make_study, tmp_path: Path) -> None:
    folder = execute(make_study(), tmp_path / "runs", profile="public").folder
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Public edition" in page and not counts_in(embedded(page)) & set(range(1, 11))
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["profile"] == "public"
    estimates = pd.read_csv(folder / "results" / "estimates.csv")
    assert not estimates["error"].dropna().astype(str).str.startswith("hidden").any(), "results stay whole"
    again = rerender(folder, tmp_path / "again.html").read_text(encoding="utf-8")
    assert again == page, "a public run does not become internal by rendering it again"
    internal = rerender(folder, tmp_path / "internal.html", profile="internal").read_text(encoding="utf-8")
    assert "Public edition" not in internal


def test_the_rule_of_the_study_file_is_used_again(make_study, tmp_path: Path) -> None:
    study = make_study()
    study.write_text(study.read_text("utf-8") + '\n[outputs]\nprofile = "public"\nrule = "five"\n', "utf-8")
    folder = execute(study, tmp_path / "runs").folder
    again = rerender(folder, tmp_path / "again.html").read_text(encoding="utf-8")
    assert "rule ‘five’: counts from 1 to 4 are hidden" in again
    assert again == (folder / "report.html").read_text(encoding="utf-8")
    other = rerender(folder, tmp_path / "other.html", rule="cms").read_text(encoding="utf-8")
    assert "rule ‘cms’" in other


def test_a_rule_for_an_internal_report_is_refused(finished: Outcome, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="add --profile public"):
        rerender(finished.folder, tmp_path / "out.html", rule="five")
    assert not (tmp_path / "out.html").exists()


def test_a_study_has_templates_of_its_own_and_a_run_keeps_them(make_study, tmp_path: Path) -> None:
    study = make_study()
    templates = study.parent / "templates"
    assert CliRunner().invoke(app, ["templates", "eject", str(templates)]).exit_code == 0
    (templates / "style.toml").write_text('[light]\naccent = "#7a0019"\n', encoding="utf-8")
    (templates / "contents.html.j2").write_text("<p>My own {{ report.study }}</p>", encoding="utf-8")
    folder = execute(study, tmp_path / "runs").folder
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<p>My own small</p>" in page and "--accent:#7a0019" in page
    shutil.rmtree(templates)
    assert rerender(folder, tmp_path / "again.html").read_text(encoding="utf-8") == page
    (templates).mkdir()
    (templates / "contents.html.j2").write_text("<p>Changed since</p>", encoding="utf-8")
    other = rerender(folder, tmp_path / "other.html", templates=templates).read_text(encoding="utf-8")
    assert "<p>Changed since</p>" in other and "#7a0019" not in other
    with pytest.raises(UsageError, match="no folder"):
        rerender(folder, tmp_path / "x.html", templates=tmp_path / "nowhere")
