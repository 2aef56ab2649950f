"""Log in, log out.

Comes in: name and password. Goes out: a session cookie. Always holds: a successful log-in makes
a new token, whatever cookie came with it; the address to go on with is one of this site.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from tocsin.errors import Unauthenticated
from tocsin.review import log_in, log_out
from tocsin.web.callers import Form, Person, cookie_name, person, safe_path
from tocsin.web.console.pages import redirect
from tocsin.web.context import context_of
from tocsin.web.templating import render

__all__ = ["router"]

router = APIRouter()


@router.get("/login")
def show_login(after: str | None = None) -> Response:
    """The form."""
    return render("login.html", after=safe_path(after), problem=None, user_name="")


@router.post("/login")
async def submit_login(request: Request, form: Form) -> Response:
    """Check name and password, and begin a session."""
    context = context_of(request)
    name, password = str(form.get("name", "")), str(form.get("password", ""))
    after = safe_path(str(form.get("after", "/")))
    cookie = cookie_name(context)
    old_token = request.cookies.get(cookie)
    try:
        new = await run_in_threadpool(
            log_in, context.store, context.passwords, name, password, old_token=old_token
        )
    except Unauthenticated as error:
        return render("login.html", status=401, after=after, problem=error, user_name=name[:64])
    settings = context.store.settings
    response = redirect(after)
    response.set_cookie(
        cookie,
        new.token,
        max_age=settings.session_hours * 3600,
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/logout")
async def submit_logout(request: Request, user: Annotated[Person, Depends(person())]) -> Response:
    """End the session."""
    context = context_of(request)
    cookie = cookie_name(context)
    await run_in_threadpool(log_out, context.store, request.cookies.get(cookie, ""))
    response = redirect("/login")
    response.delete_cookie(
        cookie, path="/", secure=context.store.settings.secure_cookies, httponly=True
    )
    # nothing of what was read stays in the browser
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response
