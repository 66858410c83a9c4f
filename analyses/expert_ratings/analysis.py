"""A worked study of expert ratings, on SIMULATED data.

    python analyses/expert_ratings/analysis.py [NEW FOLDER]

Sixty clips of sixty children are rated from 1 to 7 for rhythm and emotion by four blind experts, who miss
some clips; twenty clips are shown to all experts a second time. Prints every table of
docs/expert-agreement.md; with a folder, writes the figures there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import emostats as em
from emostats.statistics import agreement as ag

SEED = 2025
EXPERTS = ("Expert A", "Expert B", "Expert C", "Expert D")
LENIENCY = {"rhythm": (0.5, 0.0, -0.3, -0.2), "emotion": (0.8, 0.1, -0.6, -0.3)}
NOISE = {"rhythm": 0.7, "emotion": 1.0}
NAMES = {"targets": "clip", "raters": "expert", "ratings": "rating"}
NOTE = "Simulated data"

STATEMENTS = {
    "instrument": "Seven-point scale of how well a clip's movement matches the music, with anchored ends.",
    "raters": "Music therapists who did not take part in the intervention.",
    "process": "Clips were shown in random order, without the visit; experts also guessed the visit.",
    "independence": "Experts rated alone.",
}


def simulate(seed: int = SEED) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings with clip, expert, domain, visit, guess, sex and age band; and the clips shown twice."""
    rng = np.random.default_rng(seed)
    rows, again = [], []
    for domain in ("rhythm", "emotion"):
        quality = 4.2 + 1.2 * rng.normal(size=60)
        for i in range(60):
            facts = {
                "clip": f"clip {i + 1:02d}",
                "visit": ("Baseline", "Week 12")[i % 2],
                "sex": ("Girls", "Boys")[i // 2 % 2],
                "age_band": ("1–6", "7–12")[i // 30],
            }
            for j, expert in enumerate(EXPERTS):
                own = quality[i] + LENIENCY[domain][j] + 0.4 * rng.normal()
                for occasion in (1, 2):
                    rating = float(np.clip(np.round(own + NOISE[domain] * rng.normal()), 1, 7))
                    row = {
                        **facts,
                        "expert": expert,
                        "domain": domain,
                        "occasion": occasion,
                        "rating": rating,
                    }
                    if occasion == 1 and rng.random() >= 0.12:
                        rows.append(row)
                    if i < 20 and domain == "emotion":
                        again.append(row)
    ratings = pd.DataFrame(rows)
    guesses = ratings[["clip", "expert", "visit"]].drop_duplicates().reset_index(drop=True)
    right = rng.random(len(guesses)) < 0.52
    other = guesses["visit"].map({"Baseline": "Week 12", "Week 12": "Baseline"})
    guesses["guess"] = guesses["visit"].where(right, other)
    return ratings.merge(guesses, on=["clip", "expert", "visit"]), pd.DataFrame(again)


def steps(ratings: pd.DataFrame, again: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Title and table of each step, in the order of the page."""
    emotion = ratings[ratings["domain"] == "emotion"]
    result = em.icc(emotion, **NAMES)
    yield (
        "The six forms, emotion",
        result.table()[["form", "alias", "estimate", "conf_low", "conf_high", "method"]],
    )
    yield (
        "Standard error of measurement",
        pd.DataFrame([{"sem": result.sem["agreement"], "mdc": result.mdc["agreement"]}]),
    )
    yield "Only clips that all experts rated", complete_only(emotion)
    groups = ag.icc_by_subgroup(ratings, **NAMES, by=["sex", "age_band"], domains="domain", n_resamples=499)
    shown = ["domain", "level", "n_targets", "estimate", "conf_low", "conf_high", "interpretation"]
    yield "ICC(A,1) by sex and age band", groups.table()[shown]
    columns = ["domain", "contrast", "estimate", "conf_low", "conf_high"]
    yield "Differences between subgroups", groups.differences()[columns].head(6)
    yield "Mean of the two domains", groups.pooled()[["level", "estimate", "conf_low", "conf_high"]]
    match = [ag.matching_accuracy(part, threshold=5, **NAMES).table().assign(domain=name)
             for name, part in ratings.groupby("domain", sort=False)]  # fmt: skip
    yield (
        "Ratings of 5 or more",
        pd.concat(match)[["domain", "n_ratings", "estimate", "conf_low", "conf_high"]],
    )
    blind = ag.blinding_check(ratings, truth="visit", guess="guess", targets="clip", raters="expert")
    yield (
        "Blinding",
        blind.table()[["index", "condition", "estimate", "conf_low", "conf_high", "at_random", "conclusion"]],
    )
    yield "Other coefficients, emotion", other_coefficients(emotion)
    study = ag.g_study(again, object="clip", facets=["expert", "occasion"], value="rating")
    yield (
        "Where the variance comes from (clips shown twice)",
        study.table()[["effect", "variance", "percent"]],
    )
    yield (
        "Dependability of planned means",
        study.d_study({"expert": [1, 2, 3, 4], "occasion": 1})[
            ["n_expert", "n_occasion", "dependability", "sem_absolute"]
        ],
    )
    yield "The next study, by simulation", next_study(result)
    yield "GRRAS", result.grras(statements=STATEMENTS).table()[["number", "topic", "text"]]


def complete_only(emotion: pd.DataFrame) -> pd.DataFrame:
    """What is left when clips with a gap are dropped, with the customary limits beside ours."""
    full = emotion.groupby("clip").filter(lambda rows: len(rows) == len(EXPERTS))
    result = em.icc(full, **NAMES)
    row = result.row("ICC(A,1)")
    return pd.DataFrame(
        [
            {
                "clips": result.n_targets,
                "estimate": row.estimate,
                "conf_low": row.conf_low,
                "conf_high": row.conf_high,
                "customary_low": row.customary_low,
                "customary_high": row.customary_high,
            }
        ]
    )


def other_coefficients(emotion: pd.DataFrame) -> pd.DataFrame:
    """Krippendorff's α and Gwet's AC2 of the same ratings."""
    alpha = ag.krippendorff_alpha(emotion, level="ordinal", n_resamples=1999, **NAMES)
    ac2 = ag.gwet_ac(emotion, weights="ordinal", categories=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], **NAMES)
    rows = [("Krippendorff's α, ordinal", alpha), ("Gwet's AC2, ordinal weights", ac2)]
    return pd.DataFrame(
        [
            {"coefficient": n, "estimate": r.estimate, "conf_low": r.conf_low, "conf_high": r.conf_high}
            for n, r in rows
        ]
    )


def next_study(result: ag.ICCResult) -> pd.DataFrame:
    """Width of the interval of ICC(A,1) with more clips, and with more experts, at the components found."""
    parts = {name: result.variance_components[name] for name in ("target", "rater", "error")}
    table = ag.plan_table(n_targets=[60, 180], n_raters=[4, 8], variances=parts, n_simulations=300, seed=1)
    return table[["n_targets", "n_raters", "truth", "coverage", "median_width"]]


def markdown(table: pd.DataFrame) -> str:
    """A Markdown table with numbers to three decimals."""

    def cell(value: object) -> str:
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    head = "| " + " | ".join(table.columns) + " |"
    rows = ["| " + " | ".join(cell(value) for value in row) + " |" for row in table.itertuples(index=False)]
    return "\n".join([head, "|" + "---|" * len(table.columns), *rows])


def figures(ratings: pd.DataFrame, folder: Path) -> None:
    """Heat map of the emotion ratings, and the subgroups' forest."""
    folder.mkdir(parents=True, exist_ok=True)
    result = em.icc(ratings[ratings["domain"] == "emotion"], **NAMES)
    groups = ag.icc_by_subgroup(ratings, **NAMES, by=["sex", "age_band"], domains="domain")
    (folder / "ratings.svg").write_text(result.plot("ratings", note=NOTE), encoding="utf-8")
    (folder / "forms.svg").write_text(result.plot(note=NOTE), encoding="utf-8")
    (folder / "subgroups.svg").write_text(groups.plot(note=NOTE), encoding="utf-8")


if __name__ == "__main__":
    simulated, shown_twice = simulate()
    for title, table in steps(simulated, shown_twice):
        print(f"**{title}**\n\n{markdown(table)}\n")
    if len(sys.argv) > 1:
        figures(simulated, Path(sys.argv[1]))
