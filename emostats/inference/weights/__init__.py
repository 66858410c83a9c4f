"""Trained networks: safetensors files with a model card each, checked by hash when they are read.

`load` gives a shipped network by name, `files.read` any other by its path, `files.save` writes one.
"""

from emostats.inference.weights.shipped import load, names, sha256_of

__all__ = ["load", "names", "sha256_of"]
