"""A synthetic workload: posts, phrases and rules from a fixed seed.

Comes in: sizes. Goes out: NDJSON lines and the files of a pack. Always holds: the same sizes
give the same bytes. The shape follows what the engine was sized on: posts of about 130 bytes of
text, 30 % of them in Arabic script, 20 % with a hashtag and 15 % with a link; each rule wants one
of a few phrases and looks at the account, or asks a window; about 7 posts in 1,000 are hit.
"""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import numpy as np
import yaml

__all__ = ["WINDOWS", "make_lines", "make_pack", "make_phrases"]

SEED = 20260101
VOCABULARY = 20_000
ARABIC_SHARE = 0.3
HIT_SHARE = 0.01
HASHTAG_SHARE = 0.2
LINK_SHARE = 0.15
N_HASHTAGS = 1_000
N_HOSTS = 400
PHRASES_PER_RULE = 3
MAX_BANKS = 300
"""More rules than that share banks: a pack has a limit of files."""

_LATIN = "abcdefghijklmnopqrstuvwxyz"
_ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_START = datetime(2026, 1, 1, tzinfo=UTC)

_Posts = list[dict[str, object]]
WINDOWS: tuple[tuple[str, _Posts], ...] = (
    ("count(event, by=account, over=hours(1)) >= 10", [{"account": "a"}] * 10),
    (
        "distinct(hashtag, by=account, over=hours(1)) >= 4",
        [{"account": "a", "hashtags": [f"tag{n}"]} for n in range(4)],
    ),
    ("distinct(account, by=text, over=minutes(10)) >= 3", [{}] * 3),
    ("distinct(account, by=hashtag, over=minutes(30)) >= 15", [{"hashtags": ["tag"]}] * 15),
    (
        "rate(event, by=host, over=minutes(20)) >= 1.0",
        [{"links": ["https://host.example/a"]}] * 20,
    ),
    (
        "sum(account.followers, by=host, over=minutes(30)) >= 45000",
        [{"links": ["https://host.example/a"]}] * 20,
    ),
)
"""Conditions that each read a window of their own, and the posts, a minute apart, of which the
last one meets it; few posts of the workload do."""


def make_phrases(n_phrases: int) -> list[str]:
    """Phrases of two rare words each."""
    rng = np.random.default_rng(SEED + 1)
    return [
        " ".join("zq" + word for word in _words(rng, _LATIN if i % 3 else _ARABIC, 2))
        for i in range(n_phrases)
    ]


def make_pack(n_rules: int, phrases: list[str], n_windows: int = 0) -> dict[str, str]:
    """A pack of one clause with rules that each want a bank of phrases and a young account.

    The last ones ask a window instead.
    """
    clause = {
        "id": "bench.clause",
        "title": "A clause for measuring",
        "guideline": "Synthetic: posts that hold a phrase of a bank.",
        "examples_in": ["a post with the phrase"],
        "examples_out": ["a post without it"],
        "severity": 3,
        "protected_purposes": ["news", "research", "art", "counter_extremism"],
        "actions": ["label"],
    }
    files = {
        "policy.yaml": yaml.safe_dump(
            {"name": "bench", "title": "Synthetic pack for measuring", "clauses": [clause]}
        )
    }
    n_banked = n_rules - n_windows
    n_banks = min(n_banked, MAX_BANKS)
    per_bank = max(1, len(phrases) // n_banks)
    rules = []
    for number in range(n_banked):
        bank_number = number % n_banks
        start = bank_number * per_bank
        chosen = phrases[start : start + per_bank] or phrases[:1]
        bank = f"bench-{bank_number}"
        if number == bank_number:
            files[f"banks/{bank}.yaml"] = yaml.safe_dump(
                {"bank": bank, "kind": "phrase", "entries": chosen}, allow_unicode=True
            )
        rules.append(
            {
                "id": f"bench.rule-{number}",
                "clause": "bench.clause",
                "when": f'text in bank("{bank}") and account.followers < {1000 + number}'
                " and account.age < days(3650)",
                "outcome": "review",
                "priority": number % 1000,
                "examples": {"hit": [{"text": f"x {chosen[0]} y", "followers": 3}], "miss": ["x"]},
            }
        )
    rules += [
        {
            "id": f"bench.window-{number}",
            "clause": "bench.clause",
            "when": f"{condition} and account.followers < 2500",
            "outcome": "review",
            "priority": number,
            "examples": {"hit": [_last_of(posts)], "miss": ["x"]},
        }
        for number, (condition, posts) in enumerate(WINDOWS[:n_windows])
    ]
    files["rules/bench.yaml"] = yaml.safe_dump(rules, allow_unicode=True)
    return files


def _last_of(posts: _Posts) -> dict[str, object]:
    *before, last = ({"text": "x", "followers": 2_400, **deepcopy(post)} for post in posts)
    return {**last, "before": before}


def make_lines(n_events: int, phrases: list[str]) -> list[bytes]:
    """Posts in the wire format, one JSON object per line."""
    rng = np.random.default_rng(SEED)
    latin = _words(rng, _LATIN, VOCABULARY)
    arabic = _words(rng, _ARABIC, VOCABULARY)
    lines = []
    for number in range(n_events):
        is_arabic = rng.random() < ARABIC_SHARE
        words = arabic if is_arabic else latin
        text = [words[i] for i in rng.integers(0, VOCABULARY, 12 if is_arabic else 20)]
        if rng.random() < HIT_SHARE:
            text.insert(5, phrases[int(rng.integers(0, len(phrases)))])
        lines.append(_line(number, " ".join(text), "ar" if is_arabic else "en", rng))
    return lines


def _line(number: int, text: str, lang: str, rng: np.random.Generator) -> bytes:
    account = int(rng.integers(0, 50_000))
    post: dict[str, object] = {"id": f"post-{number}", "text": text, "lang": lang}
    if rng.random() < HASHTAG_SHARE:
        post["hashtags"] = [f"tag{int(rng.integers(0, N_HASHTAGS))}"]
    if rng.random() < LINK_SHARE:
        post["links"] = [f"https://host{int(rng.integers(0, N_HOSTS))}.example/{number}"]
    at = _START + timedelta(milliseconds=40 * number)
    event = {
        "id": f"bench-{number}",
        "type": "post.created",
        "at": at.isoformat().replace("+00:00", "Z"),
        "actor": {
            "id": f"account-{account}",
            "handle": f"user{account}",
            "created_at": "2024-05-01T00:00:00Z",
            "followers": account % 3_000,
            "following": account % 700,
        },
        "post": post,
    }
    return json.dumps(event, ensure_ascii=False).encode()


def _words(rng: np.random.Generator, alphabet: str, n_words: int) -> list[str]:
    letters = np.array(list(alphabet))
    lengths = rng.integers(3, 9, n_words)
    return ["".join(letters[rng.integers(0, len(letters), length)]) for length in lengths]
