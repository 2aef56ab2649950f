"""Texts to compare two ways of reading with: the seed sentences, as they are and dressed up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["seed_texts"]

_SEEDS = Path(__file__).parents[2] / "training" / "seed"
_DRESSES = (
    "{}",
    "RT @mara_e: {} https://news.example/a7b3?q=1",
    "“{}”, they wrote.",
    "{} #harbour #Iron_Dawn",
    "> {}\nI can't believe it!!! www.example.org",
    "Ｗell… {} 👍🏽 @ann@social.example",
    "it's 7:30, {} &quot;ok&quot; b4 the 2nd",
)


def seed_texts(every: int = 1) -> list[str]:
    """Each of the seed sentences (or each so many), dressed in turn as posts are."""
    return [
        _DRESSES[place % len(_DRESSES)].format(text)
        for place, text in enumerate(_sentences())
        if place % every == 0
    ]


def _sentences() -> Iterator[str]:
    for path in sorted(_SEEDS.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield line.rpartition("\t")[2]
