"""A model card: what a file of weights was made of, how it was tested, what it is for and what it is not for.

The idea is that of Mitchell et al. (2019). A card is data: `data_schema/model_card.json` describes its keys.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from emostats.study.checked import Frozen

NOT_VALIDATED = "not validated on children with autism"
"""Stands in every card, word for word."""

Text = Annotated[str, Field(min_length=1)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, hexadecimal.")]


class Weights(Frozen):
    """The file that the card belongs to."""

    file: Text = Field(description="Name of the safetensors file.")
    sha256: Hash
    bytes: int = Field(gt=0)


class Data(Frozen):
    """Data that the weights were trained or tested on."""

    name: Text
    source: Text = Field(description="Who made the data, and where they are described.")
    licence: Text
    use: Text = Field(description="training, validation, test, pretraining …")
    population: Text = Field(description="Who is seen: age, sex, health, posed or natural.")
    n_subjects: int = Field(gt=0)
    n_items: int = Field(gt=0, description="Stills, clips or sequences.")
    items: Text = Field(description="What the items are, e.g. stills.")
    sha256: tuple[Hash, ...] = Field(
        default=(), description="Of each item, so that an evaluation can tell what the weights have seen."
    )


class Figure(Frozen):
    """A measured figure with its interval."""

    metric: Text = Field(description="Stable name: accuracy, auc, macro_f1 …")
    label: Text
    estimate: float
    conf_low: float | None = None
    conf_high: float | None = None
    conf_level: float = Field(default=0.95, gt=0, lt=1)
    n: int = Field(gt=0, description="Rows.")
    n_subjects: int = Field(gt=0)
    data: Text = Field(description="On what, and how split: 'London set, 10 folds by subject'.")
    method: str = Field(default="", description="How the interval was made.")
    model: str = Field(default="", description="Of a comparator, when the figure is not of these weights.")

    @model_validator(mode="after")
    def _ordered(self) -> Figure:
        if (self.conf_low is None) != (self.conf_high is None):
            raise ValueError("an interval has two limits or none")
        if self.conf_low is not None and self.conf_high is not None and self.conf_low > self.conf_high:
            raise ValueError("the lower limit is above the upper one")
        return self


class ModelCard(Frozen):
    """The card of one file of weights."""

    name: Text
    version: Text
    created: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}", description="ISO 8601 date or time, UTC.")]
    task: Text = Field(description="What goes in and what comes out, in a sentence.")
    classes: tuple[Text, ...] = Field(default=(), description="Outputs of the head, in order.")
    architecture: Text
    n_parameters: int = Field(gt=0)
    weights: Weights
    data: tuple[Data, ...] = Field(min_length=1)
    protocol: Text = Field(description="Splits, seeds, early stopping; what was chosen on what.")
    figures: tuple[Figure, ...] = Field(min_length=1)
    comparators: tuple[Figure, ...] = Field(default=(), description="The same figures of simpler models.")
    intended_use: Text
    not_for: tuple[Text, ...] = Field(min_length=1)
    limitations: tuple[Text, ...] = Field(min_length=1)
    licence: Text = Field(description="Of the weights.")
    attribution: tuple[Text, ...] = Field(
        default=(), description="What the licences of the data ask to be said."
    )
    training: dict[str, Any] = Field(default_factory=dict, description="Settings of the training run.")
    network: dict[str, Any] = Field(default_factory=dict, description="Settings of the network.")
    graph: str = Field(default="", description="Name of the landmark graph.")
    software: dict[str, str] = Field(default_factory=dict, description="Package and version.")
    reproduce: str = Field(default="", description="The command that makes the file again.")

    @field_validator("limitations")
    @classmethod
    def _says_what_it_is_not(cls, limitations: tuple[str, ...]) -> tuple[str, ...]:
        if not any(NOT_VALIDATED in text.lower() for text in limitations):
            raise ValueError(f"the limitations must say '{NOT_VALIDATED}'")
        return limitations
