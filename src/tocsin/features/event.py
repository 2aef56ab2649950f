"""Features of the event itself: its type, how the post was published, what a report says.

Comes in: a row of the table. Goes out: values as sent, missing where the event has no such part.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tocsin.features.table import Feature, Features
from tocsin.records import FeatureSpec, ReportFiled, ValueType

__all__ = ["FEATURES"]


def _id(table: Features, row: int) -> str:
    return table.event(row).id


def _at(table: Features, row: int) -> datetime:
    return table.batch.at(row)


def _type(table: Features, row: int) -> str:
    return str(type(table.event(row)).__struct_config__.tag)


def _visibility(table: Features, row: int) -> str | None:
    post = table.post(row)
    return None if post is None else post.visibility


def _client(table: Features, row: int) -> str | None:
    post = table.post(row)
    return None if post is None else post.client


def _views(table: Features, row: int) -> int | None:
    post = table.post(row)
    return None if post is None else post.views


def _is_reply(table: Features, row: int) -> bool | None:
    post = table.post(row)
    return None if post is None else post.reply_to is not None


def _is_quote(table: Features, row: int) -> bool | None:
    post = table.post(row)
    return None if post is None else post.quote_of is not None


def _is_repost(table: Features, row: int) -> bool | None:
    post = table.post(row)
    return None if post is None else post.repost_of is not None


def _report_category(table: Features, row: int) -> str | None:
    event = table.event(row)
    return event.category if isinstance(event, ReportFiled) else None


def _report_target(table: Features, row: int) -> str | None:
    event = table.event(row)
    return event.target.kind if isinstance(event, ReportFiled) else None


def _spec(name: str, value_type: ValueType, doc: str, example: str) -> FeatureSpec:
    return FeatureSpec(name=name, type=value_type, doc=doc, example=example)


FEATURES: Final = (
    Feature(_spec("event.id", ValueType.TEXT, "The event's id.", '"e1"'), _id),
    Feature(
        _spec(
            "event.at",
            ValueType.TIME,
            "When the event happened, or where it does not say, arrived.",
            "2026-03-01T12:00:00Z",
        ),
        _at,
    ),
    Feature(_spec("event.type", ValueType.TEXT, "The event's type.", '"post.created"'), _type),
    Feature(
        _spec("post.visibility", ValueType.TEXT, "Who may see the post.", '"public"'), _visibility
    ),
    Feature(
        _spec("post.client", ValueType.TEXT, "The program that the post came from.", '"web"'),
        _client,
    ),
    Feature(
        _spec("post.views", ValueType.INT, "How often the post was seen, as sent.", "120"), _views
    ),
    Feature(
        _spec("post.is_reply", ValueType.BOOL, "Whether the post answers another.", "false"),
        _is_reply,
    ),
    Feature(
        _spec("post.is_quote", ValueType.BOOL, "Whether the post shows another inside.", "false"),
        _is_quote,
    ),
    Feature(
        _spec("post.is_repost", ValueType.BOOL, "Whether the post repeats another.", "false"),
        _is_repost,
    ),
    Feature(
        _spec("report.category", ValueType.TEXT, "What a report complains of.", '"threat"'),
        _report_category,
    ),
    Feature(
        _spec("report.target_kind", ValueType.TEXT, "What a report is about.", '"post"'),
        _report_target,
    ),
)
