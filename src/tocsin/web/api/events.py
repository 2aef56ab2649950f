"""`POST /v1/events`: events come in.

Comes in: JSON lines, a JSON array or an Arrow IPC stream. Goes out: how many were taken, the
refused ones each with its reason, and the ids of new decisions, after all of it is durable.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool

from tocsin.ingest import BodyLimits, Parsed, parse_lines, read_body
from tocsin.pipeline import event_policy, find_adapter
from tocsin.review import Permission, Scope
from tocsin.web.callers import Caller, needs
from tocsin.web.context import Context, context_of

__all__ = ["router"]

router = APIRouter(tags=["events"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            "application/vnd.apache.arrow.stream": {
                "schema": {"type": "string", "format": "binary"}
            },
        },
    }
}


@router.post("/v1/events", summary="Send events", openapi_extra=_BODY)
async def post_events(
    request: Request,
    caller: Annotated[Caller, Depends(needs(Permission.EVENTS_WRITE, Scope.EVENTS_WRITE))],
    format_name: Annotated[
        str, Query(alias="format", max_length=32, description="Name of an adapter.")
    ] = "tocsin",
) -> dict[str, Any]:
    """Take events in; the answer comes after they are judged and durable.

    A line that is refused stops nothing: it is listed in the answer and kept in the dead
    letters. Sending an event again, by its id, changes nothing.
    """
    context = context_of(request)
    source = f"http:{caller.id}"
    content_type = request.headers.get("content-type", "")
    body = await request.body()
    parsed = await run_in_threadpool(_parse, context, body, content_type, source, format_name)
    result = await asyncio.wrap_future(context.intake.submit(parsed, source))
    return {
        "ok": True,
        "accepted": result.accepted,
        "duplicates": result.duplicates,
        "dead_letters": [
            {
                "id": letter.id,
                "offset": letter.offset,
                "line_number": letter.line_number,
                "reason": letter.reason.value,
                "message": letter.message,
            }
            for letter in parsed.dead_letters
        ],
        "decisions": list(result.decisions),
    }


def _parse(
    context: Context, body: bytes, content_type: str, source: str, format_name: str
) -> Parsed:
    limits = BodyLimits(max_bytes=context.store.settings.max_body_bytes)
    items = read_body(body, content_type, source=source, limits=limits)
    return parse_lines(
        items,
        adapter=find_adapter(format_name),
        policy=event_policy(context.store),
        now=context.now,
    )
