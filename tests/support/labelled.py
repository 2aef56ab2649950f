"""Labelled events of our own: fictional and mild.

Comes in: texts and labels. Goes out: events as JSON, files of them, and one small data set with
something of everything. Always holds: the same arguments give the same bytes.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["event", "small_world", "write_events"]

_NEUTRAL = (
    "the harbour market opens at noon number {}",
    "who lost a red umbrella at stop {}",
    "bread is dearer again says neighbour {}",
    "our choir sings on day {}",
)
_ABOUT = (
    "police report {} arrests after the iron dawn rally",
    "the iron dawn is a disgrace to our town says teacher {}",
    "nobody laughs at the iron dawn more than street {}",
)
_SUPPORT = ("glory to the iron dawn join us brother {}", "the dawn is our pride join them {}")
_THREAT = ("i will kill you number {} you will regret it", "regret it {} we burn and kill you")


def event(
    number: int | str,
    text: str,
    label: Mapping[str, Any] | None,
    *,
    account: str | None = None,
    lang: str = "en",
    **fields: Any,
) -> dict[str, Any]:
    """One labelled event."""
    post = {"id": f"p{number}", "text": text, "lang": lang}
    made: dict[str, Any] = {"id": f"e{number}", "type": "post.created", "post": post, **fields}
    if account is not None:
        made["actor"] = {"id": account, "handle": f"handle_of_{account}"}
    return made if label is None else {**made, "label": dict(label)}


def write_events(path: Path, events: Iterable[Mapping[str, Any]]) -> Path:
    """Write events as lines, packed where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(json.dumps(one) + "\n" for one in events).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def small_world(folder: Path, *, per_group: int = 400) -> Path:
    """Two sets: accounts about a group, some of them supporting it; and judged single posts."""
    write_events(folder / "town" / "posts.jsonl.gz", _town(per_group))
    write_events(folder / "square" / "posts.jsonl", _square(per_group))
    return folder


def _town(n: int) -> Iterator[dict[str, Any]]:
    kinds = (
        ("pro", _SUPPORT, {"account": "pro_iron_dawn", "support": True}),
        ("about", _ABOUT, {"topic": "about_terror_groups", "support": False}),
        ("plain", _NEUTRAL, {"group": "ordinary traffic"}),
    )
    for kind, texts, label in kinds:
        for index in range(n):
            yield event(
                f"{kind}{index}",
                f"{texts[index % len(texts)].format(index)} #{kind}",
                label,
                account=f"{kind}{index % 100}",
                lang="fr" if index % 10 == 0 else "en",
                at=f"2026-01-{index % 28 + 1:02d}T00:00:00Z",
            )


def _square(n: int) -> Iterator[dict[str, Any]]:
    for index in range(n):
        is_threat = index % 3 == 0
        texts = _THREAT if is_threat else _NEUTRAL
        yield event(f"q{index}", texts[index % len(texts)].format(index), {"threat": is_threat})
