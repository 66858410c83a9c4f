"""deidentify, privacy: what may leave the study office, and in which form."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emostats.cli.codes import Exit
from emostats.cli.console import put, put_json, say
from emostats.cli.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emostats.privacy.deidentify import Deidentified, Pseudonyms


def _names(option: str, what: str) -> Any:
    return typer.Option(option, help=f"{what} May be given several times.", show_default=False)


def deidentify(
    source: Annotated[
        Path, typer.Argument(help="A workbook, a text table, or a study file (or its folder).")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the copies; must be new.")],
    key: Annotated[
        Path | None, typer.Option("--key", help="The secret key file; made where there is none.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="Instead of a key: the file that keeps ID and pseudonym.")
    ] = None,
    ids: Annotated[list[str] | None, _names("--id", "Column with the children's IDs.")] = None,
    family: Annotated[list[str] | None, _names("--family", "Column with the families' IDs.")] = None,
    date: Annotated[list[str] | None, _names("--date", "Column with dates, to be moved.")] = None,
    birth: Annotated[list[str] | None, _names("--birth-date", "Column with birth dates.")] = None,
    age: Annotated[list[str] | None, _names("--age", "Column with ages in years.")] = None,
    text: Annotated[list[str] | None, _names("--text", "Column of free text that is kept.")] = None,
    keep: Annotated[list[str] | None, _names("--keep", "Column that is kept as it is.")] = None,
    drop: Annotated[list[str] | None, _names("--drop", "Column that is left out.")] = None,
    shift: Annotated[
        int, typer.Option("--shift", min=0, max=3650, help="Most days by which dates move; 0: not at all.")
    ] = 182,
    bands: Annotated[
        str, typer.Option("--age-bands", help="Edges of age bands in years: 1,7,13 means 1–6 and 7–12.")
    ] = "",
    age_on: Annotated[
        str, typer.Option("--age-on", help="Day (2025-03-31) on which ages are taken from birth dates.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Write copies of data files without what tells who a child is.

    IDs become pseudonyms, the same in all sheets and files; all dates of a child move by the same number of
    days; birth dates become age bands; free text is left out unless allowed by name. File properties,
    comments, formulas and hidden sheets are not carried over. The log deidentification.json says what was
    done. Never overwrites a file.

    Exit code 1 if columns that nobody declared look like identifiers (they are left out), 4 if the copy was
    stopped because it would name a child.

    **Example:** `emostats deidentify study.toml --output shared --key ../study.key`
    """
    from emostats.cli.deidentify_files import copies, read_sheets, write_copies
    from emostats.privacy.deidentify import Role
    from emostats.privacy.deidentify import deidentify as copy

    roles = {
        Role.CHILD: ids, Role.FAMILY: family, Role.DATE: date, Role.BIRTH: birth, Role.AGE: age,
        Role.KEEP: keep, Role.DROP: drop, Role.TEXT: text,
    }  # fmt: skip
    given = {role: tuple(names or ()) for role, names in roles.items()}
    options = copies(source, given, shift=shift, bands=bands, age_on=age_on)
    sheets = read_sheets(source)
    pseudonyms = _pseudonyms(key, mapping, output)
    done = copy(sheets, pseudonyms, options)
    written = write_copies(done, source, output, pseudonyms)
    _note(source, done)
    _tell_copies(done, written, output, as_json=as_json)
    raise typer.Exit(Exit.FINDINGS if done.findings else Exit.OK)


def _pseudonyms(key: Path | None, mapping: Path | None, output: Path) -> Pseudonyms:
    from emostats.errors import UsageError
    from emostats.privacy.deidentify import open_key, open_mapping

    if (key is None) == (mapping is None):
        raise UsageError(
            "expected one of --key FILE (pseudonyms by a secret key) and --mapping FILE (pseudonyms that a "
            "file keeps). Keep that file where the copies do not go."
        )
    if (key or mapping or Path()).resolve().is_relative_to(output.resolve()):
        raise UsageError(
            f"'{key or mapping}' lies in the folder of the copies, and whoever has both can find the "
            "children. Give a place outside of it."
        )
    return open_key(key) if key is not None else open_mapping(mapping or Path())


def _note(source: Path, done: Deidentified) -> None:
    """Notes the copy in the audit log of the study's runs, where there is one."""
    from emostats.study.audit import AUDIT_FILE, append_event

    runs = (source if source.is_dir() else source.parent) / "runs"
    if not (runs / AUDIT_FILE).exists():
        return
    details = {"files": sorted({file for file, _ in done.sheets}), "method": done.log["pseudonyms"]["method"]}
    append_event(runs, "deidentification", source.stem, details)


def _tell_copies(done: Deidentified, written: Sequence[Path], output: Path, *, as_json: bool) -> None:
    if as_json:
        put_json({"folder": output, "files": written, "findings": [asdict(item) for item in done.findings]})
        return
    for path in written:
        put(str(path))
    for finding in done.findings:
        say(f"{finding.place}: {finding.message} {finding.action}")
    for sheet in done.log["sheets"]:
        place = f"{sheet['file']}, sheet '{sheet['sheet']}'" if sheet["sheet"] else sheet["file"]
        left = sum(not column["kept"] for column in sheet["columns"])
        say(f"{place}: {len(sheet['columns']) - left} columns written, {left} left out")


def privacy(
    path: Annotated[
        Path, typer.Argument(help="A study file (or folder), a run folder, or any file or folder.")
    ],
    quasi: Annotated[
        list[str] | None, _names("--quasi", "What outsiders may know, e.g. SEX; by default all groups.")
    ] = None,
    sensitive: Annotated[
        list[str] | None, _names("--sensitive", "What should not be guessed, e.g. DIAGNOSIS.")
    ] = None,
    min_k: Annotated[
        int, typer.Option("--min-k", min=1, help="Stop if fewer children than this look alike.")
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Say how alike children look, and look for identifiers in inputs or outputs.

    Of a study: k-anonymity with the smallest groups and how k falls, l-diversity, risks, and the columns of
    the inputs that tell who a child is. Of a run folder, or any other folder or file: names, e-mail
    addresses, telephone numbers, addresses, ID numbers, dates and the IDs of the children.

    Exit code 1 if an input has such a column that the study file does not name, 4 if an output would
    identify a child or k is below --min-k.

    **Example:** `emostats privacy study.toml --quasi SEX --quasi AGEBAND --sensitive SITE`
    """
    from emostats.cli.deidentify_files import is_study
    from emostats.cli.privacy_reports import study_privacy, tell_outputs, tell_study

    if is_study(path) and not (path / "manifest.json").exists() and _has_study(path):
        report = study_privacy(path, tuple(quasi or ()), tuple(sensitive or ()))
        put_json(asdict(report)) if as_json else tell_study(report)
        if report.anonymity.k < min_k:
            say(
                f"k is {report.anonymity.k}, below {min_k}. Leave out a variable, or make its groups coarser."
            )
            raise typer.Exit(Exit.PRIVACY)
        raise typer.Exit(Exit.FINDINGS if report.unexpected else Exit.OK)
    raise typer.Exit(tell_outputs(path, as_json=as_json))


def _has_study(path: Path) -> bool:
    return path.is_file() or (path / "study.toml").exists()
