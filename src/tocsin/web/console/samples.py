"""Blind review of samples: one hit after the other, without the rule that found it.

Comes in: the form of an answer. Goes out: the next sample. Always holds: the page shows the post
and its author as the event had them, and the clause; not the rule, what it read, where it found
something, what was decided or done, nor what the account's state is now.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from tocsin.errors import ConflictError, InputError, PermissionDenied
from tocsin.records import SampleAnswer, account_key, restore_event
from tocsin.review import Permission, judge, next_sample, samples_left
from tocsin.store import samples
from tocsin.web.callers import Form, Person, person
from tocsin.web.console.pages import page, redirect
from tocsin.web.context import context_of
from tocsin.web.subjects import AuthorView, read_post
from tocsin.web.text import cut

__all__ = ["router"]

router = APIRouter()


@router.get("/samples")
def show_sample(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.SAMPLES_JUDGE))],
    done: Annotated[str | None, Query(max_length=16)] = None,
) -> Response:
    """The next sample for this reviewer; `done` says what became of the one before."""
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        sample = next_sample(context.store, connection, policy, reviewer=user.id)
        n_left = samples_left(context.store, connection, policy, reviewer=user.id)
        line = None
        if sample is not None:
            line = samples.event_json(context.store, connection, sample)
    event = None if line is None else restore_event(line)
    actor = None if event is None else event.actor
    key = account_key(actor)
    author = None
    if key is not None and event is not None:
        name, bio = (actor and actor.name) or "", (actor and actor.bio) or ""
        author = AuthorView(
            key=key,
            actor=actor,
            name=cut(name, ()),
            bio=cut(bio, ()),
            state=None,
            at=event.at,
            labels=(),
            said_by={},
        )
    return page(
        request,
        user,
        "samples.html",
        sample=sample,
        clause=None if sample is None else policy.clauses.get(sample.clause),
        post=read_post(event, ()),
        author=author,
        is_erased=line is None,
        n_left=n_left,
        done=done,
    )


@router.post("/samples/{sample_id}/judgement")
async def submit_judgement(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.SAMPLES_JUDGE))],
    form: Form,
    sample_id: str,
) -> Response:
    """Take an answer, then go on with the next sample."""
    return await run_in_threadpool(_submit, request, user, form, sample_id)


def _submit(request: Request, user: Person, form: FormData, sample_id: str) -> Response:
    context, given = context_of(request), str(form.get("answer", ""))
    if given not in tuple(SampleAnswer):
        raise InputError("choose violation, harmless or unsure", where="answer")
    with context.store.read() as connection:
        policy = context.policy(connection)
    try:
        judge(
            context.store,
            policy,
            sample_id,
            SampleAnswer(given),
            reviewer=user.id,
            note=str(form.get("note", "")),
        )
    except (ConflictError, PermissionDenied):
        return redirect("/samples?done=missed")  # somebody was faster: on to the next
    return redirect(f"/samples?done={given}")
