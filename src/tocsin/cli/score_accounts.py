"""`tocsin score-accounts`: what the text models say of accounts, by their recent posts.

Comes in: accounts with at most ten posts each as JSON lines on standard input. Goes out: one JSON
line for each account, in order. Always holds: as `tocsin score`: stateless, and a line that cannot
be read is named, stops nothing and makes the exit status 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.shared import CliContext, shared_options
from tocsin.cli.textmodels import model_option, open_account_scorer, score_lines

if TYPE_CHECKING:
    from tocsin.nlp import AccountPosts

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
    from tocsin.clock import SystemClock  # the models are not needed for --help
    from tocsin.nlp.posts import account_posts

    del context  # it takes the options that every command has, and needs none
    scorer, now = open_account_scorer(model), SystemClock().now()

    def read(line: bytes) -> AccountPosts | None:
        return account_posts(line, now=now)

    score_lines(read, scorer.score, batch=32, silent="")
