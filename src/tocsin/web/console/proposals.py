"""Proposals: what waits for a second person, and the packs that were in force.

Comes in: decisions with their reasons; the link of an invited reviewer. Goes out: pages. Always
holds: who may decide is settled below (`review.secondperson`); in solo mode the earlier reason is
not shown to whoever gave it before they decided again; a link opens one proposal and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from tocsin.errors import InputError, NotFoundError
from tocsin.pipeline import decide_proposal, difference_of, roll_back, withdraw_proposal
from tocsin.records import Proposal, ProposalState
from tocsin.review import Permission, create_invite, find_invite, is_same_person
from tocsin.store import policies, proposals
from tocsin.web.callers import Form, Person, person
from tocsin.web.console.pages import page, redirect
from tocsin.web.console.rules import colleague_of
from tocsin.web.context import Context, context_of
from tocsin.web.subjects import names_of
from tocsin.web.templating import render

__all__ = ["PROVIDERS", "Provider", "router"]

router = APIRouter()

Reader = Annotated[Person, Depends(person(Permission.RULES_READ))]
Proposer = Annotated[Person, Depends(person(Permission.POLICY_PROPOSE))]
Approver = Annotated[Person, Depends(person(Permission.POLICY_APPROVE))]

Provider = Callable[[Context, sa.Connection, Proposal], Mapping[str, Any]]
"""Values for the page of a proposal, which a template that the page includes then shows."""

PROVIDERS: list[Provider] = []
"""Asked in this order; each chooses names of its own."""


@router.get("/proposals")
def show_proposals(request: Request, user: Reader) -> Response:
    """What waits, what was decided, and the packs that were in force."""
    return _list_page(request, user)


@router.get("/proposals/{proposal_id}")
def show_proposal(request: Request, user: Reader, proposal_id: str) -> Response:
    """One proposal with what it changes."""
    return _proposal_page(request, user, proposal_id)


@router.post("/proposals/{proposal_id}/decide")
async def submit_decision(
    request: Request, user: Approver, form: Form, proposal_id: str
) -> Response:
    """Approve or reject."""
    return await run_in_threadpool(_submit_decision, request, user, form, proposal_id)


@router.post("/proposals/{proposal_id}/withdraw")
async def submit_withdrawal(
    request: Request, user: Proposer, form: Form, proposal_id: str
) -> Response:
    """Take one's own proposal back."""
    reason = str(form.get("reason", ""))
    await run_in_threadpool(
        withdraw_proposal,
        context_of(request).store,
        proposal_id,
        by=colleague_of(user),
        reason=reason,
    )
    return redirect(f"/proposals/{proposal_id}")


@router.post("/proposals/{proposal_id}/invite")
async def submit_invite(request: Request, user: Proposer, proposal_id: str) -> Response:
    """A link for somebody from outside, shown once."""
    made = await run_in_threadpool(
        create_invite, context_of(request).store, proposal_id, by=colleague_of(user)
    )
    link = f"{str(request.base_url).rstrip('/')}/approve/{made.secret}"
    return await run_in_threadpool(_proposal_page, request, user, proposal_id, link=link)


@router.post("/policy/rollback")
async def submit_rollback(request: Request, user: Proposer, form: Form) -> Response:
    """Put a pack that was in force before in force again."""
    return await run_in_threadpool(_submit_rollback, request, user, form)


@router.get("/approve/{token}")
def show_invited(request: Request, token: str) -> Response:
    """The proposal that an invited reviewer is asked about."""
    return _invited_page(request, token)


@router.post("/approve/{token}")
async def submit_invited(request: Request, form: Form, token: str) -> Response:
    """An invited reviewer approves or rejects; the link is used up."""
    return await run_in_threadpool(_submit_invited, request, form, token)


