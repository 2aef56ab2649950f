"""`tocsin label`: look at and change labels of accounts and handles.

Comes in: an account or handle, and the name of a label. Goes out: labels as they stand, and their
history. Every change is an entry of the ordered log, and in force at once, also in a server that
runs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.shared import CliContext, counted, operator_name, shared_options
from tocsin.errors import InputError
from tocsin.records import LabelHolder
from tocsin.review import LabelWish, change_label, label_key

if TYPE_CHECKING:
    from tocsin.store.labels import HistoryRow, LabelRow

__all__ = ["command"]

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MAX_DIGITS = 6


@click.group(name="label")
def command() -> None:
    """Labels are what Tocsin remembers of an account or a handle; rules read and set them.

    A person's word stands above the rules' until it ends or is withdrawn. The policy in force
    declares the names. On the platform a label does nothing: that is the action `label`.
    """


def _label_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What all changes share."""
    for option in (
        click.option("--by", help="Who says so. [the operating system's user]"),
        click.option("--reason", required=True, help="Why; people read it beside the label."),
        click.option("--handle", "is_handle", is_flag=True, help="ACCOUNT is a handle."),
        click.argument("name"),
        click.argument("account"),
    ):
        function = option(function)
    return function


_FOR = click.option("--for", "length", metavar="LENGTH", help="Such as 12h, 30d, 8w. [no end]")


@command.command(name="add")
@_label_options
@_FOR
@shared_options
def add(
    context: CliContext,
    *,
    account: str,
    name: str,
    is_handle: bool,
    reason: str,
    by: str | None,
    length: str | None,
) -> None:
    """Put a label on an account: on it stays, whatever rules say.

    \b
    Examples:
      tocsin label add a41 watched --for 30d --reason "announced a new account"
      tocsin label add iron_dawn_news watched --handle --reason "the name of a closed channel"
    """
    wish = LabelWish(
        key=account,
        name=name,
        to="added",
        holder=_holder(is_handle=is_handle),
        reason=reason,
        lasts=_length(length),
    )
    _change(context, wish, by)


@command.command(name="remove")
@_label_options
@_FOR
@shared_options
def remove(
    context: CliContext,
    *,
    account: str,
    name: str,
    is_handle: bool,
    reason: str,
    by: str | None,
    length: str | None,
) -> None:
    """Take a label off an account: off it stays, whatever rules say.

    \b
    Examples:
      tocsin label remove a41 watched --reason "a journalist, see the case"
      tocsin label remove a41 watched --for 8w --reason "while the appeal runs"
    """
    wish = LabelWish(
        key=account,
        name=name,
        to="removed",
        holder=_holder(is_handle=is_handle),
        reason=reason,
        lasts=_length(length),
    )
    _change(context, wish, by)


@command.command(name="withdraw")
@_label_options
@shared_options
def withdraw(
    context: CliContext, *, account: str, name: str, is_handle: bool, reason: str, by: str | None
) -> None:
    """Take back what a person said of a label: from now on, rules count again.

    \b
    Examples:
      tocsin label withdraw a41 watched --reason "the matter is closed"
    """
    wish = LabelWish(
        key=account,
        name=name,
        to="withdrawn",
        holder=_holder(is_handle=is_handle),
        reason=reason,
    )
    _change(context, wish, by)


@command.command(name="list")
@click.argument("account", required=False)
@click.option("--handle", "is_handle", is_flag=True, help="ACCOUNT is a handle.")
@click.option("--name", help="Only this label.")
@click.option("--history", "with_history", is_flag=True, help="What was ever said, newest first.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@shared_options
def list_labels(
    context: CliContext,
    *,
    account: str | None,
    is_handle: bool,
    name: str | None,
    with_history: bool,
    limit: int,
) -> None:
    """List the labels that stand, or those of one account.

    \b
    Examples:
      tocsin label list --name watched
      tocsin label list a41 --history
    """
    from tocsin.store import labels  # not needed for --help

    holder = _holder(is_handle=is_handle)
    if with_history and account is None:
        raise InputError("the history is that of one account", hint="name the account")
    with context.store() as store, store.read() as connection:
        now = store.clock.now()
        if account is None:
            only = holder if is_handle else None
            rows = labels.list_rows(connection, now=now, name=name, holder=only, limit=limit)
        else:
            key = label_key(holder, account)
            if with_history:
                _show_history(context, labels.history(connection, holder, key, limit=limit), name)
                return
            rows = labels.of_holder(connection, holder, key, now=now)
    _show(context, [row for row in rows if name in (None, row.name)])


def _change(context: CliContext, wish: LabelWish, by: str | None) -> None:
    from tocsin.pipeline import load_policy  # not needed for --help

    with context.store() as store:
        with store.read() as connection:
            declared = load_policy(connection).labels
        row = change_label(store, declared, wish, by=by or f"cli:{operator_name()}")
    if context.json:
        context.emit({"label": wish.name, "change": wish.to, "stands": row})
    on = row is not None and row.is_on
    context.say(f"`{wish.name}` is {'on' if on else 'off'} for the {wish.holder} {wish.key}")


def _holder(*, is_handle: bool) -> LabelHolder:
    return LabelHolder.HANDLE if is_handle else LabelHolder.ACCOUNT


def _length(text: str | None) -> timedelta | None:
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    is_number = number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS
    if unit not in _UNITS or not is_number:
        raise InputError(
            "this is no length of time", where="--for", hint="a number and m, h, d or w: 30d"
        )
    return timedelta(**{_UNITS[unit]: int(number)})


def _show(context: CliContext, rows: list[LabelRow]) -> None:
    if context.json:
        for row in rows:
            context.emit(row)
        return
    context.table(
        ("label", "of", "stands", "said by", "since", "until", "reason"),
        (
            (
                row.name,
                f"{row.holder} {row.key}",
                "on" if row.is_on else "off",
                f"{row.source} {row.by}",
                f"{row.since:%Y-%m-%d %H:%M}",
                _day(row.expires_at),
                row.reason or "-",
            )
            for row in rows
        ),
    )
    context.say(counted(len(rows), "label"))


def _show_history(context: CliContext, found: list[HistoryRow], name: str | None) -> None:
    rows = [row for row in found if name in (None, row.name)]
    if context.json:
        for row in rows:
            context.emit(row)
        return
    context.table(
        ("when", "label", "change", "said by", "until", "reason", "log entry"),
        (
            (
                f"{row.at:%Y-%m-%d %H:%M:%S}",
                row.name,
                row.change,
                f"{row.source} {row.by}",
                _day(row.expires_at),
                row.reason or "-",
                row.position,
            )
            for row in rows
        ),
    )


def _day(value: datetime | None) -> str:
    return "no end" if value is None else f"{value:%Y-%m-%d %H:%M}"
