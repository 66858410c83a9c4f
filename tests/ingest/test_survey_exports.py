"""Exports of survey tools: REDCap and Qualtrics samples of others, small made ones of the rest."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest

from emostats.errors import Severity
from emostats.ingest.container import UnreadableError
from emostats.ingest.formats.google_forms import iso
from emostats.ingest.formats.kobo import bare
from emostats.ingest.formats.redcap_dictionary import read_dictionary
from emostats.ingest.formats.redcap_logic import holds
from emostats.ingest.reader import open_reader
from emostats.study.spec import Source

EXPORTS = Path(__file__).parents[1] / "reference" / "exports"


def reader(name: str, folder: Path = EXPORTS, **options):
    return open_reader(folder / name, Source(file=name, **options))


def columns(raw) -> dict[str, list]:
    return {column[0]: list(column[1:]) for column in raw.columns if column[0]}


def rules(raw) -> dict[str, str]:
    return {finding.rule: finding.cell for finding in raw.findings}


def redcap(project: str, sheet: str = "", **options):
    dictionary = f"redcap_{project}_dictionary.csv"
    return reader(f"redcap_{project}_data.csv", format="redcap", dictionary=dictionary, **options).read(sheet)


def test_redcap_boxes_never_shown_are_not_answers():
    raw = redcap("checkboxes_1")
    found = columns(raw)
    assert found["check_one___1"] == ["1", "", "1", ""]
    assert found["check_one___4"] == ["0", "", "1", ""]
    assert found["check_two___a"] == ["1", "0", "0", ""]
    cells = [f.cell for f in raw.findings if f.rule == "checkbox-not-asked"]
    assert cells == ["C3, C5", "G5"]


def test_redcap_boxes_without_a_dictionary_go_by_the_status_column():
    with_it, without = (
        redcap("checkboxes_1"),
        reader("redcap_checkboxes_1_data.csv", format="redcap").read(""),
    )
    assert [list(column) for column in without.columns] == [list(column) for column in with_it.columns]


def test_redcap_repeating_instruments_are_sheets_of_their_own():
    bp = columns(redcap("repeating_instruments", "bp"))
    assert bp["record_id"] == ["", "1", "1", "1", "", "2"]
    assert bp["redcap_repeat_instance"] == ["", "1", "2", "3", "", "1"]
    assert bp["bp_systolic"] == ["", "110", "111", "112", "", "114"]
    assert "age" not in bp
    demographics = columns(redcap("repeating_instruments", "demographics"))
    assert demographics["age"] == ["8.9", "", "", "", "9.6", ""]
    assert demographics["record_id"] == ["1", "", "", "", "2", ""]


def test_redcap_identifiers_events_and_incomplete_forms():
    raw = redcap("longitudinal", events="redcap_longitudinal_events.csv")
    found = rules(raw)
    assert found["identifier-column"].startswith("E:I")  # names, telephone, e-mail, birth date
    assert "form-incomplete" in found
    assert "unknown-event" not in found
    assert all(f.severity is Severity.NOTE for f in raw.findings)


def test_redcap_unknown_event_and_undeclared_choice(tmp_path):
    text = (EXPORTS / "redcap_longitudinal_data.csv").read_text(encoding="utf-8")
    changed = text.replace("dose_1_arm_1", "dose_9_arm_1", 1).replace(
        ",1983-09-23,31,0,4,1,", ",1983-09-23,31,0,44,1,"
    )
    for part in ("dictionary", "events"):
        name = f"redcap_longitudinal_{part}.csv"
        (tmp_path / name).write_bytes((EXPORTS / name).read_bytes())
    (tmp_path / "data.csv").write_text(changed, encoding="utf-8")
    raw = reader(
        "data.csv", tmp_path, format="redcap",
        dictionary="redcap_longitudinal_dictionary.csv", events="redcap_longitudinal_events.csv",
    ).read("")  # fmt: skip
    found = rules(raw)
    assert found["unknown-event"] == "B3"
    assert found["undeclared-value"] == "L2"


def labelled(project: str) -> str:
    """The raw export as REDCap writes it with labels, made by its dictionary."""
    fields = read_dictionary(EXPORTS / f"redcap_{project}_dictionary.csv").fields
    heads = {"redcap_repeat_instrument": "Repeat Instrument", "redcap_repeat_instance": "Repeat Instance",
             "redcap_event_name": "Event Name"}  # fmt: skip
    codes: dict[str, dict[str, str]] = {}
    for field in fields:
        heads[f"{field.form}_complete"] = "Complete?"
        codes[f"{field.form}_complete"] = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
        for name, label in zip(
            field.columns, field.choices.values() if field.kind == "checkbox" else [""], strict=True
        ):
            heads[name] = f"{field.label} (choice={label})" if field.kind == "checkbox" else field.label
            codes[name] = (
                {"0": "Unchecked", "1": "Checked"} if field.kind == "checkbox" else dict(field.choices)
            )
    text = (EXPORTS / f"redcap_{project}_data.csv").read_bytes().decode("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow([heads[name] for name in rows[0]])
    for row in rows[1:]:
        writer.writerow(
            [codes.get(name, {}).get(cell, cell) for name, cell in zip(rows[0], row, strict=True)]
        )
    return out.getvalue()


@pytest.mark.parametrize("project", ["repeating_instruments", "longitudinal"])
def test_redcap_labels_and_raw_codes_read_the_same(tmp_path, project):
    dictionary = f"redcap_{project}_dictionary.csv"
    (tmp_path / dictionary).write_bytes((EXPORTS / dictionary).read_bytes())
    (tmp_path / "labels.csv").write_text(labelled(project), encoding="utf-8", newline="")
    read = reader("labels.csv", tmp_path, format="redcap", dictionary=dictionary).read("")
    assert columns(read) == columns(redcap(project))


def test_redcap_a_missing_dictionary_is_named_itself(tmp_path):
    (tmp_path / "export.csv").write_text("record_id\n1\n", encoding="utf-8")
    source = Source(file="export.csv", format="redcap", dictionary="dict.csv")
    with pytest.raises(
        UnreadableError, match=r"data dictionary dict\.csv: the file does not exist"
    ) as caught:
        open_reader(tmp_path / "export.csv", source)
    assert caught.value.rule == "missing-file"


def test_redcap_dictionary_must_be_one_and_stay_inside(tmp_path):
    (tmp_path / "d.csv").write_bytes((EXPORTS / "redcap_checkboxes_1_data.csv").read_bytes())
    with pytest.raises(UnreadableError, match="no column 'Variable / Field Name'"):
        reader("d.csv", tmp_path, format="redcap", dictionary="d.csv")
    with pytest.raises(UnreadableError, match=r"'\.\.'"):
        reader("d.csv", tmp_path, format="redcap", dictionary="../d.csv")


@pytest.mark.parametrize(("logic", "expected"), [
    ("", True), ('[sex] = "0"', True), ("[sex] = '1'", False), ("[sex] <> 1", True),
    ("[age] > 3 and [sex]=0", True),
    ("[age] < 3 or not ([sex] = 1)", True), ("[pets(2)] = '1'", True), ("[pets(3)]='1'", False),
    ("[nothere] = 1", None), ("[visit_1][sex] = 1", None), ("datediff([a],[b],'d') > 3", None),
    ("[sex] =", None),
    ("[blank] > 2", False), ("([sex]=0", None),
])  # fmt: skip
def test_redcap_branching_logic(logic, expected):
    row = {"sex": "0", "age": "7", "pets___2": "1", "pets___3": "0", "blank": ""}
    assert holds(logic, row.get) is expected


def test_redcap_boxes_hidden_by_branching_logic_are_blank(tmp_path):
    head = (EXPORTS / "redcap_checkboxes_1_dictionary.csv").read_text(encoding="utf-8").splitlines()[0]
    rows = [
        "id,f,,text,ID,,,,,,,,,,,,,", "has,f,,yesno,Pets?,,,,,,,,,,,,,",
        "pets,f,,checkbox,Which?,\"1, cat | -2, dog\",,,,,,\"[has] = '1'\",,,,,,",
    ]  # fmt: skip
    (tmp_path / "d.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    data = "id,has,pets___1,pets____2,f_complete\n1,0,0,0,2\n2,1,0,0,2\n3,1,0,1,2\n4,0,0,0,\n"
    (tmp_path / "x.csv").write_text(data, encoding="utf-8")
    raw = reader("x.csv", tmp_path, format="redcap", dictionary="d.csv").read("")
    assert columns(raw)["pets___1"] == ["", "0", "0", ""]
    assert columns(raw)["pets____2"] == ["", "0", "1", ""]
    (tmp_path / "x.csv").write_text(data.replace(",f_complete", ",other"), encoding="utf-8")
    assert "checkbox-unclear" in rules(
        reader("x.csv", tmp_path, format="redcap", dictionary="d.csv").read("")
    )


def test_qualtrics_sample():
    raw = reader("qualtrics_three_header_rows.csv", format="qualtrics").read("")
    found = columns(raw)
    assert found["Q2"] == ["", "", "Hello World!"]
    assert found["ResponseId"][2] == "R_2YPOQ602ER1jkf1"
    assert rules(raw) == {"identifier-column": "D, J:L, N:O"}


def test_qualtrics_previews_and_unfinished_responses(tmp_path):
    lines = ["Status,Finished,Q1", "Antworttyp,Beendet,Text", *[",".join(['"{""ImportId"":""a""}"'] * 3)]]
    (tmp_path / "q.csv").write_text(
        "\n".join([*lines, "1,1,4", "0,0,3", "IP Address,True,2"]), encoding="utf-8"
    )
    raw = reader("q.csv", tmp_path, format="qualtrics").read("")
    assert rules(raw) == {"test-response": "A4", "unfinished-response": "B5"}
    (tmp_path / "q.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    with pytest.raises(UnreadableError, match="ImportId"):
        reader("q.csv", tmp_path, format="qualtrics").read("")


def test_surveymonkey_headers_are_question_and_option(tmp_path):
    text = "Respondent ID,Email Address,How often?,Which games?,,Comment\n"
    text += ",,Response,Drums,Songs,Open-Ended Response\n1,x@example.org,3,Drums,,fine\n"
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    raw = reader("s.csv", tmp_path, format="surveymonkey").read("")
    names = [
        "Respondent ID",
        "Email Address",
        "How often?",
        "Which games?: Drums",
        "Which games?: Songs",
        "Comment",
    ]
    assert list(columns(raw)) == names
    assert columns(raw)["Comment"] == ["", "fine"]
    assert rules(raw) == {"identifier-column": "B"}


def test_kobo_groups_and_repeats(tmp_path):
    assert bare(["family/mood", "a/x", "b/x", "g/days", "g/days/mon", "_id"]) == [
        "mood", "a/x", "b/x", "days", "days/mon", "_id",
    ]  # fmt: skip
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["child", "family/mood", "_uuid", "_validation_status"], ["007", 3, "u1", "Approved"],
                ["008", 4, "u1", "Not Approved"]):  # fmt: skip
        sheet.append(row)
    book.create_sheet("sessions").append(["tempo", "_index", "_parent_index"])
    book.save(tmp_path / "k.xlsx")
    opened = reader("k.xlsx", tmp_path, format="kobo")
    assert opened.sheets == ("Sheet", "sessions")
    raw = opened.read("Sheet")
    assert columns(raw)["mood"] == [3, 4]
    assert columns(raw)["child"] == ["007", "008"]
    assert rules(raw) == {"repeated-submission": "C2:C3", "rejected-submission": "D3"}
    opened.close()


def test_kobo_repeat_groups_carry_the_answers_above_them(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "main"
    for row in (["child", "note", "_index"], ["007", "x", 1], ["008", "y", 2]):
        sheet.append(row)
    group = book.create_sheet("sessions")
    for row in (["tempo", "note", "_index", "_parent_table_name", "_parent_index"],
                [90, "a", 1, "main", 2], [100, "b", 2, "main", 1], [110, "c", 3, "main", 9]):  # fmt: skip
        group.append(row)
    inner = book.create_sheet("songs")
    for row in (["song", "_parent_table_name", "_parent_index"], ["lullaby", "sessions", 1]):
        inner.append(row)
    book.save(tmp_path / "k.xlsx")
    opened = reader("k.xlsx", tmp_path, format="kobo")
    raw = opened.read("sessions")
    assert columns(raw)["child"] == ["008", "007", ""]
    assert columns(raw)["note"] == ["a", "b", "c"]
    assert rules(raw) == {"row-without-parent": "E4"}
    nested = columns(opened.read("songs"))
    assert (nested["child"], nested["tempo"]) == (["008"], [90])
    opened.close()


def test_google_forms_timestamps(tmp_path):
    assert iso("2025/03/01 9:14:05 AM GMT+1") == "2025-03-01T09:14:05"
    assert iso("2025/03/01 12:00:00 am GMT-7") == "2025-03-01T00:00:00"
    assert iso("2025/03/01 1:00:00 p.m. MEZ") == "2025-03-01T13:00:00"
    assert iso("3/1/2025 9:14:05") == "3/1/2025 9:14:05"
    (tmp_path / "g.csv").write_text("Timestamp,Child\n2025/03/01 9:14:05 AM GMT+1,007\n", encoding="utf-8")
    raw = reader("g.csv", tmp_path, format="google-forms").read("")
    assert columns(raw) == {"Timestamp": ["2025-03-01T09:14:05"], "Child": ["007"]}


@pytest.mark.parametrize("tool", ["surveymonkey", "kobo", "google-forms", "qualtrics"])
def test_another_tools_export_is_refused(tmp_path, tool):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    with pytest.raises(UnreadableError) as caught:
        reader("a.csv", tmp_path, format=tool).read("")
    assert caught.value.rule == "not-this-export"
