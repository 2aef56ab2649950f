"""`/v1/accounts/{key}/labels`: labels of an account or a handle, and people's word about them.

Comes in: the key of an account (or a handle, with `holder=handle`), and what somebody says of one
label. Goes out: the labels as they stand. Always holds: a label that a program changes is a
person's word: the request names the user, and that user's role must allow it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from msgspec import Struct

from tocsin.records import LabelHolder
from tocsin.review import LabelWish, Permission, Scope, change_label, label_key, require
from tocsin.store import labels
from tocsin.web.api.bodies import decoded, person_of, schema_of
from tocsin.web.api.paging import Limit
from tocsin.web.callers import Caller, needs
from tocsin.web.context import Context, context_of

__all__ = ["router"]

router = APIRouter(tags=["labels"])

Reader = Annotated[Caller, Depends(needs(Permission.ACCOUNTS_READ, Scope.LABELS_READ))]
Writer = Annotated[Caller, Depends(needs(Permission.LABELS_WRITE, Scope.LABELS_WRITE))]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=10**10)]


class LabelBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody says of one label; `by` is a user's name, and needed with a token.

    `for_s` is for how many seconds it counts; absent: until it is withdrawn.
    """

    label: str
    change: labels.Change
    reason: str
    holder: LabelHolder = LabelHolder.ACCOUNT
    for_s: Seconds | None = None
    by: str | None = None


@router.get("/v1/accounts/{key:path}/labels", summary="Labels of an account or a handle")
def list_labels(
    request: Request,
    caller: Reader,
    key: str,
    holder: LabelHolder = LabelHolder.ACCOUNT,
    history: Annotated[
        int, Query(ge=0, le=500, description="So many of the newest changes as well.")
    ] = 0,
) -> dict[str, Any]:
    """The labels as they stand, those taken off or over included; `is_on` says what rules find."""
    context = context_of(request)
    key = label_key(holder, key)
    with context.store.read() as connection:
        rows = labels.of_holder(connection, holder, key, now=context.now)
        changes = labels.history(connection, holder, key, limit=history) if history else []
    return {
        "ok": True,
        "labels": msgspec.to_builtins(rows),
        "history": msgspec.to_builtins(changes),
    }


@router.get("/v1/labels", summary="Labels that stand")
def search_labels(
    request: Request,
    caller: Reader,
    label: Annotated[str | None, Query(max_length=128)] = None,
    holder: LabelHolder | None = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """The newest first."""
    context = context_of(request)
    with context.store.read() as connection:
        rows = labels.list_rows(
            connection, now=context.now, name=label or None, holder=holder, limit=limit
        )
    return {"ok": True, "labels": msgspec.to_builtins(rows)}


@router.post(
    "/v1/accounts/{key:path}/labels",
    summary="Put a label on, take it off, or leave it to the rules",
    openapi_extra=schema_of(LabelBody),
)
async def post_label(request: Request, caller: Writer, key: str) -> dict[str, Any]:
    """A person's word stands above the rules' until it ends or is withdrawn."""
    body = decoded(await request.body(), LabelBody)
    row = await run_in_threadpool(_change, context_of(request), caller, key, body)
    return {"ok": True, "label": msgspec.to_builtins(row)}


def _change(context: Context, caller: Caller, key: str, body: LabelBody) -> labels.LabelRow | None:
    with context.store.read() as connection:
        policy = context.policy(connection)
        by, role = person_of(connection, caller, body.by, where="by")
    require(role, Permission.LABELS_WRITE)
    wish = LabelWish(
        key=key,
        name=body.label,
        to=body.change,
        holder=body.holder,
        reason=body.reason,
        lasts=None if body.for_s is None else timedelta(seconds=body.for_s),
    )
    return change_label(context.store, policy.labels, wish, by=by)
