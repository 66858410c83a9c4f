"""What is distributed: both archives hold what they must and nothing else, and the wheel works alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

pytestmark = [pytest.mark.wheel, pytest.mark.xdist_group("wheel")]

RESOURCES = ("templates", "data_schema", "analyses/emomusik_182")
SHIPPED = ("emostats", *RESOURCES)


@dataclass(frozen=True)
class Archive:
    """A built archive: its path, and its files' contents by name."""

    path: Path
    files: dict[str, bytes]


def _run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=900,
    )
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, command))} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


@pytest.fixture(scope="module")
def dist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from that archive."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, root, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Archive:
    (path,) = dist.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return Archive(
            path, {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        )


@pytest.fixture(scope="module")
def sdist(dist: Path) -> Archive:
    (path,) = dist.glob("*.tar.gz")
    files: dict[str, bytes] = {}
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member)
            if content is not None:
                files[str(PurePosixPath(*PurePosixPath(member.name).parts[1:]))] = content.read()
    return Archive(path, files)


def _below(paths: tuple[Path, ...], *folders: str) -> set[str]:
    return {
        path.as_posix()
        for path in paths
        if path.as_posix().startswith(tuple(f"{folder}/" for folder in folders))
    }


def _place_in_wheel(name: str) -> str:
    return f"emostats/_resources/{name}" if name.startswith(RESOURCES) else name


def test_wheel_holds_the_package_and_its_resources_and_nothing_else(
    wheel: Archive, tracked: tuple[Path, ...]
) -> None:
    expected = {_place_in_wheel(name) for name in _below(tracked, *SHIPPED)}
    found = {name for name in wheel.files if ".dist-info/" not in name}
    assert found >= expected, f"missing: {sorted(expected - found)}"
    assert found <= expected, f"not in the repository, yet in the wheel: {sorted(found - expected)}"


def test_wheel_carries_a_template_a_schema_and_the_demo_analysis(wheel: Archive) -> None:
    for resource in RESOURCES:
        assert any(name.startswith(f"emostats/_resources/{resource}/") for name in wheel.files), resource
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.files)
    assert "emostats/py.typed" in wheel.files


def test_source_archive_holds_the_same(sdist: Archive, tracked: tuple[Path, ...]) -> None:
    surroundings = {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert set(sdist.files) == _below(tracked, *SHIPPED) | surroundings


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_no_test_data_and_no_copyleft_data_are_distributed(
    kind: str, request: pytest.FixtureRequest, root: Path, tracked: tuple[Path, ...]
) -> None:
    archive: Archive = request.getfixturevalue(kind)
    kept_back = _below(tracked, "tests", "analyses") - _below(tracked, "analyses/emomusik_182")
    by_hash = {hashlib.sha256((root / name).read_bytes()).hexdigest(): name for name in kept_back}
    by_hash.pop(hashlib.sha256(b"").hexdigest(), None)
    leaked = {
        name: by_hash.get(hashlib.sha256(content).hexdigest()) for name, content in archive.files.items()
    }
    assert not {name: source for name, source in leaked.items() if source}
    assert not [name for name in archive.files if "autism_vsae" in name or name.startswith("tests/")]


def test_wheel_is_pure_python_and_small(wheel: Archive) -> None:
    assert wheel.path.name.endswith("-py3-none-any.whl")
    assert wheel.path.stat().st_size < 10_000_000  # five of them are the face models and the weights


@pytest.fixture(scope="module")
def installed(wheel: Archive, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts' folder of a fresh environment with nothing but the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    _run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    constraints = root / ".ci" / "constraints.txt"
    pip = [
        scripts / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",
    ]
    _run(*pip, "--constraint", constraints, wheel.path, cwd=folder.parent)
    return scripts


def test_installed_wheel_runs_the_demo_from_a_foreign_folder(
    installed: Path, root: Path, tmp_path: Path
) -> None:
    where = _run(installed / "python", "-c", "import emostats; print(emostats.__file__)", cwd=tmp_path).stdout
    assert not Path(where.strip()).is_relative_to(root)

    _run(installed / "emostats", "demo", cwd=tmp_path, COLUMNS="200")

    (report,) = tmp_path.rglob("report.html")
    assert "simulated" in report.read_text(encoding="utf-8").casefold()
    (estimates,) = tmp_path.rglob("estimates.csv")
    assert estimates.read_text(encoding="utf-8").count("\n") > 50
    manifests = list(tmp_path.rglob("manifest.json"))
    assert len(manifests) == 1
