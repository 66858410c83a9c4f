"""evaluate and train: how good are the scores, and a network on clips of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emostats.cli.console import progress_bar, put, put_json, say
from emostats.cli.options import JsonOption, QuietOption

if TYPE_CHECKING:
    import pandas as pd

    from emostats.inference.assessment import Assessment
    from emostats.inference.evaluation import Evaluation
    from emostats.inference.lab import LabResult

SHOWN = ["label", "estimate", "std_error", "conf_low", "conf_high"]
HEADERS = {"label": "", "level": "Group"}


def evaluate_command(
    predictions: Annotated[
        Path | None,
        typer.Argument(
            help="A CSV with subject, label and the probability of each class (p_neutral, p_happy …); "
            "optional sex, age."
        ),
    ] = None,
    faces: Annotated[
        Path | None,
        typer.Option(help="A folder of stills with labels.csv (file, subject, expression, age, sex)."),
    ] = None,
    clips: Annotated[
        Path | None, typer.Option(help="A CSV of clips (video, subject, label), scored by --model.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Shipped weights, a .safetensors file, or for stills 'rule' (no network)."),
    ] = None,
    robust: Annotated[
        bool,
        typer.Option("--robustness", help="Score stills made worse, or clips with fewer frames, as well."),
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
    from emostats.inference.assessment import assess_clips, assess_stills, assess_table

    options: dict[str, Any] = {"n_resamples": resamples, "conf_level": conf_level, "seed": seed}
    if sum(source is not None for source in (predictions, faces, clips)) != 1:
        raise UsageError(
            "Say what to evaluate, and one thing only: a table of predictions, stills with --faces, or clips "
            "with --clips."
        )
    with progress_bar(quiet=quiet) as progress:
        if faces is not None:
            made = assess_stills(faces, model, robust=robust, progress=progress, **options)
        elif clips is not None:
            if not model:
                raise UsageError("--clips needs the weights that score them: --model NAME.safetensors.")
            made = assess_clips(clips, model, robust=robust, progress=progress, **options)
        elif predictions is not None and not (robust or model):
            made = assess_table(predictions, **options)
        else:
            raise UsageError("--robustness and --model go with --faces or --clips.")
    _show(made, out, as_json)


def _show(made: Assessment, out: Path | None, as_json: bool) -> None:
    for note in made.notes:
        say(f"Note: {note}", "yellow")
    page = _written(made, out) if out else None
    if as_json:
        put_json({**made.summary(), **({"page": page} if page else {})})
        return
    _print(made.found)
    _print_more(made)
    if page:
        put("")
        put(str(page))


def _written(made: Assessment, out: Path) -> Path:
    from emostats.pipeline.evaluation_folder import write_evaluation

    return write_evaluation(made, out)


def _print(found: Evaluation) -> None:
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
        groups = groups.assign(label=groups["metric"].map({"accuracy": "Accuracy", "auc": "AUC"}))
        show_table(groups[["level", *SHOWN]], "By sex and age", HEADERS)
    put("")
    put("Confusion matrix, rows the truth, columns what was said")
    for name, row in zip(made.classes, found.counts.tolist(), strict=True):
        put(f"  {name:<12} " + " ".join(f"{count:>6}" for count in row))


def _print_more(made: Assessment) -> None:
    """Stability and robustness."""
    from emostats.cli.print_table import show_table
    from emostats.render import rounding

    put("")
    put("Stability, three readings")
    for item in made.stability:
        limits = (
            ""
            if item.conf_low != item.conf_low
            else f" ({rounding.interval(item.conf_low, item.conf_high, 3)})"
        )
        put(f"  {item.label}: {item.error or rounding.fixed(item.estimate, 3) + limits}")
    if made.robustness is not None:
        put("")
        show_table(_worse(made.robustness), "Made worse", {"what": "", "label": ""})


def _worse(table: pd.DataFrame) -> pd.DataFrame:
    """What was done in one column, and short names of the figures."""
    names = {"accuracy": "Accuracy", "auc": "AUC", "perturbation_agreement": "Same label"}
    what = [
        "as they are" if kind == "none" else f"{kind} {level:g}"
        for kind, level in table[["perturbation", "level"]].to_numpy()
    ]
    shown = table.assign(what=what, label=table["metric"].map(names))
    return shown[["what", "label", "estimate", "conf_low", "conf_high"]]


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
    made = result.assessment(lab.config.name)
    page = _written(made, lab.output / "evaluation")
    if as_json:
        put_json({**made.summary(), "weights": result.weights, "page": page, "left_out": _left_out(result)})
        return
    _print(result.evaluation)
    _print_more(made)
    put("")
    put(str(result.weights))
    put(str(page))


def _left_out(result: LabResult) -> list[dict[str, Any]]:
    return [{"clip": clip.path, "reason": reason} for clip, reason in result.left_out]
