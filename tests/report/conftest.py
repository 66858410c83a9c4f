"""The hand-made run, for every test of the report."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


def load_handmade() -> ModuleType:
    """`handmade.py`, which stands beside this file and is shared by several folders of tests."""
    return _beside("handmade")


def _beside(file: str) -> ModuleType:
    name = f"emostats_tests_{file}"
    if name not in sys.modules:
        found = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{file}.py"))
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules[name] = module
        found.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def handmade() -> ModuleType:
    return load_handmade()


@pytest.fixture(scope="session")
def english_left() -> Callable[..., dict[str, str]]:
    """Words of a report in another language that are English and should not be."""
    return _beside("english_left").english_left
