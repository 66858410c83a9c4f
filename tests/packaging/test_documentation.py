"""The documentation has a place for every page, and the README's code runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FENCED = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROOT = Path(__file__).resolve().parents[2]
FRAGMENTS = {"docs/questionnaire-data.md"}
"""Their code speaks of the reader's own files, and cannot run as it stands."""


def _pages(nav: Any) -> Iterator[str]:
    for entry in nav.values() if isinstance(nav, dict) else nav:
        if isinstance(entry, str):
            yield entry
        else:
            yield from _pages(entry)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def nav_pages(root: Path) -> set[str]:
    return set(_pages(yaml.safe_load(_read(root / "mkdocs.yml"))["nav"]))


def test_every_page_stands_in_the_navigation(nav_pages: set[str], tracked: tuple[Path, ...]) -> None:
    pages = {
        path.relative_to("docs").as_posix()
        for path in tracked
        if path.parts[0] == "docs" and path.suffix == ".md"
    }
    assert pages == nav_pages


def test_every_decision_is_in_the_list_of_decisions(root: Path) -> None:
    listed = set(re.findall(r"\((\d{4}-[\w-]+\.md)\)", _read(root / "docs" / "decisions" / "index.md")))
    assert listed == {path.name for path in (root / "docs" / "decisions").glob("[0-9]*.md")}
    for name in listed:
        text = _read(root / "docs" / "decisions" / name)
        assert [
            f"# {name[:4]} " in text,
            *(f"## {part}" in text for part in ("Context", "Decision", "Consequences")),
        ]


def test_documentation_loads_nothing_from_elsewhere(root: Path) -> None:
    config = yaml.safe_load(_read(root / "mkdocs.yml"))
    assert config["theme"]["font"] is False
    assert not {"extra_javascript", "extra_css"} & set(config)


def _pages_with_python() -> list[str]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    names = [page.relative_to(ROOT).as_posix() for page in pages if FENCED.search(_read(page))]
    return [name for name in names if name not in FRAGMENTS]


def test_the_readme_and_the_tutorial_show_python() -> None:
    assert {"README.md", "docs/tutorial.md"} <= set(_pages_with_python())


@pytest.mark.parametrize("page", _pages_with_python())
def test_code_on_the_page_runs(
    page: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "page"}
    for number, block in enumerate(FENCED.findall(_read(root / page)), start=1):
        exec(compile(block, f"{page}, block {number}", "exec"), namespace)


@pytest.mark.parametrize("page", sorted(FRAGMENTS))
def test_fragments_parse_and_import_what_exists(page: str, root: Path) -> None:
    statements = [node for block in FENCED.findall(_read(root / page)) for node in ast.parse(block).body]
    imports = [node for node in statements if isinstance(node, ast.ImportFrom | ast.Import)]
    ours = [node for node in imports if "emostats" in ast.unparse(node)]
    assert ours
    exec(compile(ast.Module(ours, type_ignores=[]), page, "exec"), {})


def test_commands_of_the_readme_exist(root: Path) -> None:
    makefile, readme = _read(root / "Makefile"), _read(root / "README.md")
    named = set(
        re.findall(
            r"\bmake ([a-z-]+)", "\n".join(re.findall(r"^(?:    |```).*|^make.*", readme, re.MULTILINE))
        )
    )
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {"demo", "test"} <= named <= targets
