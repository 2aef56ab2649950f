"""What people see of a rule: its figures and its history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.support.cases import PLAIN_POLICY
from tests.support.runs import PACK, judge, made_lines, open_store
from tocsin.errors import NotFoundError
from tocsin.matching import wilson
from tocsin.pipeline import (
    Live,
    RuleDetail,
    RuleSummary,
    activate,
    change_state,
    read_rule,
    read_rules,
)
from tocsin.policy import PackSource
from tocsin.records import ActionKind, RuleState, VerdictKind
from tocsin.review import Colleague, Ruling, decide
from tocsin.store import Store, cases

SOMEBODY = Colleague(id="somebody", name="somebody")
SECOND = (
    "- id: any-link\n  clause: terror.support\n  when: len(links) > 0 or text in"
    ' bank("slogans")\n  outcome: review\n  priority: 100\n'
    "  examples: {hit: [The dawn of iron rises.], miss: [Bread.]}\n"
)


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path)
    yield opened
    opened.close()


def rule(store: Store, rule_id: str = "slogan") -> RuleDetail:
    with store.read() as connection:
        return read_rule(connection, rule_id, store.clock.now())


def rules(store: Store) -> dict[str, RuleSummary]:
    with store.read() as connection:
        return {one.id: one for one in read_rules(connection, store.clock.now())}


def put(store: Store, text: str, reason: str) -> None:
    source = PackSource.from_files({**PACK, "rules/rules.yaml": text})
    activate(store, source, by="lead", reason=reason)


def test_hits_are_counted_by_day_up_to_the_newest_event(store: Store) -> None:
    judge(store, made_lines(300))
    found = rules(store)["slogan"]
    assert sum(found.daily) == found.hits_month == 43
    assert found.daily[-1] > 0, "days end with the newest hit"
    assert len(found.daily) == 30
    detail = rule(store)
    assert detail.last_day == datetime(2026, 1, 2, tzinfo=UTC)
    assert detail.hits_by_version == {found.version: {"active": 43}}
    assert len(detail.recent) == 12
    assert [hit.at for hit in detail.recent] == sorted(
        (hit.at for hit in detail.recent), reverse=True
    )


def test_overlap_is_the_share_of_its_own_hits(store: Store) -> None:
    put(store, PACK["rules/rules.yaml"] + SECOND, "a second rule")
    live = Live.open(store)
    judge(store, made_lines(100), live=live)
    (other,) = [one for one in rule(store).overlap if one.rule == "any-link"]
    assert other.share == 1.0
    shares = {one.rule: one.share for one in rule(store, "any-link").overlap}
    assert 0 < shares["slogan"] < 1
    change_state(store, "any-link", RuleState.SHADOW, by=SOMEBODY, reason="a trial")
    judge(store, made_lines(200), live=live)
    assert rules(store)["any-link"].shadow_month > 0
    (other,) = [one for one in rule(store).overlap if one.rule == "any-link"]
    assert other.share == 1.0, "what is in shadow overlaps as well"


def test_precision_is_what_people_decided_about_its_hits(store: Store) -> None:
    judge(store, made_lines(100))
    with store.read() as connection:
        waiting = cases.list_cases(connection, cases.CaseFilter(clause="terror.support"))
    kinds = [("violation", "terror.support")] * 3 + [("harmless", None), ("violation", "spam.mild")]
    for case, (kind, clause) in zip(waiting, kinds, strict=False):
        ruling = Ruling(
            case=case.id,
            version=case.version,
            kind=VerdictKind(kind),
            clause=clause,
            actions=(ActionKind.LABEL,) if clause else (),
        )
        decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    found = rules(store)["slogan"].precision
    assert (found.right, found.other_clause, found.wrong, found.judged) == (3, 1, 1, 5)
    assert found.value == pytest.approx(0.6)
    assert (found.low, found.high) == wilson(3, 5)
    assert {hit.verdict for hit in rule(store).recent} >= {None}
    put(store, PACK["rules/rules.yaml"].replace("priority: 500", "priority: 501"), "another")
    assert rules(store)["slogan"].precision.judged == 0, "another version begins anew"


def test_the_interval_holds_its_promise() -> None:
    assert wilson(0, 0) is None
    low, high = wilson(0, 20) or (1, 0)
    assert low == 0
    assert 0.15 < high < 0.17
    low, high = wilson(20, 20) or (1, 0)
    assert high == 1
    assert 0.83 < low < 0.85


def test_the_history_names_packs_states_and_changed_conditions(store: Store) -> None:
    judge(store, made_lines(10))
    changed = PACK["rules/rules.yaml"].replace(
        'text in bank("slogans")', 'text in bank("slogans") and len(text) > 3'
    )
    put(store, changed, "longer texts only")
    change_state(store, "slogan", RuleState.RETIRED, by=SOMEBODY, reason="enough")
    only_slogan = [one for one in yaml.safe_load(changed) if one["id"] == "slogan"]
    put(store, yaml.safe_dump(only_slogan), "no more links")
    history = rule(store).history
    assert [(one.kind, one.reason) for one in history] == [
        ("state", "enough"),
        ("changed", "longer texts only"),
        ("added", "the first pack of this deployment"),
    ]
    pieces = [(piece.state, piece.text) for piece in history[1].condition]
    assert ("new", "and len(text) > 3") in pieces
    gone = rule(store, "known-link")
    assert [one.kind for one in gone.history] == ["removed", "added"]
    assert not gone.summary.is_in_force
    with pytest.raises(NotFoundError):
        rule(store, "never")
