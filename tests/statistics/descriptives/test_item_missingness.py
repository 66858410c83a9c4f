"""Item missingness and dropout, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from emostats.statistics.descriptives.item_missingness import (
    dropout_table,
    pattern_kind,
    pattern_kinds,
    scale_missingness,
)

VISITS = ["V0", "V1", "V2"]
OBSERVED = pd.DataFrame({"USUBJID": list("aaabbcc"), "AVISIT": ["V0", "V1", "V2", "V0", "V1", "V0", "V2"]})
GROUPS = {"All": set("abcd"), "Boys": set("ab"), "None": set()}


def test_missing_answers_by_scale_and_visit():
    items = pd.DataFrame([
        {"USUBJID": child, "AVISIT": "V0", "ITEM": item, "VALUE": value}
        for child, values in {"a": [1, 2, 3], "b": [1, np.nan, np.nan], "c": [np.nan] * 3}.items()
        for item, value in zip(["i", "j", "k"], values, strict=True)
    ])  # fmt: skip
    table = scale_missingness(items, {"S": ["i", "j"], "T": ["k"]}, ["V0", "V1"]).set_index(
        ["parameter", "visit"]
    )
    assert table.loc[("S", "V0")].tolist() == [2, 4, 1, 0.25, 1]  # c never began
    assert table.loc[("T", "V0")].tolist() == [2, 2, 1, 0.5, 1]
    assert table.loc[("S", "V1"), "n_forms"] == 0 and np.isnan(table.loc[("S", "V1"), "proportion_missing"])


def test_dropout_by_group():
    table = dropout_table(OBSERVED, VISITS, GROUPS)
    assert table[table["level"] == "All"]["n"].tolist() == [1, 0, 1, 2]
    assert table[table["level"] == "Boys"]["n"].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(("pattern", "kind"), [
    ("111", "complete"), ("110", "monotone"), ("100", "monotone"), ("101", "intermittent"),
    ("011", "intermittent"), ("000", "none"), ("1", "complete"),
])  # fmt: skip
def test_kinds_of_patterns(pattern, kind):
    assert pattern_kind(pattern) == kind


def test_kinds_are_counted():
    patterns = pd.DataFrame({"parameter": "S", "pattern": ["111", "110", "100", "101"], "n": [5, 3, 1, 2]})
    assert pattern_kinds(patterns).set_index("kind")["n"].to_dict() == {
        "complete": 5,
        "monotone": 4,
        "intermittent": 2,
    }
    for wrong in ("", "12"):
        with pytest.raises(ValueError, match="0 and 1"):
            pattern_kind(wrong)
