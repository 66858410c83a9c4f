"""Chance changes to a batch of training windows, from a generator that is the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from emostats.inference.training.config import Augmentation

Targets = dict[str, Tensor]


def augment(
    points: Tensor,
    mask: Tensor,
    targets: Mapping[str, Tensor],
    settings: Augmentation,
    generator: torch.Generator,
    *,
    dimensions: int = 3,
    mirror: Sequence[int] = (),
    mirror_outputs: Mapping[str, Sequence[int]] | None = None,
    centre: Tensor | None = None,
) -> tuple[Tensor, Tensor, Targets]:
    """A changed copy of (points, mask, targets); the inputs stay as they are.

    Parameters
    ----------
    points: (batch, frames, n_points, channels); the channels are one or more vectors of `dimensions`
        coordinates, x first, e.g. positions and then velocities.
    mirror: partner of each point (`Graph.mirror`); without it nothing is mirrored.
    mirror_outputs: head → order of its outputs for a mirrored face (left and right change places).
    centre: (n_points, channels) what a dropped point shows; zeros by default.
    """
    changed = dict(targets)
    if settings.speed > 0 and points.shape[1] > 1:
        points, mask, changed = _speed(points, mask, changed, settings.speed, generator)
    if settings.mirror > 0 and len(mirror):
        points, changed = _mirror(
            points, changed, settings.mirror, generator, dimensions, mirror, mirror_outputs or {}
        )
    if settings.rotate > 0 or settings.turn > 0 or settings.scale > 0:
        points = _turn(points, settings, generator, dimensions)
    if settings.jitter > 0:
        points = points + settings.jitter * torch.randn(points.shape, generator=generator)
    if settings.drop > 0:
        gone = torch.rand(len(points), 1, points.shape[2], 1, generator=generator) < settings.drop
        points = torch.where(gone, torch.zeros(points.shape[2:]) if centre is None else centre, points)
    return points, mask, changed


def _mirror(
    points: Tensor,
    targets: Targets,
    probability: float,
    generator: torch.Generator,
    dimensions: int,
    mirror: Sequence[int],
    mirror_outputs: Mapping[str, Sequence[int]],
) -> tuple[Tensor, Targets]:
    flipped = torch.rand(len(points), generator=generator) < probability
    sign = torch.ones(points.shape[-1])
    sign[::dimensions] = -1.0
    other = points[:, :, list(mirror)] * sign
    changed = dict(targets)
    for name, order in mirror_outputs.items():
        if name in targets:
            swapped = targets[name][..., list(order)]
            changed[name] = torch.where(flipped[:, None, None], swapped, targets[name])
    return torch.where(flipped[:, None, None, None], other, points), changed


def _turn(points: Tensor, settings: Augmentation, generator: torch.Generator, dimensions: int) -> Tensor:
    """Each window turned about the origin and scaled, all its frames alike."""
    n = len(points)
    angle = torch.deg2rad(torch.randn(n, 3, generator=generator))
    roll, yaw, pitch = (angle * torch.tensor([settings.rotate, settings.turn, settings.turn])).unbind(1)
    size = 1.0 + settings.scale * torch.randn(n, generator=generator)
    matrix = _plane(n, dimensions, 0, 1, roll)
    if dimensions == 3 and settings.turn > 0:
        matrix = matrix @ _plane(n, 3, 0, 2, yaw) @ _plane(n, 3, 1, 2, pitch)
    vectors = points.reshape(*points.shape[:-1], -1, dimensions)
    turned = torch.einsum("bij,btpvj->btpvi", matrix * size[:, None, None], vectors)
    return turned.flatten(-2)


def _plane(n: int, dimensions: int, first: int, second: int, angle: Tensor) -> Tensor:
    """Rotation matrices (n, dimensions, dimensions) in the plane of two axes."""
    matrix = torch.eye(dimensions).repeat(n, 1, 1)
    matrix[:, first, first] = matrix[:, second, second] = torch.cos(angle)
    matrix[:, first, second] = -torch.sin(angle)
    matrix[:, second, first] = torch.sin(angle)
    return matrix


def _speed(
    points: Tensor, mask: Tensor, targets: Targets, change: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Targets]:
    """Each window played faster or slower about its middle; what was not filmed is masked. Nearest frame."""
    n, frames = points.shape[:2]
    rate = 1.0 + change * (2.0 * torch.rand(n, generator=generator) - 1.0)
    middle = (frames - 1) / 2
    place = middle + (torch.arange(frames) - middle) * rate[:, None]
    index = place.round().long()
    filmed = (index >= 0) & (index < frames)
    index = index.clamp(0, frames - 1)
    row = torch.arange(n)[:, None]
    return points[row, index], mask[row, index] & filmed, {k: v[row, index] for k, v in targets.items()}
