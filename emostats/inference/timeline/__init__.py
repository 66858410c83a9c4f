"""A session as a page: what was seen when, and the scores that follow from it."""

from __future__ import annotations

from emostats.inference.timeline.page import timeline_page

__all__ = ["timeline_page"]
