"""What a pack declares: clauses and rules, checked and frozen.

Comes in: nothing. Goes out: frozen types. Always holds: a `Rule` has passed the check, and its
`version` changes whenever it could decide otherwise: with its condition and those of the rules that
it names, outcome, priority, subject, events, basis, labels, and with what its clause allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, get_args

import msgspec

from tocsin.nlp import Harm
from tocsin.policy.expressions import Expr, RuleRead, walk
from tocsin.records import (
    ActionKind,
    Event,
    LabelChange,
    LabelHolder,
    Outcome,
    RuleState,
    SubjectKind,
    WrittenRule,
)

__all__ = [
    "EVENT_TYPES",
    "Basis",
    "Clause",
    "Example",
    "Purpose",
    "Rule",
    "event_type",
    "rule_version",
]

_TAGS: dict[type, str] = {struct: struct.__struct_config__.tag for struct in get_args(Event)}

EVENT_TYPES: frozenset[str] = frozenset(_TAGS.values())


def event_type(event: Event) -> str:
    """The type of an event as the wire format writes it."""
    return _TAGS[type(event)]


class Basis(StrEnum):
    """What a rule rests on: curated known material only, or anything else."""

    BANK = "bank"
    RULE = "rule"


class Purpose(StrEnum):
    """Purposes that a clause protects (TCO Regulation (EU) 2021/784, Article 1(3))."""

    NEWS = "news"
    RESEARCH = "research"
    ART = "art"
    COUNTER_EXTREMISM = "counter_extremism"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One written line of policy. `severity` in 1 (mild) to 5 (gravest).

    `bars` maps each action that may ever happen by itself to the precision that a rule must have
    been measured to exceed. `harm` is what verdicts under the clause teach the text models.
    """

    id: str
    title: str
    guideline: str
    severity: int
    examples_in: tuple[str, ...] = ()
    examples_out: tuple[str, ...] = ()
    protected_purposes: tuple[Purpose, ...] = ()
    actions: tuple[ActionKind, ...] = ()
    bars: Mapping[ActionKind, float] = field(default_factory=dict)
    harm: Harm | None = None
    legal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def automatic(self) -> tuple[ActionKind, ...]:
        """The actions that may ever happen by themselves, in the order of the policy."""
        return tuple(self.bars)

    def as_json(self) -> dict[str, Any]:
        """The clause as JSON values."""
        encoded: dict[str, Any] = msgspec.to_builtins(self)
        return encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A rule's own example: an event in the wire format, and whether the rule must hit it.

    `before` are the events that came earlier, in order: what windows hold; `labels` stand on its
    account or handle.
    """

    event: Mapping[str, Any]
    should_hit: bool
    where: str
    before: tuple[Mapping[str, Any], ...] = ()
    labels: frozenset[tuple[LabelHolder, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An expression over features and signals that points to a clause and an outcome.

    `state` is what the pack's file says; in an engine it is what stands now. It is no part of the
    version: the same version goes through the states.
    """

    id: str
    clause: str
    when: str
    condition: Expr
    outcome: Outcome
    priority: int
    subject: SubjectKind
    events: frozenset[str]
    basis: Basis = Basis.RULE
    labels: tuple[LabelChange, ...] = ()
    note: str | None = None
    examples: tuple[Example, ...] = ()
    version: str
    where: str
    state: RuleState = RuleState.ACTIVE

    @property
    def written(self) -> WrittenRule:
        """The rule as a record, for the log."""
        return WrittenRule(
            id=self.id,
            version=self.version,
            clause=self.clause,
            outcome=self.outcome,
            priority=self.priority,
            subject=self.subject,
            events=tuple(sorted(self.events)),
            basis=self.basis.value,
            labels=self.labels,
            when=self.when,
            state=self.state,
            note=self.note,
        )


def rule_version(  # noqa: PLR0913  # everything that decides
    *,
    clause: Clause,
    condition: Expr,
    outcome: Outcome,
    priority: int,
    subject: SubjectKind,
    events: frozenset[str],
    basis: Basis,
    labels: tuple[LabelChange, ...] = (),
) -> str:
    """SHA-256 over what decides, as 32 hexadecimal digits.

    That is also what the rules say that the condition names.
    """
    reads = (part for part in walk(condition) if isinstance(part, RuleRead))
    named = {read.rule: read.children[0].key for read in reads}
    deciding = [
        clause.id, clause.severity, sorted(clause.actions), sorted(clause.bars.items()),
        condition.key, outcome, priority, subject, sorted(events), basis,
        labels, sorted(named.items()),
    ]  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(deciding)).hexdigest()[:32]
