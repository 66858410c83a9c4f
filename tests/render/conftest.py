"""The hand-made run of the report's tests, rendered."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HANDMADE = Path(__file__).resolve().parents[1] / "report" / "handmade.py"


def load_handmade() -> ModuleType:
    name = "emostats_tests_handmade"
    if name not in sys.modules:
        found = importlib.util.spec_from_file_location(name, HANDMADE)
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules[name] = module
        found.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def handmade() -> ModuleType:
    return load_handmade()
