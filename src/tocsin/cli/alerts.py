"""`tocsin alerts`: what a person should know of.

Comes in: ids of alerts that somebody knows of. Goes out: a table, or with `--json` one alert on a
line, newest first.
"""

from __future__ import annotations

import click

from tocsin.cli.shared import CliContext, counted, operator_name, shared_options

__all__ = ["command"]


@click.command(name="alerts")
@click.option("--all", "show_all", is_flag=True, help="Also those that somebody acknowledged.")
@click.option("--acknowledge", "known", multiple=True, metavar="ID", help="Say that you know.")
@click.option("--by", help="Who knows of it. [the operating system's user]")
@shared_options
def command(context: CliContext, *, show_all: bool, known: tuple[str, ...], by: str | None) -> None:
    """List alerts that nobody acknowledged: rules that lost their automation, or wait for it.

    \b
    Examples:
      tocsin alerts
      tocsin alerts --acknowledge alr_0123456789abcdef0123456789abcdef
    """
    from tocsin.store import alerts  # SQLAlchemy is not needed for --help

    with context.store() as store:
        if known:
            with store.write() as transaction:
                for one in known:
                    alerts.acknowledge(transaction, one, by=by or operator_name())
        with store.read() as connection:
            found = alerts.list_alerts(connection, is_open=None if show_all else True)
    if context.json:
        for alert in found:
            context.emit(alert)
        return
    context.table(
        ("id", "since", "kind", "rule", "lang", "action", "why"),
        (
            (
                alert.id,
                f"{alert.at:%Y-%m-%d %H:%M}",
                alert.kind,
                alert.stratum.rule,
                alert.stratum.language,
                alert.stratum.action.value,
                alert.message,
            )
            for alert in found
        ),
    )
    context.say(counted(len(found), "alert"))
