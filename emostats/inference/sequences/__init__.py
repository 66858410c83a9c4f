"""Filmed sequences of facial points with a label a frame: reading, what moves, training windows, scores.

The reader is for the UCI Grammatical Facial Expressions; `Recording`, `motion_channels`, `training_windows`
(`examples`) and `frame_scores` (`scores`) serve any points with two eyes among them. The last two need torch,
which the extra ``inference`` brings; reading does not.
"""

from __future__ import annotations

from emostats.inference.sequences.gfe import Folder, read_folder, read_pair
from emostats.inference.sequences.gfe_points import EYES, REGIONS, gfe_graph
from emostats.inference.sequences.motion import N_CHANNELS, Eyes, motion_channels
from emostats.inference.sequences.recording import MAX_GAP, Recording

__all__ = [
    "EYES",
    "MAX_GAP",
    "N_CHANNELS",
    "REGIONS",
    "Eyes",
    "Folder",
    "Recording",
    "gfe_graph",
    "motion_channels",
    "read_folder",
    "read_pair",
]
