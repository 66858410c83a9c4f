"""A card in the form of emostats' own weights is printed line by line, with its caution and its figures."""

import json
from pathlib import Path
from types import SimpleNamespace

from emostats.inference.weights.shipped import FOLDER
from emostats.pipeline.describe import _model_card


def spec_with(folder: Path, card: object) -> SimpleNamespace:
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return SimpleNamespace(session_scores=SimpleNamespace(model_card="card.json"), folder=folder)


def test_the_card_of_shipped_weights_is_printed_for_people(tmp_path):
    card = json.loads((FOLDER / "neutral-smile.json").read_text(encoding="utf-8"))
    table = _model_card(spec_with(tmp_path, card))
    assert "not validated on children with autism" in table.set_index("name")["text"]["Caution"]
    assert {"Intended use", "Accuracy", "Licence of the weights"} <= set(table["name"])
    assert not table["text"].str.contains(card["data"][0]["sha256"][0]).any()


def test_another_card_is_printed_as_it_is(tmp_path):
    table = _model_card(spec_with(tmp_path, {"model": {"name": "other"}}))
    assert table.to_numpy().tolist() == [["model", "name", "other"]]
