"""What another policy would have earned, from the logs of the one that was used.

For rounds t of a log with context x, action a, reward r, the logged propensity μ(a|x) and the probability
π(a|x) of the policy to be judged, w = π/μ:

    IPS    mean of w r                                         (Horvitz & Thompson 1952)
    SNIPS  Σ w r / Σ w                                         (Swaminathan & Joachims 2015, NIPS)
    DR     mean of  Σ_b π(b|x) q(x, b) + w (r − q(x, a))       (Dudík, Langford & Li 2011, ICML)

with a reward model q. They estimate the mean reward of π's choices *in the situations of the log*: what π
would have done to the situations themselves is not in it. Rounds of a session depend on each other, and
sessions of a child do: children are what the bootstrap draws (sessions, where all are of one child). DR fits
q by ridge regression without the child at hand (cross-fitting), which keeps it unbiased where the
propensities are right.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import EmostatsWarning, ModelError, UsageError
from emostats.statistics.resampling import bootstrap

Array = NDArray[np.float64]

ESTIMATORS = ("IPS", "SNIPS", "DR")
FOLDS = 5
FEW = 10
"""Effective number of rounds below which intervals are not to be relied on."""


@dataclass(frozen=True)
class Rounds:
    """Decisions of logs whose piece was heard to its end.

    Attributes
    ----------
    unit: whose round it is, (n,): what is resampled. kind: what that is, ``"child"`` or ``"session"``.
    reward, propensity: (n,). target: π of the logged action, (n,).
    logged: features of the logged action, (n, d). expected: mean of the features over π's choices,
        (n, d): all that a linear q needs of the other actions. uncovered: share of π's choices that the
        logged policy could never have made, (n,); None counts as none.
    """

    unit: Sequence[str]
    reward: Array
    propensity: Array
    target: Array
    logged: Array
    expected: Array
    uncovered: Array | None = None
    kind: str = "session"

    def __post_init__(self) -> None:
        n = len(self.reward)
        sizes = {
            len(self.unit),
            n,
            len(self.propensity),
            len(self.target),
            len(self.logged),
            len(self.expected),
        }
        if sizes != {n} or n == 0:
            raise UsageError(
                f"Off-policy rounds need the same number of all parts, at least 1; found {sizes}."
            )
        parts = (self.reward, self.target, self.logged, self.expected)
        if not all(np.isfinite(part).all() for part in parts):
            raise UsageError(
                "Rewards, probabilities and features must be numbers; drop the rounds without an outcome."
            )
        if not ((self.target >= 0) & (self.target <= 1 + 1e-9)).all():
            raise UsageError("The other policy's probabilities must lie in 0 to 1.")
        if not ((self.propensity > 0) & (self.propensity <= 1)).all():
            raise UsageError(
                "Propensities must lie above 0 and at most at 1: without them a log cannot judge another "
                "policy."
            )


@dataclass(frozen=True)
class OffPolicy:
    """Estimates with confidence intervals.

    n_rounds, n_units: of the logs; kind: what a unit is. effective: effective number of rounds, (Σw)²/Σw²;
    when it is small the logged policy hardly ever did what the other would do. uncovered: share of the other
    policy's choices that the logged one could never have made; unless it is near 0, all three estimates are
    biased.
    """

    rows: tuple[dict[str, object], ...]
    n_rounds: int
    n_units: int
    effective: float
    largest_weight: float
    uncovered: float = 0.0
    kind: str = "session"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader must know of these estimates, in words."""
        said = []
        if self.uncovered > 0.01:
            said.append(
                f"{self.uncovered:.0%} of the policy's choices could never have been made in these logs: the "
                "estimates are biased. Log with a policy that gives every candidate a chance."
            )
        if self.effective < FEW:
            said.append(
                f"The logged choices tell as much as {self.effective:.1f} choices of this policy: too few to "
                "rely on the intervals."
            )
        said += dict.fromkeys(str(row["warning"]) for row in self.rows if row["warning"])
        return tuple(said)

    def table(self) -> pd.DataFrame:
        """One row an estimator: estimator, estimate, std_error, conf_low, conf_high, conf_level, method,
        warning."""
        return pd.DataFrame(list(self.rows))


