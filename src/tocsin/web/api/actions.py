"""`GET /v1/actions`: what is done on the platform, and where it stands."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from tocsin.records import ActionState
from tocsin.review import Permission, Scope
from tocsin.store import outbox
from tocsin.web.api.paging import Limit
from tocsin.web.callers import Caller, needs
from tocsin.web.context import context_of

__all__ = ["router"]

router = APIRouter(tags=["actions"])


@router.get("/v1/actions", summary="List actions")
def list_actions(
    request: Request,
    caller: Annotated[Caller, Depends(needs(Permission.ACTIONS_READ, Scope.ACTIONS_READ))],
    state: Annotated[
        list[ActionState] | None, Query(description="May stand several times.")
    ] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """The newest first, with the counts of all states."""
    context = context_of(request)
    with context.store.read() as connection:
        rows = outbox.list_rows(connection, now=context.now, states=tuple(state or ()), limit=limit)
        counts = outbox.count_by_state(connection)
    return {"ok": True, "actions": msgspec.to_builtins(rows), "counts": counts}
