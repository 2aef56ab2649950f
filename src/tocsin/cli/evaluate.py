"""`tocsin eval`: how good the models are on what they have not seen.

Comes in: labelled events. Goes out: the table that must be shown together; with `--json` the
figures as one JSON object; files with `--save` and `--html`. Always holds: accounts that the model
was trained on are refused (exit status 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.judgedhere import examples_of_store
from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.cli.textmodels import model_option, open_evaluated
from tocsin.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from tocsin.evaluation import Evaluation, Example, Progress

__all__ = ["command"]

SPLITS = ("held-out", "all")


@click.group(name="eval")
def command() -> None:
    """Measure models on labelled data that they have not seen."""


@command.command(name="text")
@click.argument(
    "data",
    nargs=-1,
    type=click.Path(path_type=Path),
    metavar="[DATA…]",
)
@click.option(
    "--compare",
    type=click.Choice(["naive"]),
    help="Train and measure this baseline in the same run (needs the extra `train`).",
)
@click.option(
    "--codes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What people said of single posts: lines of event id, tab, code.",
)
@click.option("--verdicts", is_flag=True, help="Measure on this store's own verdicts too.")
@click.option(
    "--split",
    type=click.Choice(SPLITS),
    default="held-out",
    show_default=True,
    help="Accounts kept from training, or everything (refused where it was trained on).",
)
@click.option(
    "--without-surface/--as-written-only",
    default=True,
    show_default=True,
    help="Measure also with hashtags, links, mentions and RT removed.",
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the figures into this JSON file too.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page with the table, curves and the worst errors by id into this file.",
)
@model_option
@shared_options
def text(
    context: CliContext,
    *,
    data: tuple[Path, ...],
    compare: str | None,
    codes: Path | None,
    verdicts: bool,
    split: str,
    without_surface: bool,
    save: Path | None,
    html: Path | None,
    model: Path | None,
) -> None:
    """Print what the text models find and what they flag wrongly, always together.

    DATA are folders or files of events with a `label`; the label never reaches a model. Accounts
    are held out by a fixed rule that training shares, and an evaluation on accounts that the
    model was trained on is refused (exit status 4). Shares come with 95 % intervals; a `*` says
    that there are too few negatives to see such a share.

    Codes are a stance letter (S support, s leaning, N report, C condemnation, M mockery,
    Q quotation, K question, F fiction or game, O other) and flags (i incitement, t threat,
    h hyperbole): `S`, `Ct`, `Oh`. With --verdicts the posts that people judged here are data too,
    as `tocsin train --verdicts` reads them.

    \b
    Examples:
      tocsin eval text data/ --compare naive
      tocsin eval text data/ --compare naive --html eval.html --save eval.json
      tocsin eval text judged.jsonl --split all --json | jq '.flagged[] | {group, cells}'
      tocsin eval text data/ --codes codes.tsv --model my-model/
      tocsin eval text --verdicts --model my-model/
    """
    from tocsin.evaluation import Options, Split, evaluate  # not needed for --help

    if not (data or verdicts):
        raise InputError(
            "there is nothing to measure on", hint="name folders of labelled events, or --verdicts"
        )
    of_store = examples_of_store(context) if verdicts else []
    opened = open_evaluated(model)  # first, for a wrong folder should not cost a reading
    with _shown(context) as progress:
        examples = of_store + _examples(data, codes, progress)
        found = evaluate(
            examples,
            opened,
            Options(
                split=Split(split),
                with_naive=compare == "naive",
                without_surface=without_surface,
            ),
            progress,
        )
    _write(found, save, html)
    if context.json:
        context.emit(found)
    _print(context, found)


def _examples(data: tuple[Path, ...], codes: Path | None, progress: Progress) -> list[Example]:
    from tocsin.clock import SystemClock
    from tocsin.evaluation import find_files, read_codes, read_sets

    files = find_files(data)
    progress.begin("reading", len(files))
    return read_sets(
        files,
        now=SystemClock().now(),
        codes=None if codes is None else read_codes(codes),
        on_file=lambda _: progress.advance(1),
    )


def _write(found: Evaluation, save: Path | None, html: Path | None) -> None:
    if save is not None:
        import msgspec

        save.parent.mkdir(parents=True, exist_ok=True)
        save.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    if html is not None:
        from tocsin.evaluation.page import render

        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render(found), encoding="utf-8")


def _print(context: CliContext, found: Evaluation) -> None:
    from tocsin.evaluation import tables

    sets = ", ".join(f"{name} {n:,}" for name, n in found.sets.items())
    context.say(f"model {found.version}: {counted(found.n_evaluated, 'post')} ({sets})")
    context.say(f"split: {found.split}; kept for training: {counted(found.n_training, 'post')}")
    for table in tables(found):
        context.say(f"\n{table.title}")
        if table.note:
            context.say(table.note)
        context.table(table.headings, table.rows)
    context.say()
    for note in found.notes:
        context.say(f"- {note}")


class _Bars:
    """A bar for each step, on standard error."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("starting", total=None, note="")

    def begin(self, step: str, total: int | None) -> None:
        """A step begins: the one before is done."""
        self._bars.remove_task(self._task)
        self._task = self._bars.add_task(step, total=total, note="")

    def advance(self, n: int) -> None:
        """So many more are done."""
        self._bars.advance(self._task, n)


@contextmanager
def _shown(context: CliContext) -> Iterator[Progress]:
    with context.progress() as bars:
        yield _Bars(bars)
