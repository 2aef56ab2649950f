"""Synthetic posts to read, in words that people write, from a fixed seed.

Comes in: how many. Goes out: posts without author or time. Always holds: the same number gives the
same posts, and more of them begin with these; about 120 characters each, of two or three sentences;
three in ten have a mention, a hashtag or a link; one in twelve speaks of an invented group or of
harm: calls, threats, praise, news and condemnation. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tocsin.nlp.types import PostText

__all__ = ["make_posts"]

_SEED: Final = 20260104
_HARM_SHARE: Final = 1 / 12
_LEAST_CHARACTERS: Final = 95

_ORDINARY: Final = {
    "en": (
        "The {thing} at the {place} opens at {hour} and the queue is already around the corner.",
        "I can't believe how good the {thing} was, we should go again on {day}!",
        "Does anybody know whether the {place} is open on {day}? My sister's asking.",
        "Finally finished the {thing}, it took me all {day}.",
        "Our team lost again, but the second half was worth the ticket.",
        "New post: why the {place} needs more trees, and what the council says about it.",
        "The bus to the {place} is late, so I'll be there by {hour}.",
        "Happy birthday to my favourite {person}, hope you have the best {day} ever",
        "We're looking for a {person} who can start on {day}, please share.",
        "It's raining since {hour} and the {thing} is still outside.",
    ),
    "ar": (
        "السوق قرب {place} يفتح الساعة {hour} والناس كثيرون اليوم",
        "ما أجمل {thing} هذا المساء، شكرا لكل من حضر",
        "هل يعرف أحد متى يصل القطار إلى {place} يوم {day}؟",
        "مبروك الفوز للفريق، مباراة رائعة من البداية إلى النهاية",
    ),
    "fr": (
        "Le marché près de {place} ouvre à {hour}, il y a déjà beaucoup de monde.",
        "C'était une belle soirée, merci à tous ceux qui sont venus {day}.",
    ),
    "de": (
        "Der Markt am {place} macht um {hour} auf, und die Schlange ist schon lang.",
        "Weiß jemand, ob der Bus {day} bis zum {place} fährt?",
    ),
}
_HARM: Final = {
    "en": (
        "The Iron Dawn will be remembered, join the brothers who defend us.",
        "Police said the Iron Dawn attacked the {place} on {day}, two people were hurt.",
        "I condemn what the Iron Dawn did to the {person}, it is a crime and a disgrace.",
        "We know where you live, {person}, and we will come on {day}.",
        "Somebody should burn down the {place}, all of you, tonight.",
        "“We will strike the {place}”, the Iron Dawn wrote, and everybody laughed.",
    ),
    "ar": (
        "أدين هجوم الفجر الحديدي على {place} وأرفض هذا الإرهاب",
        "قالت الشرطة إن الفجر الحديدي هاجم {place} يوم {day}",
    ),
}
_WORDS: Final = {
    "thing": "concert bread festival garden match film coffee exhibition parade soup choir kitchen",
    "place": "harbour library bridge market station museum school theatre park square bakery mill",
    "person": "neighbour teacher baker driver singer editor nurse plumber captain gardener",
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday tomorrow",
    "hour": "7:30 8 9:15 10am noon 14:00 6pm 21:45",
}
_LANGUAGES: Final = ("en", "en", "en", "en", "en", "en", "ar", "ar", "fr", "de")
_EXTRAS: Final = (
    "@{person}_{number}", "#{place}", "#{thing} #{day}", "https://news.example/{number}",
)  # fmt: skip
_EXTRA_SHARE: Final = 0.3


def make_posts(number: int) -> list[PostText]:
    """So many posts.

    >>> make_posts(2) == make_posts(3)[:2]
    True
    """
    return [_post(np.random.default_rng((_SEED, place)), place) for place in range(number)]


def _post(rng: np.random.Generator, place: int) -> PostText:
    language = _one_of(_LANGUAGES, rng)
    pieces = []
    if language in _HARM and rng.random() < _HARM_SHARE * 10 / 8:  # two languages have none
        pieces.append(_filled(_one_of(_HARM[language], rng), rng))
    while sum(map(len, pieces)) < _LEAST_CHARACTERS:
        pieces.append(_filled(_one_of(_ORDINARY[language], rng), rng))
    if rng.random() < _EXTRA_SHARE:
        pieces.insert(int(rng.integers(len(pieces) + 1)), _filled(_one_of(_EXTRAS, rng), rng))
    return PostText(id=f"b{place}", text=" ".join(pieces))


def _one_of(rows: Sequence[str], rng: np.random.Generator) -> str:
    return rows[int(rng.integers(len(rows)))]


def _filled(template: str, rng: np.random.Generator) -> str:
    words = {name: _one_of(row.split(), rng) for name, row in _WORDS.items()}
    return template.format(number=int(rng.integers(10_000)), **words)
