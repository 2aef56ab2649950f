"""All routers of the console."""

from __future__ import annotations

from fastapi import APIRouter

from tocsin.web.console import (
    account,
    audit,
    automation,
    backtests,
    banks,
    cases,
    decisions,
    login,
    proposals,
    queue,
    records,
    rules,
    samples,
    textmodels,
)

__all__ = ["console_router"]

console_router = APIRouter()
for module in (
    login,
    queue,
    cases,
    samples,
    account,
    decisions,
    records,
    banks,
    rules,
    backtests,
    proposals,
    automation,
    textmodels,
    audit,
):
    console_router.include_router(module.router)
