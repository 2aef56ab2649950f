"""`/v1/cases` and `/v1/verdicts`: the queue, and what people decide.

Comes in: filters, verdicts. Goes out: cases, and what became of them. Always holds: a verdict
is a person's: through a token it names the user who decided, whom the token's owner vouches for,
and that user's role must allow it.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from msgspec import Struct

from tocsin.detectors.text_reading import text_reading
from tocsin.errors import NotFoundError
from tocsin.records import ActionKind, CaseState, ProtectedPurpose, Verdict, VerdictKind
from tocsin.review import Permission, Ruling, Scope, decide, may, require, reverse
from tocsin.store import cases, opinions, outbox
from tocsin.web.api.bodies import decoded, person_of, schema_of
from tocsin.web.api.paging import Limit, PageNumber
from tocsin.web.callers import Caller, needs
from tocsin.web.casepage import read_rows, strongest_decision
from tocsin.web.context import Context, context_of

__all__ = ["router"]

router = APIRouter(tags=["cases"])

Reader = Annotated[Caller, Depends(needs(Permission.CASES_READ, Scope.CASES_READ))]
Decider = Annotated[Caller, Depends(needs(Permission.CASES_DECIDE, Scope.CASES_WRITE))]
Undoer = Annotated[Caller, Depends(needs(Permission.CASES_READ, Scope.CASES_WRITE))]
Part = Annotated[str | None, Query(max_length=512)]


class VerdictBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller decides; `reviewer` is a user's name, and needed with a token."""

    version: int
    kind: VerdictKind
    clause: str | None = None
    actions: tuple[ActionKind, ...] = ()
    protected_purpose: ProtectedPurpose = "none"
    confirmed: bool = False
    country: str | None = None
    note: str = ""
    reviewer: str | None = None


class ReversalBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a verdict is taken back; `reviewer` as with a verdict."""

    note: str = ""
    reviewer: str | None = None


@router.get("/v1/cases", summary="List cases")
def list_cases(
    request: Request,
    caller: Reader,
    state: CaseState | None = CaseState.OPEN,
    clause: Part = None,
    language: Part = None,
    actor: Part = None,
    limit: Limit = 50,
    page: PageNumber = 1,
) -> dict[str, Any]:
    """By priority, then the oldest first: the order of the queue."""
    where = cases.CaseFilter(
        state=state, clause=clause or None, language=language or None, actor=actor or None
    )
    offset = (page - 1) * limit
    with context_of(request).store.read() as connection:
        found = cases.list_cases(connection, where, limit=limit + 1, offset=offset)
    more = len(found) > limit
    return {
        "ok": True,
        "cases": msgspec.to_builtins(found[:limit]),
        "next_page": page + 1 if more else None,
    }


@router.get("/v1/cases/{case_id}", summary="One case")
def get_case(request: Request, caller: Reader, case_id: str) -> dict[str, Any]:
    """The case with its verdicts and their actions; decisions are read by their ids.

    `text_reading` is what the text models read for the strongest of its decisions, or null.
    `opinions` are those of outside models, the newest first: they order the queue and are no
    evidence; what they call rationale and draft are a model's own words, unverified.
    """
    context = context_of(request)
    with context.store.read() as connection:
        case = cases.get(connection, case_id)
        if case is None:
            raise NotFoundError("there is no such case")
        verdicts = cases.verdicts_on(connection, case=case_id)
        said = opinions.of_case(connection, case_id)
        actions = [
            row
            for verdict in verdicts
            for row in outbox.of_authority(connection, f"verdict:{verdict.id}", now=context.now)
        ]
        rows = read_rows(connection, case.decisions)
        decision = strongest_decision(connection, case, rows)
        reading = None if decision is None else text_reading(decision.signals)
    return {
        "ok": True,
        "case": msgspec.to_builtins(case),
        "verdicts": msgspec.to_builtins(verdicts),
        "actions": msgspec.to_builtins(actions),
        "text_reading": msgspec.to_builtins(reading),
        "opinions": msgspec.to_builtins(said),
    }


@router.post(
    "/v1/cases/{case_id}/verdict", summary="Decide a case", openapi_extra=schema_of(VerdictBody)
)
async def post_verdict(request: Request, caller: Decider, case_id: str) -> dict[str, Any]:
    """Decide; 409 says what changed if somebody was faster."""
    body = decoded(await request.body(), VerdictBody)
    verdict = await run_in_threadpool(_decide, context_of(request), caller, case_id, body)
    return {"ok": True, "verdict": msgspec.to_builtins(verdict)}


@router.post(
    "/v1/verdicts/{verdict_id}/reverse",
    summary="Take a verdict back",
    openapi_extra=schema_of(ReversalBody),
)
async def post_reversal(request: Request, caller: Undoer, verdict_id: str) -> dict[str, Any]:
    """Cancel what waits and restore what was sent; the case is open again."""
    body = decoded(await request.body() or b"{}", ReversalBody)
    verdict = await run_in_threadpool(_reverse, context_of(request), caller, verdict_id, body)
    return {"ok": True, "verdict": msgspec.to_builtins(verdict)}


def _decide(context: Context, caller: Caller, case_id: str, body: VerdictBody) -> Verdict:
    with context.store.read() as connection:
        policy = context.policy(connection)
        reviewer, role = person_of(connection, caller, body.reviewer, where="reviewer")
    require(role, Permission.CASES_DECIDE)
    ruling = Ruling(
        case=case_id,
        version=body.version,
        kind=body.kind,
        clause=body.clause,
        actions=body.actions,
        protected_purpose=body.protected_purpose,
        confirmed=body.confirmed,
        country=body.country,
        note=body.note,
    )
    return decide(context.store, policy, ruling, reviewer=reviewer)


def _reverse(context: Context, caller: Caller, verdict_id: str, body: ReversalBody) -> Verdict:
    with context.store.read() as connection:
        reviewer, role = person_of(connection, caller, body.reviewer, where="reviewer")
    return reverse(
        context.store,
        verdict_id,
        reviewer=reviewer,
        may_reverse_any=may(role, Permission.VERDICTS_REVERSE),
        note=body.note,
    )
