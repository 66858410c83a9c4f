"""The imputation model's parameters (β, Σ): the fit, leave-one-out refits, and distributions of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import EmostatsWarning, ModelError, UsageError
from emostats.statistics.missing.layout import Layout
from emostats.statistics.mmrm.fit import MMRMFit
from emostats.statistics.mmrm.likelihood import Evaluation, evaluate
from emostats.statistics.mmrm.refit.evaluator import RefitEvaluator
from emostats.statistics.mmrm.refit.source import refitter
from emostats.statistics.mmrm.refit.targets import Linear
from emostats.statistics.resampling.draws import draw_block
from emostats.statistics.resampling.units import find_units

Float = NDArray[np.float64]

MOST_TRIES = 20
"""Draws a wanted one, at most, before a distribution is given up as unusable."""


@dataclass(frozen=True, eq=False)
class Parameters:
    """β (B × k) and Σ by covariance group (B × G × T × T), in the units of the data."""

    beta: Float
    Sigma: Float

    def take(self, rows: NDArray[np.integer] | slice) -> Parameters:
        """Some of the draws."""
        return Parameters(self.beta[rows], self.Sigma[rows])


def fitted(fit: MMRMFit) -> Parameters:
    """The estimates (B = 1)."""
    return Parameters(fit.beta.to_numpy()[None], _sigma(fit, fit.optimum.reached[0].theta)[None])


def leave_one_out(layout: Layout) -> Parameters:
    """The estimates with each subject left out in turn (B = n), every one a full refit.

    Raises
    ------
    ModelError: a refit does not converge, or loses a coefficient.
    """
    fit, evaluator = layout.fit, _evaluator(layout.fit)
    whole = fitted(fit)
    beta = np.repeat(whole.beta, layout.n, axis=0)
    Sigma = np.repeat(whole.Sigma, layout.n, axis=0)
    known = np.flatnonzero(layout.model_subject >= 0)
    for start in range(0, len(known), 128):
        rows = known[start : start + 128]
        counts = np.ones((len(rows), fit.n_subjects))
        counts[np.arange(len(rows)), layout.model_subject[rows]] = 0.0
        refits = evaluator.refit(counts)
        lost = rows[~refits.converged | np.isin(np.arange(len(rows)), list(refits.null))]
        if len(lost):
            raise ModelError(
                f"The imputation model cannot be refitted without {layout.subject} "
                f"{', '.join(str(layout.subjects[i]) for i in lost[:5])}, so there is no jackknife. Take a "
                "simpler covariance, or multiple imputation."
            )
        estimates = evaluator.in_units(refits)
        beta[rows], Sigma[rows] = estimates.beta, estimates.Sigma
    return Parameters(beta, Sigma)


def bootstrap_draws(layout: Layout, n: int, seed: np.random.SeedSequence) -> Parameters:
    """Estimates on bootstrap samples of subjects, drawn within arms: an approximate posterior.

    A sample whose model does not converge is replaced by the next one; a warning counts them.

    Raises
    ------
    ModelError: too few samples can be refitted.
    """
    evaluator = _evaluator(layout.fit)
    pieces: list[Parameters] = []
    found = failed = 0
    for counts in _resamples(layout, n, seed):
        refits = evaluator.refit(counts)
        usable = refits.converged & ~np.isin(np.arange(len(counts)), list(refits.null))
        estimates = evaluator.in_units(refits)
        pieces.append(Parameters(estimates.beta[usable], estimates.Sigma[usable]))
        lost = np.flatnonzero(~usable)
        enough = found + int(usable.sum()) >= n
        failed += int((lost < _position(usable, n - found)).sum()) if enough else len(lost)
        found += int(usable.sum())
        if enough:
            break
    else:
        raise ModelError(
            f"Only {found} of {found + failed} bootstrap samples could be refitted, and {n} are needed. "
            "Take a simpler covariance structure."
        )
    if failed:
        warnings.warn(
            f"{failed} bootstrap samples could not be refitted and were replaced by others.",
            EmostatsWarning,
            stacklevel=4,
        )
    joined = Parameters(
        np.concatenate([piece.beta for piece in pieces]), np.concatenate([piece.Sigma for piece in pieces])
    )
    return joined.take(slice(0, n))


def _position(usable: NDArray[np.bool_], n: int) -> int:
    """Where the n-th usable draw stands."""
    return int(np.flatnonzero(usable)[n - 1])


def _resamples(layout: Layout, n: int, seed: np.random.SeedSequence) -> Iterator[Float]:
    """Counts of the model's subjects (b × n_model) in blocks."""
    who = pd.DataFrame({"subject": np.arange(layout.n), "arm": layout.arm_of})
    units = find_units(who, "subject", "arm")
    known = layout.model_subject >= 0
    total = n * MOST_TRIES
    block = 0
    while block * 128 < total:
        for draw in draw_block(units, seed, block, total, "multinomial"):
            m = len(draw.units)
            flat = (draw.units + layout.n * np.arange(m)[:, None]).ravel()
            by_unit = np.bincount(flat, minlength=m * layout.n).reshape(m, layout.n)
            counts = np.zeros((m, layout.fit.n_subjects))
            counts[:, layout.model_subject[known]] = by_unit[:, units.unit_of_row][:, known]
            yield counts
        block += 1


