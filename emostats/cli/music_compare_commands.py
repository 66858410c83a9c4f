"""music simulate and music off-policy: policies compared on simulated children, and from logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emostats.cli.console import progress_bar, put, put_json, say
from emostats.cli.music_options import LibraryOption, PolicyOption, SeedOption, open_library
from emostats.cli.options import JsonOption, QuietOption


def simulate(
    sessions: Annotated[
        int, typer.Option(help="Sessions of each policy; rounded up to whole clinics.", min=1)
    ] = 1000,
    policies: Annotated[
        list[str] | None, typer.Option("--policy", help="Policies to compare; repeat it. By default all.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="One kind of simulated child; by default the family.")
    ] = None,
    tracks: Annotated[int, typer.Option(help="Tracks of each simulated library.", min=10)] = 120,
    by_kind: Annotated[bool, typer.Option("--by-kind", help="Show each kind of child.")] = False,
    seed: Annotated[
        int, typer.Option(help="Seed; the same seed gives the same children to all.", min=0)
    ] = 20250,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare policies on simulated children: regret, time to target, safety violations.

    The children and every number about them are described in docs/music-simulator.md. A clinic is 25 children
    with 8 sessions each (below 200 sessions: one clinic, 2 sessions each); 10,000 sessions take minutes a
    policy.

    **Example:** `emostats music simulate --sessions 1000`
    """
    from emostats.cli.music_table import show_rows
    from emostats.music.policy import METHODS
    from emostats.music.simulation.run import Plan
    from emostats.music.simulation.summary import ALL, compare_policies

    plan = Plan.of_size(sessions, kind=kind, tracks=tracks, seed=seed)
    with progress_bar(quiet=quiet) as progress:
        table, reference = compare_policies(plan, policies or METHODS, progress)
    shown = table if by_kind else table[table["kind"] == (kind or ALL)]
    rows = [{str(key): value for key, value in row.items()} for row in shown.to_dict("records")]
    if as_json:
        put_json({"reference": reference, "rows": rows, "simulated": True})
        return
    show_rows(rows, f"Simulated children; shorter: than {reference}")
    say("Simulated: no evidence about music or children. A session that never arrives counts 1,200 s.")


def off_policy_command(
    logs: Annotated[list[Path], typer.Argument(help="Session logs (.jsonl), or folders of them.")],
    library_file: LibraryOption = None,
    policy: PolicyOption = "iso",
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Estimate from logs what another policy would have earned (progress a piece): IPS, SNIPS, doubly robust.

    Intervals count that the sessions of a child resemble each other (of one child alone: the pieces of a
    session).

    **Example:** `emostats music off-policy logs/ --library library.csv --policy linucb`
    """
    from emostats.cli.music_table import show_rows
    from emostats.music.off_policy import off_policy
    from emostats.music.policy import PolicySettings
    from emostats.music.record import read_logs
    from emostats.music.rounds import rounds_of

    settings = PolicySettings(method=policy)  # type: ignore[arg-type]
    tracks = open_library(library_file)
    found = off_policy(rounds_of(dict(read_logs(logs)), tracks, settings, seed), seed=seed)
    rows = found.table().to_dict("records")
    if as_json:
        names = ("n_rounds", "n_units", "kind", "effective", "largest_weight", "uncovered", "remarks")
        put_json({"rows": rows, **{name: getattr(found, name) for name in names}})
        return
    shown = ("estimator", "estimate", "std_error", "conf_low", "conf_high")
    show_rows([{name: row[name] for name in shown} for row in rows], f"Progress a piece under '{policy}'")
    for remark in found.remarks:
        say(remark)
    units = {"child": "children", "session": "sessions"}[found.kind]
    put(
        f"{found.n_rounds} pieces of {found.n_units} {units}; they tell as much as {found.effective:.0f} "
        f"pieces chosen by this policy (largest weight {found.largest_weight:.1f})."
    )
