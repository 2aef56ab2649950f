"""Banks that a pack brings along: read from `banks/*.yaml`.

Comes in: the tree of one file. Goes out: the bank's kind and its entries. Always holds: an entry
has passed `records.check_entry`; a bare text is an entry with that value. Refused: entries that
may not enter a bank, the same value twice; warned of: entries that name a faith, a people or
officials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from tocsin.errors import InputError
from tocsin.policy.fields import Fields, described
from tocsin.policy.problems import Code, Document, Place, Problems, did_you_mean
from tocsin.policy.sensitive import OFFICIALS, PEOPLE, named, warn_of_names
from tocsin.policy.spec import Clause
from tocsin.policy.tree import MapNode, Node, TextNode, read_tree
from tocsin.records import BankEntry, BankKind, Designation, EntryState, check_entry, entry_id

__all__ = ["BANK_KEYS", "ENTRY_KEYS", "BankFile", "check_clauses", "read_bank"]

BANK_KEYS = {
    "bank": "the bank's id",
    "kind": "`phrase`, `link`, `handle`, `hash`, `group` or `protectee`",
    "note": "what belongs into it (optional)",
    "clause": "clause of the entries that name none (optional)",
    "entries": "list of values, or of mappings",
}
ENTRY_KEYS = {
    "value": "the phrase, link, handle, hash or name",
    "aliases": "further names of a group or protectee (optional)",
    "clause": "the clause it stands for (optional)",
    "severity": "1 (mild) to 5 (gravest); 3 where absent",
    "match": "`word` (where absent) or `substring`",
    "state": "`active` (where absent), `candidate`, `disputed` or `retired`",
    "lang": "language code (optional)",
    "source": "where it comes from; `pack` where absent",
    "judged_by": "who judged it (optional)",
    "note": "for people (optional)",
    "expires_at": "when it stops deciding, RFC 3339 (optional)",
    "designation": "of a group: `list`, `reference` and `date`, or `local_reason`",
}
_EITHER = PEOPLE | OFFICIALS
_DESIGNATION_KEYS = ("list", "reference", "date", "local_reason")


class _Match(StrEnum):
    WORD = "word"
    SUBSTRING = "substring"


@dataclass(slots=True)
class BankFile:
    """One bank of a pack, and where its name and entries stand."""

    name: str
    kind: BankKind
    place: Place
    entries: list[BankEntry] = field(default_factory=list)
    clause_places: dict[str, Place] = field(default_factory=dict)


def read_bank(document: Document, problems: Problems) -> BankFile | None:
    """Read one bank, reporting every mistake."""
    root = read_tree(document, problems)
    if root is None:
        return None
    if not isinstance(root, MapNode):
        problems.error(Code.SHAPE, f"a bank file is a mapping, not {described(root)}", root.place)
        return None
    required = ("bank", "kind", "entries")
    fields = Fields(root, "a bank", problems, required=required, optional=BANK_KEYS)
    name = fields.identifier("bank")
    kind = fields.choice("kind", BankKind, BankKind.PHRASE)
    clause = fields.identifier("clause")
    if name is None:
        return None
    bank = BankFile(name, kind, fields.place("bank"))
    warn_of_names(f"the bank `{name}`", f"{name} {fields.text('note')}", bank.place, problems)
    if clause is not None:
        bank.clause_places[clause] = fields.place("clause")
    places: dict[str, Node] = {}
    for node in fields.list_of("entries"):
        _read_entry(node, bank, clause, places, problems)
    _warn_of_entries(bank, places, problems)
    return bank


def _read_entry(
    node: Node, bank: BankFile, clause: str | None, places: dict[str, Node], problems: Problems
) -> None:
    if isinstance(node, TextNode) and node.value is not None:
        value = node.text.strip()
        entry = BankEntry(
            id=entry_id(bank.name, value),
            bank=bank.name,
            kind=bank.kind,
            value=value,
            clause=clause,
            source="pack",
        )
    elif isinstance(node, MapNode):
        entry = _from_mapping(node, bank, clause, problems)
    else:
        message = f"an entry is a text or a mapping, not {described(node)}"
        problems.error(Code.SHAPE, message, node.place)
        return
    if entry.value in places:
        second = ("first here", places[entry.value].place)
        message = "this value stands in the bank twice"
        problems.error(Code.DUPLICATE_ID, message, node.place, None, second)
        return
    try:
        check_entry(entry)
    except InputError as error:
        hint = "add `designation:` with them" if entry.kind is BankKind.GROUP else None
        problems.error(Code.BANK_ENTRY, error.message, node.place, hint)
        return
    places[entry.value] = node
    bank.entries.append(entry)


def _from_mapping(
    node: MapNode, bank: BankFile, clause: str | None, problems: Problems
) -> BankEntry:
    fields = Fields(node, "an entry", problems, required=("value",), optional=ENTRY_KEYS)
    own_clause = fields.identifier("clause")
    if own_clause is not None:
        bank.clause_places.setdefault(own_clause, fields.place("clause"))
    value = fields.text("value")
    match = fields.choice("match", _Match, _Match.WORD)
    return BankEntry(
        id=entry_id(bank.name, value),
        bank=bank.name,
        kind=bank.kind,
        value=value,
        clause=own_clause or clause,
        severity=fields.integer("severity", 1, 5, 3),
        match="word" if match is _Match.WORD else "substring",
        state=fields.choice("state", EntryState, EntryState.ACTIVE),
        source=fields.text("source", "pack"),
        judged_by=fields.text("judged_by") or None,
        lang=fields.text("lang") or None,
        note=fields.text("note") or None,
        expires_at=_time(fields, problems),
        aliases=tuple(alias for alias in fields.texts("aliases") if alias),
        designation=_designation(fields, problems),
    )


def _time(fields: Fields, problems: Problems) -> datetime | None:
    node = fields.scalar("expires_at")
    if node is None:
        return None
    try:
        found = datetime.fromisoformat(node.text)
    except ValueError:
        message = "`expires_at` is a time such as `2027-01-31T00:00:00Z`"
        problems.error(Code.VALUE, message, node.place)
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _designation(fields: Fields, problems: Problems) -> Designation | None:
    node = fields.mapping("designation")
    if node is None:
        return None
    parts = Fields(node, "a designation", problems, required=(), optional=_DESIGNATION_KEYS)
    day = parts.scalar("date")
    found: date | None = None
    if day is not None:
        try:
            found = date.fromisoformat(day.text)
        except ValueError:
            problems.error(Code.VALUE, "`date` is a day such as `2026-01-31`", day.place)
    return Designation(
        list=parts.text("list") or None,
        reference=parts.text("reference") or None,
        date=found,
        local_reason=parts.text("local_reason") or None,
    )


def _warn_of_entries(bank: BankFile, places: dict[str, Node], problems: Problems) -> None:
    """One warning of each kind for the whole bank: at the first such entry."""
    naming = [entry.value for entry in bank.entries if named(entry.value, _EITHER) is not None]
    for words in (PEOPLE, OFFICIALS):
        found = [value for value in naming if named(value, words) is not None]
        if found:
            subject = f"the bank `{bank.name}`"
            if len(found) > 1:
                subject += f" ({len(found):,} entries)"
            only = " ".join(token for token in found[0].split() if named(token, words))
            warn_of_names(subject, only, places[found[0]].place, problems)


def check_clauses(bank: BankFile, clauses: Mapping[str, Clause], problems: Problems) -> None:
    """Report entries that point to clauses that the policy does not have."""
    if not clauses:
        return
    for clause, place in bank.clause_places.items():
        if clause not in clauses:
            hint = did_you_mean(clause, clauses)
            problems.error(Code.UNKNOWN_CLAUSE, f"there is no clause `{clause}`", place, hint)
