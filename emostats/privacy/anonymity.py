"""How many children look alike: k-anonymity, l-diversity, t-closeness, and the risk of being recognised.

k-anonymity: L. Sweeney (2002), Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 10:557–570.
l-diversity, distinct and entropy: A. Machanavajjhala et al. (2007), ACM TKDD 1(1):3. t-closeness, with the
distances for ordered and unordered values: N. Li, T. Li & S. Venkatasubramanian (2007), ICDE, section 4.
Prosecutor, journalist and marketer risk: K. El Emam & F. K. Dankar (2008), JAMIA 15:627–637.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean

MISSING = "(missing)"


@dataclass(frozen=True)
class SmallClass:
    """Children who share all values: the values by quasi-identifier, and how many they are."""

    values: Mapping[str, str]
    n: int


@dataclass(frozen=True)
class Step:
    """k and the number of children who are alone, with one more quasi-identifier known."""

    added: str
    k: int
    alone: int
    classes: int


@dataclass(frozen=True)
class Diversity:
    """How much a sensitive variable varies within the classes.

    Attributes
    ----------
    distinct: the fewest different values in a class. entropy: the smallest exp(Shannon entropy) of a class;
    1 means that all of a class have the same value. closeness: the largest distance (0–1) between the
    distribution in a class and in all.
    """

    variable: str
    distinct: int
    entropy: float
    closeness: float


@dataclass(frozen=True)
class Risk:
    """Chance (0–1) that a child is recognised.

    Attributes
    ----------
    prosecutor: highest, for someone who knows the child is in the study: 1/k.
    prosecutor_mean: the mean over all children (the marketer's risk).
    journalist: highest, for someone who does not know who is in the study but has a register of the
    population; None where the population is unknown. Then the prosecutor's is its upper bound.
    """

    prosecutor: float
    prosecutor_mean: float
    journalist: float | None = None


@dataclass(frozen=True)
class Anonymity:
    """Children and the groups in which they look alike by the quasi-identifiers."""

    quasi: tuple[str, ...]
    n: int
    k: int
    classes: int
    steps: tuple[Step, ...]
    smallest: tuple[SmallClass, ...]
    risk: Risk
    diversity: tuple[Diversity, ...] = ()


def anonymity(
    children: pd.DataFrame,
    quasi: Sequence[str],
    *,
    sensitive: Sequence[str] = (),
    population: Mapping[tuple[str, ...], int] | None = None,
    n_smallest: int = 10,
) -> Anonymity:
    """How alike children look.

    Parameters
    ----------
    children: one row a child. quasi: columns that an outsider may know, in the order in which they are added.
    sensitive: columns whose values should not be guessed from the quasi-identifiers.
    population: values of the quasi-identifiers → how many there are in the population.
    n_smallest: how many of the smallest classes are listed.

    A missing value is a value like any other: outsiders may know that it is missing.

    Raises
    ------
    UsageError: a column does not exist, there are no children, or no quasi-identifier is given.
    """
    _check(children, [*quasi, *sensitive])
    if children.empty or not quasi:
        raise UsageError("expected at least one child and one quasi-identifier, such as SEX.")
    known = pd.DataFrame({name: _texts(children[name]) for name in quasi})
    steps = tuple(_step(known, list(quasi[: i + 1])) for i in range(len(quasi)))
    sizes = known.groupby(list(quasi), sort=True).size().sort_values(kind="stable")
    labels = known.groupby(list(quasi), sort=True).ngroup().to_numpy()
    smallest = tuple(
        SmallClass(dict(zip(quasi, _key(key), strict=True)), int(n))
        for key, n in sizes.head(n_smallest).items()
    )
    k = int(sizes.iloc[0])
    return Anonymity(
        quasi=tuple(quasi),
        n=len(known),
        k=k,
        classes=len(sizes),
        steps=steps,
        smallest=smallest,
        risk=Risk(1 / k, len(sizes) / len(known), _journalist(sizes, population)),
        diversity=tuple(_diversity(children[name], labels) for name in sensitive),
    )


def _check(children: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in children:
            raise UsageError(
                f"there is no variable '{name}'. {did_you_mean(name, map(str, children.columns))}"
            )


def _texts(values: pd.Series) -> pd.Series:
    return values.astype(object).where(values.notna(), MISSING).map(_shown)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _key(key: object) -> tuple[str, ...]:
    return tuple(map(str, key)) if isinstance(key, tuple) else (str(key),)


def _step(known: pd.DataFrame, names: list[str]) -> Step:
    sizes = known.groupby(names).size()
    return Step(names[-1], int(sizes.min()), int((sizes == 1).sum()), len(sizes))


def _journalist(sizes: pd.Series, population: Mapping[tuple[str, ...], int] | None) -> float | None:
    """The highest 1/F over classes of the study, with F the class's size in the population."""
    if population is None:
        return None
    known = [max(population.get(_key(key), 0), int(n)) for key, n in sizes.items()]
    return 1 / min(known)


def _diversity(values: pd.Series, labels: NDArray[np.integer]) -> Diversity:
    codes, different = pd.factorize(_texts(values), sort=False)
    counts = np.zeros((labels.max() + 1, len(different)))
    np.add.at(counts, (labels, codes), 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return Diversity(
        variable=str(values.name),
        distinct=int((counts > 0).sum(axis=1).min()),
        entropy=float(np.exp(-(shares * logs).sum(axis=1)).min()),
        closeness=_closeness(shares, counts.sum(axis=0) / counts.sum(), values, different),
    )


def _closeness(
    shares: NDArray[np.float64], overall: NDArray[np.float64], values: pd.Series, different: pd.Index
) -> float:
    """Largest earth mover's distance: by rank for ordered values, total variation for others."""
    apart = shares - overall
    order = _order(values, different)
    if order is None or len(different) < 2:
        return float(np.abs(apart).sum(axis=1).max() / 2)
    return float(np.abs(np.cumsum(apart[:, order], axis=1)).sum(axis=1).max() / (len(different) - 1))


def _order(values: pd.Series, different: pd.Index) -> list[int] | None:
    """Positions of the values in rising order, None where they have none or some are missing."""
    if MISSING in different:
        return None
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
        rank = {str(level): i for i, level in enumerate(values.cat.categories)}
        return sorted(range(len(different)), key=lambda i: rank[str(different[i])])
    if pd.api.types.is_numeric_dtype(values):
        return sorted(range(len(different)), key=lambda i: float(str(different[i])))
    return None
