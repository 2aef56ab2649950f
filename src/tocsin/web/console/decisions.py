"""Decisions: the list with filters, and one decision with its whole explanation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from tocsin.errors import NotFoundError
from tocsin.pipeline import window_contents
from tocsin.records import Outcome
from tocsin.review import Permission
from tocsin.store import decisions
from tocsin.web.api.decisions import DecisionQuery
from tocsin.web.api.paging import Cursor, join_cursor, split_cursor
from tocsin.web.callers import Person, person
from tocsin.web.casepage import read_why
from tocsin.web.console.pages import page
from tocsin.web.context import context_of
from tocsin.web.subjects import read_author, read_post, trigger_of

__all__ = ["router"]

router = APIRouter()

Reader = Annotated[Person, Depends(person(Permission.DECISIONS_READ))]

_PAGE = 50
_MAX_READ = 200_000
"""Events that a page may read again: some seconds. The command line reads more."""


@router.get("/decisions")
def show_decisions(
    request: Request,
    user: Reader,
    query: Annotated[DecisionQuery, Depends()],
    cursor: Cursor = None,
) -> HTMLResponse:
    """The newest first."""
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        rows = decisions.list_rows(
            connection, query.where, limit=_PAGE + 1, before=split_cursor(cursor)
        )
    shown = rows[:_PAGE]
    more = len(rows) > _PAGE
    return page(
        request,
        user,
        "decisions.html",
        rows=shown,
        following=join_cursor(shown[-1].position, shown[-1].ordinal) if more else None,
        is_first=not cursor,
        filters=query.values,
        outcomes=[outcome.value for outcome in Outcome],
        clauses=policy.clauses,
    )


@router.get("/decisions/{decision_id}")
def show_decision(
    request: Request, user: Reader, decision_id: str, *, windows: bool = False
) -> HTMLResponse:
    """One decision: every value, signal, span and version; with `windows` what they counted."""
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        decision = decisions.get(connection, decision_id)
        if decision is None:
            raise NotFoundError("there is no such decision, or it was erased")
        why = read_why(connection, policy, decision)
        held = (
            window_contents(context.store, connection, decision, why.policy, max_read=_MAX_READ)
            if windows
            else None
        )
        event = trigger_of(connection, decision)
        return page(
            request,
            user,
            "decision.html",
            decision=decision,
            why=why,
            windows=held,
            has_windows="windows" in decision.versions,
            post=read_post(event, why.found, why.reading),
            author=read_author(connection, decision.actor, event, why.found, now=context.now),
        )
