"""Blind expert ratings whose rounded values have the stated ICC(A,1) and matching accuracy.

The rating model, for clip i of cell c, rater r:

    y = clip(round(m_c + C_i + R_r + E_ir), 1, 7),   variances s²ρ_c, s²ϱ, s²(1 − ρ_c − ϱ)

m_c gives P(y ≥ threshold) the stated value. ICC(A,1) is the share of the variance of a rating that two
raters of one clip have in common, Cov(y_ir, y_iq) / Var(y_ir) (McGraw & Wong 1996); rounding changes it, so
ρ_c is solved from the moments of the *rounded* ratings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from emostats.errors import UsageError
from emostats.simulate.design import Domain, RatingsDesign, StudyDesign

Array = NDArray[np.float64]

TRUE_VISIT = "Visit (entered after unblinding)"


@dataclass(frozen=True)
class RatingCell:
    """A domain in a cell: latent mean, clips' share ρ of the latent variance, moments of rounded ratings."""

    mean: float
    clip_share: float
    rounded_mean: float
    variance: float
    covariance: float


def rounded_moments(mean: float, sd: float, share: float, low: int, high: int) -> tuple[float, float, float]:
    """Mean and variance of a rounded rating, and covariance of two ratings of one clip.

    Parameters
    ----------
    mean, sd: of the rating before rounding to low … high. share: of its variance, due to the clip.

    The covariance is the variance over clips of the expected rounded rating, by the trapezoidal rule over ±9
    standard deviations (error below 1e-12 for the smooth integrands here).
    """
    steps = np.arange(low + 1.0, high + 1.0) - 0.5
    above = ndtr((mean - steps) / sd)
    rounded_mean = float(low + above.sum())
    second = low**2 + float(((2.0 * steps) * above).sum())
    z = np.linspace(-9.0, 9.0, 6001)
    weight = np.exp(-0.5 * z * z)
    weight /= weight.sum()
    given_clip = mean + np.sqrt(share) * sd * z[:, None] - steps
    expected = low + ndtr(given_clip / (sd * np.sqrt(1.0 - share))).sum(axis=1)
    covariance = float(weight @ (expected - rounded_mean) ** 2)
    return rounded_mean, second - rounded_mean**2, covariance


def calibrate(domain: Domain, design: RatingsDesign, cell: str) -> RatingCell:
    """Latent mean and clips' share of the variance that give the stated accuracy and ICC in a cell.

    Raises
    ------
    UsageError: no share of the clips gives this ICC beside the raters' share.
    """
    sd, low, high = domain.latent_sd, design.low, design.high
    mean = float(design.threshold - 0.5 + sd * ndtri(domain.accuracy[cell]))

    def gap(share: float) -> float:
        _, variance, covariance = rounded_moments(mean, sd, share, low, high)
        return covariance / variance - domain.icc

    top = 1.0 - max(domain.rater_share, 1e-6)
    if gap(1e-6) > 0 or gap(top) < 0:
        raise UsageError(
            f"{domain.name}: an ICC of {domain.icc:g} cannot be reached with a rater share of "
            f"{domain.rater_share:g}; choose a lower ICC or a lower rater share"
        )
    share = float(brentq(gap, 1e-6, top, xtol=1e-14))
    return RatingCell(mean, share, *rounded_moments(mean, sd, share, low, high))


def calibrated(design: StudyDesign) -> dict[tuple[str, str], RatingCell]:
    """`calibrate` for every (domain name, cell key) of a design."""
    ratings = design.ratings
    return {
        (domain.name, cell.key): calibrate(domain, ratings, cell.key)
        for domain in ratings.domains
        for cell in design.cells
    }


