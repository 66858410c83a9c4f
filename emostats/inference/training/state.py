"""A training run on disk, so that it can go on after a kill: plain tensors and JSON, nothing pickled."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emostats.errors import UsageError
from emostats.inference.errors import need

FILE = "training-state.safetensors"


@dataclass
class RunState:
    """Where a run stands. `epoch` is the next to run; `best` are the tensors of the best network so far."""

    epoch: int = 0
    best_epoch: int = -1
    best_loss: float = float("inf")
    best: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)


def snapshot(net: nn.Module) -> dict[str, Tensor]:
    """A copy of all tensors of a network."""
    return {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}


def write(folder: Path, net: nn.Module, optimiser: torch.optim.Optimizer, run: RunState, mark: str) -> None:
    """Write network, optimiser and run to `folder`, replacing the former state in one step.

    `mark` identifies the settings and data; `read` refuses a state with another mark.

    Raises
    ------
    OSError: the disk is full, or the folder cannot be written. UsageError: safetensors is not installed.
    """
    tensors = {f"net/{name}": tensor for name, tensor in snapshot(net).items()}
    tensors |= {f"best/{name}": tensor for name, tensor in run.best.items()}
    for number, entry in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{number}/{name}": value.clone() for name, value in entry.items()}
    facts: dict[str, Any] = {
        "epoch": run.epoch,
        "best_epoch": run.best_epoch,
        "best_loss": run.best_loss,
        "history": run.history,
        "mark": mark,
    }
    part = folder / f"{FILE}.part"
    content = need("safetensors.torch").save(tensors, metadata={"run": json.dumps(facts)})
    part.write_bytes(content)  # so that a full disk is an OSError, as everywhere
    part.replace(folder / FILE)


def read(folder: Path, net: nn.Module, optimiser: torch.optim.Optimizer, mark: str) -> RunState:
    """Put network and optimiser back to where `folder` says, and return the run; a new one if there is none.

    Raises
    ------
    UsageError: the folder holds a run with other settings or data, or a state that is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return RunState()
    facts, tensors = _stored(path)
    if facts.pop("mark") != mark:
        raise UsageError(
            f"{path} belongs to a run with other settings or data. Go on with those, or choose another "
            "folder for this run."
        )
    net.load_state_dict(_under("net/", tensors))
    state = optimiser.state_dict()
    state["state"] = {}
    for name, value in _under("optimiser/", tensors).items():
        number, key = name.split("/")
        state["state"].setdefault(int(number), {})[key] = value
    optimiser.load_state_dict(state)
    return RunState(best=_under("best/", tensors), **facts)


def _stored(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    safetensors = need("safetensors")
    try:
        with safetensors.safe_open(path, framework="pt") as stored:
            facts = json.loads(stored.metadata()["run"])
            return facts, {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, TypeError, KeyError, ValueError) as error:
        raise UsageError(
            f"{path} is damaged ({error}). Remove it: this training then starts from its first epoch."
        ) from None


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
