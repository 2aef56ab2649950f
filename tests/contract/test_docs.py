"""The documentation cannot drift: links lead somewhere, pages match the code they describe."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.docs import CLI_PAGES, rendered
from tests.support.markdown import anchors, fences, links
from tests.support.project import DOCS, REPOSITORY

PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
LANGUAGES = {
    *("bash", "console", "css", "html", "http", "ini", "javascript", "json", "make", "mermaid"),
    *("python", "sql", "text", "toml", "yaml", "diff", "jsonl", "dockerfile", "nginx"),
}


def id_of(path: object) -> str:
    return str(path).removeprefix(f"{REPOSITORY}/")


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_internal_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        missing_anchor = parts.fragment and (
            target.suffix == ".md" and target.exists() and parts.fragment not in anchors(target)
        )
        if not target.exists() or missing_anchor:
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_code_blocks_name_their_language(page: Path) -> None:
    unnamed = [fence.line for fence in fences(page) if fence.language not in LANGUAGES]
    assert unnamed == []


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_console_blocks_show_a_prompt(page: Path) -> None:
    without = [
        fence.line
        for fence in fences(page)
        if fence.language == "console" and not fence.text.startswith("$ ")
    ]
    assert without == []


def test_every_page_can_be_reached_from_the_map() -> None:
    reached: set[Path] = set()
    waiting = [DOCS / "README.md", REPOSITORY / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        paths = (urlsplit(link).path for link in links(page) if not urlsplit(link).scheme)
        targets = [(page.parent / path).resolve() for path in paths if path]
        waiting += [target for target in targets if target.suffix == ".md" and target.exists()]
    assert set(PAGES) - reached == set()


@pytest.mark.parametrize("page", sorted(rendered()), ids=id_of)
def test_a_derived_page_is_current(page: Path) -> None:
    assert page.exists(), "run: make docs"
    assert page.read_text() == rendered()[page], "run: make docs"


def test_no_page_is_left_of_a_command_that_is_gone() -> None:
    assert set(CLI_PAGES.glob("*.md")) <= set(rendered())


def test_the_page_of_the_api_names_the_scope_of_every_route_but_one() -> None:
    page = (DOCS / "reference" / "http.md").read_text()
    assert page.count("No token is needed.") == 1, "only the health of the server is public"
