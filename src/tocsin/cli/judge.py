"""`tocsin judge`: what a language model says of posts under one clause, or of open cases.

Comes in: events as JSON lines on standard input and a clause; or `--cases`. Goes out: one JSON line
for each post, in order; with `--cases` opinions in the log. Always holds: nothing is decided, and
without `--cases` nothing stored; a post about which the model has no opinion is said to be so, with
the reason; a line that cannot be read is named without its content, stops nothing, and makes the
exit status 2; if there was no opinion about any post, the exit status is 3.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.errors import InputError, OutsideServiceError

if TYPE_CHECKING:
    from tocsin.nlp import PostText
    from tocsin.nlp.adapters.judge import OpenAICompatJudge
    from tocsin.nlp.adapters.protocols import ClauseText, Opinion

__all__ = ["command"]

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="judge")
@click.option("--clause", metavar="ID", help="Clause of the policy in force.")
@click.option("--policy", type=FILE, help="File with the words of a clause, instead.")
@click.option(
    "--cases",
    "about_cases",
    is_flag=True,
    help="Ask about the open cases instead (of --clause, or all) and move them in the queue.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="With --cases: at most so many, the first of the queue.",
)
@click.option(
    "--again", is_flag=True, help="With --cases: also those that it had no opinion on before."
)
@click.option("--url", help="Address of the model, up to /v1. [setting: judge_url]")
@click.option("--model", help="Its name there. [setting: judge_model]")
@click.option(
    "--style",
    type=click.Choice(["safeguard", "cope", "generic"]),
    help="How it is asked. [setting: generic]",
)
@click.option("--key-file", type=FILE, help="File with the key of the model's server.")
@shared_options
def command(
    context: CliContext,
    *,
    clause: str | None,
    policy: Path | None,
    about_cases: bool,
    limit: int,
    again: bool,
    url: str | None,
    model: str | None,
    style: str | None,
    key_file: Path | None,
) -> None:
    """Ask a language model whether posts breach a clause; decide nothing.

    Reads events, one JSON object per line, on standard input and writes for each post the model's
    opinion under the id of the event: label, score, the place in the queue that it suggests, and a
    rationale for the reviewer. `abstained` means that there is no opinion, which is not "safe".
    The posts go to the model's server and nowhere else: this machine, or one that the setting
    `judge_hosts` names. At most `judge_calls_per_minute` questions are asked per minute; the
    command waits in between.

    With `--cases` it is asked about the open cases that it was not asked about before, each under
    its own clause. The opinion is written to the log, shown with the case as a model's words, and
    moves the case in the queue by at most 50 of 1,000. Nothing else reads it.

    \b
    Examples:
      tocsin judge --cases --limit 200
      tocsin judge --clause terror.support --url http://127.0.0.1:8080/v1 \\
          --model gpt-oss-safeguard-20b --style safeguard < events.jsonl
      tocsin judge --policy clause.md < events.jsonl | jq -c 'select(.queue_priority > 0.8) | .id'
    """
    from tocsin.clock import SystemClock  # HTTP is not needed for --help
    from tocsin.nlp.adapters.build import build_judge
    from tocsin.pipeline.judging import judge_settings

    given = {"judge_url": url, "judge_model": model, "judge_style": style}
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = judge_settings(msgspec.structs.replace(context.settings, **chosen))
    settings = msgspec.structs.replace(settings, waits_for_budget=True)
    key = _text_of(key_file) if key_file else ""
    if about_cases:
        if policy is not None:
            raise InputError("a case is judged under its own clause", hint="leave --policy out")
        from tocsin.cli.judgecases import judge_cases

        judge_cases(context, settings, key=key, clause=clause, limit=limit, again=again)
        return
    words = _clause(context, clause, policy)
    with build_judge(settings, SystemClock(), api_key=key) as judge:
        told = _Told(judge, words)
        told.run(settings.max_concurrent)
    told.finish()


class _Told:
    """The opinions as they come, and what is to be said at the end."""

    def __init__(self, judge: OpenAICompatJudge, clause: ClauseText) -> None:
        self._judge = judge
        self._clause = clause
        self._n_posts = self._n_bad = 0
        self._reasons: Counter[str] = Counter()

    def run(self, at_once: int) -> None:
        """Ask about each post, some at once; write the opinions in the order of the posts."""
        with ThreadPoolExecutor(at_once) as pool:
            for group in _groups(self._posts(), at_once):
                for post, opinion in zip(group, pool.map(self._asked, group), strict=True):
                    self._write(post, opinion)

    def finish(self) -> None:
        """Sum up for people, and end with the status that says whose matter it is."""
        for reason, n in self._reasons.most_common():
            click.echo(f"no opinion on {counted(n, 'post')}: {reason}", err=True)
        if self._n_bad:
            click.echo(f"{counted(self._n_bad, 'line')} could not be read", err=True)
            sys.exit(2)
        if self._n_posts and self._reasons.total() == self._n_posts:
            raise OutsideServiceError("the model had no opinion on any post")

    def _asked(self, post: PostText) -> Opinion:
        from tocsin.pipeline.judging import judged_text

        return self._judge.judge(self._clause, judged_text(post), language=post.language)

    def _write(self, post: PostText, opinion: Opinion) -> None:
        self._n_posts += 1
        if opinion.abstained:
            self._reasons[opinion.reason] += 1
        answer: dict[str, Any] = {"id": post.id, **msgspec.structs.asdict(opinion)}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()

    def _posts(self) -> Iterator[PostText]:
        """The posts on standard input; lines without one are counted or passed over."""
        from tocsin.clock import SystemClock
        from tocsin.ingest import Line, open_lines
        from tocsin.nlp.posts import SCORING_POLICY, text_of_event
        from tocsin.records import RefusedEvent, decode_event

        now = SystemClock().now()
        with open_lines("-") as reader:
            for line in reader:
                try:
                    if not isinstance(line, Line):
                        raise RefusedEvent(line.reason, line.message)
                    event = decode_event(line.content, now=now, policy=SCORING_POLICY)
                except RefusedEvent as error:
                    click.echo(f"error: line {line.number}: {error.message}", err=True)
                    self._n_bad += 1
                    continue
                post = text_of_event(event)
                if post is not None:
                    yield post


def _groups(posts: Iterator[PostText], size: int) -> Iterator[list[PostText]]:
    group: list[PostText] = []
    for post in posts:
        group.append(post)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _clause(context: CliContext, clause: str | None, policy: Path | None) -> ClauseText:
    from tocsin.nlp.adapters.protocols import ClauseText
    from tocsin.pipeline.judging import clause_in_force

    if (clause is None) == (policy is None):
        raise InputError(
            "the judge needs one clause", hint="give either --clause ID or --policy FILE"
        )
    if policy is not None:
        return ClauseText(policy.stem, _text_of(policy))
    with context.store() as store, store.read() as connection:
        return clause_in_force(connection, str(clause))


def _text_of(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InputError("the file cannot be read as text", where=str(path)) from None
    if not text:
        raise InputError("the file is empty", where=str(path))
    return text
