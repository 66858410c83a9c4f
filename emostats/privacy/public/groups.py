"""Groups of children, named alike whichever table counts them: a status and attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

from emostats.study.spec import StudySpec

Who = frozenset[tuple[str, str]]
"""Attributes that all children of a group share: pairs of factor and shown level. Empty: all children."""

EVERYONE: Who = frozenset()


@dataclass(frozen=True)
class Group:
    """Children of a status, e.g. ``("answered", "Week 4")``, with some attributes."""

    status: tuple[str, ...]
    who: Who = EVERYONE

    @property
    def factors(self) -> frozenset[str]:
        """Names of the attributes."""
        return frozenset(factor for factor, _ in self.who)

    @property
    def possible(self) -> bool:
        """Whether a child can be in it: nobody has two levels of one factor."""
        return len(self.factors) == len(self.who)

    def of(self, *status: str) -> Group:
        """The group with the same attributes and another status."""
        return Group(status, self.who)


def pairs(factors: Iterable[str], levels: Iterable[str]) -> Who:
    """Attributes from names and levels side by side."""
    return frozenset(zip(factors, levels, strict=True))


@dataclass(frozen=True)
class Levels:
    """How the shown labels of subgroups (``"Boys, 1–6"``) are made of factors and levels."""

    factors: tuple[str, ...]
    known: Mapping[tuple[str, ...], Mapping[str, Who]] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: StudySpec) -> Levels:
        """The subgroup factors of a study, and every label that its study file can make."""
        factors = spec.subgroups.factors
        alone = {factor: _shown(spec, factor) for factor in {*factors, *spec.subjects.labels}}
        sets = {factors, *((factor,) for factor in alone)}
        known = {
            names: {
                ", ".join(levels): pairs(names, levels)
                for levels in product(*(alone[name] for name in names))
            }
            for names in sets
            if names
        }
        return cls(factors, known)

    def who(self, label: str, factors: tuple[str, ...] | None = None) -> Who:
        """The attributes that a label stands for; `factors` are the study's subgroup factors if not given.

        A label that cannot be taken apart is a level of one factor of its own.
        """
        names = self.factors if factors is None else factors
        if not label:
            return EVERYONE
        if label in self.known.get(names, {}):
            return self.known[names][label]
        parts = label.split(", ")
        return pairs(names, parts) if len(parts) == len(names) else frozenset({(":".join(names), label)})


def _shown(spec: StudySpec, factor: str) -> tuple[str, ...]:
    if factor == "AGEBAND":
        return tuple(band.label for band in spec.age_bands)
    codes = spec.subjects.levels.get(factor) or tuple(spec.subjects.labels.get(factor, {}))
    return tuple(spec.level_label(factor, code) for code in codes)
