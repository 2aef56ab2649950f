"""What models may learn from verdicts and samples, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
import yaml

from tests.support import earning
from tests.support.cases import decision_on
from tests.support.erasing import erase_event
from tests.support.runs import PACK, open_store
from tocsin.errors import InputError
from tocsin.nlp import Harm
from tocsin.pipeline import Live
from tocsin.pipeline.judged import JudgedEvent, JudgedEvents, judged_events
from tocsin.records import (
    Case,
    Decision,
    Event,
    Judgement,
    SampleAnswer,
    Subject,
    VerdictKind,
    account_key,
    post_of,
)
from tocsin.review import Ruling, decide, reverse
from tocsin.store import Store, cases
from tocsin.testing import FakeClock, batch_of, event_of, post_event

HARMS = {"terror.support": "support", "terror.incitement": "incitement", "threat.person": "threat"}


def pack() -> dict[str, str]:
    """The pack of whole runs, with a clause for each harm; `terror.known` names none."""
    head = yaml.safe_load(PACK["policy.yaml"])
    first, known = head["clauses"]
    clauses = [{**deepcopy(first), "id": clause, "harm": harm} for clause, harm in HARMS.items()]
    return {**PACK, "policy.yaml": yaml.safe_dump({**head, "clauses": [*clauses, known]})}


@pytest.fixture
def live(database_url: str, tmp_path: Path) -> Iterator[Live]:
    folder = tmp_path / "judged-pack"
    for name, text in pack().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    store = open_store(database_url, tmp_path, policy_dir=str(folder))
    yield Live.open(store)
    store.close()


def open_case(store: Store, event: Event, *decisions: Decision) -> Case:
    """The case about what these decisions are about, by default about the post of the event."""
    made = decisions or (decision_on(event),)
    with store.write() as transaction:
        transaction.record_events(
            batch_of(event, received_at=store.clock.now()), Judgement(decisions=made)
        )
    with store.read() as connection:
        (case,) = cases.list_cases(connection, cases.CaseFilter(subject=made[0].subject))
    return case


def rule(live: Live, case: Case, kind: str, **fields: Any) -> str:
    """Decide a case as a person does; the verdict's id."""
    if kind == "violation":
        fields.setdefault("clause", case.clause)
    ruling = Ruling(case=case.id, version=case.version, kind=VerdictKind(kind), **fields)
    return decide(live.store, live.policy, ruling, reviewer="usr_1").id


def judged(live: Live) -> JudgedEvents:
    return judged_events(live.store, live.policy)


def only(live: Live) -> JudgedEvent:
    (found,) = judged(live).posts
    return found


def test_a_violation_is_an_example_of_its_clauses_harm(live: Live) -> None:
    rule(live, open_case(live.store, post_event("join the dawn")), "violation")
    found = only(live)
    assert dict(found.harms) == {Harm.SUPPORT: True}
    post = post_of(found.event)
    assert post is not None
    assert post.text == "join the dawn"


def test_a_call_to_others_is_a_threat_too(live: Live) -> None:
    case = open_case(live.store, post_event("burn their shop"))
    rule(live, case, "violation", clause="terror.incitement")
    assert dict(only(live).harms) == {Harm.INCITEMENT: True, Harm.THREAT: True}


def test_what_is_cleared_lacks_the_harms_that_rules_named_and_no_other(live: Live) -> None:
    event = post_event("the dawn will find its end in court")
    found = decision_on(event)
    (first,) = found.reasons
    second = msgspec.structs.replace(first, rule="menace", clause="threat.person")
    merged = msgspec.structs.replace(found, reasons=(first, second))
    case = open_case(live.store, event, merged)
    rule(live, case, "harmless", protected_purpose="news")
    assert dict(only(live).harms) == {Harm.SUPPORT: False, Harm.THREAT: False}
    assert only(live).purpose == "news"


def test_a_verdict_that_was_taken_back_does_not_count_until_somebody_decides_anew(
    live: Live,
) -> None:
    case = open_case(live.store, post_event("the dawn rises"))
    verdict = rule(live, case, "violation")
    reverse(live.store, verdict, reviewer="usr_2", may_reverse_any=True)
    assert judged(live).posts == ()

    with live.store.read() as connection:
        again = cases.get(connection, case.id)
    assert again is not None
    rule(live, again, "harmless")
    assert dict(only(live).harms) == {Harm.SUPPORT: False}


