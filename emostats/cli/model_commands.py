"""mmrm and icc: one question to one table, without a study file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emostats.cli.console import put, put_json, say
from emostats.cli.options import JsonOption

if TYPE_CHECKING:
    from emostats.statistics.mmrm import MMRMFit

TableArgument = Annotated[
    Path, typer.Argument(help="A .csv, .tsv or .xlsx file, column names in its first row.")
]
SheetOption = Annotated[str | None, typer.Option(help="Sheet of a workbook; by default the first.")]
LevelOption = Annotated[float, typer.Option("--conf-level", help="Level of the intervals, between 0 and 1.")]


def mmrm_command(
    table: TableArgument,
    formula: Annotated[
        str, typer.Argument(help="R-like, with one covariance term, e.g. us(AVISIT | USUBJID).")
    ],
    df: Annotated[
        str,
        typer.Option(
            "--df",
            help="satterthwaite, kenward-roger (or -linear, -r), between-within, residual.",
        ),
    ] = "satterthwaite",
    emmeans: Annotated[
        list[str] | None, typer.Option("--emmeans", help="LS means of these factors, e.g. 'ARMCD | AVISIT'.")
    ] = None,
    contrasts: Annotated[
        str | None, typer.Option("--contrasts", help="Contrasts of the LS means: pairwise, trt.vs.ctrl, …")
    ] = None,
    adjust: Annotated[
        str,
        typer.Option("--adjust", help="Adjustment within a family of contrasts: none, holm, tukey, mvt, …"),
    ] = "none",
    ml: Annotated[bool, typer.Option("--ml", help="Maximum likelihood instead of REML.")] = False,
    vcov: Annotated[
        str, typer.Option(help="asymptotic, empirical, empirical-bias-reduced, empirical-jackknife.")
    ] = "asymptotic",
    weights: Annotated[str | None, typer.Option(help="Column of positive weights.")] = None,
    conf_level: LevelOption = 0.95,
    sheet: SheetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a mixed model for repeated measures to one table.

    **Example:** `emostats mmrm fev.csv "FEV1 ~ RACE + SEX + ARMCD*AVISIT + us(AVISIT | USUBJID)"
    --df kenward-roger-linear --emmeans "ARMCD | AVISIT" --contrasts pairwise`
    """
    from emostats.cli.one_table import read_table
    from emostats.statistics.mmrm import mmrm

    data = read_table(table, sheet)
    with _warnings_said():
        fit = mmrm(
            formula,
            data,
            reml=not ml,
            weights=weights,
            df_method=df,
            vcov=vcov,
            conf_level=conf_level,
        )
        tables = {"Coefficients": fit.coefficients(), "Type III tests": fit.anova()}
        tables |= _means(fit, emmeans or [], contrasts, adjust)
    if as_json:
        put_json({"fit": _facts(fit), "tables": tables})
    else:
        _print(fit, tables)


def _means(fit: MMRMFit, specs: list[str], contrasts: str | None, adjust: str) -> dict[str, Any]:
    tables = {}
    for spec in specs:
        means = fit.emmeans(spec)
        tables[f"LS means of {spec}"] = means.table()
        if contrasts:
            title = f"Contrasts of {spec} ({contrasts}, adjustment: {adjust})"
            tables[title] = means.contrasts(contrasts, adjust=adjust).table()
    return tables


def _facts(fit: MMRMFit) -> dict[str, Any]:
    return {
        "formula": fit.formula,
        "covariance": fit.structure,
        "reml": fit.reml,
        "df_method": fit.settings.df_method,
        "vcov": fit.settings.vcov,
        "conf_level": fit.settings.conf_level,
        "n_subjects": fit.n_subjects,
        "n_observations": fit.n_observations,
        "loglik": fit.loglik,
        "aic": fit.aic,
        "bic": fit.bic,
        "iterations": fit.convergence.iterations,
        "converged": fit.convergence.converged,
        "covariance_parameters": {str(name): value for name, value in fit.theta.items()},
    }


