"""The page about expert agreement shows what its script prints."""

from __future__ import annotations

import runpy
from itertools import islice
from pathlib import Path

import numpy as np

import emostats as em

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "expert-agreement.md").read_text(encoding="utf-8")
SCRIPT = runpy.run_path(str(ROOT / "analyses" / "expert_ratings" / "analysis.py"))


def test_the_page_holds_the_tables_of_the_script():
    ratings, again = SCRIPT["simulate"]()
    for title, table in islice(SCRIPT["steps"](ratings, again), 11):
        assert SCRIPT["markdown"](table) in PAGE, title


def test_the_study_is_the_same_every_time_and_says_that_it_is_simulated():
    first, second = SCRIPT["simulate"]()[0], SCRIPT["simulate"]()[0]
    assert first.equals(second)
    assert "simulated" in PAGE
    assert SCRIPT["NOTE"] == "Simulated data"


def test_the_interval_holds_the_value_the_ratings_were_drawn_from():
    """ICC(A,1) of unrounded emotion ratings: 1.2² over 1.2² + leniency + 0.4² + 1."""
    ratings, _ = SCRIPT["simulate"]()
    leniency = float(np.var(SCRIPT["LENIENCY"]["emotion"], ddof=1))
    truth = 1.44 / (1.44 + leniency + 0.16 + 1.0)
    row = em.icc(ratings[ratings["domain"] == "emotion"], **SCRIPT["NAMES"]).row("ICC(A,1)")
    assert row.conf_low < truth < row.conf_high
