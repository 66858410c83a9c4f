"""A short clip to try the scoring on, made from stills of adults (see ``NOTICE`` beside it)."""

from __future__ import annotations

from pathlib import Path

CLIP = Path(__file__).resolve().parent / "session.mp4"
"""Twenty seconds, 640 × 360: one adult with two smiles, an empty picture, a dark moment, a second adult."""
STIMULI = (3.0, 12.6)
"""Seconds at which the imagined stimuli begin; the clip has no sound."""
