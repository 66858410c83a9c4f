"""Figures of agreement: ratings as a heat map, differences of two methods against their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emostats.figures.axes import axis_below, axis_beside
from emostats.figures.canvas import SMALL, Frame, Sheet
from emostats.figures.lettering import shorten, width, wrap
from emostats.figures.palette import INK, MUTED, RULE, SERIES, WASH
from emostats.figures.scale import Scale, TickText, finite, linear

_DEEPEST = 0.6  # opacity of the highest rating: ink stays readable on it, on light pages and dark ones
_LABELLED = 14.0  # rows at least this high carry their label and the rating as text


@dataclass(frozen=True)
class RatingGrid:
    """Ratings as cells.

    rows, columns: labels of targets and raters. cells: one row a target, None where a rating is missing.
        texts: what to write
    in the cells, or '' . low, high: ends of the scale; legend: their texts and that of a missing rating.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]
    texts: tuple[tuple[str, ...], ...]
    low: float
    high: float
    legend: tuple[str, str, str]
    row_label: str = ""


def rating_heatmap(grid: RatingGrid, frame: Frame) -> str:
    """The map as SVG: one row a target, one column a rater, deeper colour for higher ratings.

    Many targets get thin rows without labels; the order of rows is the caller's.
    """
    height = min(22.0, max(3.0, 640.0 / max(len(grid.rows), 1)))
    labelled = height >= _LABELLED
    names = (
        min(max((width(row, SMALL) for row in grid.rows), default=0.0), frame.width * 0.3)
        if labelled
        else 0.0
    )
    left = names + 10 if labelled else 0.0
    across = min(74.0, (frame.width - left) / max(len(grid.columns), 1))
    heads = [wrap(column, across - 3, SMALL, 2) for column in grid.columns]
    top = 12.0 + 14 * max((len(lines) for lines in heads), default=1)
    sheet = Sheet(frame, top + height * len(grid.rows) + 44)
    for index, lines in enumerate(heads):
        for above, line in enumerate(reversed(lines)):
            x, y = left + (index + 0.5) * across, top - 9 - 14 * above
            sheet.text(x, y, line, align="center", size=SMALL, colour=MUTED)
    for index, row in enumerate(grid.rows):
        y = top + index * height
        if labelled:
            sheet.text(names, y + height / 2 + 4, shorten(row, names, SMALL), align="right", size=SMALL)
        _row_of_cells(sheet, grid, index, (left, y), (across, height), labelled)
    _legend(sheet, grid, top + height * len(grid.rows) + 26)
    return sheet.svg()


def _row_of_cells(
    sheet: Sheet,
    grid: RatingGrid,
    index: int,
    corner: tuple[float, float],
    size: tuple[float, float],
    labelled: bool,
) -> None:
    gap = 1.5 if labelled else 0.25
    for column, value in enumerate(grid.cells[index]):
        x, y = corner[0] + column * size[0] + gap, corner[1] + gap
        across, down = size[0] - 2 * gap, size[1] - 2 * gap
        _cell(sheet, grid, value, (x, y), (across, down))
        if labelled and value is not None:
            sheet.text(
                x + across / 2, y + down / 2 + 4, grid.texts[index][column], align="center", size=SMALL
            )


def _cell(
    sheet: Sheet,
    grid: RatingGrid,
    value: float | None,
    corner: tuple[float, float],
    size: tuple[float, float],
) -> None:
    """Deeper colour for a higher value; an outline with a stroke through it where there is none."""
    (x, y), (across, down) = corner, size
    if value is None:
        sheet.box(x + 0.5, y + 0.5, across - 1, max(down - 1, 0.5), fill=WASH, edge=RULE)
        sheet.line([x + across / 2 - 5, x + across / 2 + 5], [y + down - 1, y + 1], colour=MUTED)
        return
    share = (value - grid.low) / (grid.high - grid.low) if grid.high > grid.low else 0.5
    corners = [(x, y), (x + across, y), (x + across, y + down), (x, y + down)]
    sheet.polygon(corners, fill=SERIES[0], opacity=0.06 + (_DEEPEST - 0.06) * min(max(share, 0.0), 1.0))


def _legend(sheet: Sheet, grid: RatingGrid, y: float) -> None:
    x = 0.0
    for value, text in zip((grid.low, grid.high, None), grid.legend, strict=True):
        if not text:
            continue
        _cell(sheet, grid, value, (x, y - 11), (18, 14))
        sheet.text(x + 24, y, text, size=SMALL, colour=MUTED)
        x += 40 + width(text, SMALL)


@dataclass(frozen=True)
class AgreementLine:
    """A horizontal line at `value` with its band from `low` to `high`; `text` names it."""

    value: float
    low: float | None
    high: float | None
    text: str


def bland_altman_plot(
    points: Sequence[tuple[float, float]],
    lines: Sequence[AgreementLine],
    labels: tuple[str, str],
    frame: Frame,
    tick: TickText,
    *,
    counts: Sequence[int] = (),
) -> str:
    """Differences against means as SVG.

    points: (mean, difference). labels: of the horizontal and the vertical axis. counts: how many pairs stand
    at each point, shown by its area; by default one.
    """
    tall = 260.0
    sheet = Sheet(frame, tall + 66)
    bounds = finite([value for line in lines for value in (line.value, line.low, line.high)])
    texts = max((width(line.text, SMALL) for line in lines), default=0.0) + 12
    stacked = frame.narrow
    left, right = 52.0, frame.width - (8 if stacked else texts)
    y = linear([point[1] for point in points] + bounds, tall, 22)
    x = linear([point[0] for point in points], left + 6, right - 6)
    sheet.text(0, 12, shorten(labels[1], frame.width, SMALL), size=SMALL)
    for line in lines:
        _band(sheet, line, y, (left, right))
    axis_below(sheet, x, y.start, (left, right), labels[0], tick)
    axis_beside(sheet, y, left, tick)
    for (mean, difference), count in zip(points, counts or [1] * len(points), strict=True):
        size = 5.5 if not counts else 2 + 2.5 * min(count, 64) ** 0.5
        sheet.marker(x(mean), y(difference), "o", colour=SERIES[0], size=size, hollow="none")
    for line in lines:
        sheet.line([left, right], [y(line.value)] * 2, colour=INK, width=1.4, dashes=(5, 3))
        place = (right - 4, y(line.value) - 5) if stacked else (right + 6, y(line.value) + 4)
        sheet.text(*place, line.text, align="right" if stacked else "left", size=SMALL)
    return sheet.svg()


def _band(sheet: Sheet, line: AgreementLine, y: Scale, reach: tuple[float, float]) -> None:
    if line.low is None or line.high is None:
        return
    low, high = y(line.low), y(line.high)
    corners = [(reach[0], low), (reach[1], low), (reach[1], high), (reach[0], high)]
    sheet.polygon(corners, fill=SERIES[1], opacity=0.16)
