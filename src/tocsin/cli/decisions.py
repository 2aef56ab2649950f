"""`tocsin decisions`: list decisions.

Comes in: filters. Goes out: a table, or with `--json` each decision's canonical JSON on a line,
oldest first.
"""

from __future__ import annotations

import click

from tocsin.cli.shared import CliContext, counted, shared_options

__all__ = ["command"]


@click.command(name="decisions")
@click.option("--clause", help="Only those under this clause, for example terror.support.")
@click.option("--outcome", help="Only those with this outcome, for example review.")
@click.option("--language", help="Only those about text in this language, for example ar.")
@click.option("--rule", help="Only those for which this rule hit.")
@click.option("--actor", help="Only those about this account.")
@click.option("--event", help="Only those that this event triggered.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Table rows.")
@shared_options
def command(
    context: CliContext,
    *,
    clause: str | None,
    outcome: str | None,
    language: str | None,
    rule: str | None,
    actor: str | None,
    event: str | None,
    limit: int,
) -> None:
    """List decisions: the newest as a table, or all of them as JSON Lines.

    \b
    Examples:
      tocsin decisions --clause terror.support --limit 20
      tocsin decisions --json > decisions.jsonl
      tocsin explain $(tocsin decisions --json | head -1 | jq -r .id)
    """
    from tocsin.store import decisions  # SQLAlchemy is not needed for --help

    where = decisions.DecisionFilter(
        clause=clause, outcome=outcome, language=language, rule=rule, actor=actor, event=event
    )
    with context.store() as store, store.read() as connection:
        if context.json:
            for line in decisions.stream_json(connection, where):
                context.emit_raw(line)
            return
        rows = decisions.list_rows(connection, where, limit=limit)
        n_all = decisions.count(connection, where)
    context.table(
        ("decision", "subject", "clause", "outcome", "lang", "priority", "rules"),
        (
            (
                row.id,
                f"{row.subject_kind}:{row.subject_id}",
                row.clause,
                row.outcome,
                row.language,
                row.priority,
                ", ".join(row.rules),
            )
            for row in rows
        ),
    )
    context.say(f"{len(rows)} of {counted(n_all, 'decision')}, newest first")
