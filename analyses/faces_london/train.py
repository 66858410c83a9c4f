"""Makes the shipped weights again, each with its card: python analyses/faces_london/train.py WHAT OUT

encoder: made faces, the blendshape model as teacher, about five minutes. smile: the encoder fine-tuned on all
stills of data/, half a minute; the figures of its card come from figures.json, which `analysis.py` printed.
The words of the cards are in cards.toml. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from models import FINE_TUNING, PENALTIES, calibrated, fitted, with_appearance
from numpy.typing import NDArray
from stills import CLASSES, Stills, read_stills

from emostats.inference import weights
from emostats.inference.cards import ModelCard
from emostats.inference.models import catalogue
from emostats.inference.network import LandmarkNet
from emostats.inference.pretrain import SETTINGS, distil, fidelity
from emostats.inference.weights.files import ARCHITECTURE, save

HERE = Path(__file__).parent
DATA = HERE / "data"
WORDS = tomllib.loads((HERE / "cards.toml").read_text(encoding="utf-8"))
ENCODER, SMILE = "blendshape-encoder", "neutral-smile"
N_FACES, SEED = 16_000, 0
FIDELITY = {
    "mean_absolute_error": "Mean absolute error of 52 activations",
    "median_correlation": "Median correlation with the teacher over activations that vary",
}


def encoder(out: Path, stills: Stills) -> ModelCard:
    """The blendshape-distilled encoder; the stills only test it."""
    result = distil(N_FACES, SEED, folder=out / "encoder-run", progress=_say)
    facts = {
        **_words(ENCODER),
        "data": [_made(), _london(stills, "test")],
        "figures": _fidelity(result.net, stills),
        "training": {
            **SETTINGS.to_dict(),
            "n_faces": N_FACES,
            "made_faces_seed": SEED,
            "best_epoch": result.best_epoch,
            "teacher_sha256": catalogue()["face_blendshapes.tflite"]["sha256"],
        },
    }
    return save(out / ENCODER, result.net, facts)


def smile(out: Path, stills: Stills) -> ModelCard:
    """The neutral/smile head: the shipped encoder fine-tuned on all stills, and what the picture adds."""
    start, _ = weights.load(ENCODER)
    everything = np.arange(len(stills.labels))
    points = fitted(stills.views, stills.labels, stills.subjects, everything, start, FINE_TUNING, SEED)
    line = calibrated(stills.appearance.astype(float), stills.labels, stills.subjects, everything)
    net = with_appearance(points, line, stills.views, stills.appearance)
    found = json.loads((HERE / "figures.json").read_text(encoding="utf-8"))
    facts = {
        **_words(SMILE),
        "architecture": f"{ARCHITECTURE}; {WORDS[SMILE]['also']}",
        "classes": CLASSES,
        "data": [_london(stills, "training and, by folds, test"), _made()],
        "figures": _figures("network_with_appearance", found),
        "comparators": [
            *_figures("network_fine_tuned", found, "the network on points alone"),
            *_figures("blendshapes_logistic", found, "blendshapes + logistic regression"),
            *_figures("network_from_scratch", found, "the network without pretraining"),
        ],
        "training": {**FINE_TUNING.to_dict(), "seed": SEED, "appearance_penalties": PENALTIES},
    }
    return save(out / SMILE, net, facts)


def _words(name: str) -> dict[str, Any]:
    both, own = WORDS["both"], {key: text for key, text in WORDS[name].items() if key != "also"}
    return {**both, **own, "limitations": [*both["limitations"], *own.get("limitations", [])]}


def _made() -> dict[str, Any]:
    return {**WORDS["data"]["made"], "n_subjects": N_FACES, "n_items": N_FACES}


def _london(stills: Stills, use: str) -> dict[str, Any]:
    return {
        **WORDS["data"]["london"],
        "use": use,
        "n_subjects": len(np.unique(stills.subjects)),
        "n_items": len(stills.files),
        "sha256": sorted(hashlib.sha256((DATA / file).read_bytes()).hexdigest() for file in stills.files),
    }


def _fidelity(net: LandmarkNet, stills: Stills) -> list[dict[str, Any]]:
    """How well the encoder knows the teacher's answers on real stills, with limits by subject."""
    faces = stills.views[:, 0]
    rows_of = [np.flatnonzero(stills.subjects == name) for name in np.unique(stills.subjects)]
    draws = np.random.default_rng(SEED).integers(0, len(rows_of), (200, len(rows_of)))
    estimate = fidelity(net, faces)
    drawn = [fidelity(net, faces[np.concatenate([rows_of[i] for i in draw])]) for draw in draws]
    return [
        {
            "metric": name,
            "label": label,
            "estimate": estimate[name],
            **_limits(np.array([each[name] for each in drawn])),
            "n": len(faces),
            "n_subjects": len(rows_of),
            "data": WORDS["data"]["london"]["name"],
            "method": "bootstrap of subjects, percentile, 200 resamples",
        }
        for name, label in FIDELITY.items()
    ]


def _limits(drawn: NDArray[Any]) -> dict[str, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"conf_low": float(low), "conf_high": float(high)}


def _figures(key: str, found: Mapping[str, Any], model: str = "") -> list[dict[str, Any]]:
    each = found["single_still"][key]
    return [
        {
            "metric": name,
            "label": label,
            **{part: each[name][part] for part in ("estimate", "conf_low", "conf_high")},
            "n": found["n_stills"],
            "n_subjects": found["n_subjects"],
            "data": f"{WORDS['data']['london']['name']}; {found['folds']}",
            "model": model,
            "method": "mean over partitions; bootstrap of subjects, percentile, 1000 resamples",
        }
        for name, label in (("accuracy", "Accuracy"), ("auc", "AUC"))
    ]


def _say(row: Mapping[str, float]) -> None:
    print({name: round(value, 4) for name, value in row.items()}, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes shipped weights again.")
    parser.add_argument("what", choices=("encoder", "smile"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--cache", type=Path, help="folder for the landmarks")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    stills = read_stills(DATA, chosen.cache)
    card = (encoder if chosen.what == "encoder" else smile)(chosen.out, stills)
    print(card.weights.file, card.weights.sha256)


if __name__ == "__main__":
    main()
