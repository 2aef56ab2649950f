"""`tocsin score`: what the text models say of posts, one by one.

Comes in: events as JSON lines on standard input. Goes out: one JSON line for each post, in order,
as soon as it is scored. Always holds: stateless, nothing is stored; a line that cannot be read
costs one line on standard error, with its number and without its content, and stops nothing; the
exit status then is 2. Events that show no post are counted and skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.shared import CliContext, shared_options
from tocsin.cli.textmodels import model_option, open_scorer, score_lines

if TYPE_CHECKING:
    from tocsin.nlp import PostText

__all__ = ["command"]


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
      echo '{"id": "1", "type": "post.created", "post": {"id": "1", "text": "hello"}}' |
        tocsin score
    """
    from tocsin.clock import SystemClock  # the models are not needed for --help
    from tocsin.nlp.posts import SCORING_POLICY, text_of_event
    from tocsin.records import decode_event

    del context  # it takes the options that every command has, and needs none
    scorer, now = open_scorer(model), SystemClock().now()

    def read(line: bytes) -> PostText | None:
        return text_of_event(decode_event(line, now=now, policy=SCORING_POLICY))

    score_lines(read, scorer.score, batch=256, silent="without a post: not scored")
