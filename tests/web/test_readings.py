"""What the text models read, on the case page, on the page of a decision, and for programs."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.site import PACK, Site
from tests.support.tiny_model import tiny_model, tiny_weights
from tocsin.detectors import text_models
from tocsin.nlp.remembered import Remembered
from tocsin.nlp.weights import write_weights
from tocsin.pipeline import activate
from tocsin.policy import PackSource, load_pack
from tocsin.records import Case
from tocsin.review import Scope
from tocsin.testing import actor
from tocsin.web.console import textmodels

THREAT = "I will kill you tomorrow outside your office"
QUOTE = "we will find you"
TEXT = f"They wrote “{QUOTE}” to me. Now I answer: {THREAT}"
RULES = f"""\
- id: threat
  clause: threat.person
  when: signal("threat_review").score == 1
  outcome: review
  priority: 600
  examples: {{hit: ["{THREAT}"], miss: [The tram was late]}}
"""


@pytest.fixture
def read_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site with a rule that reads the text models; the model is small."""
    model = Remembered(tiny_model())
    monkeypatch.setattr(text_models, "loaded", lambda _folder="": model)
    files = {**load_pack(PACK).files, "rules/text.yaml": RULES}
    activate(site.store, PackSource.from_files(files), by="test", reason="to read text")
    return site


@pytest.fixture
def case(read_site: Site) -> Case:
    return read_site.case(THREAT, by=actor("mara"))


def page_of(site: Site, path: str) -> str:
    answer = site.logged_in().get(path)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_the_case_page_says_whose_words_they_are_and_how_sure(read_site: Site, case: Case) -> None:
    page = page_of(read_site, f"/cases/{case.id}")
    panel = page[page.index("What the text models read") :]
    panel = panel[: panel.index("</section>")]
    assert "the author's own words" in panel
    assert re.search(r'<th scope="row">threat</th>\s*<td><meter min="0" max="1" value="0.9', panel)
    assert panel.count("a person should look") == 1
    assert "0123456789ab" in panel
    assert 'href="/text-models"' in panel


def test_judged_posts_nearby_stand_without_their_text(read_site: Site, case: Case) -> None:
    page = page_of(read_site, f"/cases/{case.id}")
    panel = page[page.index("Nearest judged posts") :]
    assert "support, threat" in panel
    assert "similarity" in panel
    assert "judged-1" in panel
    assert "shame on them" not in page


def test_stretches_are_marked_by_kind_and_told_in_words(read_site: Site) -> None:
    case = read_site.case(f"They wrote “{THREAT}”. {THREAT}", by=actor("mara"))
    page = page_of(read_site, f"/cases/{case.id}")
    mark = page[page.index('<mark class="read-quoted') :]
    mark = mark[: mark.index("</mark>")]
    assert "words of others" in mark
    numbered = re.findall(r'<span class="number read-\w+" aria-label="Mark (\d+)">', page)
    assert numbered == [str(n) for n in range(1, len(numbered) + 1)]
    assert "post.text 12–56" in page
    assert re.search(r"\d quoted[^<]*</sup>", page)


def test_the_page_of_a_decision_shows_the_same(read_site: Site, case: Case) -> None:
    page = page_of(read_site, f"/decisions/{case.decisions[0]}")
    assert "What the text models read" in page
    assert "the author's own words" in page


def test_programs_get_the_same(read_site: Site, case: Case) -> None:
    decision = read_site.token(Scope.DECISIONS_READ).get(f"/v1/decisions/{case.decisions[0]}")
    reading = decision.json()["text_reading"]
    assert reading["role"] == "own_voice"
    assert [harm["name"] for harm in reading["harms"]] == ["support", "incitement", "threat"]
    assert [harm["is_flagged"] for harm in reading["harms"]] == [False, False, True]
    assert reading["model"] == "0123456789ab"
    of_case = read_site.token(Scope.CASES_READ).get(f"/v1/cases/{case.id}").json()
    assert of_case["text_reading"] == reading


def test_a_case_of_other_rules_has_no_such_panel(read_site: Site) -> None:
    case = read_site.case("The dawn of iron rises tonight")
    assert "What the text models read" not in page_of(read_site, f"/cases/{case.id}")
    of_case = read_site.token(Scope.CASES_READ).get(f"/v1/cases/{case.id}").json()
    assert of_case["text_reading"] is None


def test_the_card_of_the_models_is_a_page(
    read_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textmodels, "starter_folder", lambda: tmp_path)
    client = read_site.logged_in()
    missing = client.get("/text-models")
    assert missing.status_code == 404
    assert "no text models are installed" in missing.text.lower()

    weights = tiny_weights()
    card = {**weights.card, "data": {"sets": {"harbour": {"posts": 12, "licence": "CC0"}}}}
    version = write_weights(tmp_path, replace(weights, card=card))
    page = html.unescape(client.get("/text-models").text)
    assert version in page
    assert "sets · harbour · licence" in page
    assert '<td>threat</td><td>by the models alone</td><td class="number-cell">0.731</td>' in page
