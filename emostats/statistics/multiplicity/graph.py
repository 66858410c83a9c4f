"""Graphical procedures: a testing strategy as data (Bretz, Maurer, Brannath & Posch, 2009).

Nodes are hypotheses with a share of alpha, edges say where the share goes when a hypothesis is rejected.
Holm, fixed-sequence, fallback and gatekeeping procedures are all graphs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from emostats.figures.canvas import Frame

FloatArray = npt.NDArray[np.float64]

_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Graph:
    """A weighted, directed graph of hypotheses.

    Attributes
    ----------
    hypotheses: (m) their names. weights: (m,) shares of alpha, at least 0, sum at most 1.
    transitions: (m, m) share of a rejected hypothesis' weight (row) that goes to another (column); zero
        diagonal, rows sum to at most 1.

    Raises
    ------
    UsageError: the numbers do not make such a graph.
    """

    hypotheses: tuple[str, ...]
    weights: FloatArray
    transitions: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "hypotheses", tuple(self.hypotheses))
        object.__setattr__(self, "weights", _frozen(self.weights))
        object.__setattr__(self, "transitions", _frozen(self.transitions))
        _check_graph(self)

    def reject(self, hypothesis: str) -> Graph:
        """The graph without a rejected hypothesis (Bretz et al., algorithm 1)."""
        if hypothesis not in self.hypotheses:
            raise UsageError(
                f"{hypothesis!r} is not in the graph. {did_you_mean(hypothesis, self.hypotheses)}"
            )
        j = self.hypotheses.index(hypothesis)
        weights, transitions = _without(self.weights, self.transitions, j)
        keep = np.arange(len(self.hypotheses)) != j
        names = tuple(name for name in self.hypotheses if name != hypothesis)
        return Graph(names, weights[keep], transitions[np.ix_(keep, keep)])

    def edges(self) -> pd.DataFrame:
        """One row an edge: source, target, weight."""
        rows = [
            (self.hypotheses[i], self.hypotheses[j], float(self.transitions[i, j]))
            for i, j in np.argwhere(self.transitions > 0)
        ]
        return pd.DataFrame(rows, columns=["source", "target", "weight"])

    def plot(self, frame: Frame, rejected: Sequence[str] = ()) -> str:
        """The graph as SVG (see `emostats.figures.multiplicity`)."""
        from emostats.figures.multiplicity import GraphEdge, GraphNode, graph_figure

        nodes = [
            GraphNode(name, share_text(float(weight)), name in rejected)
            for name, weight in zip(self.hypotheses, self.weights, strict=True)
        ]
        edges = [
            GraphEdge(int(i), int(j), share_text(float(self.transitions[i, j])))
            for i, j in np.argwhere(self.transitions > 0)
        ]
        return graph_figure(nodes, edges, frame)


def share_text(value: float) -> str:
    """A share as a plain fraction where it is one with a denominator up to 12, else with three digits."""
    fraction = Fraction(value).limit_denominator(12)
    return str(fraction) if abs(float(fraction) - value) < 1e-9 else f"{value:.3g}"


@dataclass(frozen=True, eq=False)
class GraphResult:
    """Outcome of a graphical procedure.

    `graph`: the one tested. `table`: hypothesis, weight, p_value, p_adjusted, rejected. `steps`: the
    rejections in order: step, hypothesis, p_value, level (its share of alpha then). `remaining`: the graph of
        the hypotheses not
    rejected.
    """

    graph: Graph
    table: pd.DataFrame
    steps: pd.DataFrame
    remaining: Graph

    def plot(self, frame: Frame) -> str:
        """The graph as SVG, its rejected hypotheses marked."""
        rejected = self.table.loc[self.table["rejected"], "hypothesis"]
        return self.graph.plot(frame, rejected=tuple(rejected))


def graph_from_edges(weights: Mapping[str, float], edges: Mapping[tuple[str, str], float]) -> Graph:
    """A graph from weights by hypothesis and transition shares by (source, target).

    Raises
    ------
    UsageError: an edge names a hypothesis without a weight, or the numbers make no graph.
    """
    names = tuple(weights)
    transitions = np.zeros((len(names), len(names)))
    for (source, target), share in edges.items():
        for name in (source, target):
            if name not in weights:
                raise UsageError(
                    f"The edge {source} → {target} names no hypothesis. {did_you_mean(name, names)}"
                )
        transitions[names.index(source), names.index(target)] = share
    return Graph(names, np.array(list(weights.values()), dtype=float), transitions)


def bonferroni_graph(hypotheses: Sequence[str]) -> Graph:
    """Equal shares that are not passed on."""
    m = len(hypotheses)
    return Graph(tuple(hypotheses), np.full(m, 1 / m), np.zeros((m, m)))


def holm_graph(hypotheses: Sequence[str]) -> Graph:
    """Equal shares, passed on equally: Holm's procedure."""
    m = len(hypotheses)
    transitions = np.full((m, m), 1 / max(m - 1, 1))
    np.fill_diagonal(transitions, 0.0)
    return Graph(tuple(hypotheses), np.full(m, 1 / m), transitions)


