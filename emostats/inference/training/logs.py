"""The history of a run beside its state: a CSV file, or TensorBoard's own."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from emostats.errors import UsageError


def write_csv(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """All epochs so far: epoch, rate, train_loss, validation_loss, seconds (one row an epoch)."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows(history)


def write_tensorboard(folder: Path, row: Mapping[str, float]) -> None:
    """One epoch as TensorBoard scalars. UsageError: tensorboard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise UsageError(
            "log = 'tensorboard' needs tensorboard: pip install tensorboard, or choose log = 'csv'."
        ) from None
    with SummaryWriter(str(folder)) as writer:
        for name, value in row.items():
            if name != "epoch":
                writer.add_scalar(name, value, int(row["epoch"]))


def log(folder: Path, kind: str, history: Sequence[Mapping[str, float]]) -> None:
    """Write the last epoch of `history` in the way that `kind` names."""
    if kind == "csv" and history:
        write_csv(folder / "history.csv", history)
    elif kind == "tensorboard" and history:
        write_tensorboard(folder, history[-1])
