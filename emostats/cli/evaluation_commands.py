"""evaluate and train: how good are the scores, and a network on clips of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emostats.cli.console import progress_bar, put, put_json, say
from emostats.cli.options import JsonOption, QuietOption

if TYPE_CHECKING:
    import pandas as pd

    from emostats.inference.cards import ModelCard
    from emostats.inference.evaluation import Evaluation
    from emostats.inference.evaluation.scorers import CardedScorer
    from emostats.inference.lab import LabResult

SHOWN = ["label", "estimate", "std_error", "conf_low", "conf_high"]
HEADERS = {"label": "", "level": "Group"}


def evaluate_command(
    predictions: Annotated[
        Path | None,
        typer.Argument(help="A CSV with subject, label and p_<class> for every class; optional sex, age."),
    ] = None,
    faces: Annotated[
        Path | None,
        typer.Option(help="A folder of stills with labels.csv (file, subject, expression, age, sex)."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="With --faces: shipped weights, a .safetensors file, or 'rule' (no network)."),
    ] = None,
    robust: Annotated[
        bool, typer.Option("--robustness", help="With --faces: score the stills made worse as well.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for a page, tables and drawings.")] = None,
    conf_level: Annotated[float, typer.Option(help="Level of the intervals, between 0 and 1.")] = 0.95,
    resamples: Annotated[int, typer.Option(help="Resamples of the bootstrap over subjects.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """How good are predictions? Accuracy, F1, AUC and calibration, with intervals that respect subjects.

    Rows of one person are not independent: every interval takes people as the units. Figures come overall,
    by class, by sex and by age.

    **Examples:** `emostats evaluate predictions.csv --out evaluation`, or the shipped weights on stills of
    your own with `emostats evaluate --faces stills`
    """
    from emostats.errors import UsageError

    if (predictions is None) == (faces is None):
        raise UsageError("say what to evaluate: a table of predictions, or a folder of stills with --faces.")
    if faces is None and (robust or model):
        raise UsageError("--robustness and --model go with --faces.")
    options: dict[str, Any] = {"n_resamples": resamples, "conf_level": conf_level, "seed": seed}
    if predictions is not None:
        from emostats.inference.evaluation import evaluate, read_predictions

        found = evaluate(read_predictions(predictions), **options)
        _show(found, predictions.name, out, as_json)
    elif faces is not None:
        _evaluate_faces(faces, model, robust, options, out, as_json, quiet)


def _evaluate_faces(
    folder: Path, model: str | None, robust: bool, options: dict[str, Any], out: Path | None,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    from emostats.inference.evaluation import evaluate, predictions, read_stills, robustness, score_stills
    from emostats.inference.evaluation.scorers import face_finder, scorer

    stills = read_stills(folder)
    with progress_bar(quiet=quiet) as progress:
        judge = scorer(model)
        table = score_stills(stills, judge, progress)
        worse = (
            robustness(stills, judge, face_finder(), conf_level=options["conf_level"], progress=progress)
            if robust
            else None
        )
        found = evaluate(predictions(table), **options)
    notes = [*_stills_left_out(len(stills), len(table)), *_seen_before(judge, folder, table)]
    for note in notes:
        say(f"Note: {note}", "yellow")
    _show(found, folder.name, out, as_json, scored=table, robust=worse, judge=judge, notes=notes)


def _stills_left_out(n: int, n_scored: int) -> list[str]:
    left = n - n_scored
    return [f"{left} of {n} stills show an expression that the model does not know."] if left else []


def _seen_before(judge: CardedScorer, folder: Path, table: pd.DataFrame) -> list[str]:
    """Says when stills were among the training data of the weights."""
    from emostats.inference.evaluation.scorers import seen_in_training

    if judge.card is None:
        return []
    seen = seen_in_training(judge.card, [folder / file for file in table["file"]])
    if not seen:
        return []
    return [
        f"{seen} of {len(table)} stills were in the training data of these weights: the figures flatter. "
        "The model card has figures of people who were held out."
    ]


def _show(
    found: Evaluation,
    name: str,
    out: Path | None,
    as_json: bool,
    *,
    scored: pd.DataFrame | None = None,
    robust: pd.DataFrame | None = None,
    judge: CardedScorer | None = None,
    notes: list[str] | None = None,
) -> None:
    page = None
    card = judge.card if judge else None
    if out is not None:
        page = _write(found, name, out, scored, robust, card, notes or [])
    if as_json:
        summary = found.summary()
        summary["notes"] = [*summary["notes"], *(notes or [])]
        more: dict[str, Any] = {"model": judge.name} if judge else {}
        more |= {"robustness": robust} if robust is not None else {}
        more |= {"page": page} if page else {}
        put_json({**summary, **more})
        return
    _print(found, robust)
    if page:
        put("")
        put(str(page))


def _write(
    found: Evaluation, name: str, out: Path, scored: pd.DataFrame | None, robust: pd.DataFrame | None,
    card: ModelCard | None, notes: list[str],
) -> Path:  # fmt: skip
    from emostats.inference.cards import rows
    from emostats.pipeline.evaluation_folder import write_evaluation

    return write_evaluation(
        found,
        out,
        title=f"Evaluation of {name}",
        subtitle=" ".join(notes),
        card=rows(card) if card else (),
        robustness=robust,
        scored=scored,
    )


def _print(found: Evaluation, robust: pd.DataFrame | None = None) -> None:
    from emostats.cli.print_table import show_table
    from emostats.render import rounding

    made = found.predictions
    put(f"{len(made.truth)} rows of {made.n_subjects} people; classes {', '.join(made.classes)}")
    put(f"Always saying the most frequent class: {rounding.proportion(found.no_information.rate)} right")
    for note in found.notes:
        say(note)
    level = rounding.confidence_level(found.conf_level)
    put("")
    overall = found.metrics[found.metrics["group"] == ""]
    show_table(overall[SHOWN], f"All figures, {level} intervals by subject", HEADERS)
    for label, reason in overall.loc[overall["error"] != "", ["label", "error"]].to_numpy():
        say(f"{label}: {reason}")
    put("")
    classes = found.classes[found.classes["metric"].isin(("recall", "precision", "f1", "auc"))]
    show_table(classes[["level", *SHOWN]], "Each class", {**HEADERS, "level": "Class"})
    groups = found.metrics[(found.metrics["group"] != "") & found.metrics["metric"].isin(("accuracy", "auc"))]
    if len(groups):
        put("")
        show_table(groups[["level", *SHOWN]], "By sex and age", HEADERS)
    put("")
    put("Confusion matrix, rows the truth, columns what was said")
    for name, row in zip(made.classes, found.counts.tolist(), strict=True):
        put(f"  {name:<12} " + " ".join(f"{count:>6}" for count in row))
    if robust is not None:
        put("")
        show_table(robust[["perturbation", "level", *SHOWN]], "Pictures made worse", {"label": ""})


def train_command(
    config: Annotated[Path, typer.Argument(help="The training file, e.g. ravdess.toml.")],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a landmark network on clips of your own, fold by fold, and write weights with a model card.

    Nobody is on both sides of a split. A run that was interrupted goes on when the same command is given
    again. The output folder receives the weights, their card, the figures of the folds as a page and tables,
    and a log of every epoch.

    **Example:** `emostats train ravdess.toml`
    """
    from emostats.inference.lab import read_config, train_lab

    lab = read_config(config)
    with progress_bar(quiet=quiet) as progress:
        result = train_lab(lab, progress)
    for clip, reason in result.left_out:
        say(f"Left out: {clip.path}: {reason}", "yellow")
    page = _write_training(result, lab.config.name, lab.output)
    if as_json:
        put_json(_training_facts(result, page))
        return
    _print(result.evaluation)
    put("")
    for line in _stabilities(result):
        put(line)
    put(str(result.weights))
    put(str(page))


