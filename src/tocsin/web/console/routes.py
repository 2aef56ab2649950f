"""All routers of the console."""

from __future__ import annotations

from fastapi import APIRouter

from tocsin.web.console import (
    account,
    audit,
    automation,
    banks,
    cases,
    decisions,
    login,
    queue,
    records,
    samples,
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
    automation,
    audit,
):
    console_router.include_router(module.router)
