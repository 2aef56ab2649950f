"""`GET /v1/backtests`: packs that were tried on the past, and what they would change.

Comes in: ids and filters. Goes out: figures and differences, without content.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from tocsin.errors import NotFoundError
from tocsin.pipeline.backtest import precision_of
from tocsin.records import Backtest, ChangeKind
from tocsin.review import Permission, Scope
from tocsin.store import backtests
from tocsin.web.api.paging import Limit
from tocsin.web.callers import Caller, needs
from tocsin.web.context import context_of

__all__ = ["ChangeQuery", "router"]

router = APIRouter(tags=["back-tests"])

Reader = Annotated[Caller, Depends(needs(Permission.POLICY_BACKTEST, Scope.BACKTESTS_READ))]
Part = Annotated[str | None, Query(max_length=512)]

_MAX_NUMBER = 2**31 - 1


class ChangeQuery:
    """The filters of a list of differences, as a query names them; empty ones do not restrict.

    `verdict` is what people said before, `mark` what reviewers said of the difference; `none`
    asks for those of which nobody said anything.
    """

    def __init__(
        self,
        kind: Part = None,
        rule: Part = None,
        account: Part = None,
        verdict: Part = None,
        mark: Part = None,
    ) -> None:
        given = {
            "kind": kind if kind in tuple(ChangeKind) else None,
            "rule": rule,
            "account": account,
            "verdict": verdict,
            "mark": mark,
        }
        self.values = {name: value for name, value in given.items() if value}
        self.where = msgspec.convert(self.values, backtests.ChangeFilter)


@router.get("/v1/backtests", summary="List back-tests")
def list_backtests(request: Request, caller: Reader, limit: Limit = 50) -> dict[str, Any]:
    """The newest first."""
    context = context_of(request)
    with context.store.read() as connection:
        found = backtests.list_backtests(connection, context.now, limit=limit)
    return {"ok": True, "backtests": [_shown(one) for one in found]}


@router.get("/v1/backtests/{backtest_id}", summary="One back-test")
def get_backtest(request: Request, caller: Reader, backtest_id: str) -> dict[str, Any]:
    """Its figures, and what marks say of the newly hit."""
    context = context_of(request)
    with context.store.read() as connection:
        found = _found(backtests.get(connection, backtest_id, context.now))
        marks = backtests.count_marks(connection, backtest_id)
    precision = precision_of(marks)
    return {
        "ok": True,
        "backtest": _shown(found),
        "precision": None if precision is None else msgspec.to_builtins(precision),
    }


@router.get("/v1/backtests/{backtest_id}/changes", summary="What it would change")
def list_changes(
    request: Request,
    caller: Reader,
    backtest_id: str,
    query: Annotated[ChangeQuery, Depends()],
    limit: Limit = 50,
    after: Annotated[
        int, Query(ge=0, le=_MAX_NUMBER, description="`next` of the page before; 0: the first.")
    ] = 0,
) -> dict[str, Any]:
    """In an order drawn by hash; `next` is where the following page begins, null at the end."""
    context = context_of(request)
    with context.store.read() as connection:
        _found(backtests.get(connection, backtest_id, context.now))
        rows = backtests.list_changes(
            connection, backtest_id, query.where, limit=limit + 1, after=after
        )
    shown = rows[:limit]
    return {
        "ok": True,
        "changes": msgspec.to_builtins(shown),
        "next": shown[-1].number if len(rows) > limit else None,
    }


def _found(backtest: Backtest | None) -> Backtest:
    if backtest is None:
        raise NotFoundError("there is no such back-test")
    return backtest


def _shown(backtest: Backtest) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(backtest)
    return shown
