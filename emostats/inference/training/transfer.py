"""Transfer learning: start one network from what another has learned."""

from __future__ import annotations

from collections.abc import Sequence

from emostats.errors import UsageError
from emostats.inference.network import LandmarkNet


def start_from(
    net: LandmarkNet, pretrained: LandmarkNet, parts: Sequence[str] = ("graph", "temporal")
) -> None:
    """Copy the tensors of `parts` from `pretrained` into `net`, in place; its heads stay as they are.

    ``"graph"`` brings the centre and spread of the input along, since the weights were learned in that frame.
    ``"heads"`` copies the heads that both have.

    Raises
    ------
    UsageError: the two networks differ in points or shape.
    """
    source, own = pretrained.state_dict(), net.state_dict()
    wanted = [
        name for name in own if _part_of(name) in parts and (_part_of(name) != "heads" or name in source)
    ]
    differing = [name for name in wanted if name not in source or source[name].shape != own[name].shape]
    if differing:
        raise UsageError(
            f"The pretrained network has another shape than this one: {', '.join(differing[:3])} differ(s). "
            "Both need the same graph and network settings; only the heads may differ."
        )
    net.load_state_dict({**own, **{name: source[name].clone() for name in wanted}})


def _part_of(name: str) -> str:
    first = name.split(".")[0]
    return {"temporal": "temporal", "heads": "heads", "appearance": "heads"}.get(first, "graph")
