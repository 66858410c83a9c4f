"""From answers to scores: reverse by the schema's range, prorate, count what each score stands on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.study.instruments import Instrument, Scoring, Subscale

SCORE_COLUMNS = ("ROW", "PARAMCD", "AVAL", "N_ITEMS", "N_ITEMS_ANSWERED")

Array = NDArray[np.float64]


def score(instrument: Instrument, answers: pd.DataFrame) -> pd.DataFrame:
    """Scores every subscale of an instrument.

    Parameters
    ----------
    answers: one row a filled-in questionnaire, one column an item (item ids), raw numbers, NaN where
        unanswered.

    Returns
    -------
    Long table, one row a questionnaire × subscale, subscale by subscale: ROW (position in `answers`, from 0),
    PARAMCD, AVAL (NaN where more than max_missing items are unanswered), N_ITEMS, N_ITEMS_ANSWERED.

    An item that is reversed counts as lowest + highest − answer, with the range of the instrument file.
    A mean prorates by being the mean of the answered items, a sum by (mean of the answered items) × (number
    of items).

    Raises
    ------
    UsageError: a column of an item is missing, or an answer lies outside its range.
    """
    values = keyed(instrument, answers)
    column = {item: position for position, item in enumerate(instrument.item_ids)}
    parts = []
    for subscale in instrument.subscales:
        block = values[:, [column[item] for item in subscale.items]]
        parts.append(_score_subscale(instrument, subscale, block))
    return pd.concat(parts, ignore_index=True)


def keyed(instrument: Instrument, answers: pd.DataFrame) -> Array:
    """Answers as they count, by points or turned round: floats, rows × items in the instrument's order."""
    absent = [item for item in instrument.item_ids if item not in answers.columns]
    if absent:
        raise UsageError(f"the answers lack items of {instrument.id!r}: {', '.join(absent)}")
    values: Array = answers[list(instrument.item_ids)].to_numpy(dtype=np.float64, copy=True)
    low, high = _bounds(instrument)
    _refuse_outside(instrument, values, low, high)
    _count(instrument, values)
    turned = np.array([item.reverse for item in instrument.items])
    values[:, turned] = (low + high)[turned] - values[:, turned]
    return values


def _count(instrument: Instrument, values: Array) -> None:
    """Puts the points of an answer in its place, for items that have points."""
    for position, item in enumerate(instrument.item_ids):
        points = instrument.item_points(item)
        if points:
            given = values[:, position].copy()
            for answer, counts in points.items():
                values[given == answer, position] = counts


def _bounds(instrument: Instrument) -> tuple[Array, Array]:
    bounds = np.array([instrument.item_range(item) for item in instrument.item_ids], dtype=np.float64)
    return bounds[:, 0], bounds[:, 1]


def _refuse_outside(instrument: Instrument, values: Array, low: Array, high: Array) -> None:
    outside = (values < low) | (values > high)
    if outside.any():
        row, item = np.argwhere(outside)[0]
        raise UsageError(
            f"item {instrument.item_ids[item]} of {instrument.id!r}: "
            f"expected {low[item]:g} to {high[item]:g}; "
            f"found {values[row, item]:g} in row {row + 1} of the answers"
        )


def _score_subscale(instrument: Instrument, subscale: Subscale, block: Array) -> pd.DataFrame:
    rule = instrument.rule(subscale)
    n_items = block.shape[1]
    answered = np.count_nonzero(~np.isnan(block), axis=1)
    return pd.DataFrame(
        {
            "ROW": np.arange(len(block)),
            "PARAMCD": subscale.id,
            "AVAL": _prorated(rule, block, answered),
            "N_ITEMS": n_items,
            "N_ITEMS_ANSWERED": answered,
        }
    )


def _prorated(rule: Scoring, block: Array, answered: NDArray[np.intp]) -> Array:
    n_items = block.shape[1]
    total = np.nansum(block, axis=1)
    factor = 1 if rule.aggregate == "mean" else n_items
    enough = answered >= n_items - rule.max_missing
    value = np.full(len(block), np.nan)
    np.divide(total * factor, answered, out=value, where=enough)
    return rounded(value, rule)


def rounded(values: Array, rule: Scoring) -> Array:
    """Scores rounded as the instrument file says; halves that differ only by float error count as halves."""
    if rule.rounding == "none":
        return values
    scaled = np.round(values * 10.0**rule.decimals, 9)
    whole = np.floor(scaled + 0.5) if rule.rounding == "half-up" else np.rint(scaled)
    result: Array = whole / 10.0**rule.decimals
    return result
