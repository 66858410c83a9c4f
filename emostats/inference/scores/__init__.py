"""Scores of a session from its frames: what share is usable, and what the face did."""

from __future__ import annotations

from emostats.inference.scores.session import Gates, SessionScores, score_session

__all__ = ["Gates", "SessionScores", "score_session"]
