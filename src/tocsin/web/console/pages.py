"""What every page of the console carries: who is logged in, navigation, versions, alerts.

Comes in: a template with its values. Goes out: the page.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse

from tocsin.review import Permission
from tocsin.store import alerts
from tocsin.web.callers import Person
from tocsin.web.context import Context, context_of
from tocsin.web.templating import render

__all__ = ["SEE_OTHER", "page", "redirect"]

SEE_OTHER = 303

_NAVIGATION = (
    ("/", "Queue", Permission.CASES_READ),
    ("/samples", "Samples", Permission.SAMPLES_JUDGE),
    ("/decisions", "Decisions", Permission.DECISIONS_READ),
    ("/actions", "Actions", Permission.ACTIONS_READ),
    ("/banks", "Banks", Permission.BANKS_READ),
    ("/rules", "Rules", Permission.RULES_READ),
    ("/backtests", "Back-tests", Permission.POLICY_BACKTEST),
    ("/proposals", "Proposals", Permission.RULES_READ),
    ("/automation", "Automation", Permission.AUTOMATION_READ),
    ("/deadletters", "Dead letters", Permission.DEADLETTERS_READ),
    ("/audit", "Audit", Permission.AUDIT_READ),
)


def page(
    request: Request, user: Person, template: str, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """One page of the console."""
    context = context_of(request)
    policy = context.live.policy
    return render(
        template,
        status=status,
        user=user,
        csrf=user.session.csrf,
        now=context.now,
        path=request.url.path,
        navigation=[(path, title) for path, title, need in _NAVIGATION if user.may(need)],
        policy=policy,
        policy_problem=context.live.problem,
        n_alerts=_n_alerts(context, user),
        **values,
    )


def _n_alerts(context: Context, user: Person) -> int:
    if not user.may(Permission.AUTOMATION_READ):
        return 0
    with context.store.read() as connection:
        return alerts.count_open(connection)


def redirect(path: str) -> RedirectResponse:
    """Go on with another page of this site."""
    return RedirectResponse(path, status_code=SEE_OTHER)
