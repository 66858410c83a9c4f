"""Instrument files and scoring: reversed by the schema's range, prorated per subscale, counted."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.study import StudyFileError, read_instrument, score, shipped_instruments
from emostats.study.instruments import Instrument, instruments_folder
from emostats.study.scoring import keyed

REFERENCE = Path(__file__).parents[1] / "reference"
QUESTIONNAIRE = read_instrument(instruments_folder() / "family_questionnaire.toml")


def instrument(n_items: int, *, low=0, high=4, reverse=(), **scoring) -> Instrument:
    """An instrument of one subscale S with items I0, I1, …"""
    names = [f"I{number}" for number in range(n_items)]
    return Instrument.model_validate(
        {
            "instrument": {"id": "x", "title": "x", "licence": "x", "source": "x"},
            "answers": {"range": [low, high]},
            "scoring": scoring,
            "items": [{"id": name, "reverse": number in reverse} for number, name in enumerate(names)],
            "subscales": [{"id": "S", "label": "S", "items": names}],
        }
    )


def answers(rows) -> pd.DataFrame:
    table = pd.DataFrame(rows, dtype=float)
    table.columns = [f"I{number}" for number in range(table.shape[1])]
    return table


# the shipped questionnaire


def test_the_family_questionnaire_says_that_it_is_our_own():
    text = (instruments_folder() / "family_questionnaire.toml").read_text(encoding="utf-8")
    assert "our own" in text and "does not name its items or its scale range" in text.replace("\n# ", " ")
    assert QUESTIONNAIRE.instrument.licence == "Apache-2.0" and "simulated" in QUESTIONNAIRE.instrument.title
    assert {"SOCINT", "EMORESP"} <= {subscale.id for subscale in QUESTIONNAIRE.subscales}
    assert all(item.wording for item in QUESTIONNAIRE.items)
    assert "family_questionnaire" in shipped_instruments()


def test_the_family_questionnaire_scores_a_worked_example():
    row = dict.fromkeys(QUESTIONNAIRE.item_ids, math.nan)
    # social interest: 3 and 5 are reversed; 2 + 1 + (4 − 3) + 0 + (4 − 4) + 2 = 6 over six items
    row |= {"SI1": 2, "SI2": 1, "SI3": 3, "SI4": 0, "SI5": 4, "SI6": 2}
    # emotional response: one item left out; 3 + 2 + (4 − 0) + 1 + 4 = 14 over five items
    row |= {"ER1": 3, "ER2": 2, "ER3": 0, "ER4": 1, "ER5": 4}
    # joint attention: two left out, one too many
    row |= {"JA1": 1, "JA2": 1, "JA3": 1, "JA4": 1}
    table = score(QUESTIONNAIRE, pd.DataFrame([row])).set_index("PARAMCD")
    assert table.loc["SOCINT", "AVAL"] == 1.0
    assert table.loc["EMORESP", "AVAL"] == 2.8
    assert math.isnan(table.loc["JOINTATT", "AVAL"]) and math.isnan(table.loc["SENSREG", "AVAL"])
    assert table["N_ITEMS"].tolist() == [6, 6, 6, 6]
    assert table["N_ITEMS_ANSWERED"].tolist() == [6, 5, 4, 0]


def test_totals_of_published_screening_data():
    lines = (REFERENCE / "aq10_child" / "aq10_child.arff").read_text(encoding="utf-8").splitlines()
    rows = [
        line.replace("'United States'", "x").split(",") for line in lines[lines.index("@data") + 1 :] if line
    ]
    items = answers([row[:10] for row in rows])
    published = [float(row[-4]) for row in rows]
    table = score(instrument(10, low=0, high=1, aggregate="sum"), items)
    assert len(table) == 292 and table["AVAL"].tolist() == published


# scoring


def naive(row, *, low, high, reverse, aggregate, max_missing):
    """The definition, item by item, in exact fractions."""
    answered = [(position, value) for position, value in enumerate(row) if value is not None]
    given = [Fraction(low + high - v if position in reverse else v) for position, v in answered]
    if len(row) - len(given) > max_missing:
        return None
    mean = sum(given) / len(given)
    return mean if aggregate == "mean" else mean * len(row)


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_scores_follow_the_definition(data):
    n_items = data.draw(st.integers(1, 6))
    low = data.draw(st.integers(-2, 2))
    high = low + data.draw(st.integers(1, 6))
    rule = {
        "aggregate": data.draw(st.sampled_from(["mean", "sum"])),
        "max_missing": data.draw(st.integers(0, n_items - 1)),
    }
    reverse = data.draw(st.sets(st.integers(0, n_items - 1)))
    row = st.lists(st.none() | st.integers(low, high), min_size=n_items, max_size=n_items)
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    table = score(instrument(n_items, low=low, high=high, reverse=reverse, **rule), answers(rows))
    for found, given_row in zip(table.itertuples(), rows, strict=True):
        expected = naive(given_row, low=low, high=high, reverse=reverse, **rule)
        assert sum(value is not None for value in given_row) == found.N_ITEMS_ANSWERED
        if expected is None:
            assert math.isnan(found.AVAL)
        else:
            assert pytest.approx(float(expected), abs=1e-12) == found.AVAL


@given(st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_reversing_twice_is_nothing_and_does_not_see_the_data(rows):
    table = answers(rows)
    turned = instrument(4, reverse={0, 1, 2, 3})
    once = pd.DataFrame(keyed(turned, table), columns=table.columns)
    assert np.array_equal(keyed(turned, once), table.to_numpy())
    alone = np.vstack([keyed(turned, table.iloc[[row]]) for row in range(len(table))])
    assert np.array_equal(alone, once.to_numpy())  # each row as if it were alone: no observed range


def test_reversal_uses_the_schema_when_nobody_chose_the_end():
    table = score(instrument(1, reverse={0}), answers([[1], [2]]))
    assert table["AVAL"].tolist() == [3, 2]


@pytest.mark.parametrize(
    ("rounding", "decimals", "expected"),
    [
        ("none", 0, [2.5, 3.5, 4.25]),
        ("half-up", 0, [3, 4, 4]),
        ("half-even", 0, [2, 4, 4]),
        ("half-up", 1, [2.5, 3.5, 4.3]),
    ],
)
def test_rounding_rules(rounding, decimals, expected):
    rule = instrument(4, high=9, aggregate="mean", rounding=rounding, decimals=decimals)
    table = score(rule, answers([[2, 3, 2, 3], [3, 4, 3, 4], [4, 4, 4, 5]]))
    assert table["AVAL"].tolist() == expected


def test_prorated_sum_that_is_a_half_by_definition_rounds_up():
    # 7 items, 2 left out: 0.5-valued sums must not fall on the wrong side by float error
    table = score(
        instrument(7, aggregate="sum", max_missing=3, rounding="half-up"),
        answers([[3, 4, 3, 4, None, None, None]]),
    )
    assert table["AVAL"].tolist() == [25]  # 14 / 4 × 7 = 24.5


def test_the_input_stays_as_it_was():
    table = answers([[1, 2, 3, 4]])
    before = table.copy()
    score(instrument(4, reverse={0}), table)
    pd.testing.assert_frame_equal(table, before)


def test_order_of_rows_columns_and_index_do_not_matter():
    table = answers([[1, 2, None, 4], [0, 0, 1, 1], [4, 4, 4, 3]])
    rule = instrument(4, reverse={1}, max_missing=1)
    plain = score(rule, table)["AVAL"].tolist()
    mixed = table[["I3", "I1", "I0", "I2"]].set_axis(["b", "a", "c"])
    assert score(rule, mixed)["AVAL"].tolist() == plain
    assert score(rule, table.iloc[::-1])["AVAL"].tolist() == plain[::-1]


def test_no_questionnaires_give_no_scores():
    assert len(score(instrument(2), answers([[0, 0]]).iloc[:0])) == 0


def test_answers_outside_the_range_and_missing_items_are_refused():
    with pytest.raises(UsageError, match=r"item I1 .* expected 0 to 4; found 5 in row 2"):
        score(instrument(2), answers([[0, 0], [0, 5]]))
    with pytest.raises(UsageError, match="lack items of 'x': I1"):
        score(instrument(2), answers([[0], [0]]))


def test_ranges_of_scores():
    mean, total = instrument(4), instrument(4, aggregate="sum")
    assert mean.score_range(mean.subscales[0]) == (0, 4)
    assert total.score_range(total.subscales[0]) == (0, 16)


# files

START = """
[instrument]
id = "x"
title = "x"
licence = "x"
source = "x"
[answers]
range = [0, 4]
[[items]]
id = "A"
[[items]]
id = "B"
[[subscales]]
id = "S"
label = "S"
items = ["A", "B"]
"""


@pytest.mark.parametrize(
    ("old", "new", "rule", "said"),
    [
        ("range = [0, 4]", "range = [4, 0]", "invalid-value", "lowest < highest"),
        ("range = [0, 4]", "range = [0]", "invalid-value", "at least 2 entries"),
        ('id = "B"', 'id = "A"', "repeated-name", "'A' twice"),
        ('id = "B"', 'id = "B"\nheader = "A"', "repeated-name", "header"),
        ('items = ["A", "B"]', 'items = ["A", "BB"]', "unknown-item", "'B'"),
        ('items = ["A", "B"]', 'items = ["A", "A"]', "repeated-name", "more than once"),
        (
            'items = ["A", "B"]',
            'items = ["A", "B"]\nmax_missing = 2',
            "invalid-value",
            "at least one answered",
        ),
        ("range = [0, 4]", 'range = [0, 4]\nlabels = { 9 = "Ever" }', "invalid-value", "'9'"),
        ('id = "B"', 'id = "B"\nrange = [3, 1]', "invalid-value", "[3.0, 1.0]"),
        ('licence = "x"\n', "", "missing-key", "licence"),
        ('label = "S"', 'lable = "S"', "unknown-key", "'label'"),
        ('id = "S"', 'id = "S 1"', "invalid-value", "begins with a letter"),
    ],
)
def test_a_wrong_instrument_file_is_named(tmp_path, old, new, rule, said):
    assert old in START
    path = tmp_path / "x.toml"
    path.write_text(START.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StudyFileError) as caught:
        read_instrument(path)
    found = [finding for finding in caught.value.findings if finding.rule == rule]
    assert found and said in f"{found[0].message} {found[0].action} {found[0].cell}", str(caught.value)
    assert found[0].file == "x.toml"


def test_the_smallest_instrument_file(tmp_path):
    (tmp_path / "x.toml").write_text(START, encoding="utf-8")
    read = read_instrument(tmp_path / "x.toml")
    assert read.rule(read.subscales[0]).max_missing == 0 and read.rule(read.subscales[0]).aggregate == "mean"


def test_an_item_with_a_range_of_its_own(tmp_path):
    (tmp_path / "x.toml").write_text(START.replace('id = "B"', 'id = "B"\nrange = [1, 7]\nreverse = true'))
    read = read_instrument(tmp_path / "x.toml")
    assert read.item_range("B") == (1, 7) and read.score_range(read.subscales[0]) == (0.5, 5.5)
    assert score(read, pd.DataFrame({"A": [0.0], "B": [2.0]}))["AVAL"].tolist() == [3.0]
