"""All routers of the API, in the order of the documentation."""

from __future__ import annotations

from fastapi import APIRouter

from tocsin.web.api import (
    actions,
    automation,
    cases,
    check,
    deadletters,
    decisions,
    events,
    labels,
    media,
    status,
)

__all__ = ["api_router"]

api_router = APIRouter()
for module in (
    events,
    check,
    media,
    decisions,
    cases,
    actions,
    automation,
    labels,
    deadletters,
    status,
):
    api_router.include_router(module.router)
