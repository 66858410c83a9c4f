"""Frictionless Table Schemas as pandera schemas: what the columns of a table must hold.

The bundled schemas stand in ``data_schema/``; a study adds its own in a folder of that name beside its study
file. Read are the constraints required, unique, minimum, maximum, minLength, maxLength, pattern and enum of
each field. Primary keys are not: repeated rows are found while the tables are read, with their cells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emostats.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import pandera.pandas as pa

CONSTRAINTS = ("required", "unique", "minimum", "maximum", "minLength", "maxLength", "pattern", "enum")


def read_table_schema(path: Path) -> pa.DataFrameSchema:
    """The schema in a file.

    Raises
    ------
    UsageError: the file is no Table Schema, or a constraint is unknown or cannot be.
    """
    import pandera.pandas as pa

    fields = _fields(path)
    columns = {name: _column(path, name, rules) for name, rules in fields}
    return pa.DataFrameSchema(columns, name=path.name)


def _fields(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        return [(str(field["name"]), dict(field.get("constraints", {}))) for field in schema["fields"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path.name} is no Table Schema: expected a JSON object with a list 'fields' of columns, each "
            f"with a 'name' ({type(error).__name__}: {error})."
        ) from None


def _column(path: Path, name: str, rules: Mapping[str, Any]) -> pa.Column:
    import pandera.pandas as pa

    for rule in rules:
        if rule not in CONSTRAINTS:
            raise UsageError(
                f"{path.name}: '{rule}' of {name} is no constraint. {did_you_mean(rule, CONSTRAINTS)}"
            )
    return pa.Column(
        checks=list(_checks(path, name, rules)),
        nullable=not rules.get("required", False),
        unique=bool(rules.get("unique", False)),
        required=True,
    )


def _checks(path: Path, name: str, rules: Mapping[str, Any]) -> Iterator[pa.Check]:
    import pandera.pandas as pa

    made: dict[str, tuple[Callable[[Any], pa.Check], str]] = {
        "minimum": (pa.Check.ge, "expected at least {}"),
        "maximum": (pa.Check.le, "expected at most {}"),
        "minLength": (lambda n: pa.Check.str_length(min_value=n), "expected {} characters or more"),
        "maxLength": (lambda n: pa.Check.str_length(max_value=n), "expected {} characters or fewer"),
        "pattern": (lambda text: pa.Check(_fits(text)), "expected the form {}"),
        "enum": (pa.Check.isin, "expected one of {}"),
    }
    for rule in [rule for rule in rules if rule in made]:
        make, words = made[rule]
        value = rules[rule]
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        try:
            check = make(value)
        except (TypeError, ValueError, re.error) as error:
            raise UsageError(f"{path.name}: {rule} = {value!r} of {name} cannot be: {error}.") from None
        check.error = words.format(shown)
        yield check


def _fits(pattern: str) -> Callable[[Any], Any]:
    """Whether each text as a whole has the form of `pattern`, each different text looked at once."""
    form = re.compile(pattern)

    def fits(column: Any) -> Any:
        known = {text: form.fullmatch(str(text)) is not None for text in column.unique()}
        return column.map(known).astype(bool)

    return fits