def draw_clips(
    design: StudyDesign,
    child_id: NDArray[np.object_],
    taking_part: NDArray[np.bool_],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row a clip: Clip, Child ID, Visit, CHILD (row of the child, from 0).

    A child gives one clip from each of `clips_per_child` visits drawn from those before it left; the clips
    are numbered in random order, so that a number tells raters nothing.
    """
    rows = []
    for child, visits in enumerate(taking_part):
        present = np.flatnonzero(visits)
        chosen = rng.choice(present, size=min(design.ratings.clips_per_child, present.size), replace=False)
        for visit in np.sort(chosen):
            rows.append((child_id[child], design.visits[visit].name, child))
    clips = pd.DataFrame(rows, columns=["Child ID", "Visit", "CHILD"])
    clips.insert(0, "Clip", [f"K{number + 1:03d}" for number in rng.permutation(len(clips))])
    return clips.sort_values("Clip", ignore_index=True)


def draw_ratings(
    design: StudyDesign,
    *,
    cell: NDArray[np.intp],
    child: NDArray[np.intp],
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """Complete ratings, shape clips × raters × domains.

    Parameters
    ----------
    cell: index into `design.cells` of each clip's child. child: number of each clip's child, from 0.
    """
    ratings = design.ratings
    solved = calibrated(design)
    clip, rater, noise = _standard_parts(ratings, child, rng)
    result = np.empty((cell.size, len(ratings.raters), len(ratings.domains)), dtype=np.int8)
    for d, domain in enumerate(ratings.domains):
        cells = [solved[domain.name, each.key] for each in design.cells]
        mean = np.array([each.mean for each in cells])[cell]
        share = np.array([each.clip_share for each in cells])[cell]
        latent = (
            np.sqrt(share)[:, None] * clip[:, None, d]
            + np.sqrt(domain.rater_share) * rater[None, :, d]
            + np.sqrt(1.0 - share - domain.rater_share)[:, None] * noise[:, :, d]
        )
        rounded = np.rint(mean[:, None] + domain.latent_sd * latent)
        result[:, :, d] = np.clip(rounded, ratings.low, ratings.high)
    return result


def _standard_parts(
    ratings: RatingsDesign, child: NDArray[np.intp], rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Standard normal parts of the clips (clips × domains), raters (raters × domains) and single ratings."""
    n_domains, n_raters = len(ratings.domains), len(ratings.raters)
    correlation = np.full((n_domains, n_domains), ratings.between_domains)
    np.fill_diagonal(correlation, 1.0)
    root = np.linalg.cholesky(correlation).T
    of_child = (rng.standard_normal((int(child.max()) + 1, n_domains)) @ root)[child]
    of_clip = rng.standard_normal((child.size, n_domains)) @ root
    clip = np.sqrt(ratings.child_share) * of_child + np.sqrt(1.0 - ratings.child_share) * of_clip
    rater = rng.standard_normal((n_raters, n_domains))
    return clip, rater, rng.standard_normal((child.size, n_raters, n_domains))


def ratings_sheet(
    design: StudyDesign, clips: pd.DataFrame, ratings: NDArray[np.int8], rng: np.random.Generator
) -> pd.DataFrame:
    """The sheet as raters fill it in: one row a rater × clip, in each rater's own random order.

    Columns: Rater, Clip, Child ID, one column a domain (NaN where the rater missed the clip), Guessed visit
    ("" where the rater did not guess), and the true visit, which the study office adds in the end.
    """
    how = design.ratings
    names = np.array([visit.name for visit in design.visits], dtype=object)
    parts = []
    for r, rater in enumerate(how.raters):
        part = clips[["Clip", "Child ID"]].copy()
        part.insert(0, "Rater", rater)
        missed = rng.random(len(clips)) < how.missed
        for d, domain in enumerate(how.domains):
            part[domain.header] = np.where(missed, np.nan, ratings[:, r, d])
        guess = names[rng.integers(names.size, size=len(clips))]
        part["Guessed visit"] = np.where(missed | (rng.random(len(clips)) < how.no_guess), "", guess)
        part[TRUE_VISIT] = clips["Visit"]
        parts.append(part.iloc[rng.permutation(len(clips))])
    return pd.concat(parts, ignore_index=True)
