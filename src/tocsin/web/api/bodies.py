"""Bodies of requests: read strictly, described in OpenAPI, and said by a person.

Comes in: bytes, and who calls. Goes out: checked values, and the user whose word it is. Refused:
unknown fields, wrong types, and words that are nobody's.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from tocsin.errors import InputError
from tocsin.review import Role
from tocsin.store import people
from tocsin.web.callers import Caller

__all__ = ["decoded", "person_of", "schema_of"]

Body = TypeVar("Body", bound=Struct)


def schema_of(body: type[Struct]) -> dict[str, Any]:
    """What OpenAPI says of a body of this type."""
    (schema,), parts = msgspec.json.schema_components([body], ref_template="#/x/{name}")
    found = parts[schema["$ref"].rpartition("/")[2]]
    inlined = _inlined(found, parts)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined}}}}


def decoded(body: bytes, kind: type[Body]) -> Body:
    """The body as this type.

    Raises:
        InputError: it is none; says which part, never its value.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # messages of the decoder name fields and types, never values, except unknown fields
        text = str(error)
        known = isinstance(error, msgspec.ValidationError) and "unknown field" not in text
        reason = text[:1].lower() + text[1:] if known else "it is not JSON of the expected form"
        raise InputError(f"the body cannot be used: {reason}", hint="see /openapi.json") from None


def person_of(
    connection: sa.Connection, caller: Caller, name: str | None, *, where: str
) -> tuple[str, Role]:
    """Whose word it is: the person at the console, or the user that a token names.

    Raises:
        InputError: a token that names no active user, or a person another one.
    """
    if caller.session is not None:
        if name not in (None, caller.session.name):
            raise InputError("a person decides under their own name", where=where)
        return caller.session.user_id, caller.session.role
    user = people.user_by_name(connection, name or "")
    if user is None or user.is_disabled:
        raise InputError(
            "this is a person's word, and a token is no person",
            where=where,
            hint="name the active user who decided: `tocsin user list` shows them",
        )
    return user.id, Role(user.role)


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(parts[schema["$ref"].rpartition("/")[2]], parts)
        return {name: _inlined(value, parts) for name, value in schema.items()}
    return [_inlined(item, parts) for item in schema] if isinstance(schema, list) else schema
