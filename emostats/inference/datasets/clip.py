"""A labelled clip, and the words that the loaders share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from emostats.errors import EmostatsWarning, UsageError

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise", "contempt")
"""One vocabulary for the corpora that have a fixed one; tables of your own keep their words."""

VIDEOS = frozenset({".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv", ".mpg", ".mpeg", ".ogv", ".3gp", ".flv"})
IMAGES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})

UNKNOWN_SUBJECT = "subject_unknown"
"""Key of `Clip.meta` that is set where a corpus does not say who is in a clip."""
SPLIT, TRAINING = "split", "train"
"""Key of `Clip.meta` in a corpus with one published split, and its value for what is only trained on."""


@dataclass(frozen=True)
class Clip:
    """One clip with its label.

    Attributes
    ----------
    path: a video, or a folder with the frames as images, in order of their names.
    subject: who is seen; compared exactly. label: what is shown.
    fold: number of the published fold, or None where there is none.
    meta: what else the corpus says, as text: ``sex`` (``"F"``, ``"M"``), ``age``, ``intensity`` …
    """

    path: Path
    subject: str
    label: str
    fold: int | None = None
    meta: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


Parse = Callable[[Path], "Clip | None"]


def files(folder: Path, endings: Iterable[str] = VIDEOS) -> Iterator[Path]:
    """Files below `folder` with one of the endings, in order of their paths; hidden ones are left out.

    Raises
    ------
    UsageError: the folder does not exist.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder '{folder}'.")
    wanted = {ending.lower() for ending in endings}
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in wanted and path.is_file():
            yield path


def gather(
    folder: Path, parse: Parse, corpus: str, layout: str, endings: Iterable[str] = VIDEOS
) -> list[Clip]:
    """Clips of the files that `parse` understands; says how many it does not.

    Raises
    ------
    UsageError: no file fits; the message shows the layout that is expected and a file that was found.
    """
    clips, strange = [], []
    for path in files(folder, endings):
        clip = parse(path)
        if clip is None:
            strange.append(path)
        else:
            clips.append(clip)
    nothing_found(clips, folder, corpus, layout, strange)
    if strange:
        warnings.warn(
            f"{len(strange)} file(s) in '{folder}' are not named as in {corpus} and are left out, e.g. "
            f"'{strange[0].name}'.",
            EmostatsWarning,
            stacklevel=3,
        )
    return clips


def nothing_found(
    clips: Iterable[Clip], folder: Path, corpus: str, layout: str, strange: Iterable[Path] = ()
) -> None:
    """Raises UsageError where a loader found no clip."""
    if list(clips):
        return
    first = next(iter(strange), None)
    found = f"found '{first.relative_to(folder)}'" if first else "found no file of this kind"
    raise UsageError(f"'{folder}' holds no clip of {corpus}: expected {layout}; {found}.")


def frozen(meta: Mapping[str, str]) -> Mapping[str, str]:
    """A read-only copy without empty entries."""
    return MappingProxyType({key: value for key, value in meta.items() if value})
