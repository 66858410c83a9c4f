"""CK+ and Oulu-CASIA: expressions as folders of images, from neutral to apex."""

from __future__ import annotations

import re
from pathlib import Path

from emostats.errors import UsageError, did_you_mean
from emostats.inference.datasets.clip import IMAGES, Clip, files, frozen, nothing_found

CK_PLUS_LAYOUT = "cohn-kanade-images/S005/001/S005_001_00000001.png with Emotion/S005/001/*_emotion.txt"
CK_PLUS_EMOTIONS = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")

OULU_LAYOUT = "VL/Strong/P001/Anger/000.jpeg (camera, light, subject, expression)"
OULU_EMOTIONS = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprise",
}
CAMERAS = {"VL": "visible light", "NI": "near infrared"}
LIGHTS = ("Strong", "Weak", "Dark")

_CK_PLUS = re.compile(r"(S\d{3})_(\d{3})_(\d{8})$")


def ck_plus(folder: str | Path) -> tuple[Clip, ...]:
    """Sequences with an emotion label (Lucey et al., 2010); those without one are left out.

    Raises
    ------
    UsageError: the folder holds no such sequence, or a label file has no number from 0 to 7.
    """
    root = Path(folder)
    labels = {path.parent.parts[-2:]: path for path in files(root, {".txt"}) if _is_label(path)}
    clips = []
    for place in sorted({path.parent for path in files(root, IMAGES) if _CK_PLUS.match(path.stem)}):
        subject, sequence = place.parts[-2:]
        if (subject, sequence) in labels:
            label = _emotion(labels[subject, sequence])
            clips.append(Clip(place, subject, label, None, frozen({"sequence": sequence})))
    nothing_found(clips, root, "CK+", CK_PLUS_LAYOUT)
    return tuple(clips)


def _is_label(path: Path) -> bool:
    return path.stem.endswith("_emotion") and len(path.parent.parts) >= 2


def _emotion(path: Path) -> str:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if number not in range(len(CK_PLUS_EMOTIONS)):
        raise UsageError(f"{path}: expected a number from 0 to 7, as 3.0000000e+00; found {text[:40]!r}.")
    return CK_PLUS_EMOTIONS[int(number)]


def oulu_casia(folder: str | Path, *, camera: str = "VL", light: str = "Strong") -> tuple[Clip, ...]:
    """Sequences of one camera (``"VL"``, ``"NI"``) and light (``"Strong"``, ``"Weak"``, ``"Dark"``)
    (Zhao et al., 2011).

    Raises
    ------
    UsageError: the folder holds no such sequence; `camera` or `light` is unknown.
    """
    for value, known in ((camera, CAMERAS), (light, LIGHTS)):
        if value not in known:
            raise UsageError(f"Oulu-CASIA has no '{value}'. {did_you_mean(value, known)}")
    root = Path(folder)
    clips = []
    for place in sorted({path.parent for path in files(root, IMAGES)}):
        *_, seen_by, lit, subject, emotion = ("", "", "", "", *place.parts)
        label = OULU_EMOTIONS.get(emotion.lower())
        if (seen_by, lit) == (camera, light) and label and re.fullmatch(r"P\d{3}", subject):
            clips.append(Clip(place, subject, label, None, frozen({"camera": camera, "light": light})))
    nothing_found(clips, root, f"Oulu-CASIA ({camera}, {light})", OULU_LAYOUT)
    return tuple(clips)
