"""`tocsin policy automation`, `automate`, `demote`: what rules have earned to do by themselves.

Comes in: a rule, a language, an action. Goes out: where it stands, or one entry of the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from tocsin.cli.shared import CliContext, operator_name, shared_options
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from tocsin.review import Bar, Progress

__all__ = ["automate_rule", "demote_rule", "list_automation"]

LANGUAGE = click.option("--language", required=True, help="For text in which language, as `ar`.")
ACTION = click.option("--action", required=True, help="Which action, as `hide`.")
REASON = click.option("--reason", required=True, help="Why; kept in the log.")
BY = click.option("--by", help="Who decides it. [the operating system's user]")


@click.command(name="automation")
@click.argument("rule", required=False)
@shared_options
def list_automation(context: CliContext, *, rule: str | None) -> None:
    """Show what rules have earned to do by themselves, and how many judged samples are missing.

    A rule earns each action by itself, in each language by itself. FEWEST is how many samples more
    are needed if all of them are violations, EXPECTED how many at the rate so far.
    """
    from tocsin.pipeline import load_policy  # not needed for --help
    from tocsin.review import list_bars, list_progress

    with context.store() as store, store.read() as connection:
        policy = load_policy(connection)
        found = list_progress(store, connection, policy, rule=rule)
        bars = list_bars(policy, solo=store.settings.solo)
    if rule is not None and not found and rule not in {bar.rule for bar in bars}:
        raise NotFoundError(
            "no such rule could act by itself",
            where=rule,
            hint="its clause gives its action a bar under `automatic`",
        )
    silent = _silent(bars, found, rule)
    if context.json:
        for progress in found:
            context.emit(_as_json(progress))
        for bar in silent:
            context.emit({**msgspec.to_builtins(bar), "state": "measuring", "n_sampled": 0})
        return
    headings = ("rule", "version", "lang", "action", "state", "sampled", "judged", "violations")
    context.table(
        (*headings, "lower", "bar", "fewest", "expected"),
        [*(_row(progress) for progress in found), *(_silent_row(bar) for bar in silent)],
    )


@click.command(name="automate")
@click.argument("rule")
@LANGUAGE
@ACTION
@REASON
@BY
@shared_options
def automate_rule(
    context: CliContext, *, rule: str, language: str, action: str, reason: str, by: str | None
) -> None:
    """Let a rule act by itself that was found eligible: the second person's word.

    \b
    Example:
      tocsin policy automate known-slogan --language ar --action hide --reason "as measured"
    """
    from tocsin.pipeline import load_policy  # not needed for --help
    from tocsin.review import confirm, parse_stratum

    with context.store() as store:
        with store.read() as connection:
            policy = load_policy(connection)
        stratum = parse_stratum(policy, rule, language, action)
        standing = confirm(store, policy, stratum, by=by or operator_name(), reason=reason)
    if context.json:
        context.emit(standing)
    context.say(f"from the next batch on, {rule} does {action} by itself in {language}")


@click.command(name="demote")
@click.argument("rule")
@LANGUAGE
@ACTION
@REASON
@BY
@shared_options
def demote_rule(
    context: CliContext, *, rule: str, language: str, action: str, reason: str, by: str | None
) -> None:
    """Take away at once what a rule has earned; it earns anew with later hits."""
    from tocsin.pipeline import load_policy  # not needed for --help
    from tocsin.review import demote, parse_stratum

    with context.store() as store:
        with store.read() as connection:
            policy = load_policy(connection)
        stratum = parse_stratum(policy, rule, language, action)
        demote(store, stratum, by=by or operator_name(), reason=reason)
    if context.json:
        context.emit({"stratum": msgspec.to_builtins(stratum), "state": "demoted"})
    context.say(f"from the next batch on, {action} by {rule} in {language} waits for a person")


def _silent(bars: list[Bar], found: list[Progress], rule: str | None) -> list[Bar]:
    """The rules that could earn something and hit nothing yet."""
    seen = {(one.stratum.rule, one.stratum.rule_version) for one in found}
    return [
        bar for bar in bars if (bar.rule, bar.rule_version) not in seen and rule in (None, bar.rule)
    ]


def _row(progress: Progress) -> tuple[object, ...]:
    stratum, tally = progress.stratum, progress.tally
    return (
        stratum.rule,
        stratum.rule_version[:8],
        stratum.language,
        stratum.action.value,
        progress.state.value,
        tally.n_sampled,
        tally.n_judged,
        tally.n_violations,
        f"{progress.lower:.3f}",
        "-" if progress.bar is None else f"{progress.bar:g}",
        _or_dash(progress.fewest_more),
        _or_dash(progress.expected_more),
    )


def _silent_row(bar: Bar) -> tuple[object, ...]:
    figures = ("measuring", 0, 0, 0, "0.000", f"{bar.bar:g}", "-", "-")
    return bar.rule, bar.rule_version[:8], "-", bar.action.value, *figures


def _or_dash(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _as_json(progress: Progress) -> dict[str, Any]:
    encoded: dict[str, Any] = msgspec.to_builtins(progress)
    return {
        **encoded,
        "n_sampled": progress.tally.n_sampled,
        "n_judged": progress.tally.n_judged,
        "n_violations": progress.tally.n_violations,
    }
