"""Features of the account that acted.

Comes in: a row of the table. Goes out: values as sent, the age of the account and the skeleton of
its handle; missing where the event has no actor or the platform did not say.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from tocsin.features.table import Feature, Features, Getter
from tocsin.matching import skeletons
from tocsin.records import Actor, FeatureSpec, FeatureValue, ValueType, account_key

__all__ = ["FEATURES"]


def _attribute(name: str) -> Getter:
    def get(table: Features, row: int) -> FeatureValue | None:
        actor: Actor | None = table.event(row).actor
        return None if actor is None else getattr(actor, name)

    return get


def _id(table: Features, row: int) -> str | None:
    return account_key(table.event(row).actor)


def _skeleton(table: Features, row: int) -> str | None:
    actor = table.event(row).actor
    name = None if actor is None else actor.handle or actor.name
    return None if name is None else skeletons(name).stem or None


def _age(table: Features, row: int) -> timedelta | None:
    actor = table.event(row).actor
    if actor is None or actor.created_at is None:
        return None
    return table.batch.at(row) - actor.created_at


def _created(table: Features, row: int) -> datetime | None:
    actor = table.event(row).actor
    return None if actor is None else actor.created_at


def _feature(name: str, value_type: ValueType, doc: str, example: str, get: Getter) -> Feature:
    return Feature(
        FeatureSpec(name=f"account.{name}", type=value_type, doc=doc, example=example), get
    )


FEATURES: Final = (
    _feature(
        "id",
        ValueType.TEXT,
        "The account's id, or its handle where the platform sends no id.",
        '"a1"',
        _id,
    ),
    _feature("handle", ValueType.TEXT, "The handle as sent.", '"mara"', _attribute("handle")),
    _feature("name", ValueType.TEXT, "The display name as sent.", '"Mara"', _attribute("name")),
    _feature("bio", ValueType.TEXT, "The bio as sent.", '"I sail."', _attribute("bio")),
    _feature("location", ValueType.TEXT, "The place as sent.", '"Harbour"', _attribute("location")),
    _feature(
        "skeleton",
        ValueType.TEXT,
        "The handle (or else the name) without disguises and digits at its end.",
        '"irondawn"',
        _skeleton,
    ),
    _feature(
        "created",
        ValueType.TIME,
        "When the account was made, as sent.",
        "2026-02-01T12:00:00Z",
        _created,
    ),
    _feature(
        "age",
        ValueType.DURATION,
        "From the account's creation to the event; to its arrival where the event has no time.",
        "3 days",
        _age,
    ),
    _feature("followers", ValueType.INT, "Followers, as sent.", "12", _attribute("followers")),
    _feature("following", ValueType.INT, "Accounts followed.", "40", _attribute("following")),
    _feature("posts", ValueType.INT, "Posts so far, as sent.", "7", _attribute("posts")),
)
