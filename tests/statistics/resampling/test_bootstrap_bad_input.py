"""Bad input: one clear message each, in the user's words."""

import numpy as np
import pandas as pd
import pytest

import emostats as em
from emostats.errors import ModelError, UsageError
from emostats.statistics.resampling import parametric_bootstrap, wild_bootstrap

DATA = pd.DataFrame(
    {
        "USUBJID": ["1", "1", "2", "3"],
        "AVAL": [1.0, 2.0, 3.0, 5.0],
        "SEX": ["F", "M", "F", "M"],
        "CHG": [0.0, 1.0, 2.0, 2.0],
    }
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "USUBJD"}, "unit='USUBJD' is not a column.*Did you mean 'USUBJID'"),
        ({"strata": "sex"}, "strata='sex' is not a column.*Did you mean 'SEX'"),
        ({"unit": "USUBJID", "strata": "SEX"}, r"1 unit\(s\) have rows in .* one stratum.*USUBJID = 1"),
        ({"method": "bcq"}, "method='bcq' is not an interval method.*'bca'"),
        ({"conf_level": 95}, "conf_level must lie between 0 and 1"),
        ({"n_resamples": 1}, "n_resamples must be a whole number of at least 2; found 1"),
        ({"n_resamples": 99.5}, "n_resamples must be a whole number"),
        ({"n_resamples": True}, "n_resamples must be a whole number"),
        ({"seed": None}, "seed must be a non-negative integer"),
        ({"seed": -1}, "seed must be a non-negative integer"),
        ({"seed": 1.5}, "seed must be a non-negative integer"),
        ({"interpolation": "cubic"}, "interpolation='cubic' is unknown"),
        ({"statistic": "avrage"}, "no statistic called 'avrage'"),
        ({"statistic": 3}, "statistic must be a function of the data, a name or several names; found int"),
        ({"statistic": []}, "names nothing"),
        ({"statistic": ["mean", "mean"]}, "names one statistic twice"),
        ({"columns": "SEX"}, "needs numbers, but column 'SEX' holds"),
        ({"columns": "AVL"}, "'AVL' is not in the data. Did you mean 'AVAL'"),
        ({"columns": ["AVAL", "CHG"]}, r"taken of 1 column\(s\) \(value\); columns= names 2"),
        ({"columns": None}, r"taken of 1 column\(s\) \(value\), and the data have 2"),
        ({"statistic": np.mean}, "columns= goes with a named statistic"),
        ({"statistic": "cliff_delta", "columns": ["AVAL", "USUBJID"]}, "two groups, but 'USUBJID' has 3"),
        ({"statistic": "median", "method": "studentized"}, "'median' has no standard error from sums"),
        ({"data": DATA.iloc[:0]}, "no rows"),
        ({"data": DATA.assign(ID=["1", None, "2", "3"]), "unit": "ID"}, "1 of 4 rows have no value in 'ID'"),
        ({"data": DATA.rename(columns={"SEX": "row"}), "unit": "row"}, r"unit=\['row'\] for the column"),
        ({"data": DATA["AVAL"], "unit": "USUBJID"}, "the data must be a table"),
        ({"data": "AVAL"}, "data must be a table, a mapping of columns, a series or an array; found str"),
    ],
)  # fmt: skip
def test_usage_errors(change, message):
    call = {
        "data": DATA,
        "statistic": "mean",
        "columns": "AVAL",
        "unit": None,
        "n_resamples": 50,
        "seed": 1,
        **change,
    }
    with pytest.raises(UsageError, match=message):
        em.bootstrap(call.pop("data"), call.pop("statistic"), **call)


def test_no_value_at_all():
    with pytest.raises(ModelError, match="No row has a value in 'AVAL'"):
        em.bootstrap(DATA.assign(AVAL=np.nan), "mean", columns="AVAL", unit=None, seed=1)


def test_the_users_own_error_is_passed_on_with_its_cause():
    with pytest.raises(ModelError, match="fails on the data themselves: KeyError: 'AVALX'") as caught:
        em.bootstrap(DATA, lambda d: d["AVALX"].mean(), unit=None, seed=1)
    assert isinstance(caught.value.__cause__, KeyError)


def test_intervals_that_were_not_prepared_are_refused():
    found = em.bootstrap(DATA, "mean", columns="AVAL", unit=None, n_resamples=50, method="percentile", seed=1)
    with pytest.raises(UsageError, match="needs the jackknife"):
        found.interval("bca")
    with pytest.raises(UsageError, match="need the standard errors"):
        found.interval("studentized")


def mean(data):
    return data["AVAL"].mean()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": "AVL"}, "outcome='AVL' is not a column"),
        ({"fitted": [1.0, 2.0]}, r"fitted must hold 4 finite values.*found \(2,\)"),
        ({"weights": "normal"}, "weights='normal' is unknown"),
        ({"method": "bca"}, "method='bca' does not apply to draws from a model"),
        ({"method": "studentized"}, "needs statistic_std_error"),
    ],
)
def test_wild_bootstrap_errors(change, message):
    call = {"outcome": "AVAL", "fitted": np.ones(4), "unit": None, "seed": 1, "n_resamples": 20, **change}
    with pytest.raises(UsageError, match=message):
        wild_bootstrap(DATA, mean, **call)


def test_models_take_functions_only():
    with pytest.raises(UsageError, match="must be a function"):
        parametric_bootstrap(DATA["AVAL"], "mean", simulate=lambda rng: DATA["AVAL"], seed=1, n_resamples=20)
