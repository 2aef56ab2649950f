"""`POST /v1/check`: what would be decided about one event, before it is published.

Comes in: one event in the wire format. Goes out: the decisions that it would get if it came
next; with `record` it is taken in like any other first, and the answer is what was decided.
Always holds: without `record` nothing about the event is stored; with it, the answer comes after
it is durable. The work is less than a thread's start: it is done at once where nothing has to be
waited for, and in a thread otherwise.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from tocsin.errors import InputError
from tocsin.ingest import Line, parse_lines
from tocsin.pipeline import Checked, batch_to_check, event_policy, find_adapter
from tocsin.review import Permission, Scope
from tocsin.web.callers import Caller, needs
from tocsin.web.context import Context, context_of

__all__ = ["router"]

router = APIRouter(tags=["events"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
_ENCODER = msgspec.json.Encoder()


@router.post("/v1/check", summary="Check an event before it is published", openapi_extra=_BODY)
async def post_check(
    request: Request,
    caller: Annotated[
        Caller, Depends(needs(Permission.EVENTS_WRITE, Scope.CHECK, Scope.EVENTS_WRITE))
    ],
    *,
    record: Annotated[
        bool, Query(description="Take the event in as `POST /v1/events` does; needs an id.")
    ] = False,
) -> Response:
    """Say what would be decided about one event if it came now; nothing of it is stored.

    The windows that rules read stand where the log ends, with the event counted in. Neither the
    event nor its post needs an `id` yet. With `record` the scope `events:write` is needed, and
    the answer holds what was decided about the event, now or when it came before.
    """
    context = context_of(request)
    body = await request.body()
    if record:
        caller.require(Scope.EVENTS_WRITE)
        checked = await _recorded(context, body, f"http:{caller.id}")
    else:
        checked = await _looked_at(context, body)
    answer = {"ok": True, **msgspec.structs.asdict(checked)}
    return Response(_ENCODER.encode(answer), media_type="application/json")


async def _looked_at(context: Context, body: bytes) -> Checked:
    batch = batch_to_check(body, now=context.now, policy=event_policy(context.store))
    found = context.live.look_at_once(batch)
    return await run_in_threadpool(context.live.look, batch) if found is None else found


async def _recorded(context: Context, body: bytes, source: str) -> Checked:
    parsed = parse_lines(
        [Line(source=source, offset=0, number=1, content=body)],
        adapter=find_adapter("tocsin"),
        policy=event_policy(context.store),
        now=context.now,
    )
    await asyncio.wrap_future(context.intake.submit(parsed, source))
    for letter in parsed.dead_letters:
        raise InputError(
            f"the event is refused: {letter.message}",
            where=letter.reason.value,
            hint=f"it is kept as the dead letter {letter.id}",
        )
    return await run_in_threadpool(context.live.recorded, parsed.events[0].id)
