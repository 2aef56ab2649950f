"""`tocsin bench rules`: the rule stage alone.

Comes in: nothing (a synthetic workload). Goes out: events per CPU second of the rule stage by
number of rules and size of batch. The rule stage is the scan for the rules' phrases and
everything from there to finished decisions; normal texts and features are given. Always holds:
the events are the same for every number of rules, and hold phrases of the first `PHRASE_RULES`
rules only, so that more rules do not hit more; each rate is the best of `ROUNDS` rounds over the
same events, which on a machine with other work comes closest to what the code costs.

Compared with, on the same events and the same phrases found: the interpreter walking every
rule's expression for every event; and the rules as Python closures, cheapest condition first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import islice
from typing import Any

import yaml

from tocsin.bench.measure import Measurement, cpu_s
from tocsin.bench.workload import make_lines, make_pack, make_phrases
from tocsin.clock import SystemClock
from tocsin.detectors import detect
from tocsin.features import compute
from tocsin.ingest import ADAPTERS, Batcher, LineReader, file_batches
from tocsin.pipeline import check, registry
from tocsin.plugins import Detector, DetectorInput
from tocsin.policy import CompiledPolicy, PackSource
from tocsin.policy.check import compile_rules
from tocsin.records import BankEntry, BankKind, EventBatch, EventPolicy, SignalTable, entry_id

__all__ = ["bench_rules"]

RULES = (20, 300, 3_000)
BATCHES = (1, 32, 256, 4_096)
N_EVENTS = {1: 1_000, 32: 8_192, 256: 16_384, 4_096: 16_384}
ROUNDS = 5
PHRASES_PER_RULE = 3
PHRASE_RULES = 300
OPEN_RULES = 300
PEER_ASKED = 150_000
"""Rules times events for a peer: enough to measure, and seconds rather than minutes."""

Given = tuple[EventBatch, DetectorInput]


def bench_rules(*, on_step: Callable[[str], None] = lambda _: None) -> Iterator[Measurement]:
    """Measure the rule stage; yields each figure when it is there."""
    on_step("making the workload")
    phrases = make_phrases(max(RULES) * PHRASES_PER_RULE)
    lines = make_lines(max(N_EVENTS.values()), phrases[: PHRASE_RULES * PHRASES_PER_RULE])
    for n_rules in RULES:
        on_step(f"compiling {n_rules} rules")
        stage = _Stage.of(n_rules, phrases)
        on_step(f"measuring {n_rules} rules as an interpreter and as closures")
        sample = lines[: max(50, PEER_ASKED // n_rules)][:5_000]
        peers = {
            "interpreter, every rule": _interpreter_rate(stage, sample),
            "Python closures, cheapest first": _closures_rate(n_rules, phrases, sample),
        }
        for batch in BATCHES:
            on_step(f"measuring {n_rules} rules in batches of {batch}")
            rate = stage.rate(lines[: N_EVENTS[batch]], batch)
            for peer, peer_rate in peers.items():
                yield _figure("rules_events_per_s", rate, n_rules, batch, peer, peer_rate)
    on_step(f"measuring {OPEN_RULES} rules without a phrase")
    stage = _Stage.of_source(_open_rules(), [])
    peer_rate = _interpreter_rate(stage, lines[: PEER_ASKED // OPEN_RULES])
    for batch in BATCHES:
        rate = stage.rate(lines[: N_EVENTS[batch]], batch)
        yield _figure(
            "open_rules_events_per_s", rate, OPEN_RULES, batch, "interpreter, every rule", peer_rate
        )
    on_step(f"measuring {OPEN_RULES} rules with a regular expression")
    stage = _Stage.of_source(_regex_rules(phrases), [])
    peer_rate = _interpreter_rate(stage, lines[: PEER_ASKED // OPEN_RULES])
    for batch in BATCHES:
        rate = stage.rate(lines[: N_EVENTS[batch]], batch)
        yield _figure(
            "regex_rules_events_per_s", rate, OPEN_RULES, batch, "interpreter, every rule",
            peer_rate,
        )  # fmt: skip


@dataclass(frozen=True)
class _Stage:
    """A compiled rule set and the detectors that it needs."""

    policy: CompiledPolicy
    detectors: Sequence[Detector]

    @classmethod
    def of(cls, n_rules: int, phrases: Sequence[str]) -> _Stage:
        """Rules that each want one of three phrases and look at the account."""
        conditions = [
            f'text in bank("bench-{number}") and account.followers < {1_000 + number}'
            " and account.age < days(3650)" + " and not post.is_reply" * (number % 3 == 0)
            for number in range(n_rules)
        ]
        entries = [
            BankEntry(id=entry_id(bank, phrase), bank=bank, kind=BankKind.PHRASE, value=phrase)
            for number in range(n_rules)
            for bank in (f"bench-{number}",)
            for phrase in _of_rule(phrases, number)
        ]
        return cls.of_source(conditions, entries)

    @classmethod
    def of_source(cls, conditions: Sequence[str], entries: Sequence[BankEntry]) -> _Stage:
        """The rules with these conditions."""
        files = make_pack(1, ["a phrase"])
        files = {"policy.yaml": files["policy.yaml"], "rules/bench.yaml": _rules_file(conditions)}
        report = check(PackSource.from_files(files), entries)
        if report.policy is None:
            raise ValueError(report.render())
        return cls(report.policy, registry.detectors(entries, reads=report.policy.signals)[:1])

    def rate(self, lines: Sequence[bytes], batch: int) -> float:
        """Events per CPU second from normal texts to decisions."""
        given = [_given(events) for events in _batches(lines, batch)]

        def work() -> None:
            for events, found in given:
                signals = detect(found, self.detectors)
                self.policy.decide(events, found.features, signals, {})

        return len(lines) / _best(work)


def _best(work: Callable[[], object]) -> float:
    """CPU seconds of the best of several rounds."""
    return min(cpu_s(work) for _ in range(ROUNDS))


def _figure(
    measure: str, rate: float, n_rules: int, batch: int, peer: str, peer_rate: float
) -> Measurement:
    return Measurement(
        measure=measure,
        value=round(rate),
        unit="events/s/core",
        params={"rules": n_rules, "batch": batch},
        peer=peer,
        peer_value=round(peer_rate),
        ratio=round(rate / peer_rate, 2),
    )


def _of_rule(phrases: Sequence[str], number: int) -> Sequence[str]:
    return phrases[number * PHRASES_PER_RULE : (number + 1) * PHRASES_PER_RULE]


def _rules_file(conditions: Sequence[str]) -> str:
    return yaml.safe_dump(
        [
            {
                "id": f"bench.rule-{number}",
                "clause": "bench.clause",
                "when": when,
                "outcome": "review",
                "priority": number % 1_000,
                "examples": {"hit": ["x"], "miss": ["y"]},
            }
            for number, when in enumerate(conditions)
        ]
    )


def _open_rules() -> list[str]:
    """Rules about numbers and languages; like the others they hit few events."""
    return [
        f"account.followers < {number % 40} and account.following > {670 + number % 30}"
        f' and lang == "{("en", "ar")[number % 2]}"'
        for number in range(OPEN_RULES)
    ]


def _regex_rules(phrases: Sequence[str]) -> list[str]:
    """Rules that each want a phrase, with any number of blanks between its words."""
    spaced = (phrase.replace(" ", " +") for phrase in phrases)
    return [f'matches(text, "{pattern}( *!)?")' for pattern in islice(spaced, OPEN_RULES)]


def _batches(lines: Sequence[bytes], batch: int) -> list[EventBatch]:
    batcher = Batcher(
        source="bench",
        adapter=ADAPTERS["tocsin"],
        policy=EventPolicy(),
        clock=SystemClock(),
        max_events=batch,
    )
    reader = LineReader(BytesIO(b"\n".join(lines)), source="bench")
    return [found.events for found in file_batches(reader, batcher)]


def _given(events: EventBatch) -> Given:
    features = compute(events)
    return events, DetectorInput(batch=events, features=features, texts=features)


def _interpreter_rate(stage: _Stage, lines: Sequence[bytes]) -> float:
    """Events per CPU second where every rule's expression is walked for every event."""
    policy = compile_rules(stage.policy, use_anchors=False, use_plan=False)
    ((events, found),) = [_given(events) for events in _batches(lines, len(lines))]
    signals: SignalTable = detect(found, stage.detectors)
    return len(lines) / _best(lambda: policy.decide(events, found.features, signals, {}))


def _closures_rate(n_rules: int, phrases: Sequence[str], lines: Sequence[bytes]) -> float:
    """Events per CPU second of the rules as one would write them in plain Python."""
    limit = timedelta(days=3650)
    rules = [
        _plain_rule(1_000 + number, limit, _of_rule(phrases, number)) for number in range(n_rules)
    ]
    ((events, found),) = [_given(events) for events in _batches(lines, len(lines))]
    rows: list[tuple[Any, Any, Any]] = [
        (
            found.features.value("account.followers", row),
            found.features.value("account.age", row),
            found.features.value("text", row),
        )
        for row in range(len(events))
    ]
    return len(lines) / _best(lambda: [[rule(*row) for rule in rules] for row in rows])


def _plain_rule(
    followers: int, age: timedelta, phrases: Sequence[str]
) -> Callable[[int, timedelta, str], bool]:
    def rule(own_followers: int, own_age: timedelta, text: str) -> bool:
        return (
            own_followers < followers
            and own_age < age
            and any(phrase in text for phrase in phrases)
        )

    return rule