def _write_training(result: LabResult, name: str, output: Path) -> Path:
    from emostats.inference.cards import read_card, rows
    from emostats.pipeline.evaluation_folder import write_evaluation

    card = read_card(result.weights.with_suffix(".json"))
    return write_evaluation(
        result.evaluation,
        output / "evaluation",
        title=f"{name}: figures of the folds",
        subtitle=" ".join(_stabilities(result)),
        card=rows(card),
        scored=result.table,
    )


def _stabilities(result: LabResult) -> list[str]:
    from emostats.render import rounding

    lines = []
    if result.stability is not None:
        found = result.stability
        limits = rounding.interval(found.conf_low, found.conf_high, 3)
        lines.append(
            f"Stability over {found.n_runs} runs, 1 − CV of the accuracy: "
            f"{rounding.fixed(found.estimate, 3)} ({limits})."
        )
    if result.consistency is not None:
        effect = result.consistency
        limits = rounding.interval(effect.conf_low, effect.conf_high, 3)
        lines.append(f"Label stays from frame to frame: {rounding.fixed(effect.estimate, 3)} ({limits}).")
    return lines


def _training_facts(result: LabResult, page: Path) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "weights": result.weights,
        "page": page,
        "evaluation": result.evaluation.summary(),
        "stability": asdict(result.stability) if result.stability else None,
        "temporal_consistency": asdict(result.consistency) if result.consistency else None,
        "left_out": [{"clip": clip.path, "reason": reason} for clip, reason in result.left_out],
    }
