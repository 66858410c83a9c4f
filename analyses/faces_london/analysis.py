"""Neutral or smiling? The landmark network against simpler models, on the same folds of a folder of faces.

    python analyses/faces_london/analysis.py [FOLDER] [--repeats 3] [--folds 10] [--seeds 1] [--cache DIR]

FOLDER holds pictures and labels.csv (file, subject, expression: neutral or smiling); by default the 144
stills that lie here. Everything is trained and tested anew on what the folder holds, by folds that share no
subject. One JSON object is printed. Nothing of a test fold is used in training; the encoder was pretrained on
made faces only.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from figures import difference, figures, within_folds
from folds import folds
from models import (
    FINE_TUNING,
    FROM_SCRATCH,
    Logistic,
    Model,
    Network,
    Plain,
    WithAppearance,
    embedding,
    smile_share,
)
from numpy.typing import NDArray
from stills import Stills, read_stills

from emostats.inference import weights
from emostats.inference.graph import mean_face, relative_to
from emostats.inference.network import LandmarkNet
from emostats.inference.pretrain import Teacher

HERE = Path(__file__).parent
Scores = NDArray[np.float64]


def single_still(stills: Stills, encoder: LandmarkNet, seeds: int) -> dict[str, Model]:
    """The models that see one still at a time."""
    labels, subjects, views = stills.labels, stills.subjects, stills.views
    network = Network(views, labels, subjects, encoder, FINE_TUNING, seeds)
    frozen = replace(FINE_TUNING, unfreeze_at=None)
    return {
        "blendshapes_logistic": Plain(stills.blendshapes.astype(float), labels),
        "smile_blendshape": Logistic(smile_share(stills)[:, None], labels, penalties=(0.1,)),
        "looks_blendshapes_logistic": Logistic(_looked(views), labels),
        "points_logistic": Logistic(_flat(views), labels),
        "linear_probe": Logistic(embedding(encoder, views), labels),
        "network_frozen": replace(network, config=frozen),
        "network_fine_tuned": network,
        "network_with_appearance": WithAppearance(network, stills.appearance),
        "appearance_logistic": Logistic(stills.appearance.astype(float), labels),
        "network_from_scratch": replace(network, encoder=None, config=FROM_SCRATCH),
    }


def own_reference(stills: Stills, encoder: LandmarkNet) -> dict[str, Model]:
    """The same question when the mean of all stills of a person, whatever they show, is taken out first."""
    labels, subjects = stills.labels, stills.subjects
    views, blendshapes = stills.views.copy(), stills.blendshapes.astype(float)
    for name in np.unique(subjects):
        rows = subjects == name
        reference = stills.views[rows].mean(axis=(0, 1))
        views[rows] = relative_to(views[rows], reference, mean_face())
        blendshapes[rows] -= blendshapes[rows].mean(axis=0)
    return {
        "blendshapes_logistic": Plain(blendshapes, labels),
        "points_logistic": Logistic(_flat(views), labels),
        "linear_probe": Logistic(embedding(encoder, views), labels),
    }


def run(models: Mapping[str, Model], stills: Stills, n_folds: int, repeats: int) -> dict[str, Scores]:
    """Log-odds of each model for each still when its person is in the test fold, (repeats, n)."""
    scores = {name: np.zeros((repeats, len(stills.labels))) for name in models}
    for repeat in range(repeats):
        for train_rows, test_rows in folds(stills.subjects, n_folds, seed=repeat):
            for name, model in models.items():
                scores[name][repeat, test_rows] = model(train_rows, test_rows, repeat)
            _progress(".")
    return scores


def with_ensemble(scores: dict[str, Scores]) -> dict[str, Scores]:
    """Adds the mean of the log-odds of the fine-tuned network and the linear probe."""
    parts = ("network_fine_tuned", "linear_probe")
    return {**scores, "ensemble": np.mean([scores[name] for name in parts], axis=0)}


def report(
    scores: Mapping[str, Scores], stills: Stills, n_folds: int, reference: str = "blendshapes_logistic"
) -> dict[str, Any]:
    """Figures of each model, and their difference from the comparator."""
    labels, subjects = stills.labels, stills.subjects
    return {
        name: {
            **figures(values, labels, subjects),
            "auc_within_folds": within_folds(values, labels, subjects, n_folds),
            **(
                {"minus_" + reference: difference(values, scores[reference], labels, subjects)}
                if name != reference
                else {}
            ),
        }
        for name, values in scores.items()
    }


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "data")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=1, help="networks averaged in each fold")
    parser.add_argument("--cache", type=Path, help="folder for the landmarks")
    parser.add_argument("--encoder", type=Path, help="other encoder weights than the shipped ones")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    started = time.perf_counter()
    stills = read_stills(chosen.folder, chosen.cache)
    encoder = _encoder(chosen.encoder)
    single = with_ensemble(
        run(single_still(stills, encoder, chosen.seeds), stills, chosen.folds, chosen.repeats)
    )
    own = run(own_reference(stills, encoder), stills, chosen.folds, chosen.repeats)
    models = report(single, stills, chosen.folds)
    return {
        "task": "neutral or smiling, posed adults",
        "n_subjects": len(np.unique(stills.subjects)),
        "n_stills": len(stills.labels),
        "without_face": list(stills.without_face),
        "folds": f"{chosen.folds} folds by subject, {chosen.repeats} partitions",
        "headline": {"model": HEADLINE, **{key: models[HEADLINE][key] for key in ("auc", "accuracy")}},
        "single_still": models,
        "own_reference": {
            "rule": "the mean over all stills of a person, labels unseen, is taken out; where everybody has "
            "one neutral and one smiling still, this is close to asking which of the two smiles",
            **report(own, stills, chosen.folds),
        },
        "seconds": round(time.perf_counter() - started, 1),
    }


HEADLINE = "network_with_appearance"
"""The network as it is shipped, one still at a time."""


def _encoder(path: Path | None) -> LandmarkNet:
    if path is None:
        return weights.load("blendshape-encoder")[0]
    from emostats.inference.weights.files import read

    return read(path)[0]


def _flat(views: NDArray[np.float32]) -> Scores:
    mean = views.mean(axis=1).astype(float)
    return mean.reshape(len(mean), -1)


def _looked(views: NDArray[np.float32]) -> Scores:
    """Logit of the blendshapes of each look, averaged over the looks: less noise than one look has."""
    n, looks = views.shape[:2]
    shares = Teacher()(views.reshape(n * looks, *views.shape[2:])).astype(float).clip(1e-3, 1 - 1e-3)
    return np.log(shares / (1 - shares)).reshape(n, looks, -1).mean(axis=1)


def _progress(mark: str) -> None:
    if sys.stderr.isatty():
        print(mark, end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))
