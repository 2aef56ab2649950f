"""The pack that ships: it passes its check, and does what its examples say."""

from __future__ import annotations

from functools import cache

import pytest

from tocsin.detectors import detect
from tocsin.features import compute
from tocsin.features.windows import GroupedWindows
from tocsin.pipeline import catalogue, detectors
from tocsin.plugins import DetectorInput
from tocsin.policy import CompiledPolicy, check_pack, explain, load_pack
from tocsin.policy.examples import EXAMPLE_AT
from tocsin.records import (
    ITEM_ACTIONS,
    ActionKind,
    Decision,
    Event,
    EventPolicy,
    Outcome,
    convert_event,
)
from tocsin.testing.builders import batch_of


@cache
def policy() -> CompiledPolicy:
    report = check_pack(load_pack(), catalogue())
    assert report.policy is not None, report.render()
    assert report.warnings == (), report.render()
    return report.policy


@cache
def judged() -> tuple[set[tuple[int, str]], list[tuple[int, Decision]]]:
    """Effective hits of all examples, and the decisions on them."""
    events: list[Event] = []
    groups: list[range] = []
    for example in policy().examples():
        start = len(events)
        events += [
            convert_event(event, now=EXAMPLE_AT, policy=EventPolicy())
            for event in (*example.before, example.event)
        ]
        groups.append(range(start, len(events)))
    batch = batch_of(*events)
    features = compute(batch)
    given = DetectorInput(batch=batch, features=features, texts=features)
    signals = detect(given, detectors(policy().entries, reads=policy().signals))
    windows = GroupedWindows(policy().windows, policy().window_conditions, batch, features, groups)
    own = {group[-1]: index for index, group in enumerate(groups)}
    hits = policy().effective_hits(batch, features, signals, windows)
    decided = policy().decide(batch, features, signals, {}, windows=windows)
    return (
        {(own[row], rule) for row, rule in hits if row in own},
        [(own[row], decision) for row, decision in decided if row in own],
    )


@pytest.mark.parametrize(
    "index", range(len(policy().examples())), ids=lambda i: policy().examples()[i].event["id"]
)
def test_an_example_is_judged_as_it_says(index: int) -> None:
    example = policy().examples()[index]
    assert ((index, example.rule) in judged()[0]) is example.should_hit, example.where


def test_the_clauses_are_there() -> None:
    assert {
        "terror.support", "terror.glorification", "terror.recruitment", "terror.incitement",
        "threat.person", "threat.group", "violence.graphic_praise", "terror.known_material",
        "account.return", "coordination.manipulation", "protected.expression",
    } == set(policy().clauses)  # fmt: skip


@pytest.mark.parametrize("clause", policy().clauses.values(), ids=lambda clause: clause.id)
def test_a_clause_can_be_applied_by_a_person(clause: object) -> None:
    found = policy().clauses[getattr(clause, "id", "")]
    assert len(found.guideline) > 120
    assert found.examples_in
    assert found.examples_out
    assert len(found.protected_purposes) == 4
    assert set(found.automatic) <= ITEM_ACTIONS
    assert "tco_article" not in found.legal


def test_every_rule_has_hits_and_misses_and_text_rules_in_two_scripts() -> None:
    for rule in policy().rules:
        kinds = [example.should_hit for example in rule.examples]
        assert True in kinds
        assert False in kinds
        if "text in bank(" in rule.when or "signal(" in rule.when:
            texts = " ".join(str(example.event) for example in rule.examples)
            assert any("\u0600" <= letter <= "\u06ff" for letter in texts), rule.id


def test_only_known_material_acts_without_a_person() -> None:
    decisions = [decision for _, decision in judged()[1]]
    assert {d.clause for d in decisions if d.automatic} == {"terror.known_material"}
    assert {action for d in decisions for action in d.automatic} == {ActionKind.HIDE}


def test_what_is_overridden_is_written_down() -> None:
    allowed = [d for _, d in judged()[1] if d.outcome is Outcome.ALLOW]
    assert allowed
    assert {decision.clause for decision in allowed} == {"protected.expression"}
    assert all(len(decision.reasons) > 1 for decision in allowed)


def test_every_decision_explains_itself_without_gaps() -> None:
    for _, decision in judged()[1]:
        found = explain(decision, policy())
        assert found.is_same_policy
        for rule in found.rules:
            assert rule.steps[0].value is True, rule.rule


def test_what_text_models_read_opens_cases_and_nothing_else() -> None:
    reading = [rule for rule in policy().rules if "signal(" in rule.when]
    assert {rule.outcome for rule in reading} == {Outcome.REVIEW}
    assert {rule.id for rule in reading} >= {
        "read-support", "read-incitement", "read-threat", "read-threat-own-voice",
        "read-threat-protectee",
    }  # fmt: skip
    own = {rule.id for rule in reading}
    for _, decision in judged()[1]:
        if {reason.rule for reason in decision.reasons} <= own:
            assert decision.automatic == ()


def test_every_bank_is_used_by_a_rule() -> None:
    read = {name.removeprefix("bank:") for name in policy().signals}
    assert {entry.bank for entry in policy().entries} <= read
