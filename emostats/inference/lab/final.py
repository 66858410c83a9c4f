"""The network that a lab keeps: trained on all clips, with the figures of the folds on its card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emostats.inference.cards import NOT_VALIDATED
from emostats.inference.datasets.clip import SPLIT, TRAINING, UNKNOWN_SUBJECT
from emostats.inference.evaluation import Evaluation
from emostats.inference.lab.config import Lab, settings
from emostats.inference.lab.learn import Epochs, train_network
from emostats.inference.lab.sequences import LandmarkSequence, Reading

FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "auc", "brier", "ece")


def final_weights(
    lab: Lab,
    sequences: Sequence[LandmarkSequence],
    labels: tuple[str, ...],
    found: Evaluation,
    reading: Reading,
    epochs: Epochs | None = None,
) -> Path:
    """Trains on all clips and writes weights and card; those of a run that is done are left as they are."""
    from emostats.inference.weights import files

    stem = lab.output / lab.config.name
    card = stem.with_name(stem.name + ".json")
    if not card.exists():
        seed, place = lab.config.folds.seeds[0], lab.output / "all"
        net = train_network(lab, sequences, labels, seed, place, epochs)
        files.save(stem, net, card_facts(lab, sequences, labels, found, reading))
        (place / "training-state.safetensors").unlink(missing_ok=True)
    return stem.with_name(stem.name + ".safetensors")


def card_facts(
    lab: Lab,
    sequences: Sequence[LandmarkSequence],
    labels: tuple[str, ...],
    found: Evaluation,
    reading: Reading,
) -> dict[str, Any]:
    """The fields of the model card that the run knows, and those that its file says."""
    about, data = lab.config.card, lab.config.data
    subjects = {item.clip.subject for item in sequences}
    return {
        "task": f"Landmark sequences of a face to the probabilities of {', '.join(labels)}, frame by frame.",
        "classes": list(labels),
        "data": [
            {
                "name": data.corpus,
                "source": about.source,
                "licence": about.data_licence,
                "use": "training; test in folds",
                "population": about.population,
                "n_subjects": len(subjects),
                "n_items": len(sequences),
                "items": "clips",
                "sha256": sorted({item.sha256 for item in sequences}),
            }
        ],
        "protocol": protocol(lab, reading),
        "figures": list(_figures(lab, sequences, found)),
        "intended_use": about.intended_use,
        "not_for": list(about.not_for),
        "limitations": [f"{NOT_VALIDATED.capitalize()}.", *about.limitations],
        "licence": about.licence,
        "attribution": list(about.attribution),
        "training": dict(settings(lab)),
        "reproduce": "emostats train with the settings under 'training'",
    }


def protocol(lab: Lab, reading: Reading) -> str:
    """How the figures were made, in words."""
    folds = lab.config.folds
    split = _split(lab, reading.sequences)
    left_out = f"; {len(reading.left_out)} clips were left out" if reading.left_out else ""
    unknown = any(UNKNOWN_SUBJECT in item.clip.meta for item in reading.sequences)
    caution = " Who is in the clips is unknown, so that intervals take clips as the units." if unknown else ""
    return (
        f"The figures are of clips of people that the network had not seen: {split}, "
        f"seed {folds.seeds[0]}; early stopping by other subjects of the training folds. A clip's "
        f"probabilities are the mean over its usable frames{left_out}. The weights were then trained on all "
        f"clips in the same way and have not been tested themselves.{caution}"
    )


def _split(lab: Lab, sequences: Sequence[LandmarkSequence]) -> str:
    folds = lab.config.folds
    if folds.kind != "published":
        return f"{folds.n} folds by subject"
    parts = {item.clip.meta.get(SPLIT) for item in sequences}
    return "the published split" if TRAINING in parts else "published folds"


def _figures(lab: Lab, sequences: Sequence[LandmarkSequence], found: Evaluation) -> Iterator[dict[str, Any]]:
    split = _split(lab, sequences)
    overall = found.metrics[(found.metrics["group"] == "") & found.metrics["metric"].isin(FIGURES)]
    for row in overall.to_dict("records"):
        if row["estimate"] == row["estimate"]:
            limits = {
                name: float(row[name]) if row[name] == row[name] else None
                for name in ("conf_low", "conf_high")
            }
            yield {
                "metric": row["metric"],
                "label": row["label"],
                "estimate": float(row["estimate"]),
                **limits,
                "conf_level": float(row["conf_level"]),
                "n": int(row["n"]),
                "n_subjects": int(row["n_subjects"]),
                "data": f"{lab.config.data.corpus}, {split}",
                "method": row["method"],
            }
