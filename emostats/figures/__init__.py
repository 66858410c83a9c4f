"""Values become SVG: one function a kind of figure.

Each function takes finished values and texts and returns one SVG string: text stays text, the same values
give the same bytes, and title and description are in it for a screen reader. Two widths are drawn of each
figure, `WIDE` for a desk and `NARROW` for a phone. `png` gives the same drawing to readers that take no SVG;
it loads matplotlib, the SVG needs none.
"""

from __future__ import annotations

from emostats.figures.canvas import NARROW, WIDE, Frame
from emostats.figures.distribution import Bin, Marker, distribution_plot
from emostats.figures.flow import FlowBox, flow_diagram
from emostats.figures.forest import Forest, forest_plot
from emostats.figures.forest_row import ForestRow, Interval
from emostats.figures.missingness import Pattern, missingness_map
from emostats.figures.raster import png
from emostats.figures.svg import standalone
from emostats.figures.trajectory import Panel, Point, trajectory_plot

__all__ = [
    "NARROW",
    "WIDE",
    "Bin",
    "FlowBox",
    "Forest",
    "ForestRow",
    "Frame",
    "Interval",
    "Marker",
    "Panel",
    "Pattern",
    "Point",
    "distribution_plot",
    "flow_diagram",
    "forest_plot",
    "missingness_map",
    "png",
    "standalone",
    "trajectory_plot",
]
