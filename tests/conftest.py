"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# The same examples in every run, so that a failure belongs to a change and not to the day. For new ones:
# pytest --hypothesis-profile=explore
settings.register_profile("house", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=500)
settings.load_profile("house")
