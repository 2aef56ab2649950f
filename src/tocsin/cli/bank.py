"""`tocsin bank`: look at and edit banks.

Comes in: entries, one by one or from a file. Goes out: lists and histories. Every edit is an
entry of the ordered log, and in force at once, also in a server that runs.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from tocsin.cli.shared import CliContext, counted, operator_name, shared_options
from tocsin.errors import InputError, NotFoundError
from tocsin.records import BankEntry, BankKind, Designation, EntryState, entry_id

if TYPE_CHECKING:
    from tocsin.store import Store

__all__ = ["command"]

KINDS = click.Choice([kind.value for kind in BankKind])
STATES = click.Choice([state.value for state in EntryState])


@click.group(name="bank")
def command() -> None:
    """Banks are curated lists: phrases, links, handles, hashes, designated groups, protectees."""


@command.command(name="list")
@click.argument("bank", required=False)
@click.option("--state", type=STATES, help="Only entries in this state.")
@shared_options
def list_banks(context: CliContext, bank: str | None, state: str | None) -> None:
    """List the banks, or the entries of one of them."""
    from tocsin.store import banks  # not needed for --help

    with context.store() as store, store.read() as connection:
        if bank is None:
            summary = [row for row in banks.summary(connection) if state in (None, row[2])]
            if context.json:
                for name, kind, entry_state, n in summary:
                    context.emit({"bank": name, "kind": kind, "state": entry_state, "entries": n})
                return
            context.table(("bank", "kind", "state", "entries"), summary)
            return
        entries = banks.list_entries(connection, bank=bank)
    shown = [entry for entry in entries if state in (None, entry.state)]
    if not entries:
        raise NotFoundError("there is no such bank", where=bank, hint="tocsin bank list")
    if context.json:
        for entry in shown:
            context.emit(entry)
        return
    context.table(
        ("entry", "value", "state", "clause", "severity", "source", "expires"),
        (
            (e.id, e.value, e.state, e.clause or "-", e.severity, e.source, e.expires_at or "-")
            for e in shown
        ),
    )
    context.say(counted(len(shown), "entry", "entries"))


@command.command(name="add")
@click.argument("bank")
@click.argument("value")
@click.option("--kind", type=KINDS, required=True, help="What the value is.")
@click.option("--reason", required=True, help="Why it enters; kept in the log.")
@click.option("--clause", help="The clause that it concerns, for example terror.support.")
@click.option("--severity", type=click.IntRange(1, 5), default=3, show_default=True)
@click.option("--match", type=click.Choice(["word", "substring"]), default="word")
@click.option("--alias", "aliases", multiple=True, help="A further name; may be given again.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Last day, UTC.")
@click.option("--note", help="For those who look at it later.")
@click.option("--list", "list_name", help="Designated group: the list that names it.")
@click.option("--reference", help="Designated group: its reference in that list.")
@click.option("--date", "list_date", type=click.DateTime(["%Y-%m-%d"]), help="… and the date.")
@click.option("--local-reason", help="Designated group without a list: the reason, in full.")
@click.option("--by", help="Who judged it. [the operating system's user]")
@shared_options
def add(  # one parameter for each part of an entry
    context: CliContext,
    *,
    bank: str,
    value: str,
    kind: str,
    reason: str,
    clause: str | None,
    severity: int,
    match: str,
    aliases: tuple[str, ...],
    expires: datetime | None,
    note: str | None,
    list_name: str | None,
    reference: str | None,
    list_date: datetime | None,
    local_reason: str | None,
    by: str | None,
) -> None:
    """Add one entry (or bring a retired one back).

    A designated group needs its list, reference and date, or a reasoned local entry.

    \b
    Examples:
      tocsin bank add slogans "dawn of iron rises" --kind phrase --reason "their slogan"
      tocsin bank add groups "the Iron Dawn" --kind group --reason "named by the court" \\
          --list "National list" --reference "NL-12" --date 2026-01-05
    """
    designation = None
    if list_name or reference or list_date or local_reason:
        designation = Designation(
            list=list_name,
            reference=reference,
            date=_day(list_date),
            local_reason=local_reason,
        )
    who = by or operator_name()
    entry = msgspec.convert(
        {
            "id": entry_id(bank, value),
            "bank": bank,
            "kind": kind,
            "value": value,
            "clause": clause,
            "severity": severity,
            "match": match,
            "source": "local",
            "judged_by": who,
            "note": note,
            "expires_at": None if expires is None else expires.strftime("%Y-%m-%dT23:59:59Z"),
            "aliases": aliases,
            "designation": designation,
        },
        BankEntry,
        from_attributes=True,
    )
    with context.store(create=True) as store:
        _edit(context, store, [entry], by=who, reason=reason)


@command.command(name="set")
@click.argument("entry")
@click.argument("state", type=STATES)
@click.option("--reason", required=True, help="Why; kept in the log.")
@click.option("--by", help="Who decided it. [the operating system's user]")
@shared_options
def set_state(context: CliContext, *, entry: str, state: str, reason: str, by: str | None) -> None:
    """Change the state of an entry: candidate, active, disputed or retired."""
    from tocsin.store import banks  # not needed for --help

    with context.store() as store:
        with store.read() as connection:
            found = banks.get(connection, entry)
        if found is None:
            raise NotFoundError("there is no such entry", where=entry, hint="tocsin bank list BANK")
        changed = msgspec.structs.replace(found, state=EntryState(state))
        _edit(context, store, [changed], by=by or operator_name(), reason=reason)


@command.command(name="history")
@click.argument("entry")
@shared_options
def show_history(context: CliContext, entry: str) -> None:
    """Show what happened to an entry: when, by whom, to which state."""
    from tocsin.store import banks  # not needed for --help

    with context.store() as store, store.read() as connection:
        edits = banks.history(connection, entry)
    if not edits:
        raise NotFoundError("there is no such entry", where=entry, hint="tocsin bank list BANK")
    if context.json:
        for edit in edits:
            context.emit(edit)
        return
    context.table(
        ("when", "by", "state", "log entry"),
        ((f"{e.at:%Y-%m-%d %H:%M:%S}", e.by, e.state, e.position) for e in edits),
    )


@command.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bank", help="Put every entry into this bank, whatever the lines say.")
@click.option("--reason", required=True, help="Why; kept in the log.")
@click.option("--by", help="Who judged them. [the operating system's user]")
@shared_options
def import_file(
    context: CliContext, *, file: Path, bank: str | None, reason: str, by: str | None
) -> None:
    """Add entries from JSON Lines, as `tocsin bank list BANK --json` prints them.

    All or none: a wrong line is named and nothing is added.
    """
    entries = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            raw = msgspec.json.decode(line)
            raw["bank"] = bank or raw.get("bank")
            raw["id"] = entry_id(raw["bank"], raw["value"])
            entries.append(msgspec.convert(raw, BankEntry))
        except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
            raise InputError(
                "this line is no entry: it needs `bank`, `kind` and `value`",
                where=f"{file}:{number}",
            ) from None
    with context.store(create=True) as store:
        _edit(context, store, entries, by=by or operator_name(), reason=reason)


def _edit(
    context: CliContext, store: Store, entries: list[BankEntry], *, by: str, reason: str
) -> None:
    from tocsin.store import banks  # not needed for --help

    with store.write() as transaction:
        written = banks.edit(transaction, entries, by=by, reason=reason)
    n_changed = 0 if written is None else len(written.body["edits"])
    if context.json:
        context.emit({"changed": n_changed, "entries": [entry.id for entry in entries]})
    context.say(
        f"{counted(n_changed, 'entry', 'entries')} changed,"
        f" {len(entries) - n_changed} stood already"
    )


def _day(value: datetime | None) -> date | None:
    return None if value is None else value.date()
