"""Training posts: what each harm may learn from each post, and how much it counts.

Comes in: examples of data sets, codes by event, seed sentences. Goes out: `TrainingPost`s. Always
holds: no held-out account, no text that one of them posted, no case of a test suite; each text
once; a harm of which nobody judged a post has no weight for it, unless the post comes from traffic
where the harm is rare: then it is a negative of less weight. Refused: codes that are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.evaluation.labels import GroupKind
from tocsin.evaluation.sets import Example
from tocsin.nlp import Harm, PostText
from tocsin.nlp.clean import plain_words
from tocsin.nlp.split import is_held_out

__all__ = ["SEED_SET", "Target", "TrainingPost", "read_seeds", "training_posts"]

SEED_SET: Final = "seed"

_LEANING_WEIGHT: Final = 0.3  # "leaning that way" is the least certain code of all
_UNJUDGED_WEIGHT: Final = 0.5
_SPARED_STANCES: Final = frozenset("NCMQFK")
_CODE_FLAGS: Final = frozenset("ith")
_CODE_STANCES: Final = frozenset("SsNCMQOFK")


@dataclass(frozen=True, slots=True)
class Target:
    """What a post is for one output, and how much that counts; weight 0: unknown."""

    is_true: bool
    weight: float


_UNKNOWN: Final = Target(is_true=False, weight=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPost:
    """One post with its targets, by output.

    `group` is the kind of text that it is for the choice of thresholds; "" where it is none that
    must be left alone.
    """

    post: PostText
    data_set: str
    account: str
    has_account: bool
    code: str
    group: str
    is_ordinary: bool
    targets: Mapping[str, Target]

    @property
    def fold_key(self) -> str:
        """What must not be torn apart by folds: the account, or the post where there is none."""
        return f"{self.data_set}|{self.account}"


def training_posts(
    examples: Iterable[Example], codes: Mapping[str, str]
) -> tuple[list[TrainingPost], int]:
    """What may be trained on, and how many examples were held out."""
    examples = list(examples)
    held = [one for one in examples if is_held_out(one.data_set, one.account)]
    seen = {_text_key(one.post.text) for one in held}
    posts = []
    for example in examples:
        if is_held_out(example.data_set, example.account) or _is_test_case(example):
            continue
        key = _text_key(example.post.text)
        if key and key not in seen:
            seen.add(key)
            posts.append(_training_post(example, codes.get(example.post.id, "")))
    return posts, len(held)


def _is_test_case(example: Example) -> bool:
    return example.is_test_case


def _text_key(text: str) -> str:
    letters = (letter if letter.isalnum() else " " for letter in plain_words(text).lower())
    return " ".join("".join(letters).split())


def _training_post(example: Example, code: str) -> TrainingPost:
    kinds = {group.kind: group.name for group in example.truth.groups}
    spared = kinds.get(GroupKind.SPARED) or kinds.get(GroupKind.ORDINARY) or ""
    is_pro = example.truth.account_supports is True
    targets = _targets_of_code(code) if code else _targets_of_truth(example)
    known = example.truth.harms
    if code and known.get(Harm.THREAT) is not None and not code_agrees(code, known):
        targets |= {Harm.THREAT.value: _UNKNOWN, Harm.INCITEMENT.value: _UNKNOWN}
    targets["affinity"] = Target(is_true=is_pro, weight=1.0)
    return TrainingPost(
        post=example.post,
        data_set=example.data_set,
        account=example.account,
        has_account=example.has_account,
        code=code,
        group="" if is_pro or any(target.is_true for target in targets.values()) else spared,
        is_ordinary=GroupKind.ORDINARY in kinds,
        targets=targets,
    )
