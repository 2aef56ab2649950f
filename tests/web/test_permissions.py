"""Every route for every role and every scope: written out, so that a new route needs a line."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from tests.support.site import Site, csrf_of
from tocsin.review import Permission, Role, Scope, may
from tocsin.web.api import api_router
from tocsin.web.console import console_router

CONSOLE = {
    ("GET", "/"): Permission.CASES_READ,
    ("GET", "/cases/{case_id}"): Permission.CASES_READ,
    ("POST", "/cases/{case_id}/verdict"): Permission.CASES_DECIDE,
    ("POST", "/verdicts/{verdict_id}/reverse"): Permission.CASES_READ,
    ("GET", "/accounts"): Permission.ACCOUNTS_READ,
    ("POST", "/accounts/label"): Permission.LABELS_WRITE,
    ("GET", "/decisions"): Permission.DECISIONS_READ,
    ("GET", "/decisions/{decision_id}"): Permission.DECISIONS_READ,
    ("GET", "/actions"): Permission.ACTIONS_READ,
    ("GET", "/deadletters"): Permission.DEADLETTERS_READ,
    ("GET", "/banks"): Permission.BANKS_READ,
    ("GET", "/backtests"): Permission.POLICY_BACKTEST,
    ("POST", "/backtests"): Permission.POLICY_BACKTEST,
    ("GET", "/backtests/{backtest_id}"): Permission.POLICY_BACKTEST,
    ("POST", "/backtests/{backtest_id}/stop"): Permission.POLICY_BACKTEST,
    ("POST", "/backtests/{backtest_id}/propose"): Permission.POLICY_PROPOSE,
    ("GET", "/backtests/{backtest_id}/changes/{number}"): Permission.POLICY_BACKTEST,
    ("POST", "/backtests/{backtest_id}/changes/{number}/mark"): Permission.POLICY_BACKTEST,
    ("GET", "/audit"): Permission.AUDIT_READ,
    ("GET", "/rules"): Permission.RULES_READ,
    ("GET", "/text-models"): Permission.RULES_READ,
    ("GET", "/rules/{rule_id}"): Permission.RULES_READ,
    ("POST", "/rules/{rule_id}/state"): Permission.POLICY_PROPOSE,
    ("GET", "/proposals"): Permission.RULES_READ,
    ("GET", "/proposals/{proposal_id}"): Permission.RULES_READ,
    ("POST", "/proposals/{proposal_id}/decide"): Permission.POLICY_APPROVE,
    ("POST", "/proposals/{proposal_id}/withdraw"): Permission.POLICY_PROPOSE,
    ("POST", "/proposals/{proposal_id}/invite"): Permission.POLICY_PROPOSE,
    ("POST", "/policy/rollback"): Permission.POLICY_PROPOSE,
    ("GET", "/samples"): Permission.SAMPLES_JUDGE,
    ("POST", "/samples/{sample_id}/judgement"): Permission.SAMPLES_JUDGE,
    ("GET", "/automation"): Permission.AUTOMATION_READ,
    ("GET", "/automation/{rule}"): Permission.AUTOMATION_READ,
    ("POST", "/automation/{rule}/confirm"): Permission.AUTOMATION_CHANGE,
    ("POST", "/automation/{rule}/demote"): Permission.AUTOMATION_CHANGE,
    ("GET", "/alerts"): Permission.AUTOMATION_READ,
    ("POST", "/alerts/{alert_id}/acknowledge"): Permission.ALERTS_ACKNOWLEDGE,
}
API: dict[tuple[str, str], tuple[Permission, *tuple[Scope, ...]]] = {
    ("POST", "/v1/events"): (Permission.EVENTS_WRITE, Scope.EVENTS_WRITE),
    ("POST", "/v1/check"): (Permission.EVENTS_WRITE, Scope.CHECK, Scope.EVENTS_WRITE),
    ("PUT", "/v1/media/{sha256}"): (Permission.EVENTS_WRITE, Scope.MEDIA_WRITE),
    ("GET", "/v1/decisions"): (Permission.DECISIONS_READ, Scope.DECISIONS_READ),
    ("GET", "/v1/decisions/{decision_id}"): (Permission.DECISIONS_READ, Scope.DECISIONS_READ),
    ("GET", "/v1/cases"): (Permission.CASES_READ, Scope.CASES_READ),
    ("GET", "/v1/cases/{case_id}"): (Permission.CASES_READ, Scope.CASES_READ),
    ("POST", "/v1/cases/{case_id}/verdict"): (Permission.CASES_DECIDE, Scope.CASES_WRITE),
    ("POST", "/v1/verdicts/{verdict_id}/reverse"): (Permission.CASES_READ, Scope.CASES_WRITE),
    ("GET", "/v1/actions"): (Permission.ACTIONS_READ, Scope.ACTIONS_READ),
    ("GET", "/v1/rules"): (Permission.RULES_READ, Scope.RULES_READ),
    ("GET", "/v1/rules/{rule_id}"): (Permission.RULES_READ, Scope.RULES_READ),
    ("GET", "/v1/proposals"): (Permission.RULES_READ, Scope.RULES_READ),
    ("GET", "/v1/proposals/{proposal_id}"): (Permission.RULES_READ, Scope.RULES_READ),
    ("POST", "/v1/proposals/{proposal_id}/approve"): (
        Permission.POLICY_APPROVE,
        Scope.PROPOSALS_WRITE,
    ),
    ("POST", "/v1/proposals/{proposal_id}/reject"): (
        Permission.POLICY_APPROVE,
        Scope.PROPOSALS_WRITE,
    ),
    ("GET", "/v1/automation"): (Permission.AUTOMATION_READ, Scope.DECISIONS_READ),
    ("GET", "/v1/alerts"): (Permission.AUTOMATION_READ, Scope.DECISIONS_READ),
    ("POST", "/v1/alerts/{alert_id}/acknowledge"): (Permission.ALERTS_ACKNOWLEDGE, Scope.ADMIN),
    ("GET", "/v1/labels"): (Permission.ACCOUNTS_READ, Scope.LABELS_READ),
    ("GET", "/v1/accounts/{key:path}/labels"): (Permission.ACCOUNTS_READ, Scope.LABELS_READ),
    ("POST", "/v1/accounts/{key:path}/labels"): (Permission.LABELS_WRITE, Scope.LABELS_WRITE),
    ("GET", "/v1/backtests"): (Permission.POLICY_BACKTEST, Scope.BACKTESTS_READ),
    ("GET", "/v1/backtests/{backtest_id}"): (Permission.POLICY_BACKTEST, Scope.BACKTESTS_READ),
    ("GET", "/v1/backtests/{backtest_id}/changes"): (
        Permission.POLICY_BACKTEST,
        Scope.BACKTESTS_READ,
    ),
    ("GET", "/v1/deadletters"): (Permission.DEADLETTERS_READ, Scope.ADMIN),
    ("GET", "/v1/status"): (Permission.CASES_READ, Scope.CASES_READ),
}
LOGGED_IN = {("POST", "/logout"), ("GET", "/api")}
OPEN = {
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/healthz"),
    ("GET", "/openapi.json"),
    ("GET", "/approve/{token}"),  # the token says which proposal, and opens nothing else
    ("POST", "/approve/{token}"),
}
FORBIDDEN, UNKNOWN, LED_TO_LOG_IN = 403, 401, 303


def address(path: str) -> str:
    return path.replace("{sha256}", "0" * 64).replace("{", "").replace("}", "")


def routes_of(router: APIRouter) -> list[APIRoute]:
    """The routes of a router and of those inside it."""
    found = [route for route in router.routes if isinstance(route, APIRoute)]
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if isinstance(inner, APIRouter):
            found += routes_of(inner)
    return found


def test_every_route_is_in_the_tables(site: Site) -> None:
    direct = [route for route in site.app.routes if isinstance(route, APIRoute)]
    there = {
        (method, route.path)
        for route in (*direct, *routes_of(api_router), *routes_of(console_router))
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert there == CONSOLE.keys() | API.keys() | LOGGED_IN | OPEN


@pytest.mark.parametrize("role", list(Role))
def test_a_role_reaches_exactly_what_it_may(site: Site, role: Role) -> None:
    client = site.logged_in(role)
    headers = {"x-csrf-token": csrf_of(client)}
    for (method, path), permission in CONSOLE.items():
        answer = client.request(method, address(path), headers=headers)
        assert (answer.status_code == FORBIDDEN) is not may(role, permission), (method, path)
    for (method, path), (needed, *_) in API.items():
        answer = client.request(method, address(path), headers=headers)
        permission = Permission(needed)
        assert (answer.status_code == FORBIDDEN) is not may(role, permission), (method, path)


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_reaches_exactly_what_it_says(site: Site, scope: Scope) -> None:
    client = site.token(scope)
    for (method, path), (_, *needed) in API.items():
        answer = client.request(method, address(path))
        allowed = scope in (*needed, Scope.ADMIN)
        assert (answer.status_code == FORBIDDEN) is not allowed, (method, path)


def test_nobody_reaches_nothing(site: Site) -> None:
    client = site.client()
    for method, path in CONSOLE.keys() | LOGGED_IN:
        assert client.request(method, address(path)).status_code == LED_TO_LOG_IN, path
    for method, path in API:
        assert client.request(method, address(path)).status_code == UNKNOWN, path


def test_a_token_opens_no_page_of_the_console(site: Site) -> None:
    client = site.token(Scope.ADMIN)
    for method, path in CONSOLE:
        assert client.request(method, address(path)).status_code == LED_TO_LOG_IN, path


def test_a_session_without_its_token_changes_nothing_anywhere(site: Site) -> None:
    client = site.logged_in(Role.ADMIN)
    for method, path in CONSOLE.keys() | API.keys() | LOGGED_IN:
        if method != "GET":
            assert client.request(method, address(path)).status_code == FORBIDDEN, path
