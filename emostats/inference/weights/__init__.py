"""Trained networks: safetensors files with a model card each, checked by hash when they are read.

`load` gives a shipped network by name, `card` its model card; `files` reads and writes any other.
"""

from emostats.inference.weights.shipped import card, load, names

__all__ = ["card", "load", "names"]
