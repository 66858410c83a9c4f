"""The inputs that fuzzing kept go through the readers again: each ends well, or with a refusal in words."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("fuzz_targets", HERE / "targets.py")
targets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(targets)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_kept_inputs(name):
    kept = sorted((HERE / "corpus" / name).iterdir())
    assert len(kept) > 4
    for path in kept:
        targets.TARGETS[name](path.read_bytes())
