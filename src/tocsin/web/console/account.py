"""The account page: names, state, labels, decisions, verdicts, actions, posts, reports.

Comes in: an account's key, the form of a label. Goes out: the page. Always holds: a label that is
refused shows the page as it is now, with the reason and what had been written.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from tocsin.errors import InputError, NotFoundError, TocsinError
from tocsin.records import LabelHolder, Subject
from tocsin.review import LabelWish, Permission, change_label
from tocsin.store import decisions
from tocsin.store.labels import Change
from tocsin.store.query import recent_posts
from tocsin.web.callers import Form, Person, person
from tocsin.web.console.pages import page, redirect
from tocsin.web.context import context_of
from tocsin.web.subjects import names_of, read_author, read_history, trigger_of
from tocsin.web.templating import environment

__all__ = ["router"]

router = APIRouter()

_POSTS = 20
_MAX_DIGITS = 5
_FIELDS = ("label", "holder", "days", "reason")


@router.get("/accounts")
def show_account(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.ACCOUNTS_READ))],
    key: Annotated[str, Query(min_length=1, max_length=512)],
) -> Response:
    """Everything that is known of one account."""
    return _account_page(request, user, key)


@router.post("/accounts/label")
async def submit_label(
    request: Request, user: Annotated[Person, Depends(person(Permission.LABELS_WRITE))], form: Form
) -> Response:
    """Put a label on, take it off, or leave it to the rules; then show the account again."""
    return await run_in_threadpool(_submit_label, request, user, form)


def _submit_label(request: Request, user: Person, form: FormData) -> Response:
    context, key = context_of(request), str(form.get("key", ""))
    try:
        with context.store.read() as connection:
            declared = context.policy(connection).labels
        change_label(context.store, declared, _wish(form, key), by=user.id)
    except InputError as error:
        return _account_page(request, user, key, problem=error, written=form)
    encode: Any = environment().globals["query"]
    return redirect(f"/accounts{encode(key=key)}#labels")


def _wish(form: FormData, key: str) -> LabelWish:
    """What the form says."""
    holder, change, days = (str(form.get(name, "")) for name in ("holder", "change", "days"))
    if holder not in tuple(LabelHolder):
        raise InputError("choose the account or its handle", where="holder")
    if change not in get_args(Change):
        raise InputError("choose what is to happen to the label", where="change")
    if days and not (days.isascii() and days.isdigit() and len(days) <= _MAX_DIGITS):
        raise InputError("days are a whole number", where="days")
    return LabelWish(
        key=str(form.get("handle", "")) if holder == LabelHolder.HANDLE else key,
        name=str(form.get("label", "")),
        to=change,  # type: ignore[arg-type]  # checked against its own values above
        holder=LabelHolder(holder),
        reason=str(form.get("reason", "")),
        lasts=timedelta(days=int(days)) if days and change != "withdrawn" else None,
    )


def _account_page(
    request: Request,
    user: Person,
    key: str,
    *,
    problem: TocsinError | None = None,
    written: FormData | None = None,
) -> Response:
    context = context_of(request)
    subject = Subject(kind="account", id=key)
    posts = recent_posts(context.store, key, _POSTS)
    with context.store.read() as connection:
        policy = context.policy(connection)
        history = read_history(connection, subject, key, now=context.now, limit=20)
        last = history.decisions[0] if history.decisions else None
        decision = None if last is None else decisions.get(connection, last.id)
        event = None if decision is None else trigger_of(connection, decision)
        author = read_author(connection, key, event, (), now=context.now)
        names = names_of(connection, [verdict.reviewer for verdict in history.verdicts])
    if author is None or not (
        posts or history.n_decisions or author.state or author.labels or history.reports
    ):
        raise NotFoundError("nothing is known of such an account")
    handles = dict.fromkeys(
        name
        for post in posts
        if isinstance(actor := post["actor"], dict)
        for name in (actor.get("handle"), actor.get("name"))
        if name
    )
    return page(
        request,
        user,
        "account.html",
        status=200 if problem is None else problem.http_status,
        author=author,
        history=history,
        posts=posts,
        handles=list(handles),
        names=names,
        declared=sorted(policy.labels.items()),
        problem=problem,
        written={name: str(written.get(name, "")) if written else "" for name in _FIELDS},
    )
