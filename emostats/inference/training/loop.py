"""The training loop: AdamW, warm-up and cosine, frozen parts that thaw, early stopping, resume."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emostats.inference.network import LandmarkNet
from emostats.inference.training import state
from emostats.inference.training.augment import augment
from emostats.inference.training.config import TrainConfig
from emostats.inference.training.examples import Examples
from emostats.inference.training.logs import log
from emostats.inference.training.losses import Losses

MirrorOutputs = Mapping[str, Sequence[int]]
Progress = Callable[[Mapping[str, float]], None]


@dataclass(frozen=True)
class TrainResult:
    """What a run gives back.

    Attributes
    ----------
    net: the trained network in evaluation mode: of the best epoch by validation loss, or of the last one.
    history: one row an epoch: epoch, rate, train_loss, validation_loss (NaN without validation), seconds.
    best_epoch: the epoch (from 0) that `net` comes from.
    stopped: ``"patience"`` or ``"epochs"``.
    """

    net: LandmarkNet
    history: tuple[Mapping[str, float], ...]
    best_epoch: int
    stopped: str


def train(
    net: LandmarkNet,
    examples: Examples,
    config: TrainConfig,
    *,
    validation: Examples | None = None,
    mirror_outputs: MirrorOutputs | None = None,
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> TrainResult:
    """Train `net` (in place) on `examples`; on a CPU the same call gives the same digits.

    Parameters
    ----------
    validation: other subjects for early stopping. By default `config.validation_share` of the subjects of
        `examples`, drawn by `config.seed`; with a share of 0 all epochs run and the last network is kept.
    mirror_outputs: head → order of outputs for a mirrored face.
    folder: where the state is written after each epoch, and the log. A run that was killed goes on from there
        when it is called again with the same network, data and settings, and ends in the same digits as one
        that was not.
    progress: called with each row of the history.

    Centre and spread of the input are not touched: `LandmarkNet.standardise_by` sets them before.

    Raises
    ------
    UsageError: targets that do not fit the heads, or a folder of another run.
    """
    if validation is None and config.validation_share > 0:
        examples, validation = examples.split(config.validation_share, config.seed)
    mark = _mark(net, examples, config)
    losses = Losses(examples, net.sizes, config)
    optimiser = _optimiser(net, config)
    place = Path(folder) if folder is not None else None
    with _torch_settings(config.threads):
        run = state.RunState()
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
            run = state.read(place, net, optimiser, mark)
        while run.epoch < config.epochs and not _out_of_patience(run, config):
            row = _epoch(net, examples, validation, config, losses, optimiser, run.epoch, mirror_outputs)
            _note(run, row, net, validation is not None)
            if place is not None:
                state.write(place, net, optimiser, run, mark)
                log(place, config.log, run.history)
            if progress is not None:
                progress(row)
    net.load_state_dict(run.best)
    stopped = "patience" if _out_of_patience(run, config) else "epochs"
    return TrainResult(net.eval(), tuple(run.history), run.best_epoch, stopped)


def _epoch(
    net: LandmarkNet,
    examples: Examples,
    validation: Examples | None,
    config: TrainConfig,
    losses: Losses,
    optimiser: torch.optim.Optimizer,
    epoch: int,
    mirror_outputs: MirrorOutputs | None,
) -> dict[str, float]:
    """One pass. All chance comes from (seed, epoch), so an epoch does not depend on how the run got there."""
    started = time.perf_counter()
    draw = int(np.random.SeedSequence([config.seed, epoch]).generate_state(1)[0])
    torch.manual_seed(draw)
    generator = torch.Generator().manual_seed(draw)
    frozen = config.freeze if config.unfreeze_at is None or epoch < config.unfreeze_at else ()
    _freeze(net, frozen)
    order = torch.randperm(len(examples), generator=generator)
    steps = math.ceil(len(examples) / config.batch_size)
    total = 0.0
    net.train()
    for step in range(steps):
        rows = order[step * config.batch_size : (step + 1) * config.batch_size]
        points, mask, targets = augment(
            *_batch(examples, rows),
            config.augmentation,
            generator,
            dimensions=examples.dimensions,
            mirror=net.graph.mirror,
            mirror_outputs=mirror_outputs,
            centre=net.centre,
        )
        rate = _rate(config, epoch + (step + 1) / steps)
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * group["factor"] * rate
        loss = losses(net(points, mask), targets, mask)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), config.clip)
        optimiser.step()
        total += float(loss.detach()) * len(rows)
    _freeze(net, ())
    return {
        "epoch": epoch,
        "rate": config.learning_rate * rate,
        "train_loss": total / len(examples),
        "validation_loss": _loss(net, validation, losses) if validation is not None else math.nan,
        "seconds": time.perf_counter() - started,
    }


def _loss(net: LandmarkNet, examples: Examples, losses: Losses, batch: int = 64) -> float:
    net.eval()
    total = 0.0
    with torch.inference_mode():
        for first in range(0, len(examples), batch):
            rows = torch.arange(first, min(first + batch, len(examples)))
            points, mask, targets = _batch(examples, rows)
            total += float(losses(net(points, mask), targets, mask)) * len(rows)
    return total / len(examples)


def _batch(examples: Examples, rows: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    index = rows.numpy()
    targets = {
        name: torch.from_numpy(
            np.asarray(target[index], dtype=np.float32 if target.dtype.kind == "f" else np.int64)
        )
        for name, target in examples.targets.items()
    }
    return torch.from_numpy(examples.points[index]), torch.from_numpy(examples.mask[index]), targets


def _note(run: state.RunState, row: dict[str, float], net: LandmarkNet, judged: bool) -> None:
    run.history.append(row)
    run.epoch += 1
    if not judged or row["validation_loss"] < run.best_loss:
        run.best, run.best_epoch = state.snapshot(net), int(row["epoch"])
        run.best_loss = row["validation_loss"] if judged else run.best_loss


def _out_of_patience(run: state.RunState, config: TrainConfig) -> bool:
    return run.epoch - 1 - run.best_epoch >= config.patience


def _optimiser(net: LandmarkNet, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW; vectors (biases, norms) are not decayed."""
    groups = []
    slow = config.pretrained_rate
    for part, factor in (("graph", slow), ("temporal", slow), ("heads", 1.0)):
        for matrices, decay in ((True, config.weight_decay), (False, 0.0)):
            chosen = [values for values in net.part(part) if (values.ndim > 1) == matrices]
            groups.append({"params": chosen, "weight_decay": decay, "factor": factor})
    return torch.optim.AdamW(groups, lr=config.learning_rate, foreach=False)


def _freeze(net: LandmarkNet, frozen: Sequence[str]) -> None:
    for part in ("graph", "temporal", "heads"):
        for parameter in net.part(part):
            parameter.requires_grad_(part not in frozen)


def _rate(config: TrainConfig, passed: float) -> float:
    """Share of the learning rate after `passed` epochs: linear warm-up, then a cosine to one per cent."""
    if passed < config.warmup:
        return passed / config.warmup
    share = (passed - config.warmup) / max(config.epochs - config.warmup, 1e-9)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(share, 1.0)))


def _mark(net: LandmarkNet, examples: Examples, config: TrainConfig) -> str:
    """What identifies a run: its settings, its data and the network's shape and first tensors."""
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
    digest.update(json.dumps([net.config.to_dict(), net.sizes, net.graph.edges]).encode())
    digest.update(np.ascontiguousarray(examples.points).tobytes())
    for name in sorted(examples.targets):
        digest.update(np.ascontiguousarray(examples.targets[name]).tobytes())
    for tensor in net.state_dict().values():
        digest.update(tensor.detach().numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def _torch_settings(threads: int) -> Iterator[None]:
    """`threads` for torch and a random state of its own, and both put back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(before)
