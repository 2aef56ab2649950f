"""What rules may do by themselves: where each stands, and the second person's word.

Comes in: a rule, the form of a confirmation or a demotion. Goes out: the list of all strata, the
page of one rule, alerts. Always holds: whoever confirms gives a reason; what is refused says why,
on the page of the rule.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from tocsin.errors import NotFoundError, TocsinError
from tocsin.pipeline import RuleDetail
from tocsin.review import (
    Permission,
    confirm,
    demote,
    list_bars,
    list_progress,
    parse_stratum,
)
from tocsin.store import alerts
from tocsin.web.automationpage import STATE_ORDER, read_automation
from tocsin.web.callers import Form, Person, person
from tocsin.web.console import rules
from tocsin.web.console.pages import page, redirect
from tocsin.web.context import Context, context_of
from tocsin.web.subjects import names_of

__all__ = ["router", "values_of"]

router = APIRouter()

Reader = Annotated[Person, Depends(person(Permission.AUTOMATION_READ))]
Changer = Annotated[Person, Depends(person(Permission.AUTOMATION_CHANGE))]


def values_of(context: Context, connection: sa.Connection, rule: str) -> dict[str, Any]:
    """What `rule_automation.html` shows of a rule, on whichever page it stands."""
    policy = context.policy(connection)
    strata = read_automation(context.store, connection, policy, rule)
    bars = list_bars(policy, solo=context.store.settings.solo)
    who = [str(entry.body["by"]) for one in strata for entry in one.history]
    return {
        "automation": strata,
        "automation_bars": [bar for bar in bars if bar.rule == rule],
        "automation_names": names_of(connection, who),
    }


@router.get("/automation")
def show_automation(request: Request, user: Reader) -> Response:
    """Every rule, language and action that could earn something or once did."""
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        found = list_progress(context.store, connection, policy)
        bars = list_bars(policy, solo=context.store.settings.solo)
    seen = {(one.stratum.rule, one.stratum.rule_version) for one in found}
    return page(
        request,
        user,
        "automation.html",
        rows=sorted(found, key=lambda one: (STATE_ORDER.index(one.state), one.stratum)),
        silent=[bar for bar in bars if (bar.rule, bar.rule_version) not in seen],
    )


@router.get("/automation/{rule}")
def show_rule(request: Request, user: Reader, rule: str) -> Response:
    """One rule in every language, with pictures and history."""
    return _rule_page(request, user, rule)


@router.post("/automation/{rule}/confirm")
async def submit_confirmation(request: Request, user: Changer, form: Form, rule: str) -> Response:
    """Let a rule act by itself that was found eligible."""
    return await run_in_threadpool(_submit, request, user, form, rule, is_confirmed=True)


@router.post("/automation/{rule}/demote")
async def submit_demotion(request: Request, user: Changer, form: Form, rule: str) -> Response:
    """Take away at once what a rule has earned."""
    return await run_in_threadpool(_submit, request, user, form, rule, is_confirmed=False)


@router.get("/alerts")
def show_alerts(request: Request, user: Reader) -> Response:
    """What a person should know of, and what was known of before."""
    with context_of(request).store.read() as connection:
        open_ = alerts.list_alerts(connection)
        known = alerts.list_alerts(connection, is_open=False, limit=50)
        names = names_of(connection, [one.acknowledged_by or "" for one in known])
    return page(request, user, "alerts.html", open_alerts=open_, known=known, names=names)


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge_alert(
    request: Request,
    user: Annotated[Person, Depends(person(Permission.ALERTS_ACKNOWLEDGE))],
    alert_id: str,
) -> Response:
    """Somebody knows of an alert."""
    with context_of(request).store.write() as transaction:
        alerts.acknowledge(transaction, alert_id, by=user.id)
    return redirect("/alerts")


def _submit(
    request: Request, user: Person, form: FormData, rule: str, *, is_confirmed: bool
) -> Response:
    context = context_of(request)
    reason = str(form.get("reason", ""))
    with context.store.read() as connection:
        policy = context.policy(connection)
    try:
        stratum = parse_stratum(
            policy,
            rule,
            str(form.get("language", "")),
            str(form.get("action", "")),
            version=str(form.get("version", "")) or None,
        )
        if is_confirmed:
            confirm(context.store, policy, stratum, by=user.id, reason=reason)
        else:
            demote(context.store, stratum, by=user.id, reason=reason)
    except TocsinError as error:
        return _rule_page(request, user, rule, problem=error)
    return redirect(f"/automation/{quote(rule, safe='')}")


def _rule_page(
    request: Request, user: Person, rule: str, *, problem: TocsinError | None = None
) -> Response:
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        values = values_of(context, connection, rule)
    if not values["automation"] and not values["automation_bars"]:
        raise NotFoundError(
            "no such rule could act by itself",
            hint="its clause gives its action a bar under `automatic`",
        )
    return page(
        request,
        user,
        "automation_rule.html",
        status=200 if problem is None else problem.http_status,
        rule=rule,
        problem=problem,
        clauses=policy.clauses,
        **values,
    )


def _for_rule(context: Context, connection: sa.Connection, detail: RuleDetail) -> dict[str, Any]:
    """What the page of a rule shows of it."""
    return values_of(context, connection, detail.summary.id)


rules.PROVIDERS.append(_for_rule)
