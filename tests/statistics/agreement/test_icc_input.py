"""Bad ratings are refused with one clear message; odd but legitimate ones are read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from icc_references import cases, long, table

import emostats as em
from emostats.errors import EmostatsError, FindingsError, UsageError

WINE = table(cases("anova_icc")["wine_8x4"]["ratings"])
NAMES = {"targets": "clip", "raters": "expert", "ratings": "score"}


@pytest.fixture
def frame():
    return long(WINE)


def test_a_rating_given_twice_is_refused_and_named(frame):
    twice = pd.concat([frame, frame.iloc[[3]]])
    row = frame.iloc[3]
    with pytest.raises(FindingsError) as caught:
        em.icc(twice, **NAMES)
    assert row["clip"] in str(caught.value)
    assert row["expert"] in str(caught.value)
    assert "2 times" in str(caught.value)


def test_a_rating_twice_is_refused_when_another_is_missing(frame):
    """The number of rows is then that of a complete table."""
    with pytest.raises(FindingsError, match="more than one rating"):
        em.icc(pd.concat([frame.iloc[1:], frame.iloc[[3]]]), **NAMES)


@pytest.mark.parametrize("bad", ["four", "", "4,5", None.__class__, [4]])
def test_what_is_no_number_is_refused_with_its_place(frame, bad):
    values = frame["score"].astype(object)
    values.iloc[5] = bad
    with pytest.raises(FindingsError, match="row 6"):
        em.icc(frame.assign(score=values), **NAMES)


def test_an_infinite_rating_is_refused(frame):
    frame.loc[2, "score"] = np.inf
    with pytest.raises(FindingsError, match="infinite"):
        em.icc(frame, **NAMES)
    values = WINE.copy()
    values[1, 2] = -np.inf
    with pytest.raises(FindingsError, match="Target '2', rater '3'"):
        em.icc(values)


def test_one_rater_is_refused(frame):
    with pytest.raises(UsageError, match="at least 2 raters; found 1"):
        em.icc(WINE[:, :1])
    with pytest.raises(UsageError, match="expert 0"):
        em.icc(frame[frame["expert"] == "expert 0"], **NAMES)


def test_an_unknown_column_gets_the_nearest_name(frame):
    with pytest.raises(UsageError, match="Did you mean 'expert'"):
        em.icc(frame, targets="clip", raters="experts", ratings="score")


def test_a_long_frame_without_names_is_recognised(frame):
    with pytest.raises(UsageError, match="targets=, raters= and ratings="):
        em.icc(frame)
    numbers = pd.DataFrame({"subject": [1, 1, 2, 2], "rater": [1, 2, 1, 2], "score": [3.0, 4.0, 5.0, 6.0]})
    with pytest.raises(UsageError, match="looks like a long data frame"):
        em.icc(numbers)


def test_two_of_three_names_are_refused(frame):
    with pytest.raises(UsageError, match="all three"):
        em.icc(frame, targets="clip", ratings="score")


def test_names_with_a_matrix_are_refused():
    with pytest.raises(UsageError, match="columns of a DataFrame"):
        em.icc(WINE, **NAMES)


@pytest.mark.parametrize("column", ["clip", "expert"])
def test_a_missing_label_is_refused(frame, column):
    frame.loc[4, column] = None
    with pytest.raises(FindingsError, match=f"'{column}' has no value in row 5"):
        em.icc(frame, **NAMES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interval": "profil"}, "Did you mean 'profile'"),
        ({"conf_level": 95}, "must lie between 0 and 1"),
        ({"conf_level": 0.0}, "must lie between 0 and 1"),
        ({"interval": "bootstrap", "n_resamples": 0}, "at least 1"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        em.icc(WINE, **options)


@pytest.mark.parametrize(
    "data", [np.full((3, 2), np.nan), np.empty((0, 3)), pd.DataFrame(), [1.0, 2.0, 3.0], np.zeros((2, 2, 2))]
)
def test_tables_without_ratings_or_of_another_shape_are_refused(data):
    with pytest.raises(EmostatsError):
        em.icc(data)


def test_rho0_outside_its_range_is_refused():
    with pytest.raises(UsageError, match=r"\[0, 1\)"):
        em.icc(WINE).test(1.0)
    with pytest.raises(UsageError, match="Did you mean"):
        em.icc(WINE).test({"ICC(B,1)": 0.5})


def test_an_unknown_form_is_refused():
    with pytest.raises(UsageError, match="There is no form"):
        em.icc(WINE).row("ICC(4,1)")


def test_targets_and_raters_without_a_rating_are_left_out_and_noted():
    values = np.vstack([WINE, np.full(4, np.nan)])
    values = np.column_stack([values, np.full(9, np.nan)])
    result = em.icc(values)
    assert (result.n_targets, result.n_raters, result.complete) == (8, 4, True)
    assert len(result.notes) == 2
    assert result.table().equals(em.icc(WINE).table())


@pytest.mark.parametrize("kind", ["int64", "float32", "Int64", "Float64", "object", "bool"])
def test_number_types_are_read(kind):
    values = pd.DataFrame(WINE > 4 if kind == "bool" else WINE).astype(kind)
    want = em.icc(np.asarray(values, dtype=float))
    assert em.icc(values).row("ICC(C,1)").estimate == want.row("ICC(C,1)").estimate


def test_nullable_integers_may_be_missing():
    frame = pd.DataFrame(WINE).astype("Int64")
    frame.iloc[0, 1] = pd.NA
    result = em.icc(frame)
    assert result.n_ratings == 31
    assert not result.complete


def test_lists_with_none_are_read():
    rows = [[1, 2, None], [3, 4, 5], [2, 2, 3], [5, None, 6]]
    assert em.icc(rows).n_ratings == 10


def test_categorical_and_mixed_labels_are_read(frame):
    want = em.icc(WINE, interval="anova").table()
    as_categories = frame.assign(
        clip=frame["clip"].astype("category"), expert=frame["expert"].astype("category")
    )
    assert em.icc(as_categories, interval="anova", **NAMES).table().equals(want)
    mixed = frame.assign(expert=frame["expert"].replace({"expert 0": 0}).astype(object))
    assert em.icc(mixed, interval="anova", **NAMES).table().equals(want)


def test_unused_categories_are_no_raters(frame):
    categories = pd.CategoricalDtype([*sorted(frame["expert"].unique()), "absent"])
    result = em.icc(frame.assign(expert=frame["expert"].astype(categories)), **NAMES)
    assert result.n_raters == 4


def test_a_rater_in_two_columns_or_a_named_target_in_two_rows_is_refused():
    columns = pd.DataFrame(WINE, columns=["a", "b", "c", "a"])
    with pytest.raises(FindingsError, match="rater 'a' stands in two columns"):
        em.icc(columns)
    rows = pd.DataFrame(WINE, index=[*"stuvwx", "s", "z"])
    with pytest.raises(FindingsError, match="target 's' stands in two rows"):
        em.icc(rows)
    numbered = pd.DataFrame(WINE, index=[0, 1, 2, 3, 0, 1, 2, 3])
    assert em.icc(numbered).n_targets == 8


def test_one_column_for_two_roles_is_refused(frame):
    with pytest.raises(UsageError, match="three different columns"):
        em.icc(frame, targets="clip", raters="clip", ratings="score")


def test_one_target_answers_every_question_without_a_number():
    result = em.icc([[3, 4, 5]])
    assert result.test(0.5)["p_value"].isna().all()
    assert np.isnan(result.sem["agreement"])
    assert result.average(2)["estimate"].isna().all()
    assert result.interpretation() == "not determined"
    assert "not determined" in result.grras().table()["text"][12]
