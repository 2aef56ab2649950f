"""The queue: the front page.

Comes in: filters. Goes out: the open cases by priority, with what they are about in rules and
clauses; the content itself stands on the case's page only.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from tocsin.records import CaseState
from tocsin.review import Permission, list_page
from tocsin.store import cases
from tocsin.web.callers import Person, person
from tocsin.web.casepage import read_rows, read_standing, strongest_row
from tocsin.web.console.pages import page
from tocsin.web.context import context_of

__all__ = ["QueueQuery", "router"]

router = APIRouter()

Part = Annotated[str | None, Query(max_length=128)]


class QueueQuery:
    """Which queue; travels from page to page, so that the next case is of the same one."""

    def __init__(self, clause: Part = None, language: Part = None, state: Part = None) -> None:
        self.clause = clause or None
        self.language = language or None
        self.state = CaseState(state) if state in tuple(CaseState) else CaseState.OPEN

    @property
    def where(self) -> cases.CaseFilter:
        """As the store filters."""
        return cases.CaseFilter(state=self.state, clause=self.clause, language=self.language)

    @property
    def open_only(self) -> cases.CaseFilter:
        """The open cases of this queue: what there is to work on."""
        return cases.CaseFilter(clause=self.clause, language=self.language)

    def values(self, **changed: Any) -> dict[str, Any]:
        """As a query names it, with some parts changed."""
        state = None if self.state is CaseState.OPEN else self.state.value
        return {"clause": self.clause, "language": self.language, "state": state, **changed}


@router.get("/")
def show_queue(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.CASES_READ))],
    query: Annotated[QueueQuery, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    done: Part = None,
) -> HTMLResponse:
    """One page of the queue; `done` is a verdict that can still be taken back."""
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        found = list_page(connection, query.where, page=page_number)
        linked = [one for case in found.cases for one in case.decisions]
        rows = read_rows(connection, linked)
        in_state = cases.CaseFilter(state=query.state)
        by_clause = cases.count_by(connection, "clause", in_state)
        by_language = cases.count_by(connection, "language", in_state)
        by_state = cases.count_by(connection, "state", cases.CaseFilter(state=None))
        verdict = cases.get_verdict(connection, done) if done else None
        case = None if verdict is None else cases.get(connection, verdict.case)
        standing = (
            read_standing(context.store, connection, verdict, case)
            if verdict is not None and case is not None
            else None
        )
    return page(
        request,
        user,
        "queue.html",
        found=found,
        strongest={case.id: strongest_row(case, rows) for case in found.cases},
        query_=query,
        by_clause=by_clause,
        by_language=by_language,
        by_state=by_state,
        clauses=policy.clauses,
        banner=standing,
    )
