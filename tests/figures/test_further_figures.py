"""Curves, single courses, waterfalls and counts in forest plots: what is drawn, alike each time, as text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from emostats import figures
from emostats.figures.palette import INK, SERIES, contrast
from emostats.render import rounding

WIDE = figures.Frame("id", "Title", "What it shows", "Simulated data")
NARROW = figures.Frame("id", "Title", "What it shows", "", figures.NARROW)
VISITS = ((0.0, "Baseline"), (4.0, "Week 4"), (12.0, "Week 12"))


def curve(frame=WIDE):
    points = [figures.CurvePoint(x, 1.0 - x / 20, 0.5, 1.2, 0.3, 1.5) for x in range(1, 13)]
    return figures.curve_plot(points, ("Age", "Change"), ("95% CI", "band"), frame, rounding.fixed)


def spaghetti(frame=WIDE):
    courses = [figures.Course(((0.0, c / 10), (4.0, c / 9), (12.0, c / 5))) for c in range(20)]
    courses.append(figures.Course(((0.0, 1.0),)))
    mean = figures.MeanLine("mean", ((0.0, 1.0), (4.0, 1.2), (12.0, 2.0)))
    return figures.spaghetti_plot(courses, mean, VISITS, "Score", frame, rounding.fixed)


def waterfall(frame=WIDE, changes=(1.5, -0.5, 0.2, 0.0, 2.0)):
    return figures.waterfall_plot(changes, "Change", frame, rounding.fixed, lines=[(0.5, "response: 0.50")])


DRAWN = {"curve": curve, "spaghetti": spaghetti, "waterfall": waterfall}


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]


@pytest.mark.parametrize("name", list(DRAWN))
@pytest.mark.parametrize("frame", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_figure_is_named_for_all_readers_and_drawn_alike(name, frame):
    svg = DRAWN[name](frame)
    assert svg == DRAWN[name](frame)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and root.get("aria-labelledby") and root.get("aria-describedby")
    assert not re.search(r"(nan|inf|None)", svg)
    width, height = (float(root.get(side)) for side in ("width", "height"))
    places = [(float(t.get("x")), float(t.get("y"))) for t in root.iter() if t.tag.endswith("text")]
    assert all(-1 <= x <= width + 1 and 0 <= y <= height + 1 for x, y in places)
    assert ("Simulated data" in texts(svg)) == bool(frame.note)


def test_a_curve_has_its_interval_inside_its_band_and_a_line_of_no_change():
    svg = curve()
    assert {"95% CI", "band", "Age", "Change"} <= set(texts(svg))
    shapes = re.findall(r'<path d="M([^"]*)z"', svg) or re.findall(r'd="M([^"]*)z"', svg)
    heights = [
        max(ys) - min(ys)
        for shape in shapes[:2]
        for ys in [[float(pair.split(",")[1]) for pair in shape.split(" ")]]
    ]
    assert heights[0] > heights[1]
    assert "stroke-dasharray" in svg


def test_bars_go_from_the_largest_to_the_smallest_and_zero_has_none():
    svg = waterfall()
    bars = [
        [tuple(map(float, pair.split(","))) for pair in stroke.split(" ")]
        for path in re.findall(r'd="(M[^"z]*)"', svg)
        for stroke in path.split("M")[1:]
    ]
    upright = sorted((b for b in bars if len(b) == 2 and b[0][0] == b[1][0]), key=lambda bar: bar[0][0])
    heights = [start[1] - end[1] for start, end in upright if start[0] > 53]
    assert len(heights) == 4 and heights == sorted(heights, reverse=True)
    assert "response: 0.50" in texts(svg)


def test_every_child_has_a_line_and_none_has_a_name():
    svg = spaghetti()
    lines = max(re.findall(r'd="([^"]*)"', svg), key=len)
    assert lines.count("M") == 20
    assert set(texts(svg)) <= {
        "Score",
        "Baseline",
        "Week 4",
        "Week 12",
        "mean",
        "Simulated data",
        *"01234",
    } | {f"{i / 2:.1f}" for i in range(12)}


def test_many_children_make_a_small_figure():
    many = [figures.Course(tuple((at, (c * 7 % 40) / 10 + at / 20) for at, _ in VISITS)) for c in range(500)]
    mean = figures.MeanLine("mean", ((0.0, 1.0), (12.0, 2.0)))
    assert len(figures.spaghetti_plot(many, mean, VISITS, "Score", WIDE, rounding.fixed)) < 40_000


def forest(frame, label):
    interval = figures.Interval(0.5, 0.1, 0.9, "0.5 (0.1 to 0.9)")
    rows = (figures.ForestRow("Boys", (interval,), "54", events="40/52"),)
    plot = figures.Forest(rows, "Change", "Estimate", events_label=label)
    return figures.forest_plot(plot, frame, rounding.fixed)


def test_a_forest_has_events_beside_n_on_a_desk_and_after_it_on_a_phone():
    assert {"54", "40/52", "responders"} <= set(texts(forest(WIDE, "responders")))
    assert "n 54, ev. 40/52" in texts(forest(NARROW, "responders"))


def test_circles_of_a_bland_altman_plot_grow_with_their_counts():
    line = figures.AgreementLine(0.1, 0.0, 0.2, "mean 0.1")
    pairs = [(4.0, 0.0), (5.0, 1.0)]
    labels = ("Mean", "Difference")
    svg = figures.bland_altman_plot(pairs, [line], labels, WIDE, rounding.fixed, counts=[1, 25])
    radii = [float(r) for r in re.findall(r' r="([\d.]+)"', svg)]
    assert radii == [2.25, 7.25]


def test_ink_stands_out_from_the_colours_it_is_drawn_over():
    assert all(contrast(colour, "#ffffff") >= 3 for colour in SERIES)
    assert contrast(INK, "#ffffff") > 7
