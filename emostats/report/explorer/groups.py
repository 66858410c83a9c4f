"""Groups of children as the explorer knows them: the levels of factors, told from the names in estimates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from emostats.estimates import Estimate
from emostats.report.context import Context
from emostats.report.model import ExplorerFactor
from emostats.report.wording import capital

Levels = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Group:
    """Some of the children: a level of a division, e.g. ``("SEX:AGEBAND", "Boys, 1–6")``; both ``""``: all.

    levels: index of the level of each of the study's factors, None for a factor that does not divide here.
    """

    subgroup: str
    level: str
    levels: tuple[int | None, ...]


def factors_of(context: Context, rows: Sequence[Estimate]) -> tuple[ExplorerFactor, ...]:
    """The factors with the levels that estimates have; the finest division is the one to begin with."""
    levels: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: row.subgroup.count(":")):  # single factors tell their levels best
        for name, level in _parts(row.subgroup, row.level, levels):
            known = levels.setdefault(name, [])
            if level not in known:
                known.append(level)
    finest = max((row.subgroup for row in rows), key=lambda name: (bool(name), name.count(":")), default="")
    return tuple(
        ExplorerFactor(name, capital(context.factor(name)), tuple(found), divides=name in finest.split(":"))
        for name, found in levels.items()
    )


def groups_of(rows: Iterable[Estimate], factors: Sequence[ExplorerFactor]) -> tuple[Group, ...]:
    """All children first, then the groups in the order of the run."""
    places = dict.fromkeys([("", ""), *((row.subgroup, row.level) for row in rows)])
    levels = {factor.name: factor.levels for factor in factors}
    found = []
    for subgroup, level in places:
        at = {name: levels[name].index(text) for name, text in _parts(subgroup, level, levels)}
        if at or not subgroup:
            found.append(Group(subgroup, level, tuple(at.get(factor.name) for factor in factors)))
    return tuple(found)


def _parts(subgroup: str, level: str, known: Levels) -> tuple[tuple[str, str], ...]:
    """``("SEX:AGEBAND", "Boys, 1–6")`` → ``(("SEX", "Boys"), ("AGEBAND", "1–6"))``; () if nothing tells."""
    names = subgroup.split(":") if subgroup else []
    if len(names) < 2:
        return tuple((name, level) for name in names)
    for combination in product(*(known.get(name, ()) for name in names)):
        if ", ".join(combination) == level:
            return tuple(zip(names, combination, strict=True))
    texts = level.split(", ")
    return tuple(zip(names, texts, strict=True)) if len(texts) == len(names) else ()


def sides(groups: Sequence[Group]) -> dict[tuple[str, str], tuple[int, int]]:
    """Division and name of a comparison (``"Boys − Girls"``) → the positions of its two groups."""
    named = {}
    for (i, first), (j, second) in combinations(enumerate(groups), 2):
        if first.subgroup == second.subgroup:
            for a, b, pair in ((first.level, second.level, (i, j)), (second.level, first.level, (j, i))):
                named[first.subgroup, f"{a} − {b}"] = pair
                named[first.subgroup, f"({a}) − ({b})"] = pair
    return named
