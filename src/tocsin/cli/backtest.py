"""`tocsin policy backtest`, `backtests` and `backtest-show`: a pack tried on the past.

Comes in: the folder of a pack and a range of event times. Goes out: what the pack would change,
by rule and by account, with samples as ids; with `--json` one object per line: the back-test, then
its differences. Always holds: what people wrote is printed only with `--show-text`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tocsin.cli.shared import CliContext, counted, operator_name, shared_options
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from tocsin.records import Backtest, BacktestFigures, Change, Treatment
    from tocsin.store import Store

__all__ = ["COMMANDS"]

_TOP = 10
_SAMPLES = 20
_SHOWN_SAMPLES = 5


class Moment(click.ParamType[datetime]):
    """A day, or a day with a time; in UTC where no zone is given."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The moment."""
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"`{value}` is no time; write 2026-01-31 or 2026-01-31T12:00Z", param, ctx)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@click.command(name="backtest")
@click.argument(
    "pack", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--since", type=Moment(), help="First moment of the events. [the first event]")
@click.option("--until", type=Moment(), help="First moment after them. [the last event]")
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that judge at once. [one per core]"
)
@click.option(
    "--samples",
    type=click.IntRange(0, 1_000),
    default=_SAMPLES,
    show_default=True,
    help="Differences per rule that are kept and shown in any case.",
)
@click.option(
    "--top",
    type=click.IntRange(0, 100),
    default=_TOP,
    show_default=True,
    help="Rules and accounts that the tables show.",
)
@click.option("--as-written", is_flag=True, help="Leave out what the pack has in draft or shadow.")
@click.option("--show-text", is_flag=True, help="Print what people wrote beside the samples.")
@click.option("--by", help="Who tries it. [the operating system's user]")
@shared_options
def backtest(  # one parameter per option
    context: CliContext,
    *,
    pack: Path | None,
    since: datetime | None,
    until: datetime | None,
    workers: int | None,
    samples: int,
    top: int,
    as_written: bool,
    show_text: bool,
    by: str | None,
) -> None:
    """Judge the events of the past by this pack and by the one in force, and show the difference.

    Nothing that was decided changes. Windows are counted as they were; banks stand as they do now,
    with the pack's own entries as activating it would leave them. What it finds is stored:
    `tocsin policy backtest-show ID` shows it again, the console lets people review it. Rules that
    the pack has in draft or shadow judge as if they were active: to try them is what this is for.

    \b
    Examples:
      tocsin policy backtest my-pack --since 2026-01-01 --until 2026-02-01
      tocsin policy backtest my-pack --json | head -1
    """
    from tocsin.pipeline.backtest import BacktestRun  # the engine is not needed for --help
    from tocsin.policy import load_pack

    source = load_pack(pack)
    with context.store() as store:
        run = BacktestRun.begin(
            store,
            source,
            by=by or operator_name(),
            since=since,
            until=until,
            workers=workers or os.cpu_count() or 1,
            samples=samples,
            is_tried=not as_written,
        )
        with context.progress() as progress:
            task = progress.add_task("back-testing", total=run.record.events, note="")
            done = run.run(
                lambda n_done, _total: progress.update(
                    task, completed=n_done, note=counted(n_done, "event")
                )
            )
        _show(context, store, done, top=top, samples=samples, show_text=show_text)


@click.command(name="backtests")
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True)
@shared_options
def list_backtests(context: CliContext, *, limit: int) -> None:
    """List back-tests, newest first."""
    from tocsin.store import backtests  # not needed for --help

    with context.store() as store, store.read() as connection:
        found = backtests.list_backtests(connection, store.clock.now(), limit=limit)
    if context.json:
        for one in found:
            context.emit(one)
        return
    context.table(
        ("id", "at", "by", "state", "pack", "events", "differences"),
        (
            (
                one.id,
                f"{one.at:%Y-%m-%d %H:%M}",
                one.by,
                one.state,
                one.version[:12],
                f"{one.figures.events if one.figures else one.events_done:,}",
                f"{one.figures.changes:,}" if one.figures else "-",
            )
            for one in found
        ),
    )


@click.command(name="backtest-show")
@click.argument("backtest_id", metavar="ID")
@click.option(
    "--samples",
    type=click.IntRange(0, 1_000),
    default=_SAMPLES,
    show_default=True,
    help="Differences per rule to show.",
)
@click.option(
    "--top",
    type=click.IntRange(0, 100),
    default=_TOP,
    show_default=True,
    help="Rules and accounts that the tables show.",
)
@click.option("--show-text", is_flag=True, help="Print what people wrote beside the samples.")
@shared_options
def show_backtest(
    context: CliContext, *, backtest_id: str, samples: int, top: int, show_text: bool
) -> None:
    """Show what a back-test found."""
    from tocsin.store import backtests  # not needed for --help

    with context.store() as store:
        with store.read() as connection:
            found = backtests.get(connection, backtest_id, store.clock.now())
        if found is None:
            raise NotFoundError(
                "there is no such back-test",
                where=backtest_id,
                hint="tocsin policy backtests lists them",
            )
        _show(context, store, found, top=top, samples=samples, show_text=show_text)


COMMANDS = (backtest, list_backtests, show_backtest)
"""What `tocsin policy` takes in."""


