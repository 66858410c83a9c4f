"""Model cards: one JSON file a file of weights, read by machines and printed for people.

`read_card` and `write_card` are the files, `rows` is what a report prints, `markdown` and `html` are pages.
"""

from emostats.inference.cards.card import NOT_VALIDATED, Data, Figure, ModelCard, Weights
from emostats.inference.cards.files import from_dict, json_schema, read_card, weights_facts, write_card
from emostats.inference.cards.show import data_text, figure_text, html, markdown, rows

__all__ = [
    "NOT_VALIDATED",
    "Data",
    "Figure",
    "ModelCard",
    "Weights",
    "data_text",
    "figure_text",
    "from_dict",
    "html",
    "json_schema",
    "markdown",
    "read_card",
    "rows",
    "weights_facts",
    "write_card",
]
