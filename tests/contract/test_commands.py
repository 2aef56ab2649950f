"""Every command that the documentation shows exists, with the options it is shown with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.support.markdown import fences
from tests.support.project import DOCS, REPOSITORY
from tocsin.cli import program

PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
TARGET = re.compile(r"^([a-z]+):.*## ", re.MULTILINE)
OPERATORS = {"|", "&&", ";", ">", ">>", "<", "||", "&"}


def commands() -> Iterator[tuple[str, list[str]]]:
    """Place and words of each simple command in a console block."""
    for page in PAGES:
        for fence in fences(page):
            if fence.language != "console":
                continue
            for line in fence.text.replace("\\\n", " ").splitlines():
                if line.startswith("$ "):
                    lexer = shlex.shlex(line[2:], posix=True, punctuation_chars=True)
                    lexer.whitespace_split = True
                    yield from _simple(f"{page.relative_to(REPOSITORY)}:{fence.line}", lexer)


def _simple(place: str, words: Iterator[str]) -> Iterator[tuple[str, list[str]]]:
    current: list[str] = []
    for word in words:
        if word in OPERATORS:
            yield place, current
            current = []
        else:
            current.append(word)
    yield place, current


def shown(name: str) -> list[tuple[str, list[str]]]:
    return [
        (place, words[1:]) for place, words in commands() if words and Path(words[0]).name == name
    ]


def targets() -> set[str]:
    return set(TARGET.findall((REPOSITORY / "Makefile").read_text()))


def test_the_readme_shows_how_to_start() -> None:
    starts = [words for place, words in shown("make") if place.startswith("README.md")]
    assert ["demo"] in starts


@pytest.mark.parametrize(("place", "words"), shown("make"))
def test_a_shown_make_target_exists(place: str, words: list[str]) -> None:
    named = [word for word in words if "=" not in word]
    assert set(named) <= targets(), place


@pytest.mark.parametrize(("place", "words"), shown("tocsin"))
def test_a_shown_tocsin_command_exists(place: str, words: list[str]) -> None:
    command: click.Command = program
    context = click.Context(command, info_name="tocsin")
    options = known_options(command, context)
    used = [word.partition("=")[0] for word in words if word.startswith("--")]
    for word in words:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(context, word)
        if found is None:
            assert word.startswith("-"), f"{place}: no command `{word}`"
            continue
        command, context = found, click.Context(found, context, word)
        options |= known_options(command, context)
    assert set(used) <= options, place


def known_options(command: click.Command, context: click.Context) -> set[str]:
    parameters = command.get_params(context)
    return {
        name for parameter in parameters for name in (*parameter.opts, *parameter.secondary_opts)
    }
