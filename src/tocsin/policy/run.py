"""The policy step: features and signals in, decisions out.

Comes in: a batch of events, its features and its signals. Goes out: decisions with the row they
belong to. Always holds: pure; rows in order, and within a row subjects in order; the same event
with the same features, signals and versions gives the same bytes, however batches were cut.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tocsin.policy.automation import Gate, default_gate
from tocsin.policy.decide import Context, Hit, decide_subject, overriding_priority, subject_of
from tocsin.policy.examples import RuleExample, collect_examples
from tocsin.policy.execute import Asker, Interpreted
from tocsin.policy.expressions import BankTest, Expr, HasLabel, Name, SignalRead, WindowRead, walk
from tocsin.policy.interpret import EventReader, evaluate, trace
from tocsin.policy.source import PackSource
from tocsin.policy.spec import Clause, Rule
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
    Signal,
    SignalTable,
    Subject,
    WindowSpec,
    WindowTable,
)

__all__ = ["UNDETERMINED", "CompiledPolicy"]

UNDETERMINED = "und"
"""The language of a decision where no feature says one (BCP 47)."""

_NO_SIGNALS: Mapping[str, Signal] = {}
_SUBJECT_ORDER = ("post", "media", "hashtag", "campaign", "account")


@dataclass(frozen=True)
class CompiledPolicy:
    """A pack that passed its check, ready to decide.

    `labels` says what each label means that rules may read or change; `entries` are the bank
    entries that the pack brings along; `left_out` the rules that wait for something that is not
    installed. `proposing` and `allowing` ask the rules: those that
    propose something, and the `allow` rules (see `check.compile_rules`).
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
    def window_conditions(self) -> Mapping[str, Callable[[FeatureTable, int], bool]]:
        """Which events windows count: `WindowSpec.where` -> whether a row's event is one."""
        return {
            read.where.key: _condition(read.where)
            for read in self._window_reads
            if read.where is not None
        }

    @cached_property
    def _window_reads(self) -> Sequence[WindowRead]:
        parts = (part for rule in self.rules for part in walk(rule.condition))
        return tuple(part for part in parts if isinstance(part, WindowRead))

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
        """The rules' own examples, for the pipeline to run."""
        return collect_examples(self.rules)

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
            language = features.value("lang", row)
            context = Context(
                clauses=self.clauses,
                signals=signals.get(row, _NO_SIGNALS),
                language=language if isinstance(language, str) and language else UNDETERMINED,
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
        """Rows and ids of the rules that hit and that no `allow` rule overrides.

        This is what examples are held against. Unlike `decide` it also lists `allow` rules
        that hit alone.
        """
        found: list[tuple[int, str]] = []
        hits_by_row = self._hits(batch, features, signals, windows, labels, with_lone_allow=True)
        for row, by_subject in hits_by_row:
            for hits in by_subject.values():
                floor = overriding_priority([hit.rule for hit in hits])
                found.extend(
                    (row, hit.rule.id)
                    for hit in hits
                    if hit.rule.outcome is Outcome.ALLOW or hit.rule.priority >= floor
                )
        return found

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

        for row, indexes in self.proposing.hits(batch, features, signals, reader_of, rows):
            found[row] = self._traced(indexes, reader_of(row))
        among = rows if with_lone_allow else frozenset(found)
        for row, indexes in self.allowing.hits(batch, features, signals, reader_of, among):
            found.setdefault(row, []).extend(self._traced(indexes, reader_of(row)))
        return [(row, _by_subject(batch, row, found[row])) for row in sorted(found)]

    def _traced(self, indexes: Sequence[int], reader: EventReader) -> list[Hit]:
        """The hits with what their rules read, as the interpreter reads it."""
        rules = [self.rules[index] for index in indexes]
        return [Hit(rule, trace(rule.condition, reader)) for rule in rules]


def _condition(where: Expr) -> Callable[[FeatureTable, int], bool]:
    def is_met(features: FeatureTable, row: int) -> bool:
        return bool(evaluate(where, EventReader(features, _NO_SIGNALS, row)))

    return is_met


def _by_subject(batch: EventBatch, row: int, hits: Sequence[Hit]) -> dict[Subject, list[Hit]]:
    found: dict[Subject, list[Hit]] = {}
    event = batch.events[row]
    for hit in hits:
        subject = subject_of(event, hit.rule.subject)
        if subject is not None:
            found.setdefault(subject, []).append(hit)
    return dict(sorted(found.items(), key=lambda item: _SUBJECT_ORDER.index(item[0].kind)))
