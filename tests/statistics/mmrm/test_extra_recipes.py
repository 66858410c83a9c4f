"""The recipes page: its code runs, says what the page says, and shows every question a fit answers."""

from __future__ import annotations

import doctest
import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emostats.statistics.mmrm import MMRMFit

PAGE = Path(__file__).parents[3] / "docs" / "mmrm-recipes.md"
FENCED = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def code() -> str:
    return "\n".join(FENCED.findall(PAGE.read_text(encoding="utf-8")))


@cache
def ran() -> dict[str, Any]:
    """The names that the page's code leaves behind."""
    namespace: dict[str, Any] = {"__name__": "recipes"}
    exec(compile(code(), "mmrm-recipes.md", "exec"), namespace)
    return namespace


def test_the_page_shows_every_question_that_a_fit_answers() -> None:
    methods = [
        name
        for name, value in ((name, getattr(MMRMFit, name)) for name in dir(MMRMFit))
        if callable(value) and not name.startswith("_") and not isinstance(value, type)
    ]
    missing = [name for name in methods if f".{name}(" not in code()]
    assert len(methods) > 15 and missing == []


def test_changes_and_values_have_the_same_effects_given_the_baseline() -> None:
    import emostats as em

    page = ran()
    changes = em.mmrm("CHG ~ BASE * AVISIT + ARMCD * AVISIT + us(AVISIT | USUBJID)", page["after"])
    values = em.mmrm("AVAL ~ BASE * AVISIT + ARMCD * AVISIT + us(AVISIT | USUBJID)", page["after"])
    tables = [fit.emmeans("ARMCD | AVISIT").contrasts("revpairwise").table() for fit in (changes, values)]
    pd.testing.assert_frame_equal(*tables, rtol=1e-7)


def test_the_constrained_model_has_one_baseline_mean_and_the_effects_as_coefficients() -> None:
    page = ran()
    clda, trial = page["clda"], page["trial"]
    assert clda.aliased == () and clda.n_subjects == 120
    cells = trial.drop_duplicates(["ARMCD", "AVISIT"]).assign(AVAL=np.nan)
    means = clda.predict(cells).set_index([cells["ARMCD"], cells["AVISIT"]])["estimate"]
    assert means["PBO", "Baseline"] == means["TRT", "Baseline"]
    for visit in ("Week 4", "Week 8", "Week 12"):
        effect = page["coefficients"].loc[f"EFFECT{visit}", "estimate"]
        assert means["TRT", visit] - means["PBO", visit] == pytest.approx(effect)
    changes = page["changes"].set_index("contrast")["estimate"]
    assert changes["TRT"] == pytest.approx(means["TRT", "Week 12"] - means["TRT", "Baseline"])
    assert changes["TRT"] - changes["PBO"] == pytest.approx(page["at_week_12"]["estimate"])


def test_the_table_of_structures_counts_their_parameters() -> None:
    from emostats.statistics.mmrm.covariance import STRUCTURES

    rows = re.findall(r"^\| (`[^|]+`) \|.*\| ([\d, ]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    counted = {
        token: int(number)
        for tokens, numbers in rows
        for token, number in zip(re.findall(r"`(\w+)`", tokens), numbers.split(","), strict=True)
    }
    lattice = {token: s.n_theta(4) for token, s in STRUCTURES.items() if not s.spatial}
    assert counted == lattice


def test_the_degrees_of_freedom_of_the_guide_exist() -> None:
    from emostats.statistics.mmrm.degrees_of_freedom import DF_METHODS

    guide = PAGE.read_text(encoding="utf-8").split("## Which degrees of freedom?")[1].split("##")[0]
    named = set(re.findall(r"`([a-z-]+)`", guide))
    assert set(DF_METHODS) <= named


def test_what_the_recipes_leave_behind() -> None:
    page = ran()
    assert page["tried"] == [("us", "converged")]
    assert page["covariances"]["p_value"].notna().sum() == 2 and page["effects_by_ml"]["df"][1] == 3.0
    assert (page["components"]["note"] == "").all() and len(page["pictures"]) == 6
    assert page["bootstrap"].n_resamples == 199 and len(page["pooled"]) == 3
    assert len(page["sites"]) == 6 and page["influence"].method == "refit"
    assert page["average"]["AVISIT"].tolist() == ["Week 4", "Week 8", "Week 12"]


@pytest.mark.parametrize(
    "module", ["model", "comparison.likelihood_ratio", "pooling"], ids=["mmrm", "compare", "pool_emmeans"]
)
def test_examples_of_docstrings_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"emostats.statistics.mmrm.{module}"))
    assert result.attempted > 3 and result.failed == 0
