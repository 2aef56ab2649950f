"""A real server on loopback that speaks the OpenAI shapes, well or badly.

Comes in: how it is to behave. Goes out: its address, and what it was asked. A behaviour is a
function from the request's body to what is sent back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.server import running

__all__ = [
    "Asked",
    "ModelServer",
    "answering",
    "broken",
    "chat",
    "completion",
    "embeddings",
    "endless",
    "failing",
    "judged",
    "raw",
    "redirecting",
    "serving",
    "slow",
    "trickling",
]

Behaviour = Callable[[dict[str, Any]], Response]


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def system(self) -> str:
        """The system message."""
        return str(next(m["content"] for m in self.body["messages"] if m["role"] == "system"))

    @property
    def user(self) -> Any:
        """The user's message."""
        return next(m["content"] for m in self.body["messages"] if m["role"] == "user")


@dataclass
class ModelServer:
    """What the server does may be changed while it runs; `callers` are closed with it."""

    behaviour: Behaviour
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    callers: ExitStack = field(default_factory=ExitStack)


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[ModelServer]:
    """Serve `/v1/chat/completions`, `/v1/completions` and `/v1/embeddings`."""
    server = ModelServer(behaviour)

    async def answer(request: Request) -> Response:
        body = json.loads(await request.body())
        server.asked.append(Asked(request.url.path, dict(request.headers), body))
        return await asyncio.to_thread(server.behaviour, body)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
    with running(app) as address:
        server.url = f"{address}/v1"
        with server.callers:
            yield server


def chat(content: str | None, **more: Any) -> dict[str, Any]:
    """The body of a chat's answer; `more` goes into the message, `finish_reason` beside it."""
    finish = more.pop("finish_reason", "stop")
    message = {"role": "assistant", "content": content, **more}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_767_323_045,
        "model": "served-name",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 40, "completion_tokens": 20, "total_tokens": 60},
    }


def judged(violation: int, confidence: float = 0.9, rationale: str = "As the clause says.") -> str:
    """What a judge says."""
    return json.dumps({"violation": violation, "confidence": confidence, "rationale": rationale})


def answering(body: Mapping[str, Any]) -> Behaviour:
    """Always this JSON body."""
    return lambda _: JSONResponse(body)


def raw(body: bytes, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Always these bytes."""
    return lambda _: Response(body, headers=headers, media_type="application/json")


def completion(logprobs: Mapping[str, Any] | None, text: str = "1") -> Behaviour:
    """A completion with the chances of its first token."""
    choice = {"index": 0, "text": text, "logprobs": logprobs, "finish_reason": "length"}
    return answering({"object": "text_completion", "model": "served-name", "choices": [choice]})


def embeddings(vector_of: Callable[[str], list[float]]) -> Behaviour:
    """Vectors, the last one first: an endpoint may answer in any order."""

    def behaviour(body: dict[str, Any]) -> Response:
        data = [
            {"object": "embedding", "index": index, "embedding": vector_of(text)}
            for index, text in enumerate(body["input"])
        ]
        return JSONResponse({"object": "list", "model": "served-name", "data": data[::-1]})

    return behaviour


def failing(status: int, times: int, then: Behaviour) -> Behaviour:
    """Fail so many times, then behave."""
    left = [times]

    def behaviour(body: dict[str, Any]) -> Response:
        if left[0]:
            left[0] -= 1
            return JSONResponse({"error": {"message": "canary of the server"}}, status)
        return then(body)

    return behaviour


def redirecting(target: str) -> Behaviour:
    """Send the caller elsewhere."""
    return lambda _: Response(status_code=307, headers={"Location": target})


def slow(seconds: float) -> Behaviour:
    """Send the first half of an answer, and then nothing for so long."""

    async def parts() -> AsyncIterator[bytes]:
        yield b'{"choices": ['
        await asyncio.sleep(seconds)
        yield b"]}"

    return lambda _: StreamingResponse(parts(), media_type="application/json")


def trickling(seconds: float) -> Behaviour:
    """Send a byte, and another one so much later, for longer than anybody waits."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" "
            await asyncio.sleep(seconds)

    return lambda _: StreamingResponse(parts(), media_type="application/json")


def endless() -> Behaviour:
    """Send more than anybody reads."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b" " * 65_536
            await asyncio.sleep(0)  # so that the server sees when nobody listens any more

    return lambda _: StreamingResponse(parts(), media_type="application/json")


def broken() -> Behaviour:
    """Promise more bytes than come."""
    return lambda _: Response(b"{}", headers={"Content-Length": "2000"})
