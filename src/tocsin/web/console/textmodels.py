"""The card of the text models: what they were trained on, what they reach, where they stop.

Comes in: nothing but who asks. Goes out: the page. Always holds: it shows the card of the weights
that this program uses, every figure of it, and no text of any post. Refused: 404 where no weights
are installed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from tocsin.errors import NotFoundError
from tocsin.nlp import Harm
from tocsin.nlp.scorer import NAMED_MARGIN, OTHER_ROLE_MARGIN
from tocsin.nlp.starter import starter_folder
from tocsin.nlp.weights import CARD_FILE
from tocsin.review import Permission
from tocsin.web.callers import Person, person
from tocsin.web.console.pages import page
from tocsin.web.context import context_of

__all__ = ["CardSection", "card_sections", "router"]

router = APIRouter()

_APART: Final = frozenset({"version", "thresholds", "examples"})
_WHERE: Final = {
    "in the author's own voice": 0.0,
    "where the words themselves threaten plainly": NAMED_MARGIN,
    "said in another role": OTHER_ROLE_MARGIN,
}
"""Review thresholds, by what the reading adds to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSection:
    """A part of the card: its name, and its values by path."""

    title: str
    rows: tuple[tuple[str, str], ...]


@router.get("/text-models")
def show_card(
    request: Request, user: Annotated[Person, Depends(person(Permission.RULES_READ))]
) -> HTMLResponse:
    """The model card."""
    card = _card(context_of(request).store.settings.text_model_dir)
    thresholds = card.get("thresholds", {})
    return page(
        request,
        user,
        "textmodels.html",
        version=str(card.get("version", "unknown")),
        languages=thresholds.get("languages", []),
        review=[
            (harm, where, _probability(logit + margin))
            for harm, logit in thresholds.get("review", {}).items()
            for where, margin in _WHERE.items()
            if margin != NAMED_MARGIN or harm != Harm.SUPPORT
        ],
        n_examples=len(card.get("examples", ())),
        sections=card_sections(card),
    )


def card_sections(card: Mapping[str, Any]) -> list[CardSection]:
    """Everything on a card that the page has no place of its own for.

    >>> card_sections({"data": {"sets": {"a": {"posts": 2}}, "languages": ["en", "ar"]}})[0].rows
    (('sets · a · posts', '2'), ('languages', 'en, ar'))
    """
    found = []
    for name, value in card.items():
        rows = tuple(_rows(value, ()))
        if name not in _APART and rows:
            found.append(CardSection(title=name.replace("_", " "), rows=rows))
    return found


def _rows(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _rows(below, (*path, str(name).replace("_", " ")))
        return
    if isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        for number, below in enumerate(value, start=1):
            yield from _rows(below, (*path, str(number)))
        return
    shown = ", ".join(map(str, value)) if isinstance(value, list) else value
    yield " · ".join(path) or "value", "unknown" if shown is None else str(shown)


def _probability(logit: float) -> float:
    """What log odds come to as a probability."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def _card(folder: str) -> Mapping[str, Any]:
    path = (Path(folder) if folder else starter_folder()) / CARD_FILE
    try:
        card: Mapping[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise NotFoundError(
            "no text models are installed",
            hint=f"expected {CARD_FILE} beside the weights; `tocsin train` writes both",
        ) from None
    return card
