"""Tables and estimates survive the way to a file and back; text is never a formula; bytes repeat."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.estimates import Estimate, estimates_frame
from emostats.pipeline.tables_io import (
    plain,
    read_csv,
    read_estimates,
    write_csv,
    write_estimates,
    write_json,
)

HOSTILE = [
    "=1+1",
    "+1",
    "-x",
    "@SUM(A1)",
    "\tx",
    "'quoted",
    "a,b\nc",
    "",
    "0111",
    "007",
    "NA",
    "Mädchen, 1–6",
]


def test_text_comes_back_as_it_was_and_is_no_formula_on_the_way(tmp_path: Path) -> None:
    table = pd.DataFrame({"level": HOSTILE, "mean": np.linspace(-1, 1, len(HOSTILE))})
    write_csv(table, tmp_path / "t.csv")
    back = read_csv(tmp_path / "t.csv")
    assert back["level"].tolist() == HOSTILE
    assert back["mean"].tolist() == table["mean"].tolist()
    raw = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    assert not raw["level"].str.startswith(("=", "+", "-", "@", "\t")).any()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12),
            st.floats(allow_nan=True, allow_infinity=False),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_table_survives(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, float]]) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    table = pd.DataFrame(rows, columns=["message", "estimate"])
    write_csv(table, path)
    back = read_csv(path)
    assert back["message"].tolist() == table["message"].tolist()
    np.testing.assert_array_equal(back["estimate"].to_numpy(float), table["estimate"].to_numpy(float))


def test_patterns_keep_their_zeros_and_counts_their_form(tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"pattern": ["0111", "1111"], "n": [3.0, np.nan]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == "pattern,n\n0111,3\n1111,\n"
    assert read_csv(tmp_path / "t.csv")["pattern"].tolist() == ["0111", "1111"]


def test_estimates_survive_at_full_precision(tmp_path: Path) -> None:
    rows = [
        Estimate(
            "a", "primary", "change", estimate=0.1 + 0.2, std_error=1e-17, n=3, level="=1", planned=False
        ),
        Estimate("b", "primary", "test", error="singular"),
    ]
    table = estimates_frame(rows)
    write_estimates(table, tmp_path)
    pd.testing.assert_frame_equal(read_estimates(tmp_path), table)


def test_json_has_no_numbers_that_are_none(tmp_path: Path) -> None:
    write_json(
        {"a": float("nan"), "b": np.float64(1.5), "c": (np.int64(2), np.bool_(True)), "d": None},
        tmp_path / "x",
    )
    assert json.loads((tmp_path / "x").read_text(encoding="utf-8")) == {
        "a": None,
        "b": 1.5,
        "c": [2, True],
        "d": None,
    }
    assert plain({"path": Path("x")}) == {"path": "x"}
