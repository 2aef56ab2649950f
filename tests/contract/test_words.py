"""One word per thing: what the glossary rejects stands nowhere in code or documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.markdown import sections, table_rows
from tests.support.project import DOCS, REPOSITORY, text_files

GLOSSARY = DOCS / "glossary.md"
PLACES = {
    *("src", "docs", "examples"),
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"),
}
QUOTING = {GLOSSARY, DOCS / "why.md"}
"""Pages that must name other projects' words, to say what they mean here."""


def rejected() -> Iterator[tuple[str, str]]:
    """Each rejected expression and the word to use instead."""
    for title, body in sections(GLOSSARY):
        if title == "Words we do not use":
            for losing, winning in table_rows(body):
                for expression in re.findall(r"`([^`]+)`", losing):
                    yield expression, winning


def pattern(expression: str) -> re.Pattern[str]:
    """Matches as prose, as `snake_case`, `kebab-case` and `CamelCase`."""
    return re.compile(r"[ _-]?".join(map(re.escape, expression.split())), re.IGNORECASE)


def searched() -> Iterator[Path]:
    for path in text_files():
        if path.relative_to(REPOSITORY).parts[0] in PLACES and path not in QUOTING:
            yield path


def test_the_glossary_rejects_something() -> None:
    assert len(list(rejected())) > 10


@pytest.mark.parametrize(("expression", "winning"), list(rejected()))
def test_a_rejected_word_is_not_used(expression: str, winning: str) -> None:
    looked_for = pattern(expression)
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in searched()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if looked_for.search(line)
    ]
    assert found == [], f"say {winning}"
