"""`PUT /v1/media/{sha256}`: bytes of media come in.

Comes in: bytes, streamed. Goes out: whether they are new. Always holds: a file is kept only if
its bytes have the hash that the address names; memory does not grow with the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from tocsin.review import Permission, Scope
from tocsin.web.callers import Caller, needs
from tocsin.web.context import context_of

__all__ = ["router"]

router = APIRouter(tags=["media"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.put(
    "/v1/media/{sha256}",
    summary="Send the bytes of media",
    openapi_extra=_BODY,
    responses={201: {"description": "The bytes are new."}},
)
async def put_media(
    request: Request,
    response: Response,
    sha256: Annotated[str, Path(min_length=64, max_length=64)],
    caller: Annotated[Caller, Depends(needs(Permission.EVENTS_WRITE, Scope.MEDIA_WRITE))],
) -> dict[str, Any]:
    """Keep bytes under their SHA-256; sending them again changes nothing."""
    context = context_of(request)
    max_bytes = context.store.settings.max_media_bytes
    chunks = _waiting(request.stream(), asyncio.get_running_loop())
    is_new = await run_in_threadpool(context.media.put, sha256, chunks, max_bytes=max_bytes)
    response.status_code = 201 if is_new else 200
    return {"ok": True, "sha256": sha256.lower(), "is_new": is_new}


def _waiting(stream: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """The stream for a thread: each chunk is asked for when the one before is written."""

    async def following() -> bytes | None:
        return await anext(stream, None)

    while (chunk := asyncio.run_coroutine_threadsafe(following(), loop).result()) is not None:
        yield chunk
