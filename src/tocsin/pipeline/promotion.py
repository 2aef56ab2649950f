"""Changes of policy that people make: proposed, decided by a second person, carried out.

Comes in: packs, states of rules, and who wants or decides it. Goes out: proposals, and what
follows from them. Always holds: what a proposal says and what it does are one transaction, so
that of two people who decide at once exactly one succeeds; what makes the policy weaker, or goes
back to a pack that was in force before, needs no second person and takes effect at once; a pack
that does not pass its check is neither proposed nor put in force. Refused: see
`review.secondperson`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import sqlalchemy as sa

from tocsin.clock import random_token
from tocsin.errors import ConflictError, NotFoundError, PermissionDenied
from tocsin.pipeline.packdiff import PackDifference, RuleChange, compare, words_of
from tocsin.pipeline.packs import (
    checked,
    in_force,
    load_policy,
    planned_import,
    prepare,
    put_in_force,
    standing_rules,
)
from tocsin.policy import CompiledPolicy, PackSource, with_states
from tocsin.records import Proposal, ProposalInvite, ProposalState, RuleState, WrittenRule
from tocsin.review import (
    Colleague,
    check_second_person,
    checked_reason,
    has_users,
    is_same_person,
)
from tocsin.store import Store, policies, proposals, rulestates

__all__ = [
    "activate_or_propose",
    "change_state",
    "decide_proposal",
    "difference_of",
    "propose_pack",
    "roll_back",
    "withdraw_proposal",
]


def activate_or_propose(
    store: Store, source: PackSource, *, by: Colleague, reason: str
) -> tuple[CompiledPolicy, Proposal | None]:
    """Put a pack in force where that needs no second person; else propose it.

    It needs none where nobody may log in, for the first pack, for one that was in force before,
    and where the policy only becomes weaker.

    Raises:
        CheckFailedError: the pack does not pass.
        ConflictError: another pack came into force meanwhile.
    """
    reason = checked_reason(reason)
    prepare(store, source)
    policy = checked(store, source)
    with store.read() as connection:  # what is in force is compiled here: no writer waits for it
        base = policies.active_version(connection)
        needs_second_person = _needs_second_person(connection, policy)
    if needs_second_person:
        return policy, propose_pack(store, source, by=by, reason=reason)
    plan = planned_import(store, policy)
    with store.write() as transaction:
        if policies.active_version(transaction.connection) != base:
            raise ConflictError("another pack came into force meanwhile", hint="try again")
        put_in_force(transaction, policy, by=by.id, reason=reason, plan=plan)
    return policy, None


def propose_pack(
    store: Store, source: PackSource, *, by: Colleague, reason: str, backtest: str | None = None
) -> Proposal:
    """Propose to put a pack in force.

    Raises:
        CheckFailedError: it does not pass.
        ConflictError: it is in force already, or proposed.
    """
    reason = checked_reason(reason)
    prepare(store, source)
    policy = checked(store, source)
    proposal_id = _new_id()
    with store.write() as transaction:
        connection = transaction.connection
        base = policies.active_version(connection)
        if base == policy.version:
            raise ConflictError("this pack is in force", where=policy.version)
        waiting = proposals.list_proposals(connection, state=ProposalState.OPEN)
        same = next((one for one in waiting if one.pack == policy.version), None)
        if same is not None:
            raise ConflictError("this pack is proposed already", where=same.id)
        change = proposals.ProposedChange(
            id=proposal_id,
            by=by.id,
            reason=reason,
            base=base,
            backtest=backtest,
            pack=policy.version,
        )
        rules = [rule.written for rule in policy.rules]
        proposals.propose(transaction, change, files=source.files, rules=rules)
        return _get(connection, proposal_id)


def change_state(
    store: Store,
    rule_id: str,
    state: RuleState,
    *,
    by: Colleague,
    reason: str,
    backtest: str | None = None,
) -> Proposal | None:
    """Give a rule of the policy in force a state; None where that needed no second person.

    Raises:
        NotFoundError: there is no such rule in force.
        ConflictError: it has this state already, or that is proposed.
    """
    reason = checked_reason(reason)
    proposal_id = _new_id()
    with store.write() as transaction:
        connection = transaction.connection
        rule = _standing(connection, rule_id)
        if rule.state is state:
            raise ConflictError(f"the rule is {state} already", where=rule_id)
        waiting = proposals.list_proposals(connection, state=ProposalState.OPEN, rule=rule_id)
        same = next((p for p in waiting if p.rule_version == rule.version), None)
        if not _state_change(rule, state).needs_second_person or not has_users(connection):
            rulestates.write_state(
                transaction,
                rule=rule_id,
                rule_version=rule.version,
                state=state,
                by=by.id,
                reason=reason,
            )
            return None
        if same is not None:
            raise ConflictError("a state of this rule is proposed already", where=same.id)
        change = proposals.ProposedChange(
            id=proposal_id,
            by=by.id,
            reason=reason,
            base=policies.active_version(connection),
            backtest=backtest,
            rule=rule_id,
            rule_version=rule.version,
            rule_state=state,
        )
        proposals.propose(transaction, change)
        return _get(connection, proposal_id)


def decide_proposal(
    store: Store,
    proposal_id: str,
    state: ProposalState,
    *,
    by: Colleague | ProposalInvite,
    reason: str = "",
    seen: str | None = None,
) -> Proposal:
    """Approve a proposal and carry it out, or reject it; `seen` is the pack in force that was seen.

    Raises:
        NotFoundError: there is none.
        ConflictError: it was decided meanwhile, or what it is about has changed.
        PermissionDenied: this person may not decide it.
        CheckFailedError: the proposed pack no longer passes its check.
    """
    is_approved = state is ProposalState.APPROVED
    with store.read() as connection:
        proposal = _open(connection, proposal_id)
        solo = check_second_person(connection, store.settings, proposal, by, store.clock.now())
        files = proposals.files_of(connection, proposal) if proposal.pack else None
    reason = checked_reason(reason, is_needed=solo == "delay" or not is_approved)
    policy = _ready(store, files) if files and is_approved else None
    plan = None if policy is None else planned_import(store, policy)
    with store.write() as transaction:
        connection = transaction.connection
        proposal = _open(connection, proposal_id)
        if is_approved and seen is not None and seen != policies.active_version(connection):
            raise ConflictError(
                "the policy in force changed since you looked", hint="look again, then decide"
            )
        solo = check_second_person(connection, store.settings, proposal, by, store.clock.now())
        proposals.decide(transaction, proposal, state, by=by.id, reason=reason, solo=solo)
        if policy is not None:
            put_in_force(transaction, policy, by=proposal.by, reason=proposal.reason, plan=plan)
        elif is_approved:
            rule = _standing(connection, proposal.rule or "")
            if rule.version != proposal.rule_version or proposal.rule_state is None:
                raise ConflictError(
                    "the rule has changed since this was proposed",
                    where=proposal.id,
                    hint="reject it, and propose the state of the new version",
                )
            rulestates.write_state(
                transaction,
                rule=rule.id,
                rule_version=rule.version,
                state=proposal.rule_state,
                by=proposal.by,
                reason=proposal.reason,
                proposal=proposal.id,
            )
        return _get(connection, proposal_id)


def withdraw_proposal(
    store: Store, proposal_id: str, *, by: Colleague, reason: str = ""
) -> Proposal:
    """Take one's own proposal back.

    Raises:
        NotFoundError: there is none.
        ConflictError: it was decided meanwhile.
        PermissionDenied: somebody else proposed it.
    """
    reason = checked_reason(reason, is_needed=False)
    with store.write() as transaction:
        proposal = _open(transaction.connection, proposal_id)
        if not is_same_person(transaction.connection, proposal, by):
            raise PermissionDenied(
                "only whoever proposed it can withdraw it",
                where=proposal_id,
                hint="reject it instead",
            )
        proposals.decide(transaction, proposal, ProposalState.WITHDRAWN, by=by.id, reason=reason)
        return _get(transaction.connection, proposal_id)


def roll_back(
    store: Store, version: str | None = None, *, by: Colleague, reason: str
) -> CompiledPolicy:
    """Put the pack that was in force before (or a named one that once was) in force again.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is in force already.
        CheckFailedError: it does not pass the check of this program.
    """
    reason = checked_reason(reason)
    with store.read() as connection:
        found = _earlier(connection, version)
        files = policies.files_of(connection, found)
    if not files:
        raise NotFoundError("the files of this pack were erased", where=found)
    policy = _ready(store, files)
    plan = planned_import(store, policy)
    with store.write() as transaction:
        if policies.active_version(transaction.connection) == found:
            raise ConflictError("this pack is in force", where=found)
        put_in_force(transaction, policy, by=by.id, reason=reason, plan=plan)
    return policy


def difference_of(connection: sa.Connection, proposal: Proposal) -> PackDifference:
    """What a proposal would change in the policy in force now."""
    if proposal.rule is not None and proposal.rule_state is not None:
        rule = next((r for r in standing_rules(connection) if r.id == proposal.rule), None)
        is_there = rule is not None and rule.version == proposal.rule_version
        if rule is None or not is_there:
            return PackDifference()
        return PackDifference(rules=(_state_change(rule, proposal.rule_state),))
    files = proposals.files_of(connection, proposal)
    if not files:
        return PackDifference()
    new = load_policy(connection, files=files)
    return compare(in_force(connection), with_states(new, rulestates.states(connection)))


def _ready(store: Store, files: Mapping[str, str]) -> CompiledPolicy:
    """The pack of these files, checked here while servers compile it."""
    source = PackSource.from_files(files)
    prepare(store, source)
    return checked(store, source)


def _needs_second_person(connection: sa.Connection, policy: CompiledPolicy) -> bool:
    known = {activation.version for activation in policies.list_activations(connection)}
    if not known or policy.version in known or not has_users(connection):
        return False
    new = with_states(policy, rulestates.states(connection))
    return compare(in_force(connection), new).needs_second_person


def _earlier(connection: sa.Connection, version: str | None) -> str:
    activations = policies.list_activations(connection)
    active = activations[0].version if activations else None
    earlier = [a.version for a in activations if a.version != active]
    if version is None:
        if not earlier:
            raise NotFoundError("no other pack was in force before", where="policy")
        return earlier[0]
    if version == active:
        raise ConflictError("this pack is in force", where=version)
    matches = {one for one in earlier if one.startswith(version)} if version else set()
    if len(matches) != 1:
        raise NotFoundError(
            "no such version was in force here",
            where=version,
            hint="`tocsin policy list` shows those that were",
        )
    return matches.pop()


def _state_change(rule: WrittenRule, state: RuleState) -> RuleChange:
    after = msgspec.structs.replace(rule, state=state)
    return RuleChange(
        id=rule.id, kind="changed", before=rule, after=after, condition=words_of(rule, after)
    )


def _standing(connection: sa.Connection, rule_id: str) -> WrittenRule:
    rule = next((rule for rule in standing_rules(connection) if rule.id == rule_id), None)
    if rule is None:
        raise NotFoundError(
            "the policy in force has no such rule",
            where=rule_id,
            hint="`tocsin policy rules` shows them",
        )
    return rule


def _open(connection: sa.Connection, proposal_id: str) -> Proposal:
    proposal = _get(connection, proposal_id)
    if proposal.state is not ProposalState.OPEN:
        raise ConflictError(f"the proposal is {proposal.state} already", where=proposal_id)
    return proposal


def _get(connection: sa.Connection, proposal_id: str) -> Proposal:
    proposal = proposals.get(connection, proposal_id)
    if proposal is None:
        raise NotFoundError(
            "there is no such proposal",
            where=proposal_id,
            hint="`tocsin policy proposals` shows them",
        )
    return proposal


def _new_id() -> str:
    return f"prp_{random_token(8)}"
