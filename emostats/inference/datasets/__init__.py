"""Corpora of labelled clips. Each loader turns a folder into a tuple of `Clip`; nothing is downloaded.

`ravdess`, `crema_d`, `ck_plus`, `oulu_casia` and `afew` know the layouts in which these corpora are given out
(ask their owners for access, and mind their licences); `table` reads a CSV of your own. `folds` splits by
subject.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emostats.errors import UsageError, did_you_mean
from emostats.inference.datasets.clip import LABELS, Clip
from emostats.inference.datasets.crema_d import crema_d
from emostats.inference.datasets.folders import afew
from emostats.inference.datasets.folds import (
    Fold,
    LeakageError,
    check_folds,
    hold_out,
    published_folds,
    subject_folds,
)
from emostats.inference.datasets.image_sequences import ck_plus, oulu_casia
from emostats.inference.datasets.ravdess import ravdess
from emostats.inference.datasets.table import table

LOADERS: Mapping[str, Callable[..., tuple[Clip, ...]]] = {
    "ravdess": ravdess,
    "crema-d": crema_d,
    "ck+": ck_plus,
    "oulu-casia": oulu_casia,
    "afew": afew,
    "table": table,
}

__all__ = [
    "LABELS",
    "LOADERS",
    "Clip",
    "Fold",
    "LeakageError",
    "afew",
    "check_folds",
    "ck_plus",
    "crema_d",
    "hold_out",
    "load",
    "oulu_casia",
    "published_folds",
    "ravdess",
    "subject_folds",
    "table",
]


def load(corpus: str, path: str | Path, **options: Any) -> tuple[Clip, ...]:
    """The clips of a corpus by its name in `LOADERS`; `options` are those of its loader.

    Raises
    ------
    UsageError: an unknown corpus or option; nothing in the folder fits. FindingsError: see `table`.
    """
    if corpus not in LOADERS:
        raise UsageError(f"There is no loader for '{corpus}'. {did_you_mean(corpus, LOADERS)}")
    loader = LOADERS[corpus]
    known = [name for name in (loader.__kwdefaults__ or {}) if name]
    for name in options:
        if name not in known:
            raise UsageError(f"The loader of '{corpus}' has no option '{name}'. {did_you_mean(name, known)}")
    return loader(path, **options)
