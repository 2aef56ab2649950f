"""`/openapi.json` and the page `/api`: the API, described from its own routes.

Comes in: the routes. Goes out: OpenAPI with our one error shape, and a plain page that lists
the endpoints without loading anything from elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse

from tocsin.web.callers import Person, person
from tocsin.web.console.pages import page
from tocsin.web.errors import ERROR_SCHEMA

__all__ = ["add_openapi"]

_METHODS = ("get", "post", "put")


def add_openapi(app: FastAPI) -> None:
    """Serve the description of the API."""

    @app.get("/openapi.json", include_in_schema=False)
    def _schema() -> dict[str, Any]:
        return _described(app)

    @app.get("/api", include_in_schema=False)
    def _page(request: Request, user: Annotated[Person, Depends(person())]) -> HTMLResponse:
        endpoints = [
            {"method": method.upper(), "path": path, **operation}
            for path, operations in _described(app)["paths"].items()
            for method, operation in operations.items()
        ]
        return page(request, user, "api.html", endpoints=endpoints)


def _described(app: FastAPI) -> dict[str, Any]:
    """The schema of the routes, with our errors in the place of the framework's."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    schema = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    components = schema.setdefault("components", {})
    components["schemas"] = {
        name: part
        for name, part in components.get("schemas", {}).items()
        if name not in ("HTTPValidationError", "ValidationError")
    }
    components["schemas"]["Error"] = ERROR_SCHEMA
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "tcs_…"}
    }
    answer = {
        "description": "An error, in one shape.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for path, operations in schema["paths"].items():
        for method in _METHODS:
            if method in operations:
                responses = operations[method]["responses"]
                responses.pop("422", None)
                responses["default"] = answer
                operations[method]["security"] = [] if path == "/healthz" else [{"token": []}]
    app.openapi_schema = schema
    return schema
