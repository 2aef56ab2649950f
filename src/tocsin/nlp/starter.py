"""The text models that ship, ready to score.

Comes in: a folder of weights, or nothing for those in the package. Goes out: models of posts and
accounts. Always holds: without the extras `text` and `wide` the layers before stand alone, and the
version says so. Refused: a folder that holds no weights.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

from tocsin.errors import InputError
from tocsin.nlp.accounts import AccountModel
from tocsin.nlp.adapters.embed import E5Embedder, UseEmbedder
from tocsin.nlp.features import VectorSource
from tocsin.nlp.reading import Reader
from tocsin.nlp.scorer import PostModel
from tocsin.nlp.types import AccountScorer, PostScorer
from tocsin.nlp.weights import read_weights

__all__ = ["load_account_scorer", "load_post_model", "load_scorer", "starter_folder"]


def starter_folder() -> Path:
    """Where the weights lie that ship with the package."""
    return Path(str(resources.files("tocsin.models") / "text"))


def load_post_model(folder: Path | None = None) -> PostModel:
    """The model of single posts.

    Raises:
        InputError: the folder holds no weights.
    """
    weights = read_weights(folder or starter_folder())
    return PostModel(weights, Reader(), _installed(UseEmbedder), _installed(E5Embedder))


def load_scorer(folder: Path | None = None) -> PostScorer:
    """The scorer of single posts."""
    return load_post_model(folder)


def load_account_scorer(folder: Path | None = None) -> AccountScorer:
    """The scorer of accounts."""
    return AccountModel(load_post_model(folder))


def _installed(source: Callable[[], VectorSource]) -> VectorSource | None:
    """A source of vectors; None where its extra is not installed."""
    try:
        return source()
    except InputError:
        return None
