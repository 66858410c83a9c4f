"""ICC by subgroup: each level's coefficient, differences between levels, and the mean over domains.

Differences and means have bootstrap limits: targets are resampled within their level, the raters stay as they
are. A level that cannot be analysed keeps its row, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from emostats.errors import EmostatsError, UsageError, check_level, did_you_mean
from emostats.statistics.agreement.bands import interpretation
from emostats.statistics.agreement.engine import Array
from emostats.statistics.agreement.forms import FAMILIES, Form, find_form, spearman_brown
from emostats.statistics.agreement.icc import icc
from emostats.statistics.agreement.resample import percentile_limits, target_counts
from emostats.statistics.agreement.result import ICCResult

if TYPE_CHECKING:
    from emostats.statistics.agreement.drawing import Level

ALL = ""
"""The level of all targets together."""


@dataclass(frozen=True)
class SubgroupICC:
    """ICCs by domain and level.

    Attributes
    ----------
    form: the form reported. subgroup: factor names joined by ':'. conf_level, n_resamples, seed: of the
        limits.
    results: by (domain, level); the level '' is all targets. failures: the reason, for those that have no
        result.
    """

    form: Form
    subgroup: str
    domains: tuple[str, ...]
    levels: tuple[str, ...]
    conf_level: float
    n_resamples: int
    seed: int
    results: Mapping[tuple[str, str], ICCResult] = field(repr=False)
    failures: Mapping[tuple[str, str], str] = field(repr=False)

    def table(self) -> pd.DataFrame:
        """One row a domain and level: the ICC's row, sizes, and `interpretation` of its limits."""
        return pd.DataFrame(
            [self._row(domain, level) for domain in self.domains for level in (ALL, *self.levels)]
        )

    def _row(self, domain: str, level: str) -> dict[str, Any]:
        head = {"domain": domain, "subgroup": self.subgroup if level else "", "level": level}
        found = self.results.get((domain, level))
        if found is None:
            reason = self.failures.get((domain, level), "no ratings")
            return {
                **dict.fromkeys(_ROW_COLUMNS, np.nan),
                **head,
                "form": self.form.name,
                **_NOTHING,
                "error": reason,
            }
        row = asdict(found.row(self.form.name))
        sizes = {name: getattr(found, name) for name in ("n_targets", "n_raters", "n_ratings")}
        words = {"interpretation": interpretation(row["conf_low"], row["conf_high"]), "error": ""}
        return {name: {**head, **sizes, **row, **words}[name] for name in _ROW_COLUMNS}

    def differences(self) -> pd.DataFrame:
        """Differences of the ICC between all pairs of levels, by domain.

        Columns domain, subgroup, contrast, estimate, std_error, conf_low, conf_high, method, reason.
        """
        rows = []
        for domain in self.domains:
            for a, b in combinations(self.levels, 2):
                rows.append({"domain": domain, "subgroup": self.subgroup, "contrast": f"{a} − {b}",
                             **self._difference(domain, a, b)})  # fmt: skip
        return pd.DataFrame(rows, columns=["domain", "subgroup", "contrast", *_ESTIMATE_COLUMNS])

    def _difference(self, domain: str, a: str, b: str) -> dict[str, Any]:
        pair = [self.results.get((domain, level)) for level in (a, b)]
        if pair[0] is None or pair[1] is None:
            return _estimate(float("nan"), np.empty(0), self, "a level has no result")
        value = pair[0].row(self.form.name).estimate - pair[1].row(self.form.name).estimate
        draws = self._draws([(domain, a)])[0] - self._draws([(domain, b)])[0]
        return _estimate(value, draws, self, "")

    def pooled(self) -> pd.DataFrame:
        """Mean of the domains' ICCs for all targets and each level; targets are resampled once for all
        domains.

        Columns subgroup, level, form, n_domains, estimate, std_error, conf_low, conf_high, method, reason.
        """
        rows = []
        for level in (ALL, *self.levels):
            keys = [(domain, level) for domain in self.domains if (domain, level) in self.results]
            head = {"subgroup": self.subgroup if level else "", "level": level, "form": self.form.name}
            lost = "" if len(keys) == len(self.domains) else "a domain has no result here and is left out"
            values = [self.results[key].row(self.form.name).estimate for key in keys]
            draws = np.mean(self._draws(keys), axis=0) if keys else np.empty(0)
            mean = float(np.mean(values)) if values else float("nan")
            rows.append({**head, "n_domains": len(keys), **_estimate(mean, draws, self, lost)})
        return pd.DataFrame(rows)

    def plot(self, *, id: str = "icc-subgroups", note: str = "", width: float = 720.0) -> str:
        """A forest of the form by domain and level, as SVG."""
        from emostats.statistics.agreement import drawing

        sections = {
            domain: [self._drawn(domain, level) for level in (ALL, *self.levels)] for domain in self.domains
        }
        place, factors = drawing.Place(id, note, width), self.subgroup.replace(":", " and ")
        return drawing.level_forest(sections, self.form.name, factors, self.conf_level, place)

    def _drawn(self, domain: str, level: str) -> Level:
        from emostats.statistics.agreement.drawing import Level

        found, label = self.results.get((domain, level)), level or "All"
        if found is None:
            return Level(label, None, reason=self.failures.get((domain, level), "no ratings"))
        return Level(label, found.row(self.form.name), found.n_targets, overall=level == ALL)

    def _draws(self, keys: Sequence[tuple[str, str]]) -> list[Array]:
        """Bootstrap draws of several domains of one level, from the same resamples of its targets."""
        tables = [self.results[key].ratings for key in keys]
        labels = list(dict.fromkeys(label for table in tables for label in table.targets))
        place = {label: i for i, label in enumerate(labels)}
        level = keys[0][1]
        block = min(self.results[key].engine.block for key in keys)
        stream = [self.seed, (ALL, *self.levels).index(level)]
        draws = []
        for key, table in zip(keys, tables, strict=True):
            columns = np.array([place[label] for label in table.targets])
            counts = target_counts(len(labels), self.n_resamples, np.random.default_rng(stream), block)
            singles = self.results[key].engine.draws(block[:, columns] for block in counts)
            single = singles[:, FAMILIES.index(self.form.key)]
            draws.append(spearman_brown(single, table.n_raters) if self.form.average else single)
        return draws


