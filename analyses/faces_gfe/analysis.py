"""Grammatical facial expressions across signers: train on one, test on the other, and back.

    python analyses/faces_gfe/analysis.py [FOLDER] [--quick] [--alone] [--seeds N] [--jobs N] [--cache DIR]

FOLDER holds pairs <signer>_<expression>_datapoints.txt.xz and …_targets.txt.xz; by default it is the folder
`data` beside this script. Every expression that all its signers have complete is tested in every direction.
Prints one JSON object; what is being done goes to the standard error.

What a network may see, in the direction from signer A to signer B: the films and labels of A, of the tested
expression and of A's others (from FOLDER, and from `data` unless --alone or A is somebody else there); no
label of B, of any expression.
From B's tested film it sees the points alone: its median face is taken as B's neutral face. Threshold, shape
and schedule are fixed in emostats.inference.sequences and do not depend on B.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emostats.errors import EmostatsError, UsageError
from emostats.inference.network import LandmarkNet
from emostats.inference.sequences import EYES, Folder, Recording, read_folder, recipe
from emostats.inference.sequences.figures import Figures, f1_difference, figures, mean_figures
from emostats.inference.sequences.recipe import NETWORK, VARIATION, Channelled, Transfer, learn
from emostats.inference.sequences.scores import SMOOTHING, frame_scores, smooth

HERE = Path(__file__).resolve().parent
MODEL = "graph network and Transformer, all expressions of the training signer"
SCRATCH, FROZEN, TUNED = "from scratch", "pretrained, frozen", "pretrained, fine-tuned"
PRETRAINING_COPIES, ABLATION_EPOCHS = 2, 5
LANDMARKS, MEASURES = "logistic regression, landmarks", "logistic regression, 12 measures of the face"


@dataclass(frozen=True)
class Direction:
    """One test: who is learned from, who is tested, in which expression; `others` are further films of the
    first signer, of other expressions."""

    train: Recording
    test: Recording
    others: tuple[Recording, ...]

    @property
    def expression(self) -> str:
        return self.test.expression


Scores = Mapping[int, np.ndarray]


@dataclass(frozen=True)
class Work:
    """How training is done: in how many processes, and where runs are kept (None: nowhere)."""

    jobs: int = 1
    cache: Path | None = None

    def folder(self, *names: str) -> Path | None:
        """Where a run is kept."""
        return self.cache / "-".join(names) if self.cache else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads, trains, tests, prints. Returns the exit status."""
    asked = parser().parse_args(arguments)
    try:
        report = evaluate(
            asked.folder,
            alone=asked.alone,
            quick=asked.quick,
            n_seeds=asked.seeds,
            work=Work(asked.jobs, asked.cache),
        )
    except EmostatsError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(report, indent=2, ensure_ascii=False))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    line.add_argument("folder", nargs="?", default=HERE / "data", type=Path)
    line.add_argument("--quick", action="store_true", help="one seed, no ablation")
    line.add_argument("--alone", action="store_true", help="learn from FOLDER only, not from ./data as well")
    line.add_argument("--seeds", type=int, default=3, help="networks whose scores are averaged (3)")
    line.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes (at most 2)")
    line.add_argument("--cache", type=Path, help="folder that keeps training runs, to go on after a stop")
    return line


