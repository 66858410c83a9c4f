"""Weights on disk: a safetensors file with a model card beside it. Nothing is unpickled.

`NAME.safetensors` holds the tensors of the network and of its graph, `NAME.json` the card: what the network
is, what it was trained on, its figures, what it is for, and the SHA-256 of the safetensors file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from emostats.errors import UsageError
from emostats.inference.errors import ModelFileError, need
from emostats.inference.graph import Graph
from emostats.inference.network import LandmarkNet, NetworkConfig

Card = dict[str, Any]


def save(path: str | Path, net: LandmarkNet, card: Mapping[str, Any]) -> Card:
    """Write `path`.safetensors and `path`.json; the card is completed with ``sha256`` and ``network``.

    `path` is given without a suffix; its last part is the name. Returns the card as written.
    """
    torch = need("torch")
    stem = _stem(path)
    graph = net.graph
    tensors = {name: tensor.contiguous() for name, tensor in net.state_dict().items()}
    tensors["graph/edges"] = torch.tensor(graph.edges, dtype=torch.int32).reshape(-1, 2)
    tensors["graph/mirror"] = torch.tensor(graph.mirror, dtype=torch.int32)
    content = need("safetensors.torch").save(tensors)
    full = {
        **card,
        "name": stem.name,
        "sha256": sha256(content).hexdigest(),
        "network": {
            "graph": graph.name,
            "n_points": graph.n_points,
            "heads": net.sizes,
            "n_parameters": net.n_parameters,
            "config": net.config.to_dict(),
        },
    }
    _file(stem, ".safetensors").write_bytes(content)
    _file(stem, ".json").write_text(json.dumps(full, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return full


def read(path: str | Path) -> tuple[LandmarkNet, Card]:
    """The network and the card that `save` wrote to `path` (with or without suffix), in evaluation mode.

    Raises
    ------
    ModelFileError: a file is missing, is no card or weights file, or the weights are not those of the card.
    """
    stem = _stem(path)
    card = read_card(stem)
    content = _bytes(_file(stem, ".safetensors"))
    found = sha256(content).hexdigest()
    if found != card["sha256"]:
        raise ModelFileError(
            f"{_file(stem, '.safetensors')}: the card expects weights with SHA-256 {card['sha256']}, "
            f"found {found}. Get both files anew from where they came from."
        )
    tensors = need("safetensors.torch").load(content)
    shape = card["network"]
    graph = Graph(
        shape["n_points"],
        tuple(map(tuple, tensors.pop("graph/edges").tolist())),
        tuple(tensors.pop("graph/mirror").tolist()),
        shape["graph"],
    )
    net = LandmarkNet(graph, shape["heads"], config=NetworkConfig.from_dict(shape["config"]))
    net.load_state_dict(tensors)
    return net.eval(), card


def read_card(path: str | Path) -> Card:
    """The model card alone; needs neither torch nor the weights.

    Raises
    ------
    ModelFileError: the file is missing or is not a model card.
    """
    file = _file(_stem(path), ".json")
    try:
        card = json.loads(_bytes(file))
    except ValueError as error:
        raise ModelFileError(
            f"{file}: expected a model card in JSON, found something else: {error}."
        ) from None
    missing = [key for key in ("name", "sha256", "network") if not isinstance(card, dict) or key not in card]
    if missing:
        raise ModelFileError(f"{file}: a model card needs {', '.join(missing)}; write it with the weights.")
    return dict(card)


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
