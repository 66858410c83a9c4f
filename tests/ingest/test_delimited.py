"""Delimited text: encodings, separators, decimal marks, and files that cannot be trusted."""

from __future__ import annotations

import gc
import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import Severity
from emostats.ingest import delimited, ingest, read_study
from emostats.ingest.container import UnreadableError
from emostats.ingest.delimited import DelimitedReader, decode, separator_of
from emostats.ingest.pause import collector_paused
from emostats.study import read_spec
from emostats.study.spec import Source

STUDY = """
[study]
id = "text"
title = "Text"
[sources.t]
file = "data.csv"
{options}
[subjects]
source = "t"
columns = {{ USUBJID = "id", SITE = "site" }}
[[visits]]
name = "V0"
value = "0"
baseline = true
[[measurements]]
source = "t"
columns = {{ USUBJID = "id", AVISIT = "visit" }}
parameters = {{ S = {{ column = "score", range = [0, 100] }} }}
"""


@pytest.fixture
def text_study(tmp_path):
    """Writes data.csv (bytes) and reads the study: data and findings."""
    from emostats.ingest import ingest
    from emostats.study import read_spec

    def read(content: bytes, options: str = ""):
        (tmp_path / "data.csv").write_bytes(content)
        (tmp_path / "study.toml").write_text(STUDY.format(options=options), encoding="utf-8")
        return ingest(read_spec(tmp_path))

    return read


def scores(data):
    return dict(zip(data.observations["USUBJID"], data.observations["AVAL"], strict=True))


