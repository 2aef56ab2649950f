"""Proposals in the store: what waits for a second person, and what became of it.

Comes in: changes that somebody proposes, and decisions about them. Goes out: proposals, the files
of a proposed pack, invites. Always holds: every step is an entry of the log; of an invite's token
the store has the SHA-256 only. Who may do what is decided above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.records import (
    EntryKind,
    LogEntry,
    Proposal,
    ProposalInvite,
    ProposalState,
    RuleState,
    SoloWay,
    WrittenRule,
    encode_written,
)
from tocsin.store import log, schema
from tocsin.store.store import Transaction
from tocsin.store.times import from_us, to_us

__all__ = [
    "add_invite",
    "decide",
    "files_of",
    "get",
    "invite_by_hash",
    "list_proposals",
    "propose_pack",
    "propose_state",
]


def propose_pack(
    transaction: Transaction,
    proposal_id: str,
    *,
    version: str,
    files: Mapping[str, str],
    rules: Sequence[WrittenRule],
    base: str | None,
    by: str,
    reason: str,
    backtest: str | None,
) -> LogEntry:
    """Propose to activate a version of a pack."""
    body = _proposed(proposal_id, by=by, reason=reason, base=base, backtest=backtest)
    content = {
        "pack": [msgspec.json.encode(dict(sorted(files.items())))],
        "rules": [encode_written(rule) for rule in rules],
    }
    return transaction.record(EntryKind.PROPOSAL, {**body, "pack": version}, content)


def propose_state(
    transaction: Transaction,
    proposal_id: str,
    *,
    rule: str,
    rule_version: str,
    state: RuleState,
    base: str | None,
    by: str,
    reason: str,
    backtest: str | None,
) -> LogEntry:
    """Propose to give a rule version a state."""
    body = _proposed(proposal_id, by=by, reason=reason, base=base, backtest=backtest)
    change = {"rule": rule, "rule_version": rule_version, "rule_state": state.value}
    return transaction.record(EntryKind.PROPOSAL, {**body, **change})


def decide(
    transaction: Transaction,
    proposal: Proposal,
    state: ProposalState,
    *,
    by: str,
    reason: str,
    solo: SoloWay | None = None,
) -> LogEntry:
    """Note what became of a proposal; the entry names both people and what was tried."""
    body = {
        "proposal": proposal.id,
        "change": state.value,
        "by": by,
        "reason": reason,
        "proposer": proposal.by,
        "backtest": proposal.backtest,
        "solo": solo,
    }
    return transaction.record(EntryKind.PROPOSAL, body)


def add_invite(
    transaction: Transaction,
    proposal_id: str,
    *,
    invite_id: str,
    token_hash: str,
    expires_at: datetime,
    by: str,
) -> LogEntry:
    """Let somebody from outside decide a proposal by a link."""
    body = {
        "proposal": proposal_id,
        "change": "invited",
        "by": by,
        "invite": invite_id,
        "token_hash": token_hash,
        "expires_at_us": to_us(expires_at),
    }
    return transaction.record(EntryKind.PROPOSAL, body)


def get(connection: sa.Connection, proposal_id: str) -> Proposal | None:
    """One proposal."""
    table = schema.proposals
    statement = sa.select(table).where(table.c.id == proposal_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _proposal(row)


def list_proposals(
    connection: sa.Connection,
    *,
    state: ProposalState | None = None,
    rule: str | None = None,
    limit: int = 100,
) -> list[Proposal]:
    """Proposals, newest first."""
    table = schema.proposals
    statement = sa.select(table).order_by(table.c.position.desc()).limit(limit)
    if state is not None:
        statement = statement.where(table.c.state == state.value)
    if rule is not None:
        statement = statement.where(table.c.rule == rule)
    return [_proposal(row) for row in connection.execute(statement)]


def files_of(connection: sa.Connection, proposal: Proposal) -> dict[str, str] | None:
    """The files of the pack that is proposed; None where none is, or they were erased."""
    items = log.content_of(connection, proposal.position, "pack")
    return msgspec.json.decode(items[0], type=dict[str, str]) if items and items[0] else None


def invite_by_hash(connection: sa.Connection, token_hash: str) -> ProposalInvite | None:
    """The invite of a token, by the token's hash."""
    table = schema.proposal_invites
    statement = sa.select(table).where(table.c.token_hash == token_hash)
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return ProposalInvite(
        id=row.id,
        proposal=row.proposal,
        by=row.by_whom,
        at=from_us(row.at_us),
        expires_at=from_us(row.expires_at_us),
    )


def _proposed(
    proposal_id: str, *, by: str, reason: str, base: str | None, backtest: str | None
) -> dict[str, Any]:
    return {
        "proposal": proposal_id,
        "change": "proposed",
        "by": by,
        "reason": reason,
        "base": base,
        "backtest": backtest,
    }


def _proposal(row: Any) -> Proposal:
    return Proposal(
        id=row.id,
        position=row.position,
        by=row.by_whom,
        reason=row.reason,
        at=from_us(row.at_us),
        base=row.base,
        pack=row.pack,
        rule=row.rule,
        rule_version=row.rule_version,
        rule_state=None if row.rule_state is None else RuleState(row.rule_state),
        backtest=row.backtest,
        state=ProposalState(row.state),
        decided_by=row.decided_by,
        decided_reason=row.decided_reason,
        decided_at=None if row.decided_at_us is None else from_us(row.decided_at_us),
        decided_position=row.decided_position,
        solo=row.solo,
    )
