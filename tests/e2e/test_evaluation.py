"""The page of an evaluation in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.support.keywords import KeywordAccounts, KeywordScorer
from tests.support.labelled import small_world
from tocsin.evaluation import Evaluated, Options, evaluate, find_files, read_sets
from tocsin.evaluation.page import render


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small evaluation."""
    folder = tmp_path_factory.mktemp("evaluation")
    files = find_files([small_world(folder / "data")])
    examples = read_sets(files, now=datetime(2026, 6, 1, tzinfo=UTC))
    model = Evaluated(posts=KeywordScorer(), accounts=KeywordAccounts())
    found = evaluate(examples, model, Options(with_naive=True))
    path = folder / "eval.html"
    path.write_text(render(found), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_stands_alone_and_fits_a_laptop(
    page_file: Path, scheme: Literal["light", "dark"], open_page: Callable[..., Page]
) -> None:
    page = open_page(page_file.as_uri(), color_scheme=scheme, offline=True)
    page.goto(page_file.as_uri())
    expect(page.get_by_role("heading", name="Text models, evaluated")).to_be_visible()
    ground = {"light": "rgb(246, 245, 242)", "dark": "rgb(20, 25, 26)"}[scheme]
    expect(page.locator("html")).to_have_css("background-color", ground)  # its style is allowed
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    chart = page.get_by_role("img", name="share flagged: must not flag, ordinary")
    expect(chart).to_be_visible()
    expect(chart.locator(".c-mark.c-model").first).to_be_visible()
    page.get_by_role("link", name="Worst errors").click()
    page.locator("summary").first.click()
    expect(page.locator("details[open] tbody tr").first).to_be_visible()
