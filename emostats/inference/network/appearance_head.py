"""What the look of the picture adds to the outputs of a network over points."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AppearanceHead(nn.Module):
    """A linear head on the standardised numbers of `inference.appearance`; a new one adds nothing.

    Input appearance (batch, frames, n_in) and mask (batch, frames), true where a frame has a face; output
    (batch, frames, n_out), zeros where `mask` is false, whatever stands there. Its weights can be those of a
    ridge regression (see `fill`), which a few hundred stills determine better than gradient descent.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(n_in))
        self.register_buffer("spread", torch.ones(n_in))
        self.linear = nn.Linear(n_in, n_out)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    @torch.no_grad()
    def fill(self, centre: Tensor, spread: Tensor, weight: Tensor, bias: Tensor) -> None:
        """Take the centre and spread (n_in,) of the training data, and weight (n_out, n_in) and bias (n_out,)
        of a linear model of the standardised numbers."""
        self.centre.copy_(centre)
        self.spread.copy_(spread)
        self.linear.weight.copy_(weight)
        self.linear.bias.copy_(bias)

    def forward(self, appearance: Tensor, mask: Tensor) -> Tensor:
        shown = mask[..., None]
        standard = torch.where(shown, (appearance - self.centre) / self.spread, torch.zeros_like(appearance))
        return torch.as_tensor(torch.where(shown, self.linear(standard), 0.0))