def _print(fit: MMRMFit, tables: dict[str, Any]) -> None:
    from emostats.cli.print_table import show_table
    from emostats.render import rounding

    likelihood = "REML" if fit.reml else "ML"
    put(f"{fit.formula}")
    put(
        f"{likelihood}, {fit.structure} covariance, {fit.settings.df_method}; {fit.n_subjects} subjects, "
        f"{fit.n_observations} observations; log-likelihood {rounding.fixed(fit.loglik, 3)}, "
        f"AIC {rounding.fixed(fit.aic, 3)}, BIC {rounding.fixed(fit.bic, 3)}"
    )
    for title, table in tables.items():
        put("")
        show_table(table, title, {"statistic": "F"} if "num_df" in table else None)


def icc_command(
    table: TableArgument,
    targets: Annotated[
        str | None, typer.Option(help="Column that says who or what was rated (long table).")
    ] = None,
    raters: Annotated[str | None, typer.Option(help="Column that says who rated (long table).")] = None,
    ratings: Annotated[str | None, typer.Option(help="Column of the ratings (long table).")] = None,
    columns: Annotated[
        str | None, typer.Option(help="Wide table: the raters' columns, e.g. 'judge1,judge2,judge3'.")
    ] = None,
    interval: Annotated[
        str, typer.Option(help="auto, anova, generalized, profile, bootstrap, bca, parametric.")
    ] = "auto",
    conf_level: LevelOption = 0.95,
    sheet: SheetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Intraclass correlations of ratings: all six forms, with intervals.

    **Examples:** `emostats icc ratings.csv --targets clip --raters rater --ratings score`, or with one
    column a rater `emostats icc judges.csv --columns judge1,judge2,judge3,judge4`
    """
    from emostats.cli.one_table import read_table
    from emostats.statistics.agreement import icc

    data = read_table(table, sheet)
    options: dict[str, Any] = {"interval": interval, "conf_level": conf_level}
    with _warnings_said():
        if columns:
            result = icc(_wide(data, columns), **options)
        else:
            result = icc(data, **_long(data, targets=targets, raters=raters, ratings=ratings), **options)
    if as_json:
        sizes = {name: getattr(result, name) for name in ("n_targets", "n_raters", "n_ratings", "complete")}
        put_json({**sizes, "conf_level": conf_level, "table": result.table()})
        return
    from emostats.cli.print_table import show_table
    from emostats.render import rounding

    put(f"{result.n_targets} targets, {result.n_raters} raters, {result.n_ratings} ratings")
    for note in result.notes:
        say(note)
    put("")
    title = f"Intraclass correlation, {rounding.confidence_level(conf_level)} intervals"
    show_table(result.table()[_ICC_COLUMNS], title, {"statistic": "F"})


_ICC_COLUMNS = [
    "form", "alias", "estimate", "conf_low", "conf_high", "statistic", "num_df", "den_df", "p_value",
    "method",
]  # fmt: skip


def _wide(data: Any, columns: str) -> Any:
    from emostats.errors import UsageError, did_you_mean

    wanted = [name.strip() for name in columns.split(",") if name.strip()]
    for name in wanted:
        if name not in data:
            raise UsageError(f"the table has no column '{name}'. {did_you_mean(name, data.columns)}")
    return data[wanted]


def _long(data: Any, **columns: str | None) -> dict[str, Any]:
    from emostats.errors import UsageError

    missing = [f"--{name}" for name, column in columns.items() if column is None]
    if missing:
        raise UsageError(
            f"say which columns to use with {', '.join(missing)}, or for one column a rater with --columns. "
            f"The table has: {', '.join(map(str, data.columns))}."
        )
    return {name: column for name, column in columns.items() if column is not None}


@contextmanager
def _warnings_said() -> Iterator[None]:
    """Warnings become messages on standard error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(str(item.message) for item in caught):
        say(f"Note: {text}", "yellow")