def fixed_sequence(hypotheses: Sequence[str]) -> Graph:
    """Each hypothesis at full alpha, in order, until one is not rejected."""
    return fallback(hypotheses, [1.0] + [0.0] * (len(hypotheses) - 1))


def fallback(hypotheses: Sequence[str], weights: Sequence[float]) -> Graph:
    """Shares in order; a rejected hypothesis passes its whole share to the next (Wiens, 2003)."""
    m = len(hypotheses)
    return Graph(tuple(hypotheses), np.asarray(weights, dtype=float), np.diag(np.ones(max(m - 1, 0)), k=1))


def run_graph(
    graph: Graph, p_values: Mapping[str, float] | npt.ArrayLike, *, alpha: float = 0.05
) -> GraphResult:
    """The sequentially rejective Bonferroni procedure of `graph` (Bretz et al., 2009, algorithms 1 and 2).

    Parameters
    ----------
    p_values: by hypothesis, or in their order. alpha: familywise level (0 to 1).

    Raises
    ------
    UsageError: missing, surplus or impossible p-values.
    """
    p = _p_values(graph, p_values)
    _check_alpha(alpha)
    order, levels, adjusted = _sequence(graph, p)
    rejected = adjusted <= alpha
    remaining = graph
    rows = []
    for step, j in enumerate([j for j in order if rejected[j]], start=1):
        name = graph.hypotheses[j]
        rows.append((step, name, p[j], alpha * levels[j]))
        remaining = remaining.reject(name)
    steps = pd.DataFrame(rows, columns=["step", "hypothesis", "p_value", "level"])
    return GraphResult(graph, _table(graph, p, adjusted, alpha), steps, remaining)


def closed_test(
    graph: Graph,
    p_values: Mapping[str, float] | npt.ArrayLike,
    *,
    alpha: float = 0.05,
    test: str = "bonferroni",
) -> pd.DataFrame:
    """The closed test that the graph's weights define, over all 2^m - 1 intersections.

    Parameters
    ----------
    test: of each intersection: ``"bonferroni"`` (the same answer as `run_graph`) or ``"simes"``, the weighted
        Simes test (Benjamini & Hochberg, 1997), more powerful and valid under positive dependence.

    Returns
    -------
    DataFrame: hypothesis, weight, p_value, p_adjusted, rejected.

    Raises
    ------
    UsageError: as `run_graph`; or more than 16 hypotheses.
    """
    p = _p_values(graph, p_values)
    _check_alpha(alpha)
    if test not in ("bonferroni", "simes"):
        raise UsageError(f"test={test!r} is unknown: 'bonferroni' or 'simes'.")
    m = len(p)
    if m > 16:
        raise UsageError(f"{m} hypotheses have {2**m - 1:,} intersections; at most 16 are tested this way.")
    adjusted = np.zeros(m)
    for members, weights in _intersections(graph):
        value = _intersection_p(p[members], weights, test)
        adjusted[members] = np.maximum(adjusted[members], value)
    return _table(graph, p, np.minimum(adjusted, 1.0), alpha)


def simultaneous_bounds(
    graph: Graph,
    estimate: npt.ArrayLike,
    std_error: npt.ArrayLike,
    *,
    alpha: float = 0.025,
    df: float = np.inf,
    margin: float = 0.0,
) -> pd.DataFrame:
    """One-sided simultaneous lower bounds that agree with the graphical tests (Strassburger & Bretz, 2008).

    Hypotheses "effect ≤ margin" are tested one-sided. A rejected one has the margin as its bound while others
    remain; one that remains is bounded at the share of alpha it ends with (-inf without a share). When all
    are rejected, each is bounded at its initial share, but not below the margin.

    Returns
    -------
    DataFrame: hypothesis, estimate, std_error, p_value, p_adjusted, rejected, conf_low.
    """
    from emostats.statistics.multiplicity.contrasts import t_p_value, t_quantile

    values, errors = np.asarray(estimate, dtype=float), np.asarray(std_error, dtype=float)
    p = t_p_value((values - margin) / errors, df, "greater")
    result = run_graph(graph, p, alpha=alpha)
    rejected = result.table["rejected"].to_numpy(dtype=bool)
    shares = dict(zip(result.remaining.hypotheses, result.remaining.weights, strict=True))
    low = np.full(len(values), float(margin))
    for j, name in enumerate(graph.hypotheses):
        share = float(graph.weights[j]) if rejected.all() else float(shares.get(name, -1.0))
        if share > 0:
            bound = values[j] - t_quantile(alpha * share, df) * errors[j]
            low[j] = max(bound, margin) if rejected.all() else bound
        elif share == 0 and not rejected.all():
            low[j] = -np.inf
    table = result.table[["hypothesis", "p_value", "p_adjusted", "rejected"]].copy()
    table.insert(1, "estimate", values)
    table.insert(2, "std_error", errors)
    return table.assign(conf_low=low)


