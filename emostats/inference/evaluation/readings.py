"""The readings of stability that a table of predictions allows, each with what it needs and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emostats.errors import UsageError
from emostats.inference.evaluation.predictions import PREFIX
from emostats.inference.evaluation.stability import run_stability, temporal_consistency


@dataclass(frozen=True)
class StabilityReading:
    """One meaning of stability, measured or not.

    Attributes
    ----------
    name, label: which. estimate, conf_low, conf_high: NaN where it is not measured, and why in `error`.
    n: runs, pairs of frames, or pictures.
    """

    name: str
    label: str
    estimate: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    n: int = 0
    error: str = ""


OVER_RUNS = ("over_runs", "Over training runs: 1 − CV of the accuracy over folds and seeds")
OVER_TIME = ("over_time", "Over time: neighbouring frames of a clip with the same label")
PERTURBED = ("perturbed", "Under perturbation: pictures that keep their label, mean over perturbations")


def stability_readings(
    table: pd.DataFrame, robustness: pd.DataFrame | None = None, *, conf_level: float = 0.95
) -> tuple[StabilityReading, StabilityReading, StabilityReading]:
    """Three readings, in the same order always: over runs, over time, under perturbation.

    Parameters
    ----------
    table: predictions; columns ``fold`` and/or ``seed`` name the run that a row is of, ``clip`` and ``time``
        (s) make neighbours of rows. robustness: of `robustness.robustness`, whose perturbations are averaged.
    """
    return (
        _measured(OVER_RUNS, lambda: _over_runs(table, conf_level)),
        _measured(OVER_TIME, lambda: _over_time(table, conf_level)),
        _measured(PERTURBED, lambda: _perturbed(robustness)),
    )


def _measured(
    what: tuple[str, str], measure: Callable[[], tuple[float, float, float, int]]
) -> StabilityReading:
    name, label = what
    try:
        estimate, low, high, n = measure()
    except UsageError as error:
        return StabilityReading(name, label, error=str(error))
    return StabilityReading(name, label, estimate, low, high, n)


def _over_runs(table: pd.DataFrame, level: float) -> tuple[float, float, float, int]:
    runs = [name for name in ("fold", "seed") if name in table]
    if not runs:
        raise UsageError("not measured: the predictions have no column fold or seed")
    scored, predicted = _predicted(table)
    right = (predicted == scored["label"].astype(str)).groupby([scored[name] for name in runs])
    found = run_stability(right.mean().to_numpy(), conf_level=level)
    return found.estimate, found.conf_low, found.conf_high, found.n_runs


def _over_time(table: pd.DataFrame, level: float) -> tuple[float, float, float, int]:
    if not {"clip", "time"} <= set(table.columns):
        raise UsageError("not measured: the predictions have no columns clip and time")
    scored, predicted = _predicted(table)
    runs = [name for name in ("clip", "fold", "seed") if name in scored]
    clip = scored.groupby(runs, dropna=False).ngroup()
    found = temporal_consistency(predicted, clip, scored["time"], scored["subject"], conf_level=level)
    return found.estimate, found.conf_low, found.conf_high, found.n


def _perturbed(robustness: pd.DataFrame | None) -> tuple[float, float, float, int]:
    if robustness is None:
        raise UsageError("not measured: the pictures were not made worse (--faces with --robustness)")
    rows = robustness[robustness["metric"] == "perturbation_agreement"]
    each = rows[rows["perturbation"] != "none"]
    return float(each["estimate"].mean()), float("nan"), float("nan"), int(each["n"].sum())


def _predicted(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The scored rows, and the most probable class of each."""
    columns = [name for name in table.columns if str(name).startswith(PREFIX)]
    prob = table[columns].to_numpy(dtype=float)
    known = ~np.isnan(prob).any(axis=1)
    names = np.array([name.removeprefix(PREFIX) for name in columns])
    scored = table[known]
    return scored, pd.Series(names[prob[known].argmax(axis=1)], index=scored.index)