def _submit_decision(request: Request, user: Person, form: FormData, proposal_id: str) -> Response:
    try:
        decide_proposal(
            context_of(request).store,
            proposal_id,
            _decision(form),
            by=colleague_of(user),
            reason=str(form.get("reason", "")),
            seen=str(form.get("seen", "")) or None,
        )
    except InputError as error:
        if error.http_status == 404:  # noqa: PLR2004  # then there is no proposal to show
            raise
        return _proposal_page(request, user, proposal_id, problem=error)
    return redirect(f"/proposals/{proposal_id}")


def _submit_rollback(request: Request, user: Person, form: FormData) -> Response:
    version = str(form.get("version", "")) or None
    reason = str(form.get("reason", ""))
    try:
        roll_back(context_of(request).store, version, by=colleague_of(user), reason=reason)
    except InputError as error:
        return _list_page(request, user, problem=error)
    return redirect("/proposals")


def _submit_invited(request: Request, form: FormData, token: str) -> Response:
    store = context_of(request).store
    invite, proposal = find_invite(store, token)
    try:
        done = decide_proposal(
            store,
            proposal.id,
            _decision(form),
            by=invite,
            reason=str(form.get("reason", "")),
            seen=str(form.get("seen", "")) or None,
        )
    except InputError as error:
        return _invited_page(request, token, problem=error)
    return render("approve.html", proposal=done, difference=None, problem=None, seen=None)


def _decision(form: FormData) -> ProposalState:
    given = str(form.get("decision", ""))
    if given not in (ProposalState.APPROVED, ProposalState.REJECTED):
        raise InputError("a proposal is approved or rejected", where="decision")
    return ProposalState(given)


def _list_page(request: Request, user: Person, *, problem: InputError | None = None) -> Response:
    context = context_of(request)
    with context.store.read() as connection:
        context.policy(connection)
        found = proposals.list_proposals(connection)
        packs = policies.list_activations(connection)
        people = [one.by for one in found] + [one.by for one in packs]
        names = names_of(connection, people + [one.decided_by or "" for one in found])
    return page(
        request,
        user,
        "proposals.html",
        status=200 if problem is None else problem.http_status,
        waiting=[one for one in found if one.state is ProposalState.OPEN],
        decided=[one for one in found if one.state is not ProposalState.OPEN],
        packs=packs,
        names=names,
        is_solo=context.store.settings.solo,
        problem=problem,
    )


def _proposal_page(
    request: Request,
    user: Person,
    proposal_id: str,
    *,
    problem: InputError | None = None,
    link: str | None = None,
) -> Response:
    context = context_of(request)
    with context.store.read() as connection:
        context.policy(connection)
        proposal = proposals.get(connection, proposal_id)
        if proposal is None:
            raise NotFoundError("there is no such proposal")
        is_open = proposal.state is ProposalState.OPEN
        is_own = is_same_person(connection, proposal, colleague_of(user))
        extras: dict[str, Any] = {}
        for provider in PROVIDERS:
            extras |= provider(context, connection, proposal)
        values = {
            "proposal": proposal,
            "is_open": is_open,
            "is_own": is_own,
            "is_hidden": is_open and is_own and context.store.settings.solo,
            "difference": difference_of(connection, proposal) if is_open else None,
            "names": names_of(connection, [proposal.by, proposal.decided_by or ""]),
            "seen": policies.active_version(connection),
        }
    return page(
        request,
        user,
        "proposal.html",
        status=200 if problem is None else problem.http_status,
        problem=problem,
        link=link,
        is_solo=context.store.settings.solo,
        delay_s=context.store.settings.solo_delay_s,
        **values,
        **extras,
    )


def _invited_page(request: Request, token: str, *, problem: InputError | None = None) -> Response:
    context = context_of(request)
    _, proposal = find_invite(context.store, token)
    with context.store.read() as connection:
        difference = difference_of(connection, proposal)
        seen = policies.active_version(connection)
        extras: dict[str, Any] = {}
        for provider in PROVIDERS:
            extras |= provider(context, connection, proposal)
    return render(
        "approve.html",
        status=200 if problem is None else problem.http_status,
        proposal=proposal,
        difference=difference,
        problem=problem,
        seen=seen,
        **extras,
    )
