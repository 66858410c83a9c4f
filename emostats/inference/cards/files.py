"""Cards as JSON beside their weights."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from emostats.errors import UsageError
from emostats.inference.cards.card import ModelCard


def from_dict(values: Any, where: str = "the model card") -> ModelCard:
    """The card of parsed JSON.

    Raises
    ------
    UsageError: keys that are missing, unknown or do not fit; all are named.
    """
    try:
        return ModelCard.model_validate(values)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, item['loc'])) or 'card'}: {item['msg']}"
            for item in error.errors(include_url=False)
        ]
        raise UsageError(f"{where} does not describe its weights: {'; '.join(problems)}.") from None


def read_card(path: str | Path) -> ModelCard:
    """The card of a JSON file.

    Raises
    ------
    UsageError: the file cannot be read or is no card.
    """
    source = Path(path)
    try:
        values = json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{source}: there is no model card. Weights are read with the card that was written beside them."
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"{source} cannot be read as a model card: {error}") from None
    return from_dict(values, str(source))


def write_card(card: ModelCard, path: str | Path) -> None:
    """Writes the card as JSON, with its keys in the order of the schema."""
    text = json.dumps(card.model_dump(mode="json"), ensure_ascii=False, indent=2, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def weights_facts(path: str | Path) -> dict[str, Any]:
    """`file`, `sha256` and `bytes` of a file of weights, for its card."""
    content = Path(path).read_bytes()
    return {"file": Path(path).name, "sha256": sha256(content).hexdigest(), "bytes": len(content)}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a card, as in ``data_schema/model_card.json``."""
    schema = ModelCard.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
