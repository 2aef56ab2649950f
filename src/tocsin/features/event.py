"""Features of the event itself: its type, how the post was published, what a report says.

Comes in: columns of the batch. Goes out: values as sent, missing where the event has no such part.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tocsin.features.table import MOMENT, Feature, Features
from tocsin.records import FeatureSpec, Numbers, ReportFiled, ValueType

__all__ = ["FEATURES"]


def _as_sent(name: str, path: str, value_type: ValueType, doc: str, example: str) -> Feature:
    return Feature(
        spec=FeatureSpec(name=name, type=value_type, doc=doc, example=example), reads=(path,)
    )


def _whether(name: str, path: str, doc: str) -> Feature:
    """Whether a post names another one."""
    spec = FeatureSpec(name=name, type=ValueType.BOOL, doc=doc, example="false")

    def numbers(table: Features) -> Numbers:
        named = np.array([other is not None for other in table.read(path)], np.int64)
        posts = table.read("post.id")
        if None not in posts:
            return Numbers(named, None)
        return Numbers(named, np.array([post is not None for post in posts], np.bool_))

    return Feature(spec=spec, reads=("post.id", path), of=_is_named, numbers=numbers)


def _is_named(post: str | None, other: str | None) -> bool | None:
    return None if post is None else other is not None


def _of_report(kind: str, value: str | None) -> str | None:
    return value if kind == _REPORT else None


_REPORT: Final = str(ReportFiled.__struct_config__.tag)

FEATURES: Final = (
    _as_sent("event.id", "id", ValueType.TEXT, "The event's id.", '"e1"'),
    _as_sent(
        "event.at",
        MOMENT,
        ValueType.TIME,
        "When the event happened, or where it does not say, arrived.",
        "2026-03-01T12:00:00Z",
    ),
    _as_sent("event.type", "type", ValueType.TEXT, "The event's type.", '"post.created"'),
    _as_sent(
        "post.visibility", "post.visibility", ValueType.TEXT, "Who may see the post.", '"public"'
    ),
    _as_sent(
        "post.client",
        "post.client",
        ValueType.TEXT,
        "The program that the post came from.",
        '"web"',
    ),
    _as_sent(
        "post.views", "post.views", ValueType.INT, "How often the post was seen, as sent.", "120"
    ),
    _whether("post.is_reply", "post.reply_to", "Whether the post answers another."),
    _whether("post.is_quote", "post.quote_of", "Whether the post shows another inside."),
    _whether("post.is_repost", "post.repost_of", "Whether the post repeats another."),
    Feature(
        spec=FeatureSpec(
            name="report.category",
            type=ValueType.TEXT,
            doc="What a report complains of.",
            example='"threat"',
        ),
        reads=("type", "category"),
        of=_of_report,
    ),
    Feature(
        spec=FeatureSpec(
            name="report.target_kind",
            type=ValueType.TEXT,
            doc="What a report is about.",
            example='"post"',
        ),
        reads=("type", "target.kind"),
        of=_of_report,
    ),
)
