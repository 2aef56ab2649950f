"""`GET /healthz` and `GET /v1/status`: is it well, and how much waits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from tocsin import __version__
from tocsin.records import CaseState
from tocsin.review import Permission, Scope
from tocsin.store import cases, deadletters, decisions, log, outbox
from tocsin.web.callers import Caller, needs
from tocsin.web.context import context_of

__all__ = ["router"]

router = APIRouter(tags=["status"])


@router.get("/healthz", summary="Is it well")
def get_health(request: Request) -> dict[str, Any]:
    """Answers when the database does; says nothing that a stranger should not know."""
    with context_of(request).store.read() as connection:
        log.last_position(connection)
    return {"ok": True, "version": __version__}


@router.get("/v1/status", summary="How much waits")
def get_status(
    request: Request,
    caller: Annotated[Caller, Depends(needs(Permission.CASES_READ, Scope.CASES_READ))],
) -> dict[str, Any]:
    """Versions and counts; `policy_problem` names why a newer policy is not used, if so.

    `windows` says how much each window of the rules holds in memory: keys, events and bytes;
    `windows_late` how many events came too late to be counted since the start.
    """
    context = context_of(request)
    held = context.live.windows.stats()
    with context.store.read() as connection:
        policy = context.policy(connection)
        problem = context.live.problem
        by_state = cases.count_by(connection, "state", cases.CaseFilter(state=None))
        return {
            "ok": True,
            "version": __version__,
            "policy": {"name": policy.name, "version": policy.version},
            "policy_problem": None if problem is None else problem.as_json(),
            "log_position": log.last_position(connection),
            "decisions": decisions.count(connection, decisions.DecisionFilter()),
            "cases": {state.value: by_state.get(state.value, 0) for state in CaseState},
            "cases_by_clause": cases.count_by_clause(connection),
            "actions": outbox.count_by_state(connection),
            "dead_letters": deadletters.count(connection),
            "windows": [{"window": name, **kept._asdict()} for name, kept in held.items()],
            "windows_late": context.live.windows.n_late,
            "solo": context.store.settings.solo,
        }
