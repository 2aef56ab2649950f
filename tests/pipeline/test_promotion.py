"""Changes of policy: proposed by one person, decided by another, carried out once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.runs import PACK, judge, made_lines, open_store, rows_by_table
from tocsin.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    PermissionDenied,
    TocsinError,
    Unauthenticated,
)
from tocsin.pipeline import (
    Live,
    activate,
    activate_first,
    activate_or_propose,
    change_state,
    decide_proposal,
    difference_of,
    propose_pack,
    roll_back,
    standing_rules,
    withdraw_proposal,
)
from tocsin.policy import PackSource
from tocsin.records import EntryKind, Proposal, ProposalState, RuleState
from tocsin.review import (
    Colleague,
    Permission,
    create_invite,
    find_colleague,
    find_invite,
)
from tocsin.store import Store, audit, log, people, policies, proposals, rulestates
from tocsin.store.replay import rebuild
from tocsin.testing import FakeClock

APPROVED, REJECTED = ProposalState.APPROVED, ProposalState.REJECTED


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path, clock=clock)
    activate_first(opened)
    with opened.write() as transaction:
        for name, role in (
            ("ana", "analyst"),
            ("lee", "lead"),
            ("ada", "admin"),
            ("mo", "moderator"),
        ):
            people.add_user(
                transaction, user_id=f"usr_{name}", name=name, role=role, password_hash="x", by="t"
            )  # fmt: skip
    yield opened
    opened.close()


def changed(**changes: str) -> PackSource:
    return PackSource.from_files({**PACK, **changes})


def with_rules(old: str, new: str) -> PackSource:
    text = PACK["rules/rules.yaml"]
    assert old in text
    return changed(**{"rules/rules.yaml": text.replace(old, new)})


STRICTER = with_rules("priority: 500", "priority: 510")
WEAKER = with_rules("outcome: review", "outcome: review\n  state: shadow")


def who(store: Store, name: str, permission: Permission = Permission.POLICY_APPROVE) -> Colleague:
    with store.read() as connection:
        return find_colleague(connection, name, permission)


def ana(store: Store) -> Colleague:
    return who(store, "ana", Permission.POLICY_PROPOSE)


def proposed(store: Store, source: PackSource = STRICTER, by: str = "ana") -> Proposal:
    return propose_pack(
        store,
        source,
        by=who(store, by, Permission.POLICY_PROPOSE),
        reason="seen on the walls",
        backtest="bt_1",
    )


def in_force(store: Store) -> str | None:
    with store.read() as connection:
        return policies.active_version(connection)


def entries(store: Store, *kinds: EntryKind) -> list[dict[str, object]]:
    with store.read() as connection:
        return [dict(entry.body) for entry in log.entries(connection, kinds=kinds)]


def state_of(store: Store, rule: str = "slogan") -> RuleState:
    with store.read() as connection:
        return next(one.state for one in standing_rules(connection) if one.id == rule)


# --- who may -------------------------------------------------------------------------------------


def test_a_second_person_approves_and_the_pack_is_in_force(store: Store) -> None:
    proposal = proposed(store)
    assert in_force(store) != STRICTER.version
    done = decide_proposal(store, proposal.id, APPROVED, by=who(store, "lee"))
    assert in_force(store) == STRICTER.version
    assert (done.state, done.decided_by, done.solo) == (APPROVED, "usr_lee", None)
    body = entries(store, EntryKind.PROPOSAL)[-1]
    named = {key: body[key] for key in ("proposer", "by", "backtest", "solo")}
    assert named == {"proposer": "usr_ana", "by": "usr_lee", "backtest": "bt_1", "solo": None}
    with store.read() as connection:
        (newest, *_) = policies.list_activations(connection)
    assert (newest.by, newest.reason) == ("usr_ana", "seen on the walls")


@pytest.mark.parametrize("state", [APPROVED, REJECTED])
def test_nobody_decides_what_they_proposed(store: Store, state: ProposalState) -> None:
    proposal = proposed(store, by="lee")
    with pytest.raises(PermissionDenied, match="a second person is needed"):
        decide_proposal(store, proposal.id, state, by=who(store, "lee"), reason="yes")
    by_id = Colleague(id="usr_lee", name="somebody")
    with pytest.raises(PermissionDenied):
        decide_proposal(store, proposal.id, state, by=by_id, reason="yes")
    assert in_force(store) != STRICTER.version


def test_roles_say_who_proposes_and_who_approves(store: Store) -> None:
    with pytest.raises(PermissionDenied, match=r"policy\.approve"):
        who(store, "ana")
    with pytest.raises(PermissionDenied, match=r"policy\.propose"):
        who(store, "mo", Permission.POLICY_PROPOSE)
    with pytest.raises(InputError, match="no such active user"):
        who(store, "nobody")


def test_a_rejected_or_withdrawn_proposal_changes_nothing(store: Store) -> None:
    proposal = proposed(store)
    with pytest.raises(InputError, match="a reason is needed"):
        decide_proposal(store, proposal.id, REJECTED, by=who(store, "lee"))
    decide_proposal(store, proposal.id, REJECTED, by=who(store, "lee"), reason="too broad")
    with pytest.raises(ConflictError, match="rejected already"):
        decide_proposal(store, proposal.id, APPROVED, by=who(store, "ada"))
    again = proposed(store)
    with pytest.raises(PermissionDenied, match="only whoever proposed it"):
        withdraw_proposal(store, again.id, by=who(store, "lee"))
    assert withdraw_proposal(store, again.id, by=ana(store)).state is ProposalState.WITHDRAWN
    assert in_force(store) != STRICTER.version


def test_the_same_change_is_not_proposed_twice(store: Store) -> None:
    proposed(store)
    with pytest.raises(ConflictError, match="proposed already"):
        proposed(store, by="lee")
    with pytest.raises(ConflictError, match="is in force"):
        proposed(store, PackSource.from_files(PACK))


def test_of_two_people_who_approve_at_once_one_succeeds(store: Store) -> None:
    proposal = proposed(store)
    start, outcomes = threading.Barrier(2), []

    def approve(name: str) -> None:
        one = who(store, name)
        start.wait()
        try:
            outcomes.append(decide_proposal(store, proposal.id, APPROVED, by=one).decided_by)
        except TocsinError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=approve, args=(name,)) for name in ("lee", "ada")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)).count("ConflictError") == 1
    assert len(entries(store, EntryKind.POLICY)) == 2


def test_who_saw_another_policy_looks_again(store: Store) -> None:
    proposal = proposed(store)
    seen = in_force(store)
    activate(store, WEAKER, by="x", reason="meanwhile")
    with pytest.raises(ConflictError, match="changed since you looked"):
        decide_proposal(store, proposal.id, APPROVED, by=who(store, "lee"), seen=seen)


# --- solo mode -----------------------------------------------------------------------------------


def solo(store: Store) -> Store:
    store.settings = msgspec.structs.replace(store.settings, solo=True, solo_delay_s=3_600)
    return store


def test_in_solo_mode_the_same_person_decides_again_after_the_delay(
    store: Store, clock: FakeClock
) -> None:
    proposal = proposed(solo(store), by="lee")
    clock.advance(timedelta(seconds=3_599))
    with pytest.raises(PermissionDenied, match="you decide again from"):
        decide_proposal(store, proposal.id, APPROVED, by=who(store, "lee"), reason="still right")
    clock.advance(timedelta(seconds=1))
    with pytest.raises(InputError, match="a reason is needed"):
        decide_proposal(store, proposal.id, APPROVED, by=who(store, "lee"))
    done = decide_proposal(store, proposal.id, APPROVED, by=who(store, "lee"), reason="still right")
    assert (done.solo, done.decided_reason) == ("delay", "still right")
    assert entries(store, EntryKind.PROPOSAL)[-1]["solo"] == "delay"
    assert in_force(store) == STRICTER.version


def test_an_invited_reviewer_decides_by_a_link_once(store: Store) -> None:
    proposal = proposed(solo(store), by="lee")
    made = create_invite(store, proposal.id, by=who(store, "lee"))
    invite, found = find_invite(store, made.secret)
    assert found.id == proposal.id
    done = decide_proposal(store, proposal.id, APPROVED, by=invite)
    assert (done.solo, done.decided_by) == ("invited", made.id)
    assert in_force(store) == STRICTER.version
    with pytest.raises(Unauthenticated):
        find_invite(store, made.secret)
    assert made.secret not in str(rows_by_table(store))


def test_a_link_ends_is_for_one_proposal_and_for_solo_mode(store: Store, clock: FakeClock) -> None:
    proposal = proposed(store, by="lee")
    with pytest.raises(PermissionDenied, match="for solo mode"):
        create_invite(store, proposal.id, by=who(store, "lee"))
    made = create_invite(solo(store), proposal.id, by=who(store, "lee"))
    invite, _ = find_invite(store, made.secret)
    other = change(store, RuleState.RETIRED, rule="known-link")
    assert other is None
    change(store, RuleState.SHADOW)
    state = change(store, RuleState.ACTIVE)
    assert state is not None
    with pytest.raises(PermissionDenied, match="not good for this proposal"):
        decide_proposal(store, state.id, APPROVED, by=invite)
    clock.advance(timedelta(days=8))
    with pytest.raises(Unauthenticated):
        find_invite(store, made.secret)
    with pytest.raises(PermissionDenied):
        decide_proposal(store, proposal.id, APPROVED, by=invite)


# --- states --------------------------------------------------------------------------------------


def change(
    store: Store, state: RuleState, *, by: str = "ana", rule: str = "slogan"
) -> Proposal | None:
    return change_state(
        store, rule, state, by=who(store, by, Permission.POLICY_PROPOSE), reason="a trial"
    )


def test_a_rule_becomes_weaker_at_once_and_active_by_two(store: Store) -> None:
    assert change(store, RuleState.SHADOW) is None
    assert state_of(store) is RuleState.SHADOW
    proposal = change(store, RuleState.ACTIVE)
    assert proposal is not None
    assert state_of(store) is RuleState.SHADOW
    with pytest.raises(ConflictError, match="proposed already"):
        change(store, RuleState.ACTIVE, by="lee")
    decide_proposal(store, proposal.id, APPROVED, by=who(store, "lee"))
    assert state_of(store) is RuleState.ACTIVE
    assert change(store, RuleState.RETIRED) is None
    with pytest.raises(ConflictError, match="retired already"):
        change(store, RuleState.RETIRED)
    with store.read() as connection:
        found = rulestates.history(connection, "slogan")
    assert [(one.state, one.by, one.proposal) for one in found] == [
        (RuleState.RETIRED, "usr_ana", None),
        (RuleState.ACTIVE, "usr_ana", proposal.id),
        (RuleState.SHADOW, "usr_ana", None),
    ]


def test_an_allow_rule_is_not_taken_away_by_one_person(store: Store) -> None:
    allow = PACK["rules/rules.yaml"].replace("priority: 500", "priority: 400") + (
        "- id: leave-questions\n  clause: terror.support\n"
        '  when: contains(text, "?")\n  outcome: allow\n  priority: 600\n'
        "  examples: {hit: [Who wrote this?], miss: [I wrote this.]}\n"
    )
    activate(store, changed(**{"rules/rules.yaml": allow}), by="x", reason="with an allow rule")
    proposal = change(store, RuleState.RETIRED, rule="leave-questions")
    assert proposal is not None
    assert state_of(store, "leave-questions") is RuleState.ACTIVE


def test_a_state_belongs_to_a_version_of_the_rule(store: Store) -> None:
    change(store, RuleState.SHADOW)
    proposal = change(store, RuleState.ACTIVE)
    assert proposal is not None
    activate(store, STRICTER, by="x", reason="another version of it")
    assert state_of(store) is RuleState.ACTIVE
    with pytest.raises(ConflictError, match="the rule has changed"):
        decide_proposal(store, proposal.id, APPROVED, by=who(store, "lee"))
    with store.read() as connection:
        kept = proposals.get(connection, proposal.id)
        assert difference_of(connection, proposal).is_empty
    assert kept is not None
    assert kept.state is ProposalState.OPEN


def test_an_unknown_rule_has_no_state(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no such rule"):
        change(store, RuleState.RETIRED, rule="slogn")


# --- activate and roll back ----------------------------------------------------------------------


def test_an_activation_that_decides_more_is_proposed(store: Store) -> None:
    policy, proposal = activate_or_propose(store, STRICTER, by=ana(store), reason="stricter")
    assert policy.version == STRICTER.version
    assert proposal is not None
    assert in_force(store) != STRICTER.version
    words = changed(**{"banks/slogans.yaml": PACK["banks/slogans.yaml"].replace("rises", "arises")})
    with pytest.raises(TocsinError):
        activate_or_propose(store, words, by=ana(store), reason="breaks its example")


def test_an_activation_that_decides_less_takes_effect_at_once(store: Store) -> None:
    _, proposal = activate_or_propose(store, WEAKER, by=ana(store), reason="too many")
    assert proposal is None
    assert in_force(store) == WEAKER.version
    _, again = activate_or_propose(
        store, PackSource.from_files(PACK), by=ana(store), reason="was in force before"
    )
    assert again is None


def test_without_users_everything_takes_effect_at_once(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}", tmp_path)
    somebody = Colleague(id="somebody", name="somebody")
    for source in (PackSource.from_files(PACK), STRICTER):
        _, proposal = activate_or_propose(store, source, by=somebody, reason="a trial")
        assert proposal is None
        assert in_force(store) == source.version
    store.close()


def test_rolling_back_needs_one_person_and_no_name(store: Store) -> None:
    first = in_force(store)
    decide_proposal(store, proposed(store).id, APPROVED, by=who(store, "lee"))
    policy = roll_back(store, by=who(store, "lee"), reason="it hit the news")
    assert policy.version == first == in_force(store)
    with pytest.raises(ConflictError, match="is in force"):
        roll_back(store, first, by=who(store, "lee"), reason="again")
    with pytest.raises(NotFoundError, match="no such version"):
        roll_back(store, "abc", by=who(store, "lee"), reason="a wrong name")
    roll_back(store, STRICTER.version[:8], by=who(store, "lee"), reason="and forward")
    assert in_force(store) == STRICTER.version
    with store.read() as connection:
        reasons = [one.reason for one in policies.list_activations(connection)]
    assert reasons[:2] == ["and forward", "it hit the news"]


def test_the_log_alone_gives_states_and_proposals_again(store: Store) -> None:
    live = Live.open(solo(store))
    judge(store, made_lines(20), live=live)
    change(store, RuleState.SHADOW)
    judge(store, made_lines(40), live=live)
    proposal = change(store, RuleState.ACTIVE)
    assert proposal is not None
    create_invite(store, proposal.id, by=who(store, "lee"))
    decide_proposal(store, proposal.id, REJECTED, by=who(store, "lee"), reason="not yet")
    proposed(store)
    before = rows_by_table(store)
    assert before["rule_states"]
    assert before["proposals"]
    assert before["proposal_invites"]
    assert {row[1] for row in before["rule_hits"]} == {"active", "shadow"}
    rebuild(store)
    assert rows_by_table(store) == before
    assert audit.verify(store).is_sound
