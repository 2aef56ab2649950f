"""The engine decides about Arrow columns as about events, windows and all."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pyarrow as pa
import pytest

from tests.pipeline.test_windows import RULES, pack
from tests.support.runs import PACK, made_lines
from tocsin.features import WindowState
from tocsin.pipeline import Engine, check, registry
from tocsin.policy import CompiledPolicy, PackSource
from tocsin.records import Event, EventBatch, events_to_arrow
from tocsin.testing import T0
from tocsin.testing.builders import account_event, event_of, post_event

REPORT = {"type": "report.filed", "target": {"kind": "post", "id": "p"}, "category": "threat"}
EVENTS = [
    *(event_of(msgspec.json.decode(line)) for line in made_lines(300)),
    account_event("1r0n_dawn_8", bio="see https://iron-dawn.example/x"),
    event_of(REPORT),
    post_event("the dawn of iron rises", by=None, at=None, title="D\u0430wn", hashtags=("#a", "b")),
]


def policy_of(files: dict[str, str]) -> CompiledPolicy:
    report = check(PackSource.from_files(files))
    assert report.policy is not None, report.render()
    return report.policy


def batch_of_columns(events: list[Event]) -> EventBatch:
    stored = events_to_arrow(events)
    arrived = pa.array([T0] * len(events), pa.timestamp("us", tz="UTC"))
    kept = [name for name in stored.schema.names if stored.column(name).null_count < len(stored)]
    return EventBatch.from_arrow(stored.select(kept), arrived, "s")


def batch_of_structs(events: list[Event]) -> EventBatch:
    lines = [msgspec.json.encode(event) for event in events]
    return EventBatch(events=events, lines=lines, received_at=T0, source="s")


@pytest.mark.parametrize("files", [PACK, pack(RULES)], ids=["signals", "windows"])
@pytest.mark.parametrize("size", [1, 37, 303])
def test_columns_are_decided_as_events(files: dict[str, str], size: int) -> None:
    policy = policy_of(files)
    engine = Engine(policy=policy, detectors=registry.detectors(policy.entries))
    found = []
    for make, own_size in ((batch_of_structs, 64), (batch_of_columns, size)):
        windows = WindowState(policy.windows, policy.window_conditions, timedelta(seconds=600))
        made = [
            decision
            for start in range(0, len(EVENTS), own_size)
            for decision in engine.judge(make(EVENTS[start : start + own_size]), windows).decisions
        ]
        found.append([msgspec.json.encode(decision) for decision in made])
    assert len(found[0]) > 30
    assert found[0] == found[1]


def test_rules_in_shadow_read_windows_in_columns_too() -> None:
    files = pack({"busy": "count(event, by=account, over=hours(1)) >= 3"})
    files["rules/rules.yaml"] = files["rules/rules.yaml"].replace(
        "outcome: review", "outcome: review\n  state: shadow"
    )
    policy = policy_of(files)
    engine = Engine(policy=policy, detectors=())
    windows = WindowState(policy.windows, policy.window_conditions, timedelta(seconds=600))
    judged = engine.judge(batch_of_structs([post_event(f"{n}") for n in range(12)]), windows)
    assert judged.decisions == ()
    assert [hit.rule for hit in judged.shadow] == ["busy"] * 10
