"""The ordered log, to look at: who did what, when, under which hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from tocsin.records import EntryKind, LogEntry
from tocsin.review import Permission
from tocsin.store import log
from tocsin.web.callers import Person, person
from tocsin.web.console.pages import page
from tocsin.web.context import context_of
from tocsin.web.subjects import names_of

__all__ = ["router"]

router = APIRouter()

_PAGE = 50


@router.get("/audit")
def show_audit(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.AUDIT_READ))],
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> HTMLResponse:
    """Entries, newest first."""
    with context_of(request).store.read() as connection:
        last = log.last_position(connection)
        until = last if before is None else min(before - 1, last)
        after = max(0, until - _PAGE)
        entries = list(log.entries(connection, after=after, until=until))[::-1]
        names = names_of(connection, [who for entry in entries if (who := _who(entry))])
    rows = [(entry, names.get(_who(entry) or ""), _facts(entry)) for entry in entries]
    return page(
        request,
        user,
        "audit.html",
        rows=rows,
        last=last,
        before=after + 1 if after > 0 else None,
        is_first=before is None,
    )


def _who(entry: LogEntry) -> str | None:
    """The person behind an entry, if there is one."""
    verdict: Mapping[str, Any] = entry.body.get("verdict") or {}
    return verdict.get("reviewer") or entry.body.get("reviewer") or entry.body.get("by")


def _facts(entry: LogEntry) -> list[tuple[str, str, str | None]]:
    """What an entry says: label, value, and where to read more."""
    body = entry.body
    match entry.kind:
        case EntryKind.EVENTS:
            n_decisions = len(body["decisions"])
            return [
                ("events", str(len(body["ids"])), None),
                ("decisions", str(n_decisions), None),
                ("source", str(body["source"]), None),
            ]
        case EntryKind.VERDICT:
            verdict = body["verdict"]
            kinds = ", ".join(action["kind"] for action in body["actions"])
            return [
                ("verdict", str(verdict["kind"]), f"/cases/{verdict['case']}"),
                ("clause", str(verdict.get("clause") or "none"), None),
                ("actions", kinds or "none", None),
            ]
        case EntryKind.DELIVERY:
            return [
                ("action", str(body["action"]), None),
                ("state", str(body["state"]), None),
                ("attempts", str(body["attempts"]), None),
            ]
        case EntryKind.POLICY:
            return [("version", str(body["version"]), None), ("reason", str(body["reason"]), None)]
        case EntryKind.RULE:
            rule = str(body["rule"])
            return [
                ("rule", rule, f"/rules/{rule}"),
                ("state", str(body["state"]), None),
                ("reason", str(body["reason"]), None),
            ]
        case EntryKind.PROPOSAL:
            proposal = str(body["proposal"])
            solo = [("solo", str(body["solo"]), None)] if body.get("solo") else []
            return [
                ("proposal", proposal, f"/proposals/{proposal}"),
                ("change", str(body["change"]), None),
                *solo,
            ]
        case EntryKind.BANK:
            banks = sorted({edit["bank"] for edit in body["edits"]})
            return [("edits", str(len(body["edits"])), None), ("banks", ", ".join(banks), None)]
        case EntryKind.AUTOMATION:
            return _automation_facts(body)
        case _:
            return [fact for name, value in body.items() for fact in _plain(name, value)]


def _automation_facts(body: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    stratum = body["stratum"]
    facts: list[tuple[str, str, str | None]] = [
        ("rule", str(stratum["rule"]), f"/automation/{quote(stratum['rule'], safe='')}"),
        ("language", str(stratum["language"]), None),
        ("action", str(stratum["action"]), None),
        ("state", str(body["state"]), None),
        ("judged", str(body["n_judged"]), None),
        ("violations", str(body["n_violations"]), None),
        ("lower bound", f"{body['lower']:.3f}", None),
        ("bar", f"{body['bar']:g}", None),
    ]
    if body.get("cancelled"):
        facts.append(("cancelled actions", str(len(body["cancelled"])), None))
    return [*facts, ("reason", str(body["reason"]), None)]


def _plain(name: str, value: object) -> Iterator[tuple[str, str, None]]:
    """A part of a body without a form of its own: what is inside it, one by one."""
    if isinstance(value, dict):
        for inner, one in value.items():
            yield from _plain(inner, one)
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value)) or "none", None
    elif name not in ("by", "reviewer"):
        yield name, str(value), None
