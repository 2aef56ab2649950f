"""`tocsin score`: what the text models say of posts, one by one.

Comes in: events as JSON lines on standard input. Goes out: one JSON line for each post, in order,
as soon as it is scored. Always holds: stateless, nothing is stored; a line that cannot be read
costs one line on standard error, with its number and without its content, and stops nothing; the
exit status then is 2. Events that show no post are counted and skipped.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.cli.textmodels import model_option, open_scorer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tocsin.ingest import Item, Line, RefusedLine
    from tocsin.nlp import PostScorer, PostText

__all__ = ["command"]

_BATCH = 256


@click.command(name="score")
@model_option
@shared_options
def command(context: CliContext, *, model: Path | None) -> None:
    """Score posts for support, incitement and threat; store nothing.

    Reads events, one JSON object per line, on standard input and writes for each post its
    probabilities, the role in which words are said, spans, and whether a person should look
    (`flag`), under the id of the event. `abstained` means that the models have no opinion, which
    is not "safe". Spans count characters of the post's text; where a post has a title, the title
    follows its text after one line break. Decides nothing: rules and people do.

    A line that cannot be read is named on standard error and skipped; the exit status then is 2.

    \b
    Examples:
      tocsin score < events.jsonl > scores.jsonl
      zcat week.jsonl.gz | tocsin score | jq -c 'select(.flag) | {id, role, scores}'
      echo '{"id": "1", "type": "post.created",
             "post": {"id": "1", "text": "hello"}}' | tr -d '\\n' | tocsin score
    """
    from tocsin.clock import SystemClock  # the models are not needed for --help
    from tocsin.ingest import open_lines

    del context  # it takes the options that every command has, and needs none
    scorer, now = open_scorer(model), SystemClock().now()
    n_bad = n_silent = 0
    with open_lines("-") as reader:
        for items in reader.groups():
            posts, bad, silent = _read(items, now)
            n_bad, n_silent = n_bad + bad, n_silent + silent
            _write(scorer, posts)
    if n_silent:
        click.echo(f"{counted(n_silent, 'event')} without a post: not scored", err=True)
    if n_bad:
        click.echo(f"{counted(n_bad, 'line')} could not be read", err=True)
        sys.exit(2)


def _read(items: Iterable[Item], now: datetime) -> tuple[list[PostText], int, int]:
    """The posts of some lines; how many lines are no events, and how many show no post."""
    from tocsin.nlp.posts import SCORING_POLICY, text_of_event
    from tocsin.records import RefusedEvent, decode_event

    posts: list[PostText] = []
    n_bad = n_silent = 0
    for line in _lines(items):
        try:
            post = text_of_event(decode_event(_content(line), now=now, policy=SCORING_POLICY))
        except RefusedEvent as error:
            click.echo(f"error: line {line.number}: {error.message}", err=True)
            n_bad += 1
            continue
        if post is None:
            n_silent += 1
        else:
            posts.append(post)
    return posts, n_bad, n_silent


def _lines(items: Iterable[Item]) -> Iterable[Line | RefusedLine]:
    from tocsin.ingest import Block, Line, RefusedLine

    for item in items:
        if isinstance(item, Block):
            yield from item.lines()
        elif isinstance(item, Line | RefusedLine):
            yield item


def _content(line: Line | RefusedLine) -> bytes:
    from tocsin.ingest import Line
    from tocsin.records import RefusedEvent

    if isinstance(line, Line):
        return line.content
    raise RefusedEvent(line.reason, line.message)


def _write(scorer: PostScorer, posts: list[PostText]) -> None:
    import msgspec

    encoder = msgspec.json.Encoder()
    for start in range(0, len(posts), _BATCH):
        found = scorer.score(posts[start : start + _BATCH])
        sys.stdout.buffer.write(encoder.encode_lines(found))
    sys.stdout.buffer.flush()
