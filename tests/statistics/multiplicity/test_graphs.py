"""Graphical procedures against graphicalMCP, known special cases, and closed testing."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emostats.errors import UsageError
from emostats.figures.canvas import NARROW, Frame
from emostats.figures.multiplicity import GraphEdge, GraphNode, graph_figure
from emostats.statistics.multiplicity import (
    Graph,
    adjust_p_values,
    bonferroni_graph,
    closed_test,
    fallback,
    fixed_sequence,
    graph_from_edges,
    holm_graph,
    run_graph,
    simultaneous_bounds,
)

CASES = json.loads((Path(__file__).parents[2] / "reference/effects/multiplicity.json").read_text())[
    "graphical"
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_reference(case):
    graph = Graph(case["hypotheses"], case["weights"], case["transitions"])
    found = run_graph(graph, case["p"], alpha=case["alpha"])
    np.testing.assert_allclose(found.table["p_adjusted"], case["adjusted_p_shortcut"], atol=1e-10)
    assert found.table["rejected"].tolist() == case["rejected_shortcut"]
    left = dict(zip(found.remaining.hypotheses, found.remaining.weights, strict=True))
    weights = [left.get(name, 0.0) for name in case["hypotheses"]]
    np.testing.assert_allclose(weights, case["weights_after"], atol=1e-10)
    closed = closed_test(graph, case["p"], alpha=case["alpha"])
    np.testing.assert_allclose(closed["p_adjusted"], case["adjusted_p_closure_bonferroni"], atol=1e-10)
    simes = closed_test(graph, case["p"], alpha=case["alpha"], test="simes")
    np.testing.assert_allclose(simes["p_adjusted"], case["adjusted_p_closure_simes"], atol=1e-10)
    assert simes["rejected"].tolist() == case["rejected_simes"]


p_values = st.lists(st.floats(0, 1), min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(p_values)
def test_known_procedures_are_graphs(p):
    names = [f"H{k}" for k in range(len(p))]
    for graph, method in ((holm_graph(names), "holm"), (bonferroni_graph(names), "bonferroni")):
        found = run_graph(graph, p).table["p_adjusted"]
        np.testing.assert_allclose(found, adjust_p_values(p, method), atol=1e-12)
    np.testing.assert_allclose(
        run_graph(fixed_sequence(names), p).table["p_adjusted"], np.maximum.accumulate(p)
    )
    hommel = closed_test(holm_graph(names), p, test="simes")["p_adjusted"]
    np.testing.assert_allclose(hommel, adjust_p_values(p, "hommel"), atol=1e-12)


@st.composite
def graphs(draw):
    m = draw(st.integers(2, 5))
    weights = np.array(draw(st.lists(st.floats(0, 1), min_size=m, max_size=m))) + 1e-3
    transitions = np.array(draw(st.lists(st.floats(0, 1), min_size=m * m, max_size=m * m))).reshape(m, m)
    np.fill_diagonal(transitions, 0)
    rows = np.maximum(transitions.sum(axis=1, keepdims=True), 1.0)
    return Graph(tuple(f"H{k}" for k in range(m)), weights / weights.sum(), transitions / rows)


@settings(max_examples=60, deadline=None)
@given(graphs(), st.data())
def test_the_shortcut_is_the_closed_test_and_order_does_not_matter(graph, data):
    p = np.array(
        data.draw(st.lists(st.floats(0, 1), min_size=len(graph.hypotheses), max_size=len(graph.hypotheses)))
    )
    shortcut = run_graph(graph, p).table["p_adjusted"]
    np.testing.assert_allclose(shortcut, closed_test(graph, p)["p_adjusted"], atol=1e-9)
    assert (closed_test(graph, p, test="simes")["p_adjusted"] <= shortcut + 1e-9).all()
    one, other = graph.hypotheses[:2]
    np.testing.assert_allclose(
        graph.reject(one).reject(other).transitions, graph.reject(other).reject(one).transitions, atol=1e-9
    )


def test_steps_tell_the_story():
    graph = graph_from_edges({"A": 0.5, "B": 0.5, "C": 0.0}, {("A", "C"): 1, ("B", "A"): 1})
    found = run_graph(graph, {"A": 0.02, "B": 0.3, "C": 0.01})
    assert found.steps["hypothesis"].tolist() == ["A", "C"]
    assert found.steps["level"].tolist() == [0.025, 0.025]
    assert found.remaining.hypotheses == ("B",)
    assert graph.edges().to_dict("records") == [
        {"source": "A", "target": "C", "weight": 1.0},
        {"source": "B", "target": "A", "weight": 1.0},
    ]


def test_without_weight_nothing_is_rejected():
    graph = Graph(("A", "B"), [1.0, 0.0], np.zeros((2, 2)))
    assert run_graph(graph, [0.5, 0.0]).table["p_adjusted"].tolist() == [0.5, 1.0]


def test_bounds_agree_with_the_tests():
    """A rejected hypothesis has a bound at or above the margin, one that is not a bound below it."""
    estimate, std_error = np.array([1.2, 0.9, 0.2]), np.array([0.4, 0.4, 0.4])
    for graph in (holm_graph("abc"), fixed_sequence("abc"), fallback("abc", [0.5, 0.3, 0.2])):
        found = simultaneous_bounds(graph, estimate, std_error)
        assert ((found["conf_low"] >= 0) == found["rejected"]).all()
    everything = simultaneous_bounds(holm_graph("ab"), [3.0, 4.0], [0.5, 0.5])
    assert everything["rejected"].all()
    bound = 3.0 - stats.norm.isf(0.0125) * 0.5
    assert everything["conf_low"].iloc[0] == pytest.approx(bound)
    blocked = simultaneous_bounds(fixed_sequence("ab"), [0.1, 5.0], [0.5, 0.5])
    assert blocked["conf_low"].tolist() == [pytest.approx(0.1 - stats.norm.isf(0.025) * 0.5), -np.inf]


def test_bounds_cover_together():
    """True effects 0, 0.5 and 1: all three bounds hold in at least 97.5 % of 2,000 trials (SE 0.35
    points)."""
    rng = np.random.default_rng(9)
    truth, graph = np.array([0.0, 0.5, 1.0]), holm_graph("abc")
    hits = 0
    for _ in range(500):
        found = simultaneous_bounds(graph, truth + 0.4 * rng.normal(size=3), np.full(3, 0.4))
        hits += bool((found["conf_low"].to_numpy() <= truth + 1e-12).all())
    assert hits / 500 >= 0.975 - 3 * 0.007


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Graph(("A", "A"), [0.5, 0.5], np.zeros((2, 2))), "name of its own"),
        (lambda: Graph(("A", "B"), [0.5], np.zeros((2, 2))), "need 2 weights"),
        (lambda: Graph(("A", "B"), [0.8, 0.5], np.zeros((2, 2))), "sum to at most 1"),
        (lambda: Graph(("A", "B"), [-0.1, 0.5], np.zeros((2, 2))), "at least 0"),
        (lambda: Graph(("A", "B"), [0.5, 0.5], np.eye(2)), "none goes back to itself"),
        (lambda: graph_from_edges({"A": 1.0}, {("A", "B"): 1}), "names no hypothesis"),
        (lambda: holm_graph("ab").reject("z"), "'z' is not in the graph"),
        (lambda: run_graph(holm_graph("ab"), [0.1]), "2 p-values between 0 and 1"),
        (lambda: run_graph(holm_graph("ab"), {"a": 0.1, "c": 0.2}), r"none for \['b'\], no hypothesis for"),
        (lambda: run_graph(holm_graph("ab"), [0.1, np.nan]), "between 0 and 1"),
        (lambda: run_graph(holm_graph("ab"), [0.1, 0.2], alpha=5), "alpha must lie"),
        (lambda: closed_test(holm_graph("ab"), [0.1, 0.2], test="fisher"), "'bonferroni' or 'simes'"),
        (lambda: closed_test(holm_graph([f"H{k}" for k in range(17)]), [0.1] * 17), "131,071 intersections"),
    ],
)  # fmt: skip
def test_bad_input(build, message):
    with pytest.raises(UsageError, match=message):
        build()


def test_a_graph_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        holm_graph("ab").weights[0] = 1.0


def picture(n=4, width=720.0):
    nodes = [GraphNode(f"H{k}", "1/4", rejected=k == 0) for k in range(n)]
    edges = [GraphEdge(i, j, "1/3") for i in range(n) for j in range(n) if i != j]
    return graph_figure(nodes, edges, Frame("graph", "Testing strategy", "Four hypotheses", width=width))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("width", [720.0, NARROW])
def test_the_picture_holds_every_name_and_stays_inside(n, width):
    svg = picture(n, width)
    assert svg == picture(n, width)
    for k in range(n):
        assert f">H{k}<" in svg
    assert svg.count(">1/3<") == n * (n - 1)
    assert svg.count(">rejected<") == 1
    from xml.etree import ElementTree

    root = ElementTree.fromstring(svg)
    size = [float(value) for value in root.get("viewBox").split()[2:]]
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        x, y = float(text.get("x")), float(text.get("y"))
        assert 0 <= x <= size[0]
        assert 0 <= y <= size[1]


def test_a_result_draws_itself():
    found = run_graph(holm_graph("ab"), [0.01, 0.3])
    svg = found.plot(Frame("g", "t", "d"))
    assert svg.count(">rejected<") == 1
    assert ">1<" in svg


def test_edges_need_their_nodes():
    with pytest.raises(ValueError, match="needs 1 nodes or more"):
        graph_figure([GraphNode("H", "1")], [GraphEdge(0, 3, "1")], Frame("g", "t", "d"))
