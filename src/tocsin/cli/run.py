"""`tocsin run`: judge events from files or standard input.

Comes in: files (plain, .gz, .zst) or `-`. Goes out: decisions in the store, and a summary by
clause and outcome; with `--json` the summary is the last line of standard output.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.errors import InputError

if TYPE_CHECKING:
    from tocsin.pipeline import RunSummary

__all__ = ["command"]

FORMATS = ("tocsin", "twitter", "mastodon", "jetstream")


@click.command(name="run")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(allow_dash=True),  # what the shell completes
    metavar="FILE… | -",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="tocsin",
    show_default=True,
    help="What the lines are.",
)
@click.option("--batch", type=click.IntRange(1, 65_536), help="Events per batch. [setting: 256]")
@click.option(
    "--media-root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder in which events may name media files by relative paths; they are kept.",
)
@shared_options
def command(
    context: CliContext,
    files: tuple[str, ...],
    format_name: str,
    batch: int | None,
    media_root: Path | None,
) -> None:
    """Judge events, one JSON object per line, and store what was decided.

    Safe to interrupt at any moment and to repeat: an event is judged once, by its id. Refused
    lines do not stop the rest; see `tocsin deadletters list`.

    \b
    Examples:
      tocsin run --db sqlite:///x.db events.jsonl.gz
      tail -F log.jsonl | tocsin run -
      tocsin run --format mastodon statuses.jsonl --json | tail -1
    """
    from tocsin.pipeline import run_files  # the engine is not needed for --help

    missing = [name for name in files if name != "-" and not _is_readable(Path(name))]
    if missing:
        raise InputError(
            "there is no such file", where=missing[0], hint="a path, or - for standard input"
        )
    with context.store(create=True) as store, context.progress() as progress:
        n_bytes = sum(Path(name).stat().st_size for name in files if name != "-")
        task = progress.add_task("judging", total=n_bytes or None, note="")

        def show(done_bytes: int, summary: RunSummary) -> None:
            note = (
                f"{counted(summary.events, 'event')},"
                f" {counted(summary.new_decisions, 'new decision')}"
            )
            progress.update(task, completed=done_bytes, note=note)

        summary = run_files(
            store,
            files,
            format_name=format_name,
            max_events=batch,
            media_root=media_root,
            on_progress=show,
        )
    if context.json:
        context.emit(summary)
    _print(context, summary)


def _is_readable(path: Path) -> bool:
    """Files, and pipes that stand in for one: `<(zcat events.gz)`."""
    return path.exists() and not path.is_dir()


def _print(context: CliContext, summary: RunSummary) -> None:
    context.say(
        f"{counted(summary.events, 'event')} in {summary.seconds:.1f} s:"
        f" {summary.accepted:,} accepted, {summary.duplicates:,} known already,"
        f" {summary.dead_letters:,} refused"
    )
    context.say(
        f"{counted(summary.decisions, 'decision')} about them,"
        f" {summary.new_decisions:,} of them new"
    )
    for title, counts in (("clause", summary.by_clause), ("outcome", summary.by_outcome)):
        if counts:
            context.say()
            ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            context.table((title, "decisions"), ordered)
    if summary.dead_letters:
        context.say("\nsee why lines were refused: tocsin deadletters list")
