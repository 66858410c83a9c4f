"""music ratings: blind rating sheets out, ratings back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emostats.cli.console import put, put_json, say
from emostats.cli.music_options import notes
from emostats.cli.options import JsonOption

if TYPE_CHECKING:
    import pandas as pd


def ratings_make(
    clips: Annotated[Path, typer.Argument(help="The clips (CSV: CLIP, USUBJID, perhaps AVISIT and FILE).")],
    raters: Annotated[list[str], typer.Option("--rater", "-r", help="Code of a rater; repeat it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="New folder for sheets and key.")] = Path(
        "ratings"
    ),
    per_clip: Annotated[int, typer.Option(help="Raters of each clip.", min=2)] = 3,
    low: Annotated[int, typer.Option(help="Lowest rating.")] = 1,
    high: Annotated[int, typer.Option(help="Highest rating.")] = 7,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of the random order; keep it with the key. By default chance.", min=0),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write randomized, blinded rating sheets: one workbook a rater, clips under random codes, the key apart.

    Clips are shared out in incomplete blocks, balanced as far as their number allows. The key can be read by
    its owner only; keep it from the raters. Never overwrites anything.

    **Example:** `emostats music ratings make clips.csv -r A -r B -r C -r D --per-clip 3`
    """
    import secrets

    from emostats.music.evidence.clips import read_clips, visits_of
    from emostats.music.evidence.sheets import KEY, Questions, make_sheets

    listed = read_clips(clips)
    questions = Questions(low=low, high=high, visits=visits_of(listed))
    drawn = secrets.randbits(63) if seed is None else seed
    design = make_sheets(listed, raters, output, per_clip=per_clip, questions=questions, seed=drawn)
    counts = dict(zip(raters, design.per_rater, strict=True))
    if as_json:
        made = {"balanced": design.balanced, "per_pair": design.per_pair}
        put_json({"folder": output, "clips": len(listed), "per_rater": counts, **made})
        return
    put(str(output))
    for rater, count in counts.items():
        put(f"  ratings_{rater}.xlsx: {count} clips")
    few, most = design.per_pair
    balance = "balanced" if design.balanced else "balanced as far as this number of clips allows"
    say(f"The design is {balance}: two raters share {few}{'' if few == most else f' to {most}'} clips.")
    say(f"Keep {output / KEY} from the raters, and show each clip under its code from there.")


def ratings_read(
    folder: Annotated[Path, typer.Argument(help="The folder with the sheets that came back.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The new table (CSV).")] = Path(
        "ratings.csv"
    ),
    key: Annotated[Path | None, typer.Option(help="The key, where it is kept elsewhere.")] = None,
    threshold: Annotated[float, typer.Option(help="Lowest rating that counts as a match.")] = 5.0,
    subgroups: Annotated[
        Path | None, typer.Option(help="Children (CSV) with USUBJID and the columns of --by.")
    ] = None,
    by: Annotated[list[str] | None, typer.Option("--by", help="A column of the children; repeat it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Join the sheets to the key, and print matching accuracy and ICC of rhythm and emotion.

    The table is what the [ratings] block of a study file reads; that block is printed too, and brings the
    same figures into the report. Exit code 1 when a rating cannot be used; then nothing is written.

    **Example:** `emostats music ratings read ratings/ --subgroups children.csv --by SEX`
    """
    from emostats.music.evidence.agreement import evidence
    from emostats.music.evidence.returned import (
        check_threshold,
        read_sheets,
        study_block,
        write_ratings,
    )
    from emostats.music.files import check_new

    check_new(output, "the table of ratings")
    returned = read_sheets(folder, key=key)
    notes(returned.findings)
    check_threshold(threshold, returned.plan)
    groups = _groups(returned.table, subgroups, by)
    table = evidence(returned.table, list(returned.plan["domains"]), threshold=threshold, by=groups)
    write_ratings(returned, output)
    block = study_block(returned.plan, output.name, bool(returned.plan["visits"]))
    if as_json:
        put_json({"ratings": output, "rows": table.to_dict("records"), "study": block})
        return
    _show(table, threshold)
    put(str(output))
    say("For the study file:")
    put(block)


def _groups(ratings: pd.DataFrame, path: Path | None, by: list[str] | None) -> pd.Series | None:
    """Subgroup of each child, where subgroups are asked for; children without one are said."""
    from emostats.errors import UsageError
    from emostats.music.evidence.agreement import read_subgroups, without_group

    if path is None and not by:
        return None
    if path is None or not by:
        raise UsageError("Subgroups need both: --subgroups children.csv and --by COLUMN.")
    groups = read_subgroups(path, by)
    notes(without_group(ratings, groups))
    return groups


def _show(table: pd.DataFrame, threshold: float) -> None:
    from emostats.cli.print_table import show_table

    names = ["domain", "level", "quantity", "estimate", "conf_low", "conf_high", "n_ratings", "n_clips"]
    show_table(table[names], f"Blind expert ratings; a match is {threshold:g} or more")
    for reason in dict.fromkeys(text for text in table["error"] if text):
        say(reason)
