"""Copies of data files without what tells who a child is."""

from emostats.privacy.deidentify.columns import Declared, Role, plain
from emostats.privacy.deidentify.copy import LOG_FILE, Deidentified, deidentify
from emostats.privacy.deidentify.from_study import declared_columns, header_rows
from emostats.privacy.deidentify.inspect import TellingColumn, telling_columns
from emostats.privacy.deidentify.options import Options
from emostats.privacy.deidentify.secrets import (
    KeptMapping,
    KeyedHash,
    Pseudonyms,
    open_key,
    open_mapping,
)
from emostats.privacy.deidentify.sheet import REMOVED, Sheet

__all__ = [
    "LOG_FILE", "REMOVED", "Declared", "Deidentified", "KeptMapping", "KeyedHash", "Options", "Pseudonyms",
    "Role", "Sheet", "TellingColumn", "declared_columns", "deidentify", "header_rows", "open_key",
    "open_mapping", "plain", "telling_columns",
]  # fmt: skip
