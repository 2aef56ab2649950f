"""The program itself: the table of commands, loaded one at a time, and how errors end it.

Comes in: `sys.argv`. Goes out: an exit status. Refused: unknown commands, with the nearest
known ones.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from typing import Any, NamedTuple

import click

from tocsin import __version__
from tocsin.errors import TocsinError

__all__ = ["COMMANDS", "CommandSpec", "main", "program"]


class CommandSpec(NamedTuple):
    """Where a command lives, and the one line that `tocsin --help` shows."""

    module: str
    summary: str


COMMANDS: dict[str, CommandSpec] = {
    "init": CommandSpec("init", "Set up a new deployment: database, keys, policy, first user."),
    "run": CommandSpec("run", "Judge events from files or standard input."),
    "check": CommandSpec("check", "Say what would be decided about one event; store nothing."),
    "score": CommandSpec("score", "Score posts by the text models; store nothing."),
    "score-accounts": CommandSpec(
        "score_accounts", "Score accounts by their recent posts; store nothing."
    ),
    "judge": CommandSpec(
        "judge", "Ask a language model about posts under a clause; decide nothing."
    ),
    "serve": CommandSpec("serve", "Start the API and the console."),
    "decisions": CommandSpec("decisions", "List decisions."),
    "explain": CommandSpec("explain", "Say why a decision was made."),
    "policy": CommandSpec("policy", "Check, test and activate policy packs."),
    "alerts": CommandSpec("alerts", "List alerts, and say that one knows of them."),
    "bank": CommandSpec("bank", "Look at and edit banks: phrases, links, handles, hashes, groups."),
    "label": CommandSpec("label", "Look at and change labels of accounts and handles."),
    "deadletters": CommandSpec("deadletters", "List, show, fix and replay refused lines."),
    "enforce": CommandSpec("enforce", "Deliver due actions now, or show what would be delivered."),
    "reconcile": CommandSpec("reconcile", "List where the platform and our record differ."),
    "audit": CommandSpec("audit", "Verify the log, and write anchors of it."),
    "query": CommandSpec("query", "Ask the archive of events in SQL, read only."),
    "archive": CommandSpec("archive", "Move waiting events into the Parquet archive."),
    "rebuild": CommandSpec("rebuild", "Fill the derived tables again from the log."),
    "user": CommandSpec("user", "Add and change the people who may log in."),
    "token": CommandSpec("token", "Make and revoke the keys that programs use."),
    "eval": CommandSpec("evaluate", "Measure models on labelled data that they have not seen."),
    "train": CommandSpec("train", "Train the text models from judged posts and verdicts."),
    "bench": CommandSpec("bench", "Measure this machine: events per second, cost per stage."),
    "completion": CommandSpec("completion", "Print the shell's completion script."),
}
"""Every command, in the order in which a newcomer meets them."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        del ctx
        spec = COMMANDS.get(cmd_name)
        if spec is None:
            return None
        command: click.Command = importlib.import_module(f"tocsin.cli.{spec.module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or an error that names the nearest ones."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, n=2)
            if not near:
                raise
            message = f"{error.message.rstrip('.')}; did you mean {' or '.join(near)}?"
            raise click.UsageError(message, ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that stops reading (`| head`) is no fault."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, spec.summary) for name, spec in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `tocsin init`, then `tocsin serve`; or judge a file at once:"
    " `tocsin run --db sqlite:///x.db events.jsonl`. Every command explains itself with --help.",
)
@click.version_option(__version__, prog_name="tocsin")
def program() -> None:
    """Trust & safety against terrorist and violent-extremist activity.

    Events come in, a written policy judges them, a person decides, the decision is carried out
    on the platform, and everything can be looked up afterwards.
    """


def main(argv: list[str] | None = None) -> Any:
    """Run the program; the exit status says whose matter a failure is."""
    try:
        status = program.main(args=argv, prog_name="tocsin", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        status = 130
    except click.ClickException as error:
        _show_usage(error)
        status = 2
    except TocsinError as error:
        _show(error)
        status = error.exit_status
    sys.exit(status if isinstance(status, int) else 0)


def _show_usage(error: click.ClickException) -> None:
    message = error.format_message().rstrip(".")
    click.echo(f"error: {message[:1].lower()}{message[1:]}", err=True)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(f"hint: see {error.ctx.command_path} --help", err=True)


def _show(error: TocsinError) -> None:
    where = f"{error.where}: " if error.where else ""
    click.echo(f"error: {where}{error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)
