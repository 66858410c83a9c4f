"""A card for people: rows for a report, Markdown, and a piece of HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from emostats.inference.cards.card import NOT_VALIDATED, Data, Figure, ModelCard
from emostats.render import rounding


def rows(card: ModelCard) -> list[tuple[str, str]]:
    """The card as (label, text), in the order in which it should be read. What it is not comes second."""
    caution = next(text for text in card.limitations if NOT_VALIDATED in text.lower())
    shown = [
        ("Model", f"{card.name}, version {card.version}, {card.created[:10]}"),
        ("Caution", caution),
        ("What it does", card.task),
        ("Intended use", card.intended_use),
        *(("Not for", text) for text in card.not_for),
        *(("Data", data_text(item)) for item in card.data),
        ("Protocol", card.protocol),
        *((item.label, figure_text(item)) for item in card.figures),
        *((f"{item.label}, {item.model or 'comparator'}", figure_text(item)) for item in card.comparators),
        *(("Limitation", text) for text in card.limitations if text != caution),
        ("Architecture", f"{card.architecture}; {card.n_parameters:,} parameters"),
        ("Licence of the weights", card.licence),
        *(("Attribution", text) for text in card.attribution),
        ("Weights", f"{card.weights.file}, SHA-256 {card.weights.sha256}"),
        ("Made again by", card.reproduce),
    ]
    return [(label, text) for label, text in shown if text]


def data_text(item: Data) -> str:
    """One set of data in a sentence."""
    return (
        f"{item.name} ({item.use}): {item.n_items:,} {item.items} of {item.n_subjects:,} people, "
        f"{item.population}. {item.source}. {item.licence}."
    )


def figure_text(item: Figure) -> str:
    """``0.958 (95% CI 0.921 to 0.981); London set, 10 folds by subject; 144 rows of 72 people``."""
    limits = ""
    if item.conf_low is not None and item.conf_high is not None:
        level = rounding.confidence_level(item.conf_level)
        limits = f" ({level} CI {rounding.interval(item.conf_low, item.conf_high, 3)})"
    size = f"{rounding.count(item.n)} rows of {rounding.count(item.n_subjects)} people"
    return f"{rounding.fixed(item.estimate, 3)}{limits}; {item.data}; {size}"


def markdown(card: ModelCard) -> str:
    """The card as a Markdown page with one table."""
    body = [f"| {_cell(label)} | {_cell(text)} |" for label, text in rows(card)]
    return "\n".join([f"# Model card: {card.name}", "", "| | |", "|---|---|", *body, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def html(card: ModelCard) -> str:
    """The card as a definition list; all text is escaped."""
    return '<dl class="card">\n' + "\n".join(_pairs(rows(card))) + "\n</dl>\n"


def _pairs(shown: Iterable[tuple[str, str]]) -> Iterable[str]:
    before = ""
    for label, text in shown:
        yield ("" if label == before else f"<dt>{escape(label)}</dt>") + f"<dd>{escape(text)}</dd>"
        before = label
