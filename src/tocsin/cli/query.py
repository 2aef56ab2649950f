"""`tocsin query`: ask the archive in SQL, read only.

Comes in: one SELECT over the view `events`. Goes out: a table, or JSON Lines.
"""

from __future__ import annotations

import click

from tocsin.cli.shared import CliContext, counted, shared_options

__all__ = ["command"]


@click.command(name="query")
@click.argument("sql")
@click.option(
    "--limit", type=click.IntRange(1), default=1_000, show_default=True, help="Rows shown."
)
@shared_options
def command(context: CliContext, sql: str, limit: int) -> None:
    """Ask the archive in SQL (DuckDB's), read only.

    One view, `events`: the columns of the wire format (`type`, `"at"`, `actor`, `post`, …) with
    `received_at`, `happened_at` (`"at"`, or the arrival where the platform sent none), `source`,
    `position` and `ordinal`. The SQL reaches no file and no network.

    \b
    Examples:
      tocsin query "select type, count(*) from events group by type"
      tocsin query "select post.lang, count(*) n from events group by 1 order by n desc"
      tocsin query "select date_trunc('day', happened_at) d, count(*) from events group by 1"
    """
    from tocsin.store.query import query_events  # DuckDB is not needed for --help

    with context.store() as store:
        table = query_events(store, sql, max_rows=limit + 1)
    shown = table.slice(0, limit)
    if context.json:
        for row in shown.to_pylist():
            context.emit(row)
    else:
        context.table(table.column_names, (row.values() for row in shown.to_pylist()))
    more = "the first " if table.num_rows > limit else ""
    context.say(f"{more}{counted(shown.num_rows, 'row')}")
