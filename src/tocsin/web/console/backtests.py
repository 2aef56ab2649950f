"""Back-tests: try a pack on the past, see how far it is, and review what it would change.

Comes in: a pack that the store holds and a range; marks of reviewers. Goes out: pages. Always
holds: texts are blurred until somebody reveals them; a page that shows a back-test at work asks
for itself again, without any script; the figures come from the store and decide nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.responses import Response

from tocsin.charts import bar_chart, interval
from tocsin.errors import ConflictError, InputError, NotFoundError
from tocsin.pipeline import RuleDetail, propose_pack
from tocsin.pipeline.backtest import BacktestRun, precision_of
from tocsin.policy import PackSource
from tocsin.records import (
    Backtest,
    BacktestFigures,
    BacktestState,
    Change,
    ChangeKind,
    Mark,
    Proposal,
    RuleFigures,
    restore_event,
)
from tocsin.review import Permission
from tocsin.store import backtests, events_at, policies
from tocsin.web.api.backtests import ChangeQuery
from tocsin.web.callers import Form, Person, person
from tocsin.web.console import proposals, rules
from tocsin.web.console.pages import page, redirect
from tocsin.web.console.rules import colleague_of
from tocsin.web.context import Context, context_of
from tocsin.web.subjects import names_of, read_author, read_post
from tocsin.web.templating import environment

__all__ = ["RuleBacktest", "backtests_of_rule", "router"]

router = APIRouter()

Tester = Annotated[Person, Depends(person(Permission.POLICY_BACKTEST))]
Proposer = Annotated[Person, Depends(person(Permission.POLICY_PROPOSE))]
Number = Annotated[int, Query(ge=0, le=2**31 - 1)]

_PAGE = 50
_RULES_SHOWN = 25
_ACCOUNTS_SHOWN = 15
_MAX_BARS = 62
_PACKS_OFFERED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBacktest:
    """A back-test in which one rule made a difference."""

    backtest: Backtest
    figures: RuleFigures


@router.get("/backtests")
def show_backtests(request: Request, user: Tester) -> Response:
    """All of them, and the form that begins another."""
    return _list_page(request, user)


@router.post("/backtests")
async def submit_backtest(request: Request, user: Tester, form: Form) -> Response:
    """Begin one."""
    return await run_in_threadpool(_submit_backtest, request, user, form)


@router.get("/backtests/{backtest_id}")
def show_backtest(
    request: Request,
    user: Tester,
    backtest_id: str,
    query: Annotated[ChangeQuery, Depends()],
    after: Number = 0,
) -> Response:
    """Figures, and the list of differences."""
    context = context_of(request)
    with context.store.read() as connection:
        context.policy(connection)
        found = _found(connection, context, backtest_id)
        rows = backtests.list_changes(
            connection, backtest_id, query.where, limit=_PAGE + 1, after=after
        )
        n_rows = backtests.count_changes(connection, backtest_id, query.where)
        marks = backtests.count_marks(connection, backtest_id)
        names = names_of(connection, [found.by])
    shown = rows[:_PAGE]
    precision = precision_of(marks)
    return page(
        request,
        user,
        "backtest.html",
        backtest=found,
        figures=found.figures,
        is_running=found.state is BacktestState.RUNNING,
        can_stop=context.backtests.holds(backtest_id),
        rules=found.figures.rules[:_RULES_SHOWN] if found.figures else (),
        accounts=found.figures.accounts[:_ACCOUNTS_SHOWN] if found.figures else (),
        chart=_chart(found.figures),
        precision=precision,
        precision_chart=precision
        and interval(
            precision.low,
            precision.share,
            precision.high,
            f"{precision.share:.0%} right, from {precision.low:.0%} to {precision.high:.0%}",
        ),
        changes=shown,
        n_changes=n_rows,
        following=shown[-1].number if len(rows) > _PAGE else None,
        is_first=not after,
        filters=query.values,
        kinds=tuple(ChangeKind),
        n_marks=sum(marks.values()),
        names=names,
    )


@router.post("/backtests/{backtest_id}/stop")
def submit_stop(request: Request, user: Tester, backtest_id: str) -> Response:
    """Stop one that this server runs."""
    del user
    if not context_of(request).backtests.stop(backtest_id):
        raise ConflictError(
            "this back-test does not run here", hint="it is done, or runs elsewhere"
        )
    return redirect(f"/backtests/{backtest_id}")


@router.post("/backtests/{backtest_id}/propose")
async def submit_proposal(
    request: Request, user: Proposer, form: Form, backtest_id: str
) -> Response:
    """Propose to put the pack in force that was tried, exactly as it was tried."""
    reason = str(form.get("reason", ""))
    return await run_in_threadpool(_submit_proposal, request, user, backtest_id, reason)


@router.get("/backtests/{backtest_id}/changes/{number}")
def show_change(
    request: Request,
    user: Tester,
    backtest_id: str,
    number: int,
    query: Annotated[ChangeQuery, Depends()],
) -> Response:
    """One difference: the event that it is about, and what both packs say of it."""
    context = context_of(request)
    with context.store.read() as connection:
        policy = context.policy(connection)
        found = _found(connection, context, backtest_id)
        change = backtests.get_change(connection, backtest_id, number)
        if change is None:
            raise NotFoundError("there is no such difference")
        before, after = _neighbours(connection, backtest_id, number, query)
        line = _line_of(context, change)
        event = None if not line else restore_event(line)
        return page(
            request,
            user,
            "backtest_change.html",
            backtest=found,
            change=change,
            previous=before,
            following=after,
            filters=query.values,
            post=read_post(event, ()),
            author=read_author(connection, change.actor, event, (), now=context.now),
            is_erased=not line,
            clauses=policy.clauses,
            marks=tuple(Mark),
            names=names_of(connection, [change.marked_by] if change.marked_by else []),
        )


@router.post("/backtests/{backtest_id}/changes/{number}/mark")
async def submit_mark(
    request: Request, user: Tester, form: Form, backtest_id: str, number: int
) -> Response:
    """Say what one thinks of a difference, then go on with the next."""
    return await run_in_threadpool(_submit_mark, request, user, form, backtest_id, number)


def _submit_proposal(request: Request, user: Person, backtest_id: str, reason: str) -> Response:
    context = context_of(request)
    with context.store.read() as connection:
        files = backtests.files_of(connection, backtest_id)
    if files is None:
        raise NotFoundError("there is no such back-test")
    made = propose_pack(
        context.store,
        PackSource.from_files(files),
        by=colleague_of(user),
        reason=reason,
        backtest=backtest_id,
    )
    return redirect(f"/proposals/{made.id}")


def backtests_of_rule(
    connection: sa.Connection, rule: str, now: datetime
) -> Sequence[RuleBacktest]:
    """The newest back-tests in which a rule made a difference, for the page of the rule."""
    return [
        RuleBacktest(backtest=backtest, figures=figures)
        for backtest in backtests.touching_rule(connection, rule, now)
        if backtest.figures is not None
        for figures in backtest.figures.rules
        if figures.rule == rule
    ]


def _found(connection: sa.Connection, context: Context, backtest_id: str) -> Backtest:
    found = backtests.get(connection, backtest_id, context.now)
    if found is None:
        raise NotFoundError("there is no such back-test")
    return found


def _list_page(
    request: Request,
    user: Person,
    *,
    problem: InputError | None = None,
    chosen: Mapping[str, str] | None = None,
) -> Response:
    context = context_of(request)
    with context.store.read() as connection:
        context.policy(connection)
        found = backtests.list_backtests(connection, context.now)
        packs = _packs(connection, found)
        names = names_of(connection, [one.by for one in found])
    return page(
        request,
        user,
        "backtests.html",
        status=200 if problem is None else problem.http_status,
        backtests=found,
        packs=packs,
        names=names,
        problem=problem,
        chosen=chosen or {},
    )


def _packs(connection: sa.Connection, found: Sequence[Backtest]) -> dict[str, str]:
    """The packs that the store holds: version -> what is known of it."""
    packs: dict[str, str] = {}
    for one in found:
        packs.setdefault(one.version, f"tried {one.at:%Y-%m-%d %H:%M}")
    for activation in policies.list_activations(connection):
        packs.setdefault(
            activation.version,
            f"in force since {activation.at:%Y-%m-%d %H:%M}: {activation.reason}",
        )
    return dict(list(packs.items())[:_PACKS_OFFERED])


def _submit_backtest(request: Request, user: Person, form: FormData) -> Response:
    context = context_of(request)
    version = str(form.get("version", ""))
    chosen = {name: str(form.get(name, "")) for name in ("version", "since", "until")}
    try:
        context.backtests.check_room()
        run = BacktestRun.begin(
            context.store,
            PackSource.from_files(_files_of(context, version)),
            by=user.id,
            since=_day(chosen["since"], "since"),
            until=_day(chosen["until"], "until", days=1),
            workers=max(1, (os.cpu_count() or 1) - 1),
            is_apart=True,
        )
    except InputError as error:
        return _list_page(request, user, problem=error, chosen=chosen)
    context.backtests.start(run)
    return redirect(f"/backtests/{run.record.id}")


def _files_of(context: Context, version: str) -> Mapping[str, str]:
    """The files of a pack that the store holds."""
    with context.store.read() as connection:
        files = policies.files_of(connection, version)
        if files is None:
            tried = backtests.with_version(connection, version)
            files = None if tried is None else backtests.files_of(connection, tried)
    if files is None:
        raise InputError("the store holds no such pack", where="version")
    return files


def _day(given: str, name: str, days: int = 0) -> datetime | None:
    """The first moment of a day, or of one some days later; None where none was given."""
    if not given:
        return None
    try:
        return datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise InputError("a day looks like 2026-01-31", where=name) from None


def _submit_mark(
    request: Request, user: Person, form: FormData, backtest_id: str, number: int
) -> Response:
    context = context_of(request)
    said = str(form.get("mark", ""))
    if said not in (*Mark, "none"):
        raise InputError("a mark is right, wrong or unsure", where="mark")
    query = ChangeQuery(**{name: _part(form, name) for name in _FILTERS})
    with context.store.write() as transaction:
        is_known = backtests.mark(
            transaction.connection,
            backtest_id,
            number,
            None if said == "none" else Mark(said),
            by=user.id,
            now=context.now,
        )
    if not is_known:
        raise NotFoundError("there is no such difference")
    with context.store.read() as connection:
        _, following = _neighbours(connection, backtest_id, number, query)
    query_string = _encoded(query)
    if said == "none":
        following = number
    path = f"/backtests/{backtest_id}"
    if following is None:
        return redirect(f"{path}{query_string}")
    return redirect(f"{path}/changes/{following}{query_string}")


_FILTERS = ("kind", "rule", "account", "verdict", "mark")


def _part(form: FormData, name: str) -> str | None:
    return str(form.get(f"filter.{name}", "")) or None


def _encoded(query: ChangeQuery) -> str:
    encode: Any = environment().globals["query"]
    return str(encode(**query.values))


def _neighbours(
    connection: sa.Connection, backtest_id: str, number: int, query: ChangeQuery
) -> tuple[int | None, int | None]:
    """The numbers of the differences before and behind this one, under the same filters."""
    where = query.where
    before = backtests.number_before(connection, backtest_id, where, number)
    following = backtests.list_changes(connection, backtest_id, where, limit=1, after=number)
    return before, following[0].number if following else None


def _line_of(context: Context, change: Change) -> bytes:
    """The event of a difference as canonical JSON; b"" where it was erased."""
    lines = events_at(context.store, change.position) or []
    return lines[change.ordinal] if change.ordinal < len(lines) else b""


def _chart(figures: BacktestFigures | None) -> Markup | None:
    """Decisions per day under both packs; days together where there are many."""
    if figures is None or not figures.days:
        return None
    days = figures.days
    step = -(-len(days) // _MAX_BARS)
    groups = [days[start : start + step] for start in range(0, len(days), step)]
    labels = [
        group[0].day if len(group) == 1 else f"{group[0].day} to {group[-1].day}"
        for group in groups
    ]
    both, only_before, only_after = [], [], []
    for group in groups:
        before = sum(day.before for day in group)
        after = sum(day.after for day in group)
        both.append(min(before, after))
        only_before.append(max(0, before - after))
        only_after.append(max(0, after - before))
    return bar_chart(
        [("c-both", both), ("c-more", only_after), ("c-fewer", only_before)],
        labels,
        f"Decisions per day under both packs, from {days[0].day} to {days[-1].day}",
    )


def _for_rule(context: Context, connection: sa.Connection, detail: RuleDetail) -> dict[str, Any]:
    found = backtests_of_rule(connection, detail.summary.id, context.now)
    return {"rule_backtests": found}


def _for_proposal(
    context: Context, connection: sa.Connection, proposal: Proposal
) -> dict[str, Any]:
    name = proposal.backtest
    found = None if name is None else backtests.get(connection, name, context.now)
    marks = {} if found is None else backtests.count_marks(connection, found.id)
    return {"proposal_backtest": found, "proposal_precision": precision_of(marks)}


rules.PROVIDERS.append(_for_rule)
proposals.PROVIDERS.append(_for_proposal)
