"""Banks, to look at: what they hold, from whom, and what happened to each entry."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from tocsin.errors import NotFoundError
from tocsin.review import Permission
from tocsin.store import banks
from tocsin.web.callers import Person, person
from tocsin.web.console.pages import page
from tocsin.web.context import context_of

__all__ = ["router"]

router = APIRouter()

_PAGE = 200


@router.get("/banks")
def show_banks(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.BANKS_READ))],
    bank: Annotated[str | None, Query(max_length=128)] = None,
) -> HTMLResponse:
    """All banks with counts, and the entries of one."""
    with context_of(request).store.read() as connection:
        summary = banks.summary(connection)
        entries = banks.list_entries(connection, bank=bank) if bank else []
    if bank and bank not in {name for name, *_ in summary}:
        raise NotFoundError("there is no such bank")
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for name, kind, state, n_entries in summary:
        counts.setdefault((name, kind), {})[state] = n_entries
    return page(
        request,
        user,
        "banks.html",
        counts=counts,
        bank=bank,
        entries=entries[:_PAGE],
        n_entries=len(entries),
    )
