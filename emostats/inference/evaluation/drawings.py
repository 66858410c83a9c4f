"""The figures of an evaluation as SVG: reliability, ROC curves, confusion matrix."""

from __future__ import annotations

import math

import numpy as np

from emostats.figures.agreement import RatingGrid, rating_heatmap
from emostats.figures.canvas import NARROW, WIDE, Frame
from emostats.figures.classification import Axes, CalibrationBin, RocLine, reliability_plot, roc_plot
from emostats.inference.evaluation.evaluate import Evaluation
from emostats.render import rounding

DRAWINGS = ("confusion", "roc", "reliability")


def drawing(found: Evaluation, name: str, *, width: float = WIDE, note: str = "") -> str:
    """One of `DRAWINGS` as an SVG element of `width` pixels."""
    frame = Frame(f"figure-{name}-{width:g}", *_WORDS[name], note=note, width=width)
    return {"confusion": _confusion, "roc": _roc, "reliability": _reliability}[name](found, frame)


def drawings(found: Evaluation, note: str = "") -> dict[str, tuple[str, str]]:
    """Each drawing for a desk and for a phone."""
    return {
        name: (drawing(found, name, note=note), drawing(found, name, width=NARROW, note=note))
        for name in DRAWINGS
    }


_WORDS = {
    "confusion": (
        "Confusion matrix",
        "One row a true class, one column a predicted class; each cell has the number of rows and their "
        "share of the true class.",
    ),
    "roc": (
        "ROC curves",
        "Sensitivity over the share of false alarms, for each class against the rest; the diagonal is "
        "chance.",
    ),
    "reliability": (
        "Reliability of the top label",
        "Share of right labels over the probability that was said, in ten bins; points below the diagonal "
        "are too sure. The bars show how many rows each bin has.",
    ),
}


def words(name: str) -> tuple[str, str]:
    """Title and description of a drawing."""
    return _WORDS[name]


def _confusion(found: Evaluation, frame: Frame) -> str:
    totals = found.counts.sum(axis=1, keepdims=True)
    shares = np.divide(found.counts, totals, out=np.zeros(found.counts.shape), where=totals > 0)
    crowded = frame.narrow and len(found.counts) > 3
    texts = tuple(
        tuple(
            f"{count}" if crowded or not total else f"{count} ({rounding.proportion(share, 0)})"
            for count, share in zip(counts, row, strict=True)
        )
        for counts, row, total in zip(found.counts, shares, totals[:, 0], strict=True)
    )
    grid = RatingGrid(
        rows=found.predictions.classes,
        columns=tuple(name if crowded else f"said {name}" for name in found.predictions.classes),
        cells=tuple(tuple(float(value) for value in row) for row in shares),
        texts=texts,
        low=0.0,
        high=1.0,
        legend=("none of the true class", "all of it", ""),
    )
    return rating_heatmap(grid, frame)


def _roc(found: Evaluation, frame: Frame) -> str:
    classes = found.predictions.classes
    names = [classes[1]] if len(classes) == 2 else list(classes)
    table = found.classes[found.classes["metric"] == "auc"].set_index("level")["estimate"]
    lines = [
        RocLine(
            f"{name}, AUC {rounding.fixed(table[name], 3)}",
            tuple(curve.false_positive_rate.tolist()),
            tuple(curve.sensitivity.tolist()),
        )
        for name, curve in zip(names, found.curves, strict=True)
        if curve is not None
    ]
    return roc_plot(lines, Axes("1 − specificity", "Sensitivity"), frame, rounding.fixed)


def _reliability(found: Evaluation, frame: Frame) -> str:
    part = found.calibration
    bins = [
        CalibrationBin(float(low), float(high), int(n), _known(said), _known(true))
        for low, high, n, said, true in zip(
            part.low, part.high, part.n, part.said, part.came_true, strict=True
        )
    ]
    axes = Axes("Probability of the label", "Share right", "Rows in each bin")
    return reliability_plot(bins, axes, frame, rounding.fixed)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
