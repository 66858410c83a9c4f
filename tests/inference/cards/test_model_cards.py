"""Cards are data with a schema, and say what they must."""

import json
from hashlib import sha256

import pytest

from emostats.errors import UsageError
from emostats.inference import cards
from emostats.resources import resource

CARD = {
    "name": "smile",
    "version": "1",
    "created": "2025-01-02",
    "task": "Landmarks of a face to the probability of a smile.",
    "classes": ["neutral", "smiling"],
    "architecture": "Landmark graph network",
    "n_parameters": 270_000,
    "weights": {"file": "smile.safetensors", "sha256": "ab" * 32, "bytes": 12},
    "data": [
        {
            "name": "Stills | adults",
            "source": "Somebody (2017)",
            "licence": "CC BY 4.0",
            "use": "training and test",
            "population": "adults, posed",
            "n_subjects": 72,
            "n_items": 144,
            "items": "stills",
        }
    ],
    "protocol": "10 folds by subject",
    "figures": [
        {
            "metric": "auc",
            "label": "AUC",
            "estimate": 0.9584,
            "conf_low": 0.92,
            "conf_high": 0.981,
            "n": 144,
            "n_subjects": 72,
            "data": "Stills, 10 folds by subject",
        }
    ],
    "comparators": [
        {"metric": "auc", "label": "AUC", "estimate": 0.95, "n": 144, "n_subjects": 72, "data": "as above",
         "model": "logistic regression"}
    ],
    "intended_use": "Research",
    "not_for": ["Diagnosis <b>of</b> anything"],
    "limitations": ["Adults only", "Not validated on children with autism."],
    "licence": "Apache-2.0",
}  # fmt: skip


@pytest.fixture
def card():
    return cards.from_dict(CARD)


def changed(**values):
    return {**CARD, **values}


def test_the_schema_file_is_that_of_the_model():
    stored = json.loads((resource("data_schema") / "model_card.json").read_text(encoding="utf-8"))
    assert stored == cards.json_schema()
    assert set(stored["required"]) >= {
        "data",
        "protocol",
        "figures",
        "intended_use",
        "limitations",
        "licence",
    }


def test_a_card_written_is_the_card_read(card, tmp_path):
    cards.write_card(card, tmp_path / "card.json")
    assert cards.read_card(tmp_path / "card.json") == card


def test_rows_for_a_report(card):
    rows = cards.rows(card)
    assert rows[1] == ("Caution", "Not validated on children with autism.")
    shown = dict(rows)
    assert shown["AUC"] == (
        "0.958 (95% CI 0.920 to 0.981); Stills, 10 folds by subject; 144 rows of 72 people"
    )
    assert shown["AUC, logistic regression"].startswith("0.950; as above")
    assert shown["Limitation"] == "Adults only"
    assert shown["Data"].startswith("Stills | adults (training and test): 144 stills of 72 people")
    assert "Made again by" not in shown


def test_pages_escape_their_text(card):
    assert r"Stills \| adults" in cards.markdown(card)
    page = cards.html(card)
    assert "Diagnosis &lt;b&gt;of&lt;/b&gt; anything" in page
    assert "<b>" not in page


def test_facts_of_weights(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"tensors")
    facts = cards.weights_facts(tmp_path / "w.safetensors")
    assert facts == {"file": "w.safetensors", "sha256": sha256(b"tensors").hexdigest(), "bytes": 7}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (changed(limitations=["Adults only"]), "not validated on children with autism"),
        (changed(figures=[]), "figures"),
        (changed(licence=""), "licence"),
        (changed(licens="x"), "licens"),
        (changed(figures=[{**CARD["figures"][0], "conf_low": 0.99}]), "above the upper"),
        (changed(figures=[{**CARD["figures"][0], "conf_low": None}]), "two limits or none"),
        (changed(weights={**CARD["weights"], "sha256": "abc"}), "sha256"),
        ({}, "name: .*; version: "),
    ],
)
def test_cards_that_do_not_say_enough(values, message):
    with pytest.raises(UsageError, match=message):
        cards.from_dict(values)


def test_files_that_are_no_cards(tmp_path):
    (tmp_path / "card.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        cards.read_card(tmp_path / "card.json")
    with pytest.raises(UsageError, match="there is no model card"):
        cards.read_card(tmp_path / "none.json")
