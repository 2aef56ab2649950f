"""What the tests of policy share: a small catalogue, features and signals made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tocsin.policy import Catalogue, CheckReport, CompiledPolicy, PackSource, check_pack
from tocsin.records import (
    BankKind,
    Decision,
    Event,
    EventBatch,
    Evidence,
    FeatureSpec,
    FeatureValue,
    Signal,
    SignalSpec,
    SignalTable,
    Span,
    TextField,
    ValueType,
)
from tocsin.testing.builders import batch_of

TYPES = {
    "text": ValueType.TEXT,
    "title": ValueType.TEXT,
    "lang": ValueType.TEXT,
    "event.id": ValueType.TEXT,
    "event.at": ValueType.TIME,
    "event.type": ValueType.TEXT,
    "post.views": ValueType.INT,
    "post.is_reply": ValueType.BOOL,
    "text.has_quotation": ValueType.BOOL,
    "hashtags": ValueType.TEXTS,
    "links": ValueType.TEXTS,
    "links.hosts": ValueType.TEXTS,
    "media": ValueType.TEXTS,
    "account.handle": ValueType.TEXT,
    "account.name": ValueType.TEXT,
    "account.bio": ValueType.TEXT,
    "account.age": ValueType.DURATION,
    "account.created": ValueType.TIME,
    "account.followers": ValueType.INT,
    "account.following": ValueType.INT,
    "account.ratio": ValueType.FLOAT,
}

CATALOGUE = Catalogue(
    features={
        name: FeatureSpec(name=name, type=kind, doc="", example="") for name, kind in TYPES.items()
    },
    signals={
        "support": SignalSpec(name="support", doc=""),
        "threat": SignalSpec(name="threat", doc=""),
        "video": SignalSpec(name="video", doc="", available=False),
    },
    banks={
        "praise": BankKind.PHRASE,
        "condemnation": BankKind.PHRASE,
        "groups": BankKind.GROUP,
        "people": BankKind.PROTECTEE,
        "known-links": BankKind.LINK,
        "known-media": BankKind.HASH,
        "handles": BankKind.HANDLE,
    },
)

HEAD = """\
name: test
title: A policy for tests
clauses:
  - id: terror.support
    title: Support
    guideline: Support of a designated group.
    examples_in: [in]
    examples_out: [out]
    severity: 4
    protected_purposes: [news]
    actions: [label, hide, remove, suspend, limit, stop_trending, interstitial]
    automatic: [label, hide]
  - id: speech.protected
    title: Protected
    guideline: Left alone.
    examples_in: [in]
    examples_out: [out]
    severity: 1
    protected_purposes: [news]
labels:
  watched: Somebody looked at this before, and wants to hear of it again.
"""


EXAMPLES = """\
  examples:
    hit: [{type: post.created, text: yes it is}]
    miss: [{type: post.created, text: no it is not}]"""


def rule_yaml(when: str, rule_id: str = "r1", **keys: Any) -> str:
    """One rule as YAML, with what it needs to pass."""
    values = {"clause": "terror.support", "outcome": "review", "priority": 500, **keys}
    lines = [f"- id: {rule_id}", f"  when: {when}"]
    lines += [f"  {key}: {value}" for key, value in values.items()]
    return "\n".join([*lines, EXAMPLES, ""])


def check(files: Mapping[str, str], **options: bool) -> CheckReport:
    """The report on a pack of these files; `policy.yaml` is `HEAD` where it is not given."""
    source = PackSource.from_files({"policy.yaml": HEAD, **files})
    return check_pack(source, CATALOGUE, **options)


def compiled(*rules: str) -> CompiledPolicy:
    """The policy of these rules, each as YAML."""
    report = check({"rules/r.yaml": "".join(rules)})
    assert report.policy is not None, report.render()
    return report.policy


def policy_of(when: str, **keys: Any) -> CompiledPolicy:
    """The policy of one rule."""
    return compiled(rule_yaml(json.dumps(when), **keys))


class Table:
    """Features by row, given by hand; rows without values miss everything."""

    def __init__(self, *rows: Mapping[str, FeatureValue]) -> None:
        self.rows = rows

    def value(self, name: str, row: int) -> FeatureValue | None:
        return self.rows[row].get(name) if row < len(self.rows) else None


def signal(
    name: str,
    score: float = 1.0,
    *,
    fields: Sequence[TextField | None] = (),
    abstained: bool = False,
) -> Signal:
    """A signal with one piece of evidence in each of the fields (None: without a place)."""
    bank = name.removeprefix("bank:") if name.startswith("bank:") else None
    return Signal(
        name=name,
        detector="by-hand",
        version="1",
        score=score,
        abstained=abstained,
        evidence=tuple(
            Evidence(
                kind="phrase",
                span=None if field is None else Span(field=field, start=0, end=4),
                bank=bank,
                entry="ent_1",
            )
            for field in fields
        ),
    )


def bank_hit(bank: str, field: TextField | None = "post.text") -> Signal:
    """The signal of a bank that was found."""
    return signal(f"bank:{bank}", fields=[field])


def table_of(*rows: Sequence[Signal]) -> SignalTable:
    """Signals by row."""
    return {row: {item.name: item for item in items} for row, items in enumerate(rows)}


def decide(
    policy: CompiledPolicy,
    event: Event,
    features: Mapping[str, FeatureValue] | None = None,
    signals: Sequence[Signal] = (),
) -> list[Decision]:
    """The decisions on one event."""
    batch: EventBatch = batch_of(event)
    decided = policy.decide(batch, Table(features or {}), table_of(signals), {"features": "f1"})
    return [decision for _, decision in decided]


def hits(
    when: str,
    event: Event,
    features: Mapping[str, FeatureValue] | None = None,
    signals: Sequence[Signal] = (),
) -> bool:
    """Whether a condition is true."""
    return bool(decide(policy_of(when), event, features, signals))


WEEK = timedelta(days=7)
