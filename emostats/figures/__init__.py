"""Values become SVG: one function a kind of figure.

Each function takes finished values and texts and returns one SVG string: text stays text, the same values
give the same bytes, and title and description are in it for a screen reader. Two widths are drawn of each
figure, `WIDE` for a desk and `NARROW` for a phone. `png` gives the same drawing to readers that take no SVG;
it loads matplotlib, the SVG needs none.
"""

from __future__ import annotations

from emostats.figures.agreement import AgreementLine, RatingGrid, bland_altman_plot, rating_heatmap
from emostats.figures.canvas import NARROW, WIDE, Frame
from emostats.figures.courses import Course, MeanLine, spaghetti_plot, waterfall_plot
from emostats.figures.curve import CurvePoint, curve_plot
from emostats.figures.distribution import Bin, Marker, distribution_plot
from emostats.figures.flow import FlowBox, flow_diagram
from emostats.figures.forest import Forest, forest_plot
from emostats.figures.forest_row import ForestRow, Interval
from emostats.figures.missing_data import TippingCurve, TippingWords, tipping_point_plot
from emostats.figures.missingness import Pattern, missingness_map
from emostats.figures.raster import png
from emostats.figures.svg import standalone
from emostats.figures.trajectory import Panel, Point, trajectory_plot

__all__ = [
    "NARROW",
    "WIDE",
    "AgreementLine",
    "Bin",
    "Course",
    "CurvePoint",
    "FlowBox",
    "Forest",
    "ForestRow",
    "Frame",
    "Interval",
    "Marker",
    "MeanLine",
    "Panel",
    "Pattern",
    "Point",
    "RatingGrid",
    "TippingCurve",
    "TippingWords",
    "bland_altman_plot",
    "curve_plot",
    "distribution_plot",
    "flow_diagram",
    "forest_plot",
    "missingness_map",
    "png",
    "rating_heatmap",
    "spaghetti_plot",
    "standalone",
    "tipping_point_plot",
    "trajectory_plot",
    "waterfall_plot",
]
