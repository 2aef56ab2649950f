"""`GET /v1/decisions`: what was decided, and why.

Comes in: filters, an id. Goes out: lists without content; one decision with its explanation.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from tocsin.detectors.text_reading import text_reading
from tocsin.errors import NotFoundError
from tocsin.pipeline import explain_decision
from tocsin.review import Permission, Scope
from tocsin.store import decisions
from tocsin.store.times import from_us
from tocsin.web.api.paging import Cursor, Limit, join_cursor, split_cursor
from tocsin.web.callers import Caller, needs
from tocsin.web.context import context_of

__all__ = ["DecisionQuery", "router"]

router = APIRouter(tags=["decisions"])

Reader = Annotated[Caller, Depends(needs(Permission.DECISIONS_READ, Scope.DECISIONS_READ))]
Part = Annotated[str | None, Query(max_length=512)]


class DecisionQuery:
    """The filters of a list of decisions, as a query names them; empty ones do not restrict."""

    def __init__(
        self,
        clause: Part = None,
        outcome: Part = None,
        language: Part = None,
        rule: Part = None,
        actor: Part = None,
        subject_kind: Part = None,
        subject_id: Part = None,
        event: Part = None,
    ) -> None:
        given = {
            "clause": clause,
            "outcome": outcome,
            "language": language,
            "rule": rule,
            "actor": actor,
            "subject_kind": subject_kind,
            "subject_id": subject_id,
            "event": event,
        }
        self.values = {name: value for name, value in given.items() if value}
        self.where = decisions.DecisionFilter(**self.values)


@router.get("/v1/decisions", summary="List decisions")
def list_decisions(
    request: Request,
    caller: Reader,
    query: Annotated[DecisionQuery, Depends()],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first; `next` is the cursor of the following page, null at the end."""
    before = split_cursor(cursor)
    with context_of(request).store.read() as connection:
        rows = decisions.list_rows(connection, query.where, limit=limit + 1, before=before)
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        "ok": True,
        "decisions": [_row(row) for row in shown],
        "next": join_cursor(shown[-1].position, shown[-1].ordinal) if more else None,
    }


@router.get("/v1/decisions/{decision_id}", summary="One decision, explained")
def get_decision(
    request: Request,
    caller: Reader,
    decision_id: str,
    *,
    windows: Annotated[
        bool, Query(description="List the events that windows counted; reads the log again.")
    ] = False,
) -> dict[str, Any]:
    """The decision as it was stored, its explanation, and what the text models read."""
    store = context_of(request).store
    with store.read() as connection:
        decision = decisions.get(connection, decision_id)
    if decision is None:
        raise NotFoundError("there is no such decision, or it was erased")
    explanation = explain_decision(store, decision_id, with_windows=windows)
    return {
        "ok": True,
        "decision": msgspec.to_builtins(decision),
        "explanation": None if explanation is None else explanation.as_json(),
        "text_reading": msgspec.to_builtins(text_reading(decision.signals)),
    }


def _row(row: decisions.DecisionRow) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(row)
    for name in ("position", "ordinal", "event_at_us"):
        del shown[name]
    at = None if row.event_at_us is None else from_us(row.event_at_us)
    return {**shown, "event_at": at and at.isoformat()}
