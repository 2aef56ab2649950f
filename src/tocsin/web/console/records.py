"""Lists of what was done and what was refused: actions and dead letters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from tocsin.records import ActionState, Refusal
from tocsin.review import Permission
from tocsin.store import deadletters, outbox
from tocsin.web.callers import Person, person
from tocsin.web.console.pages import page
from tocsin.web.context import context_of

__all__ = ["router"]

router = APIRouter()

Part = Annotated[str | None, Query(max_length=512)]

_PAGE = 50
_ACTIONS = 200


@router.get("/actions")
def show_actions(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.ACTIONS_READ))],
    state: Part = None,
) -> HTMLResponse:
    """The outbox, newest first."""
    context = context_of(request)
    chosen = ActionState(state) if state in tuple(ActionState) else None
    with context.store.read() as connection:
        rows = outbox.list_rows(
            connection, now=context.now, states=(chosen,) if chosen else (), limit=_ACTIONS
        )
        counts = outbox.count_by_state(connection)
    return page(
        request,
        user,
        "actions.html",
        rows=rows,
        counts=counts,
        states=[one.value for one in ActionState],
        state=chosen.value if chosen else None,
        has_platform=bool(context.store.settings.webhook_url),
    )


@router.get("/deadletters")
def show_dead_letters(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.DEADLETTERS_READ))],
    reason: Part = None,
    state: Part = None,
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Refused lines with reason and place; their content is covered until it is asked for."""
    chosen: deadletters.DeadLetterState = (
        "replayed" if state == "replayed" else "dismissed" if state == "dismissed" else "open"
    )
    with context_of(request).store.read() as connection:
        rows = deadletters.list_rows(
            connection,
            state=chosen,
            reason=reason or None,
            limit=_PAGE + 1,
            offset=(page_number - 1) * _PAGE,
        )
        n_open = deadletters.count(connection)
    return page(
        request,
        user,
        "deadletters.html",
        rows=rows[:_PAGE],
        has_more=len(rows) > _PAGE,
        page_number=page_number,
        n_open=n_open,
        reasons=[one.value for one in Refusal],
        reason=reason or None,
        state=chosen,
    )
