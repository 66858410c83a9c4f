"""The figures of the report: same values same bytes, text as text, legible in two widths and two themes."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from emostats.figures import (
    NARROW,
    WIDE,
    Bin,
    FlowBox,
    Forest,
    ForestRow,
    Frame,
    Interval,
    Marker,
    Panel,
    Pattern,
    Point,
    distribution_plot,
    flow_diagram,
    forest_plot,
    missingness_map,
    png,
    standalone,
    trajectory_plot,
)
from emostats.figures.palette import DARK, DARK_PAGE, INK, MUTED, SERIES, THEMED, contrast
from emostats.render.rounding import fixed

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script> $x_{ \u202e مرحبا 中文 \x00"
WIDTHS = pytest.mark.parametrize("width", [WIDE, NARROW])


def frame(width: float = WIDE, **changes: str) -> Frame:
    return replace(Frame("fig-1", "A title", "A description", width=width), **changes)


def interval(estimate: float, low: float, high: float) -> Interval:
    return Interval(estimate, low, high, f"{fixed(estimate, 2)} ({fixed(low, 2)} to {fixed(high, 2)})")


ROWS = (
    ForestRow("All children", (interval(1.2, 1.1, 1.3),), "182", overall=True),
    ForestRow("By sex", heading=True),
    ForestRow("Boys", (interval(1.26, 1.06, 1.46),), "133"),
    ForestRow("Girls", n="3", reason="Not estimable: no girl answered at week 12"),
)
FOREST = Forest(ROWS, "Change (points)", "Estimate (95% CI)")
VISITS = ((0.0, "Baseline"), (4.0, "Week 4"), (12.0, "Week 12"))
POINTS = (Point(0, 1.0, 0.9, 1.1), Point(4, 1.5, 1.4, 1.6), Point(12, 2.0, 1.8, 2.2))
PANELS = (
    Panel("All children", POINTS, overall=True),
    Panel("Boys", POINTS[:2], POINTS),
    Panel("Girls", (), (), "No data"),
)
BOXES = (FlowBox("Entered", "182 children"), FlowBox("Lost", "33 children", ("moved away: 12",), side=True),
         FlowBox("Analysed", "182 children"))  # fmt: skip
PATTERNS = (
    Pattern((True, True, True), 140, "76.9% (140/182)", "140"),
    Pattern((True, False, False), 42, "23.1% (42/182)", "42"),
)
BINS = tuple(Bin(1 + i / 10, 1.1 + i / 10, count) for i, count in enumerate((3, 20, 40, 18, 2)))


def every_figure(width: float) -> dict[str, str]:
    shown = frame(width)
    return {
        "forest": forest_plot(FOREST, shown, fixed),
        "trajectory": trajectory_plot(PANELS, VISITS, shown, fixed),
        "change": trajectory_plot(PANELS[:2], VISITS, shown, fixed, shared=False, null=0.0, joined=False),
        "flow": flow_diagram(BOXES, shown),
        "missingness": missingness_map(PATTERNS, ["Baseline", "Week 4", "Week 12"], shown),
        "distribution": distribution_plot(BINS, [Marker("BCa", 1.2, 1.0, 1.4)], "Change", shown, fixed),
    }


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_importing_the_room_loads_no_matplotlib():
    code = "import sys, emostats.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@WIDTHS
def test_the_same_values_give_the_same_bytes(width):
    assert every_figure(width) == every_figure(width)


@WIDTHS
def test_every_figure_is_named_for_those_who_do_not_see_it(width):
    for name, svg in every_figure(width).items():
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img", name
        assert root.get("viewBox", "").split()[2] == fixed(width, 0)
        ids = {element.get("id"): element for element in root.iter() if element.get("id")}
        assert ids[root.get("aria-labelledby")].text == "A title"
        assert ids[root.get("aria-describedby")].text == "A description"
        assert len(ids) == 2, f"{name} has ids that could clash with another figure's"


@WIDTHS
def test_text_stays_text_and_no_date_or_reference_is_written(width):
    for name, svg in every_figure(width).items():
        assert len(texts(svg)) >= 3, name
        assert not re.search(r"20\d\d-|<metadata|<style|xlink|clip-path|<use|DejaVu", svg), name


@WIDTHS
def test_nothing_is_drawn_outside_the_figure(width):
    for name, svg in every_figure(width).items():
        root = ElementTree.fromstring(svg)
        high = float(root.get("height", "0"))
        for element in root.iter(f"{SVG}text"):
            assert 0 <= float(element.get("x", "0")) <= width, name
            assert 0 <= float(element.get("y", "0")) <= high, name
        for path in root.iter(f"{SVG}path"):
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.get("d", ""))]
            assert all(-3 <= x <= width + 3 for x in numbers[::2]), name
            assert all(-3 <= y <= high + 3 for y in numbers[1::2]), name


def test_a_note_stands_in_the_drawing_itself():
    assert "Simulated data" in texts(flow_diagram(BOXES, frame(note="Simulated data")))
    assert "Simulated data" not in texts(flow_diagram(BOXES, frame()))


@WIDTHS
def test_hostile_and_endless_labels_are_harmless(width):
    rows = (
        ForestRow(HOSTILE, (interval(1, 0, 2),), "9"),
        ForestRow("x" * 10_000, n="1", reason=HOSTILE * 50),
    )
    panels = (Panel(HOSTILE, POINTS), Panel("y" * 10_000, (), (), HOSTILE))
    drawn = [
        forest_plot(Forest(rows, HOSTILE, HOSTILE, n_label=HOSTILE), frame(width), fixed),
        trajectory_plot(panels, [(0.0, HOSTILE), (4.0, "z" * 10_000)], frame(width), fixed),
        flow_diagram([FlowBox(HOSTILE, "1", (HOSTILE, "w" * 10_000))], frame(width)),
        missingness_map([Pattern((True,), 1, HOSTILE)], [HOSTILE], frame(width)),
        distribution_plot(BINS, [Marker(HOSTILE, 1.2, None, None)], HOSTILE, frame(width), fixed),
    ]
    for svg in drawn:
        root = ElementTree.fromstring(svg)  # well formed, so nothing escaped its text
        assert not list(root.iter(f"{SVG}script"))
        assert max(len(text) for text in texts(svg)) < 400


@WIDTHS
def test_a_forest_row_shows_label_n_estimate_and_interval(width):
    shown = " ".join(texts(forest_plot(FOREST, frame(width), fixed)))
    for expected in ("All children", "182", "1.20 (1.10 to 1.30)", "By sex", "Boys", "1.26 (1.06 to 1.46)"):
        assert expected in shown


@WIDTHS
def test_a_failed_row_keeps_its_place_with_the_reason(width):
    shown = texts(forest_plot(FOREST, frame(width), fixed))
    label = shown.index("Girls")
    assert "Not estimable: no girl" in " ".join(shown[label:])


def test_an_interval_beyond_the_scale_ends_in_an_arrow():
    narrow = tuple(ForestRow(str(i), (interval(1, 0.9, 1.1),)) for i in range(5))
    wide = ForestRow("unstable", (interval(1, -500, 500),))
    with_arrow = forest_plot(Forest((*narrow, wide), "x", "y"), frame(), fixed)
    without = forest_plot(Forest((*narrow, narrow[0]), "x", "y"), frame(), fixed)
    arrow = re.compile(r'z"')  # only arrow heads and markers are closed shapes in these plots
    assert len(arrow.findall(with_arrow)) == len(arrow.findall(without)) + 2
    assert "−500.00 to 500.00" in with_arrow
    ticks = [text for text in texts(with_arrow) if re.fullmatch(r"−?\d+\.?\d*", text)]
    assert all(abs(float(text.replace("−", "-"))) < 10 for text in ticks)


def test_paired_intervals_have_a_legend_and_two_shapes():
    row = ForestRow("All", (interval(1, 0.9, 1.1), interval(1, 0.8, 1.2)), "9", overall=True)
    svg = forest_plot(Forest((row,), "x", "y", series=("Model", "Bootstrap")), frame(), fixed)
    assert {"Model", "Bootstrap"} <= set(texts(svg))
    assert SERIES[0] in svg and SERIES[1] in svg


def test_zones_are_named_where_there_is_room():
    rows = (ForestRow("Rhythm", (interval(0.7, 0.4, 0.95),)),)
    zones = ((0.5, "poor"), (0.75, "moderate"), (0.9, "good"), (1.0, "excellent"))
    svg = forest_plot(Forest(rows, "ICC", "ICC", null=None, zones=zones), frame(), fixed)
    assert {"moderate", "good"} <= set(texts(svg))


def test_a_panel_without_points_says_why():
    assert "No data" in texts(trajectory_plot(PANELS, VISITS, frame(), fixed))


def test_groups_share_a_scale_and_outcomes_have_their_own():
    high = tuple(replace(p, estimate=(p.estimate or 0) * 100, low=None, high=None) for p in POINTS)
    panels = (Panel("a", POINTS), Panel("b", high))
    ticks = [
        {
            text
            for text in texts(trajectory_plot(panels, VISITS, frame(), fixed, shared=shared))
            if text[0].isdigit()
        }
        for shared in (True, False)
    ]
    assert "1.5" in ticks[1] and "1.5" not in ticks[0]


def test_visit_names_never_run_into_each_other():
    visits = [(float(i), f"A long visit name {i}") for i in range(9)]
    shown = texts(trajectory_plot([Panel("p", POINTS)], visits, frame(NARROW), fixed))
    names = [text for text in shown if text.startswith("A long")]
    assert 1 <= len(names) < 9


def test_the_narrow_missingness_map_shows_counts_alone():
    visits = ["Baseline", "Week 4", "Week 12"]
    assert "76.9% (140/182)" in texts(missingness_map(PATTERNS, visits, frame()))
    assert "140" in texts(missingness_map(PATTERNS, visits, frame(NARROW)))


def test_empty_input_still_draws():
    for svg in (
        flow_diagram([], frame()),
        missingness_map([], [], frame()),
        forest_plot(Forest((), "x", "y"), frame(), fixed),
    ):
        ElementTree.fromstring(svg)


def test_a_file_of_its_own_follows_the_viewers_theme():
    text = standalone(flow_diagram(BOXES, frame()))
    assert text.startswith("<?xml")
    assert "prefers-color-scheme: dark" in text
    ElementTree.fromstring(text.encode())


def test_series_stand_out_on_light_and_dark_pages():
    for colour in SERIES:
        assert contrast(colour, "#ffffff") >= 3
        assert contrast(colour, DARK_PAGE) >= 3
        assert contrast(DARK[colour], DARK_PAGE) >= contrast(colour, DARK_PAGE)


def test_text_has_the_contrast_of_wcag_aa():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for colour in (INK, MUTED):
        assert contrast(colour, "#ffffff") >= 4.5
        assert contrast(DARK[colour], DARK_PAGE) >= 4.5


def test_the_style_sheet_repeats_the_palette():
    css = (Path(__file__).resolve().parents[2] / "templates" / "style.css").read_text(encoding="utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)", 1)
    for colour, name in THEMED.items():
        assert f"--{name}: {colour};" in light, name
        assert f"--{name}: {DARK[colour]};" in dark.split("@media")[0], name
        assert f".{name}-fill {{ fill: var(--{name}); }}" in css
        assert f".{name}-stroke {{ stroke: var(--{name}); }}" in css


def test_a_long_name_has_a_line_of_its_own_on_a_phone():
    name = "(Boys, 1–6 years) − (Girls, 7–12 years)"
    row = ForestRow(name, (interval(-0.2, -0.5, 0.1),), "156")
    shown = texts(forest_plot(Forest((row,), "x", "y"), frame(NARROW), fixed))
    assert name in shown and "−0.20 (−0.50 to 0.10)" in shown


@WIDTHS
def test_the_same_drawing_is_there_as_a_png(width):
    for name, svg in every_figure(width).items():
        root = ElementTree.fromstring(svg)
        image = png(svg, scale=2)
        assert image[:8] == b"\x89PNG\r\n\x1a\n", name
        size = tuple(int.from_bytes(image[at : at + 4], "big") for at in (16, 20))
        assert size == (int(2 * float(root.get("width"))), int(2 * float(root.get("height")))), name


def test_a_png_shows_what_the_svg_says():
    from io import BytesIO

    import numpy as np
    from matplotlib.image import imread

    row = ForestRow("All", (interval(1, 0.9, 1.1),), "9")
    pixels = np.round(
        255 * imread(BytesIO(png(forest_plot(Forest((row,), "x", "y"), frame(), fixed), scale=1)))
    )
    colours = {tuple(int(value) for value in pixel[:3]) for line in pixels for pixel in line}
    assert {(0, 114, 178), (255, 255, 255)} <= colours  # SERIES[0] on white
    assert png(flow_diagram([FlowBox(HOSTILE, "1")], frame()))[:4] == b"\x89PNG"
