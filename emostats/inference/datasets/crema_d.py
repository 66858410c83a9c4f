"""CREMA-D: 91 actors, six expressions (Cao et al., 2014, Open Database License)."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from emostats.inference.datasets.clip import Clip, frozen, gather

LAYOUT = "VideoFlash/1001_DFA_ANG_XX.flv (actor_sentence_emotion_level)"
EMOTIONS = {"ANG": "angry", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high"}

_NAME = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{1,2})$")


def crema_d(folder: str | Path) -> tuple[Clip, ...]:
    """All clips; sex and age from ``VideoDemographics.csv`` where it is there.

    Raises
    ------
    UsageError: no file is named as in CREMA-D.
    """
    root = Path(folder)
    people = _people(root)
    clips = gather(root, _clip, "CREMA-D", LAYOUT)
    return tuple(replace(clip, meta=frozen({**clip.meta, **people.get(clip.subject, {})})) for clip in clips)


def _clip(path: Path) -> Clip | None:
    found = _NAME.match(path.stem)
    if not found or found[3] not in EMOTIONS:
        return None
    meta = {"sentence": found[2], "intensity": LEVELS.get(found[4], "")}
    return Clip(path, found[1], EMOTIONS[found[3]], None, frozen(meta))


def _people(root: Path) -> Mapping[str, Mapping[str, str]]:
    path = next(iter(sorted(root.rglob("VideoDemographics.csv"))), None)
    if path is None:
        return {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return {
            row.get("ActorID", ""): {"sex": (row.get("Sex") or "")[:1].upper(), "age": row.get("Age") or ""}
            for row in csv.DictReader(handle)
        }
