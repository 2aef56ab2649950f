"""Bodies of requests: decoded into structs, and described for `/openapi.json`.

Comes in: bytes, a struct type. Goes out: the struct, or its JSON Schema. Refused: what does not
fit, without quoting any of it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from tocsin.errors import InputError

__all__ = ["body_schema", "decoded_body"]

Body = TypeVar("Body", bound=Struct)


def body_schema(body: type[Struct]) -> dict[str, Any]:
    """What FastAPI is told of a body that it does not decode itself."""
    (schema,), parts = msgspec.json.schema_components([body], ref_template="#/x/{name}")
    found = parts[schema["$ref"].rpartition("/")[2]]
    inlined = _inlined(found, parts)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined}}}}


def decoded_body(body: bytes, kind: type[Body]) -> Body:
    """The body as a struct.

    Raises:
        InputError: it is not JSON of this form.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # messages of the decoder name fields and types, never values, except unknown fields
        text = str(error)
        known = isinstance(error, msgspec.ValidationError) and "unknown field" not in text
        reason = text[:1].lower() + text[1:] if known else "it is not JSON of the expected form"
        raise InputError(f"the body cannot be used: {reason}", hint="see /openapi.json") from None


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(parts[schema["$ref"].rpartition("/")[2]], parts)
        return {name: _inlined(value, parts) for name, value in schema.items()}
    return [_inlined(item, parts) for item in schema] if isinstance(schema, list) else schema
