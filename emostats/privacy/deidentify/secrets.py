"""Keys and mapping files: what turns an ID into a pseudonym, readable by their owner alone."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import os
import secrets
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from emostats.errors import PrivacyError, UsageError, hindrance

OWNER_ONLY = 0o600
KEY_BYTES = 32
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, so that nothing is misread."""
LENGTH = 10
"""Letters of a pseudonym: 50 bits. Two of 100,000 children share one with a chance of 4 in a million, and
that is noticed."""
PREFIX = {"child": "C", "family": "F", "rater": "R", "clip": "V"}
"""First letter of a pseudonym by what it names."""
COLUMNS = ("kind", "original", "pseudonym", "random")


class Pseudonyms(Protocol):
    """Gives the same pseudonym and the same shift of dates for the same ID, and others for others."""

    def of(self, kind: str, original: str) -> str:
        """The pseudonym of an ID; `kind` is ``"child"``, ``"family"``, ``"rater"`` or ``"clip"``."""

    def shift(self, child: str, most: int) -> int:
        """Days by which a child's dates are moved: −most … most, never 0."""

    @property
    def method(self) -> str:
        """How it is done, for the log."""

    def save(self) -> None:
        """Keeps what the next copy needs for the same pseudonyms; to be called once the copy is written."""


def normal(original: str) -> str:
    """An ID as it is compared: composed Unicode, no outer blanks."""
    return unicodedata.normalize("NFC", original).strip()


@dataclass(frozen=True)
class KeyedHash:
    """HMAC-SHA-256 (RFC 2104) of kind and ID under a secret key. Without the key nobody can go back.

    new: the file that `save` writes for a key that is in no file yet; None for one that is.
    """

    key: bytes
    seen: dict[str, str] = field(default_factory=dict)
    new: Path | None = None

    def of(self, kind: str, original: str) -> str:
        """See `Pseudonyms`. Raises PrivacyError when two IDs would share a pseudonym."""
        name = f"{PREFIX[kind]}-{_letters(self._digest(kind, original))}"
        if self.seen.setdefault(name, normal(original)) != normal(original):
            raise PrivacyError("two IDs would get the same pseudonym. Take another key (another --key file).")
        return name

    def shift(self, child: str, most: int) -> int:
        """See `Pseudonyms`."""
        return _shift(int.from_bytes(self._digest("shift", child)[:8], "big"), most)

    def _digest(self, kind: str, original: str) -> bytes:
        message = f"{kind}\0{normal(original)}".encode()
        return hmac.new(self.key, message, hashlib.sha256).digest()

    @property
    def method(self) -> str:
        """See `Pseudonyms`. Names the key by eight digits of a hash, which do not give it away."""
        return f"keyed hash (HMAC-SHA-256), key {self._digest('fingerprint', '').hex()[:8]}"

    def save(self) -> None:
        """Writes a new key, readable by its owner alone; never over a file.

        Raises
        ------
        UsageError: the file is there by now, or cannot be written; nothing of it stays.
        """
        if self.new is not None:
            _write_private(self.new, self.key.hex().encode("ascii") + b"\n")


@dataclass
class KeptMapping:
    """Random pseudonyms that a file keeps: kind, original, pseudonym, and a random number that gives the
    shift of the dates. `save` writes new ones."""

    path: Path
    rows: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def of(self, kind: str, original: str) -> str:
        """See `Pseudonyms`."""
        return self._row(kind, original)[0]

    def shift(self, child: str, most: int) -> int:
        """See `Pseudonyms`."""
        return _shift(self._row("child", child)[1], most)

    def _row(self, kind: str, original: str) -> tuple[str, int]:
        key = kind, normal(original)
        if key not in self.rows:
            taken = {name for name, _ in self.rows.values()}
            while (name := f"{PREFIX[kind]}-{_letters(secrets.token_bytes(8))}") in taken:
                pass
            self.rows[key] = name, secrets.randbits(32)
        return self.rows[key]

    @property
    def method(self) -> str:
        """See `Pseudonyms`."""
        return "random pseudonyms, kept in a mapping file"

    def save(self) -> None:
        """Writes the mapping, readable by its owner alone; the old file stays until the new one is whole."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((*key, *row) for key, row in self.rows.items())
        part = self.path.with_name(f"{self.path.name}.part")
        _write_private(part, stream.getvalue().encode("utf-8"))
        part.replace(self.path)


def open_key(path: Path) -> KeyedHash:
    """The keyed hash of a key file; where there is no file, of a new key, which `KeyedHash.save` writes.

    Raises
    ------
    PrivacyError: others than the owner may read the file. UsageError: it is no key.
    """
    if not path.exists():
        return KeyedHash(secrets.token_bytes(KEY_BYTES), new=path)
    _check_private(path, "key")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        raise UsageError(
            f"'{path}' is no key: expected {2 * KEY_BYTES} hexadecimal digits. "
            "Give the key file of the last time, or a new name, and a new key is made."
        )
    return KeyedHash(key)


def open_mapping(path: Path) -> KeptMapping:
    """The kept mapping of a file, empty where there is none yet.

    Raises
    ------
    PrivacyError: others than the owner may read the file. UsageError: it is damaged.
    """
    if not path.exists():
        return KeptMapping(path)
    _check_private(path, "mapping")
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        found = {(kind, original): (name, int(number)) for kind, original, name, number in rows[1:]}
        if tuple(rows[0]) != COLUMNS or len(found) != len(rows) - 1:
            raise ValueError
    except (ValueError, IndexError):
        raise UsageError(f"the mapping file '{path}' is damaged. Restore it from a copy.") from None
    return KeptMapping(path, found)


def readers_beside_owner(path: Path) -> bool:
    """Whether group or others may read or write a file; never on Windows, which has other permissions."""
    return os.name != "nt" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _check_private(path: Path, what: str) -> None:
    if readers_beside_owner(path):
        raise PrivacyError(
            f"the {what} file '{path}' may be read by others, and whoever has it can find the children. "
            f"Nothing was written. Make it private: chmod 600 '{path}'."
        )


def _write_private(path: Path, content: bytes) -> None:
    """Creates a file that only its owner can read from its first byte on; whole, or not at all."""
    path.unlink(missing_ok=True) if path.suffix == ".part" else None
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except OSError as error:
        raise UsageError(_why_not(path, error)) from error
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(content)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError(_why_not(path, error)) from error
        raise


def _why_not(path: Path, error: OSError) -> str:
    return f"'{path}' cannot be written: {hindrance(path, error)}"


def _letters(digest: bytes) -> str:
    number = int.from_bytes(digest[:8], "big")
    return "".join(LETTERS[(number >> (5 * place)) & 31] for place in range(LENGTH))


def _shift(number: int, most: int) -> int:
    if most == 0:
        return 0
    days = number % (2 * most) - most
    return days if days < 0 else days + 1
