"""The model card: what the weights were trained on, and what they reached.

Comes in: training posts and cross-validated log odds. Goes out: the parts of the card, as JSON.
Always holds: every figure is computed here from posts that the scores had not seen; nothing on
the card is text of a post or an account's name. Refused: nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tocsin.evaluation.metrics import auc, average_precision
from tocsin.nlp.features import VectorSource
from tocsin.nlp.types import Harm
from tocsin.nlp.weights import OUTPUTS, Floats
from tocsin.training.accounts import FittedAccounts
from tocsin.training.fit import Targets
from tocsin.training.posts import TrainingPost

__all__ = ["data_of", "figures_of"]

_DIGITS: Final = 4


def data_of(
    posts: Sequence[TrainingPost],
    n_held_out: int,
    sources: Sequence[VectorSource | None],
    licences: Mapping[str, str],
) -> dict[str, Any]:
    """What was trained on: posts by set, by language and by code, and what was held out."""
    sets = Counter(post.data_set for post in posts)
    return {
        "outputs": list(OUTPUTS),
        "vectors": [
            {"name": source.name, "version": source.version} for source in sources if source
        ],
        "data": {
            "posts": len(posts),
            "held_out_posts": n_held_out,
            "sets": {
                name: {"posts": count, "licence": licences.get(name, "not stated")}
                for name, count in sorted(sets.items())
            },
            "languages": _counts(post.post.language or "not stated" for post in posts),
            "codes": _counts(post.code for post in posts if post.code),
        },
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def figures_of(
    layers: Mapping[str, Floats],
    targets: Targets,
    accounts: FittedAccounts,
) -> dict[str, Any]:
    """Cross-validated figures by harm and layer, over the posts that count in full."""
    figures: dict[str, Any] = {}
    for place, harm in enumerate(Harm):
        rows = targets.weights[:, place] > 0
        truths = targets.truths[rows, place]
        figures[harm.value] = {
            "posts": int(rows.sum()),
            "positives": int(truths.sum()),
            **{
                name: {
                    "auc": _rounded(auc(*_parted(layer[rows, place], truths))),
                    "average_precision": _rounded(
                        average_precision(*_parted(layer[rows, place], truths))
                    ),
                }
                for name, layer in layers.items()
            },
        }
    figures["accounts"] = {"supporting": accounts.n_supporting, "others": accounts.n_others}
    return figures


def _parted(
    logits: Floats, truths: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The log odds of what is true, and of what is not."""
    wide = logits.astype(np.float64)
    return wide[truths], wide[~truths]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
