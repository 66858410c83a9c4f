"""What a leaky split pretends: the same pictures, features and classifier, split by picture and by person.

    python analyses/leaky_split/leaky_split.py [FOLDER] [--folds 10] [--seed 0]

FOLDER holds stills and labels.csv (file, subject, expression); by default the open stills of adults in
analyses/faces_london/data. From every still five pictures are made (as it is, lighter, darker, tilted to
either side), as frames of a short clip would be. A random split puts pictures of one still on both sides; a
split by person does not. One JSON object is printed, with the same comparison on simulated frames beside it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from emostats.inference.datasets.frames import read_image
from emostats.inference.evaluation import (
    LeakDemonstration,
    Perturbation,
    leaky_versus_subject,
    perturb,
    read_stills,
    simulated_frames,
)
from emostats.inference.landmarks import FaceReader

DATA = Path(__file__).resolve().parents[1] / "faces_london" / "data"
COPIES = (
    Perturbation("brightness", 1.0),
    Perturbation("brightness", 0.85),
    Perturbation("brightness", 1.15),
    Perturbation("rotation", -4),
    Perturbation("rotation", 4),
)


def pictures(folder: Path) -> tuple[Any, Any, Any]:
    """52 blendshapes, expression and person of every picture in which a face is found."""
    reader = FaceReader()
    features, labels, subjects = [], [], []
    for still in read_stills(folder):
        image = read_image(still.path)
        box = reader.still(image).box or (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
        for copy in COPIES:
            found = reader.still(perturb(image, box, copy)).blendshapes
            if found is not None:
                features.append(found)
                labels.append(still.expression)
                subjects.append(still.subject)
    return np.array(features, dtype=float), np.array(labels), np.array(subjects)


def classifiers() -> dict[str, Any]:
    """The ones that are usual, and one that does nothing but remember."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "logistic_regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
        "nearest_neighbour": make_pipeline(StandardScaler(), KNeighborsClassifier(1)),
    }


def shown(found: LeakDemonstration) -> dict[str, Any]:
    """Estimate and limits of each part."""
    keep = ("estimate", "conf_low", "conf_high", "n")
    return {
        name: {key: values[key] for key in keep}
        for name, values in ((part, asdict(getattr(found, part))) for part in found.__dataclass_fields__)
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    data = {"stills": pictures(chosen.folder), "simulated": simulated_frames(seed=chosen.seed)}
    options = {"n_folds": chosen.folds, "seed": chosen.seed}
    result = {
        source: {
            name: shown(leaky_versus_subject(*rows, classifier=model, **options))
            for name, model in classifiers().items()
        }
        for source, rows in data.items()
    }
    print(json.dumps({"folder": chosen.folder.name, **options, "accuracy": result}, indent=1))


if __name__ == "__main__":
    main()
