"""``python -m emostats``, for machines where the command itself is not on the path."""

from __future__ import annotations

from emostats.cli import main

if __name__ == "__main__":
    main()
