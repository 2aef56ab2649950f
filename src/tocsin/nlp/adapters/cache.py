"""Answers that were given before.

Comes in: keys made of hashes, and answers. Goes out: the answer to the same question. Always holds:
at most so many answers, the least recently used one leaving first; abstentions are not kept, so a
model that was away is asked again; no text stands in a key. Refused: nothing.

**Why in memory only.** An answer may repeat the post (a rationale, a translation). What people
wrote is kept in one place, where it can be erased; a file of answers would be a second.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeVar

import msgspec

from tocsin.nlp.adapters.protocols import Answer

__all__ = ["AnswerCache"]

A = TypeVar("A", bound=Answer)


class AnswerCache:
    """The last answers, for several threads."""

    def __init__(self, entries: int) -> None:
        self._room = entries
        self._answers: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, ...], kind: type[A]) -> A | None:
        """The answer to this question, marked as given before."""
        with self._lock:
            found = self._answers.get(key)
            if not isinstance(found, kind):
                return None
            self._answers.move_to_end(key)
        return msgspec.structs.replace(found, cached=True, latency_ms=0)

    def put(self, key: tuple[str, ...], answer: Answer) -> None:
        """Keep an answer, unless it is none."""
        if answer.abstained or not self._room:
            return
        with self._lock:
            self._answers[key] = answer
            self._answers.move_to_end(key)
            if len(self._answers) > self._room:
                self._answers.popitem(last=False)

    def __len__(self) -> int:
        return len(self._answers)
