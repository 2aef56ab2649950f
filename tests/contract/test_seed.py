"""The seed sentences keep their form: known codes, no text twice, enough of each, no handles."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from tests.support.project import REPOSITORY

SEED: Final = REPOSITORY / "training" / "seed"
STANCES: Final = frozenset("SNCMQFKO")
FLAGGED: Final = frozenset({"Si", "St", "Oi", "Ot", "Oh"})
LANGUAGES: Final = ("ar", "de", "en", "es", "fr", "id", "ru", "tr")
LARGE: Final = frozenset({"ar", "en"})

GROUPS: Final = {
    "support": frozenset({"S", "Si", "St"}),
    "calls": frozenset({"Si", "Oi"}),
    "threats": frozenset({"St", "Ot"}),
    "quotations": frozenset({"Q"}),
    "reports": frozenset({"N"}),
    "condemnation": frozenset({"C"}),
    "mockery": frozenset({"M"}),
    "hyperbole": frozenset({"Oh"}),
    "fiction": frozenset({"F"}),
    "questions": frozenset({"K"}),
    "ordinary": frozenset({"O"}),
}
LEAST_LARGE: Final = {
    "support": 130,
    "calls": 110,
    "threats": 140,
    "quotations": 80,
    "reports": 105,
    "condemnation": 120,
    "mockery": 55,
    "hyperbole": 85,
    "fiction": 40,
    "questions": 40,
    "ordinary": 110,
}
LEAST_SMALL: Final = {
    "support": 24,
    "calls": 22,
    "threats": 26,
    "quotations": 16,
    "reports": 19,
    "condemnation": 22,
    "mockery": 11,
    "hyperbole": 16,
    "fiction": 7,
    "questions": 7,
    "ordinary": 20,
}


def rows(language: str) -> list[tuple[str, str]]:
    """Code and text of each line of a language."""
    lines = (SEED / f"{language}.tsv").read_text(encoding="utf-8").splitlines()
    parted = [line.partition("\t") for line in lines]
    return [(code, text) for code, _, text in parted]


def test_each_language_has_a_file_and_no_file_is_of_another() -> None:
    assert sorted(path.stem for path in SEED.glob("*.tsv")) == sorted(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_is_a_known_code_and_a_trimmed_text(language: str) -> None:
    wrong = [
        number
        for number, (code, text) in enumerate(rows(language), 1)
        if code not in STANCES | FLAGGED or not text or text != text.strip() or "\t" in text
    ]
    assert wrong == []


def test_no_text_stands_twice_in_any_language() -> None:
    texts = Counter(
        " ".join(text.casefold().split()) for name in LANGUAGES for _, text in rows(name)
    )
    assert [text for text, times in texts.items() if times > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_enough_of_each_group_of_codes(language: str) -> None:
    codes = Counter(code for code, _ in rows(language))
    least = LEAST_LARGE if language in LARGE else LEAST_SMALL
    short = {
        group: sum(codes[code] for code in GROUPS[group])
        for group, wanted in least.items()
        if sum(codes[code] for code in GROUPS[group]) < wanted
    }
    assert short == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_names_an_account_or_an_address(language: str) -> None:
    wrong = [
        number
        for number, (_, text) in enumerate(rows(language), 1)
        if "@" in text or "http" in text.lower() or "www." in text.lower()
    ]
    assert wrong == []


def test_the_readme_explains_every_code_and_names_the_licence() -> None:
    page = (SEED / "README.md").read_text()
    assert [code for code in STANCES | {"i", "t", "h"} if f"| `{code}` |" not in page] == []
    assert "Apache-2.0" in page
