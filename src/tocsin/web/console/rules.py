"""Rules: all with what they hit, and one with everything that is known about it.

Comes in: the id of a rule; a state and a reason. Goes out: pages. Always holds: what makes a
policy weaker takes effect at once, everything else becomes a proposal; other parts of the program
add to the page of a rule by a function in `PROVIDERS` and a template of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.responses import Response

from tocsin.charts import bar_chart, interval, sparkline
from tocsin.errors import InputError
from tocsin.pipeline import RuleDetail, RuleSummary, change_state, read_rule, read_rules
from tocsin.records import ProposalState, RuleState
from tocsin.review import Colleague, Permission
from tocsin.store import proposals
from tocsin.web.callers import Form, Person, person
from tocsin.web.console.pages import page, redirect
from tocsin.web.context import Context, context_of
from tocsin.web.subjects import names_of

__all__ = ["PROVIDERS", "Provider", "colleague_of", "router"]

router = APIRouter()

Reader = Annotated[Person, Depends(person(Permission.RULES_READ))]
Proposer = Annotated[Person, Depends(person(Permission.POLICY_PROPOSE))]

Provider = Callable[[Context, sa.Connection, RuleDetail], Mapping[str, Any]]
"""Values for the page of a rule, which a template that the page includes then shows."""

PROVIDERS: list[Provider] = []
"""Asked in this order; each chooses names of its own."""


@router.get("/rules")
def show_rules(request: Request, user: Reader) -> Response:
    """Every rule of the pack in force."""
    context = context_of(request)
    with context.store.read() as connection:
        context.policy(connection)
        found = read_rules(connection, context.now)
        n_waiting = len(proposals.list_proposals(connection, state=ProposalState.OPEN))
    counts = {state: sum(one.state is state for one in found) for state in RuleState}
    return page(
        request,
        user,
        "rules.html",
        rules=found,
        counts=counts,
        sparks={one.id: _spark(one) for one in found},
        n_waiting=n_waiting,
    )


@router.get("/rules/{rule_id}")
def show_rule(request: Request, user: Reader, rule_id: str) -> Response:
    """One rule."""
    return _rule_page(request, user, rule_id)


@router.post("/rules/{rule_id}/state")
async def submit_state(request: Request, user: Proposer, form: Form, rule_id: str) -> Response:
    """Give the rule a state, or propose it."""
    return await run_in_threadpool(_submit_state, request, user, form, rule_id)


def colleague_of(user: Person) -> Colleague:
    """Somebody at the console as whoever proposes and decides."""
    return Colleague(id=user.id, name=user.session.name)


def _submit_state(request: Request, user: Person, form: FormData, rule_id: str) -> Response:
    try:
        state = RuleState(str(form.get("state", "")))
    except ValueError:
        raise InputError("there is no such state", where="state") from None
    try:
        made = change_state(
            context_of(request).store,
            rule_id,
            state,
            by=colleague_of(user),
            reason=str(form.get("reason", "")),
            backtest=str(form.get("backtest", "")) or None,
        )
    except InputError as error:
        if error.http_status == 404:  # noqa: PLR2004  # then there is no rule to show
            raise
        return _rule_page(request, user, rule_id, problem=error)
    return redirect(f"/rules/{rule_id}" if made is None else f"/proposals/{made.id}")


def _rule_page(
    request: Request, user: Person, rule_id: str, *, problem: InputError | None = None
) -> Response:
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        detail = read_rule(connection, rule_id, context.now)
        waiting = proposals.list_proposals(connection, state=ProposalState.OPEN, rule=rule_id)
        names = names_of(connection, [event.by for event in detail.history])
        extras: dict[str, Any] = {}
        for provider in PROVIDERS:
            extras |= provider(context, connection, detail)
    summary = detail.summary
    days = [f"{detail.first_day + timedelta(days=n):%Y-%m-%d}" for n in range(len(summary.daily))]
    return page(
        request,
        user,
        "rule.html",
        status=200 if problem is None else problem.http_status,
        detail=detail,
        rule=summary,
        clause=policy.clauses.get(summary.clause),
        names=names,
        waiting=waiting,
        problem=problem,
        chart=_chart(summary, days),
        table=list(zip(days, summary.daily, summary.shadow_daily, strict=True)),
        interval=_interval(summary),
        **extras,
    )


def _spark(rule: RuleSummary) -> Markup:
    name = f"{rule.hits_month:,} hits and {rule.shadow_month:,} in shadow in 30 days"
    return sparkline([("c-active", rule.daily), ("c-shadow", rule.shadow_daily)], name)


def _chart(rule: RuleSummary, days: list[str]) -> Markup:
    name = f"Hits of {rule.id} on each day from {days[0]} to {days[-1]}"
    return bar_chart([("c-active", rule.daily), ("c-shadow", rule.shadow_daily)], days, name)


def _interval(rule: RuleSummary) -> Markup | None:
    found = rule.precision
    if found.value is None or found.low is None or found.high is None:
        return None
    name = f"Precision {found.value:.0%}, {found.method} from {found.low:.0%} to {found.high:.0%}"
    return interval(found.low, found.value, found.high, name)