def asymptotic_draws(layout: Layout, n: int, rng: np.random.Generator) -> Parameters:
    """θ from its asymptotic normal distribution (inverse observed information; draws that are no covariance
    are drawn again), then β | θ from N(β̂(θ), Φ(θ)).

    Raises
    ------
    ModelError: hardly any draw is a covariance matrix.
    """
    fit = layout.fit
    centre = fit.optimum.reached[0].theta
    information = fit.optimum.reached[1].information
    root = np.linalg.inv(np.linalg.cholesky(information)).T

    def propose() -> Float:
        return np.asarray(centre + root @ rng.standard_normal(len(centre)))

    return _by_theta(layout, n, rng, propose)


def inverse_wishart_draws(layout: Layout, n: int, rng: np.random.Generator) -> Parameters:
    """Σ of each covariance group from inverse-Wishart(ν, ν Σ̂), then β | Σ from N(β̂(Σ), Φ(Σ)).

    ν is the group's number of subjects minus its share of coefficients a visit; under the prior
    |Σ|^−(T+1)/2 this is the posterior when nothing is missing.

    Raises
    ------
    UsageError: a covariance other than unstructured, or too few subjects.
    """
    fit, problem = layout.fit, layout.fit.problem
    T, G = problem.stack.n_visits, problem.stack.n_groups
    if fit.structure != "us":
        raise UsageError(
            f"method='inverse-wishart' is for unstructured covariances; this model has {fit.structure}. Take "
            "'asymptotic-normal' or 'approximate-bayes'."
        )
    size = np.bincount(fit.frame.group, minlength=G)
    df = size - len(fit.beta) / (T * G)
    if (df <= T + 1).any():
        raise UsageError(
            f"Inverse-Wishart draws need more than {T + 1} df in each group; found {df.min():g}."
        )
    scale = [problem.structure.sigma(problem.theta_of(fit.optimum.reached[0].theta, g), T) for g in range(G)]
    rows, cols = np.tril_indices(T)

    def propose() -> Float:
        return np.concatenate([_inverse_wishart(df[g], df[g] * scale[g], rng)[rows, cols] for g in range(G)])

    return _by_theta(layout, n, rng, propose)


def _inverse_wishart(df: float, scale: Float, rng: np.random.Generator) -> Float:
    """By Bartlett's decomposition of the Wishart-distributed inverse."""
    T = len(scale)
    A = np.tril(rng.standard_normal((T, T)), -1)
    A[np.arange(T), np.arange(T)] = np.sqrt(rng.chisquare(df - np.arange(T)))
    half = np.linalg.solve(A, np.linalg.cholesky(scale).T)
    return np.asarray(half.T @ half)


def _by_theta(layout: Layout, n: int, rng: np.random.Generator, propose: object) -> Parameters:
    fit = layout.fit
    beta, thetas = np.empty((n, len(fit.beta))), np.empty((n, fit.problem.n_theta))
    for index in range(n):
        at = _feasible_draw(fit, propose)
        thetas[index] = at.theta
        star = at.beta + at.C @ rng.standard_normal(len(at.beta))
        beta[index] = fit.scaling.M @ (fit.scaling.b0 + fit.scaling.s * star)
    return Parameters(beta, np.stack([_sigma(fit, theta) for theta in thetas]))


def _feasible_draw(fit: MMRMFit, propose: object) -> Evaluation:
    for _ in range(50 * MOST_TRIES):
        theta = propose()  # type: ignore[operator]
        if not all(
            fit.problem.structure.feasible(fit.problem.theta_of(theta, g))
            for g in range(fit.problem.stack.n_groups)
        ):
            continue
        if np.linalg.eigvalsh(_sigma(fit, theta))[:, 0].min() <= 0:
            continue
        at = evaluate(fit.problem, theta)
        if at is not None:
            return at
    raise ModelError(
        "The normal approximation hardly ever gives a covariance matrix: there are too few subjects for it. "
        "Take method='approximate-bayes'."
    )


def _sigma(fit: MMRMFit, theta: Float) -> Float:
    """Σ by group (G × T × T) in the data's units."""
    problem, s = fit.problem, fit.scaling.s
    T = problem.stack.n_visits
    return np.stack(
        [s**2 * problem.structure.sigma(problem.theta_of(theta, g), T) for g in range(problem.stack.n_groups)]
    )


def _evaluator(fit: MMRMFit) -> RefitEvaluator:
    k = len(fit.beta)
    return refitter(fit, Linear((), np.zeros((0, k)), np.zeros(0)))