def only(findings, rule):
    assert [finding.rule for finding in findings] == [rule], [str(finding) for finding in findings]
    return findings[0]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(text_study, separator):
    lines = ["id,site,visit,score", "007,Nord,0,1.5", "8,Süd,0,2"]
    data, findings = text_study("\n".join(lines).replace(",", separator).encode())
    assert findings == () and scores(data) == {"007": 1.5, "8": 2.0}
    assert data.subjects["SITE"].tolist() == ["Nord", "Süd"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_encodings(text_study, encoding):
    data, findings = text_study("id,site,visit,score\n1,Süd 北,0,2\n".encode(encoding))
    assert findings == () and data.subjects["SITE"].tolist() == ["Süd 北"]


def test_an_encoding_that_was_guessed_is_told(text_study):
    data, findings = text_study("id,site,visit,score\n1,Süd,0,2\n".encode("cp1252"))
    assert only(findings, "encoding-guessed").severity is Severity.WARNING
    assert data.subjects["SITE"].tolist() == ["Süd"]


def test_a_stated_encoding(text_study):
    content = "id,site,visit,score\n1,北京,0,2\n".encode("gb18030")
    data, findings = text_study(content, 'encoding = "gb18030"')
    assert findings == () and data.subjects["SITE"].tolist() == ["北京"]


def test_wrong_mixed_and_unknown_encodings(text_study):
    gb = "id,site,visit,score\n1,北京,0,2\n".encode("gb18030")
    assert "line 2" in only(text_study(gb, 'encoding = "utf-8"')[1], "wrong-encoding").message
    mixed = "id,site,visit,score\n1,Süd,0,2\n".encode() + "2,Süd,0,2\n".encode("cp1252")
    assert "line 3" in only(text_study(mixed)[1], "mixed-encodings").message
    only(text_study(mixed, 'encoding = "utf8000"')[1], "unknown-encoding")


def test_decimal_commas(text_study):
    content = b"id;site;visit;score\n1;N;0;1,5\n2;N;0;,5\n"
    data, findings = text_study(content, 'decimal = ","')
    assert findings == () and scores(data) == {"1": 1.5, "2": 0.5}
    assert (
        only(text_study(b"id;site;visit;score\n1;N;0;1.5\n", 'decimal = ","')[1], "not-a-number").cell == "D2"
    )
    assert only(text_study(content)[1][:1], "not-a-number").cell == "D2"


def test_text_files_have_no_numbers_kept_as_text(text_study):
    assert text_study(b"id,site,visit,score\n1,N,0,1\n")[1] == ()


def test_quotes_line_breaks_and_blank_lines(text_study):
    content = b'id,site,visit,score\r\n"1","North, ""old""\r\nwing",0,3\r\n\r\n2,S,0,4\r\n\r\n'
    data, findings = text_study(content)
    assert findings == () and scores(data) == {"1": 3.0, "2": 4.0}
    assert data.provenance.loc[data.provenance["SOURCE_ID"] == "t/4/S", "ROW"].tolist() == [4]


@pytest.mark.parametrize(
    ("content", "rule", "said"),
    [
        (b"id,site,visit,score\n1,A,B,0,3\n", "uneven-rows", "row 2"),
        (b"id,site,visit,score\n1,A,0,3\n2,A", "uneven-rows", "row 3"),
        (b'id,site,visit,score\n1,"A,0,3\n2,A,0,3\n', "damaged-text", "unexpected end"),
        (b"", "empty-file", "0 bytes"),
        (b" \n \n", "empty-workbook", "no values"),
        (b"id,site\0,visit,score\n", "not-a-text-file", "binary"),
        (b"PK\x03\x04rest", "not-a-text-file", "workbook"),
        (b"id,site,visit,score\n1," + b"x" * 1_000_001 + b",0,3\n", "damaged-text", "field"),
    ],
)
def test_files_that_cannot_be_trusted(text_study, content, rule, said):
    found = only(text_study(content)[1], rule)
    text = found.message + found.action
    assert said in text and found.file == "data.csv"


def test_a_roster_that_is_also_the_data_gives_each_child_once(text_study):
    data, _ = text_study(b"id,site,visit,score\n1,A,0,3\n2,B,0,4\n")
    assert len(data.subjects) == 2 and data.subjects["SOURCE_ID"].tolist() == ["t/2", "t/3"]


def test_a_number_is_not_guessed_from_text(text_study):
    for text in ("0x10", "1_000", "1e999", "nan", "--1", "1 2", "٣"):
        content = f"id,site,visit,score\n1,A,0,{text}\n".encode()
        assert only(text_study(content)[1], "not-a-number").cell == "D2"


def test_out_of_range_value_keeps_its_cell_child_and_visit(text_study):
    found = only(text_study(b"id,site,visit,score\n1,A,0,101\n")[1], "value-out-of-range")
    assert (found.cell, found.subject, found.visit, found.parameter) == ("D2", "1", "V0", "S")


@given(st.lists(st.lists(st.text('ab,;\t"\n é', max_size=4), min_size=3, max_size=3), min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_is_written_comes_back(tmp_path_factory, rows):
    import csv
    import io

    rows = [["id", "x", "y"], *rows]
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(stream.getvalue().encode("utf-8"))
    read = DelimitedReader(path, Source(file="a.csv", separator=",")).read("")
    while not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    assert [list(row) for row in zip(*read.columns, strict=True)] == rows


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused_with_a_reason(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_bytes(content)
    try:
        read = DelimitedReader(path, Source(file="a.csv")).read("")
    except UnreadableError as error:
        assert str(error) and error.action
    else:
        assert len({len(column) for column in read.columns}) <= 1


def test_decode_and_separator_directly():
    assert decode("ä".encode(), None) == ("ä", False)
    assert decode("ä".encode("cp1252"), None) == ("ä", True)
    assert separator_of("a;b;c\n1,5;2;3\n") == ";"
    assert separator_of("only\none\n") == ","
    assert separator_of("") == ","


def test_a_row_after_the_first_thousands_is_held_to_the_same_width(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "ROWS_AT_A_TIME", 3)
    good = "\n".join(["a,b", *(f"{i},{i}" for i in range(10)), "", "11,11", " , ", ""])
    columns, _ = delimited._parse(io.StringIO(good), ",")
    assert [*map(list, columns)] == [
        ["a", *map(str, range(10)), "", "11"],
        ["b", *map(str, range(10)), "", "11"],
    ]
    with pytest.raises(UnreadableError, match="expected 2 fields in every row; found 3 in row 12"):
        delimited._parse(io.StringIO(good.replace("11,11", "1,2,3").replace("\n\n", "\n")), ",")


def test_the_collector_is_as_it_was_after_reading():
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), collector_paused():
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert gc.isenabled()


NARROW = """
schema = 1
[study]
id = "narrow"
title = "Narrow"
[sources.t]
file = "scores.csv"
[subjects]
source = "t"
columns = { USUBJID = "id" }
[[visits]]
name = "V0"
baseline = true
[[visits]]
name = "V1"
[[measurements]]
source = "t"
columns = { USUBJID = "id", AVISIT = "visit" }
[measurements.parameters]
SCORE = { column = "score", range = [0, 100] }
"""


def test_a_long_narrow_file_takes_a_stated_multiple_of_its_size_in_memory(tmp_path):
    (tmp_path / "study.toml").write_text(NARROW, encoding="utf-8")
    file = tmp_path / "scores.csv"
    file.write_text("id,visit,score\nC0,V0,1\n", encoding="utf-8")
    read_study(tmp_path)  # what is imported on the way does not count
    with file.open("w", encoding="utf-8", newline="") as stream:
        stream.write("id,visit,score\n")
        stream.writelines(f"C{row // 2:07},V{row % 2},{row % 101}\n" for row in range(20_000))
    tracemalloc.start()
    try:
        data = read_study(tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(data.observations) == 20_000
    assert data.provenance["SOURCE_ID"].iloc[-1] == "t/20001/SCORE"
    assert peak < 30 * file.stat().st_size  # as Python and NumPy count; 38 when each cell was kept as a text


def test_blank_lines_before_the_header_keep_their_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "ROWS_AT_A_TIME", 3)
    columns, _ = delimited._parse(io.StringIO("\n" * 7 + "a,b\n1,2\n"), ",")
    assert [*map(list, columns)] == [[""] * 7 + ["a", "1"], [""] * 7 + ["b", "2"]]


def narrow(folder, content, options=""):
    """The findings of a study whose one table is this file."""
    (folder / "study.toml").write_text(
        NARROW.replace("[subjects]", f"{options}\n[subjects]"), encoding="utf-8"
    )
    content = content.encode() if isinstance(content, str) else content
    (folder / "scores.csv").write_bytes(content)
    return ingest(read_spec(folder))


TABLE = "id,visit,score\n001,V0,1.5\n001,V1,2\n"


def test_a_fault_of_a_shared_table_is_told_once(tmp_path):
    _, findings = narrow(tmp_path, TABLE.replace("id", "kid"))
    assert [finding.rule for finding in findings] == ["missing-column"]


@pytest.mark.parametrize("content", [
    "sep=;\n" + TABLE.replace(",", ";"),
    '\ufeff"sep=;"\r\n' + TABLE.replace(",", ";"),
    "SEP=,\n" + TABLE,
])  # fmt: skip
def test_a_line_that_states_the_separator_is_no_row(tmp_path, content):
    data, findings = narrow(tmp_path, content)
    assert findings == ()
    assert data.provenance["ROW"].tolist() == [2, 2, 3]


@pytest.mark.parametrize("content", [
    "My study\n\n" + TABLE,
    "My study\n" + TABLE.replace(",", ";").replace("1.5", "1,5"),
])  # fmt: skip
def test_titles_above_a_table_are_told_and_are_no_rows(tmp_path, content):
    data, findings = narrow(tmp_path, content, 'decimal = ","' if ";" in content else "")
    assert [finding.rule for finding in findings] == ["lines-above-table"]
    assert "'My study'" in findings[0].message
    assert data.observations["AVAL"].tolist() == [1.5, 2]
    assert data.provenance["ROW"].iloc[-1] == content.count("\n")


def test_a_header_with_a_name_too_few_is_no_title(tmp_path):
    _, findings = narrow(tmp_path, "id,visit\n1,001,V0\n")
    assert [finding.rule for finding in findings] == ["uneven-rows"]
    _, findings = narrow(tmp_path, "id\n1,001\n")
    assert "missing-column" in [finding.rule for finding in findings]


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_named_and_read_when_stated(tmp_path, name):
    _, findings = narrow(tmp_path, TABLE.encode(name))
    assert f'encoding = "{name}"' in findings[0].action
    data, findings = narrow(tmp_path, TABLE.encode(name), f'encoding = "{name}"')
    assert findings == () and len(data.observations) == 2


@pytest.mark.parametrize("start", ["<!DOCTYPE html><html>", "\n<HTML>", '\ufeff<?xml version="1.0"?><doc>'])
def test_a_web_page_under_the_name_csv(tmp_path, start):
    _, findings = narrow(tmp_path, f"{start}<table><tr><td>id</td></tr></table>")
    assert [finding.rule for finding in findings] == ["not-a-text-file"]
    assert "web page" in findings[0].message


def test_an_old_workbook_under_another_name(tmp_path):
    _, findings = narrow(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert [finding.rule for finding in findings] == ["old-excel"]


@pytest.mark.parametrize(("content", "tool", "severity"), [
    ("id,visit,score\nChild,Visit,Score\n" + ",".join(['"{""ImportId"":""Q""}"'] * 3) + "\n001,V0,1\n",
     "qualtrics", Severity.ERROR),
    ("Respondent ID,id,visit,score\n,Response,Response,Response\n9,001,V0,1\n",
     "surveymonkey", Severity.ERROR),
    ("id,visit,score,redcap_event_name\n001,V0,1,e\n", "redcap", Severity.WARNING),
])  # fmt: skip
def test_an_export_that_nobody_declared_is_recognised(tmp_path, content, tool, severity):
    _, findings = narrow(tmp_path, content)
    (found,) = findings
    assert found.rule == "unstated-export"
    assert found.severity is severity and f'format = "{tool}"' in found.action
    stated = NARROW.replace('file = "scores.csv"', 'file = "scores.csv"\nformat = "delimited"')
    (tmp_path / "study.toml").write_text(stated, encoding="utf-8")
    _, findings = ingest(read_spec(tmp_path))
    assert "unstated-export" not in [finding.rule for finding in findings]