def off_policy(
    rounds: Rounds, *, conf_level: float = 0.95, n_resamples: int = 1999, seed: int = 0, ridge: float = 1.0
) -> OffPolicy:
    """IPS, SNIPS and DR of a policy from logged rounds.

    Parameters
    ----------
    n_resamples, seed: of the studentized bootstrap of units.
    ridge: penalty of the reward model.

    Raises
    ------
    UsageError: fewer than two units; see `Rounds`. ModelError: no logged choice is one the policy would make.
    """
    names = np.asarray(rounds.unit, dtype=object)
    if len(set(names)) < 2:
        raise UsageError("Off-policy estimates need at least two sessions: they are what is resampled.")
    weight = rounds.target / rounds.propensity
    if not weight.any():
        raise ModelError(
            "The policy would have made none of the logged choices, so the logs say nothing about it. Log "
            "with a policy that gives every candidate a chance (a higher floor)."
        )
    predicted, mean_of_target = reward_model(rounds, ridge)
    terms = {
        "IPS": weight * rounds.reward,
        "DR": mean_of_target + weight * (rounds.reward - predicted),
    }
    frame = pd.DataFrame({"unit": names, "wr": terms["IPS"], "w": weight, "dr": terms["DR"], "one": 1.0})
    sums = frame.groupby("unit", sort=False).sum()
    ratios = {"IPS": ("wr", "one"), "SNIPS": ("wr", "w"), "DR": ("dr", "one")}
    rows = tuple(
        _row(
            name, sums, *ratios[name], rounds.kind, conf_level=conf_level, n_resamples=n_resamples, seed=seed
        )
        for name in ESTIMATORS
    )
    effective = float(weight.sum() ** 2 / max((weight**2).sum(), 1e-300))
    uncovered = 0.0 if rounds.uncovered is None else float(np.mean(rounds.uncovered))
    return OffPolicy(rows, len(weight), len(sums), effective, float(weight.max()), uncovered, rounds.kind)


def _row(
    name: str,
    sums: pd.DataFrame,
    above: str,
    below: str,
    kind: str,
    *,
    conf_level: float,
    n_resamples: int,
    seed: int,
) -> dict[str, object]:
    """A ratio of sums over units; units are drawn."""
    table = pd.DataFrame({"above": sums[above].to_numpy(), "below": sums[below].to_numpy()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmostatsWarning)  # they stand in the column `warning`
        result = bootstrap(
            table,
            "ratio_of_means",
            unit=None,
            columns=["below", "above"],  # the second over the first
            method="studentized",
            n_resamples=n_resamples,
            conf_level=conf_level,
            seed=seed,
        )
    return {
        "estimator": name,
        "estimate": float(result.estimate),
        "std_error": float(result.std_error),
        "conf_low": float(result.conf_low),
        "conf_high": float(result.conf_high),
        "conf_level": conf_level,
        "method": f"bootstrap studentized, {kind}, n_resamples={n_resamples}",
        "warning": " ".join(result.warnings),
    }


def reward_model(rounds: Rounds, ridge: float = 1.0) -> tuple[Array, Array]:
    """Cross-fitted q of the logged action and its mean over π's choices, both (n,)."""
    codes, names = pd.factorize(np.asarray(rounds.unit, dtype=object))
    fold = codes % min(FOLDS, len(names))
    predicted, mean = np.zeros(len(codes)), np.zeros(len(codes))
    for number in range(fold.max() + 1):
        here = fold == number
        X, y = rounds.logged[~here], rounds.reward[~here]
        theta = np.linalg.solve(X.T @ X + ridge * np.eye(X.shape[1]), X.T @ y)
        predicted[here] = rounds.logged[here] @ theta
        mean[here] = rounds.expected[here] @ theta
    return predicted, mean
