"""`/v1/rules` and `/v1/proposals`: rules with their figures, and what waits for a second person.

Comes in: ids, decisions about proposals. Goes out: rules, proposals and what they change. Always
holds: a proposal is decided by a person: through a token it names the user who decided, whom the
token's owner vouches for, and that user's role must allow it.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from msgspec import Struct

from tocsin.errors import NotFoundError
from tocsin.pipeline import decide_proposal, difference_of, read_rule, read_rules
from tocsin.records import Proposal, ProposalState
from tocsin.review import Colleague, Permission, Scope, require
from tocsin.store import people, proposals
from tocsin.web.api.bodies import decoded, person_of, schema_of
from tocsin.web.callers import Caller, needs
from tocsin.web.context import Context, context_of

__all__ = ["router"]

router = APIRouter(tags=["rules"])

Reader = Annotated[Caller, Depends(needs(Permission.RULES_READ, Scope.RULES_READ))]
Approver = Annotated[Caller, Depends(needs(Permission.POLICY_APPROVE, Scope.PROPOSALS_WRITE))]


class DecisionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller decides; `by` is a user's name, and needed with a token.

    `seen` is the version of the pack in force that they looked at.
    """

    reason: str = ""
    seen: str | None = None
    by: str | None = None


@router.get("/v1/rules", summary="List rules")
def list_rules(request: Request, caller: Reader) -> dict[str, Any]:
    """The rules of the pack in force, by id, with what they hit in the last 30 days."""
    context = context_of(request)
    with context.store.read() as connection:
        found = read_rules(connection, context.now)
    return {"ok": True, "rules": msgspec.to_builtins(found)}


@router.get("/v1/rules/{rule_id}", summary="One rule")
def get_rule(request: Request, caller: Reader, rule_id: str) -> dict[str, Any]:
    """Condition, state, history, overlap with other rules, and how often people agreed."""
    context = context_of(request)
    with context.store.read() as connection:
        detail = read_rule(connection, rule_id, context.now)
    return {"ok": True, "rule": msgspec.to_builtins(detail)}


@router.get("/v1/proposals", summary="List proposals")
def list_proposals(
    request: Request, caller: Reader, state: ProposalState | None = ProposalState.OPEN
) -> dict[str, Any]:
    """The newest first; in solo mode the reasons of open ones are left out."""
    store = context_of(request).store
    with store.read() as connection:
        found = proposals.list_proposals(connection, state=state)
    return {"ok": True, "proposals": [_shown(one, is_solo=store.settings.solo) for one in found]}


@router.get("/v1/proposals/{proposal_id}", summary="One proposal")
def get_proposal(request: Request, caller: Reader, proposal_id: str) -> dict[str, Any]:
    """The proposal, and while it is open what it would change now."""
    store = context_of(request).store
    with store.read() as connection:
        proposal = proposals.get(connection, proposal_id)
        if proposal is None:
            raise NotFoundError("there is no such proposal")
        is_open = proposal.state is ProposalState.OPEN
        difference = difference_of(connection, proposal) if is_open else None
    return {
        "ok": True,
        "proposal": _shown(proposal, is_solo=store.settings.solo),
        "difference": msgspec.to_builtins(difference),
    }


@router.post(
    "/v1/proposals/{proposal_id}/approve",
    summary="Approve a proposal",
    openapi_extra=schema_of(DecisionBody),
)
async def post_approval(request: Request, caller: Approver, proposal_id: str) -> dict[str, Any]:
    """Carry it out; 403 where the same person proposed it, 409 where it was decided meanwhile."""
    return await _post(request, caller, proposal_id, ProposalState.APPROVED)


@router.post(
    "/v1/proposals/{proposal_id}/reject",
    summary="Reject a proposal",
    openapi_extra=schema_of(DecisionBody),
)
async def post_rejection(request: Request, caller: Approver, proposal_id: str) -> dict[str, Any]:
    """Leave everything as it is; a reason is needed."""
    return await _post(request, caller, proposal_id, ProposalState.REJECTED)


async def _post(
    request: Request, caller: Caller, proposal_id: str, state: ProposalState
) -> dict[str, Any]:
    body = decoded(await request.body() or b"{}", DecisionBody)
    context = context_of(request)
    done = await run_in_threadpool(_decide, context, caller, proposal_id, state, body)
    return {"ok": True, "proposal": msgspec.to_builtins(done)}


def _decide(
    context: Context, caller: Caller, proposal_id: str, state: ProposalState, body: DecisionBody
) -> Proposal:
    with context.store.read() as connection:
        user_id, role = person_of(connection, caller, body.by, where="by")
        user = people.user_by_id(connection, user_id)
    require(role, Permission.POLICY_APPROVE)
    who = Colleague(id=user_id, name=user_id if user is None else user.name)
    return decide_proposal(
        context.store, proposal_id, state, by=who, reason=body.reason, seen=body.seen
    )


def _shown(proposal: Proposal, *, is_solo: bool) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(proposal)
    if is_solo and proposal.state is ProposalState.OPEN:
        del shown["reason"]  # who decides again does so without looking
    return shown
