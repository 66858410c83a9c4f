"""What training makes small: one loss a head, over the frames that have a face and a label."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from emostats.errors import UsageError
from emostats.inference.training.config import TrainConfig
from emostats.inference.training.examples import Examples


def class_weights(labels: Tensor, n_classes: int, kind: str) -> Tensor:
    """Weight of each class, (n_classes,): n / (k n_c) for ``"balanced"`` (k classes occur), else ones."""
    count = torch.bincount(labels[labels >= 0].flatten(), minlength=n_classes).to(torch.float32)
    if kind == "none":
        return torch.ones(n_classes)
    present = count > 0
    balanced = count.sum() / (present.sum().clamp_min(1) * count.clamp_min(1))
    return torch.where(present, balanced, torch.zeros_like(balanced))


class Losses:
    """The sum of the losses of the heads that `config.losses` names; built on the training examples."""

    def __init__(self, examples: Examples, sizes: Mapping[str, int], config: TrainConfig) -> None:
        self.kinds, self.smoothing = dict(config.losses), config.label_smoothing
        self.weights: dict[str, Tensor] = {}
        for head, kind in self.kinds.items():
            if head not in sizes or head not in examples.targets:
                raise UsageError(
                    f"Training names the head '{head}', but the network has {sorted(sizes)} and the examples "
                    f"have targets for {sorted(examples.targets)}."
                )
            if kind == "classes":
                labels = torch.from_numpy(examples.targets[head]).long()
                self._check(head, labels, sizes[head])
                self.weights[head] = class_weights(labels, sizes[head], config.class_weights)

    def __call__(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        total = torch.zeros(())
        for head, kind in self.kinds.items():
            total = total + self._one(head, kind, outputs[head][mask], targets[head][mask])
        return total

    def _one(self, head: str, kind: str, output: Tensor, target: Tensor) -> Tensor:
        if kind == "classes":
            known = target >= 0
            if not known.any():
                return output.sum() * 0.0
            return nn.functional.cross_entropy(
                output[known], target[known], self.weights[head], label_smoothing=self.smoothing
            )
        known = torch.isfinite(target).all(dim=-1)
        if not known.any():
            return output.sum() * 0.0
        if kind == "binary":
            return nn.functional.binary_cross_entropy_with_logits(output[known], target[known])
        return nn.functional.mse_loss(output[known], target[known])

    @staticmethod
    def _check(head: str, labels: Tensor, n_classes: int) -> None:
        if int(labels.max()) >= n_classes or int(labels.min()) < -1:
            raise UsageError(
                f"The head '{head}' has {n_classes} classes, numbered 0 to {n_classes - 1} (-1: no label); "
                f"found labels from {int(labels.min())} to {int(labels.max())}."
            )
