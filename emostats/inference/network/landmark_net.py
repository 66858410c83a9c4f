"""The landmark graph network: points → graph convolutions → one vector a frame → Transformer → heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from emostats.errors import UsageError, did_you_mean
from emostats.inference.graph.graph import Graph
from emostats.inference.network.appearance_head import AppearanceHead
from emostats.inference.network.layers import AttentionPooling, GraphConvolution
from emostats.inference.network.temporal import TemporalEncoder

PARTS = ("graph", "temporal", "heads")


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a `LandmarkNet`; the defaults make about 0.3 million parameters on 146 points.

    Attributes
    ----------
    channels: values a point, e.g. 3 for x, y, z; more when velocities are given as well.
    graph_widths: output widths of the graph convolutions.
    n_queries: questions of the attention pooling.
    width: length of the vector that stands for a frame.
    temporal_layers, temporal_heads, temporal_hidden: the Transformer encoder over frames.
    dropout: share of activations dropped in training.
    floor: smallest spread that a channel of a point is divided by (see `LandmarkNet.standardise_by`).
    appearance: numbers a frame that describe the picture (`inference.appearance`); 0: the network sees points
        only.
    """

    channels: int = 3
    graph_widths: tuple[int, ...] = (32, 64, 96)
    n_queries: int = 4
    width: int = 96
    temporal_layers: int = 2
    temporal_heads: int = 4
    temporal_hidden: int = 192
    dropout: float = 0.1
    floor: float = 0.02
    appearance: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for a model card; `NetworkConfig.from_dict` reads it back."""
        return {**asdict(self), "graph_widths": list(self.graph_widths)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkConfig:
        """The configuration that `to_dict` wrote. UsageError: a key that does not exist."""
        unknown = [key for key in values if key not in cls.__dataclass_fields__]
        if unknown:
            hint = did_you_mean(unknown[0], cls.__dataclass_fields__)
            raise UsageError(f"The network has no setting '{unknown[0]}'. {hint}")
        widths = tuple(int(width) for width in values.get("graph_widths", cls.graph_widths))
        return cls(**{**values, "graph_widths": widths})


class LandmarkNet(nn.Module):
    """A graph convolutional network over landmarks with a Transformer over time.

    Parameters
    ----------
    graph: the points and their neighbours; any number of points.
    heads: name → number of outputs a frame, e.g. ``{"blendshapes": 52, "expression": 2}``.
    config: see `NetworkConfig`.

    Call: ``net(points, mask)`` with points (batch, frames, n_points, channels) and mask (batch, frames), true
    where a frame has a face; returns head → (batch, frames, k), raw outputs before softmax or sigmoid. What
    stands in masked frames (also NaN) does not reach any output; the outputs of masked frames are those of a
    zero vector. A still is a sequence of one frame.

    A network with `config.appearance` takes a third input, appearance (batch, frames, `config.appearance`):
    what a linear `AppearanceHead` makes of it is added to the outputs. Without it the points speak alone.
    """

    centre: Tensor
    spread: Tensor

    def __init__(
        self, graph: Graph, heads: Mapping[str, int], *, config: NetworkConfig | None = None
    ) -> None:
        super().__init__()
        self.graph, self.config = graph, config or NetworkConfig()
        settings = self.config
        self.register_buffer("centre", torch.zeros(graph.n_points, settings.channels))
        self.register_buffer("spread", torch.ones(graph.n_points, settings.channels))
        widths = (settings.graph_widths[0], *settings.graph_widths)
        adjacency = torch.from_numpy(graph.adjacency())
        self.lift = nn.Linear(settings.channels, widths[0])
        self.identity = nn.Parameter(0.5 * torch.randn(graph.n_points, widths[0]))
        self.convolutions = nn.ModuleList(
            GraphConvolution(n_in, n_out, adjacency, settings.dropout) for n_in, n_out in pairwise(widths)
        )
        self.pooling = AttentionPooling(graph.n_points, widths[-1], settings.width, settings.n_queries)
        self.temporal = TemporalEncoder(
            settings.width,
            settings.temporal_layers,
            settings.temporal_heads,
            settings.temporal_hidden,
            settings.dropout,
        )
        self.sizes = dict(heads)
        self.heads = nn.ModuleDict({name: nn.Linear(settings.width, k) for name, k in heads.items()})
        described = heads.items() if settings.appearance else ()
        self.appearance = nn.ModuleDict(
            {name: AppearanceHead(settings.appearance, k) for name, k in described}
        )

    @property
    def n_parameters(self) -> int:
        """How many numbers are learned."""
        return sum(parameter.numel() for parameter in self.parameters())

    def standardise_by(self, points: Tensor) -> None:
        """Take the centre and spread of each channel of each point from training data.

        `points` is (…, n_points, channels). A spread below `config.floor` is raised to it, so that a point
        that hardly moves in the training data does not blow up small noise later. Rows with NaN are left out.
        """
        rows = points.reshape(-1, *self.centre.shape).to(torch.float64)
        rows = rows[torch.isfinite(rows).all(dim=(1, 2))]
        self.centre.copy_(rows.mean(dim=0))
        self.spread.copy_(rows.std(dim=0, correction=0).clamp_min(self.config.floor))

    def encode_frames(self, points: Tensor, mask: Tensor) -> Tensor:
        """One vector a frame from its points alone, (batch, frames, width); zeros where `mask` is false."""
        self._check(points, mask)
        shown = mask[..., None, None]
        standard = torch.where(shown, (points - self.centre) / self.spread, torch.zeros_like(points))
        values = self.lift(standard) + self.identity
        for convolution in self.convolutions:
            values = convolution(values)
        return torch.as_tensor(self.pooling(values) * mask[..., None].to(values.dtype))

    def encode(self, points: Tensor, mask: Tensor) -> Tensor:
        """One vector a frame that has heard its neighbours in time, (batch, frames, width)."""
        return torch.as_tensor(self.temporal(self.encode_frames(points, mask), mask))

    def forward(self, points: Tensor, mask: Tensor, appearance: Tensor | None = None) -> dict[str, Tensor]:
        """Head → raw outputs (batch, frames, k); see the class."""
        encoded = self.encode(points, mask)
        outputs = {name: head(encoded) for name, head in self.heads.items()}
        if appearance is None:
            return outputs
        self._check_appearance(appearance, mask)
        return {name: output + self.appearance[name](appearance, mask) for name, output in outputs.items()}

    def part(self, name: str) -> list[nn.Parameter]:
        """The parameters of one of `PARTS`: ``"graph"`` (points to frame), ``"temporal"``, ``"heads"``."""
        if name == "temporal":
            return list(self.temporal.parameters())
        if name == "heads":
            return [*self.heads.parameters(), *self.appearance.parameters()]
        if name != "graph":
            raise UsageError(f"The network has no part '{name}'. {did_you_mean(name, PARTS)}")
        taken = {id(parameter) for other in ("temporal", "heads") for parameter in self.part(other)}
        return [parameter for parameter in self.parameters() if id(parameter) not in taken]

    def _check(self, points: Tensor, mask: Tensor) -> None:
        expected = (self.graph.n_points, self.config.channels)
        if points.ndim != 4 or tuple(points.shape[2:]) != expected:
            raise UsageError(
                f"The network expects points of shape (batch, frames, {expected[0]}, {expected[1]}), "
                f"found {tuple(points.shape)}."
            )
        if tuple(mask.shape) != tuple(points.shape[:2]) or mask.dtype != torch.bool:
            raise UsageError(
                f"The mask must be boolean of shape {tuple(points.shape[:2])} (batch, frames), "
                f"found {mask.dtype} of shape {tuple(mask.shape)}."
            )

    def _check_appearance(self, appearance: Tensor, mask: Tensor) -> None:
        expected = (*mask.shape, self.config.appearance)
        if not self.config.appearance or tuple(appearance.shape) != expected:
            raise UsageError(
                f"The network expects appearance of shape {expected} (batch, frames, numbers; 0: none), "
                f"found {tuple(appearance.shape)}."
            )
