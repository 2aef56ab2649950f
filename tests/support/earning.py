"""A rule that can earn to hide by itself, hits of it, and people who judge them.

Comes in: a database. Goes out: a store with one rule under a bar, posts that the rule hits, and
what people say of them. Always holds: every text is made up and mild.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.support.runs import open_store
from tocsin.clock import Clock
from tocsin.pipeline import Live
from tocsin.records import (
    ActionKind,
    Case,
    Event,
    SampleAnswer,
    SampleState,
    Stratum,
    VerdictKind,
)
from tocsin.review import Ruling, decide, judge, next_sample
from tocsin.store import Store, cases
from tocsin.testing import batch_of, post_event

__all__ = [
    "BAR",
    "LANGUAGE",
    "TEXT",
    "Answers",
    "case_of",
    "judge_all",
    "new_store",
    "pack_files",
    "post",
    "say_harmless",
    "stratum_of",
    "take",
]

BAR = 0.8
"""Low, so that twenty samples do."""

LANGUAGE = "en"
TEXT = "The dawn of iron rises over the harbour tonight, and we will be there"
Answers = Callable[[int], SampleAnswer]


def pack_files(automatic: Any = None, *, outcome: str = "hide") -> dict[str, str]:
    """A pack of one clause and one rule."""
    clause = {
        "id": "terror.support",
        "title": "Support",
        "guideline": "The author speaks for a designated group or repeats its slogans.",
        "examples_in": ["Long live the Iron Dawn!"],
        "examples_out": ["Students marched past a wall sprayed with a slogan."],
        "severity": 4,
        "protected_purposes": ["news", "research", "art", "counter_extremism"],
        "actions": ["label", "hide", "warn", "suspend"],
        "automatic": {"hide": BAR} if automatic is None else automatic,
    }
    rule = {
        "id": "slogan",
        "clause": "terror.support",
        "when": 'text in bank("slogans")',
        "outcome": outcome,
        "priority": 500,
        "examples": {
            "hit": ["The dawn of iron rises tonight."],
            "miss": ["The price of iron rises every spring."],
        },
    }
    return {
        "policy.yaml": yaml.safe_dump({"name": "earning", "title": "t", "clauses": [clause]}),
        "rules/rules.yaml": yaml.safe_dump([rule]),
        "banks/slogans.yaml": yaml.safe_dump(
            {"bank": "slogans", "kind": "phrase", "entries": ["dawn of iron rises"]}
        ),
    }


def new_store(
    url: str, folder: Path, clock: Clock, files: dict[str, str] | None = None, **settings: Any
) -> Store:
    """A store over the pack; the caller closes it."""
    pack = folder / "earning-pack"
    for name, text in (files or pack_files()).items():
        path = pack / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return open_store(url, folder, clock=clock, policy_dir=str(pack), **settings)


def post(number: int, *, lang: str = LANGUAGE, text: str = TEXT) -> Event:
    """A post that the rule hits."""
    return post_event(
        f"{text} ({number})",
        id=f"post-{number}",
        event_id=f"event-{number}",
        lang=lang,
    )


def take(live: Live, numbers: Iterable[int], *, batch: int = 1_000, **fields: Any) -> None:
    """Let these posts come in."""
    events = [post(number, **fields) for number in numbers]
    for start in range(0, len(events), batch):
        some = events[start : start + batch]
        live.take(batch_of(*some, received_at=live.store.clock.now()))


def stratum_of(live: Live, language: str = LANGUAGE) -> Stratum:
    """The rule's stratum."""
    (rule,) = live.policy.rules
    return Stratum(
        rule=rule.id, rule_version=rule.version, language=language, action=ActionKind.HIDE
    )


def judge_all(
    live: Live, answers: Answers, *, reviewer: str = "usr_1", most: int = 1_000
) -> list[SampleState]:
    """Judge what waits, as somebody at the console does; `answers` by the number from 0."""
    states: list[SampleState] = []
    while len(states) < most:
        with live.store.read() as connection:
            sample = next_sample(live.store, connection, live.policy, reviewer=reviewer)
        if sample is None:
            break
        answer = answers(len(states))
        states.append(judge(live.store, live.policy, sample.id, answer, reviewer=reviewer))
    return states


def case_of(store: Store, number: int) -> Case:
    """The open case about a post."""
    with store.read() as connection:
        found = cases.list_cases(connection, cases.CaseFilter(), limit=10_000)
    return next(case for case in found if case.subject.id == f"post-{number}")


def say_harmless(live: Live, number: int, *, reviewer: str = "usr_9") -> None:
    """Decide that a post was harmless."""
    case = case_of(live.store, number)
    ruling = Ruling(case=case.id, version=case.version, kind=VerdictKind.HARMLESS)
    decide(live.store, live.policy, ruling, reviewer=reviewer)
