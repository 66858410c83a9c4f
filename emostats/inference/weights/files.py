"""Weights on disk: a safetensors file with a model card beside it. Nothing is unpickled.

`NAME.safetensors` holds the tensors of the network and of its graph, `NAME.json` the card (see
`inference.cards`): what the network is, what it was trained on, its figures, what it is for, and the hash of
the other file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from emostats._version import __version__
from emostats.errors import UsageError
from emostats.inference import cards
from emostats.inference.errors import ModelFileError, need
from emostats.inference.graph import Graph
from emostats.inference.network import LandmarkNet, NetworkConfig

ARCHITECTURE = (
    "graph convolutions over facial landmarks with a learned residual adjacency, attention pooling, "
    "Transformer encoder over frames"
)
"""What a card says of a `LandmarkNet`."""


def save(path: str | Path, net: LandmarkNet, facts: Mapping[str, Any]) -> cards.ModelCard:
    """Write `path`.safetensors and `path`.json; `path` has no suffix and ends in the name of the weights.

    `facts` are the fields of `cards.ModelCard` that only the caller knows: task, data, protocol, figures,
    intended_use, not_for, limitations, licence … Name, weights, architecture, parameters, network, graph,
    software, and where they are not given version and date, are filled in. Returns the card.

    Raises
    ------
    UsageError: the facts do not make a model card; nothing is written then.
    """
    stem, content = _stem(path), _content(net)
    file = _file(stem, ".safetensors")
    card = cards.from_dict(
        {
            "version": __version__,
            "created": datetime.now(UTC).strftime("%Y-%m-%d"),
            "architecture": ARCHITECTURE,
            **facts,
            "name": stem.name,
            "n_parameters": net.n_parameters,
            "weights": {"file": file.name, "sha256": sha256(content).hexdigest(), "bytes": len(content)},
            "network": {"heads": net.sizes, "n_points": net.graph.n_points, **net.config.to_dict()},
            "graph": net.graph.name,
            "software": {"emostats": __version__, "torch": str(need("torch").__version__)},
        },
        f"the card of {stem.name}",
    )
    file.write_bytes(content)
    cards.write_card(card, _file(stem, ".json"))
    return card


def read(path: str | Path) -> tuple[LandmarkNet, cards.ModelCard]:
    """The network and the card that `save` wrote to `path` (with or without suffix), in evaluation mode.

    Raises
    ------
    ModelFileError: the weights are missing or are not those of the card.
    UsageError: the card is missing or is none.
    """
    stem = _stem(path)
    card = cards.read_card(_file(stem, ".json"))
    file = _file(stem, ".safetensors")
    content = _bytes(file)
    found = sha256(content).hexdigest()
    if found != card.weights.sha256:
        raise ModelFileError(
            f"{file}: the card expects weights with SHA-256 {card.weights.sha256}, found {found}. "
            "Get both files anew from where they came from."
        )
    tensors = need("safetensors.torch").load(content)
    shape = dict(card.network)
    heads, n_points = shape.pop("heads"), shape.pop("n_points")
    edges, mirror = tensors.pop("graph/edges").tolist(), tensors.pop("graph/mirror").tolist()
    graph = Graph(n_points, tuple(map(tuple, edges)), tuple(mirror), card.graph)
    net = LandmarkNet(graph, heads, config=NetworkConfig.from_dict(shape))
    net.load_state_dict(tensors)
    return net.eval(), card


def _content(net: LandmarkNet) -> bytes:
    torch = need("torch")
    tensors = {name: tensor.contiguous() for name, tensor in net.state_dict().items()}
    tensors["graph/edges"] = torch.tensor(net.graph.edges, dtype=torch.int32).reshape(-1, 2)
    tensors["graph/mirror"] = torch.tensor(net.graph.mirror, dtype=torch.int32)
    return bytes(need("safetensors.torch").save(tensors))


def _stem(path: str | Path) -> Path:
    place = Path(path)
    if place.suffix in (".safetensors", ".json"):
        return place.with_suffix("")
    if place.suffix in (".pt", ".pth", ".bin", ".pkl", ".ckpt"):
        raise UsageError(
            f"{place}: pickled weights are not read: they can run any program. Expected .safetensors."
        )
    return place


def _file(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: the file cannot be read ({error.strerror or error}).") from None
