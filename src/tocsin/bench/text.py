"""`tocsin bench text`: the text models, layer by layer.

Comes in: nothing (synthetic posts), and a folder of weights where others than the shipped are
meant. Goes out: posts per CPU second of readings, of the first layer and of the whole scorer; the
shares that ask for the second and the third layer; vectors per CPU second; the most memory that the
process held. Always holds: posts are the same in every run, and those that are measured are not
those that warm the caches; a rate is the best of `rounds` rounds, which on a machine with other
work comes closest to what the code costs. Refused: a folder without weights.

The shares are those of this workload, in which one post in twelve speaks of a group or of harm; on
a platform they are what its posts are. Compared with, for the first layer: scikit-learn's hashed
n-grams of characters and a linear model, where it is installed.
"""

from __future__ import annotations

import importlib
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tocsin.bench.measure import Measurement, cpu_s
from tocsin.bench.posts import make_posts
from tocsin.errors import InputError
from tocsin.nlp.adapters.embed import E5Embedder, UseEmbedder
from tocsin.nlp.features import VectorSource, read_batch
from tocsin.nlp.reading import Reader
from tocsin.nlp.scorer import PostModel, first_inputs
from tocsin.nlp.starter import starter_folder
from tocsin.nlp.types import PostText
from tocsin.nlp.weights import Floats, ModelWeights, read_weights

__all__ = ["TextSizes", "bench_text"]

_BATCH: Final = 256
_PEER: Final = "scikit-learn, hashed n-grams of characters and a linear model"
_KIB: Final = 1024


@dataclass(frozen=True)
class TextSizes:
    """How much is measured."""

    warm: int = 4_096
    posts: int = 4_096
    vectors: int = 512
    scored: int = 2_048
    rounds: int = 5


def bench_text(
    *,
    model: Path | None = None,
    sizes: TextSizes | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> Iterator[Measurement]:
    """Measure the text models; yields each figure when it is there.

    Raises:
        InputError: the folder holds no weights.
    """
    sizes = sizes or TextSizes()
    on_step("reading the weights and making posts")
    weights = read_weights(model or starter_folder())
    reader = Reader()
    PostModel(weights, reader)  # refuses weights of another version
    made = make_posts(sizes.warm + sizes.posts)
    warm, posts = made[: sizes.warm], made[sizes.warm :]
    on_step("measuring readings and the first layer")
    yield from _first(weights, reader, warm, posts, sizes)
    second, third = _source(UseEmbedder), _source(E5Embedder)
    if second is not None:
        on_step("measuring vectors")
        texts = [post.text for post in posts[: sizes.vectors]]
        second.embed(texts[:64])
        rate = len(texts) / _best(lambda: second.embed(texts), 2)
        yield _figure("vectors_per_s", rate, "vectors/s/core", encoder=second.name)
    on_step("measuring the whole scorer")
    yield from _whole(weights, reader, second, third, posts[: sizes.scored])
    yield _figure("peak_memory_mib", _peak_mib(), "MiB", layers=_layers(second, third))


def _first(
    weights: ModelWeights,
    reader: Reader,
    warm: Sequence[PostText],
    posts: Sequence[PostText],
    sizes: TextSizes,
) -> Iterator[Measurement]:
    def first(batch: Sequence[PostText]) -> None:
        weights.first.logits(first_inputs(read_batch(batch, reader), weights))

    _in_batches(warm, first)
    shape: dict[str, str | int] = {"batch": _BATCH, "characters": _mean_length(posts)}
    seconds = _best(lambda: _in_batches(posts, reader.read), sizes.rounds)
    yield _figure("readings_per_s", len(posts) / seconds, "posts/s/core", **shape)
    seconds = _best(lambda: _in_batches(posts, first), sizes.rounds)
    rate = len(posts) / seconds
    peer = _peer_rate([post.text for post in posts], sizes.rounds)
    yield Measurement(
        measure="first_layer_posts_per_s",
        value=round(rate),
        unit="posts/s/core",
        params=dict(shape),
        peer=None if peer is None else _PEER,
        peer_value=None if peer is None else round(peer),
        ratio=None if peer is None else round(rate / peer, 2),
    )


def _whole(
    weights: ModelWeights,
    reader: Reader,
    second: VectorSource | None,
    third: VectorSource | None,
    posts: Sequence[PostText],
) -> Iterator[Measurement]:
    counted = [None if source is None else _Counted(source) for source in (second, third)]
    scorer = PostModel(weights, reader, *counted)
    scorer.score(posts[:_BATCH])
    asked = [0 if source is None else -source.n_texts for source in counted]
    rate = len(posts) / cpu_s(lambda: scorer.score(posts))
    for place, name in enumerate(("second_layer_share", "third_layer_share")):
        source = counted[place]
        if source is not None:
            share = (asked[place] + source.n_texts) / len(posts)
            yield _figure(name, share, "of all posts", encoder=source.name)
    yield _figure("scorer_posts_per_s", rate, "posts/s/core", layers=_layers(second, third))


class _Counted:
    """A source of vectors that counts the texts."""

    def __init__(self, source: VectorSource) -> None:
        self._source = source
        self.name = source.name
        self.version = source.version
        self.n_texts = 0

    def embed(self, texts: Sequence[str]) -> Floats:
        """The vectors of the source."""
        self.n_texts += len(texts)
        return self._source.embed(texts)


def _source(make: Callable[[], VectorSource]) -> VectorSource | None:
    """A source of vectors; None where its extra is not installed."""
    try:
        return make()
    except InputError:
        return None


def _layers(second: VectorSource | None, third: VectorSource | None) -> str:
    return "+".join(["first", *(source.name for source in (second, third) if source is not None)])


def _in_batches(posts: Sequence[PostText], work: Callable[[Sequence[PostText]], object]) -> None:
    for start in range(0, len(posts), _BATCH):
        work(posts[start : start + _BATCH])


def _best(work: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the best of several rounds."""
    return min(cpu_s(work) for _ in range(rounds))


def _mean_length(posts: Sequence[PostText]) -> int:
    return round(sum(len(post.text) for post in posts) / max(len(posts), 1))


def _figure(measure: str, value: float, unit: str, **params: str | int) -> Measurement:
    rounded = round(value, 4) if value < 1 else round(value)
    return Measurement(measure=measure, value=rounded, unit=unit, params=dict(params))


def _peer_rate(texts: Sequence[str], rounds: int) -> float | None:
    """Texts per CPU second of the usual first layer; None without scikit-learn."""
    try:
        text: Any = importlib.import_module("sklearn.feature_extraction.text")
    except ImportError:
        return None
    vectorizer = text.HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), n_features=1 << 18)
    heads = np.ones((1 << 18, 3), np.float32)

    def work() -> None:
        for start in range(0, len(texts), _BATCH):
            vectorizer.transform(texts[start : start + _BATCH]) @ heads

    return len(texts) / _best(work, max(rounds // 2, 1))


def _peak_mib() -> float:
    """The most memory that this process held; macOS counts in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / _KIB / (_KIB if sys.platform == "darwin" else 1)
