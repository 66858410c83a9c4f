"""Pictures of a fit: values go to `emostats.figures`, one SVG string comes back.

Loaded only when `MMRMFit.plot` is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

from emostats.errors import UsageError, did_you_mean
from emostats.figures import Frame, Panel, Point, trajectory_plot
from emostats.figures.mmrm_diagnostics import (
    Box,
    Cloud,
    CorrelationMap,
    Stem,
    box_plot,
    cloud_plot,
    correlation_map,
    stem_plot,
)
from emostats.render import rounding
from emostats.statistics.mmrm.diagnostics.autocorrelation import residual_autocorrelation
from emostats.statistics.mmrm.diagnostics.means import observed_and_fitted_means, visits_of
from emostats.statistics.mmrm.fitted import FittedModel

Float = NDArray[np.float64]

_MOST = 600
"""Points drawn of a cloud; more are thinned evenly, the ends are kept."""


def draw(fit: FittedModel, kind: str, by: str | None, *, id: str, note: str, width: float) -> str:
    """One figure of a fit as SVG; see `MMRMFit.plot`."""
    if kind not in _KINDS:
        raise UsageError(f"There is no figure '{kind}'. {did_you_mean(kind, _KINDS)}")
    if by is not None and kind != "means":
        raise UsageError(f"by= belongs to the figure 'means'; found kind='{kind}'.")
    return _KINDS[kind](fit, by, lambda title, words: Frame(id, title, words, note, width))


_Framed = Callable[[str, str], Frame]


def _quantiles(fit: FittedModel, by: str | None, framed: _Framed) -> str:
    """Normalized residuals against normal quantiles, with the pointwise band of order statistics."""
    values = np.sort(fit.residuals("normalized").to_numpy())
    n = len(values)
    rank = np.arange(1, n + 1)
    expected = ndtri((rank - 0.375) / (n + 0.25))
    low, high = (ndtri(betaincinv(rank, n + 1 - rank, p)) for p in (0.025, 0.975))
    kept = _thin(n)
    points = tuple(zip(expected[kept].tolist(), values[kept].tolist(), strict=True))
    band = tuple(zip(expected[kept].tolist(), low[kept].tolist(), high[kept].tolist(), strict=True))
    outside = rounding.share_percent(int(((values < low) | (values > high)).sum()), n)
    words = (
        f"Quantiles of {rounding.count(n)} normalized residuals against those of the normal distribution. "
        f"{outside} lie outside the pointwise 95 % band."
    )
    ends = (float(expected[0]), float(expected[-1]))
    cloud = Cloud(
        points, ((ends[0], ends[0]), (ends[1], ends[1])), band, ("Normal quantile", "Normalized residual")
    )
    return cloud_plot(cloud, framed("Normal quantiles of the residuals", words), rounding.fixed)


def _thin(n: int) -> NDArray[np.intp]:
    """Up to `_MOST` positions of n sorted values: all of the outermost hundred, the rest evenly."""
    if n <= _MOST:
        return np.arange(n)
    inner = np.linspace(100, n - 101, _MOST - 200).astype(np.intp)
    return np.unique(np.concatenate([np.arange(100), inner, np.arange(n - 100, n)]))


def _against_fitted(fit: FittedModel, by: str | None, framed: _Framed) -> str:
    fitted, residual = fit.fitted.to_numpy(), fit.residuals("pearson").to_numpy()
    order = np.argsort(fitted, kind="stable")
    kept = order[_thin(len(order))]
    running = _smooth(fitted[order], residual[order])
    largest = rounding.fixed(max(abs(value) for _, value in running), 2)
    words = (
        "Pearson residuals against fitted values; the line is a robust local regression (lowess), level at "
        f"zero when the means are right. It is at most {largest} from zero."
    )
    points = tuple(zip(fitted[kept].tolist(), residual[kept].tolist(), strict=True))
    cloud = Cloud(points, running, (), ("Fitted value", "Pearson residual"))
    return cloud_plot(cloud, framed("Residuals against fitted values", words), rounding.fixed)


def _smooth(x: Float, y: Float) -> tuple[tuple[float, float], ...]:
    """Cleveland's (1979) robust local regression of y on sorted x, at 40 places at most."""
    from statsmodels.nonparametric.smoothers_lowess import lowess

    places = np.unique(np.quantile(x, np.linspace(0, 1, 40)))
    if len(places) < 3 or len(x) < 10:  # too few for a curve: the mean at each place
        return tuple((float(place), float(y[x == place].mean())) for place in np.unique(x))
    delta = 0.01 * (places[-1] - places[0])
    fit = lowess(y, x, frac=2 / 3, it=3, delta=delta, is_sorted=True, return_sorted=False)
    heights = np.interp(places, x, fit)
    return tuple(zip(places.tolist(), heights.tolist(), strict=True))


