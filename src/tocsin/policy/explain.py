"""Why a decision is what it is.

Comes in: a decision, the policy at hand, and (where it still exists) the text. Goes out: an
`Explanation`, as JSON values and as text. Always holds: every sub-expression is computed again
from the values stored with the decision, never from the present state of anything; where the
policy at hand is not the one that decided, it says so and shows only what was stored. Refused:
nothing; content that was erased is reported as erased.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

from tocsin.policy.expressions import Expr, ListOf, Name, walk
from tocsin.policy.expressions import Literal as Constant
from tocsin.policy.interpret import Result, combine, from_stored, to_stored
from tocsin.policy.kinds import Kind
from tocsin.policy.run import CompiledPolicy
from tocsin.policy.spec import Rule
from tocsin.records import (
    Decision,
    Evidence,
    LabelChange,
    Outcome,
    Reason,
    Span,
    TextField,
    Value,
)

__all__ = [
    "CountedEvent",
    "Explanation",
    "FoundEvidence",
    "LabelLine",
    "RuleExplanation",
    "Step",
    "WindowContents",
    "explain",
]

MAX_EXCERPT = 200

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))

State = Literal["value", "missing", "not stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One sub-expression, `depth` levels inside its rule, and its value.

    `at` says where a regular expression matched, as `field[start:end]`.
    """

    depth: int
    text: str
    state: State
    value: Value | None = None
    is_duration: bool = False
    at: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = (
            _shown(self.value, is_duration=self.is_duration)
            if self.state == "value"
            else self.state
        )
        where = f" at {', '.join(self.at)}" if self.at else ""
        return f"{'  ' * self.depth}{self.text} = {shown}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleExplanation:
    """One rule that hit. `when` and `steps` are empty where the rule has changed since.

    `durations` names those of `values` that are seconds of a duration, as far as is known.
    """

    rule: str
    version: str
    clause: str
    outcome: str
    priority: int
    is_overridden: bool
    when: str | None
    steps: tuple[Step, ...]
    values: Mapping[str, Value]
    missing: tuple[str, ...]
    signals: tuple[str, ...]
    durations: tuple[str, ...] = ()

    def duration(self, name: str) -> str | None:
        """A value that is a duration, with its units; None where it is something else."""
        return _shown(self.values[name], is_duration=True) if name in self.durations else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEvidence:
    """One thing that a detector found. `excerpt` is None where the text was not given."""

    signal: str
    detector: str
    version: str
    score: float | None
    note: str | None
    kind: str | None = None
    bank: str | None = None
    entry: str | None = None
    distance: int | None = None
    field: str | None = None
    start: int | None = None
    end: int | None = None
    excerpt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedEvent:
    """An event that a window counted: its time, and its entry of the log."""

    event: str
    at: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowContents:
    """What a window held when a rule read it: the newest events, and how many there were.

    `recorded` is the value that the decision stored; `agrees` says whether the events give it,
    and `note` why they do not. `key` is the one with the greatest answer, of several.
    """

    rule: str
    call: str
    recorded: Value
    agrees: bool
    key: str | None = None
    total: int = 0
    events: tuple[CountedEvent, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLine:
    """One label that the decision changed; `lasts` is None where it has no end."""

    name: str
    holder: str
    key: str | None
    rule: str | None
    is_added: bool
    lasts: str | None
    reason: str

    def __str__(self) -> str:
        """The change in a few words."""
        done = "put on" if self.is_added else "taken off"
        length = f" for {self.lasts}" if self.lasts else ""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.name}: {done} the {self.holder} {self.key}{length} by {self.rule}{why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that led to a decision; `windows` where their contents were asked for."""

    decision: str
    subject: str
    event: str
    event_at: str | None
    actor: str | None
    language: str
    outcome: str
    clause: str
    clause_title: str | None
    priority: int
    rules: tuple[RuleExplanation, ...]
    evidence: tuple[FoundEvidence, ...]
    automatic: tuple[str, ...]
    held: Mapping[str, str]
    labels: tuple[LabelLine, ...]
    versions: Mapping[str, str]
    replaces: str | None
    is_same_policy: bool
    notes: tuple[str, ...]
    windows: tuple[WindowContents, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """The explanation as JSON values."""
        return asdict(self)

    def render(self) -> str:
        """The explanation as text of several lines."""
        return "\n".join(_lines(self)) + "\n"


def explain(
    decision: Decision,
    policy: CompiledPolicy,
    *,
    texts: Mapping[TextField, str] | None = None,
    erased: str | None = None,
) -> Explanation:
    """Explain a decision.

    `texts` holds what the spans point into, for excerpts; `erased` says when and under what the
    content was erased, where it was.
    """
    clause = policy.clauses.get(decision.clause)
    used = decision.versions.get("policy")
    is_same = used == policy.version
    floor = _floor(decision)
    rules = tuple(_rule(reason, policy, floor) for reason in decision.reasons)
    notes = (
        [] if is_same else [f"decided under policy {used}, explained with policy {policy.version}"]
    )
    notes += [
        f"the rule `{rule.rule}` has changed or is gone since: only what was stored is shown"
        for rule in rules
        if rule.when is None
    ]
    if erased is not None:
        notes.append(f"content erased {erased}")
    return Explanation(
        decision=decision.id,
        subject=str(decision.subject),
        event=decision.event,
        event_at=None if decision.event_at is None else str(to_stored(decision.event_at)),
        actor=decision.actor,
        language=decision.language,
        outcome=decision.outcome.value,
        clause=decision.clause,
        clause_title=None if clause is None else clause.title,
        priority=decision.priority,
        rules=rules,
        evidence=tuple(_evidence(decision, {} if texts is None else texts)),
        automatic=tuple(action.value for action in decision.automatic),
        held=decision.held,
        labels=tuple(_label(change) for change in decision.labels),
        versions=decision.versions,
        replaces=decision.replaces,
        is_same_policy=is_same,
        notes=tuple(notes),
    )


def _label(change: LabelChange) -> LabelLine:
    return LabelLine(
        name=change.name,
        holder=change.holder.value,
        key=change.key,
        rule=change.rule,
        is_added=change.is_added,
        lasts=None if change.for_s is None else _with_units(change.for_s),
        reason=change.reason,
    )


def _floor(decision: Decision) -> int:
    allowing = (r.priority for r in decision.reasons if r.outcome is Outcome.ALLOW)
    return max(allowing, default=-1)


def _rule(reason: Reason, policy: CompiledPolicy, floor: int) -> RuleExplanation:
    rule: Rule | None = policy.by_id.get(reason.rule)
    if rule is not None and rule.version != reason.rule_version:
        rule = None
    return RuleExplanation(
        rule=reason.rule,
        version=reason.rule_version,
        clause=reason.clause,
        outcome=reason.outcome.value,
        priority=reason.priority,
        is_overridden=reason.outcome is not Outcome.ALLOW and reason.priority < floor,
        when=None if rule is None else rule.when,
        steps=() if rule is None else tuple(_steps(rule.condition, reason, 0)),
        values=reason.values,
        missing=reason.missing,
        signals=reason.signals,
        durations=() if rule is None else tuple(_durations(rule.condition, reason)),
    )


def _durations(condition: Expr, reason: Reason) -> dict[str, None]:
    """The names of the values that are durations, each once, in the order of the rule."""
    keys = (part.key for part in walk(condition) if part.kind is Kind.DURATION)
    return dict.fromkeys(key for key in keys if key in reason.values)


def _steps(expr: Expr, reason: Reason, depth: int) -> Iterator[Step]:
    if isinstance(expr, Constant | ListOf):
        return
    value, state = _again(expr, reason)
    yield Step(
        depth=depth,
        text=expr.key,
        state=state,
        value=None if value is None else to_stored(value),
        is_duration=expr.kind is Kind.DURATION,
        at=tuple(f"{s.field}[{s.start}:{s.end}]" for s in reason.spans.get(expr.key, ())),
    )
    for child in expr.children:
        yield from _steps(child, reason, depth + 1)


def _again(expr: Expr, reason: Reason) -> tuple[Result, State]:
    """The value of an expression from what the decision stored."""
    if expr.key in reason.missing:
        return None, "missing"
    if expr.is_recorded:
        if expr.key in reason.values:
            return from_stored(reason.values[expr.key], expr.kind), "value"
        return None, "not stored"
    if expr.is_content or isinstance(expr, Name):
        return None, "not stored"
    found = [_again(child, reason)[0] for child in expr.children]
    value = combine(expr, found)
    return value, "missing" if value is None else "value"


def _evidence(decision: Decision, texts: Mapping[TextField, str]) -> Iterator[FoundEvidence]:
    shown: set[tuple[str, Evidence]] = set()
    for signal in decision.signals:
        head: dict[str, Any] = {
            "signal": signal.name,
            "detector": signal.detector,
            "version": signal.version,
            "score": None if signal.abstained else signal.score,
            "note": f"abstained: {signal.note or 'no reason given'}"
            if signal.abstained
            else signal.note,
        }
        # signals of one detector may rest on the same reading: that is told once
        told = [
            item
            for item in signal.evidence
            if item.bank is not None or (signal.detector, item) not in shown
        ]
        shown.update((signal.detector, item) for item in told)
        if not told:
            yield FoundEvidence(**head)
        for item in told:
            span = item.span
            text = None if span is None else texts.get(span.field)
            yield FoundEvidence(
                **{**head, "note": item.note or head["note"]},
                kind=item.kind,
                bank=item.bank,
                entry=item.entry,
                distance=item.distance,
                field=None if span is None else span.field,
                start=None if span is None else span.start,
                end=None if span is None else span.end,
                excerpt=_excerpt(text, span),
            )
    yield from _matches(decision, texts)


def _matches(decision: Decision, texts: Mapping[TextField, str]) -> Iterator[FoundEvidence]:
    """Where regular expressions of rules matched."""
    for reason in decision.reasons:
        for key, spans in reason.spans.items():
            for span in spans:
                yield FoundEvidence(
                    signal=key,
                    detector=reason.rule,
                    version=reason.rule_version,
                    score=None,
                    note=None,
                    kind="regex",
                    field=span.field,
                    start=span.start,
                    end=span.end,
                    excerpt=_excerpt(texts.get(span.field), span),
                )


def _excerpt(text: str | None, span: Span | None) -> str | None:
    if text is None or span is None:
        return None
    return text[span.start : span.end][:MAX_EXCERPT]


def _lines(found: Explanation) -> Iterator[str]:
    title = f" ({found.clause_title})" if found.clause_title else ""
    yield f"decision {found.decision}"
    yield f"  {found.outcome} {found.subject}, priority {found.priority}"
    yield f"  clause   {found.clause}{title}"
    yield f"  event    {found.event}" + (f" at {found.event_at}" if found.event_at else "")
    yield f"  language {found.language}"
    for note in found.notes:
        yield f"  note     {note}"
    for rule in found.rules:
        yield ""
        yield from _rule_lines(rule)
    if found.evidence:
        yield ""
        yield "evidence"
        for item in found.evidence:
            yield f"  {_evidence_line(item)}"
    for window in found.windows or ():
        yield ""
        yield from _window_lines(window)
    yield ""
    yield from _done(found)
    yield "versions"
    for name, version in found.versions.items():
        yield f"  {name} {version}"


def _done(found: Explanation) -> Iterator[str]:
    """What the decision did, and what it held back."""
    yield "actions"
    for action in found.automatic:
        yield f"  {action}: taken without a person"
    for action, reason in found.held.items():
        yield f"  {action}: held, {reason}"
    if not found.automatic and not found.held:
        yield "  none proposed"
    yield ""
    if found.labels:
        yield "labels"
        for label in found.labels:
            yield f"  {label}"
        yield ""


def _rule_lines(rule: RuleExplanation) -> Iterator[str]:
    overridden = ", overridden" if rule.is_overridden else ""
    yield f"rule {rule.rule} ({rule.outcome}, priority {rule.priority}{overridden})"
    for step in rule.steps:
        yield f"  {step}"
    if not rule.steps:
        for key, value in rule.values.items():
            yield f"  {key} = {_shown(value)}"
    if rule.missing:
        yield f"  missing: {', '.join(rule.missing)}"


def _window_lines(window: WindowContents) -> Iterator[str]:
    yield f"window {window.call} = {_shown(window.recorded)}, read by {window.rule}"
    if window.key is not None:
        yield f"  key {_one_line(window.key)}, events: {window.total:,}"
    for event in window.events:
        yield f"  {event.at}  {event.event}  (entry {event.position})"
    if window.total > len(window.events):
        yield f"  and {window.total - len(window.events):,} before them"
    if window.note is not None:
        yield f"  note: {window.note}"


def _one_line(key: str) -> str:
    """A key on one line: of a text its beginning."""
    return " ".join(key.split())[:MAX_EXCERPT]


def _evidence_line(item: FoundEvidence) -> str:
    parts = [item.signal]
    if item.score is not None:
        parts.append(f"{item.score:g}")
    if item.kind:
        parts.append(item.kind)
    if item.entry:
        parts.append(f"entry {item.entry}")
    if item.distance is not None:
        parts.append(f"distance {item.distance}")
    if item.field:
        parts.append(f"{item.field}[{item.start}:{item.end}]")
    if item.excerpt is not None:
        parts.append(f"“{item.excerpt}”")
    if item.note:
        parts.append(item.note)
    parts.append(f"by {item.detector} {item.version}")
    return ", ".join(parts)


def _shown(value: Value | None, *, is_duration: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_duration and isinstance(value, int | float):
        return _with_units(value)
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _with_units(seconds: float) -> str:
    """A duration in its two largest units, never more than it is: `4 d 9 h`, `30 d`, `0.5 s`."""
    sign, left = ("-" if seconds < 0 else ""), abs(seconds)
    for (size, unit), (smaller, smaller_unit) in pairwise(_UNITS):
        if left >= size:
            whole, rest = divmod(left, size)
            part = f" {rest // smaller:.0f} {smaller_unit}" if rest >= smaller else ""
            return f"{sign}{whole:.0f} {unit}{part}"
    return f"{sign}{left:g} s"
