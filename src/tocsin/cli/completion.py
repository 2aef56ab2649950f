"""`tocsin completion`: the shell's completion script.

Comes in: the name of a shell. Goes out: a script to put into the shell's start-up file.
"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from tocsin.cli.program import program
from tocsin.errors import InputError

__all__ = ["command"]


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      tocsin completion bash >> ~/.bashrc
      tocsin completion fish > ~/.config/fish/completions/tocsin.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise InputError(f"there is no completion for {shell}")
    click.echo(found(program, {}, "tocsin", "_TOCSIN_COMPLETE").source())
