"""Session scores: exact expected valence, bounded values, failures without a valence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from emostats.simulate.design import PUBLISHED_DESIGN
from emostats.simulate.sessions import draw_valence, sessions_sheet, valence_location


def test_mean_valence_is_the_stated_one_within_monte_carlo_error():
    per_cell = 10_000
    cell = np.repeat(np.arange(4), per_cell)
    valence = draw_valence(PUBLISHED_DESIGN, cell, np.random.default_rng(8))
    assert np.abs(valence).max() < 1
    per_visit = valence.mean(axis=2)
    for c, each in enumerate(PUBLISHED_DESIGN.cells):
        mine = per_visit[cell == c]
        z = (mine.mean(axis=0) - PUBLISHED_DESIGN.sessions.means[each.key]) / (
            mine.std(axis=0, ddof=1) / np.sqrt(per_cell)
        )
        assert np.abs(z).max() < 4


@pytest.mark.parametrize("mean", [-0.4, 0.0, 0.23, 0.9])
def test_the_expected_valence_is_exact(mean):
    """By integrating 2 Φ(z) − 1 over the normal distribution of z, with a spread that matters."""
    sessions = replace(PUBLISHED_DESIGN.sessions, child_sd=0.8, session_sd=0.6)
    location = valence_location(mean, sessions)
    expected, _ = quad(lambda z: (2 * norm.cdf(z) - 1) * norm.pdf(z, location, 1.0), -12, 12)
    assert expected == pytest.approx(mean, abs=1e-8)


@pytest.fixture(scope="module")
def sheet():
    n = 4_000
    taking_part = np.ones((n, 4), dtype=bool)
    taking_part[:100, 2:] = False
    return sessions_sheet(
        PUBLISHED_DESIGN,
        child_id=np.array([f"{number:05d}" for number in range(n)], dtype=object),
        cell=np.arange(n) % 4,
        taking_part=taking_part,
        rng=np.random.default_rng(12),
    )


def test_a_session_without_enough_frames_has_no_valence_and_says_why(sheet):
    few = sheet["Usable frames"] < PUBLISHED_DESIGN.sessions.minimum_usable
    assert 0.02 < few.mean() < 0.15
    assert sheet.loc[few, "Mean valence"].isna().all()
    assert (sheet.loc[few, "Remark"] != "").all()
    assert sheet.loc[~few, "Mean valence"].notna().all()
    assert (sheet.loc[~few, "Remark"] == "").all()


def test_sessions_are_numbered_within_the_child_and_end_when_it_leaves(sheet):
    assert not sheet.duplicated(["Child ID", "Session"]).any()
    visit_of_session = sheet.groupby("Session")["Visit"].unique()
    assert all(len(visits) == 1 for visits in visit_of_session)
    assert set(sheet["Session"]) == set(range(1, 9))
    left = sheet[sheet["Child ID"] < "00100"]
    assert set(left["Visit"]) == {"BASELINE", "WEEK04"}
