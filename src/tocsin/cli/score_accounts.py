"""`tocsin score-accounts`: what the text models say of accounts, by their recent posts.

Comes in: accounts with at most ten posts each as JSON lines on standard input. Goes out: one JSON
line for each account, in order. Always holds: as `tocsin score`: stateless, and a line that cannot
be read is named, stops nothing and makes the exit status 2.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.cli.textmodels import model_option, open_account_scorer

__all__ = ["command"]


@click.command(name="score-accounts")
@model_option
@shared_options
def command(context: CliContext, *, model: Path | None) -> None:
    """Score accounts for support by at most ten of their posts; store nothing.

    Reads `{"id": …, "posts": [ … ]}`, one account per line, on standard input; its posts are
    `post` objects of the wire format or whole events, newest last. Writes the score, whether a
    person should look (`flag`), and the ids of the posts that carry it. Of more than ten posts
    the last ten count. Nobody is suspended for a score: it opens a case.

    A line that cannot be read is named on standard error and skipped; the exit status then is 2.

    \b
    Examples:
      tocsin score-accounts < accounts.jsonl > scores.jsonl
      jq -sc 'group_by(.actor.id)[] | {id: .[0].actor.id, posts: .[-10:]}' week.jsonl |
        tocsin score-accounts | jq -c 'select(.flag)'
    """
    from msgspec import json  # the models are not needed for --help

    from tocsin.clock import SystemClock
    from tocsin.ingest import Line, open_lines
    from tocsin.nlp.posts import account_posts
    from tocsin.records import RefusedEvent

    del context  # it takes the options that every command has, and needs none
    scorer, now, n_bad = open_account_scorer(model), SystemClock().now(), 0
    with open_lines("-") as reader:
        for line in reader:
            try:
                if not isinstance(line, Line):
                    raise RefusedEvent(line.reason, line.message)
                account = account_posts(line.content, now=now)
            except RefusedEvent as error:
                click.echo(f"error: line {line.number}: {error.message}", err=True)
                n_bad += 1
                continue
            sys.stdout.buffer.write(json.encode(scorer.score([account])[0]) + b"\n")
            sys.stdout.buffer.flush()
    if n_bad:
        click.echo(f"{counted(n_bad, 'line')} could not be read", err=True)
        sys.exit(2)
