"""SPSS, SAS, Stata, Parquet and ARFF files, compared with what their own documentation says is in them."""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from pathlib import Path

import pytest

from emostats.errors import Severity
from emostats.ingest.container import UnreadableError
from emostats.ingest.formats.arff import split_values
from emostats.ingest.reader import open_reader
from emostats.study.spec import Source

pyreadstat = pytest.importorskip("pyreadstat")
parquet = pytest.importorskip("pyarrow.parquet")
EXPORTS = Path(__file__).parents[1] / "reference" / "exports"


def sheet(path: Path, **options):
    return open_reader(path, Source(file=path.name, **options)).read("")


def columns(raw) -> dict[str, list]:
    return {column[0]: list(column[1:]) for column in raw.columns}


def test_spss_values_keep_their_types():
    found = columns(sheet(EXPORTS / "sample.sav"))
    assert found["mychar"] == ["a", "b", "c", "d", "e"]
    assert found["mydate"][:2] == [date(2018, 5, 6), date(1880, 5, 6)]
    assert found["dtime"][0] == datetime(2018, 5, 6, 10, 10, 10)
    assert found["mytime"][1] == time(23, 10, 10)
    assert found["mydate"][4] == ""
    assert found["mylabl"] == [1, 2, 1, 2, 1]


def test_spss_labels_where_they_are_asked_for():
    found = columns(sheet(EXPORTS / "sample.sav", value_labels=True))
    assert found["mylabl"] == ["Male", "Female", "Male", "Female", "Male"]
    assert found["mynum"][0] == pytest.approx(1.1)


def test_spss_user_missing_codes_and_ranges_are_blank_and_listed():
    raw = sheet(EXPORTS / "sample_missing.sav")
    found = columns(raw)
    assert found["mynum"][5:] == ["", ""]  # -1 by itself, 2500 within 2000–3000
    assert found["mynum"][2] == pytest.approx(-1000.3)
    assert found["mylabl"][5] == ""
    listed = {finding.cell: finding.message for finding in raw.findings}
    assert "-1 'undetermined'" in listed["E7"]
    assert all(finding.severity is Severity.NOTE for finding in raw.findings)
    assert columns(sheet(EXPORTS / "missing_test.sav"))["var1"] == ["", 2]


def test_spss_dates_that_cannot_be_read_as_dates_are_told():
    raw = sheet(EXPORTS / "simple_alltypes.sav")
    assert [f.rule for f in raw.findings] == ["declared-missing", "declared-missing", "unread-date"]
    assert columns(raw)["str"][3] == "NA"  # text is text


def test_sas_special_missing_values_are_blank_and_named():
    raw = sheet(EXPORTS / "missing_test.sas7bdat")
    assert [column[1] for column in raw.columns] == ["", "", "", "", "", "", "", "", 1]
    assert [f.message.rsplit("(", 1)[1] for f in raw.findings] == [
        f"{mark})." for mark in (".A", ".B", ".C", ".X", ".Y", ".Z", "._")
    ]


def test_sas_transport_file_says_what_the_spss_file_says():
    transport, saved = (columns(sheet(EXPORTS / f"sample.{kind}")) for kind in ("xpt", "sav"))
    assert {name.lower(): values for name, values in transport.items()} == saved


def test_stata_codes_labels_and_extended_missing_values(tmp_path):
    import pandas as pd

    table = pd.DataFrame({"sex": [1.0, 2.0, 1.0], "score": [3.5, None, 4.0]})
    labels = {"sex": {1: "boy", 2: "girl"}}
    pyreadstat.write_dta(table, str(tmp_path / "a.dta"), variable_value_labels=labels)
    assert columns(sheet(tmp_path / "a.dta")) == {"sex": [1, 2, 1], "score": [3.5, "", 4.0]}
    assert columns(sheet(tmp_path / "a.dta", value_labels=True))["sex"] == ["boy", "girl", "boy"]


def test_parquet(tmp_path):
    import pyarrow as pa

    table = pa.table(
        {"id": ["007", None], "n": [3, 4], "x": [0.5, float("nan")], "d": [date(2025, 1, 2), None]}
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    assert columns(sheet(tmp_path / "a.parquet")) == {
        "id": ["007", ""], "n": [3, 4], "x": [0.5, ""], "d": [date(2025, 1, 2), ""],
    }  # fmt: skip
    parquet.write_table(pa.table({"a": [[1], [2]]}), tmp_path / "b.parquet")
    with pytest.raises(UnreadableError, match="column 'a' holds list"):
        sheet(tmp_path / "b.parquet")


@pytest.mark.parametrize("ending", ["sav", "zsav", "xpt", "sas7bdat", "dta", "parquet"])
@pytest.mark.parametrize("content", [b"", b"not such a file at all", b"$FL2" + b"\0" * 400])
def test_damaged_files_are_refused_in_words(tmp_path, ending, content):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(UnreadableError) as caught:
        sheet(path)
    assert caught.value.rule in ("damaged-file", "empty-file")
    assert caught.value.action


@pytest.mark.parametrize(("ending", "extra", "module"), [
    ("sav", "spss", "pyreadstat"), ("parquet", "parquet", "pyarrow.parquet"),
])  # fmt: skip
def test_a_missing_extra_is_named(tmp_path, monkeypatch, ending, extra, module):
    (tmp_path / f"a.{ending}").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UnreadableError) as caught:
        sheet(tmp_path / f"a.{ending}")
    assert caught.value.action == f'pip install "emostats[{extra}]"'


ARFF = """% a remark
@relation r
@attribute 'the id' string
@attribute mood {low,'very high'}
@data
a,'very high'
% another
"b, c",?

d,odd
"""


def test_arff_rows_keep_the_numbers_of_their_lines(tmp_path):
    (tmp_path / "a.arff").write_text(ARFF, encoding="utf-8")
    raw = sheet(tmp_path / "a.arff")
    assert list(raw.columns[0]) == ["", "", "", "", "the id", "a", "", "b, c", "", "d"]
    assert list(raw.columns[1])[4:] == ["mood", "very high", "", "", "", "odd"]
    assert [(f.rule, f.cell) for f in raw.findings] == [
        ("declared-missing", "B8"),
        ("undeclared-value", "B10"),
    ]


@pytest.mark.parametrize(("text", "rule"), [
    ("hello", "not-arff"), ("@data\n1", "not-arff"), (ARFF + "x,low,more\n", "uneven-rows"),
    (ARFF + "{0 x}\n", "sparse-arff"), (ARFF + "'x,low\n", "damaged-text"),
])  # fmt: skip
def test_arff_that_cannot_be_read(tmp_path, text, rule):
    (tmp_path / "a.arff").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableError) as caught:
        sheet(tmp_path / "a.arff")
    assert caught.value.rule == rule


def test_values_of_a_line():
    assert split_values(r"1, 'it\'s',2") == ["1", "it's", "2"]
    assert split_values('1,"a, b"') == ["1", "a, b"]


def test_a_transport_file_that_was_cut_off_is_refused(tmp_path):
    """The library behind reads what is there and says nothing; the format is made of records of 80 bytes."""
    whole = (EXPORTS / "sample.xpt").read_bytes()
    assert len(whole) % 80 == 0
    (tmp_path / "half.xpt").write_bytes(whole[:-30])
    with pytest.raises(UnreadableError, match="50 bytes are left over"):
        sheet(tmp_path / "half.xpt")
