"""What is missing: single answers, pages, visits, and children who leave (the model: `MissingnessDesign`).

Given what was observed before, missing does not depend on what would have been answered (MAR): answers and
pages are left out completely at random, a visit depends on the last score that the study office has seen.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from emostats.simulate.design import MissingnessDesign

Array = NDArray[np.float64]


class Status(IntEnum):
    """What became of a child's visit: form answered, only this form missing, or child lost from here on."""

    ANSWERED = 0
    GAP = 1
    LOST = 2


def leave_out(
    answers: Array,
    pages: tuple[NDArray[np.intp], ...],
    missing: MissingnessDesign,
    rng: np.random.Generator,
) -> Array:
    """A copy of the answers (children × visits × items) with single answers and whole pages set to NaN."""
    answers = answers.copy()
    answers[rng.random(answers.shape) < missing.item] = np.nan
    left_blank = rng.random((*answers.shape[:2], len(pages))) < missing.page
    for number, columns in enumerate(pages):
        child, visit = np.nonzero(left_blank[:, :, number])
        answers[child[:, None], visit[:, None], columns] = np.nan
    return answers


def draw_status(driver: Array, missing: MissingnessDesign, rng: np.random.Generator) -> NDArray[np.int8]:
    """Status of every child × visit (values of `Status`), visit by visit from the scores observed so far.

    Parameters
    ----------
    driver: score that dropout depends on, children × visits, NaN where it cannot be scored.
    """
    n, n_visits = driver.shape
    status = np.zeros((n, n_visits), dtype=np.int8)
    status[rng.random(n) < missing.baseline, 0] = Status.GAP
    last = np.where(status[:, 0] == Status.ANSWERED, driver[:, 0], np.nan)
    for visit in range(1, n_visits):
        z = np.nan_to_num((last - missing.centre) / missing.scale)
        leaves = rng.random(n) < expit(logit(missing.dropout) - missing.dropout_slope * z)
        skips = rng.random(n) < expit(logit(missing.gap) - missing.gap_slope * z)
        if visit < n_visits - 1:
            status[skips, visit] = Status.GAP
        status[leaves | (status[:, visit - 1] == Status.LOST), visit] = Status.LOST
        seen = (status[:, visit] == Status.ANSWERED) & ~np.isnan(driver[:, visit])
        last = np.where(seen, driver[:, visit], last)
    return status


def draw_taking_part(
    status: NDArray[np.int8], stopped_early: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Whether a child still came to sessions, children × visits.

    Sessions end when the child is lost. Of the children that stay to the last visit, the share
    `stopped_early` stops the programme at a random follow-up visit and goes on answering questionnaires;
    stopping is completely at random and does not change the answers (assumption).
    """
    n, n_visits = status.shape
    lost = status == Status.LOST
    stops = (rng.random(n) < stopped_early) & ~lost[:, -1]
    from_visit = np.where(stops, rng.integers(1, n_visits, size=n), n_visits)
    return np.asarray(~lost & (np.arange(n_visits) < from_visit[:, None]))
