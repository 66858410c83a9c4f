"""Adds up JUnit result files and prints one line: how many tests passed, failed and were skipped.

Exits with 1 when a test failed or none ran.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

COUNTED = ("tests", "failures", "errors", "skipped")


def count(paths: list[str]) -> Counter[str]:
    """The attributes `COUNTED` of every test suite in the files, added up."""
    total: Counter[str] = Counter()
    for path in paths:
        for suite in ElementTree.fromstring(Path(path).read_text(encoding="utf-8")).iter("testsuite"):
            total.update({name: int(suite.get(name, "0")) for name in COUNTED})
    return total


def main() -> int:
    total = count(sys.argv[1:])
    failed = total["failures"] + total["errors"]
    passed = total["tests"] - failed - total["skipped"]
    sys.stdout.write(f"{passed} passed, {failed} failed, {total['skipped']} skipped\n")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
