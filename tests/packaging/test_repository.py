"""What the repository promises about itself: no private paths, licences in place, one version."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import emostats

MACHINE_PATH = re.compile(
    r"(?:^|[^\w.])[/](?:work|farm|root|home[/]\w+|Users[/]\w+|tmp[/]bash_jobs)[/]", re.MULTILINE
)
REGISTRY = re.compile(r"pypi[.]org|python[h]osted|registry[.]npmjs|deb[.]debian", re.IGNORECASE)
LICENCE = re.compile("licen[cs]e|public domain|GPL|MIT|Apache", re.IGNORECASE)
DATA = {".csv", ".arff", ".sav", ".xpt", ".sas7bdat", ".xlsx"}


def _text(path: Path) -> str:
    """The file's text, '' for a binary file."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("forbidden", [MACHINE_PATH, REGISTRY], ids=["machine paths", "registry hosts"])
def test_tracked_files_name_no(forbidden: re.Pattern[str], root: Path, tracked: tuple[Path, ...]) -> None:
    assert not [f"{path}: {hit.group()}" for path in tracked if (hit := forbidden.search(_text(root / path)))]


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        ("read('" + "/".join(["", "work", "main", "x.csv"]) + "')", MACHINE_PATH),
        ("/".join(["", "home", "ann", "study"]), MACHINE_PATH),
        (".".join(["https://pypi", "org/simple"]), REGISTRY),
    ],
)
def test_the_search_finds_what_it_is_for(text: str, forbidden: re.Pattern[str]) -> None:
    assert forbidden.search(text)


def test_licence_is_apache_2() -> None:
    license_text = (Path(__file__).resolve().parents[2] / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in license_text and "Version 2.0" in license_text
    assert metadata.metadata("emostats")["License-Expression"] == "Apache-2.0"


def _has_licence_note(folder: Path, root: Path) -> bool:
    """Whether a README or LICENSE in the folder, or in one above it, speaks of the licence."""
    for place in [folder, *folder.parents]:
        notes = [*(root / place).glob("README*"), *(root / place).glob("LICEN[CS]E*")]
        if any(LICENCE.search(_text(note)) for note in notes):
            return True
        if place.parent in {Path("tests"), Path("analyses"), Path()}:
            return False
    return False


def test_every_data_set_has_a_note_of_its_licence(root: Path, tracked: tuple[Path, ...]) -> None:
    data = [path for path in tracked if path.parts[0] in {"tests", "analyses"} and path.suffix in DATA]
    reference = [path for path in tracked if path.parts[:2] == ("tests", "reference")]
    assert not [str(path) for path in {*data, *reference} if not _has_licence_note(path.parent, root)]


def test_version_stands_in_one_place(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"] and "version" not in project
    assert metadata.version("emostats") == emostats.__version__
    for name in ("README.md", "mkdocs.yml", "Makefile", "docs/index.md"):
        assert emostats.__version__ not in _text(root / name), name


def test_constraints_pin_every_requirement_of_the_base_and_dev_installs(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    also = re.search(r"emostats\[([\w,]+)\]", " ".join(extras["dev"]))
    tested = ["dev", *(also[1].split(",") if also else [])]
    required = [*project["dependencies"], *(item for extra in tested for item in extras[extra])]
    lines = (root / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {_canonical(line.split("==")[0]) for line in lines if "==" in line}
    assert not {_canonical(re.split(r"[\[<>=!~ ]", item)[0]) for item in required} - pinned - {"emostats"}
    assert all(line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
