"""`tocsin policy rules` and `tocsin policy diff`: rules to look at, and what differs.

Comes in: ids, versions, folders. Goes out: tables, bars made of characters, JSON. Changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import sqlalchemy as sa

    from tocsin.pipeline import PackDifference, Precision, RuleChange, RuleDetail, RuleSummary
    from tocsin.pipeline.packdiff import Piece
    from tocsin.policy import CompiledPolicy

__all__ = ["diff", "rules", "say_difference"]

_BARS = "▁▂▃▄▅▆▇█"


@click.command(name="rules")
@click.argument("rule", required=False)
@shared_options
def rules(context: CliContext, *, rule: str | None) -> None:
    """List the rules in force with what they hit; or show everything about one RULE.

    Hits are counted over the 7 and 30 days up to the newest hit. Precision is what people decided
    about hits that they came to look at, with its Wilson interval at 95 %.
    """
    from tocsin.pipeline import read_rule, read_rules  # not needed for --help

    with context.store() as store, store.read() as connection:
        now = store.clock.now()
        if rule is None:
            found = read_rules(connection, now)
            if context.json:
                for one in found:
                    context.emit(one)
            else:
                _say_rules(context, found)
            return
        detail = read_rule(connection, rule, now)
        names = _names(connection, detail)
    if context.json:
        context.emit(detail)
    else:
        _say_rule(context, detail, names)


@click.command(name="diff")
@click.argument("old")
@click.argument("new")
@shared_options
def diff(context: CliContext, *, old: str, new: str) -> None:
    """Show what differs between two packs: rules, clauses, banks.

    OLD and NEW are folders, or versions that were in force here (their first digits are enough).
    """
    from tocsin.pipeline import compare  # not needed for --help

    found = compare(_pack(context, old), _pack(context, new))
    if context.json:
        context.emit(found)
    else:
        say_difference(context, found)


def say_difference(context: CliContext, found: PackDifference) -> None:
    """Print a difference for people."""
    if found.is_empty:
        context.say("nothing that decides differs")
    for rule in found.rules:
        context.say(f"{rule.kind:<8} rule {rule.id}{_states(rule)}")
        if rule.kind == "changed":
            _say_parts(context, rule)
        if any(piece.state != "same" for piece in rule.condition):
            context.say(f"         when {_worded(rule.condition)}")
    for clause in found.clauses:
        parts = f": {', '.join(clause.parts)}" if clause.parts else ""
        context.say(f"{clause.kind:<8} clause {clause.id}{parts}")
    for bank in found.banks:
        counts = f"{bank.added} added, {bank.removed} removed, {bank.changed} changed"
        context.say(f"changed  bank {bank.bank}: {counts}")


def _states(rule: RuleChange) -> str:
    if rule.before is None or rule.after is None:
        one = rule.after or rule.before
        return f" ({one.state}, {one.clause}, {one.outcome})" if one is not None else ""
    is_same = rule.before.state is rule.after.state
    return "" if is_same else f" ({rule.before.state} → {rule.after.state})"


def _say_parts(context: CliContext, rule: RuleChange) -> None:
    for name, was, now in rule.parts:
        context.say(f"         {name} {was} → {now}")
    if rule.is_by_clause:
        context.say("         reads as before: its clause or a rule that it names has changed")


def _worded(pieces: Iterable[Piece]) -> str:
    """A condition with what goes as [-…-] and what comes as {+…+}."""
    shown = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
    return " ".join(shown[piece.state].format(piece.text) for piece in pieces)


def _pack(context: CliContext, named: str) -> CompiledPolicy:
    from tocsin.pipeline import check, load_policy  # not needed for --help
    from tocsin.policy import load_pack
    from tocsin.store import policies

    if Path(named).is_dir():
        report = check(load_pack(Path(named)))
        if report.policy is None:
            raise InputError(
                f"the pack has {counted(len(report.problems), 'mistake')}",
                where=named,
                hint="tocsin policy check shows them",
            )
        return report.policy
    with context.store() as store, store.read() as connection:
        versions = {a.version for a in policies.list_activations(connection)}
        matching = {version for version in versions if version.startswith(named)}
        if len(matching) != 1:
            raise InputError(
                "this is no folder, and no single version that was in force here",
                where=named,
                hint="`tocsin policy list` shows the versions",
            )
        return load_policy(connection, matching.pop())


def _say_rules(context: CliContext, found: Sequence[RuleSummary]) -> None:
    context.table(
        ("rule", "state", "version", "7 d", "30 d", "shadow", "precision", "clause", "outcome"),
        (
            (
                rule.id,
                rule.state,
                rule.version[:8],
                rule.hits_week,
                rule.hits_month,
                rule.shadow_month or "",
                _share(rule.precision),
                rule.clause,
                rule.outcome,
            )
            for rule in found
        ),
    )


def _say_rule(context: CliContext, detail: RuleDetail, names: dict[str, str]) -> None:
    rule = detail.summary
    gone = "" if rule.is_in_force else ", not in the pack in force"
    context.say(f"{rule.id}  {rule.state}{gone}  version {rule.version[:8]}")
    context.say(f"  {rule.outcome} under {rule.clause}, priority {rule.priority}")
    if rule.note:
        context.say(f"  {rule.note}")
    context.say(f"  when {' '.join(detail.when.split())}")
    context.say(f"\nhits on each day, {detail.first_day:%Y-%m-%d} to {detail.last_day:%Y-%m-%d}")
    context.say(f"  active  {_bars(rule.daily)}  {rule.hits_month:,}")
    if rule.shadow_month:
        context.say(f"  shadow  {_bars(rule.shadow_daily)}  {rule.shadow_month:,}")
    found = rule.precision
    context.say(f"\nverdicts about what this version hit: {found.judged}")
    if found.judged:
        context.say(f"  precision {_share(found)} ({found.method}; no random sample)")
        context.say(
            f"  right {found.right}, wrong {found.wrong}, another clause {found.other_clause}"
        )
    if detail.overlap:
        context.say(f"\nof {counted(detail.n_hits, 'hit')} in these days, others hit too")
        for other in detail.overlap:
            context.say(f"  {other.share:>6.1%}  {other.rule} ({other.n_hits:,})")
    context.say("\nhistory, newest first")
    for event in detail.history:
        what = f"{event.state}" if event.kind == "state" else event.kind
        version = f" {event.version[:8]}" if event.version else ""
        who = names.get(event.by, event.by)
        context.say(f"  {event.at:%Y-%m-%d %H:%M}  {what}{version}  {who}: {event.reason}")
        if event.kind == "changed" and event.condition:
            context.say(f"    when {_worded(event.condition)}")
    if detail.recent:
        context.say("\nnewest hits")
        context.table(
            ("when", "mode", "subject", "verdict", "decision"),
            (
                (
                    f"{hit.at:%Y-%m-%d %H:%M}",
                    hit.mode,
                    hit.subject,
                    hit.verdict or "none yet",
                    hit.decision or "",
                )
                for hit in detail.recent
            ),
        )


def _bars(values: Sequence[int]) -> str:
    """Numbers as bars; none is a dot."""
    most = max(values, default=0)
    return "".join(_BARS[-(-n * len(_BARS) // most) - 1] if n else "·" for n in values)


def _share(found: Precision) -> str:
    if found.value is None or found.low is None or found.high is None:
        return "no verdicts"
    return f"{found.value:.0%} [{found.low:.0%}, {found.high:.0%}] of {found.judged}"


def _names(connection: sa.Connection, detail: RuleDetail) -> dict[str, str]:
    from tocsin.store import people  # not needed for --help

    ids = {event.by for event in detail.history}
    found = (people.user_by_id(connection, one) for one in ids)
    return {user.id: user.name for user in found if user is not None}
