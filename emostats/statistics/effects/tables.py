"""Tables of effects as a study reports them: each with its analytic and its bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from emostats.errors import EmostatsError, UsageError, did_you_mean
from emostats.statistics.effects.dominance import cliff_delta, cliff_delta_paired
from emostats.statistics.effects.effect import EFFECT_COLUMNS, Effect, check_level, failed
from emostats.statistics.effects.noncentral import small_sample_factor
from emostats.statistics.effects.paired import (
    common_language_paired,
    d_av,
    d_rm,
    d_z,
    glass_pre,
    mean_change,
)
from emostats.statistics.effects.percent_change import percent_change
from emostats.statistics.effects.responders import responders
from emostats.statistics.effects.statistics_of_change import GROUP_STATISTICS, PAIRED_STATISTICS, response
from emostats.statistics.effects.two_groups import (
    cohen_d,
    common_language,
    d_unpooled,
    glass_delta,
    hedges_g,
    mean_difference,
)
from emostats.statistics.resampling import NAMED, BootstrapResult, bootstrap

BOOTSTRAP_COLUMNS = ("boot_std_error", "boot_low", "boot_high", "boot_method", "boot_failed")
TABLE_COLUMNS: tuple[str, ...] = (*EFFECT_COLUMNS[:-1], *BOOTSTRAP_COLUMNS, "error")


@dataclass(frozen=True)
class Resampling:
    """How the bootstrap intervals of a table are made; see `emostats.bootstrap`."""

    seed: Any
    n_resamples: int = 9999
    method: str = "bca"
    unit: str | Sequence[str] | None = None
    strata: str | Sequence[str] | None = None
    n_jobs: int | None = None


Transform = Callable[[float], float]


def _same(value: float) -> float:
    return value


def pre_post_effects(
    data: pd.DataFrame,
    *,
    pre: str,
    post: str,
    mic: float | None = None,
    higher_is_better: bool = True,
    conf_level: float = 0.95,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Every pre/post effect of one group, one row each.

    mean_change, percent_change (ratio of means: Fieller, delta), d_z, d_z_corrected (Hedges), d_av, d_av_rms,
        d_rm,
    glass_pre, common_language, cliff_delta (within subjects), and responders where `mic` is given.

    Parameters
    ----------
    data: one row a subject; `pre` and `post` name its columns. Incomplete pairs are left out (`n` says how
        many count).
    mic: minimal important change in points. higher_is_better: the direction of improvement for responders.
    resampling: adds bootstrap intervals, all from the same resamples; None leaves those columns empty.

    Returns
    -------
    DataFrame with `TABLE_COLUMNS`. An effect that cannot be computed keeps its row, with the reason in
    `error`.

    Raises
    ------
    UsageError: unknown columns or options.
    """
    check_level(conf_level)
    _columns(data, (pre, post))
    a, b = _numbers(data, pre), _numbers(data, post)
    n = int((np.isfinite(a) & np.isfinite(b)).sum())
    effects = [_attempt(*item, a, b, conf_level, n) for item in _PAIRED]
    statistics: dict[str, Any] = dict(PAIRED_STATISTICS)
    if mic is not None:
        effects.append(responders(a, b, mic=mic, higher_is_better=higher_is_better, conf_level=conf_level))
        statistics["responders"] = response(mic, higher_is_better)
    boots = _paired_bootstrap(data, pre, post, statistics, effects, n, conf_level, resampling)
    return _frame(effects, boots)


