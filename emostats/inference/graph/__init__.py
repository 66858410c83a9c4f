"""Facial points as a graph: which are used, which are neighbours, and their place in a face of unit size."""

from emostats.inference.graph.graph import Graph, delaunay

__all__ = ["Graph", "delaunay"]
