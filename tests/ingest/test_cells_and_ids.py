"""Cells become values only as the schema says; IDs are compared exactly and near misses are known."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.ingest import addresses
from emostats.ingest.cells import Column, NumberRule, dates, is_blank, numbers, shown, text_of, texts
from emostats.ingest.ids import Roster, key, read_ids

CELLS = st.one_of(
    st.just(""),
    st.text(max_size=5),
    st.booleans(),
    st.integers(-1000, 1000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
)


@given(st.lists(CELLS, max_size=30))
@settings(max_examples=80, deadline=None)
def test_a_column_gives_its_cells_back(cells):
    column = Column.of(cells)
    assert len(column) == len(cells)
    for position, cell in enumerate(cells):
        assert type(column.content(position)) is type(cell) or cell == column.content(position)
        assert column.content(position) == cell
    assert column.where(is_blank).tolist() == [isinstance(cell, str) and not cell.strip() for cell in cells]


def test_true_is_not_one():
    column = Column.of([True, 1.0, 1, False, 0.0])
    assert texts(column).tolist() == ["TRUE", "1", "1", "FALSE", "0"]
    assert numbers(column, NumberRule()).unfit.tolist() == [0, 3]


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just("")), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_numbers_survive_exactly(cells):
    read = numbers(Column.of(cells), NumberRule())
    assert [None if math.isnan(value) else value for value in read.values] == [
        None if cell == "" else cell for cell in cells
    ]
    assert not len(read.unfit) and not len(read.stored_as_text)


@given(st.floats(-1e6, 1e6))
@settings(max_examples=60, deadline=None)
def test_a_number_kept_as_text_is_the_same_number(value):
    for decimal in (".", ","):
        text = repr(value).replace(".", decimal)
        read = numbers(Column.of([text]), NumberRule(decimal=decimal))
        assert read.values[0] == value and read.stored_as_text.tolist() == [0]


def test_missing_codes_hold_for_numbers_and_text():
    rule = NumberRule(missing=frozenset({"-9", "N/A"}))
    read = numbers(Column.of([-9.0, "-9", "N/A", "n/a", 9.0, " "]), rule)
    assert np.isnan(read.values).tolist() == [True, True, True, True, False, True]
    assert read.unfit.tolist() == [3]


def test_text_of_cells():
    assert [text_of(cell) for cell in (7.0, 7.5, "007 ", True, dt.date(2025, 3, 1), 1e20)] == [
        "7", "7.5", "007", "TRUE", "2025-03-01", "1e+20",
    ]  # fmt: skip


def test_dates_are_never_guessed():
    cells = [dt.date(2025, 3, 1), dt.datetime(2025, 3, 1, 12), "2025-03-01", "01.03.2025", "", 45000.0]
    found, wrong = dates(Column.of(cells), "")
    assert found[:3].tolist() == [dt.date(2025, 3, 1)] * 3
    assert wrong.tolist() == [3, 5] and found[3] is None
    found, wrong = dates(Column.of(["01.03.2025", "2025-03-01"]), "%d.%m.%Y")
    assert found[0] == dt.date(2025, 3, 1) and wrong.tolist() == [1]


def test_shown_cells_are_short():
    assert shown("x" * 500).endswith("…'") and len(shown("x" * 500)) < 70
    assert shown(7.0) == "7" and shown(dt.date(2025, 1, 2)) == "the date 2025-01-02"


# IDs


@pytest.mark.parametrize("other", ["7", "7.0", "07", " 007", "007\u00a0", "００７", "0 07", "\ufeff007"])
def test_near_misses_of_007_share_its_key(other):
    assert key(other) == key("007")


@pytest.mark.parametrize("other", ["70", "0070", "7.1", "K7", "8", "7-0"])
def test_other_ids_do_not(other):
    assert key(other) != key("007")


def test_zeros_within_an_id_count_from_each_number():
    assert key("K007-01") == key("k7-1")
    assert key("K100") != key("K1")


@given(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_key_is_stable_and_blind_to_blanks(identifier):
    assert key(key(identifier)) == key(identifier)
    assert key(f" {identifier}\t") == key(identifier)


@given(st.integers(0, 10**9), st.integers(0, 4))
@settings(max_examples=60, deadline=None)
def test_a_number_and_its_zero_padded_text_are_alike_but_not_equal(number, zeros):
    padded = "0" * zeros + str(number)
    roster = Roster.of([padded])
    read = read_ids(Column.of([float(number)])).values[0]
    assert read == str(number)
    assert roster.alike(read) == (() if read == padded else (padded,))


def test_twins():
    assert Roster.of(["1", "01", "2"]).twins() == [("1", "01")]


# addresses


@given(st.integers(0, 16383))
@settings(max_examples=60, deadline=None)
def test_column_letters_go_there_and_back(column):
    assert addresses.column_of(addresses.letters(column)) == column


def test_addresses_as_spreadsheets_write_them():
    assert [addresses.letters(column) for column in (0, 25, 26, 701, 702, 16383)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
        "XFD",
    ]
    assert addresses.cell(16, 2) == "C17" and addresses.position("C17") == (16, 2)
    assert addresses.position("17C") is None
    assert addresses.cells([4, 2, 3, 8], 2) == "C3:C5, C9"
    assert addresses.columns_text([0, 1, 4]) == "A:B, E"
    assert addresses.rows_text([4, 2, 3, 8]) == "3–5, 9"
    assert addresses.cells([], 0) == ""
