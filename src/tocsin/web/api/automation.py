"""`/v1/automation` and `/v1/alerts`: what rules have earned, and what a person should know of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from tocsin.review import Permission, Scope, list_bars, list_progress
from tocsin.store import alerts
from tocsin.web.api.paging import Limit
from tocsin.web.callers import Caller, needs
from tocsin.web.context import context_of

__all__ = ["router"]

router = APIRouter(tags=["automation"])


@router.get("/v1/automation", summary="What rules may do by themselves")
def list_automation(
    request: Request,
    caller: Annotated[Caller, Depends(needs(Permission.AUTOMATION_READ, Scope.DECISIONS_READ))],
    rule: Annotated[str | None, Query(max_length=128)] = None,
) -> dict[str, Any]:
    """Where each rule stands by language and action, and what each rule would have to clear."""
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        found = list_progress(context.store, connection, policy, rule=rule or None)
        bars = list_bars(policy, solo=context.store.settings.solo)
    return {
        "ok": True,
        "automation": msgspec.to_builtins(found),
        "bars": msgspec.to_builtins([bar for bar in bars if rule in (None, "", bar.rule)]),
    }


@router.get("/v1/alerts", summary="List alerts")
def list_alerts(
    request: Request,
    caller: Annotated[Caller, Depends(needs(Permission.AUTOMATION_READ, Scope.DECISIONS_READ))],
    state: Literal["open", "acknowledged"] = "open",
    limit: Limit = 100,
) -> dict[str, Any]:
    """The newest first, with how many nobody acknowledged."""
    with context_of(request).store.read() as connection:
        found = alerts.list_alerts(connection, is_open=state == "open", limit=limit)
        n_open = alerts.count_open(connection)
    return {"ok": True, "alerts": msgspec.to_builtins(found), "open": n_open}


@router.post("/v1/alerts/{alert_id}/acknowledge", summary="Say that one knows of an alert")
def acknowledge_alert(
    request: Request,
    caller: Annotated[Caller, Depends(needs(Permission.ALERTS_ACKNOWLEDGE, Scope.ADMIN))],
    alert_id: str,
) -> dict[str, Any]:
    """An entry of the log; 409 if somebody said so before."""
    with context_of(request).store.write() as transaction:
        alerts.acknowledge(transaction, alert_id, by=caller.id)
    return {"ok": True}
