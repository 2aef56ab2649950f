"""Training posts: what each harm may learn from each post, and how much it counts.

Comes in: examples of data sets, codes by event, seed sentences. Goes out: `TrainingPost`s. Always
holds: no held-out account, no text that one of them posted, no case of a test suite; each text
once; a harm of which nobody judged a post has no weight for it, unless the post comes from traffic
where the harm is rare: then it is a negative of less weight. Refused: codes that are none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tocsin.errors import InputError
from tocsin.evaluation.labels import ABOUT, GroupKind
from tocsin.evaluation.sets import Example
from tocsin.nlp import Harm, PostText
from tocsin.nlp.clean import plain_words
from tocsin.nlp.codes import parse_code
from tocsin.nlp.split import is_held_out

__all__ = ["SEED_SET", "VERDICT_SET", "Target", "TrainingPost", "read_seeds", "training_posts"]

SEED_SET: Final = "seed"
VERDICT_SET: Final = "verdicts"
"""Posts that people of a platform judged. Rules and reports chose them: a harm that nobody was
asked about is not rare there, and stays unknown."""

_TALK: Final = "talk of armed groups"
"""The domain of all posts about them, for or against: only what they say tells these apart."""

_LEFT_ALONE: Final = frozenset({GroupKind.SPARED, GroupKind.ORDINARY})
_LEANING_WEIGHT: Final = 0.3  # "leaning that way" is the least certain code of all
_UNJUDGED_WEIGHT: Final = 0.5
_SEED_WEIGHT: Final = 0.2  # sentences that were made up must not outweigh what people wrote


@dataclass(frozen=True, slots=True)
class Target:
    """What a post is for one output, and how much that counts; weight 0: unknown."""

    is_true: bool
    weight: float


_UNKNOWN: Final = Target(is_true=False, weight=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPost:
    """One post with its targets, by output.

    `groups` are the kinds of text that must be left alone that it is one of, for the choice of
    thresholds. Posts of one `domain` are told apart by what they say; between domains lie
    differences of platform and collection, which are not learnt.
    """

    post: PostText
    data_set: str
    account: str
    has_account: bool
    code: str
    groups: tuple[str, ...]
    is_ordinary: bool
    domain: str
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
        if is_held_out(example.data_set, example.account) or example.truth.is_test_case:
            continue
        key = _text_key(example.post.text)
        if key and key not in seen:
            seen.add(key)
            posts.append(_training_post(example, codes.get(example.post.id, "")))
    return posts, len(held)


def _text_key(text: str) -> str:
    letters = (letter if letter.isalnum() else " " for letter in plain_words(text).lower())
    return " ".join("".join(letters).split())


def _training_post(example: Example, code: str) -> TrainingPost:
    groups = example.truth.groups
    spared = tuple(group.name for group in groups if group.kind in _LEFT_ALONE)
    is_talk = any(group.name == ABOUT for group in groups)
    is_pro = example.truth.account_supports is True
    targets = _targets(example, code, is_pro=is_pro)
    return TrainingPost(
        post=example.post,
        data_set=example.data_set,
        account=example.account,
        has_account=example.has_account,
        code=code,
        groups=() if is_pro or any(targets[harm.value].is_true for harm in Harm) else spared,
        is_ordinary=any(group.kind is GroupKind.ORDINARY for group in groups),
        domain=_TALK if is_pro or is_talk else example.data_set,
        targets=targets,
    )


def _targets(example: Example, code: str, *, is_pro: bool) -> dict[str, Target]:
    """By output; a code of ours and a label of the source that disagree cancel each other."""
    is_chosen = example.data_set == VERDICT_SET
    unjudged = _UNKNOWN if is_pro or is_chosen else Target(is_true=False, weight=_UNJUDGED_WEIGHT)
    coded = _targets_of_code(code, where=example.post.id) if code else {}
    found = {}
    for harm in Harm:
        of_source = example.source_harms.get(harm)
        of_code = coded.get(harm.value)
        if of_source is None:
            found[harm.value] = of_code or unjudged
        elif of_code is not None and of_code.is_true and not of_source:
            found[harm.value] = _UNKNOWN
        else:
            found[harm.value] = Target(is_true=of_source, weight=1.0)
    is_known = not is_chosen or example.truth.account_supports is not None
    found["affinity"] = Target(is_true=is_pro, weight=1.0) if is_known else _UNKNOWN
    return found


def _targets_of_code(code: str, *, where: str) -> dict[str, Target]:
    """What a code says of each harm."""
    parsed = parse_code(code, where=where)
    weight = _LEANING_WEIGHT if parsed.stance == "s" else 1.0
    return {
        Harm.SUPPORT.value: Target(is_true=parsed.stance in "Ss", weight=weight),
        **{harm.value: Target(is_true=said, weight=1.0) for harm, said in parsed.harms().items()},
    }


def read_seeds(folder: Path) -> list[TrainingPost]:
    """Seed sentences: files `<language>.tsv` of `CODE<TAB>TEXT`, in order of languages.

    Raises:
        InputError: the folder holds none, or a line is something else.
    """
    files = sorted(folder.glob("*.tsv"))
    if not files:
        raise InputError("no seed sentences lie here", where=str(folder), hint="files end in .tsv")
    return [post for path in files for post in _seeds_of(path)]


def _seeds_of(path: Path) -> Iterator[TrainingPost]:
    language = path.stem
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        where = f"{path.name}:{number}"
        code, separator, text = line.partition("\t")
        if not separator:
            raise InputError("expected `CODE<TAB>TEXT`", where=where)
        targets = _targets_of_code(code, where=where)
        name = f"{language}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        is_spared = not any(target.is_true for target in targets.values())
        yield TrainingPost(
            post=PostText(id=name, text=text, language=language),
            data_set=SEED_SET,
            account=name,
            has_account=False,
            code=code,
            groups=(f"{SEED_SET}: {code}",) if is_spared else (),
            is_ordinary=False,
            domain=SEED_SET,
            targets={
                **{name: replace(target, weight=_SEED_WEIGHT) for name, target in targets.items()},
                "affinity": replace(targets[Harm.SUPPORT.value], weight=_SEED_WEIGHT),
            },
        )