def _by_visit(fit: FittedModel, by: str | None, framed: _Framed) -> str:
    visit, residual = visits_of(fit), fit.residuals("pearson").to_numpy()
    boxes = [_box(str(label), residual[(visit == label).to_numpy()]) for label in fit.frame.visits]
    spoken = "; ".join(f"{box.label}: median {rounding.fixed(box.median, 2)}" for box in boxes)
    words = f"Boxes of Pearson residuals at each visit. {spoken}."
    return box_plot(boxes, "Pearson residual", framed("Residuals by visit", words), rounding.fixed)


def _box(label: str, values: Float) -> Box:
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    reach = 1.5 * (q3 - q1)
    inside = values[(values >= q1 - reach) & (values <= q3 + reach)]
    outside = np.sort(values[(values < q1 - reach) | (values > q3 + reach)])
    kept = outside if len(outside) <= 100 else np.concatenate([outside[:50], outside[-50:]])
    ends = (float(inside.min()), float(q1), float(median), float(q3), float(inside.max()))
    return Box(label, *ends, tuple(kept.tolist()))


def _autocorrelation(fit: FittedModel, by: str | None, framed: _Framed) -> str:
    table = residual_autocorrelation(fit, "normalized", 0.95)
    table = table[(table["lag"] > 0) & (table["n_pairs"] > 0)]
    if table.empty:
        raise UsageError("No subject has two observed visits, so there is no autocorrelation to show.")
    numbers = table[["autocorrelation", "conf_low", "conf_high", "expected"]].to_numpy()
    stems = [Stem(str(lag), *row) for lag, row in zip(table["lag"], numbers.tolist(), strict=True)]
    spoken = "; ".join(f"lag {stem.label}: {rounding.fixed(stem.value, 2)}" for stem in stems)
    words = f"Autocorrelation of normalized residuals; within the bands when the covariance fits. {spoken}."
    labels = ("Lag (visits)", "Autocorrelation of normalized residuals")
    return stem_plot(stems, labels, framed("Residual autocorrelation", words), rounding.fixed)


def _means(fit: FittedModel, by: str | None, framed: _Framed) -> str:
    table = observed_and_fitted_means(fit, by, 0.95)
    name = fit.frame.formula.covariance.positions[0]
    place = {label: float(index) for index, label in enumerate(fit.frame.visits)}
    groups = (
        [("Observed, and fitted (dashed)", table)] if by is None else list(table.groupby(by, observed=True))
    )
    panels = [
        Panel(str(label), _points(part, name, place), _line(part, name, place)) for label, part in groups
    ]
    visits = [(position, str(label)) for label, position in place.items()]
    gap = float((table["observed"] - table["fitted"]).abs().max())
    words = (
        "Observed means with 95 % intervals at each visit, and the model's for the same rows (dashed). "
        f"The largest difference is {rounding.significant(gap, 2)}."
    )
    return trajectory_plot(
        panels, visits, framed("Observed and fitted means", words), rounding.fixed, joined=False
    )


def _points(part: pd.DataFrame, name: str, place: Mapping[object, float]) -> tuple[Point, ...]:
    return tuple(
        Point(place[row[name]], row["observed"], _known(row["conf_low"]), _known(row["conf_high"]))
        for _, row in part.iterrows()
    )


def _line(part: pd.DataFrame, name: str, place: Mapping[object, float]) -> tuple[Point, ...]:
    return tuple(Point(place[row[name]], row["fitted"], None, None) for _, row in part.iterrows())


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _covariance(fit: FittedModel, by: str | None, framed: _Framed) -> str:
    covariance = fit.covariance
    groups = covariance.items() if isinstance(covariance, Mapping) else [("", covariance)]
    maps = [_map(str(label), matrix) for label, matrix in groups]
    words = "Correlations of the visits as the model estimates them; standard deviations on the diagonal."
    return correlation_map(maps, framed("Correlations and standard deviations of the visits", words))


def _map(label: str, covariance: pd.DataFrame) -> CorrelationMap:
    if len(covariance) > 30:
        raise UsageError(f"{len(covariance)} visits are too many for a map; read fit.covariance.")
    S = covariance.to_numpy()
    sd = np.sqrt(np.diagonal(S))
    R = S / np.outer(sd, sd)
    texts = tuple(
        tuple(rounding.significant(sd[a], 3) if a == b else rounding.fixed(R[a, b], 2) for b in range(len(S)))
        for a in range(len(S))
    )
    visits = tuple(str(visit) for visit in covariance.index)
    return CorrelationMap(label, visits, tuple(map(tuple, R.tolist())), texts)


_KINDS: Mapping[str, Callable[[FittedModel, str | None, _Framed], str]] = {
    "qq": _quantiles,
    "residuals": _against_fitted,
    "visits": _by_visit,
    "autocorrelation": _autocorrelation,
    "means": _means,
    "covariance": _covariance,
}
