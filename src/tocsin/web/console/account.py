"""The account page: names, state, decisions, verdicts, actions, posts, reports."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from tocsin.errors import NotFoundError
from tocsin.records import Subject
from tocsin.review import Permission
from tocsin.store import decisions
from tocsin.store.query import recent_posts
from tocsin.web.callers import Person, person
from tocsin.web.console.pages import page
from tocsin.web.context import context_of
from tocsin.web.subjects import names_of, read_author, read_history, trigger_of

__all__ = ["router"]

router = APIRouter()

_POSTS = 20


@router.get("/accounts")
def show_account(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.ACCOUNTS_READ))],
    key: Annotated[str, Query(min_length=1, max_length=512)],
) -> HTMLResponse:
    """Everything that is known of one account."""
    context = context_of(request)
    subject = Subject(kind="account", id=key)
    posts = recent_posts(context.store, key, _POSTS)
    with context.store.read() as connection:
        history = read_history(connection, subject, key, now=context.now, limit=20)
        last = history.decisions[0] if history.decisions else None
        decision = None if last is None else decisions.get(connection, last.id)
        event = None if decision is None else trigger_of(connection, decision)
        author = read_author(connection, key, event, ())
        names = names_of(connection, [verdict.reviewer for verdict in history.verdicts])
    if author is None or not (posts or history.n_decisions or author.state or history.reports):
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
        author=author,
        history=history,
        posts=posts,
        handles=list(handles),
        names=names,
    )
