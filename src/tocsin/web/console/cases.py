"""The case page, verdicts and undo.

Comes in: a case's id, the form of a verdict. Goes out: the page; after a verdict the next case
of the same queue, with a banner that takes the verdict back. Always holds: a verdict that is
refused shows the case as it is now, with the reason and what had been chosen.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from tocsin.errors import InputError, TocsinError
from tocsin.records import ActionKind, ProtectedPurpose, VerdictKind
from tocsin.review import CONFIRMED_ACTIONS, Permission, Ruling, decide, may, reverse
from tocsin.store import cases
from tocsin.web.callers import Form, Person, person
from tocsin.web.casepage import Standing, read_case_page, read_standing
from tocsin.web.console.pages import page, redirect
from tocsin.web.console.queue import QueueQuery
from tocsin.web.context import Context, context_of
from tocsin.web.subjects import names_of
from tocsin.web.templating import environment

__all__ = ["router"]

router = APIRouter()

PURPOSES = {
    "none": "None",
    "news": "News",
    "research": "Research",
    "art": "Art",
    "counter_extremism": "Countering extremism",
}

Query_ = Annotated[QueueQuery, Depends()]


@router.get("/cases/{case_id}")
def show_case(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.CASES_READ))],
    query: Query_,
    case_id: str,
    done: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """The page of one case; `done` is the verdict before, which can still be taken back."""
    return _case_page(request, user, query, case_id, done=done)


@router.post("/cases/{case_id}/verdict")
async def submit_verdict(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.CASES_DECIDE))],
    form: Form,
    case_id: str,
) -> Response:
    """Decide, then go on with the next case of the queue."""
    return await run_in_threadpool(_submit_verdict, request, user, form, case_id)


@router.post("/verdicts/{verdict_id}/reverse")
async def submit_reversal(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.CASES_READ))],
    form: Form,
    verdict_id: str,
) -> Response:
    """Take a verdict back, then show its case again."""
    query = _query_of(form)
    reversal = await run_in_threadpool(
        reverse,
        context_of(request).store,
        verdict_id,
        reviewer=user.id,
        may_reverse_any=may(user.role, Permission.VERDICTS_REVERSE),
        note=str(form.get("note", "")),
    )
    return redirect(f"/cases/{reversal.case}{_encoded(query.values())}")


def _submit_verdict(request: Request, user: Person, form: FormData, case_id: str) -> Response:
    context, query = context_of(request), _query_of(form)
    try:
        ruling = _ruling(form, case_id)
        with context.store.read() as connection:
            policy = context.policy(connection)
        verdict = decide(context.store, policy, ruling, reviewer=user.id)
    except InputError as error:
        if error.http_status == 404:  # noqa: PLR2004  # then there is no case to show
            raise
        return _case_page(request, user, query, case_id, problem=error, chosen=form)
    with context.store.read() as connection:
        following = cases.next_case(connection, query.open_only, not_case=case_id)
    path = "/" if following is None else f"/cases/{following.id}"
    return redirect(path + _encoded(query.values(done=verdict.id)))


def _case_page(
    request: Request,
    user: Person,
    query: QueueQuery,
    case_id: str,
    *,
    done: str | None = None,
    problem: TocsinError | None = None,
    chosen: FormData | None = None,
) -> Response:
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        found = read_case_page(context.store, connection, policy, case_id, queue=query.where)
        reviewers = [verdict.reviewer for verdict in found.history.verdicts]
        names = names_of(connection, reviewers)
        banner = _standing(context, connection, done)
    return page(
        request,
        user,
        "case.html",
        status=200 if problem is None else problem.http_status,
        found=found,
        case=found.case,
        query_=query,
        names=names,
        banner=banner,
        problem=problem,
        chosen=_chosen(chosen, found.case.clause),
        purposes=PURPOSES,
        confirmed_actions=CONFIRMED_ACTIONS,
        undo_window_s=context.store.settings.undo_window_s,
    )


def _standing(context: Context, connection: Any, verdict_id: str | None) -> Standing | None:
    verdict = cases.get_verdict(connection, verdict_id) if verdict_id else None
    case = None if verdict is None else cases.get(connection, verdict.case)
    if verdict is None or case is None:
        return None
    return read_standing(context.store, connection, verdict, case)


def _ruling(form: FormData, case_id: str) -> Ruling:
    """What the form says; only the chosen clause's actions count."""
    version, kind = str(form.get("version", "")), str(form.get("kind", ""))
    purpose = str(form.get("protected_purpose", "none"))
    if not (version.isascii() and version.isdigit() and len(version) < 10):  # noqa: PLR2004
        raise InputError("the form names no version of the case", where="version")
    if kind not in tuple(VerdictKind):
        raise InputError("choose violation, harmless or escalate", where="kind")
    if purpose not in get_args(ProtectedPurpose):
        raise InputError("there is no such protected purpose", where="protected_purpose")
    is_violation = kind == VerdictKind.VIOLATION
    clause = str(form.get("clause", "")) or None
    chosen = form.getlist(f"action.{clause}") if is_violation else []
    if any(action not in tuple(ActionKind) for action in chosen):
        raise InputError("there is no such action", where="action")
    country = str(form.get(f"country.{clause}", "")).strip()
    actions = tuple(dict.fromkeys(ActionKind(str(action)) for action in chosen))
    return Ruling(
        case=case_id,
        version=int(version),
        kind=VerdictKind(kind),
        clause=clause if is_violation else None,
        actions=actions,
        protected_purpose=purpose,  # type: ignore[arg-type]  # checked against its own values above
        confirmed=form.get("confirmed") == "yes",
        country=country if country and ActionKind.WITHHOLD in actions else None,
        note=str(form.get("note", "")),
    )


def _chosen(form: FormData | None, clause: str) -> dict[str, Any]:
    """What stands in the form at first, or stood in it when it was refused."""
    if form is None:
        return {"clause": clause, "actions": (), "purpose": "none", "note": "", "country": ""}
    picked = str(form.get("clause", clause))
    return {
        "clause": picked,
        "actions": tuple(form.getlist(f"action.{picked}")),
        "purpose": str(form.get("protected_purpose", "none")),
        "note": str(form.get("note", "")),
        "country": str(form.get(f"country.{picked}", "")),
    }


def _query_of(form: FormData) -> QueueQuery:
    parts = {name: str(form.get(f"queue.{name}", "")) for name in ("clause", "language", "state")}
    return QueueQuery(**parts)


def _encoded(values: dict[str, Any]) -> str:
    encode: Any = environment().globals["query"]
    return str(encode(**values))
