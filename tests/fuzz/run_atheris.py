"""Fuzz a reader with atheris, which follows the branches of the program.

    pip install atheris
    python tests/fuzz/run_atheris.py delimited --seconds 300

Begins with the kept corpus and the samples in tests/reference/exports, and writes inputs that reach new
branches to a folder beside the system's temporary files. An input that breaks a reader is printed and stops
the run; put it into tests/fuzz/corpus/TARGET, where the tests replay it, and mend the reader. Atheris has no
wheels for some versions of Python, so it is no dependency of the project.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["emostats"]):
    from targets import TARGETS, sheet_xml

    from emostats.ingest.reader import READERS

    for opener in READERS.values():  # they are loaded when first used, which would be too late to follow them
        import_module(f"emostats.ingest.{opener.split(':')[0]}")

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "reference"
ENDINGS = {"excel": (".xlsx",), "arff": (".arff",), "study-file": (".toml",), "instrument-file": (".toml",)}
MORE = {
    "study-file": (HERE.parents[1] / "analyses").glob("*/study.toml"),
    "instrument-file": (HERE.parents[1] / "data_schema" / "instruments").glob("*.toml"),
}


def seeds(name: str, folder: Path) -> None:
    """The kept corpus and small samples, as the beginning of a search."""
    endings = ENDINGS.get(name, (".csv", ".tsv"))
    found = [path for path in SAMPLES.rglob("*") if path.suffix in endings]
    found += [*MORE.get(name, ()), *(HERE / "corpus" / name).glob("*")]
    if name == "excel":
        (folder / "seed-sheet").write_bytes(sheet_xml())
    for number, path in enumerate(found):
        if path.stat().st_size < 20_000:
            shutil.copyfile(path, folder / f"seed-{number}")


def main() -> None:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--corpus", type=Path, help="where new inputs are kept (default: a temporary folder)")
    chosen = parser.parse_args()
    corpus = chosen.corpus or Path(tempfile.mkdtemp(prefix=f"fuzz-{chosen.target}-"))
    corpus.mkdir(parents=True, exist_ok=True)
    seeds(chosen.target, corpus)
    print(f"corpus: {corpus}")
    options = [f"-max_total_time={chosen.seconds}", "-max_len=20000", "-timeout=20", "-rss_limit_mb=4000"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[chosen.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