_ROW_COLUMNS = (
    "domain", "subgroup", "level", "form", "n_targets", "n_raters", "n_ratings", "estimate", "conf_low",
    "conf_high", "customary_low", "customary_high", "method", "interpretation", "reason", "error",
)  # fmt: skip
_NOTHING: Mapping[str, Any] = {
    "n_targets": 0, "n_raters": 0, "n_ratings": 0, "method": "", "interpretation": "not determined",
    "reason": "",
}  # fmt: skip
_ESTIMATE_COLUMNS = ("estimate", "std_error", "conf_low", "conf_high", "method", "reason")


def _estimate(value: float, draws: Array, result: SubgroupICC, reason: str) -> dict[str, Any]:
    low, high = percentile_limits(draws, result.conf_level)
    defined = draws[~np.isnan(draws)]
    error = float(defined.std(ddof=1)) if defined.size > 1 else float("nan")
    lost = f"{draws.size - defined.size} undefined resamples left out" if defined.size < draws.size else ""
    method = (
        f"bootstrap of targets within levels, percentile, {result.n_resamples} resamples, seed {result.seed}"
    )
    return {"estimate": value, "std_error": error, "conf_low": low, "conf_high": high, "method": method,
            "reason": "; ".join(part for part in (reason, lost) if part)}  # fmt: skip


def icc_by_subgroup(
    data: pd.DataFrame,
    *,
    targets: str,
    raters: str,
    ratings: str,
    by: str | Sequence[str],
    domains: str | None = None,
    form: str = "ICC(A,1)",
    interval: str = "auto",
    conf_level: float = 0.95,
    n_resamples: int = 9999,
    seed: int = 0,
) -> SubgroupICC:
    """One form of the ICC for all targets and for each level of `by`.

    Parameters
    ----------
    data: one row a rating. targets, raters, ratings: its columns.
    by: factor column(s), constant within a target; levels of several factors are crossed ("M, 1–6").
    domains: column of the rated domain (rhythm, emotion …); each is analysed by itself. None: one domain.
    form, interval, conf_level: as in `icc`. n_resamples, seed: for differences and means over domains.

    Raises
    ------
    UsageError: an unknown column or form. FindingsError: as in `icc`, when all targets together cannot be
        read.
    """
    check_level(conf_level)
    chosen = find_form(form)
    factors = [by] if isinstance(by, str) else list(by)
    for name in [*factors, *([domains] if domains else [])]:
        if name not in data.columns:
            raise UsageError(f"No column '{name}'. {did_you_mean(name, map(str, data.columns))}")
    options: dict[str, Any] = {"targets": targets, "raters": raters, "ratings": ratings, "interval": interval,
               "conf_level": conf_level, "n_resamples": n_resamples, "seed": seed}  # fmt: skip
    results: dict[tuple[str, str], ICCResult] = {}
    failures: dict[tuple[str, str], str] = {}
    parts = dict(_parts(data, domains))
    for domain, part in parts.items():
        results[domain, ALL] = icc(part, **options)
        for level, rows in _levels(part, factors):
            try:
                results[domain, level] = icc(rows, **options)
            except EmostatsError as error:
                failures[domain, level] = str(error)
    levels = tuple(level for level, _ in _levels(data, factors))
    name = ":".join(factors)
    return SubgroupICC(chosen, name, tuple(parts), levels, conf_level, n_resamples, seed, results, failures)


def _parts(data: pd.DataFrame, domains: str | None) -> Iterator[tuple[str, pd.DataFrame]]:
    if domains is None:
        yield "", data
        return
    for domain, part in data.groupby(domains, sort=False, observed=True):
        yield str(domain), part


def _levels(part: pd.DataFrame, factors: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Levels in sorted (or category) order; levels without ratings come too, so that they keep a row."""
    for key, rows in part.groupby(list(factors), sort=True, observed=False):
        yield ", ".join(map(str, key if isinstance(key, tuple) else (key,))), rows
