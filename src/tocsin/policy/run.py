"""The policy step: features and signals in, decisions out.

Comes in: a batch of events, its features and its signals. Goes out: decisions with the row they
belong to. Always holds: pure; rows in order, and within a row subjects in order; the same event
with the same features, signals and versions gives the same bytes, however batches were cut.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from tocsin.policy.automation import Gate, default_gate
from tocsin.policy.decide import (
    Context,
    Hit,
    author_of,
    decide_subject,
    overriding_priority,
    subject_of,
)
from tocsin.policy.examples import RuleExample, collect_examples
from tocsin.policy.execute import Asker, CompiledPlan, Executor, Interpreted, rows_that_meet
from tocsin.policy.expressions import (
    BankTest,
    Expr,
    HasLabel,
    Name,
    SignalRead,
    WindowRead,
    walk,
)
from tocsin.policy.interpret import EventReader, trace, traced_parts
from tocsin.policy.masks import Columns, Rows
from tocsin.policy.source import PackSource
from tocsin.policy.spec import Clause, Rule
from tocsin.policy.tiers import Tiers
from tocsin.records import (
    NO_LABELS,
    NO_WINDOWS,
    BankEntry,
    Decision,
    EventBatch,
    FeatureTable,
    LabelHolder,
    LabelTable,
    Outcome,
    RuleState,
    ShadowHit,
    Signal,
    SignalTable,
    Subject,
    WindowSpec,
    WindowTable,
)

__all__ = ["UNDETERMINED", "CompiledPolicy"]

UNDETERMINED = "und"
"""The language of a decision where no feature says one (BCP 47)."""

Found = TypeVar("Found")

_NO_SIGNALS: Mapping[str, Signal] = {}
_SUBJECT_ORDER = ("post", "media", "hashtag", "campaign", "account")


@dataclass(frozen=True, slots=True)
class _Given:
    """What rules are asked about, and with what."""

    batch: EventBatch
    features: FeatureTable
    signals: SignalTable
    windows: WindowTable
    labels: LabelTable

    def reader(self, row: int) -> EventReader:
        """The reader of a row."""
        found = self.signals.get(row, _NO_SIGNALS)
        return EventReader(self.features, found, row, self.windows, labels=self.labels)


@dataclass(frozen=True)
class CompiledPolicy:
    """A pack that passed its check, ready to decide.

    `labels` says what each label means that rules may read or change; `entries` are the bank
    entries that the pack brings along; `left_out` the rules that wait for something that is not
    installed. `proposing` and `allowing` ask the active rules: those that propose something, and
    the `allow` rules; `shadowing` asks those in shadow, and `trying` those that are not active
    yet, drafts among them (see `check.compile_rules`).
    """

    source: PackSource
    name: str
    title: str
    clauses: Mapping[str, Clause]
    rules: Sequence[Rule]
    labels: Mapping[str, str] = field(default_factory=dict)
    entries: Sequence[BankEntry] = ()
    left_out: Sequence[str] = ()
    proposing: Asker = field(default_factory=Interpreted, compare=False, repr=False)
    allowing: Asker = field(default_factory=Interpreted, compare=False, repr=False)
    shadowing: Asker = field(default_factory=Interpreted, compare=False, repr=False)
    trying: Asker = field(default_factory=Interpreted, compare=False, repr=False)

    @property
    def version(self) -> str:
        """The version of the pack, as decisions carry it under `policy`."""
        return self.source.version

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        """The rules by id."""
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def features(self) -> frozenset[str]:
        """The features that rules read."""
        parts = (part for rule in self.rules for part in walk(rule.condition))
        return frozenset(part.name for part in parts if isinstance(part, Name))

    @cached_property
    def signals(self) -> frozenset[str]:
        """The signals that rules read, `bank:<name>` among them."""
        parts = (part for rule in self.rules for part in walk(rule.condition))
        return frozenset(part.signal for part in parts if isinstance(part, BankTest | SignalRead))

    @cached_property
    def windows(self) -> Sequence[WindowSpec]:
        """The windows that rules read, each once, in the order of the rules."""
        return tuple({read.spec.name: read.spec for read in self._window_reads}.values())

    @cached_property
    def window_conditions(self) -> Mapping[str, Callable[[FeatureTable, int], Rows]]:
        """Which events windows count: `WindowSpec.where` -> which of so many rows are such."""
        return {
            read.where.key: rows_that_meet(read.where)
            for read in self._window_reads
            if read.where is not None
        }

    @cached_property
    def _window_reads(self) -> Sequence[WindowRead]:
        # those of drafts too: a draft that goes to shadow finds its windows counted
        asked = (rule for rule in self.rules if rule.state is not RuleState.RETIRED)
        parts = (part for rule in asked for part in walk(rule.condition))
        return tuple(part for part in parts if isinstance(part, WindowRead))

    @cached_property
    def _has_shadow(self) -> bool:
        return any(rule.state is RuleState.SHADOW for rule in self.rules)

    @cached_property
    def label_reads(self) -> frozenset[tuple[LabelHolder, str]]:
        """The labels that rules ask for: holder and name."""
        parts = (part for rule in self.rules for part in walk(rule.condition))
        return frozenset((part.holder, part.name) for part in parts if isinstance(part, HasLabel))

    @cached_property
    def events(self) -> frozenset[str]:
        """The event types that rules are asked about."""
        return frozenset().union(*(rule.events for rule in self.rules))

    @property
    def window_reads(self) -> Sequence[WindowRead]:
        """The calls of window functions in rules, in their order."""
        return self._window_reads

    def examples(self) -> list[RuleExample]:
        """The rules' own examples, for the pipeline to run; of retired rules there are none."""
        return collect_examples(r for r in self.rules if r.state is not RuleState.RETIRED)

    def decide(  # noqa: PLR0913  # everything that decides, by name
        self,
        batch: EventBatch,
        features: FeatureTable,
        signals: SignalTable,
        versions: Mapping[str, str],
        gate: Gate = default_gate,
        windows: WindowTable = NO_WINDOWS,
        *,
        labels: LabelTable = NO_LABELS,
        rows: Collection[int] | None = None,
    ) -> list[tuple[int, Decision]]:
        """One decision per row and subject that a rule hit.

        `versions` are the digests of everything read before policy; this adds its own. `rows`
        limits the rows that are judged where it is given.
        """
        named = {**versions, "policy": self.version}
        decided: list[tuple[int, Decision]] = []
        for row, by_subject in self._hits(batch, features, signals, windows, labels, rows=rows):
            context = Context(
                clauses=self.clauses,
                signals=signals.get(row, _NO_SIGNALS),
                language=self._language(features, row),
                versions=named,
                gate=gate,
            )
            for subject, hits in by_subject.items():
                decision = decide_subject(
                    event=batch.events[row],
                    subject=subject,
                    hits=hits,
                    context=context,
                )
                if decision is not None:
                    decided.append((row, decision))
        return decided

    def effective_hits(
        self,
        batch: EventBatch,
        features: FeatureTable,
        signals: SignalTable,
        windows: WindowTable = NO_WINDOWS,
        labels: LabelTable = NO_LABELS,
    ) -> list[tuple[int, str]]:
        """Rows and ids of the rules that hit and that no active `allow` rule overrides.

        This is what examples are held against. Unlike `decide` it also lists `allow` rules
        that hit alone, and rules that are not active yet.
        """
        found: list[tuple[int, str]] = []
        given = _Given(batch, features, signals, windows, labels)
        active = dict(self._hits(batch, features, signals, windows, labels, with_lone_allow=True))
        waiting = self._waiting(self.trying, given)
        for row in sorted(active.keys() | waiting.keys()):
            by_subject = active.get(row, {})
            floors = {
                subject: overriding_priority([hit.rule for hit in hits])
                for subject, hits in by_subject.items()
            }
            found.extend(
                (row, rule.id)
                for subject, rule in waiting.get(row, ())
                if rule.outcome is Outcome.ALLOW or rule.priority >= floors.get(subject, -1)
            )
            for hits in by_subject.values():
                floor = overriding_priority([hit.rule for hit in hits])
                found.extend(
                    (row, hit.rule.id)
                    for hit in hits
                    if hit.rule.outcome is Outcome.ALLOW or hit.rule.priority >= floor
                )
        return found

    def shadow_hits(  # everything that decides, by name
        self,
        batch: EventBatch,
        features: FeatureTable,
        signals: SignalTable,
        windows: WindowTable = NO_WINDOWS,
        *,
        labels: LabelTable = NO_LABELS,
        rows: Collection[int] | None = None,
    ) -> dict[int, list[ShadowHit]]:
        """By row, what each rule in shadow would have decided, had it alone been active.

        As with active rules, an `allow` rule counts only where an active rule proposes something
        about the same subject. Labels that a rule in shadow would change stay as they are.
        """
        if not self._has_shadow:
            return {}
        given = _Given(batch, features, signals, windows, labels)
        waiting = self._waiting(self.shadowing, given, rows)
        if not waiting:
            return {}
        proposed = self._subjects(self.proposing, given, waiting)
        allowed = self._subjects(self.allowing, given, waiting)
        found: dict[int, list[ShadowHit]] = {}
        for row, hits in waiting.items():
            event = batch.events[row]
            language = self._language(features, row)
            for subject, rule in hits:
                is_allow = rule.outcome is Outcome.ALLOW
                if is_allow and subject not in proposed.get(row, {}):
                    continue
                floor = overriding_priority(allowed.get(row, {}).get(subject, ()))
                hit = ShadowHit(
                    rule=rule.id,
                    rule_version=rule.version,
                    event=event.id,
                    event_at=event.at,
                    subject=subject,
                    actor=author_of(event),
                    language=language,
                    clause=rule.clause,
                    outcome=rule.outcome,
                    priority=rule.priority,
                    is_overridden=not is_allow and rule.priority < floor,
                )
                found.setdefault(row, []).append(hit)
        return found

    def _waiting(
        self, asker: Asker, given: _Given, rows: Collection[int] | None = None
    ) -> dict[int, list[tuple[Subject, Rule]]]:
        """Rows in order, with the rules that hit and their subjects, in the order of subjects."""
        return {
            row: [(subject, rule) for subject, rules in found.items() for rule in rules]
            for row, found in self._subjects(asker, given, rows).items()
        }

    def _subjects(
        self, asker: Asker, given: _Given, among: Collection[int] | None
    ) -> dict[int, dict[Subject, list[Rule]]]:
        """Rows in order, with the rules that hit each subject."""
        found: dict[int, dict[Subject, list[Rule]]] = {}
        batch = given.batch
        asked = asker.hits(batch, given.features, given.signals, given.reader, given.windows, among)
        for row, indexes in asked:
            by_subject: dict[Subject, list[Rule]] = {}
            for rule in (self.rules[index] for index in indexes):
                subject = subject_of(batch.events[row], rule.subject)
                if subject is not None:
                    by_subject.setdefault(subject, []).append(rule)
            if by_subject:
                found[row] = _in_order(by_subject)
        return found

    @staticmethod
    def _language(features: FeatureTable, row: int) -> str:
        language = features.value("lang", row)
        return language if isinstance(language, str) and language else UNDETERMINED

    def wanted(
        self,
        asked: Collection[str],
        unknown: Collection[str],
        batch: EventBatch,
        features: FeatureTable,
        signals: SignalTable,
        windows: WindowTable | None = NO_WINDOWS,
    ) -> list[int]:
        """The rows where a rule that reads one of the signals `asked` can still hit.

        `signals` are those that are there already, `unknown` the names of all that are not yet;
        `windows` is None where they are not counted yet.
        """
        if self.signals.isdisjoint(asked):
            return []
        counted = NO_WINDOWS if windows is None else windows
        masks = self._tiers.compiled.masks
        columns = Columns(features, signals, len(batch), masks, counted)

        def reader_of(row: int) -> EventReader:
            return EventReader(features, signals.get(row, _NO_SIGNALS), row, counted)

        has_windows = windows is not None
        return self._tiers.rows(asked, unknown, batch, columns, reader_of, has_windows=has_windows)

    @cached_property
    def _tiers(self) -> Tiers:
        asker = self.proposing
        plan = asker.compiled if isinstance(asker, Executor) else CompiledPlan.of(self.rules)
        return Tiers(plan, self.rules)

    def _hits(
        self,
        batch: EventBatch,
        features: FeatureTable,
        signals: SignalTable,
        windows: WindowTable,
        labels: LabelTable,
        *,
        rows: Collection[int] | None = None,
        with_lone_allow: bool = False,
    ) -> list[tuple[int, dict[Subject, list[Hit]]]]:
        """Rows in order, with the rules that hit each subject.

        `allow` rules only matter where another rule hit the same subject, so they are asked
        about those rows only.
        """
        found: dict[int, list[Hit]] = {}

        def reader_of(row: int) -> EventReader:
            found = signals.get(row, _NO_SIGNALS)
            return EventReader(features, found, row, windows, labels=labels)

        for row, indexes in self.proposing.hits(batch, features, signals, reader_of, windows, rows):
            found[row] = self._traced(indexes, reader_of(row))
        among = rows if with_lone_allow else frozenset(found)
        for row, indexes in self.allowing.hits(batch, features, signals, reader_of, windows, among):
            found.setdefault(row, []).extend(self._traced(indexes, reader_of(row)))
        return [(row, _by_subject(batch, row, found[row])) for row in sorted(found)]

    def _traced(self, indexes: Sequence[int], reader: EventReader) -> list[Hit]:
        """The hits with what their rules read, as the interpreter reads it."""
        hits = []
        for index in indexes:
            rule = self.rules[index]
            parts = self._parts.get(index)
            if parts is None:
                parts = self._parts[index] = traced_parts(rule.condition)
            hits.append(Hit(rule, trace(parts, reader)))
        return hits

    @cached_property
    def _parts(self) -> dict[int, Sequence[Expr]]:
        """What the traces of rules tell of, by index; made when a rule first hits."""
        return {}


def _by_subject(batch: EventBatch, row: int, hits: Sequence[Hit]) -> dict[Subject, list[Hit]]:
    found: dict[Subject, list[Hit]] = {}
    event = batch.events[row]
    for hit in hits:
        subject = subject_of(event, hit.rule.subject)
        if subject is not None:
            found.setdefault(subject, []).append(hit)
    return _in_order(found)


def _in_order(found: Mapping[Subject, Found]) -> dict[Subject, Found]:
    return dict(sorted(found.items(), key=lambda item: _SUBJECT_ORDER.index(item[0].kind)))
