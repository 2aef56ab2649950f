"""The published schema and the reference page are what the structs say."""

from __future__ import annotations

import json
from typing import get_args

import msgspec

from tests.support.markdown import sections, table_rows
from tests.support.project import DOCS
from tocsin.records import EVENT_SCHEMA, Event, Refusal, published_schema, rendered_schema
from tocsin.records.events import Actor, Media, Post

PAGE = DOCS / "reference" / "events.md"


def test_the_published_schema_is_current() -> None:
    assert published_schema() == rendered_schema(), "run: python -m scripts.event_schema"


def test_the_schema_has_one_definition_per_type() -> None:
    mapping = json.loads(published_schema())["discriminator"]["mapping"]
    assert set(mapping) == {struct.__struct_config__.tag for struct in get_args(Event)}


def test_every_field_of_every_type_has_a_column() -> None:
    fields = {name for struct in get_args(Event) for name in struct.__struct_fields__}
    assert fields | {"type"} == set(EVENT_SCHEMA.names)


def first_cells(title: str) -> set[str]:
    text = dict(sections(PAGE))[title]
    return {row[0].strip("`") for row in table_rows(text)}


def test_the_page_lists_every_type() -> None:
    tags = {str(struct.__struct_config__.tag) for struct in get_args(Event)}
    assert first_cells("Types") == tags


def test_the_page_lists_every_field() -> None:
    for title, struct in (("Actor", Actor), ("Post", Post), ("Media", Media)):
        assert first_cells(title) == {field.name for field in msgspec.structs.fields(struct)}


def test_the_page_lists_every_reason() -> None:
    assert first_cells("Reasons for refusal") == {reason.value for reason in Refusal}
