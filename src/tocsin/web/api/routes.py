"""All routers of the API, in the order of the documentation."""

from __future__ import annotations

from fastapi import APIRouter

from tocsin.web.api import (
    actions,
    automation,
    backtests,
    cases,
    check,
    deadletters,
    decisions,
    events,
    labels,
    media,
    rules,
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
    labels,
    rules,
    backtests,
    automation,
    deadletters,
    status,
):
    api_router.include_router(module.router)
