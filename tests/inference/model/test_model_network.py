"""The landmark network: shapes, masks, symmetries, determinism, and that all of it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emostats.errors import UsageError
from emostats.inference.graph import Graph, delaunay
from emostats.inference.network import LandmarkNet, NetworkConfig, predict, window_starts

GRID = Graph(12, tuple((i, i + 1) for i in range(11)), tuple(11 - i for i in range(12)))
SMALL = NetworkConfig(graph_widths=(8, 8), width=8, temporal_layers=1, temporal_heads=2, temporal_hidden=16)


def _net(graph: Graph = GRID, config: NetworkConfig = SMALL, **heads: int) -> LandmarkNet:
    torch.manual_seed(0)
    return LandmarkNet(graph, heads or {"expression": 2}, config=config).eval()


def _points(batch: int = 2, frames: int = 5, graph: Graph = GRID) -> torch.Tensor:
    return torch.randn(batch, frames, graph.n_points, 3, generator=torch.Generator().manual_seed(1))


def _all(points: torch.Tensor) -> torch.Tensor:
    return torch.ones(points.shape[:2], dtype=torch.bool)


def test_each_head_answers_for_each_frame() -> None:
    points = _points()
    answers = _net(expression=2, blendshapes=52)(points, _all(points))
    assert {name: tuple(answer.shape) for name, answer in answers.items()} == {
        "expression": (2, 5, 2),
        "blendshapes": (2, 5, 52),
    }


def test_the_stated_size_is_about_a_third_of_a_million() -> None:
    graph = Graph(146, tuple((i, i + 1) for i in range(145)))
    assert 250_000 < LandmarkNet(graph, {"blendshapes": 52, "expression": 2}).n_parameters < 350_000


def test_what_stands_in_a_masked_frame_reaches_no_output() -> None:
    net, points = _net(), _points()
    mask = _all(points)
    mask[:, 3] = False
    other = points.clone()
    other[:, 3] = float("nan")
    answer, changed = net(points, mask)["expression"], net(other, mask)["expression"]
    assert torch.equal(answer, changed)
    assert not torch.allclose(answer[:, 0], net(points, _all(points))["expression"][:, 0])


def test_a_sequence_of_gaps_gives_finite_outputs() -> None:
    points = torch.full((1, 4, 12, 3), float("nan"))
    assert torch.isfinite(_net()(points, torch.zeros(1, 4, dtype=torch.bool))["expression"]).all()


def test_sequences_of_a_batch_do_not_hear_each_other() -> None:
    net, points = _net(), _points(batch=3)
    together = net(points, _all(points))["expression"]
    alone = torch.cat([net(points[i : i + 1], _all(points[i : i + 1]))["expression"] for i in (2, 0, 1)])
    assert torch.allclose(together[[2, 0, 1]], alone, atol=1e-6)


def test_renumbering_the_points_with_their_graph_changes_nothing() -> None:
    net, points = _net(), _points()
    order = torch.randperm(12, generator=torch.Generator().manual_seed(3))
    place = {int(old): new for new, old in enumerate(order)}
    renamed = _net(Graph(12, tuple((place[i], place[j]) for i, j in GRID.edges)))
    state = net.state_dict()
    with torch.no_grad():
        renamed.load_state_dict(state)
        renamed.identity.copy_(state["identity"][order])
        renamed.pooling.place.copy_(state["pooling.place"][:, order])
    expected = net(points, _all(points))["expression"]
    found = renamed(points[:, :, order], _all(points))["expression"]
    assert torch.allclose(expected, found, atol=1e-5)
    assert not torch.allclose(expected, net(points[:, :, order], _all(points))["expression"], atol=1e-3)


def test_neighbours_matter() -> None:
    points = _points()
    lonely = _net(Graph(12, ()))
    lonely.load_state_dict(_net().state_dict())
    assert not torch.allclose(
        lonely(points, _all(points))["expression"], _net()(points, _all(points))["expression"]
    )


def test_order_in_time_matters() -> None:
    net, points = _net(), _points()
    backwards = net(points.flip(1), _all(points))["expression"].flip(1)
    assert not torch.allclose(net(points, _all(points))["expression"], backwards, atol=1e-4)


def test_the_gradient_reaches_every_parameter() -> None:
    net, points = _net(expression=2, valence=1).train(), _points()
    loss = sum(answer.square().sum() for answer in net(points, _all(points)).values())
    assert isinstance(loss, torch.Tensor)
    loss.backward()
    silent = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_the_parts_share_out_the_parameters() -> None:
    net = _net()
    counted = [len(net.part(name)) for name in ("graph", "temporal", "heads")]
    assert sum(counted) == len(list(net.parameters())) and min(counted) > 0
    with pytest.raises(UsageError, match=r"no part 'head'\. Did you mean 'heads'"):
        net.part("head")


def test_the_same_seed_gives_the_same_network_and_answer() -> None:
    points = _points()
    assert torch.equal(_net()(points, _all(points))["expression"], _net()(points, _all(points))["expression"])


def test_points_that_hardly_move_are_not_blown_up() -> None:
    net, points = _net(), _points()
    points[..., 0, :] = 0.3
    net.standardise_by(points)
    assert net.spread[0].tolist() == pytest.approx([0.02] * 3)
    assert net.centre[0].tolist() == pytest.approx([0.3] * 3)
    standard = (points - net.centre) / net.spread
    assert standard[..., 1:, :].std(dim=(0, 1), correction=0).flatten().tolist() == pytest.approx(
        [1.0] * 33, rel=1e-5
    )


def test_wrong_shapes_are_named() -> None:
    net = _net()
    with pytest.raises(UsageError, match=r"\(batch, frames, 12, 3\), found \(2, 5, 11, 3\)"):
        net(torch.zeros(2, 5, 11, 3), torch.ones(2, 5, dtype=torch.bool))
    with pytest.raises(UsageError, match=r"boolean of shape \(2, 5\)"):
        net(torch.zeros(2, 5, 12, 3), torch.ones(2, 5))


def test_windows_cover_every_frame_and_end_at_the_last() -> None:
    assert window_starts(5) == [0]
    assert window_starts(32) == [0]
    assert window_starts(40) == [0, 8]
    assert window_starts(45) == [0, 8, 13]


def test_a_short_sequence_in_windows_is_the_network_itself() -> None:
    net, points = _net(), _points(batch=1, frames=20)
    expected = net(points, _all(points))["expression"][0].detach().numpy()
    assert predict(net, points[0].numpy())["expression"] == pytest.approx(expected, abs=1e-5)


def test_windows_are_averaged_and_gaps_stay_gaps() -> None:
    net, points = _net(), _points(batch=1, frames=40)[0].numpy()
    points[7] = np.nan
    found = predict(net, points, batch=1)["expression"]
    assert np.isnan(found[7]).all() and np.isfinite(np.delete(found, 7, axis=0)).all()
    parts = [predict(net, points[a:b])["expression"] for a, b in ((0, 32), (8, 40))]
    assert found[20] == pytest.approx((parts[0][20] + parts[1][12]) / 2, abs=1e-5)
    assert found[3] == pytest.approx(parts[0][3], abs=1e-5)
    assert len(predict(net, points[:0])["expression"]) == 0


def test_the_configuration_survives_a_card() -> None:
    assert NetworkConfig.from_dict(SMALL.to_dict()) == SMALL
    with pytest.raises(UsageError, match=r"no setting 'widht'\. Did you mean 'width'"):
        NetworkConfig.from_dict({"widht": 3})


def test_adjacency_is_symmetric_and_normalised() -> None:
    adjacency = Graph(3, ((0, 1),)).adjacency()
    assert adjacency == pytest.approx(np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1.0]]))
    assert np.linalg.eigvalsh(GRID.adjacency()).max() == pytest.approx(1.0, abs=1e-6)


def test_delaunay_of_a_square_with_its_centre() -> None:
    graph = delaunay([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], mirror=[1, 0, 3, 2, 4])
    assert graph.edges == ((0, 1), (0, 2), (0, 4), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))


def test_graphs_that_cannot_be() -> None:
    with pytest.raises(UsageError, match=r"names the points \[3\]; points are numbered 0 to 2"):
        Graph(3, ((0, 3),))
    with pytest.raises(UsageError, match="to one partner and back"):
        Graph(3, (), (1, 2, 0))
    with pytest.raises(UsageError, match="not on one line"):
        delaunay([[0, 0], [1, 1], [2, 2]])