def evaluate(
    folder: Path,
    *,
    alone: bool = False,
    quick: bool = False,
    n_seeds: int = 3,
    work: Work | None = None,
    data: Path = HERE / "data",
) -> dict[str, Any]:
    """The report on a folder, ready for JSON. How the `work` is done does not change the figures."""
    started, work = time.monotonic(), work or Work()
    held = read_folder(folder)
    elsewhere = () if alone or data.resolve() == folder.resolve() else read_folder(data).recordings
    more, strangers = same_people(held, elsewhere)
    directions = plan(held, more)
    seen = Channelled()
    seeds = range(1 if quick else max(n_seeds, 1))
    results = {MODEL: tested(directions, joint(directions, seen, seeds, work))}
    say(f"the network: {brief(results[MODEL])}")
    for name, features in ((LANDMARKS, landmarks), (MEASURES, measures)):
        results[name] = tested(directions, linear(directions, seen, features))
    if not quick:
        for name, scores in ablation(directions, seen, work).items():
            results[name] = tested(directions, scores)
    return {
        "folder": folder.name,
        "left_out": [str(finding.message) for finding in held.findings] + single(held) + strangers,
        "directions": [described(k, directions[k], results) for k in range(len(directions))],
        "mean": {name: mean_figures(parts).to_dict() for name, parts in results.items()},
        "f1_of_the_network_minus": differences(results),
        "protocol": protocol(directions, seeds, more),
        "seconds": round(time.monotonic() - started),
    }


def same_people(held: Folder, elsewhere: Sequence[Recording]) -> tuple[tuple[Recording, ...], list[str]]:
    """Which films from `elsewhere` show signers of the folder, and who there only has the name of one.

    Names are short and may mean other people. Films that go by one name must be the same, and no film of
    a signer may stand on the other side under another name: else a network could learn from the very person
    it is tested on.
    """
    named = sorted({film.subject for film in elsewhere} & set(held.subjects))
    strangers = [name for name in named if _somebody_else(name, held.recordings, elsewhere)]
    notes = [
        f"Signer {name} is not signer {name} of the films in data; nothing is learned from those."
        for name in strangers
    ]
    return tuple(film for film in elsewhere if film.subject not in strangers), notes


def _somebody_else(name: str, here: Sequence[Recording], there: Sequence[Recording]) -> bool:
    """Whether the films of one name on either side give away that two people bear it."""
    return any(
        (one.name == other.name) != np.array_equal(one.points, other.points)
        for one in here
        for other in there
        if name in (one.subject, other.subject) and (one.name == other.name or one.subject != other.subject)
    )


def plan(held: Folder, more: Sequence[Recording]) -> list[Direction]:
    """Every expression that all signers have, from every signer to every other.

    Raises
    ------
    UsageError: one signer only, or no expression that all have.
    """
    expressions = testable(held)
    if len(held.subjects) < 2 or not expressions:
        names = ", ".join(recording.name for recording in held.recordings)
        raise UsageError(
            "Expected an expression of which every one of two or more signers is complete, with frames "
            f"labelled 0 and frames labelled 1; found only {names}."
        )
    directions = []
    for expression in expressions:
        for first in held.subjects:
            own = [r for r in held.recordings if r.subject == first and r.expression != expression]
            known = {r.expression for r in own} | {expression}
            own += [r for r in more if r.subject == first and r.expression not in known]
            for second in held.subjects:
                if first != second:
                    train, test = (held.of(person, expression) for person in (first, second))
                    directions.append(Direction(train, test, tuple(own)))
    return directions


def testable(held: Folder) -> tuple[str, ...]:
    """Expressions that every signer has, with frames of both kinds in every film."""
    films = {name: [held.of(person, name) for person in held.subjects] for name in held.complete()}
    return tuple(name for name, own in films.items() if all({0, 1} <= set(film.labels) for film in own))


# ---------------------------------------------------------------------------------------------- networks


def joint(directions: Sequence[Direction], seen: Channelled, seeds: Sequence[int], work: Work) -> Scores:
    """Networks that learned all expressions of a signer at once, one of each signer and seed."""
    groups: dict[tuple[str, ...], list[Recording]] = {}
    names = []
    for direction in directions:
        films = sorted((direction.train, *direction.others), key=lambda film: film.expression)
        names.append((direction.train.subject, *(film.name for film in films)))
        groups[names[-1]] = films
    tasks = [(key, seed) for key in groups for seed in seeds]
    trained = in_parallel(work.jobs, joint_net, [(groups[key], seen, seed, work) for key, seed in tasks])
    nets = dict(zip(tasks, trained, strict=True))
    return {
        k: scored([nets[names[k], seed] for seed in seeds], direction, seen)
        for k, direction in enumerate(directions)
    }


