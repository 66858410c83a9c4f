"""`import emostats` loads nothing heavy; the heavy parts come when a function is called."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import emostats as em

HEAVY = {"torch", "matplotlib", "statsmodels", "pingouin"}
SCIENTIFIC = {"numpy", "pandas", "scipy", "joblib", "formulaic", "pydantic", "openpyxl"}


def _loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running the code."""
    script = (
        f"{code}\nimport sys, json\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_alone_loads_nothing_heavy() -> None:
    loaded = _loaded_after("import emostats")
    assert "emostats" in loaded
    assert not loaded & (HEAVY | SCIENTIFIC)


@pytest.mark.parametrize("name", sorted(set(em.__all__) - {"__version__"}))
def test_naming_a_function_loads_no_plotting_and_no_second_statistics_library(name: str) -> None:
    assert not _loaded_after(f"import emostats; emostats.{name}") & HEAVY


def test_every_public_name_is_there_and_documented() -> None:
    for name in em.__all__:
        assert getattr(em, name) is not None
    for name in set(em.__all__) - {"__version__"}:
        assert callable(getattr(em, name))
        assert (getattr(em, name).__doc__ or "").strip(), f"em.{name} has no docstring"
    assert set(em.__all__) <= set(dir(em))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="mmmr"):
        em.mmmr  # noqa: B018  the attribute access is what is tested
