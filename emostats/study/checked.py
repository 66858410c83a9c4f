"""TOML files checked against frozen models: every problem of a file is a finding, and all come together."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from emostats.errors import Finding, FindingsError, UsageError, did_you_mean
from emostats.study.keys import Loc, key_path, line_of, value_at

Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Model = TypeVar("Model", bound="Frozen")


class Frozen(BaseModel):
    """Base of every model of a file that people write: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class StudyFileError(FindingsError, UsageError):
    """A study or instrument file cannot be used; `findings` holds every problem of it. Exit code 2."""

    exit_code = 2


@dataclass(frozen=True)
class TomlFile:
    """A TOML file as read. Attributes: path, name (as shown to people), text, data (the parsed document)."""

    path: Path
    name: str
    text: str
    data: Mapping[str, Any]

    def finding(self, rule: str, loc: Loc, message: str, action: str = "") -> Finding:
        """A finding at a key of this file, with the line it stands on."""
        line = line_of(loc, self.text)
        where = key_path(loc, self.data) + (f" (line {line})" if line else "")
        return Finding(rule=rule, message=message, action=action, file=self.name, cell=where)


def read_toml(path: Path, name: str, what: str) -> TomlFile:
    """Reads a TOML file. `what` is how people call it: ``"study file"``.

    Raises
    ------
    StudyFileError: the file is missing, a folder, not UTF-8, or not TOML (with line and column).
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = _reason(path, error)
        raise _unreadable(name, what, f"the {what} {reason}.", f"Give the path of a {what}.") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        message = f"the {what} must be UTF-8; line {line} holds another encoding."
        raise _unreadable(name, what, message, "Save it as UTF-8.") from None
    try:
        return TomlFile(path=path, name=name, text=text, data=tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = f"the {what} is not valid TOML: {_syntax(str(error), text)}."
        raise _unreadable(name, what, message, "Correct the line.") from None


def _reason(path: Path, error: OSError) -> str:
    if path.is_dir():
        return "is a folder"
    return f"cannot be read ({error.strerror})" if path.exists() else "does not exist"


def _syntax(message: str, text: str) -> str:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    if not found:
        return f"{message[:1].lower()}{message[1:]}"
    line, column = int(found.group(1)), int(found.group(2))
    said = message[: found.start()].strip()
    lines = text.splitlines()
    shown = f" (the line reads: {lines[line - 1].strip()[:80]!r})" if 0 < line <= len(lines) else ""
    return f"line {line}, column {column}: {said[:1].lower()}{said[1:]}{shown}"


def _unreadable(name: str, what: str, message: str, action: str) -> StudyFileError:
    finding = Finding(rule="file-unreadable", message=message, action=action, file=name)
    return StudyFileError([finding], heading=f"The {what} cannot be read.")


def check_model(
    model: type[Model], file: TomlFile, context: Mapping[str, Any] | None = None
) -> tuple[Model | None, list[Finding]]:
    """The document as `model`, or None with one finding for each key that does not fit."""
    try:
        return model.model_validate(file.data, context=dict(context or {})), []
    except ValidationError as error:
        return None, [_finding(model, file, item) for item in error.errors(include_url=False)]


def _finding(model: type[BaseModel], file: TomlFile, item: Mapping[str, Any]) -> Finding:
    kind, found = str(item["type"]), item.get("input")
    loc = _written_loc(item["loc"], file.data)
    if kind == "extra_forbidden":
        known = sorted(_key_names(_model_at(model, item["loc"][:-1])))
        message = f"unknown key '{loc[-1]}'; expected one of the keys of {_table_name(loc[:-1], file)}."
        return file.finding("unknown-key", loc, message, did_you_mean(str(loc[-1]), known))
    if kind == "missing" and isinstance(loc[-1], int):
        found = value_at(loc[:-1], file.data)
        message = f"expected a list with at least {loc[-1] + 1} entries; found {_shown(found)}."
        return file.finding("invalid-value", loc[:-1], message)
    if kind == "missing":
        return file.finding(
            "missing-key", loc, f"the key '{loc[-1]}' is required and was not found.", "Add it."
        )
    message, action = _expectation(kind, item, found)
    return file.finding("invalid-value", loc, message, action)


def _table_name(loc: Loc, file: TomlFile) -> str:
    return f"[{key_path(loc, file.data)}]" if loc else "the file"


def _expectation(kind: str, item: Mapping[str, Any], found: object) -> tuple[str, str]:
    context = item.get("ctx", {})
    if kind in ("literal_error", "union_tag_invalid"):
        listed = str(context.get("expected") or context.get("expected_tags", ""))
        options = re.findall(r"'([^']*)'", listed) or [listed]
        shown = found if kind == "literal_error" else context.get("tag")
        return f"expected one of {', '.join(options)}; found {shown!r}.", did_you_mean(str(shown), options)
    if kind == "union_tag_not_found":
        return f"the key {context.get('discriminator', 'type')} is required and was not found.", "Add it."
    if kind in ("value_error", "assertion_error"):
        return f"{context.get('error', item['msg'])}; found {_shown(found)}.", ""
    if kind in ("too_short", "too_long"):
        bound = (
            f"at least {context['min_length']}" if kind == "too_short" else f"at most {context['max_length']}"
        )
        return f"expected {bound} entries; found {_shown(found)}.", ""
    if kind == "string_pattern_mismatch":
        wanted = _PATTERNS.get(context["pattern"], f"text that fits the pattern {context['pattern']}")
        return f"expected {wanted}; found {_shown(found)}.", ""
    wanted = _WANTED.get(kind) or re.sub(r"^Input should be ", "", str(item["msg"]))
    return f"expected {wanted}; found {_shown(found)}.", ""


NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*$"
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_PATTERNS = {
    NAME_PATTERN: "a name of letters, digits and underscores that begins with a letter",
    ID_PATTERN: "an id of letters, digits, points, hyphens and underscores",
}
_WANTED = {
    "string_too_short": "text that is not empty",
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "tuple_type": "a list [ … ]",
    "list_type": "a list [ … ]",
    "dict_type": "a table of keys and values",
    "mapping_type": "a table of keys and values",
    "model_type": "a table of keys and values",
    "model_attributes_type": "a table of keys and values",
}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _written_loc(loc: Loc, document: Any) -> Loc:
    """The location without the parts pydantic adds (tags of unions, ``[key]`` marks)."""
    kept: Loc = ()
    for part in loc:
        here = value_at(kept, document)
        last = part == loc[-1]
        known = isinstance(here, Mapping) and part in here
        if isinstance(part, int) or known or (last and part != "[key]"):
            kept += (part,)
    return kept


def _key_names(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    here: Any = model
    for part in loc:
        here = _step(here, part)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else _first_model(here)


def _step(here: Any, part: str | int) -> Any:
    origin = get_origin(here)
    if origin is Annotated:
        return _step(get_args(here)[0], part)
    if origin in (Union, UnionType):
        tagged = [option for option in get_args(here) if _tag(option) == part]
        return tagged[0] if tagged else _step(_first_model(here) or _container(here), part)
    if isinstance(here, type) and issubclass(here, BaseModel):
        by_key = {field.alias or name: field.annotation for name, field in here.model_fields.items()}
        return by_key.get(str(part), here)
    arguments = [item for item in get_args(here) if item is not Ellipsis]
    return arguments[-1] if arguments else here


def _tag(option: Any) -> str | None:
    fields = getattr(option, "model_fields", {})
    return fields["type"].default if "type" in fields else None


def _first_model(here: Any) -> type[BaseModel] | None:
    for option in get_args(here):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


def _container(here: Any) -> Any:
    return next((option for option in get_args(here) if option is not type(None)), here)