def joint_net(films: Sequence[Recording], seen: Channelled, seed: int, work: Work) -> LandmarkNet:
    """A network of one signer's films of several expressions."""
    say(f"signer {films[0].subject}: {len(films)} films, seed {seed}")
    return learn(films, seen, seed=seed, folder=work.folder(*(film.name for film in films), str(seed)))


def ablation(directions: Sequence[Direction], seen: Channelled, work: Work) -> dict[str, Scores]:
    """One network a direction: from scratch on its film alone; from a network of the signer's other
    expressions, of which only the head learns; and from the same one, fine-tuned. What cannot be done in
    every direction is left out."""
    done = in_parallel(work.jobs, _ablated, [(direction, seen, work) for direction in directions])
    names = [name for name in (SCRATCH, FROZEN, TUNED) if all(name in scores for scores in done)]
    return {name: {k: scores[name] for k, scores in enumerate(done)} for name in names}


def _ablated(direction: Direction, seen: Channelled, work: Work) -> dict[str, np.ndarray]:
    say(f"ablation: {direction.expression}, {direction.train.subject} to {direction.test.subject}")
    short = replace(recipe.TRAINING, epochs=min(ABLATION_EPOCHS, recipe.TRAINING.epochs))

    def learned(films: Sequence[Recording], name: str, **more: Any) -> LandmarkNet:
        return learn(films, seen, training=short, folder=work.folder(direction.train.name, name), **more)

    film = [direction.train]
    nets = {SCRATCH: learned(film, "scratch")}
    if direction.others:
        source = learned(direction.others, "source", copies=PRETRAINING_COPIES)
        nets[FROZEN] = learned(film, "frozen", transfer=Transfer(source, frozen=True))
        nets[TUNED] = learned(film, "tuned", transfer=Transfer(source, frozen=False))
    return {name: scored([net], direction, seen) for name, net in nets.items()}


def in_parallel(jobs: int, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> list[Any]:
    """`work` on each task, in `jobs` processes; the results are in the order of the tasks."""
    if jobs <= 1 or len(tasks) == 1:
        return [work(*task) for task in tasks]
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=jobs)(delayed(work)(*task) for task in tasks))


def scored(nets: Sequence[LandmarkNet], direction: Direction, seen: Channelled) -> np.ndarray:
    """Log-odds of each frame of the tested film."""
    return frame_scores(nets, direction.test, seen(direction.test), direction.expression)


# ------------------------------------------------------------------------------------------- comparators


def landmarks(channels: np.ndarray) -> np.ndarray:
    """All points in the frame of the face, and where the head is: place, tilt and size (204 values)."""
    eyes = [channels[:, points, 2:4].mean(axis=1) for points in (EYES.left, EYES.right)]
    own = channels[..., :2].reshape(len(channels), -1)
    return np.concatenate([own, (eyes[0] + eyes[1]) / 2, eyes[1] - eyes[0]], axis=1)


def measures(channels: np.ndarray) -> np.ndarray:
    """Twelve measures one would take by hand: raising of the brows (2), their distance, nose (2), mouth
    (height, width, opening), lids (2), and the head's place (2); each against the own neutral."""
    own, head = channels[..., 0:2], channels[..., 2:4]
    y, x = own[..., 1], own[..., 0]
    return np.stack(
        [
            y[:, 16:26].mean(1), y[:, 26:36].mean(1), x[:, 35] - x[:, 25], x[:, 89], y[:, 89],
            y[:, 48:68].mean(1), x[:, 54] - x[:, 48], y[:, 66] - y[:, 62],
            y[:, 5:8].mean(1) - y[:, 1:4].mean(1), y[:, 13:16].mean(1) - y[:, 9:12].mean(1),
            head[:, 36, 1], head[:, 36, 0],
        ],
        axis=1,
    )  # fmt: skip


