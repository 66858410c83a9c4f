"""The workbook: full precision, no formula from anyone's text, the same bytes each time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from emostats.render import write_workbook

HOSTILE = (
    "=cmd()|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "<script>",
    "مرحبا",
    "x" * 40_000,
    "a\x00b\x0bc",
    "\ud800",
)
TABLE = pd.DataFrame(
    {
        "term": pd.Series(HOSTILE, dtype=object),
        "estimate": [0.1 + 0.2, 1e-300, -1 / 3, np.pi, None, np.nan, 7.0, 1e15, 2.5, 0.0],
    }
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tables.xlsx"


def test_numbers_keep_every_digit(path):
    write_workbook({"estimates": TABLE}, path)
    sheet = load_workbook(path)["estimates"]
    found = [sheet.cell(row=i, column=2).value for i in range(2, 12)]
    for value, expected in zip(found, TABLE["estimate"], strict=True):
        assert value is None if math.isnan(expected) else value == expected


def test_no_text_becomes_a_formula(path):
    write_workbook({"estimates": TABLE}, path)
    sheet = load_workbook(path)["estimates"]
    for i, text in enumerate(HOSTILE, start=2):
        cell = sheet.cell(row=i, column=1)
        assert cell.data_type == "s"
        assert cell.quotePrefix == text.startswith(("=", "+", "-", "@", "\t"))
    assert sheet.cell(row=2, column=1).value == HOSTILE[0]
    assert len(sheet.cell(row=9, column=1).value) == 32_767


def test_infinity_is_written_as_a_word(path):
    write_workbook({"t": pd.DataFrame({"x": [np.inf]})}, path)
    assert load_workbook(path)["t"]["A2"].value == "inf"


def test_a_header_is_text_too(path):
    write_workbook({"t": pd.DataFrame({"=1+1": [1]})}, path)
    assert load_workbook(path)["t"]["A1"].data_type == "s"


def test_counts_stay_whole_and_flags_stay_flags(path):
    table = pd.DataFrame({"n": pd.array([3, None], dtype="Int64"), "planned": [True, False]})
    write_workbook({"t": table}, path)
    sheet = load_workbook(path)["t"]
    assert (sheet["A2"].value, sheet["A3"].value, sheet["B2"].value) == (3, None, True)
    assert isinstance(sheet["A2"].value, int)


def test_sheet_names_are_made_valid_and_different(path):
    names = ["a/b:c*?[d]\\e'", "x" * 40, "x" * 35, "X" * 31, ""]
    write_workbook(dict.fromkeys(names, TABLE.iloc[:1]), path)
    found = load_workbook(path).sheetnames
    assert len(found) == len({name.casefold() for name in found}) == 5
    assert all(0 < len(name) <= 31 for name in found)


def test_simulated_data_are_called_so_on_every_sheet(path):
    write_workbook({"estimates": TABLE, "flow": TABLE}, path, about={"Study": "s1"}, simulated=True)
    book = load_workbook(path)
    assert book.sheetnames == ["About", "estimates", "flow"]
    assert "Simulated data" in book["About"]["B1"].value
    assert book["About"]["B2"].value == "s1"
    assert all(sheet.oddHeader.center.text == "Simulated data" for sheet in book)


def test_real_data_have_no_such_mark(path):
    write_workbook({"estimates": TABLE}, path)
    book = load_workbook(path)
    assert book.sheetnames == ["estimates"]
    assert book["estimates"].oddHeader.center.text is None


def test_the_same_tables_give_the_same_bytes(path, tmp_path):
    other = tmp_path / "again.xlsx"
    write_workbook({"estimates": TABLE}, path, simulated=True)
    write_workbook({"estimates": TABLE}, other, simulated=True)
    assert path.read_bytes() == other.read_bytes()


def test_headers_stay_in_sight(path):
    write_workbook({"estimates": TABLE}, path)
    assert load_workbook(path)["estimates"].freeze_panes == "A2"