def _show(
    context: CliContext, store: Store, found: Backtest, *, top: int, samples: int, show_text: bool
) -> None:
    if context.json:
        _emit(context, store, found)
        return
    _say_head(context, found)
    if found.figures is None:
        return
    _say_summary(context, found.figures)
    _say_rules(context, found.figures, top)
    _say_accounts(context, found.figures, top)
    _say_samples(context, store, found, min(samples, _SHOWN_SAMPLES), top, show_text=show_text)
    context.say(f"\nreview it in the console: /backtests/{found.id}")


def _emit(context: CliContext, store: Store, found: Backtest) -> None:
    from tocsin.store import backtests

    context.emit({"backtest": found})
    after = 0
    while True:
        with store.read() as connection:
            changes = backtests.list_changes(
                connection, found.id, backtests.ChangeFilter(), limit=1_000, after=after
            )
        for change in changes:
            context.emit({"change": change})
        if not changes:
            return
        after = changes[-1].number


def _say_head(context: CliContext, found: Backtest) -> None:
    since = "the first event" if found.since is None else f"{found.since:%Y-%m-%d %H:%M}"
    until = "the last event" if found.until is None else f"{found.until:%Y-%m-%d %H:%M}"
    context.say(
        f"back-test {found.id}: pack {found.version[:12]} beside {found.base_version[:12]},"
        f" from {since} to {until}"
    )
    if found.figures is None:
        state = f"{found.state}: {found.problem}" if found.problem else str(found.state)
        context.say(f"{state}; {found.events_done:,} of about {found.events:,} events read")


def _say_summary(context: CliContext, figures: BacktestFigures) -> None:
    context.say(
        f"{counted(figures.events, 'event')}; subjects that are hit:"
        f" {figures.subjects_before:,} before, {figures.subjects_after:,} after"
    )
    new, lost = figures.new, figures.lost
    context.say(
        f"\nnewly hit      {new.subjects:>9,}   of these people had judged {new.harmless:,}"
        f" harmless and {new.violation:,} a violation; {new.unjudged:,} nobody"
    )
    context.say(
        f"no longer hit  {lost.subjects:>9,}   of these people had judged {lost.violation:,}"
        f" a violation (would be missed) and {lost.harmless:,} harmless"
    )
    context.say(f"otherwise      {figures.other:>9,}   another clause, outcome or priority")
    if figures.reads_labels:
        context.say("\nnote: rules ask for labels; here nobody has any")


def _say_rules(context: CliContext, figures: BacktestFigures, top: int) -> None:
    if not figures.rules[:top]:
        return
    context.say()
    context.table(
        ("rule", "hits before", "after", "newly hit", "harmless", "no longer", "missed", "other"),
        (
            (
                rule.rule,
                f"{rule.hits_before:,}",
                f"{rule.hits_after:,}",
                f"{rule.new.subjects:,}",
                f"{rule.new.harmless:,}",
                f"{rule.lost.subjects:,}",
                f"{rule.lost.violation:,}",
                f"{rule.other:,}",
            )
            for rule in figures.rules[:top]
        ),
    )


def _say_accounts(context: CliContext, figures: BacktestFigures, top: int) -> None:
    if not figures.accounts[:top]:
        return
    context.say()
    context.table(
        ("account", "newly hit", "no longer", "other"),
        (
            (one.account, f"{one.new:,}", f"{one.lost:,}", f"{one.other:,}")
            for one in figures.accounts[:top]
        ),
    )
    if figures.n_accounts > top:
        context.say(f"and {counted(figures.n_accounts - top, 'more account')}")


def _say_samples(
    context: CliContext,
    store: Store,
    found: Backtest,
    samples: int,
    top: int,
    *,
    show_text: bool,
) -> None:
    from tocsin.store import backtests

    if found.figures is None or not samples:
        return
    for rule in found.figures.rules[:top]:
        where = backtests.ChangeFilter(rule=rule.rule)
        with store.read() as connection:
            changes = backtests.list_changes(connection, found.id, where, limit=samples)
        if not changes:
            continue
        context.say(f"\n{rule.rule}, samples drawn by hash:")
        for change in changes:
            context.say(_line(change))
            if show_text:
                context.say(f"      {_text_of(store, change)}")


def _line(change: Change) -> str:
    before, after = _treated(change.before), _treated(change.after)
    judged = f"  judged {change.verdict}" if change.verdict else ""
    return (
        f"  #{change.number} {change.subject} (event {change.event}): {before} -> {after}{judged}"
    )


def _treated(treatment: Treatment | None) -> str:
    if treatment is None:
        return "nothing"
    return f"{treatment.outcome} under {treatment.clause} ({treatment.priority})"


def _text_of(store: Store, change: Change) -> str:
    from tocsin.features import parts_of
    from tocsin.records import Event
    from tocsin.store import events_at

    lines = events_at(store, change.position) or []
    line = lines[change.ordinal] if change.ordinal < len(lines) else b""
    if not line:
        return "(erased)"
    texts: Iterable[str] = (part.text for part in parts_of(msgspec.json.decode(line, type=Event)))
    return " / ".join(" ".join(text.split()) for text in texts) or "(no text)"
