"""Blinding check: could the blind raters tell what they should not know?

Bang's index per true condition (Bang, Ni & Davis 2004, Control Clin Trials 25:143), 1 when all guess right,
0 when they guess at random, and James' index over all (James et al. 1996, Stat Med 15:1421), 1 when nobody
knows, ½ at random, 0 when all guess right. Guesses of one rater and of one clip are clustered; the standard
errors say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import Finding, FindingsError, UsageError, check_level, did_you_mean
from emostats.statistics.agreement.clusters import clustered_error
from emostats.statistics.agreement.resample import percentile_limits, target_counts

Array = NDArray[np.float64]

ALL = "all"


@dataclass(frozen=True)
class BlindingCheck:
    """Guesses against the truth.

    Attributes
    ----------
    rows: `table` as rows. counts: guesses by truth (rows) and guess (columns).
    conditions: the true conditions. n_guesses, n_targets, n_raters, n_unsure: sizes.
    """

    rows: tuple[dict[str, Any], ...]
    counts: pd.DataFrame = field(repr=False, compare=False)
    conditions: tuple[str, ...]
    n_guesses: int
    n_targets: int
    n_raters: int
    n_unsure: int
    conf_level: float

    def table(self) -> pd.DataFrame:
        """One row an index.

        Columns index (``"correct guesses"``, ``"Bang"``, ``"James"``), condition (``"all"`` or a true
        condition), estimate, std_error, df, conf_low, conf_high, at_random (the value of pure guessing), n,
        method, conclusion.
        """
        return pd.DataFrame(list(self.rows))


def blinding_check(
    data: pd.DataFrame,
    *,
    truth: str,
    guess: str,
    targets: str,
    raters: str,
    unsure: str | None = None,
    conf_level: float = 0.95,
    n_resamples: int = 1999,
    seed: int = 0,
) -> BlindingCheck:
    """Compare raters' guesses (of the visit, the arm …) with the truth.

    Parameters
    ----------
    data: one row a guess; rows of other domains that repeat the same guess are counted once.
    truth, guess: columns of the true and the guessed condition; a missing guess is left out.
    targets, raters: columns of what was judged, and by whom.
    unsure: the answer that means "don't know".
    n_resamples, seed: of the bootstrap of targets behind James' limits.

    Raises
    ------
    UsageError: an unknown column; fewer than two conditions. FindingsError: two different guesses by one
        rater of one target.
    """
    check_level(conf_level)
    frame = _guesses(data, truth, guess, targets, raters)
    conditions = [item for item in _in_order(data[truth]) if (frame["truth"] == item).any()]
    if len(conditions) < 2:
        raise UsageError(f"A blinding check needs at least two true conditions; found {len(conditions)}.")
    unknown = np.zeros(len(frame), bool) if unsure is None else (frame["guess"] == unsure).to_numpy()
    correct = (frame["guess"] == frame["truth"]).to_numpy() & ~unknown
    at_random = _share_at_random(frame, unknown)
    rows = [_row("correct guesses", ALL, correct.astype(np.float64), frame, at_random, conf_level)]
    rows += _bang(frame, correct, unknown, conditions, conf_level)
    rows.append(_james(frame, unknown, conditions, conf_level, n_resamples, seed))
    return BlindingCheck(
        rows=tuple(rows),
        counts=pd.crosstab(frame["truth"], frame["guess"]),
        conditions=tuple(map(str, conditions)),
        n_guesses=len(frame),
        n_targets=int(frame["target"].nunique()),
        n_raters=int(frame["rater"].nunique()),
        n_unsure=int(unknown.sum()),
        conf_level=conf_level,
    )


def _bang(
    frame: pd.DataFrame,
    correct: NDArray[np.bool_],
    unknown: NDArray[np.bool_],
    conditions: Sequence[Any],
    conf_level: float,
) -> list[dict[str, Any]]:
    """Bang's index over all guesses and in each condition: 1 right, 0 don't know, −1/(k − 1) wrong."""
    scores = np.where(unknown, 0.0, np.where(correct, 1.0, -1.0 / (len(conditions) - 1)))
    rows = [_row("Bang", ALL, scores, frame, 0.0, conf_level)]
    for condition in conditions:
        here = (frame["truth"] == condition).to_numpy()
        rows.append(_row("Bang", condition, scores[here], frame[here], 0.0, conf_level))
    return rows


def _guesses(data: pd.DataFrame, truth: str, guess: str, targets: str, raters: str) -> pd.DataFrame:
    for role, name in (("truth", truth), ("guess", guess), ("targets", targets), ("raters", raters)):
        if name not in data.columns:
            raise UsageError(f"No column '{name}' for {role}. {did_you_mean(name, map(str, data.columns))}")
    frame = pd.DataFrame(
        {
            "target": data[targets].astype(str),
            "rater": data[raters].astype(str),
            "truth": data[truth].astype(object),
            "guess": data[guess].astype(object),
        }
    )
    frame = frame.dropna(subset=["truth", "guess"]).drop_duplicates().reset_index(drop=True)
    twice = frame[frame.duplicated(["target", "rater"])]
    if len(twice):
        findings = [
            Finding("guess-twice", f"Rater '{row.rater}' has two different guesses of target '{row.target}'.")
            for row in twice.head(10).itertuples()
        ]
        raise FindingsError(findings, heading="A rater guesses once for each target.")
    if frame.empty:
        raise UsageError("There is no guess to check.")
    return frame


def _in_order(column: pd.Series[Any]) -> list[Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return sorted(column.dropna().unique(), key=str)


def _share_at_random(frame: pd.DataFrame, unknown: NDArray[np.bool_]) -> float:
    """Share of correct guesses if guesses had nothing to do with the truth: Σ p(truth) p(guess)."""
    truth = frame["truth"].value_counts(normalize=True)
    guess = frame["guess"][~unknown].value_counts() / len(frame)
    return float(sum(share * guess.get(name, 0.0) for name, share in truth.items()))


def _row(
    index: str, condition: Any, scores: Array, frame: pd.DataFrame, at_random: float, conf_level: float
) -> dict[str, Any]:
    mean = float(scores.mean())
    error, df = _clustered(scores - mean, frame)
    low, high, method = _limits(mean, error, df, scores, int(frame["target"].nunique()), conf_level)
    return {
        "index": index,
        "condition": str(condition),
        "estimate": mean,
        "std_error": error,
        "df": df,
        "conf_low": low,
        "conf_high": high,
        "at_random": at_random,
        "n": len(scores),
        "method": method,
        "conclusion": _conclusion(low - at_random, high - at_random),
    }


def _limits(
    mean: float, error: float, df: float, scores: Array, n_targets: int, conf_level: float
) -> tuple[float, float, str]:
    """t limits; when all guesses are right or all wrong, the exact binomial bound with targets as units."""
    from scipy.special import stdtrit

    if error > 0.0:
        reach = float(stdtrit(df, 0.5 + conf_level / 2.0)) * error
        return max(mean - reach, -1.0), min(mean + reach, 1.0), "clustered by rater and target, t limits"
    missed = 1.0 - ((1.0 - conf_level) / 2.0) ** (1.0 / n_targets)  # Clopper–Pearson with no event in n
    method = "exact binomial with targets as units"
    if mean == 1.0:
        return 1.0 - missed * (1.0 - min(float(scores.min()), 0.0)), 1.0, method
    return mean, mean + missed * (1.0 - mean), method


def _conclusion(low: float, high: float) -> str:
    if low > 0.0:
        return "guesses are better than chance: the blind was not complete"
    if high < 0.0:
        return "guesses are worse than chance: raters lean to the wrong condition"
    return "no sign that raters could tell; the interval says what cannot be ruled out"


def _clustered(residual: Array, frame: pd.DataFrame) -> tuple[float, float]:
    rows, columns = pd.factorize(frame["target"])[0], pd.factorize(frame["rater"])[0]
    cells, rated = (
        np.zeros((rows.max() + 1, columns.max() + 1)),
        np.zeros((rows.max() + 1, columns.max() + 1), dtype=bool),
    )
    cells[rows, columns], rated[rows, columns] = residual, True
    return clustered_error(cells, rated, np.arange(len(cells)))


def _james(
    frame: pd.DataFrame,
    unknown: NDArray[np.bool_],
    conditions: list[Any],
    conf_level: float,
    n_resamples: int,
    seed: int,
) -> dict[str, Any]:
    """James' index with percentile limits over resampled targets."""
    place = {name: i for i, name in enumerate(conditions)}
    other = len(conditions)
    guess = np.where(unknown, other + 1, [place.get(name, other) for name in frame["guess"]]).astype(int)
    truth = frame["truth"].map(place).to_numpy(dtype=int)
    target = pd.factorize(frame["target"])[0]
    cells = np.zeros((target.max() + 1, other, other + 2))
    np.add.at(cells, (target, truth, guess), 1.0)
    estimate = float(_james_index(cells.sum(axis=0)[None])[0])
    flat = cells.reshape(len(cells), -1)
    counts = target_counts(len(cells), n_resamples, np.random.default_rng(seed))
    draws = np.concatenate([_james_index((block @ flat).reshape(-1, *cells.shape[1:])) for block in counts])
    low, high = percentile_limits(draws, conf_level)
    defined = draws[~np.isnan(draws)]
    return {
        "index": "James",
        "condition": ALL,
        "estimate": estimate,
        "std_error": float(defined.std(ddof=1)) if defined.size > 1 else float("nan"),
        "df": float("nan"),
        "conf_low": low,
        "conf_high": high,
        "at_random": 0.5,
        "n": len(frame),
        "method": f"bootstrap of targets, percentile, {n_resamples} resamples, seed {seed}",
        "conclusion": "below ½: raters could tell" if high < 0.5 else "no sign that raters could tell",
    }


def _james_index(counts: Array) -> Array:
    """{1 + P_DK + (1 − P_DK) K_D}/2 for counts (batch, truth, guess); the last guess is "don't know"."""
    p = counts / counts.sum(axis=(1, 2), keepdims=True)
    unsure = p[:, :, -1].sum(axis=1)
    known = p[:, :, :-1]
    wrong = 1.0 - np.eye(p.shape[1], known.shape[2])
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (known * wrong).sum(axis=(1, 2)) / (1.0 - unsure)
        margins = known.sum(axis=2)[:, :, None] * known.sum(axis=1)[:, None, :]
        expected = (margins * wrong).sum(axis=(1, 2)) / (1.0 - unsure) ** 2
        disagreement = np.where(expected > 0.0, (observed - expected) / expected, 0.0)
    return np.asarray(np.where(unsure < 1.0, (1.0 + unsure + (1.0 - unsure) * disagreement) / 2.0, 1.0))
