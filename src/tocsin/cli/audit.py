"""`tocsin audit`: verify the log, and write anchors of it.

Comes in: the store and a file of anchors. Goes out: findings, and what could not be proved; exit
status 4 if anything was found.
"""

from __future__ import annotations

from pathlib import Path

import click

from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.errors import CheckFailedError

__all__ = ["command"]


@click.group(name="audit")
def command() -> None:
    """Verify the ordered log, and write signed anchors of it.

    An anchor is a signed line that says where the log stood. Copy the file of anchors to a
    place that the database's holder cannot write to: then rewriting the past is found too.
    """


@command.command(name="verify")
@click.option(
    "--anchor",
    "anchor_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of anchors to hold the log against.",
)
@click.option(
    "--public-key",
    metavar="HEX",
    help="The anchors' key as `tocsin init` printed it; without it the file's own is believed.",
)
@shared_options
def verify_log(context: CliContext, *, anchor_file: Path | None, public_key: str | None) -> None:
    """Check chains, content, derived tables and anchors.

    \b
    Examples:
      tocsin audit verify
      tocsin audit verify --anchor /mnt/elsewhere/anchors.jsonl --public-key a3a5…
    """
    from tocsin.store import audit, log  # SQLAlchemy is not needed for --help

    with context.store() as store:
        with store.read() as connection:
            n_entries = log.last_position(connection)
        with context.progress() as progress:
            task = progress.add_task("verifying", total=n_entries or 1, note="")
            report = audit.verify(
                store,
                anchor_file=anchor_file,
                public_key=public_key,
                on_progress=lambda n: progress.advance(task, n),
            )
    if context.json:
        context.emit(
            {
                "sound": report.is_sound,
                "entries": report.n_entries,
                "items": report.n_items,
                "erased": report.n_erased,
                "anchors": report.n_anchors,
                "findings": report.findings,
                "not_proved": report.not_proved,
            }
        )
    context.say(
        f"{counted(report.n_entries, 'entry', 'entries')},"
        f" {counted(report.n_items, 'item')} of content"
        f" ({report.n_erased} erased), {counted(report.n_anchors, 'anchor')} checked"
    )
    for finding in report.findings:
        context.say(f"FOUND {finding.code} {finding.where}: {finding.message}")
    if report.n_unlisted:
        context.say(f"and {report.n_unlisted} findings more")
    for limit in report.not_proved:
        context.say(f"not proved: {limit}")
    if not report.is_sound:
        n_findings = len(report.findings) + report.n_unlisted
        raise CheckFailedError(
            f"the log is not as it was written: {counted(n_findings, 'finding')}"
        )
    context.say("sound: no change found")


@command.command(name="anchor")
@shared_options
def write(context: CliContext) -> None:
    """Write an anchor now: a signed line at the end of anchors.jsonl in the data folder."""
    from tocsin.store import anchors  # SQLAlchemy is not needed for --help

    with context.store() as store:
        anchor = anchors.write_anchor(store)
        path = store.folder / anchors.ANCHOR_FILE
    if context.json:
        context.emit({"anchor": anchor, "file": str(path)})
    if anchor is None:
        context.say(f"nothing new since the last anchor in {path}")
    else:
        context.say(f"entry {anchor.position} is anchored in {path}")
