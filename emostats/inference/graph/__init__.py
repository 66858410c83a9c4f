"""Facial points as a graph: which are used, which are neighbours, and their place in a face of unit size."""

from emostats.inference.graph.face import face_graph, mean_face
from emostats.inference.graph.graph import Graph, delaunay
from emostats.inference.graph.normalise import normalise, own_reference, relative_to

__all__ = ["Graph", "delaunay", "face_graph", "mean_face", "normalise", "own_reference", "relative_to"]
