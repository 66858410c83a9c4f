"""How a report looks: colours and logo from a style file, checked before they are used."""

from __future__ import annotations

from emostats.render.look.style import STYLE_FILE, Look, look_of, read_look

__all__ = ["STYLE_FILE", "Look", "look_of", "read_look"]