def two_group_effects(
    data: pd.DataFrame,
    *,
    value: str,
    group: str,
    reference: object,
    conf_level: float = 0.95,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Every effect of two independent groups, the other group minus `reference`, one row each.

    mean_difference (Welch), cohen_d, hedges_g, glass_delta (SD of the reference), d_unpooled (Bonett),
    common_language, cliff_delta. Units are resampled within groups. Parameters and result as in
    `pre_post_effects`.

    Raises
    ------
    UsageError: unknown columns, or not exactly two groups.
    """
    check_level(conf_level)
    _columns(data, (value, group))
    levels = [level for level in pd.unique(data[group]) if pd.notna(level)]
    if len(levels) != 2 or reference not in levels:
        raise UsageError(
            f"'{group}' must hold two groups, one of them the reference {reference!r}; found {levels[:5]}."
        )
    other = next(level for level in levels if level != reference)
    numbers = _numbers(data, value)
    in_group = data[group].to_numpy()
    x, y = numbers[in_group == other], numbers[in_group == reference]
    n = int(np.isfinite(x).sum() + np.isfinite(y).sum())
    effects = [_attempt(*item, x, y, conf_level, n) for item in _GROUPS]
    boots = _group_bootstrap(data, value, group, (reference, other), effects, conf_level, resampling)
    return _frame(effects, boots)


def pairs_from_long(
    data: pd.DataFrame,
    *,
    subject: str,
    visit: str,
    value: str,
    pre: object,
    post: object,
    keep: Sequence[str] = (),
) -> pd.DataFrame:
    """One row a subject with columns "pre" and "post", from one row a subject × visit.

    `keep`: further columns, constant within a subject (strata, family), to carry along.

    Raises
    ------
    UsageError: unknown columns or visits, or a subject with two values at a visit.
    """
    _columns(data, (subject, visit, value, *keep))
    for wanted in (pre, post):
        if not (data[visit] == wanted).any():
            raise UsageError(
                f"There is no visit {wanted!r}. {did_you_mean(str(wanted), data[visit].astype(str).unique())}"
            )
    rows = data[data[visit].isin([pre, post])]
    doubled = rows.duplicated([subject, visit])
    if doubled.any():
        first = rows.loc[doubled, [subject, visit]].iloc[0]
        raise UsageError(f"{int(doubled.sum())} subject × visit pairs occur twice, e.g. {tuple(first)}.")
    wide = rows.pivot(index=subject, columns=visit, values=value)
    table = pd.DataFrame({"pre": wide.get(pre), "post": wide.get(post)}).reset_index()
    if keep:
        table = table.merge(data[[subject, *keep]].drop_duplicates(subject), on=subject, how="left")
    return table


_PAIRED: tuple[tuple[str, str, Callable[..., Effect], dict[str, Any]], ...] = (
    ("mean_change", "Mean change", mean_change, {}),
    ("percent_change", "Percent change (ratio of means)", percent_change, {}),
    ("d_z", "d_z (SD of the changes; standardized response mean)", d_z, {}),
    ("d_z_corrected", "d_z, bias-corrected", d_z, {"corrected": True}),
    ("d_av", "d_av (mean of both SDs)", d_av, {}),
    ("d_av_rms", "d_av (mean of both variances)", d_av, {"average": "rms"}),
    ("d_rm", "d_rm (repeated measures)", d_rm, {}),
    ("glass_pre", "Glass' Δ (SD before)", glass_pre, {}),
    ("common_language", "Probability of improvement, normal", common_language_paired, {}),
    ("cliff_delta", "Cliff's δ (within subjects)", cliff_delta_paired, {}),
)

_GROUPS: tuple[tuple[str, str, Callable[..., Effect], dict[str, Any]], ...] = (
    ("mean_difference", "Difference of means", mean_difference, {}),
    ("cohen_d", "Cohen's d (pooled SD)", cohen_d, {}),
    ("hedges_g", "Hedges' g", hedges_g, {}),
    ("glass_delta", "Glass' Δ (SD of the control group)", glass_delta, {}),
    ("d_unpooled", "Standardized difference (mean of both variances)", d_unpooled, {}),
    ("common_language", "Probability of superiority, normal", common_language, {}),
    ("cliff_delta", "Cliff's δ", cliff_delta, {}),
)


def _attempt(
    name: str,
    label: str,
    function: Callable[..., Effect],
    options: Mapping[str, Any],
    first: np.ndarray,
    second: np.ndarray,
    conf_level: float,
    n: int,
) -> Effect:
    try:
        return replace(function(first, second, **options, conf_level=conf_level), name=name)
    except EmostatsError as error:
        return failed(name, label, error, conf_level, n)


def _paired_bootstrap(
    data: pd.DataFrame,
    pre: str,
    post: str,
    statistics: dict[str, Any],
    effects: Sequence[Effect],
    n: int,
    conf_level: float,
    resampling: Resampling | None,
) -> dict[str, dict[str, Any]]:
    if resampling is None:
        return {}
    found = {effect.name for effect in effects if not effect.error}
    wanted = {name: statistic for name, statistic in statistics.items() if name in found}
    boots = _boot(data, wanted, [pre, post], conf_level, resampling)
    if "d_z" in boots and n > 2:
        factor = small_sample_factor(n - 1)
        boots["d_z_corrected"] = _transformed(boots["d_z"], lambda d: factor * d)
        boots["common_language"] = _transformed(boots["d_z"], lambda d: float(ndtr(d)))
    return boots


def _group_bootstrap(
    data: pd.DataFrame,
    value: str,
    group: str,
    order: tuple[object, object],
    effects: Sequence[Effect],
    conf_level: float,
    resampling: Resampling | None,
) -> dict[str, dict[str, Any]]:
    if resampling is None:
        return {}
    ordered = data.assign(**{group: pd.Categorical(data[group], categories=list(order))})
    ordered = ordered[ordered[group].notna()]
    strata = [group, *_as_list(resampling.strata)]
    within = replace(resampling, strata=strata)
    found = {effect.name for effect in effects if not effect.error}
    by_name = {"mean_difference": NAMED["group_mean_difference"], "cliff_delta": NAMED["cliff_delta"]}
    statistics = {**by_name, **GROUP_STATISTICS}
    wanted = {name: statistic for name, statistic in statistics.items() if name in found}
    boots = _boot(ordered, wanted, [value, group], conf_level, within)
    n = int(ordered[value].notna().sum())
    if "cohen_d" in boots:
        factor = small_sample_factor(n - 2)
        boots["hedges_g"] = _transformed(boots["cohen_d"], lambda d: factor * d)
    if "d_unpooled" in boots:
        boots["common_language"] = _transformed(boots["d_unpooled"], lambda d: float(ndtr(d / np.sqrt(2))))
    return boots


def _boot(
    data: pd.DataFrame,
    wanted: dict[str, Any],
    columns: Sequence[str],
    conf_level: float,
    resampling: Resampling,
) -> dict[str, dict[str, Any]]:
    if not wanted:
        return {}
    result = _run(data, wanted, columns, conf_level, resampling)
    single = len(wanted) == 1
    return {name: _columns_of(result, None if single else name) for name in wanted}


def _run(
    data: pd.DataFrame,
    statistic: Any,
    columns: Sequence[str] | None,
    conf_level: float,
    resampling: Resampling,
) -> BootstrapResult:
    return bootstrap(
        data,
        statistic,
        unit=resampling.unit,
        strata=resampling.strata,
        n_resamples=resampling.n_resamples,
        method=resampling.method,  # type: ignore[arg-type]
        conf_level=conf_level,
        seed=resampling.seed,
        columns=columns,
        n_jobs=resampling.n_jobs,
    )


def _columns_of(result: BootstrapResult, name: str | None) -> dict[str, Any]:
    def of(field: Any) -> Any:
        return field if name is None else field[name]

    return {
        "boot_std_error": of(result.std_error),
        "boot_low": of(result.conf_low),
        "boot_high": of(result.conf_high),
        "boot_method": of(result.method_used),
        "boot_failed": of(result.n_failed),
    }


def _transformed(boot: dict[str, Any], function: Transform) -> dict[str, Any]:
    """Limits of an increasing function of a statistic: percentile and BCa limits go along with it."""
    return {
        **boot,
        "boot_std_error": float("nan"),
        "boot_low": function(boot["boot_low"]),
        "boot_high": function(boot["boot_high"]),
    }


def _frame(effects: Sequence[Effect], boots: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    nothing = dict.fromkeys(BOOTSTRAP_COLUMNS, float("nan")) | {"boot_method": "", "boot_failed": 0}
    rows = [{**asdict(effect), **nothing, **boots.get(effect.name, {})} for effect in effects]
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))


def _columns(data: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in data.columns:
            raise UsageError(f"{name!r} is not a column of the data. {did_you_mean(name, data.columns)}")


def _numbers(data: pd.DataFrame, name: str) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(data[name]):
        raise UsageError(f"Column {name!r} must hold numbers; it holds {data[name].dtype} values.")
    return data[name].to_numpy(dtype=float, na_value=np.nan)


def _as_list(names: str | Sequence[str] | None) -> list[str]:
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)