def _frozen(values: npt.ArrayLike) -> FloatArray:
    array = np.array(values, dtype=float)
    array.flags.writeable = False
    return array


def _check_graph(graph: Graph) -> None:
    m = len(graph.hypotheses)
    if len(set(graph.hypotheses)) < m:
        raise UsageError("Each hypothesis needs a name of its own.")
    if graph.weights.shape != (m,) or graph.transitions.shape != (m, m):
        raise UsageError(
            f"{m} hypotheses need {m} weights and {m} × {m} transitions; found {graph.weights.shape} and "
            f"{graph.transitions.shape}."
        )
    if (graph.weights < -_SLACK).any() or graph.weights.sum() > 1 + _SLACK:
        raise UsageError(
            f"Weights are at least 0 and sum to at most 1; the sum is {graph.weights.sum():.6g}."
        )
    rows = graph.transitions.sum(axis=1)
    if (graph.transitions < -_SLACK).any() or (rows > 1 + _SLACK).any() or np.diag(graph.transitions).any():
        raise UsageError(
            "Transitions are at least 0, each row sums to at most 1, and none goes back to itself."
        )


def _without(weights: FloatArray, transitions: FloatArray, j: int) -> tuple[FloatArray, FloatArray]:
    """Algorithm 1: w_l + w_j g_jl, and (g_lk + g_lj g_jk) / (1 - g_lj g_jl); row and column j become zero."""
    to_j, from_j = transitions[:, j], transitions[j]
    updated = weights + weights[j] * from_j
    back = (to_j * from_j)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(back < 1 - _SLACK, (transitions + np.outer(to_j, from_j)) / (1 - back), 0.0)
    np.fill_diagonal(moved, 0.0)
    moved[j], moved[:, j] = 0.0, 0.0
    updated[j] = 0.0
    return updated, moved


def _sequence(graph: Graph, p: FloatArray) -> tuple[list[int], FloatArray, FloatArray]:
    """Order of removal, each hypothesis' weight when removed, and adjusted p-values (algorithm 2)."""
    weights, transitions = graph.weights.copy(), graph.transitions.copy()
    left = list(range(len(p)))
    order: list[int] = []
    levels, adjusted = np.zeros(len(p)), np.ones(len(p))
    largest = 0.0
    while left:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.array([p[j] / weights[j] if weights[j] > 0 else np.inf for j in left])
        j = left.pop(int(np.argmin(ratio)))
        largest = min(max(largest, float(ratio.min())), 1.0)
        adjusted[j], levels[j] = largest, weights[j]
        order.append(j)
        weights, transitions = _without(weights, transitions, j)
    return order, levels, adjusted


def _intersections(graph: Graph) -> list[tuple[npt.NDArray[np.int64], FloatArray]]:
    """Members and weights of every intersection; the weights do not depend on the order of removal."""
    m = len(graph.hypotheses)
    everyone = (1 << m) - 1
    known = {everyone: (graph.weights, graph.transitions)}
    found = []
    for subset in range(everyone, 0, -1):
        if subset != everyone:
            absent = next(j for j in range(m) if not subset >> j & 1)
            known[subset] = _without(*known[subset | 1 << absent], absent)
        members = np.array([j for j in range(m) if subset >> j & 1])
        found.append((members, known[subset][0][members]))
    return found


def _intersection_p(p: FloatArray, weights: FloatArray, test: str) -> float:
    shares = weights
    if test == "simes":
        shares = np.array([weights[p <= value].sum() for value in p])
    usable = shares > 0
    return min(float((p[usable] / shares[usable]).min()), 1.0) if usable.any() else 1.0


def _p_values(graph: Graph, given: Mapping[str, float] | npt.ArrayLike) -> FloatArray:
    if isinstance(given, Mapping):
        lacking = [name for name in graph.hypotheses if name not in given]
        surplus = [name for name in given if name not in graph.hypotheses]
        if lacking or surplus:
            raise UsageError(f"p-values: none for {lacking}, no hypothesis for {surplus}.")
        given = [given[name] for name in graph.hypotheses]
    p = np.array(given, dtype=float)
    if p.shape != (len(graph.hypotheses),) or not ((p >= 0) & (p <= 1)).all():
        raise UsageError(f"{len(graph.hypotheses)} p-values between 0 and 1 are needed; found {p.tolist()}.")
    return p


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise UsageError(f"alpha must lie between 0 and 1; found {alpha!r}.")


def _table(graph: Graph, p: FloatArray, adjusted: FloatArray, alpha: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "hypothesis": list(graph.hypotheses),
            "weight": graph.weights,
            "p_value": p,
            "p_adjusted": adjusted,
            "rejected": adjusted <= alpha,
        }
    )