def linear(
    directions: Sequence[Direction], seen: Channelled, features: Callable[[np.ndarray], np.ndarray]
) -> Scores:
    """Logistic regression on single frames of the training film, smoothed over time like the network."""
    from sklearn.linear_model import LogisticRegression

    scores = {}
    for k, direction in enumerate(directions):
        train, test = (features(seen(film)) for film in (direction.train, direction.test))
        spread = np.maximum(np.nanstd(train, axis=0), NETWORK.floor)
        known = (direction.train.labels >= 0) & np.isfinite(train).all(axis=1)
        model = LogisticRegression(C=0.003, class_weight="balanced", max_iter=2000)
        model.fit((train / spread)[known], direction.train.labels[known])
        raw = model.decision_function(np.nan_to_num(test) / spread)
        raw[~np.isfinite(test).all(axis=1)] = np.nan
        scores[k] = np.empty(len(raw))
        for stretch in direction.test.stretches():
            scores[k][stretch] = smooth(raw[stretch], SMOOTHING)
    return scores


# --------------------------------------------------------------------------------------------- reporting


def tested(directions: Sequence[Direction], scores: Scores) -> list[Figures]:
    """The figures of each direction."""
    return [
        figures(direction.test.labels, scores[k], direction.test.episodes(), seed=k)
        for k, direction in enumerate(directions)
    ]


def described(k: int, direction: Direction, results: Mapping[str, Sequence[Figures]]) -> dict[str, Any]:
    """One direction for the report: the network's figures, and the others' beside them."""
    others = {
        name: {measure: round(getattr(parts[k], measure)[0], 4) for measure in ("f1", "auc", "accuracy")}
        for name, parts in results.items()
        if name != MODEL
    }
    return {
        "expression": direction.expression,
        "train": direction.train.subject,
        "test": direction.test.subject,
        **results[MODEL][k].to_dict(),
        "compared": others,
    }


def differences(results: Mapping[str, Sequence[Figures]]) -> dict[str, Any]:
    """Mean F1 of the network minus that of each other, with limits."""
    keys = ("estimate", "conf_low", "conf_high")
    gaps = {name: f1_difference(results[MODEL], parts) for name, parts in results.items() if name != MODEL}
    return {name: dict(zip(keys, (round(v, 4) for v in gap), strict=True)) for name, gap in gaps.items()}


def single(held: Folder) -> list[str]:
    """Films that can be learned from but not tested, because a signer lacks the expression or a label."""
    whole = testable(held)
    return [
        f"{film.name}: not every signer has this expression with both labels; it is learned from, not tested."
        for film in held.recordings
        if film.expression not in whole
    ]


def protocol(
    directions: Sequence[Direction], seeds: Sequence[int], more: Sequence[Recording]
) -> dict[str, Any]:
    """What was done, so that the figures can be judged."""
    return {
        "network": {**NETWORK.to_dict(), "graph": "Delaunay over 100 points and a learned residual"},
        "training": {**recipe.TRAINING.to_dict(), "variation": vars(VARIATION)},
        "seeds": list(seeds),
        "ablation": f"{ABLATION_EPOCHS} epochs, one network, seed 0",
        "threshold": "log-odds 0, classes balanced in training",
        "smoothing_frames": SMOOTHING,
        "labels_of_the_tested_signer": "none",
        "points_of_the_tested_film": "medians over its frames: own neutral face, place, tilt and size of the "
        "head; no label, no spread",
        "further_films_from_data": sorted({film.name for film in more}),
        "learned_from": {d.train.name: [film.name for film in d.others] for d in directions},
        "limits": "95 %, by episode within a film; they do not speak of other signers",
    }


def brief(parts: Sequence[Figures]) -> str:
    """Mean figures in a line."""
    mean = mean_figures(parts)
    return ", ".join(f"{name} {getattr(mean, name)[0]:.3f}" for name in ("f1", "auc", "accuracy"))


def say(text: str) -> None:
    """Progress, beside the JSON object."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
