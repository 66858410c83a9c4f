"""The last line of CI is true: it counts what ran, and fails when a test failed or none ran."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def _junit(path: Path, *, tests: int, failures: int = 0, errors: int = 0, skipped: int = 0) -> Path:
    counts = f'tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"'
    path.write_text(f'<testsuites><testsuite name="pytest" {counts}/></testsuites>', encoding="utf-8")
    return path


def _count(root: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    script = root / ".ci" / "count_tests.py"
    return subprocess.run([sys.executable, script, *paths], capture_output=True, text=True)


def test_counts_add_up_over_files(root: Path, tmp_path: Path) -> None:
    first = _junit(tmp_path / "a.xml", tests=7, skipped=1)
    done = _count(root, first, _junit(tmp_path / "b.xml", tests=5))
    assert (done.returncode, done.stdout) == (0, "11 passed, 0 failed, 1 skipped\n")


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"tests": 4, "failures": 1, "errors": 1}, "2 passed, 2 failed, 0 skipped\n"),
        ({"tests": 0}, "0 passed, 0 failed, 0 skipped\n"),
        ({"tests": 2, "skipped": 2}, "0 passed, 0 failed, 2 skipped\n"),
    ],
)
def test_failure_or_nothing_run_is_an_error(
    counts: dict[str, int], line: str, root: Path, tmp_path: Path
) -> None:
    done = _count(root, _junit(tmp_path / "a.xml", **counts))
    assert (done.returncode, done.stdout) == (1, line)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_alone_lists_every_target(root: Path) -> None:
    listed = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    for target in phony[1].split():
        assert f"make {target} " in listed
