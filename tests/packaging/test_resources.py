"""The top-level folders that the package needs are found, and a wrong name is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from emostats import resources
from emostats.resources import resource


@pytest.mark.parametrize("name", ["templates", "data_schema", "analyses"])
def test_checkout_has_its_resources_at_the_top(name: str, root: Path) -> None:
    assert resource(name) == root / name


def test_demo_analysis_is_among_them() -> None:
    assert (resource("analyses") / "emomusik_182" / "study.toml").is_file()


def test_installed_resources_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "emostats" / "_resources" / "templates"
    beside = tmp_path / "templates"
    inside.mkdir(parents=True)
    beside.mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "emostats")
    assert resource("templates") == inside


def test_unknown_resource_names_the_known_ones() -> None:
    with pytest.raises(
        FileNotFoundError, match="no resource folder 'secrets'; there are templates, data_schema"
    ):
        resource("secrets")


def test_broken_installation_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "emostats")
    with pytest.raises(FileNotFoundError, match=r"lacks the folder 'templates'; install it again"):
        resource("templates")
