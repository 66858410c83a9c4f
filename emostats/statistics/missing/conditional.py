"""The normal distribution of a subject's missing outcomes given the observed ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.missing.events import Plan
from emostats.statistics.missing.layout import Codes, Layout
from emostats.statistics.missing.parameters import Parameters
from emostats.statistics.missing.strategies import profile_covariance, profile_mean

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """The missing outcomes in order: subject (C,) and visit (C,), subjects slowest."""

    subject: Codes
    visit: Codes

    @property
    def n(self) -> int:
        return len(self.subject)


def missing_cells(layout: Layout) -> Cells:
    """All missing outcomes of a layout."""
    subject, visit = np.nonzero(layout.missing)
    return Cells(subject, visit)


@dataclass(frozen=True, eq=False)
class _Kind:
    """Subjects that share strategy, arms, event and pattern, hence the covariance algebra."""

    members: Codes
    strategy: str
    reference: int
    group: int
    event: int
    missing: NDArray[np.bool_]


def _kinds(layout: Layout, plan: Plan) -> Iterator[_Kind]:
    missing, T = layout.missing, len(layout.visits)
    kinds: dict[tuple[str, int, int, int, bytes], list[int]] = {}
    for i in np.flatnonzero(missing.any(axis=1)):
        event = int(plan.visit[i])
        strategy = plan.strategy[i] if event < T else "MAR"
        key = (strategy, int(plan.reference[i]), int(layout.group[i]), event, missing[i].tobytes())
        kinds.setdefault(key, []).append(int(i))
    for (strategy, reference, group, event, _), members in kinds.items():
        yield _Kind(np.array(members), strategy, reference, group, event, missing[members[0]])


def profiles(layout: Layout, plan: Plan, parameters: Parameters) -> Float:
    """Means of all subjects at all visits after their strategy (B × n × T)."""
    own = np.asarray(np.einsum("ntk,bk->bnt", layout.X, parameters.beta, optimize=True))
    out = own.copy()
    for arm in np.unique(plan.reference):
        X, _ = layout.under(int(arm))
        rows = np.flatnonzero((plan.reference == arm) & (plan.visit < len(layout.visits)))
        reference = np.einsum("ntk,bk->bnt", X[rows], parameters.beta, optimize=True)
        for event in np.unique(plan.visit[rows]):
            for name in set(plan.strategy):
                here = np.flatnonzero(
                    (plan.visit[rows] == event) & np.array([plan.strategy[i] == name for i in rows])
                )
                if len(here):
                    mine = rows[here]
                    out[:, mine] = profile_mean(name, own[:, mine], reference[:, here], int(event))
    return out


def impute_cells(
    layout: Layout, plan: Plan, parameters: Parameters, cells: Cells, noise: Float | None
) -> Float:
    """Imputed values (B × C): conditional means, plus conditional noise made of `noise` (B × C) N(0, 1)."""
    mean = profiles(layout, plan, parameters)
    out = np.empty((len(parameters.beta), cells.n))
    number = np.full(layout.Y.shape, -1, dtype=np.intp)
    number[cells.subject, cells.visit] = np.arange(cells.n)
    groups = {int(arm): layout.under(int(arm))[1] for arm in np.unique(plan.reference)}
    for kind in _kinds(layout, plan):
        own = parameters.Sigma[:, kind.group]
        other = parameters.Sigma[:, int(groups[kind.reference][kind.members[0]])]
        Sigma = profile_covariance(kind.strategy, own, other, kind.event)
        m, o = np.flatnonzero(kind.missing), np.flatnonzero(~kind.missing)
        slope = np.linalg.solve(Sigma[:, o[:, None], o], Sigma[:, o[:, None], m])
        residual = layout.Y[kind.members][:, o] - mean[:, kind.members][:, :, o]
        values = mean[:, kind.members][:, :, m] + residual @ slope
        where = number[kind.members][:, m]
        if noise is not None:
            left = Sigma[:, m[:, None], m] - Sigma[:, m[:, None], o] @ slope
            root = np.linalg.cholesky(0.5 * (left + left.transpose(0, 2, 1)))
            values = values + noise[:, where] @ root.transpose(0, 2, 1)
        out[:, where] = values
    return out
