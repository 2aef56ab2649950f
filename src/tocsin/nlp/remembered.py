"""A model that remembers what it said: a text that comes again is looked up.

Comes in: posts, and a model of posts. Goes out: the same `JudgedPost`s that the model gives. Always
holds: what is looked up equals what would be computed (a post has one score in every batch); what
is remembered is bounded in posts and in characters, the oldest go first; safe to use from several
threads, one of which computes at a time. Refused: nothing.

A post is judged more than once: ahead of its turn and at its turn, by a check before publishing and
when it is published, by both packs of a back-test, in every copy of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Final, Protocol

from tocsin.nlp.scorer import JudgedPost
from tocsin.nlp.types import PostText
from tocsin.nlp.weights import ModelWeights

__all__ = ["ROOM", "PostJudge", "Remembered"]

ROOM: Final = 4_096
"""Posts that are remembered: some 30 MB, vectors included."""

MAX_CHARACTERS: Final = 4_000
"""Longer texts are judged each time that they come."""

_Key = tuple[str, str, tuple[str, ...], str]


class PostJudge(Protocol):
    """What judges posts: a `PostModel`, or one that remembers."""

    version: str
    weights: ModelWeights

    def judge(self, posts: Sequence[PostText]) -> list[JudgedPost]:
        """What the models say of each post, in order."""
        ...


class Remembered:
    """A model and its last answers."""

    def __init__(self, model: PostJudge, room: int = ROOM) -> None:
        self.version = model.version
        self.weights = model.weights
        self._model = model
        self._room = room
        self._known: OrderedDict[_Key, JudgedPost] = OrderedDict()
        self._lock = Lock()

    def judge(self, posts: Sequence[PostText]) -> list[JudgedPost]:
        """What the models say of each post, in order."""
        keys = [(post.text, post.language, post.hosts, post.from_image) for post in posts]
        with self._lock:
            missing = {
                key: post for key, post in zip(keys, posts, strict=True) if key not in self._known
            }
            judged = self._model.judge(list(missing.values()))
            fresh = dict(zip(missing, judged, strict=True))
            found = [
                replace(fresh[key] if key in fresh else self._known[key], id=post.id)
                for key, post in zip(keys, posts, strict=True)
            ]
            self._remember(keys, fresh)
        return found

    def _remember(self, keys: Sequence[_Key], fresh: dict[_Key, JudgedPost]) -> None:
        for key in keys:
            if key in self._known:
                self._known.move_to_end(key)
            elif len(key[0]) + len(key[3]) <= MAX_CHARACTERS:
                self._known[key] = fresh[key]
        while len(self._known) > self._room:
            self._known.popitem(last=False)
