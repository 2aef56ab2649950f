"""Errors as responses: one JSON shape for programs, one page for people.

Comes in: any error. Goes out: a response with the request's id. Always holds: the shape
`{ok, error: {code, message, hint, where}, request_id}` on every endpoint of the API, whatever
failed; nothing of what was sent stands in it; what we did not foresee is logged by its type and
place, and answered without detail.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Scope

from tocsin.errors import (
    InputError,
    MethodNotAllowed,
    NotFoundError,
    TocsinError,
    TooLargeError,
)
from tocsin.web.callers import LoginNeededError
from tocsin.web.templating import render_error

__all__ = ["ERROR_SCHEMA", "add_error_handlers", "error_response", "is_api", "unforeseen"]

_LOG = logging.getLogger(__name__)

ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["ok", "error", "request_id"],
    "properties": {
        "ok": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message", "hint", "where"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "hint": {"type": ["string", "null"]},
                "where": {"type": ["string", "null"]},
            },
        },
        "request_id": {"type": "string"},
    },
}
"""The JSON Schema of every error of the API."""

_API = ("/v1/", "/healthz", "/openapi.json")


def is_api(path: str) -> bool:
    """Whether a program is asking."""
    return path.startswith(_API) or path == "/v1"


def error_response(scope: Scope, error: TocsinError) -> Response:
    """The answer to an error, for a program or for a person."""
    request_id = scope["state"]["request_id"]
    if is_api(scope["path"]):
        body = {"ok": False, "error": error.as_json(), "request_id": request_id}
        response: Response = JSONResponse(body, status_code=error.http_status)
    else:
        response = render_error(error, request_id)
    if error.code == "UNAUTHENTICATED":
        response.headers["www-authenticate"] = 'Bearer realm="tocsin"'
    return response


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error in our shape."""

    @app.exception_handler(TocsinError)
    async def _ours(request: Request, error: TocsinError) -> Response:
        if error.exit_status == 1:
            _LOG.error("%s %s", error.code, request.state.request_id)
        return error_response(request.scope, error)

    @app.exception_handler(LoginNeededError)
    async def _login(request: Request, error: LoginNeededError) -> Response:
        after = f"?{urlencode({'after': error.path})}" if error.path != "/" else ""
        return RedirectResponse(f"/login{after}", status_code=303)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        return error_response(request.scope, _validation_error(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return error_response(request.scope, _from_status(error.status_code))


def unforeseen() -> TocsinError:
    """What a caller hears of a fault that nobody foresaw: nothing but that it happened."""
    return TocsinError(
        "something went wrong in Tocsin; nothing was half done",
        hint="report it with the request id; the log names the place",
    )


def _validation_error(error: RequestValidationError) -> InputError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    reason = str(first["type"]).replace("_", " ")  # the message may quote the value
    return InputError(f"a part of the request cannot be used: {reason}", where=place)


def _from_status(status: int) -> TocsinError:
    match status:
        case 404:
            return NotFoundError("there is nothing at this address")
        case 405:
            return MethodNotAllowed("this address does not take this method")
        case 413:
            return TooLargeError("the body is too large")
        case _ if status < 500:  # noqa: PLR2004  # RFC 9110, section 15.5
            return InputError("the request cannot be used")
        case _:
            return TocsinError("the request cannot be answered now")