def test_of_two_cases_about_one_text_the_later_answer_counts(live: Live) -> None:
    event = post_event("the dawn rises", event_id="first")
    rule(live, open_case(live.store, event), "violation")
    rule(live, open_case(live.store, msgspec.structs.replace(event, id="second")), "harmless")
    assert dict(only(live).harms) == {Harm.SUPPORT: False}


def test_what_was_said_of_a_text_says_nothing_of_an_edited_one(live: Live) -> None:
    rule(live, open_case(live.store, post_event("the dawn rises", id="p")), "violation")
    edited = post_event("the sun rises", id="p", event_type="post.updated")
    rule(live, open_case(live.store, edited), "harmless")
    said = {
        post.text: dict(one.harms) for one in judged(live).posts if (post := post_of(one.event))
    }
    assert said == {
        "the dawn rises": {Harm.SUPPORT: True},
        "the sun rises": {Harm.SUPPORT: False},
    }


def test_erased_posts_are_gone_and_counted(live: Live) -> None:
    event = post_event("the dawn rises", event_id="gone")
    rule(live, open_case(live.store, event), "violation")
    erase_event(live.store, "gone")
    found = judged(live)
    assert (found.posts, found.n_erased) == ((), 1)


def test_a_clause_without_a_harm_teaches_nothing_and_is_counted(live: Live) -> None:
    event = post_event("read this")
    case = open_case(live.store, event, decision_on(event, clause="terror.known"))
    rule(live, case, "violation")
    found = judged(live)
    assert (found.posts, found.n_without_harm) == ((), 1)


def test_a_reported_post_is_read_as_it_stood_when_it_was_judged(live: Live) -> None:
    shown = post_event("you will regret it", id="p1")
    live.take(batch_of(shown))
    report = event_of({"type": "report.filed", "id": "r1", "target": {"kind": "post", "id": "p1"}})
    about = msgspec.structs.replace(decision_on(shown, clause="threat.person"), event="r1")
    rule(live, open_case(live.store, report, about), "violation")
    live.take(batch_of(post_event("nothing", id="p1", event_type="post.updated")))
    post = post_of(only(live).event)
    assert post is not None
    assert post.text == "you will regret it"


def test_what_is_said_of_an_account_stays_apart_from_its_posts(live: Live) -> None:
    event = post_event("bread is dearer again", by="reader")
    key = account_key(event.actor)
    assert key is not None
    about = msgspec.structs.replace(decision_on(event), subject=Subject(kind="account", id=key))
    rule(live, open_case(live.store, event, about), "violation")
    other = post_event("good morning", by="reader")
    rule(live, open_case(live.store, other), "harmless")
    found = only(live)
    assert (dict(found.harms), found.account_supports) == ({Harm.SUPPORT: False}, True)


def test_samples_count_where_somebody_was_sure(database_url: str, tmp_path: Path) -> None:
    files = earning.pack_files()
    head = yaml.safe_load(files["policy.yaml"])
    head["clauses"][0]["harm"] = "support"
    files["policy.yaml"] = yaml.safe_dump(head)
    store = earning.new_store(database_url, tmp_path, FakeClock(), files)
    live = Live.open(store)
    earning.take(live, range(12))
    turns = (SampleAnswer.VIOLATION, SampleAnswer.HARMLESS, SampleAnswer.UNSURE)
    for reviewer in ("usr_1", "usr_2"):
        earning.judge_all(
            live,
            (lambda n: turns[n % 3]) if reviewer == "usr_1" else (lambda _: SampleAnswer.UNSURE),
            reviewer=reviewer,
        )
    found = judged_events(store, live.policy).posts
    store.close()
    said = [one.harms[Harm.SUPPORT] for one in found]
    assert (said.count(True), said.count(False)) == (4, 4)


def test_a_policy_whose_clauses_name_no_harm_is_refused(live: Live) -> None:
    silent = {key: replace(clause, harm=None) for key, clause in live.policy.clauses.items()}
    policy = replace(live.policy, clauses=MappingProxyType(silent))
    with pytest.raises(InputError, match="which harm"):
        judged_events(live.store, policy)
