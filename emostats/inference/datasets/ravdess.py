"""RAVDESS: 24 actors, eight expressions, spoken and sung (Livingstone & Russo, 2018, CC BY-NC-SA 4.0)."""

from __future__ import annotations

import re
from pathlib import Path

from emostats.errors import UsageError, did_you_mean
from emostats.inference.datasets.clip import Clip, frozen, gather

LAYOUT = "Actor_01/01-01-03-02-01-01-01.mp4 (modality-channel-emotion-intensity-statement-repetition-actor)"
EMOTIONS = dict(
    zip(
        ("01", "02", "03", "04", "05", "06", "07", "08"),
        ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise"),
        strict=True,
    )
)
CHANNELS = {"01": "speech", "02": "song"}
FOLDS = (
    frozenset({2, 5, 14, 15, 16}),
    frozenset({3, 6, 7, 13, 18}),
    frozenset({10, 11, 12, 19, 20}),
    frozenset({8, 17, 21, 23, 24}),
    frozenset({1, 4, 9, 22}),
)
"""Test actors of the five subject-wise folds that studies of RAVDESS share."""

_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)$")


def ravdess(folder: str | Path, *, channel: str = "speech") -> tuple[Clip, ...]:
    """Clips with picture: of one performance with and without sound, one file; sound alone is left out.

    Parameters
    ----------
    channel: ``"speech"``, ``"song"`` or ``"both"``.

    Raises
    ------
    UsageError: no file is named as in RAVDESS, or `channel` is unknown.
    """
    wanted = (*CHANNELS.values(), "both")
    if channel not in wanted:
        raise UsageError(f"RAVDESS has no channel '{channel}'. {did_you_mean(channel, wanted)}")
    root = Path(folder)
    clips: dict[str, Clip] = {}
    for clip in gather(root, _clip, "RAVDESS", LAYOUT):
        performance = clip.path.stem[3:]
        if clip.meta["modality"] != "audio" and channel in ("both", clip.meta["channel"]):
            clips.setdefault(performance, clip)
    return tuple(clips.values())


def _clip(path: Path) -> Clip | None:
    found = _NAME.match(path.stem)
    if not found:
        return None
    modality, channel, emotion, intensity, statement, repetition, actor = found.groups()
    if emotion not in EMOTIONS or channel not in CHANNELS or not 1 <= int(actor) <= 24:
        return None
    meta = {
        "modality": {"01": "audio-video", "02": "video", "03": "audio"}.get(modality, modality),
        "channel": CHANNELS[channel],
        "intensity": {"01": "normal", "02": "strong"}.get(intensity, intensity),
        "statement": statement,
        "repetition": repetition,
        "sex": "M" if int(actor) % 2 else "F",
    }
    fold = next(number for number, actors in enumerate(FOLDS) if int(actor) in actors)
    return Clip(path, actor, EMOTIONS[emotion], fold, frozen(meta))
