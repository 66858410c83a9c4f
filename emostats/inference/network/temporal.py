"""The Transformer encoder over the frames of a window."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def frame_positions(n_frames: int, width: int) -> Tensor:
    """Sinusoidal positions, shape (n_frames, width): Vaswani et al. (2017), section 3.5."""
    place = torch.arange(n_frames, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10000.0) / width))
    table = torch.zeros(n_frames, width)
    table[:, 0::2] = torch.sin(place * rate)
    table[:, 1::2] = torch.cos(place * rate)[:, : width // 2]
    return table


class TemporalEncoder(nn.Module):
    """Pre-norm Transformer encoder. Input and output (batch, frames, width); `mask` (batch, frames) is true
    where a frame counts: the others are heard by nobody and come out as zeros.
    """

    def __init__(
        self, width: int, n_layers: int = 2, n_heads: int = 4, hidden: int = 192, dropout: float = 0.1
    ) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            width, n_heads, hidden, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        placed = frames + 0.1 * frame_positions(frames.shape[1], frames.shape[2]).to(frames)
        unheard = ~mask
        unheard = unheard & ~unheard.all(dim=1, keepdim=True)  # nothing but gaps: softmax needs somebody
        encoded = self.norm(self.encoder(placed, src_key_padding_mask=unheard))
        return torch.as_tensor(encoded * mask[..., None].to(encoded.dtype))
