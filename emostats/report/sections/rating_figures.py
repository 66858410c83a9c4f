"""Figures of the expert ratings: how each expert used the scale, and two experts compared."""

from __future__ import annotations

import pandas as pd

from emostats import figures
from emostats.render import rounding
from emostats.report.context import Context, slug
from emostats.report.drawings import drawn
from emostats.report.language import _, ended, listed, told_of
from emostats.report.model import Block
from emostats.report.parts import number, records
from emostats.study.spec import IccAnalysis


def rating_figures(context: Context, analysis: IccAnalysis, domains: dict[str, str]) -> tuple[Block, ...]:
    """A heat map and a Bland–Altman plot of each domain, where the run has their tables."""
    blocks: list[Block] = []
    for code, label in domains.items():
        for name, make in (("rating_shares", _heatmap), ("bland_altman", _differences)):
            table = context.table(name)
            if table is not None:
                own = table[(table["analysis"] == analysis.name) & (table["parameter"] == code)]
                blocks += (
                    [make(context, f"{slug(analysis.name)}-{slug(code)}", label, own)] if len(own) else []
                )
    return tuple(blocks)


def _heatmap(context: Context, id: str, label: str, table: pd.DataFrame) -> Block:
    counts = table.pivot(index="rater", columns="value", values="n").fillna(0.0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    most = float(shares.to_numpy().max())
    rows = tuple(map(str, shares.index))
    grid = figures.RatingGrid(
        rows=rows,
        columns=tuple(rounding.fixed(v, 0 if v.is_integer() else 1) for v in map(float, counts.columns)),
        cells=tuple(tuple(float(value) for value in row) for row in shares.to_numpy()),
        texts=tuple(tuple(rounding.proportion(value, 0) for value in row) for row in shares.to_numpy()),
        low=0.0,
        high=most,
        legend=(_("never"), rounding.proportion(most, 0), ""),
    )
    told = listed(
        told_of(rater, _(", ").join(f"{c} {t}" for c, t in zip(grid.columns, texts, strict=True)))
        for rater, texts in zip(rows, grid.texts, strict=True)
    )
    return drawn(
        context,
        f"fig-ratings-{id}",
        _("Use of the scale: {domain}", domain=label),
        _(
            "{domain}: how often each expert gave each rating, in percent of the expert’s ratings.",
            domain=label,
        ),
        ended(told),
        lambda frame: figures.rating_heatmap(grid, frame),
    )


def _differences(context: Context, id: str, label: str, table: pd.DataFrame) -> Block:
    found = records(table)
    points = [item for item in found if not item.get("term")]
    limits = [item for item in found if item.get("term")]
    raters = str(found[0]["raters"])
    lines = [
        figures.AgreementLine(
            number(item, "difference") or 0.0,
            number(item, "low"),
            number(item, "high"),
            f"{_limit(str(item['term']))} {rounding.fixed(number(item, 'difference'), 2)}",
        )
        for item in limits
    ]
    pairs = [(number(item, "mean") or 0.0, number(item, "difference") or 0.0) for item in points]
    counts = [int(number(item, "n") or 1) for item in points]
    labels = (_("Mean of the two ratings"), _("Difference: {raters}", raters=raters))
    return drawn(
        context,
        f"fig-bland-altman-{id}",
        _("Two experts compared: {domain}", domain=label),
        _(
            "{domain}: differences of the two experts whose ratings lie furthest apart on average "
            "({raters}), against their mean, with limits of agreement and their intervals. Larger circles "
            "are more clips.",
            domain=label,
            raters=raters,
        ),
        ended(listed(line.text for line in lines)),
        lambda frame: figures.bland_altman_plot(pairs, lines, labels, frame, rounding.fixed, counts=counts),
    )


def _limit(term: str) -> str:
    known = {"bias": _("mean"), "lower limit": _("lower limit"), "upper limit": _("upper limit")}
    return known.get(term, term)
