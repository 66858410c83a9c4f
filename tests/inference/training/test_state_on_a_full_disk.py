"""What a training run says when its state cannot be written, or was damaged."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch

from emostats.errors import UsageError
from emostats.inference.training import state


def parts() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    net = torch.nn.Linear(2, 2)
    return net, torch.optim.AdamW(net.parameters())


def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that `emostats train` says it in one line, whichever library was writing."""

    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        state.write(tmp_path, *parts(), state.RunState(), "mark")
    assert not (tmp_path / state.FILE).exists()


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    state.write(tmp_path, *parts(), state.RunState(epoch=3), "mark")
    path = tmp_path / state.FILE
    assert state.read(tmp_path, *parts(), "mark").epoch == 3
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(UsageError, match=r"is damaged .* Remove it"):
        state.read(tmp_path, *parts(), "mark")
