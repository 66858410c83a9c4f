"""Layers over the points of one frame: graph convolution and attention pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GraphConvolution(nn.Module):
    """One graph convolution with a learned residual adjacency: norm, mixing of neighbours, GELU, shortcut.

    Input (…, points, n_in), output (…, points, n_out). A point hears itself through one matrix and its
    neighbours through another (Kipf & Welling 2017); the neighbourhood is the fixed graph plus a residual
    that starts at zero and is learned (Shi et al. 2019, Two-stream adaptive graph convolutional networks).
    """

    fixed: Tensor

    def __init__(self, n_in: int, n_out: int, adjacency: Tensor, dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("fixed", adjacency.clone(), persistent=False)
        self.residual = nn.Parameter(torch.zeros_like(adjacency))
        self.norm = nn.LayerNorm(n_in)
        self.own = nn.Linear(n_in, n_out)
        self.neighbours = nn.Linear(n_in, n_out, bias=False)
        self.shortcut = nn.Identity() if n_in == n_out else nn.Linear(n_in, n_out, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor) -> Tensor:
        normed = self.norm(values)
        heard = torch.matmul(self.fixed + self.residual, normed)
        mixed = nn.functional.gelu(self.own(normed) + self.neighbours(heard))
        mixed = self.shortcut(values) + self.dropout(mixed)
        return torch.as_tensor(mixed)


class AttentionPooling(nn.Module):
    """Points to one vector a frame: each of `n_queries` learned questions looks where its attention falls.

    Input (…, points, width), output (…, n_out). Attention depends on what a point shows and on which it is.
    """

    def __init__(self, n_points: int, width: int, n_out: int, n_queries: int = 4) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, n_queries)
        self.place = nn.Parameter(torch.zeros(n_queries, n_points))
        self.project = nn.Linear(n_queries * width, n_out)
        nn.init.normal_(self.place, std=0.5)

    def forward(self, values: Tensor) -> Tensor:
        normed = self.norm(values)
        attention = torch.softmax(self.score(normed).transpose(-1, -2) + self.place, dim=-1)
        seen = torch.matmul(attention, normed)
        return torch.as_tensor(self.project(seen.flatten(-2)))
