"""What the commands about text models share: where a model comes from, and how lines are scored.

Comes in: `--model`; lines of standard input. Goes out: scorers, and what they were trained on; a
line of JSON for each that was scored. Always holds: without the option the weights that ship are
used; a line that cannot be read is named by its number, without its content, and stops nothing; a
folder without its list of what it was trained on is no model that could be evaluated.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tocsin.cli.shared import counted
from tocsin.errors import InputError

if TYPE_CHECKING:
    from tocsin.evaluation import Evaluated
    from tocsin.ingest import Item
    from tocsin.nlp import AccountScorer, PostScorer
    from tocsin.records import RefusedEvent

__all__ = [
    "model_option",
    "open_account_scorer",
    "open_evaluated",
    "open_scorer",
    "score_lines",
]

Read = TypeVar("Read")

_CARD: Final = "card.json"


def model_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option `--model`."""
    return click.option(
        "--model",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder of a model that `tocsin train` wrote. [the weights that ship]",
    )(function)


def open_scorer(folder: Path | None) -> PostScorer:
    """The scorer of posts."""
    from tocsin.nlp import starter  # the models are not needed for --help

    return starter.load_scorer(folder)


def open_account_scorer(folder: Path | None) -> AccountScorer:
    """The scorer of accounts."""
    from tocsin.nlp import starter

    return starter.load_account_scorer(folder)


def open_evaluated(folder: Path | None) -> Evaluated:
    """Both scorers, with what they were trained on.

    Raises:
        InputError: the folder holds no list of what was trained on.
    """
    from tocsin.evaluation import Evaluated
    from tocsin.nlp import starter
    from tocsin.nlp.trained import TRAINED_ON_FILE, TrainedOn

    found = folder or starter.starter_folder()
    return Evaluated(
        posts=open_scorer(folder),
        accounts=open_account_scorer(folder),
        trained_on=TrainedOn.read(found / TRAINED_ON_FILE),
        known_sets=_known_sets(found / _CARD),
    )


def score_lines(
    read: Callable[[bytes], Read | None],
    score: Callable[[Sequence[Read]], Sequence[Any]],
    *,
    batch: int,
    silent: str,
) -> None:
    """Score what stands on the lines of standard input, as it comes, and write a line for each.

    `read` gives None for what is to be skipped and counted; `silent` says what that is. Ends the
    program with status 2 where a line could not be read.
    """
    import msgspec

    from tocsin.ingest import open_lines
    from tocsin.records import RefusedEvent

    encoder, n_bad, n_silent = msgspec.json.Encoder(), 0, 0
    with open_lines("-") as reader:
        for items in reader.groups():
            found: list[Read] = []
            for number, content in _lines(items):
                try:
                    if isinstance(content, RefusedEvent):
                        raise content
                    one = read(content)
                except RefusedEvent as error:
                    click.echo(f"error: line {number}: {error.message}", err=True)
                    n_bad += 1
                    continue
                if one is None:
                    n_silent += 1
                else:
                    found.append(one)
            for start in range(0, len(found), batch):
                lines = encoder.encode_lines(score(found[start : start + batch]))
                sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
    if n_silent:
        click.echo(f"{counted(n_silent, 'event')} {silent}", err=True)
    if n_bad:
        click.echo(f"{counted(n_bad, 'line')} could not be read", err=True)
        sys.exit(2)


def _lines(items: Iterable[Item]) -> Iterator[tuple[int, bytes | RefusedEvent]]:
    """The number of each line with its content, or why there is none."""
    from tocsin.ingest import Block, Line, RefusedLine
    from tocsin.records import RefusedEvent

    for item in items:
        if isinstance(item, Block):
            for line in item.lines():
                yield line.number, line.content
        elif isinstance(item, Line):
            yield item.number, item.content
        elif isinstance(item, RefusedLine):
            yield item.number, RefusedEvent(item.reason, item.message)


def _known_sets(card: Path) -> tuple[str, ...]:
    """The names under which the sets of the card were trained on."""
    try:
        given = json.loads(card.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            "the card of the model cannot be read",
            where=str(card),
            hint="name the folder of a model, as `tocsin train` writes it",
        ) from None
    data = given.get("data", {}) if isinstance(given, dict) else {}
    return tuple(data.get("sets", {}))
