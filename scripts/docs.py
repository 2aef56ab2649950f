"""Writes the reference pages that are derived from code.

Comes in: the commands of `tocsin.cli.program` and the fields of `tocsin.config.Settings`. Goes
out: `docs/reference/cli/*.md` and `docs/reference/settings.md`. Always holds: the same code
gives the same bytes; `tests/contract/test_docs.py` fails while a page differs from its code or
is left over from a command that is gone.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import click
import msgspec

from tocsin.cli import program
from tocsin.config import ENVIRONMENT, Settings

__all__ = ["CLI_PAGES", "SETTINGS_PAGE", "rendered", "write"]

REPOSITORY: Final = Path(__file__).parent.parent
CLI_PAGES: Final = REPOSITORY / "docs" / "reference" / "cli"
SETTINGS_PAGE: Final = REPOSITORY / "docs" / "reference" / "settings.md"

NOTE: Final = "<!-- Written by `make docs` from the code: edit the code instead. -->"
EXIT_STATUS: Final = """\
| exit status | meaning |
|---|---|
| 0 | done |
| 1 | an internal fault |
| 2 | something in your input |
| 3 | an outside service |
| 4 | a check did not pass |
"""


def rendered() -> dict[Path, str]:
    """Every derived page and its text."""
    pages = {CLI_PAGES / "README.md": _index(program), SETTINGS_PAGE: _settings()}
    for name, command in _commands(program, click.Context(program, info_name="tocsin")):
        pages[CLI_PAGES / f"{name}.md"] = _page(name, command)
    return pages


def write() -> int:
    """Bring the pages up to date; the number of pages that changed or went."""
    pages, n_changed = rendered(), 0
    CLI_PAGES.mkdir(parents=True, exist_ok=True)
    for path, text in pages.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            n_changed += 1
    for path in set(CLI_PAGES.glob("*.md")) - set(pages):
        path.unlink()
        n_changed += 1
    return n_changed


def _commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield name, command


def _index(group: click.Group) -> str:
    context = click.Context(group, info_name="tocsin")
    lines = [NOTE, "", "# The command line", "", _help(group), ""]
    lines += ["| command | does |", "|---|---|"]
    for name, command in _commands(group, context):
        lines.append(f"| [`tocsin {name}`]({name}.md) | {_cell(command.get_short_help_str(200))} |")
    lines += ["", *_parameters(group, context), EXIT_STATUS]
    return "\n".join(lines)


def _page(name: str, command: click.Command) -> str:
    parent = click.Context(program, info_name="tocsin")
    lines = [NOTE, "", *_section(command, click.Context(command, parent, name), level=1)]
    return "\n".join(lines).rstrip() + "\n"


def _section(command: click.Command, context: click.Context, *, level: int) -> list[str]:
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"{'#' * level} `{context.command_path}`", "", _help(command), ""]
    lines += ["```text", f"{context.command_path} {usage}".rstrip(), "```", ""]
    lines += _parameters(command, context)
    if isinstance(command, click.Group):
        for name, below in _commands(command, context):
            lines += _section(below, click.Context(below, context, name), level=level + 1)
    return lines


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").replace("\b\n", "").replace("\f", "")


def _parameters(command: click.Command, context: click.Context) -> list[str]:
    rows = [_row(parameter, context) for parameter in command.get_params(context)]
    shown = [row for row in rows if row is not None]
    return ["| | meaning | default |", "|---|---|---|", *shown, ""] if shown else []


def _row(parameter: click.Parameter, context: click.Context) -> str | None:
    if isinstance(parameter, click.Option):
        if parameter.hidden:
            return None
        text = parameter.help or ""
        if parameter.envvar:
            names = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar
            text += " Environment: " + ", ".join(f"`{name}`" for name in names) + "."
        names_shown = ", ".join(
            f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts)
        )
        if not parameter.is_flag and not parameter.count:
            names_shown += f" `{parameter.make_metavar(context)}`"
        return f"| {_cell(names_shown)} | {_cell(text)} | {_cell(_default(parameter))} |"
    metavar = parameter.make_metavar(context)
    required = "required" if parameter.required else "optional"
    return f"| {_cell(f'`{metavar}`')} | {required} argument | |"


def _default(option: click.Option) -> str:
    value: Any = option.to_info_dict().get("default")
    if option.is_flag or value is None or callable(value) or value in ((), [], ""):
        return ""
    return f"`{value}`"


def _settings() -> str:
    variables = {field: name for name, field in reversed(ENVIRONMENT.items())}
    summary = inspect.cleandoc(Settings.__doc__ or "").split("\n\n")[0]
    lines = [NOTE, "", "# Settings", "", summary, ""]
    lines += [
        "A setting comes from, the later winning: its default, the file that `TOCSIN_CONFIG` names",
        "(else `tocsin.toml` in the data folder), the environment, the command line.",
        "",
        "| setting | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    for field in msgspec.structs.fields(Settings):
        metas = [arg for arg in get_args(field.type) if isinstance(arg, msgspec.Meta)]
        text = " ".join(meta.description or "" for meta in metas)
        default = msgspec.json.encode(field.default).decode()
        lines.append(
            f"| `{field.name}` | `{variables[field.name]}` | `{default}` | {_cell(text)} |"
        )
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(f"{write()} pages changed", file=sys.stderr)
