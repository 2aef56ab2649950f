"""What differs between two policies: rules, clauses, banks; and whether it needs two people.

Comes in: two policies, compiled, with the states of their rules. Goes out: a `PackDifference`.
Always holds: pure. A rule counts as changed where another version or another state of it stands;
how a file is written is no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Literal

import msgspec
from msgspec import Struct

from tocsin.policy import CompiledPolicy
from tocsin.records import BankEntry, LabelChange, Outcome, RuleState, WrittenRule

__all__ = [
    "BankChange",
    "ClauseChange",
    "PackDifference",
    "Piece",
    "RuleChange",
    "compare",
    "compare_rules",
    "words_of",
]

_PARTS = ("clause", "outcome", "priority", "subject", "events", "basis", "labels")

ChangeKind = Literal["added", "removed", "changed"]


class Piece(Struct, frozen=True):
    """Some words of a condition, and whether they stay, go or come."""

    state: Literal["same", "gone", "new"]
    text: str


class RuleChange(Struct, frozen=True, kw_only=True):
    """One rule that differs; `condition` is the condition, word by word."""

    id: str
    kind: ChangeKind
    before: WrittenRule | None = None
    after: WrittenRule | None = None
    condition: tuple[Piece, ...] = ()

    @property
    def parts(self) -> tuple[tuple[str, str, str], ...]:
        """What differs beside condition and state: the key, as it was, as it is."""
        if self.before is None or self.after is None:
            return ()
        pairs = ((key, getattr(self.before, key), getattr(self.after, key)) for key in _PARTS)
        return tuple((key, _shown(was), _shown(now)) for key, was, now in pairs if was != now)

    @property
    def is_by_clause(self) -> bool:
        """Whether the rule itself reads as before: its clause, or what it names, has changed."""
        if self.before is None or self.after is None:
            return False
        return msgspec.structs.replace(self.before, version=self.after.version) == self.after

    @property
    def needs_second_person(self) -> bool:
        """Whether it would decide something that was not decided before.

        To take an `allow` rule away lets other rules act: that is no weaker policy.
        """
        before, after = self.before, self.after
        was = before is not None and before.state is RuleState.ACTIVE
        will = after is not None and after.state is RuleState.ACTIVE
        if will and after is not None:
            return not was or before is None or before.version != after.version
        return was and before is not None and before.outcome is Outcome.ALLOW


class ClauseChange(Struct, frozen=True, kw_only=True):
    """One clause that differs; `parts` are the keys of it that do, where it was changed."""

    id: str
    kind: ChangeKind
    parts: tuple[str, ...] = ()


class BankChange(Struct, frozen=True, kw_only=True):
    """How many entries of one bank of the pack differ."""

    bank: str
    added: int = 0
    removed: int = 0
    changed: int = 0


class PackDifference(Struct, frozen=True, kw_only=True):
    """Everything that differs, in order of ids."""

    rules: tuple[RuleChange, ...] = ()
    clauses: tuple[ClauseChange, ...] = ()
    banks: tuple[BankChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the two decide alike."""
        return not (self.rules or self.clauses or self.banks)

    @property
    def needs_second_person(self) -> bool:
        """Whether it adds or changes what decides; what only makes the policy weaker does not."""
        return (
            any(rule.needs_second_person for rule in self.rules)
            or any(clause.kind != "removed" for clause in self.clauses)
            or bool(self.banks)
        )


def compare(old: CompiledPolicy | None, new: CompiledPolicy) -> PackDifference:
    """What is different in `new`."""
    before = {} if old is None else {key: one.as_json() for key, one in old.clauses.items()}
    after = {key: one.as_json() for key, one in new.clauses.items()}
    return PackDifference(
        rules=compare_rules(
            () if old is None else [rule.written for rule in old.rules],
            [rule.written for rule in new.rules],
        ),
        clauses=tuple(
            ClauseChange(id=key, kind=kind, parts=_parts(before.get(key), after.get(key)))
            for key, kind in _changes(before, after)
        ),
        banks=tuple(_banks(() if old is None else old.entries, new.entries)),
    )


def compare_rules(old: Iterable[WrittenRule], new: Iterable[WrittenRule]) -> tuple[RuleChange, ...]:
    """What is different in the rules of `new`."""
    before, after = {rule.id: rule for rule in old}, {rule.id: rule for rule in new}
    changes = _changes(
        {key: (rule.version, rule.state) for key, rule in before.items()},
        {key: (rule.version, rule.state) for key, rule in after.items()},
    )
    return tuple(
        RuleChange(
            id=key,
            kind=kind,
            before=before.get(key),
            after=after.get(key),
            condition=words_of(before.get(key), after.get(key)),
        )
        for key, kind in changes
    )


def words_of(before: WrittenRule | None, after: WrittenRule | None) -> tuple[Piece, ...]:
    """The conditions of two versions of a rule, word by word."""
    old = [] if before is None else before.when.split()
    new = [] if after is None else after.when.split()
    found: list[Piece] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("same", " ".join(old[i:j])))
            continue
        if i < j:
            found.append(Piece("gone", " ".join(old[i:j])))
        if k < m:
            found.append(Piece("new", " ".join(new[k:m])))
    return tuple(found)


def _shown(value: object) -> str:
    """A part of a rule in words; labels as +name and -name."""
    if not isinstance(value, tuple):
        return str(value)
    shown = (
        f"{'+' if one.is_added else '-'}{one.name}" if isinstance(one, LabelChange) else str(one)
        for one in value
    )
    return ", ".join(shown) or "none"


def _parts(
    before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> tuple[str, ...]:
    if before is None or after is None:
        return ()
    return tuple(key for key in after if before.get(key) != after[key])


def _changes(
    old: Mapping[str, object], new: Mapping[str, object]
) -> Iterable[tuple[str, ChangeKind]]:
    for key in sorted(old.keys() | new.keys()):
        if key not in old:
            yield key, "added"
        elif key not in new:
            yield key, "removed"
        elif old[key] != new[key]:
            yield key, "changed"


def _banks(old: Sequence[BankEntry], new: Sequence[BankEntry]) -> Iterable[BankChange]:
    before, after = {entry.id: entry for entry in old}, {entry.id: entry for entry in new}
    counts: dict[str, dict[str, int]] = {}
    for key, kind in _changes(before, after):
        bank = (after.get(key) or before[key]).bank
        of_bank = counts.setdefault(bank, {})
        of_bank[kind] = of_bank.get(kind, 0) + 1
    return (BankChange(bank=bank, **found) for bank, found in sorted(counts.items()))
