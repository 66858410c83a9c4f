"""Facial points as a graph: which are used, which are neighbours, and where they lie in a face of unit size."""

from emostats.inference.graph.graph import Graph, delaunay

__all__ = ["Graph", "delaunay"]
