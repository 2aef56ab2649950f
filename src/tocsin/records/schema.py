"""The wire format as JSON Schema, derived from the structs.

Comes in: the structs in `events`. Goes out: the schema, as a value and as the text that stands
in `event.schema.json` (a test keeps the two equal; `python -m scripts.event_schema` writes the
file). Always holds: what the codec accepts, the schema accepts; what the schema accepts, the
codec accepts or refuses for its time, a NUL character, its visibility or its size, which a
schema cannot say. Refused: nothing.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import msgspec

from tocsin.records.codec import EVENTS_OF_AN_ACCOUNT
from tocsin.records.events import Event

__all__ = ["SCHEMA_FILE", "event_json_schema", "published_schema", "rendered_schema"]

SCHEMA_FILE = "event.schema.json"

_NULL = {"type": "null"}
_NAMES_AN_ACCOUNT = {
    "anyOf": [
        {"required": [key], "properties": {key: {"type": "string", "minLength": 1}}}
        for key in ("id", "handle")
    ]
}


def event_json_schema() -> dict[str, Any]:
    """One event, as JSON Schema 2020-12."""
    (root,), definitions = msgspec.json.schema_components([Event], ref_template="#/$defs/{name}")
    for definition in definitions.values():
        required = set(definition.get("required", ()))
        for name, field in definition["properties"].items():
            if name not in required:
                definition["properties"][name] = _or_null(field)
    for struct in EVENTS_OF_AN_ACCOUNT:
        properties = definitions[struct.__name__]["properties"]
        properties["actor"] = {"allOf": [properties["actor"], _NAMES_AN_ACCOUNT]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tocsin:event",
        "title": "Tocsin event",
        "description": "One event of the wire format; fields beyond these are dropped.",
        **root,
        "$defs": definitions,
    }


def rendered_schema() -> str:
    """The schema as the text of its file."""
    return json.dumps(event_json_schema(), indent=2, sort_keys=True) + "\n"


def published_schema() -> str:
    """The text of the file that ships."""
    return resources.files("tocsin.records").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")


def _or_null(field: dict[str, Any]) -> dict[str, Any]:
    if _NULL in field.get("anyOf", ()):
        return field
    outside: dict[str, Any] = {
        key: field[key] for key in ("default", "description") if key in field
    }
    inside = {key: value for key, value in field.items() if key not in outside}
    return {"anyOf": [inside, _NULL], **outside}
