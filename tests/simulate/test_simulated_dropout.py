"""Dropout and gaps: monotone, at random given what was seen, with the stated shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.simulate.design import MissingnessDesign
from emostats.simulate.dropout import Status, draw_status, draw_taking_part


def scores(seed: int, n: int) -> np.ndarray:
    values = np.random.default_rng(seed).uniform(0, 4, size=(n, 4))
    values[np.random.default_rng(seed + 1).random(values.shape) < 0.1] = np.nan
    return values


@given(seed=st.integers(0, 10_000), visit=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_the_status_of_a_visit_never_depends_on_what_would_have_been_answered_then_or_later(seed, visit):
    """This is what missing at random means here: other answers from this visit on, same status."""
    driver, design = scores(seed, 200), MissingnessDesign(dropout=0.3, gap=0.3, baseline=0.2)
    other = driver.copy()
    other[:, visit:] = 4 - driver[:, visit:]
    first = draw_status(driver, design, np.random.default_rng(seed))
    second = draw_status(other, design, np.random.default_rng(seed))
    assert (first[:, : visit + 1] == second[:, : visit + 1]).all()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_an_unseen_score_changes_nothing_at_all(seed):
    """What stands behind a missed visit is unknown to the study office, so it cannot act on it."""
    driver, design = scores(seed, 200), MissingnessDesign(dropout=0.2, gap=0.3, baseline=0.2)
    status = draw_status(driver, design, np.random.default_rng(seed))
    other = np.where(status == Status.ANSWERED, driver, 4 - driver)
    assert (draw_status(other, design, np.random.default_rng(seed)) == status).all()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_who_is_lost_stays_lost_and_the_last_visit_has_no_gap(seed):
    status = draw_status(
        scores(seed, 300), MissingnessDesign(dropout=0.3, gap=0.4), np.random.default_rng(seed)
    )
    lost = status == Status.LOST
    assert (lost[:, 1:] >= lost[:, :-1]).all()
    assert not lost[:, 0].any()
    assert not (status[:, -1] == Status.GAP).any()


def test_shares_without_dependence_are_the_stated_ones():
    n = 40_000
    design = MissingnessDesign(dropout=0.06, gap=0.05, baseline=0.02, dropout_slope=0.0, gap_slope=0.0)
    status = draw_status(np.full((n, 4), 2.0), design, np.random.default_rng(9))
    lost = (status == Status.LOST).mean(axis=0)
    assert lost == pytest.approx(1 - 0.94 ** np.arange(4), abs=4 * np.sqrt(0.17 * 0.83 / n))
    gap = (status == Status.GAP).mean(axis=0)
    assert gap == pytest.approx([0.02, 0.05 * 0.94, 0.05 * 0.94**2, 0.0], abs=4 * np.sqrt(0.05 * 0.95 / n))


def test_children_with_low_scores_leave_more_often_in_the_stated_odds_ratio():
    n, design = 200_000, replace(MissingnessDesign(), baseline=0.0)
    low, high = design.centre - design.scale, design.centre + design.scale
    driver = np.repeat(np.array([[low], [high]]), 2, axis=1).repeat(n, axis=0)
    left = (
        (draw_status(driver, design, np.random.default_rng(4))[:, 1] == Status.LOST)
        .reshape(2, n)
        .mean(axis=1)
    )
    log_odds = np.log(left / (1 - left))
    assert log_odds[0] - log_odds[1] == pytest.approx(2 * design.dropout_slope, abs=0.12)


def test_sessions_end_with_the_child_and_some_programmes_stop_early():
    status = np.zeros((20_000, 4), dtype=np.int8)
    status[:5_000, 2:] = Status.LOST
    taking_part = draw_taking_part(status, 0.1, np.random.default_rng(2))
    assert (taking_part[:5_000] == np.array([True, True, False, False])).all()
    stayed = taking_part[5_000:]
    assert stayed[:, 0].all()
    assert (stayed[:, 1:] <= stayed[:, :-1]).all()
    assert (~stayed[:, -1]).mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 15_000))
