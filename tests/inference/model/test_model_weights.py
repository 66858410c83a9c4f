"""Weights on disk: they come back as they were, and anything else is refused in plain words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from emostats.errors import UsageError
from emostats.inference.cards import NOT_VALIDATED, read_card
from emostats.inference.errors import ModelFileError
from emostats.inference.graph import Graph
from emostats.inference.network import LandmarkNet, NetworkConfig
from emostats.inference.weights import load
from emostats.inference.weights.files import read, save

FACTS = {
    "task": "faces to smiles",
    "data": [
        {
            "name": "made", "source": "this test", "licence": "none", "use": "training",
            "population": "nobody", "n_subjects": 1, "n_items": 1, "items": "stills",
        }
    ],
    "protocol": "none",
    "figures": [
        {"metric": "accuracy", "label": "Accuracy", "estimate": 0.5, "n": 1, "n_subjects": 1, "data": "made"}
    ],
    "intended_use": "a test",
    "not_for": ["anything else"],
    "limitations": [f"Simulated; {NOT_VALIDATED}."],
    "licence": "Apache-2.0",
}  # fmt: skip
SMALL = NetworkConfig(graph_widths=(8,), width=8, temporal_layers=1, temporal_heads=2, temporal_hidden=8)


def _net() -> LandmarkNet:
    torch.manual_seed(0)
    net = LandmarkNet(Graph(5, ((0, 1), (2, 3)), (1, 0, 3, 2, 4), "five"), {"smile": 2}, config=SMALL).eval()
    net.standardise_by(torch.randn(9, 5, 3))
    return net


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    net, points = _net(), torch.randn(1, 4, 5, 3)
    written = save(tmp_path / "mine", net, FACTS)
    again, card = read(tmp_path / "mine.safetensors")
    mask = torch.ones(1, 4, dtype=torch.bool)
    assert torch.equal(net(points, mask)["smile"], again(points, mask)["smile"])
    assert again.graph == net.graph and again.config == net.config and not again.training
    assert card == written == read_card(tmp_path / "mine.json")
    assert (card.name, card.intended_use, card.graph) == ("mine", "a test", "five")
    assert card.n_parameters == net.n_parameters


def test_a_name_with_a_dot_keeps_it(tmp_path: Path) -> None:
    save(tmp_path / "smile-1.2", _net(), FACTS)
    assert (tmp_path / "smile-1.2.safetensors").exists()
    assert read(tmp_path / "smile-1.2.json")[1].name == "smile-1.2"


def test_other_weights_than_the_cards_are_refused(tmp_path: Path) -> None:
    card = save(tmp_path / "mine", _net(), FACTS)
    path = tmp_path / "mine.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=f"SHA-256 {card.weights.sha256}, found [0-9a-f]{{64}}"):
        read(path)


def test_missing_files_and_cards_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json: there is no model card"):
        read(tmp_path / "none")
    save(tmp_path / "mine", _net(), FACTS)
    (tmp_path / "mine.safetensors").unlink()
    with pytest.raises(ModelFileError, match=r"mine\.safetensors: the file cannot be read \(No such file"):
        read(tmp_path / "mine")


def test_weights_without_a_full_card_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"limitations: .*not validated on children with autism"):
        save(tmp_path / "mine", _net(), {**FACTS, "limitations": ["none"]})
    assert list(tmp_path.iterdir()) == []


def test_pickled_weights_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"pickled weights are not read.*Expected \.safetensors"):
        read("somebody.pt")


def test_unknown_names_say_what_there_is() -> None:
    with pytest.raises(UsageError, match="ships no weights 'smiles'"):
        load("smiles")


def test_without_torch_the_message_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import emostats.inference.weights, emostats.inference.graph\n"
        "from emostats.errors import UsageError\n"
        "try:\n    import emostats.inference.network\n"
        "except UsageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "emostats[inference]"' in done.stdout and "'torch'" in done.stdout
