"""Makes the shipped weights again, each with its card: python analyses/faces_gfe/train.py OUT

Two networks, `grammatical-expressions-a` and `grammatical-expressions-b`: each has learned all films of one
signer in data/ and is tested on the other's. A few minutes each. The words of the cards are in cards.toml.
"""

from __future__ import annotations

import argparse
import hashlib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis import LANDMARKS, Direction, Work, joint_net, landmarks, linear, plan, scored, tested

from emostats.inference.cards import ModelCard
from emostats.inference.sequences import Folder, Recording, read_folder
from emostats.inference.sequences.figures import Figures, mean_figures
from emostats.inference.sequences.recipe import TRAINING, VARIATION, Channelled
from emostats.inference.sequences.scores import SMOOTHING
from emostats.inference.weights.files import save

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
NAME = "grammatical-expressions"
LABELS = {"f1": "F1 of 'present'", "auc": "AUC", "accuracy": "Accuracy"}
METHODS = {
    "f1": "bootstrap of episodes, percentile, 2000 resamples",
    "auc": "Obuchowski's variance over episodes, normal limits",
    "accuracy": "bootstrap of episodes, percentile, 2000 resamples",
}


def shipped(signer: str, held: Folder, out: Path, work: Work) -> ModelCard:
    """Trains on one signer, tests on the others, writes weights and card."""
    words = tomllib.loads((HERE / "cards.toml").read_text(encoding="utf-8"))
    about = words.pop("data")
    directions = [d for d in plan(held, ()) if d.train.subject == signer]
    seen = Channelled()
    own = sorted((directions[0].train, *directions[0].others), key=lambda film: film.expression)
    net = joint_net(own, seen, 0, work)
    scores = {k: scored([net], direction, seen) for k, direction in enumerate(directions)}
    parts = tested(directions, scores)
    comparator = tested(directions, linear(directions, seen, landmarks))
    facts = {
        **words,
        "classes": [film.expression for film in own],
        "data": [
            {**about, **_counts(own), "use": f"training: signer {signer}"},
            {**about, **_counts([d.test for d in directions]), "use": "test: the other signer"},
        ],
        "figures": _figures(directions, parts, about["name"]),
        "comparators": _figures([], comparator, about["name"], LANDMARKS),
        "training": {
            **TRAINING.to_dict(),
            "losses": dict.fromkeys(net.sizes, "classes"),
            "variation": vars(VARIATION),
            "smoothing_frames": SMOOTHING,
        },
        "reproduce": "python analyses/faces_gfe/train.py OUT",
    }
    return save(out / f"{NAME}-{signer}", net, facts)


def _counts(films: Sequence[Recording]) -> dict[str, Any]:
    return {
        "n_subjects": len({film.subject for film in films}),
        "n_items": len(films),
        "sha256": sorted(_sha256(film) for film in films if (DATA / _file(film)).is_file()),
    }


def _file(film: Recording) -> str:
    return f"{film.name}_datapoints.txt.xz"


def _sha256(film: Recording) -> str:
    return hashlib.sha256((DATA / _file(film)).read_bytes()).hexdigest()


def _figures(
    directions: Sequence[Direction], parts: Sequence[Figures], data: str, model: str = ""
) -> list[dict[str, Any]]:
    """The means over expressions, then F1 and AUC of each of `directions`."""
    rows = [_row(mean_figures(parts), metric, f"{data}, mean over expressions", model) for metric in LABELS]
    for direction, part in zip(directions, parts, strict=False):
        where = f"{data}, {direction.expression}, from {direction.train.subject} to {direction.test.subject}"
        rows += [_row(part, metric, where, model) for metric in ("f1", "auc")]
    return rows


def _row(found: Figures, metric: str, data: str, model: str) -> dict[str, Any]:
    estimate, low, high = getattr(found, metric)
    return {
        "metric": metric,
        "label": LABELS[metric],
        "estimate": estimate,
        "conf_low": low,
        "conf_high": high,
        "n": found.n_frames,
        "n_subjects": 1,
        "data": data,
        "method": METHODS[metric],
        "model": model,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes both files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--folder", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, help="folder that keeps training runs")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    held = read_folder(chosen.folder)
    for signer in held.subjects:
        card = shipped(signer, held, chosen.out, Work(1, chosen.cache))
        print(card.weights.file, card.weights.sha256)


if __name__ == "__main__":
    main()
