"""`tocsin judge --cases`: ask a language model about open cases, and say where they stand now.

Comes in: the judge's settings, which cases. Goes out: a line or a JSON object for each opinion as
it is written down. Always holds: neither a post nor a model's words are printed: they stand on the
page of the case. If there was no opinion on any case that was asked about, the exit status is 3.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.shared import CliContext, counted, operator_name
from tocsin.errors import OutsideServiceError

if TYPE_CHECKING:
    from tocsin.nlp.adapters.settings import OutsideModel
    from tocsin.pipeline.opinions import Given, Questions

__all__ = ["judge_cases"]


def judge_cases(
    context: CliContext,
    settings: OutsideModel,
    *,
    key: str,
    clause: str | None,
    limit: int,
    again: bool,
) -> None:
    """Ask about the first cases of the queue that this judge does not know."""
    from tocsin.clock import SystemClock
    from tocsin.nlp.adapters.build import build_judge
    from tocsin.pipeline.opinions import open_questions, opinions_on

    reasons: Counter[str] = Counter()
    by = f"cli:{operator_name()}"
    with context.store() as store, build_judge(settings, SystemClock(), api_key=key) as judge:
        questions = open_questions(store, settings, limit=limit, clause=clause, again=again)
        for given in opinions_on(store, judge, settings, questions.asked, by=by):
            reasons[given.opinion.reason] += given.opinion.label is None
            _show(context, given)
    _sum_up(questions, +reasons)


def _show(context: CliContext, given: Given) -> None:
    opinion = given.opinion
    if context.json:
        shown: dict[str, Any] = {
            "case": opinion.case,
            "clause": opinion.clause,
            "model": opinion.model,
            "version": opinion.version,
            "style": opinion.style,
            "label": opinion.label,
            "score": opinion.score,
            "reason": opinion.reason,
            "is_current": opinion.is_current,
            "moved": given.moved,
            "priority": given.priority,
        }
        context.emit(shown)
    elif opinion.label is None:
        context.say(f"{opinion.case}  no opinion: {opinion.reason}")
    else:
        said = f"{opinion.label} {opinion.score:.2f}"
        place = f"priority {given.priority - given.moved} {given.moved:+d}"
        late = "" if opinion.is_current else " (the case changed meanwhile: it moved nothing)"
        context.say(f"{opinion.case}  {said}  {place}{late}")


def _sum_up(questions: Questions, reasons: Counter[str]) -> None:
    """Say for people what was left out, and whose matter it is where nothing came of it."""
    n_asked = len(questions.asked)
    click.echo(f"asked about {counted(n_asked, 'case')}", err=True)
    for n, why in (
        (questions.n_known, "asked about before"),
        (questions.n_without_text, "no text of a post to show"),
        (questions.n_without_clause, "the policy in force does not have its clause"),
    ):
        if n:
            click.echo(f"passed over {counted(n, 'case')}: {why}", err=True)
    for reason, n in reasons.most_common():
        click.echo(f"no opinion on {counted(n, 'case')}: {reason}", err=True)
    if n_asked and reasons.total() == n_asked:
        raise OutsideServiceError("the model had no opinion on any case")
