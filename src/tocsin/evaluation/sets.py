"""Data sets from files: posts on one side, what people said of them on the other.

Comes in: files and folders of event lines (`.jsonl`, `.jsonl.gz`, `.jsonl.zst`), and a file of
codes that people gave post by post. Goes out: `Example`s. Always holds: the `label` stays here and
never reaches a model, nor do author and time; the name of a set is that of its folder; events
without a post are counted and left out. Refused: paths without events, lines that are no events
(with file and line, never their content), the same event twice with different posts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from tocsin.errors import InputError
from tocsin.evaluation.labels import Truth, truth_of, with_code
from tocsin.ingest import Line, LineReader, open_lines
from tocsin.nlp import Harm, PostText
from tocsin.nlp.posts import SCORING_POLICY, text_of_event
from tocsin.records import RefusedEvent, account_key, decode_event, decode_json

__all__ = ["Example", "find_files", "read_codes", "read_sets"]

_ENDINGS: Final = (".jsonl", ".jsonl.gz", ".jsonl.zst")
_POST_LABELS: Final = "tweet_labels"
"""A file of this name holds labels of single posts, by the id of the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One post, and what is known of it.

    `account` is the id of its account, of the event where there is none (`has_account`). `at` is
    in seconds, None where the source gives no time. `truth` holds codes too, `source_harms` only
    what the source itself says of harms.
    """

    post: PostText
    data_set: str
    account: str
    has_account: bool
    at: float | None
    truth: Truth
    source_harms: Mapping[Harm, bool] = field(default_factory=dict)


def find_files(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """The files of events below these paths, each with the name of its set, in order.

    Raises:
        InputError: a path does not exist, or holds no such file.
    """
    found: list[tuple[str, Path]] = []
    for path in paths:
        if path.is_file():
            found.append((path.resolve().parent.name, path))
            continue
        if not path.exists():
            raise InputError("there is no such file or folder", where=str(path))
        below = sorted(one for one in path.rglob("*") if one.name.endswith(_ENDINGS))
        if not below:
            raise InputError(
                "no file of events lies here",
                where=str(path),
                hint=f"files end in {', '.join(_ENDINGS)}",
            )
        found += [(one.resolve().parent.name, one) for one in below]
    return list(dict.fromkeys(found))


def read_sets(
    files: Sequence[tuple[str, Path]],
    *,
    now: datetime,
    codes: Mapping[str, str] | None = None,
    on_file: Callable[[str], object] = str,
) -> list[Example]:
    """The posts of these files that carry a label, with what their labels and codes say.

    Raises:
        InputError: a line is no event, or one event stands twice with different posts.
    """
    found: dict[tuple[str, str], Example] = {}
    of_posts: dict[tuple[str, str], Truth] = {}
    for data_set, path in files:
        on_file(path.name)
        is_labels = path.name.startswith(_POST_LABELS)
        for line in _lines(path):
            if is_labels:
                event_id, truth = _post_label(line)
                of_posts[data_set, event_id] = truth
                continue
            example = _example(line, data_set, now)
            if example is None:
                continue
            known = found.setdefault((data_set, example.post.id), example)
            if known.post != example.post:
                raise InputError("this event stands twice with different posts", where=_at(line))
    examples = [
        replace(
            example,
            source_harms=example.truth.harms,
            truth=_joined(example, of_posts.get(key), codes or {}),
        )
        for key, example in found.items()
    ]
    return [example for example in examples if example.truth.is_usable]


def read_codes(path: Path) -> dict[str, str]:
    """Codes that people gave, by the id of the event: lines of `event id<TAB>code`.

    Raises:
        InputError: a line is something else.
    """
    codes: dict[str, str] = {}
    for line in _lines(path):
        try:
            event_id, code = line.content.decode().split("\t")
        except ValueError:
            raise InputError("expected `event id<TAB>code`", where=_at(line)) from None
        with_code(Truth(), code, where=_at(line))
        codes[event_id] = code
    return codes


def _joined(example: Example, of_post: Truth | None, codes: Mapping[str, str]) -> Truth:
    truth = example.truth
    if of_post is not None:
        truth = replace(
            truth,
            harms={**truth.harms, **of_post.harms},
            groups=(*of_post.groups, *truth.groups),
        )
    code = codes.get(example.post.id)
    return truth if code is None else with_code(truth, code, where=example.post.id)


def _lines(path: Path) -> Iterator[Line]:
    with open_lines(str(path)) as reader:
        yield from _whole_lines(reader, path)


def _whole_lines(reader: LineReader, path: Path) -> Iterator[Line]:
    for item in reader:
        if not isinstance(item, Line):
            raise InputError("the file is damaged or a line is too long", where=str(path))
        yield item


def _example(line: Line, data_set: str, now: datetime) -> Example | None:
    try:
        event = decode_event(line.content, now=now, policy=SCORING_POLICY)  # knows no `label`
    except RefusedEvent as error:
        raise InputError(error.message, where=_at(line)) from None
    post = text_of_event(event)
    if post is None:
        return None
    label = _LABEL.decode(line.content).label
    if not isinstance(label, dict):
        raise InputError(
            "this event carries no `label`",
            where=_at(line),
            hint="see docs/how-to/evaluate-text-models.md for the form of labels",
        )
    account = account_key(event.actor)
    return Example(
        post=post,
        data_set=data_set,
        account=account or event.id,
        has_account=account is not None,
        at=None if event.at is None else event.at.timestamp(),
        truth=truth_of(label),
    )


class _Labelled(Struct):
    label: Any = None


_LABEL: Final = msgspec.json.Decoder(_Labelled)


def _post_label(line: Line) -> tuple[str, Truth]:
    try:
        given: Any = decode_json(line.content)
    except RefusedEvent as error:
        raise InputError(error.message, where=_at(line)) from None
    if not isinstance(given, dict) or not isinstance(given.get("id"), str):
        raise InputError("expected an object with the `id` of an event", where=_at(line))
    label = given.get("label", given)
    return given["id"], truth_of(label if isinstance(label, dict) else {})


def _at(line: Line) -> str:
    return f"{line.source}:{line.number}"
