"""Reliability and ROC plots as SVG."""

from xml.etree import ElementTree

import pytest

from emostats.figures.canvas import Frame
from emostats.figures.classification import Axes, CalibrationBin, RocLine, reliability_plot, roc_plot
from emostats.render.rounding import fixed

AXES = Axes("said", "came true", "rows")


def frame(width=720.0):
    return Frame("f", "Title", "Description", width=width)


def test_empty_bins_are_not_drawn():
    bins = [
        CalibrationBin(0.0, 0.5, 0, None, None),
        CalibrationBin(0.5, 0.75, 3, 0.6, 0.5),
        CalibrationBin(0.75, 1.0, 9, 0.9, 0.8),
    ]
    full, fewer = (reliability_plot(part, AXES, frame(), fixed) for part in (bins, bins[:2]))
    assert len(full) > len(fewer)
    root = ElementTree.fromstring(full)
    assert {"said", "came true", "rows", "0.2", "1.0"} <= {text.strip() for text in root.itertext()}


def test_nothing_to_draw_is_still_a_figure():
    root = ElementTree.fromstring(reliability_plot([], AXES, frame(), fixed))
    assert root.get("role") == "img"


@pytest.mark.parametrize("width", [720.0, 360.0])
def test_every_curve_is_named_within_the_figure(width):
    lines = [RocLine(f"class {i}", (0.0, 0.2, 1.0), (0.0, 0.7, 1.0)) for i in range(8)]
    root = ElementTree.fromstring(roc_plot(lines, AXES, frame(width), fixed))
    texts = {text.strip() for text in root.itertext()}
    assert {f"class {i}" for i in range(8)} <= texts
    height = float(root.get("height"))
    tops = [float(item.get("y")) for item in root.iter() if item.tag.endswith("text") and item.get("y")]
    assert tops and max(tops) <= height
