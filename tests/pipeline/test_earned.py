"""A rule's whole way: hits, samples, verdicts, eligible, confirmed, acting, demoted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
import yaml

from tests.support.earning import (
    BAR,
    TEXT,
    Answers,
    case_of,
    judge_all,
    new_store,
    pack_files,
    post,
    say_harmless,
    stratum_of,
    take,
)
from tests.support.runs import rows_by_table
from tocsin.errors import ConflictError, InputError, NotFoundError, PermissionDenied
from tocsin.matching import fewest_more, lower_bound
from tocsin.pipeline import Live, activate
from tocsin.policy import PackSource
from tocsin.records import (
    ALPHA,
    ActionKind,
    ActionState,
    AutomationState,
    CaseState,
    Decision,
    EntryKind,
    Judgement,
    Outcome,
    SampleAnswer,
    SampleState,
    ShadowHit,
    Stratum,
    Subject,
)
from tocsin.review import confirm, demote, judge, list_progress, next_sample, reverse
from tocsin.store import (
    Store,
    alerts,
    audit,
    automation,
    cases,
    decisions,
    log,
    outbox,
    samples,
    schema,
)
from tocsin.store.replay import rebuild
from tocsin.testing import FakeClock, batch_of, post_event

YES, NO, UNSURE = SampleAnswer.VIOLATION, SampleAnswer.HARMLESS, SampleAnswer.UNSURE
N_NEEDED = fewest_more(0, 0, BAR, ALPHA)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = new_store(database_url, tmp_path, clock)
    yield opened
    opened.close()


def always(answer: SampleAnswer) -> Answers:
    return lambda _: answer


def state_of(live: Live, language: str = "en") -> AutomationState:
    with live.store.read() as connection:
        row = automation.get(connection, stratum_of(live, language))
    return AutomationState.MEASURING if row is None else row.standing.state


def decision_about(store: Store, number: int) -> Decision:
    with store.read() as connection:
        where = decisions.DecisionFilter(event=f"event-{number}")
        (row,) = decisions.list_rows(connection, where)
        found = decisions.get(connection, row.id)
    assert found is not None
    return found


def earn(live: Live, *, start: int = 0, by: str = "lead") -> None:
    """Hits, and enough people who find them right; then a second person."""
    take(live, range(start, start + 25))
    judge_all(live, always(YES), most=N_NEEDED)
    confirm(live.store, live.policy, stratum_of(live), by=by, reason="as measured")


def test_the_whole_way_of_a_rule(store: Store) -> None:
    live = Live.open(store)
    take(live, range(25))
    first = decision_about(store, 0)
    assert first.automatic == ()
    assert first.held == {
        "hide": "no measured precision for rule `slogan`, language `en` and action `hide`"
    }
    assert "automation" not in first.versions

    assert set(judge_all(live, always(YES), most=N_NEEDED - 1)) == {SampleState.VIOLATION}
    assert state_of(live) is AutomationState.MEASURING
    judge_all(live, always(YES), most=1)
    assert state_of(live) is AutomationState.ELIGIBLE
    take(live, [100])
    assert "waits to be confirmed: lower bound 0.80" in decision_about(store, 100).held["hide"]

    confirm(store, live.policy, stratum_of(live), by="lead", reason="as measured")
    take(live, [101])
    acting = decision_about(store, 101)
    assert acting.automatic == (ActionKind.HIDE,)
    assert acting.held == {}
    assert acting.versions["automation"] != decision_about(store, 100).versions["automation"]
    assert case_of(store, 101).state is CaseState.OPEN, "a person looks all the same"
    take(live, [102], lang="de")
    assert decision_about(store, 102).automatic == (), "no other language earned it"

    take(live, range(200, 250))
    judge_all(live, always(NO))
    assert state_of(live) is AutomationState.DEMOTED
    with store.read() as connection:
        newest = alerts.list_alerts(connection)[0]
        entry = list(log.entries(connection, kinds=[EntryKind.AUTOMATION]))[-1]
        waiting = outbox.list_rows(connection, now=store.clock.now())
    assert newest.kind == "automation.demoted"
    assert newest.message == entry.body["reason"]
    assert entry.body["by"] == "tocsin"
    assert {row.state for row in waiting} == {ActionState.CANCELLED}, "nothing had left"

    take(live, [300])
    held = decision_about(store, 300)
    assert held.automatic == ()
    assert "is not enough any more" in held.held["hide"]
    assert case_of(store, 300).state is CaseState.OPEN

    before = rows_by_table(store)
    rebuild(store)
    assert rows_by_table(store) == before
    assert audit.verify(store).is_sound


def test_what_was_demoted_earns_anew_with_later_hits(store: Store) -> None:
    live = Live.open(store)
    earn(live)
    take(live, range(100, 110))
    demote(store, stratum_of(live), by="lead", reason="complaints")
    assert judge_all(live, always(YES)) == [], "what was drawn before counts for nothing"
    take(live, range(200, 225))
    judge_all(live, always(YES), most=N_NEEDED - 1)
    assert state_of(live) is AutomationState.DEMOTED
    judge_all(live, always(YES), most=1)
    assert state_of(live) is AutomationState.ELIGIBLE


def test_verdicts_that_take_back_what_it_did_demote_a_rule(store: Store) -> None:
    live = Live.open(store)
    earn(live)
    take(live, range(100, 120))
    taken_back = 0
    for number in range(100, 120):
        say_harmless(live, number)
        taken_back += 1
        if state_of(live) is AutomationState.DEMOTED:
            break
    assert 1 < taken_back < 20, "neither one verdict nor all of them"
    with store.read() as connection:
        row = automation.get(connection, stratum_of(live))
    assert row is not None
    assert row.standing.reason.startswith(f"people took back {taken_back} of its last 20")


def test_a_verdict_that_agrees_or_is_taken_back_itself_counts_for_nothing(store: Store) -> None:
    live = Live.open(store)
    earn(live)
    take(live, range(100, 104))
    say_harmless(live, 100)
    with store.read() as connection:
        (verdict,) = cases.verdicts_on(connection)[-1:]
        row = automation.get(connection, stratum_of(live))
        assert row is not None
        position = row.position
        assert automation.acts(connection, stratum_of(live), after=position).count(False) == 1
    reverse(store, verdict.id, reviewer="usr_2", may_reverse_any=True)
    with store.read() as connection:
        assert automation.acts(connection, stratum_of(live), after=position) == [True] * 4


def test_who_wrote_the_rule_or_judged_alone_does_not_confirm_it(store: Store) -> None:
    live = Live.open(store)
    source = PackSource.from_files(pack_files({"hide": 0.79}))
    activate(store, source, by="author", reason="a trial")
    take(live, range(25))
    stratum = stratum_of(live)
    with pytest.raises(ConflictError, match="`measuring`"):
        confirm(store, live.policy, stratum, by="lead", reason="now")
    judge_all(live, always(YES))
    with pytest.raises(PermissionDenied, match="you put this rule in force"):
        confirm(store, live.policy, stratum, by="author", reason="mine")
    with pytest.raises(PermissionDenied, match="judged every sample yourself"):
        confirm(store, live.policy, stratum, by="usr_1", reason="mine")
    with pytest.raises(InputError, match="a reason has"):
        confirm(store, live.policy, stratum, by="lead", reason=" ")
    assert confirm(store, live.policy, stratum, by="lead", reason="ok").state == "earned"
    with pytest.raises(ConflictError, match="`earned`"):
        confirm(store, live.policy, stratum, by="lead", reason="again")
    demote(store, stratum, by="lead", reason="complaints")
    with pytest.raises(NotFoundError):
        demote(store, stratum, by="lead", reason="again")


def test_what_fell_below_the_bar_again_is_not_confirmed(store: Store) -> None:
    live = Live.open(store)
    take(live, range(25))
    judge_all(live, always(YES), most=N_NEEDED)
    judge_all(live, always(NO), most=1)
    assert state_of(live) is AutomationState.ELIGIBLE, "one sample does not undo twenty"
    with pytest.raises(ConflictError, match="fell below the bar"):
        confirm(store, live.policy, stratum_of(live), by="lead", reason="as measured")
    take(live, range(100, 150))
    judge_all(live, always(YES))
    confirm(store, live.policy, stratum_of(live), by="lead", reason="as measured")


def test_a_new_version_of_a_rule_has_earned_nothing(store: Store) -> None:
    live = Live.open(store)
    earn(live)
    activate(store, PackSource.from_files(pack_files({"hide": 0.85})), by="x", reason="stricter")
    take(live, [500])
    assert decision_about(store, 500).automatic == ()
    assert state_of(live) is AutomationState.MEASURING


def test_in_solo_mode_the_bar_is_higher_and_a_day_passes(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    store = new_store(database_url, tmp_path, clock, solo=True)
    live = Live.open(store)
    take(live, range(25))
    judge_all(live, always(YES), most=N_NEEDED)
    assert state_of(live) is AutomationState.MEASURING
    take(live, range(100, 150))
    judge_all(live, always(YES))
    assert state_of(live) is AutomationState.ELIGIBLE
    with pytest.raises(PermissionDenied, match="a day after"):
        confirm(store, live.policy, stratum_of(live), by="usr_1", reason="as measured")
    clock.advance(timedelta(hours=25))
    confirm(store, live.policy, stratum_of(live), by="usr_1", reason="as measured")
    take(live, [500])
    assert decision_about(store, 500).automatic == (ActionKind.HIDE,)
    store.close()


def test_what_was_earned_in_a_team_is_not_enough_alone(store: Store) -> None:
    live = Live.open(store)
    earn(live)
    alone = Live.open(Store.open(msgspec.structs.replace(store.settings, solo=True), store.clock))
    take(alone, [500])
    assert "enough for less than is needed" in decision_about(store, 500).held["hide"]
    alone.store.close()


def test_nobody_judges_what_they_decided_or_judged(store: Store) -> None:
    live = Live.open(store)
    take(live, range(2))
    say_harmless(live, 0, reviewer="usr_1")
    with store.read() as connection:
        sample = next_sample(store, connection, live.policy, reviewer="usr_1")
        assert sample is not None
        assert sample.subject.id == "post-1"
        both = samples.n_waiting_for(connection, [sample.stratum], "usr_1", may_know=True)
        own = samples.n_waiting_for(connection, [sample.stratum], "usr_1")
    assert (both, own) == (2, 1), "only where there is nobody else"
    assert judge(store, live.policy, sample.id, UNSURE, reviewer="usr_1") is SampleState.UNSURE
    assert judge(store, live.policy, sample.id, UNSURE, reviewer="usr_1") is SampleState.UNSURE
    with pytest.raises(PermissionDenied, match="somebody else judges"):
        judge(store, live.policy, sample.id, YES, reviewer="usr_1")
    with store.read() as connection:
        assert next_sample(store, connection, live.policy, reviewer="usr_1") is None
        again = next_sample(store, connection, live.policy, reviewer="usr_2")
    assert again == sample, "what somebody was unsure of goes first"
    assert judge(store, live.policy, sample.id, YES, reviewer="usr_2") is SampleState.VIOLATION
    with pytest.raises(ConflictError, match="`violation` already"):
        judge(store, live.policy, sample.id, NO, reviewer="usr_3")
    with pytest.raises(NotFoundError):
        judge(store, live.policy, "smp_0", NO, reviewer="usr_3")
    with pytest.raises(InputError, match="a note"):
        judge(store, live.policy, sample.id, NO, reviewer="usr_3", note="x" * 4_001)


def test_who_cannot_say_counts_as_harmless_until_somebody_can(store: Store) -> None:
    live = Live.open(store)
    take(live, range(1))
    stratum = stratum_of(live)
    judge_all(live, always(UNSURE), reviewer="usr_1")
    with store.read() as connection:
        tally = samples.tally(connection, stratum, 0)
        assert (tally.n_judged, tally.n_violations, tally.n_settled) == (1, 0, 0)
        assert samples.outcomes(connection, stratum, 0) == []
    assert judge_all(live, always(UNSURE), reviewer="usr_2") == [SampleState.HARMLESS]
    with store.read() as connection:
        assert samples.outcomes(connection, stratum, 0) == [False]


def test_how_events_are_cut_into_batches_changes_no_sample(
    tmp_path: Path, clock: FakeClock
) -> None:
    drawn = []
    for number, size in enumerate((1, 7, 1_000)):
        url = f"sqlite:///{tmp_path / str(number)}.db"
        store = new_store(url, tmp_path / str(number), clock)
        live = Live.open(store)
        take(live, range(300), batch=size)
        with store.read() as connection:
            rows = connection.execute(sa.select(schema.samples.c.id)).scalars()
            drawn.append(sorted(rows))
        store.close()
    assert drawn[0] == drawn[1] == drawn[2]
    assert 50 < len(drawn[0]) < 150, "all of the first, fewer of the later"


def test_what_cannot_act_by_itself_is_not_drawn(store: Store) -> None:
    live = Live.open(store)
    take(live, range(3), lang="und", text="dawn of iron rises")
    take(live, [1, 1, 1])
    with store.read() as connection:
        rows = connection.execute(sa.select(schema.samples)).all()
        assert {row.language for row in rows} <= {"en"}
        assert len(rows) <= 1, "each subject has one chance"


def test_a_hit_in_shadow_is_a_sample_too(store: Store) -> None:
    live = Live.open(store)
    stratum = stratum_of(live)
    event = post(7)
    hit = ShadowHit(
        rule=stratum.rule,
        rule_version=stratum.rule_version,
        event=event.id,
        subject=Subject(kind="post", id="post-7"),
        language="en",
        clause="terror.support",
        outcome=Outcome.HIDE,
        priority=500,
    )
    with store.write() as transaction:
        transaction.record_events(batch_of(event), Judgement(shadow=(hit,)))
    with store.read() as connection:
        sample = next_sample(store, connection, live.policy, reviewer="usr_1")
        assert sample is not None
        assert sample.decision is None
        line = samples.event_json(store, connection, sample)
    assert line is not None
    assert TEXT.encode() in line


def test_what_people_wrote_about_a_sample_is_content(store: Store) -> None:
    live = Live.open(store)
    take(live, range(1))
    with store.read() as connection:
        sample = next_sample(store, connection, live.policy, reviewer="usr_1")
    assert sample is not None
    judge(store, live.policy, sample.id, YES, reviewer="usr_1", note="a plain slogan")
    with store.read() as connection:
        (entry,) = log.entries(connection, kinds=[EntryKind.SAMPLE])
        assert samples.note_of(connection, entry.position) == "a plain slogan"
    assert "plain slogan" not in repr(entry)


def test_progress_says_how_many_are_missing(store: Store) -> None:
    live = Live.open(store)
    take(live, range(10))
    judge_all(live, lambda number: NO if number == 3 else YES)
    with store.read() as connection:
        (progress,) = list_progress(store, connection, live.policy)
        assert list_progress(store, connection, live.policy, rule="other") == []
    assert (progress.tally.n_judged, progress.tally.n_violations) == (10, 9)
    assert progress.lower == pytest.approx(lower_bound(10, 9, ALPHA))
    assert progress.lower < 0.9 < progress.upper
    assert progress.fewest_more == fewest_more(10, 9, BAR, ALPHA)
    assert progress.expected_more is not None
    assert progress.expected_more > progress.fewest_more
    assert progress.state is AutomationState.MEASURING


def test_actions_that_rest_on_another_rule_are_not_cancelled(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    files = pack_files()
    known = {
        "id": "known-link",
        "clause": "terror.support",
        "when": 'links in bank("known-links")',
        "outcome": "hide",
        "priority": 900,
        "basis": "bank",
        "examples": {
            "hit": [{"text": "read this", "links": ["https://iron-dawn.example/library"]}],
            "miss": [{"text": "read this", "links": ["https://newsroom.example/harbour"]}],
        },
    }
    bank = {
        "bank": "known-links",
        "kind": "link",
        "entries": ["https://iron-dawn.example/library"],
    }
    files["rules/known.yaml"] = yaml.safe_dump([known])
    files["banks/known-links.yaml"] = yaml.safe_dump(bank)
    store = new_store(database_url, tmp_path, clock, files)
    live = Live.open(store)
    rule = next(rule for rule in live.policy.rules if rule.id == "slogan")
    stratum = Stratum(
        rule="slogan", rule_version=rule.version, language="en", action=ActionKind.HIDE
    )
    take(live, range(25))
    judge_all(live, always(YES))
    confirm(store, live.policy, stratum, by="lead", reason="as measured")
    take(live, [100])
    linked = post_event(TEXT, id="linked", lang="en", links=["https://iron-dawn.example/library"])
    live.take(batch_of(linked, received_at=clock.now()))
    demote(store, stratum, by="lead", reason="complaints")
    with store.read() as connection:
        rows = outbox.list_rows(connection, now=clock.now())
    states = {row.action.subject.id: row.state for row in rows}
    assert states == {"post-100": ActionState.CANCELLED, "linked": ActionState.WAITING}
    store.close()


def test_an_action_that_is_being_delivered_is_not_cancelled(store: Store) -> None:
    live = Live.open(store)
    earn(live)
    take(live, [100])
    with store.write() as transaction:
        outbox.claim_due(transaction, limit=1, lease=timedelta(minutes=1))
    demote(store, stratum_of(live), by="lead", reason="complaints")
    with store.read() as connection:
        (row,) = outbox.list_rows(connection, now=store.clock.now())
    assert row.state is ActionState.WAITING


def test_an_alert_is_acknowledged_once(store: Store) -> None:
    live = Live.open(store)
    take(live, range(25))
    judge_all(live, always(YES))
    with store.read() as connection:
        (alert,) = alerts.list_alerts(connection)
    assert alert.kind == "automation.eligible"
    confirm(store, live.policy, stratum_of(live), by="lead", reason="as measured")
    demote(store, stratum_of(live), by="lead", reason="complaints")
    with store.read() as connection:
        (alert,) = alerts.list_alerts(connection)
        (settled,) = alerts.list_alerts(connection, is_open=False)
        assert alerts.count_open(connection) == 1
    assert (alert.kind, settled.acknowledged_by) == ("automation.demoted", "lead")
    with store.write() as transaction:
        alerts.acknowledge(transaction, alert.id, by="usr_1")
    with store.write() as transaction, pytest.raises(ConflictError):
        alerts.acknowledge(transaction, alert.id, by="usr_2")
    with store.write() as transaction, pytest.raises(NotFoundError):
        alerts.acknowledge(transaction, "alr_0", by="usr_2")
    with store.read() as connection:
        assert alerts.list_alerts(connection) == []


def test_a_demotion_is_heard_in_the_log_of_the_program_without_content(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    live = Live.open(store)
    earn(live)
    caplog.clear()
    demote(store, stratum_of(live), by="lead", reason="complaints")
    assert [record.getMessage() for record in caplog.records] == [
        "automation: rule slogan, action hide, language en is now demoted"
    ]


def test_a_check_says_what_would_happen_by_itself(store: Store) -> None:
    live = Live.open(store)
    asked = batch_of(post(900), received_at=store.clock.now())
    assert [made.automatic for made in live.look(asked).decisions] == [()]
    earn(live)
    (would,) = live.look(asked).decisions
    assert would.automatic == (ActionKind.HIDE,)
    demote(store, stratum_of(live), by="lead", reason="complaints")
    assert [made.automatic for made in live.look(asked).decisions] == [()]
