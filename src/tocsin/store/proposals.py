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
    "ProposedChange",
    "add_invite",
    "decide",
    "files_of",
    "get",
    "invite_by_hash",
    "list_proposals",
    "propose",
]


class ProposedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change as it is proposed: a version of a pack, or the state of a rule version."""

    id: str
    by: str
    reason: str
    base: str | None
    backtest: str | None = None
    pack: str | None = None
    rule: str | None = None
    rule_version: str | None = None
    rule_state: RuleState | None = None


def propose(
    transaction: Transaction,
    change: ProposedChange,
    *,
    files: Mapping[str, str] | None = None,
    rules: Sequence[WrittenRule] = (),
) -> LogEntry:
    """Propose a change; of a pack with its files and rules."""
    body: dict[str, Any] = msgspec.to_builtins(change)
    body["proposal"] = body.pop("id")
    content = None
    if files is not None:
        content = {
            "pack": [msgspec.json.encode(dict(sorted(files.items())))],
            "rules": [encode_written(rule) for rule in rules],
        }
    return transaction.record(EntryKind.PROPOSAL, {**body, "change": "proposed"}, content)


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
