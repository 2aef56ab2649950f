"""Writes the reference pages that are derived from code.

Comes in: the commands of `tocsin.cli.program`, the fields of `tocsin.config.Settings` and the
routes of the API. Goes out: `docs/reference/cli/*.md`, `docs/reference/settings.md` and
`docs/reference/http.md`. Always holds: the same code
gives the same bytes; `tests/contract/test_docs.py` fails while a page differs from its code or
is left over from a command that is gone.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import click
import msgspec
from fastapi import FastAPI
from fastapi.routing import APIRoute

from tocsin.cli import program
from tocsin.config import ENVIRONMENT, Settings
from tocsin.web.api.routes import api_router
from tocsin.web.openapi import add_openapi

__all__ = ["CLI_PAGES", "HTTP_PAGE", "SETTINGS_PAGE", "rendered", "write"]

REPOSITORY: Final = Path(__file__).parent.parent
CLI_PAGES: Final = REPOSITORY / "docs" / "reference" / "cli"
SETTINGS_PAGE: Final = REPOSITORY / "docs" / "reference" / "settings.md"
HTTP_PAGE: Final = REPOSITORY / "docs" / "reference" / "http.md"

NOTE: Final = "<!-- Written by `make docs` from the code: edit the code instead. -->"
HTTP_INTRODUCTION: Final = """\
Programs send `Authorization: Bearer tcs_…`; [`tocsin token add`](cli/token.md) makes a token with
the scopes that the program needs, and the scope `admin` allows everything. A running server gives
the same description as OpenAPI under `/openapi.json`. How to use it stands in
[send events](../how-to/send-events.md) and [deliver actions](../how-to/deliver-actions.md).

An answer says `"ok": true`. Every error has one shape, and a status that says whose matter it is
([errors](errors.md)):

```json
{"ok": false, "error": {"code": "…", "message": "…", "where": null, "hint": "…"}, "request_id": "…"}
```
"""
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
    pages = {
        CLI_PAGES / "README.md": _index(program),
        SETTINGS_PAGE: _settings(),
        HTTP_PAGE: _http(),
    }
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
    if option.required:
        return "required"
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


def _http() -> str:
    app = FastAPI(title="Tocsin", openapi_url=None)
    app.include_router(api_router)
    add_openapi(app)
    routes = {
        (way, one.path_format): one for one in _routes(app.routes) for way in one.methods or ()
    }
    described = routes["GET", "/openapi.json"].endpoint()
    lines = [NOTE, "", "# The HTTP API", "", HTTP_INTRODUCTION]
    parts = described["components"]["schemas"]
    for path, operations in _inlined(described["paths"], parts).items():
        for method, operation in operations.items():
            verb = method.upper()
            lines += _operation(f"{verb} {path}", operation, _scope(routes[verb, path]))
    return "\n".join(lines).rstrip() + "\n"


def _inlined(value: Any, parts: dict[str, Any]) -> Any:
    """The description with what it refers to in its place."""
    if isinstance(value, dict):
        name = str(value.get("$ref", "")).rpartition("/")[2]
        if name in parts:
            return {**_inlined(parts[name], parts), **value}
        return {key: _inlined(part, parts) for key, part in value.items()}
    return [_inlined(part, parts) for part in value] if isinstance(value, list) else value


def _routes(routes: Sequence[object]) -> Iterator[APIRoute]:
    """The routes, and those of the routers that were included."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif router := getattr(route, "original_router", None):
            yield from _routes(router.routes)


def _scope(route: APIRoute) -> str:
    """The scope that a token needs, as the route's own dependency on `needs` says it."""
    for dependency in route.dependant.dependencies:
        if inspect.isfunction(dependency.call):
            scopes = inspect.getclosurevars(dependency.call).nonlocals.get("scopes")
            if scopes:
                return f"Scope: {' or '.join(f'`{scope}`' for scope in scopes)}."
    return "No token is needed."


def _operation(name: str, operation: dict[str, Any], scope: str) -> list[str]:
    lines = [f"## `{name}`", "", f"{operation['summary']}. {scope}", ""]
    if text := operation.get("description"):
        lines += [text, ""]
    if body := operation.get("requestBody"):
        kinds = ", ".join(f"`{kind}`" for kind in body["content"])
        lines += [f"Body: {kinds}.", ""]
    rows = [
        f"| `{one['name']}` | {one['in']} | {_cell(_values(one['schema']))}"
        f" | {_default_of(one)} | {_cell(one.get('description', ''))} |"
        for one in operation.get("parameters", ())
    ]
    fields = _fields(operation)
    if rows or fields:
        lines += ["| name | in | takes | default | meaning |", "|---|---|---|---|---|"]
        lines += [*rows, *fields, ""]
    lines += ["| status | answer |", "|---|---|"]
    for status, answer in sorted(operation["responses"].items()):
        shown = "other" if status == "default" else status
        text = "Done." if answer["description"] == "Successful Response" else answer["description"]
        lines.append(f"| {shown} | {_cell(text)} |")
    return [*lines, ""]


def _fields(operation: dict[str, Any]) -> list[str]:
    """The fields of a JSON object that the body is."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    required = schema.get("required", ())
    return [
        f"| `{name}` | body | {_cell(_values(part))}"
        f" | {_default_of({'required': name in required, 'schema': part})} | |"
        for name, part in schema.get("properties", {}).items()
    ]


def _values(schema: dict[str, Any]) -> str:
    """What a parameter takes, in words."""
    if "anyOf" in schema:
        return " or ".join(_values(part) for part in schema["anyOf"] if part.get("type") != "null")
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{value}`" for value in values if value is not None)
    if schema.get("type") == "array":
        return f"a list of: {_values(schema.get('items', {}))}"
    name = str(schema.get("type", "anything"))
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None:
        return f"{name} from {low} to {high}" if high is not None else f"{name} from {low}"
    low, high = schema.get("minLength"), schema.get("maxLength")
    if high is not None:
        return f"{name}, {high} characters" if low == high else f"{name}, at most {high} characters"
    return name


def _default_of(parameter: dict[str, Any]) -> str:
    if parameter.get("required"):
        return "required"
    default = parameter["schema"].get("default")
    return "" if default in (None, "", []) else f"`{msgspec.json.encode(default).decode()}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(f"{write()} pages changed", file=sys.stderr)
