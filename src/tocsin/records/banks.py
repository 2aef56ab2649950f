"""Banks: curated lists, and their entries.

Comes in: nothing. Goes out: frozen structs. Always holds: an entry's id depends on its bank and
value, so that adding the same thing twice is one entry; what decides (value, state, clause,
severity, expiry, how to match) is in `BankEntry.digest`, what only informs (note, source) is
not. Refused: a designated group without list, reference and date, or a reasoned local entry
(`check_entry`).
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import Struct

from tocsin.clock import stable_id
from tocsin.errors import InputError

__all__ = ["BankEntry", "BankKind", "Designation", "EntryState", "check_entry", "entry_id"]


class BankKind(StrEnum):
    """What the entries of a bank are."""

    PHRASE = "phrase"
    LINK = "link"
    HANDLE = "handle"
    HASH = "hash"
    GROUP = "group"
    PROTECTEE = "protectee"


class EntryState(StrEnum):
    """Whether an entry decides."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    DISPUTED = "disputed"
    RETIRED = "retired"


class Designation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a group counts as designated: a list with reference and date, or a local reason."""

    list: str | None = None
    reference: str | None = None
    date: date | None = None
    local_reason: str | None = None


class BankEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of a bank.

    `match` says how a phrase is found: as whole words, or anywhere. `aliases` are further
    names of a group or protectee. `severity` in 1 (mild) to 5 (gravest).
    """

    id: str
    bank: str
    kind: BankKind
    value: str
    clause: str | None = None
    severity: int = 3
    match: Literal["word", "substring"] = "word"
    state: EntryState = EntryState.ACTIVE
    source: str = "local"
    judged_by: str | None = None
    lang: str | None = None
    note: str | None = None
    expires_at: datetime | None = None
    aliases: tuple[str, ...] = ()
    designation: Designation | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over what decides, as 32 hexadecimal digits."""
        deciding = [
            self.id, self.kind, self.value, self.clause, self.severity, self.match,
            self.state, self.expires_at, self.aliases,
        ]  # fmt: skip
        return hashlib.sha256(msgspec.json.encode(deciding)).hexdigest()[:32]


MAX_BANK_NAME = 128
"""What the column of the store holds."""

SEVERITIES = range(1, 6)
"""1 (mild) to 5 (gravest)."""


def entry_id(bank: str, value: str) -> str:
    """The id of the entry with this value in this bank."""
    return stable_id("ent", bank, value)


def check_entry(entry: BankEntry) -> BankEntry:
    """The entry itself, if it may enter a bank.

    Raises:
        InputError: what is missing.
    """
    where = f"bank {entry.bank[:MAX_BANK_NAME]}"
    if not 0 < len(entry.bank) <= MAX_BANK_NAME:
        raise InputError(f"the name of a bank has 1 to {MAX_BANK_NAME} characters", where=where)
    if not entry.value.strip():
        raise InputError("an entry needs a value", where=where)
    if entry.severity not in SEVERITIES:
        raise InputError("severity lies between 1 and 5", where=where)
    if entry.kind is BankKind.GROUP:
        _check_designation(entry.designation, where)
    return entry


def _check_designation(designation: Designation | None, where: str) -> None:
    is_listed = designation is not None and bool(
        designation.list and designation.reference and designation.date
    )
    is_reasoned = designation is not None and bool((designation.local_reason or "").strip())
    if not (is_listed or is_reasoned):
        raise InputError(
            "a designated group needs its list, reference and date, or a local reason",
            where=where,
            hint="give --list, --reference and --date, or --local-reason with a full sentence",
        )
