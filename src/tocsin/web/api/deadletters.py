"""`GET /v1/deadletters`: refused lines, with reason and place; never their content."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request

from tocsin.review import Permission, Scope
from tocsin.store import deadletters
from tocsin.web.api.paging import Limit, PageNumber
from tocsin.web.callers import Caller, needs
from tocsin.web.context import context_of

__all__ = ["router"]

router = APIRouter(tags=["dead letters"])

Part = Annotated[str | None, Query(max_length=512)]


@router.get("/v1/deadletters", summary="List dead letters")
def list_dead_letters(
    request: Request,
    caller: Annotated[Caller, Depends(needs(Permission.DEADLETTERS_READ, Scope.ADMIN))],
    state: Literal["open", "replayed", "dismissed"] = "open",
    reason: Part = None,
    source: Part = None,
    limit: Limit = 100,
    page: PageNumber = 1,
) -> dict[str, Any]:
    """The newest first; `tocsin deadletters show` has the line itself."""
    with context_of(request).store.read() as connection:
        rows = deadletters.list_rows(
            connection,
            state=state,
            reason=reason or None,
            source=source or None,
            limit=limit + 1,
            offset=(page - 1) * limit,
        )
    return {
        "ok": True,
        "dead_letters": [_row(row) for row in rows[:limit]],
        "next_page": page + 1 if len(rows) > limit else None,
    }


def _row(row: deadletters.DeadLetterRow) -> dict[str, Any]:
    letter = row.letter
    return {
        "id": letter.id,
        "source": letter.source,
        "offset": letter.offset,
        "line_number": letter.line_number,
        "format": letter.format,
        "reason": letter.reason.value,
        "message": letter.message,
        "digest": letter.digest,
        "received_at": row.received_at.isoformat(),
        "state": row.state,
    }
