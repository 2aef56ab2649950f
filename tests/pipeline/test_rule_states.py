"""States of rules in a pipeline that runs: at once, at every cut, and named by decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.support.runs import PACK, decided, judge, made_lines, open_store
from tocsin.pipeline import Live, activate, change_state
from tocsin.policy import PackSource
from tocsin.records import RuleState
from tocsin.review import Colleague
from tocsin.store import Store, policies, rulestates, schema

LINES = made_lines(60)
SOMEBODY = Colleague(id="somebody", name="somebody")


def set_state(store: Store, state: RuleState, rule: str = "slogan") -> None:
    assert change_state(store, rule, state, by=SOMEBODY, reason="a trial") is None


def versions(store: Store) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line)["versions"] for line in decided(store)]


def hits(store: Store, mode: str, rule: str = "slogan") -> set[tuple[str, str, str]]:
    table = schema.rule_hits
    with store.read() as connection:
        rows = connection.execute(
            sa.select(table).where(table.c.mode == mode, table.c.rule == rule)
        )
        return {(row.event_id, row.subject_kind, row.subject_id) for row in rows}


@pytest.mark.parametrize("batch", [1, 7, 256])
def test_shadow_counts_at_every_cut_what_active_decides(
    database_url: str, tmp_path: Path, batch: int
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    active = open_store(f"sqlite:///{tmp_path / 'one' / 'x.db'}", tmp_path / "one")
    judge(active, LINES)
    shadow = open_store(database_url, tmp_path / "two")
    live = Live.open(shadow)
    set_state(shadow, RuleState.SHADOW)
    judge(shadow, LINES, batch=batch, live=live)
    assert hits(shadow, "active") == set()
    assert hits(shadow, "shadow") == hits(active, "active") != set()
    assert hits(shadow, "active", "known-link") == hits(active, "active", "known-link")
    active.close()
    shadow.close()


def test_a_state_takes_effect_with_the_next_batch_and_is_named(
    database_url: str, tmp_path: Path
) -> None:
    store = open_store(database_url, tmp_path)
    live = Live.open(store)
    judge(store, LINES[:20], live=live)
    n_before = len(hits(store, "active"))
    assert all("rules" not in one for one in versions(store))
    set_state(store, RuleState.RETIRED)
    judge(store, LINES[20:40], live=live)
    assert len(hits(store, "active")) == n_before
    assert hits(store, "shadow") == set()
    named = [one["rules"] for one in versions(store) if "rules" in one]
    assert named
    set_state(store, RuleState.ACTIVE)
    judge(store, LINES[40:], live=live)
    assert len(hits(store, "active")) > n_before
    assert "rules" not in versions(store)[-1], "the state is what the pack says again"
    store.close()


def test_what_the_log_says_of_a_version_stands_before_the_file(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}", tmp_path)
    text = PACK["rules/rules.yaml"]
    draft = text.replace("outcome: review", "outcome: review\n  state: draft")
    activate(
        store, PackSource.from_files({**PACK, "rules/rules.yaml": draft}), by="x", reason="draft"
    )
    live = Live.open(store)
    judge(store, LINES[:20], live=live)
    assert hits(store, "active") == set()
    set_state(store, RuleState.ACTIVE)
    judge(store, LINES[20:40], live=live)
    assert len(hits(store, "active")) > 0
    with store.read() as connection:
        (position,) = [one.position for one in policies.list_activations(connection)]
        written = {rule.id: rule.state for rule in policies.rules_of(connection, position)}
        standing = list(rulestates.states(connection).values())
    assert (written["slogan"], standing) == (RuleState.DRAFT, [RuleState.ACTIVE])
    store.close()


def test_the_digest_of_states_does_not_depend_on_their_order() -> None:
    one = {("a", "1"): RuleState.SHADOW, ("b", "2"): RuleState.RETIRED}
    other = dict(reversed(one.items()))
    assert rulestates.states_digest(one) == rulestates.states_digest(other)
    assert rulestates.states_digest(one) != rulestates.states_digest({("a", "1"): RuleState.SHADOW})


MARKING = """\
- id: mark
  clause: terror.support
  when: text in bank("slogans")
  outcome: review
  priority: 500
  labels: {add: [{name: watched, for: days(1), reason: repeated a slogan}]}
  examples: {hit: [The dawn of iron rises.], miss: [Bread is dearer again.]}
- id: watched-speaks
  clause: terror.support
  when: has_label("watched") and text not in bank("slogans")
  outcome: review
  priority: 300
  state: STATE
  examples:
    hit: [{text: Bread is dearer again., labels: [watched]}]
    miss: [Bread is dearer again.]
"""


@pytest.mark.parametrize("batch", [1, 7, 256])
def test_a_rule_in_shadow_reads_the_labels_that_stand_before_each_event(
    tmp_path: Path, batch: int
) -> None:
    found = {}
    posts = [msgspec.json.decode(line) for line in made_lines(90)]
    for number, post in enumerate(posts):  # a few who speak often, so that labels matter
        post["actor"]["id"] = f"account-{number % 5}"
    lines = [msgspec.json.encode(post) for post in posts]
    head = PACK["policy.yaml"] + "labels: {watched: looked at}\n"
    for state in ("active", "shadow"):
        folder = tmp_path / state
        folder.mkdir()
        store = open_store(f"sqlite:///{folder / 'x.db'}", folder)
        rules = {"policy.yaml": head, "rules/rules.yaml": MARKING.replace("STATE", state)}
        activate(store, PackSource.from_files({**PACK, **rules}), by="x", reason="labels")
        judge(store, lines, batch=batch if state == "shadow" else 256)
        found[state] = hits(store, state, "watched-speaks")
        store.close()
    assert found["shadow"] == found["active"]
    assert 0 < len(found["active"]) < 90
