"""Which posts may be evaluated: by account, by time, and never what was trained on.

Comes in: examples, and what a model was trained on. Goes out: those that count, and how many do
not and why. Always holds: the rule who is held out is the one that training uses
(`tocsin.nlp.split`); a held-out post whose very text also stands in the training part of its set
is left out, for a repost is no unseen text. Refused: an evaluation with a post whose account (or,
where a set has no accounts, whose event) the model was trained on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from tocsin.errors import CheckFailedError
from tocsin.evaluation.sets import Example
from tocsin.evaluation.surface import without_surface
from tocsin.nlp.split import is_held_out
from tocsin.nlp.trained import TrainedOn

__all__ = ["LATER_SHARE", "Parts", "Split", "later_starts", "parts_of", "refuse_trained"]

LATER_SHARE: Final = 0.3
"""The last part of a set's time that is reported by itself."""

_MAX_NAMED: Final = 5


class Split(StrEnum):
    """Which part of the data is evaluated."""

    HELD_OUT = "held-out"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The posts of a data set on both sides: `n_repeated` held-out ones are on neither."""

    training: list[Example]
    evaluation: list[Example]
    n_repeated: int


def parts_of(examples: Sequence[Example], split: Split) -> Parts:
    """The two sides; with `Split.ALL` everything is evaluated and nothing trained on."""
    if split is Split.ALL:
        return Parts(training=[], evaluation=list(examples), n_repeated=0)
    training: list[Example] = []
    held_out: list[Example] = []
    for example in examples:
        is_out = example.truth.is_test_case or is_held_out(example.data_set, example.account)
        (held_out if is_out else training).append(example)
    seen = {_text_key(example) for example in training}
    kept = [example for example in held_out if _text_key(example) not in seen]
    return Parts(training=training, evaluation=kept, n_repeated=len(held_out) - len(kept))


def refuse_trained(
    examples: Iterable[Example], trained_on: TrainedOn, known_sets: Iterable[str] = ()
) -> None:
    """Refuse an evaluation on what the model was trained on.

    `known_sets` are the names under which the model's sets were trained: a folder that was given
    another name is still the same set.

    Raises:
        CheckFailedError: with the sets, and how many of their accounts.
    """
    names = tuple(dict.fromkeys(known_sets))
    checked = {(example.data_set, example.account) for example in examples}
    counts: dict[str, int] = {}
    for data_set, account in checked:
        if any(trained_on.contains(name, account) for name in {data_set, *names}):
            counts[data_set] = counts.get(data_set, 0) + 1
    if counts:
        told = [f"{n:,} of `{name}`" for name, n in sorted(counts.items())]
        raise CheckFailedError(
            "the model was trained on accounts (or posts without accounts) of this data: "
            + ", ".join(told[:_MAX_NAMED]),
            hint="evaluate what was held out (--split held-out), or data that it has not seen",
        )


def later_starts(examples: Iterable[Example]) -> dict[str, float]:
    """When the later part of each set begins, for sets whose posts have times."""
    times: dict[str, list[float]] = {}
    for example in examples:
        if example.at is not None:
            times.setdefault(example.data_set, []).append(example.at)
    return {
        name: sorted(found)[int(len(found) * (1 - LATER_SHARE))] for name, found in times.items()
    }


def _text_key(example: Example) -> bytes:
    """Equal for texts that differ in links, mentions, hashtags, case and spaces only."""
    text = without_surface(example.post.text) or example.post.text
    folded = unicodedata.normalize("NFKC", text).casefold()
    key = f"{example.data_set}|{' '.join(folded.split())}"
    return blake2b(key.encode(errors="replace"), digest_size=12).digest()
